# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a history: what is overdue first, then each runbook with its scenarios over time, then every drill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from breakglass_aws.drills.history import badge, chart, due, listing
from breakglass_aws.drills.history.chart import Chart
from breakglass_aws.drills.history.due import Item
from breakglass_aws.drills.history.reading import PastDrills, Rehearsal
from breakglass_aws.drills.history.schedule import EVERY, Schedule
from breakglass_aws.drills.pages import templates, words
from breakglass_aws.drills.pages.style import STYLE
from breakglass_aws.engine import web_page

CLASSES = {due.NEVER: "critical", due.OVERDUE: "critical", due.SOON: "medium", due.CURRENT: "clean"}
NOT_SCHEDULED = "not scheduled"


@dataclass(frozen=True)
class ScenarioHistory:
    """A scenario that was rehearsed, or must be: its item of the schedule, and its rehearsals, oldest first."""

    name: str
    title: str
    item: Item | None
    rehearsals: Sequence[Rehearsal]
    chart: Chart

    @property
    def latest(self) -> Rehearsal | None:
        """The last rehearsal, passed or not."""
        return self.rehearsals[-1] if self.rehearsals else None


@dataclass(frozen=True)
class RunbookHistory:
    """A runbook with its item of the schedule and its scenarios."""

    name: str
    item: Item | None
    scenarios: Sequence[ScenarioHistory]

    @property
    def state(self) -> str:
        """The worst state of its own item and of those of its scenarios."""
        items = [self.item, *(one.item for one in self.scenarios)]
        states = [item.state for item in items if item]
        return min(states, key=due.STATES.index, default=NOT_SCHEDULED)


def as_html(past: PastDrills, items: Sequence[Item], schedule: Schedule, now: datetime) -> str:
    """The page of a folder of drills."""
    runbooks = _runbooks(past.rehearsals, items)
    states = Counter(item.state for item in items)
    body = templates.render(
        __package__ or "",
        "page.html.j2",
        headline=headline(items),
        status=_status(items),
        explanation=_explanation(schedule),
        states=[(state, states[state]) for state in due.STATES if states[state]],
        classes=CLASSES,
        runbooks=runbooks,
        drills=past.drills,
        skipped=past.skipped,
        made=now,
        when=lambda item: listing.when(item, now),
        ago=lambda text: words.days(now - (words.moment(text) or now)),
        rehearsals=len(past.rehearsals),
    )
    return web_page.document("Recovery drills", STYLE, body)


def headline(items: Sequence[Item]) -> str:
    """The state of the schedule in one line."""
    late = sum(item.is_late for item in items)
    if not items:
        return "Nothing is scheduled"
    if late:
        return f"{late} of {len(items)} scheduled recoveries {'is' if late == 1 else 'are'} overdue"
    return f"All {len(items)} scheduled recoveries were rehearsed in time"


def _status(items: Sequence[Item]) -> str:
    colour = badge.status(items)[1]
    return {badge.GREEN: "clean", badge.AMBER: "medium", badge.RED: "critical"}.get(colour, "")


def _explanation(schedule: Schedule) -> str:
    if not schedule.file:
        return f"There is no schedule file: each runbook is due {words.days(EVERY)} after a drill that passed."
    return f"The schedule is {schedule.file}. Only drills that passed count."


def _runbooks(rehearsals: Iterable[Rehearsal], items: Sequence[Item]) -> list[RunbookHistory]:
    """Every runbook that is scheduled or was rehearsed, the worst first."""
    by_runbook: dict[str, dict[str, list[Rehearsal]]] = {item.name: {} for item in items if item.kind == due.RUNBOOK}
    for one in rehearsals:
        by_runbook.setdefault(one.runbook, {}).setdefault(one.scenario, []).append(one)
    of_scenarios = {item.name: item for item in items if item.kind == due.SCENARIO}
    for item in of_scenarios.values():
        by_runbook.setdefault(item.runbook, {}).setdefault(item.name, [])
    of_runbooks = {item.name: item for item in items if item.kind == due.RUNBOOK}
    found = [
        RunbookHistory(
            name,
            of_runbooks.get(name),
            [_scenario(scenario, of_scenarios.get(scenario), past) for scenario, past in sorted(scenarios.items())],
        )
        for name, scenarios in by_runbook.items()
    ]
    return sorted(found, key=lambda one: (_rank(one.state), one.name))


def _rank(state: str) -> int:
    return due.STATES.index(state) if state in due.STATES else len(due.STATES)


def _scenario(name: str, item: Item | None, past: Sequence[Rehearsal]) -> ScenarioHistory:
    title = past[-1].title if past else item.title if item else name
    return ScenarioHistory(name, title, item, past, chart.of(past))
