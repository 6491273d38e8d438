# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due: for each runbook and scenario of the schedule, when it was last rehearsed, and when it must be again.

Only a rehearsal that passed counts. For a runbook it must be one in which the runbook finished: a scenario in which it
is right to refuse rehearses the refusal, not the recovery.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from breakglass_aws.drills.history.reading import Rehearsal
from breakglass_aws.drills.history.schedule import Schedule
from breakglass_aws.drills.pages import words
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.engine.outcomes import FINISHED

RUNBOOK, SCENARIO = "runbook", "scenario"
NEVER, OVERDUE, SOON, CURRENT = "never rehearsed", "overdue", "due soon", "current"
STATES = (NEVER, OVERDUE, SOON, CURRENT)  # the worst first
LATE = (NEVER, OVERDUE)
PLAIN = "plain"  # the tag of a scenario without complications


@dataclass(frozen=True)
class Item:
    """A runbook or scenario of the schedule.

    Attributes:
        last: Its last rehearsal that counts; None when there is none.
        due: When it must be rehearsed again; None when it never was.
        scenarios: The names of those that rehearse it.
    """

    kind: str
    name: str
    title: str
    runbook: str
    every: timedelta
    last: Rehearsal | None
    due: datetime | None
    state: str
    scenarios: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        """Whether it must be rehearsed now."""
        return self.state in LATE


def items(
    schedule: Schedule, scenarios: Iterable[Scenario], rehearsals: Iterable[Rehearsal], now: datetime
) -> list[Item]:
    """Everything in the schedule, the worst first.

    Args:
        rehearsals: From the folder of drills, oldest first.
        now: The present time, with its zone.
    """
    known, passed = list(scenarios), [one for one in rehearsals if one.passed]
    of_name = {one.name: one for one in known}

    def item(kind: str, name: str, title: str, runbook: str, every: timedelta, last: Rehearsal | None) -> Item:
        due = (words.moment(last.started) or words.EPOCH) + every if last else None
        run = _to_run(runbook, known) if kind == RUNBOOK else (name,)
        return Item(kind, name, title, runbook, every, last, due, _state(due, now, schedule.remind), run)

    found = [
        item(RUNBOOK, name, name, name, every, _last(one for one in passed if _rehearses(one, name)))
        for name, every in schedule.runbooks.items()
    ] + [
        item(SCENARIO, name, of_name[name].title, of_name[name].runbook, every, _last(_of_scenario(passed, name)))
        for name, every in schedule.scenarios.items()
    ]
    return sorted(found, key=lambda one: (STATES.index(one.state), one.due or words.EPOCH, one.kind, one.name))


def to_run(found: Iterable[Item]) -> list[str]:
    """The names of the scenarios that rehearse what is late, each once."""
    return list(dict.fromkeys(name for item in found if item.is_late for name in item.scenarios))


def _rehearses(one: Rehearsal, runbook: str) -> bool:
    return one.runbook == runbook and one.outcome in FINISHED


def _of_scenario(rehearsals: Iterable[Rehearsal], name: str) -> Iterable[Rehearsal]:
    return (one for one in rehearsals if one.scenario == name)


def _last(rehearsals: Iterable[Rehearsal]) -> Rehearsal | None:
    return next(iter(deque(rehearsals, maxlen=1)), None)


def _state(due: datetime | None, now: datetime, remind: timedelta) -> str:
    if due is None:
        return NEVER
    if due <= now:
        return OVERDUE
    return SOON if due - remind <= now else CURRENT


def _to_run(runbook: str, scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """The plain scenarios of a runbook; without one, the first in which it finishes."""
    finishing = [one for one in scenarios if one.runbook == runbook and one.outcome in FINISHED]
    plain = tuple(one.name for one in finishing if PLAIN in one.tags)
    return plain or tuple(one.name for one in finishing[:1])
