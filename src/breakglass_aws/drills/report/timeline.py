# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each event of a scenario is drawn: in lanes, with places in percent, so that the picture fits any width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from breakglass_aws.drills.pages import words
from breakglass_aws.drills.result import Person, ScenarioResult, TimelineEntry

LANE_TITLES = {"runbook": "Runbook", "fault": "Faults", "judge": "Judge"}
LANE_ORDER = ("runbook", "person", "fault", "judge")
STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 10800, 43200, 86400)  # seconds between ticks
MOST_TICKS = 8
SMALLEST = 0.4  # percent: what is shorter is drawn as wide as this
ROOM_FOR_MOMENT = 4.0  # percent: a marker and its number beside the next one
TOLERANCE = 0.6  # percent: events that overlap by less are in one row
ROOM_FOR_NUMBER, ROOM_ON_TELEPHONE = 2.4, 7.0  # percent: in a bar

TOP, TITLE, ROW, GAP = 22, 18, 24, 6  # pixels: above the lanes, of a lane's title, of a row, between lanes


@dataclass
class Mark:
    """An event of the picture and of the list below it; `left` and `width` are None when it has no valid time."""

    number: int
    entry: TimelineEntry
    seconds: float = 0.0
    offset: float = 0.0  # seconds since the beginning
    left: float | None = None
    width: float = 0.0
    row: int = 0
    crowded: bool = False  # another moment follows it closely

    @property
    def is_moment(self) -> bool:
        """Whether it has no duration to speak of: drawn as a marker."""
        return self.seconds < 0.001

    @property
    def right(self) -> float:
        """Where its place ends, with the room for its number."""
        return (self.left or 0) + (ROOM_FOR_MOMENT if self.is_moment else self.width)

    @property
    def number_class(self) -> str:
        """On which screens there is room for its number."""
        if self.is_moment:
            return "beside roomy" if self.crowded else "beside"
        if self.width >= ROOM_ON_TELEPHONE:
            return "n"
        return "n roomy" if self.width >= ROOM_FOR_NUMBER else ""


@dataclass
class Lane:
    """The events of the runbook, of a person, of the faults or of the judge; `top` is in pixels."""

    title: str
    marks: list[Mark] = field(default_factory=list)
    top: int = 0
    rows: int = 1


@dataclass
class Timeline:
    """The picture: lanes from top to bottom, ticks of the axis, and every event in the order of time."""

    lanes: list[Lane]
    marks: list[Mark]
    ticks: list[tuple[float, str]]
    height: int

    @property
    def kinds(self) -> list[str]:
        """The kinds of events that it has, for the legend."""
        return list(dict.fromkeys(mark.entry.kind for mark in self.marks))


def of(scenario: ScenarioResult) -> Timeline | None:
    """The timeline of a scenario; None when nothing happened."""
    if not scenario.timeline:
        return None
    marks = [Mark(number, entry) for number, entry in enumerate(_in_order(scenario.timeline), 1)]
    timed = [(mark, *times) for mark in marks if (times := _times(mark.entry))]
    begin = min([*(start for _, start, _ in timed), *_known(scenario.started)], default=words.EPOCH)
    end = max([*(stop for _, _, stop in timed), *_known(scenario.ended)], default=words.EPOCH)
    length = max((end - begin).total_seconds(), 0.001)
    for mark, start, stop in timed:
        mark.seconds = max((stop - start).total_seconds(), 0.0)
        mark.offset = (start - begin).total_seconds()
        mark.left = min(100 * mark.offset / length, 100 - SMALLEST)
        mark.width = min(max(100 * mark.seconds / length, SMALLEST), 100 - mark.left)
    lanes = _lanes(marks, scenario.people)
    return Timeline(lanes, marks, _ticks(length), _arrange(lanes))


def _in_order(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    return sorted(entries, key=lambda entry: words.moment(entry.start) or datetime.max.replace(tzinfo=UTC))


def _times(entry: TimelineEntry) -> tuple[datetime, datetime] | None:
    start = words.moment(entry.start)
    return (start, words.moment(entry.end) or start) if start else None


def _known(text: str) -> list[datetime]:
    found = words.moment(text)
    return [found] if found else []


def _lanes(marks: Iterable[Mark], people: Sequence[Person]) -> list[Lane]:
    """The lanes that have events, in their order; each person has one."""
    parts = {person.name: person.part for person in people}
    lanes: dict[tuple[int, str], Lane] = {}
    for mark in marks:
        lane, actor = mark.entry.lane, mark.entry.actor
        rank = LANE_ORDER.index(lane) if lane in LANE_ORDER else len(LANE_ORDER)
        if lane == "person":
            title = f"{actor}, {parts[actor]}" if actor in parts and parts[actor] != actor else actor or "People"
        else:
            title = LANE_TITLES.get(lane, lane)
        lanes.setdefault((rank, title), Lane(title)).marks.append(mark)
    order = {key: index for index, key in enumerate(lanes)}
    return [lanes[key] for key in sorted(lanes, key=lambda key: (key[0], order[key]))]


def _arrange(lanes: Iterable[Lane]) -> int:
    """Give lanes their places, and events that overlap a row each; return the height of the picture.

    Moments are below what lasts: a gate below the step in which it was reached.
    """
    top = TOP
    for lane in lanes:
        drawn = [mark for mark in lane.marks if mark.left is not None]
        rows = _rows([mark for mark in drawn if not mark.is_moment], 0)
        lane.top, lane.rows = top, max(_rows([mark for mark in drawn if mark.is_moment], rows), 1)
        top += TITLE + ROW * lane.rows + GAP
    return top


def _rows(marks: Iterable[Mark], first: int) -> int:
    """Put marks into rows from `first` on, in the order of time; return the row after the last one."""
    ends: list[float] = []
    last: dict[int, Mark] = {}
    for mark in marks:
        free = next((row for row, end in enumerate(ends) if end <= (mark.left or 0) + TOLERANCE), len(ends))
        mark.row = first + free
        ends[free : free + 1] = [mark.right]
        if free in last:
            last[free].crowded = (mark.left or 0) - (last[free].left or 0) < ROOM_ON_TELEPHONE
        last[free] = mark
    return first + len(ends)


def _ticks(length: float) -> list[tuple[float, str]]:
    step = next((step for step in STEPS if length / step <= MOST_TICKS), length / MOST_TICKS)
    return [(100 * number * step / length, _offset(number * step)) for number in range(int(length / step) + 1)]


def _offset(seconds: float) -> str:
    """A place on the axis: "0:05", "1:30", "2:00:00", "0:00.5"."""
    whole, fraction = divmod(round(seconds, 1), 1)
    minutes, rest = divmod(int(whole), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{round(fraction * 10)}" if fraction else text
