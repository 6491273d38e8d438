# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in a scenario, in the order in which it happened."""

from __future__ import annotations

from datetime import UTC, datetime

from breakglass_aws.drills import result
from breakglass_aws.drills.result import TimelineEntry


class Timeline:
    """Collects entries; a time that is not given is taken here."""

    def __init__(self) -> None:
        self.entries: list[TimelineEntry] = []
        self._waits: list[float] = []

    def add(self, lane: str, actor: str, kind: str, text: str, seconds: float = 0.0, ended: str = "") -> TimelineEntry:
        """Add what has just ended, or `ended` at a time (ISO 8601), and began `seconds` before."""
        end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
        start = datetime.fromtimestamp(end.timestamp() - seconds, UTC)
        entry = TimelineEntry(_text(start), _text(end), lane, actor, kind, text)
        self.entries.append(entry)
        return entry

    def begin(self, lane: str, actor: str, kind: str, text: str) -> TimelineEntry:
        """Add what begins now; `end` says when it ended."""
        return self.add(lane, actor, kind, text)

    def end(self, entry: TimelineEntry) -> None:
        """Note that something ends now."""
        entry.end = result.now()
        if entry.kind == "wait":
            self._waits.append(_seconds(entry.start, entry.end))

    def wait(self, text: str, start: str, end: str) -> None:
        """Add a wait for people, between two times (ISO 8601)."""
        times = [_text(datetime.fromisoformat(time)) for time in (start, end)]
        self.entries.append(TimelineEntry(times[0], times[1], "person", "people", "wait", text))
        self._waits.append(_seconds(*times))

    @property
    def people_seconds(self) -> float:
        """How long the run waited for people."""
        return sum(self._waits)

    @property
    def work_seconds(self) -> float:
        """How long the steps of the runbook took."""
        return sum(_seconds(one.start, one.end) for one in self.entries if (one.lane, one.kind) == ("runbook", "step"))

    def sorted(self) -> list[TimelineEntry]:
        """The entries by their beginning."""
        return sorted(self.entries, key=lambda entry: entry.start)


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
