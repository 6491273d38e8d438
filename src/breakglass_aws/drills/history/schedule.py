# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often each recovery must be rehearsed: a YAML file, read with errors that point at the line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from breakglass_aws.drills.scenario_file import values
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.drills.scenario_file.values import ScenarioError
from breakglass_aws.sandbox.organization_file import yaml_source
from breakglass_aws.sandbox.organization_file.values import ConfigNode

FILE = "drill-schedule.yml"  # read from the working directory when no file is named
EVERY, REMIND = timedelta(days=90), timedelta(days=14)
NEVER = "never"


class ScheduleError(ScenarioError):
    """A schedule cannot be used; the text names file, line, key and what is accepted."""


@dataclass(frozen=True)
class Schedule:
    """How often what must be rehearsed; what is not in it need not be.

    Attributes:
        remind: How long before it is overdue something is due soon.
        file: Where it is from; empty for the schedule that counts without a file.
    """

    runbooks: Mapping[str, timedelta] = field(default_factory=dict)
    scenarios: Mapping[str, timedelta] = field(default_factory=dict)
    remind: timedelta = REMIND
    file: str = ""


def default(scenarios: Iterable[Scenario]) -> Schedule:
    """The schedule that counts without a file: each runbook that has a scenario, every 90 days."""
    return Schedule(dict.fromkeys(_runbooks(scenarios), EVERY))


def read(file: Path, scenarios: Collection[Scenario]) -> Schedule:
    """Read a schedule. Its names must be those of `scenarios`, or of their runbooks.

    Raises:
        ScheduleError: With the line, and what is accepted there.
    """
    try:
        value, source = yaml_source.read(file, "a schedule of drills")
        return _schedule(ConfigNode(value, (), source, datetime.now(UTC)), scenarios, str(file))
    except (yaml_source.OrganizationError, ScenarioError) as error:
        raise ScheduleError(str(error)) from None


def _schedule(top: ConfigNode, scenarios: Collection[Scenario], file: str) -> Schedule:
    given = values.keys(top, "every", "remind", "runbooks", "scenarios")
    if not given.keys() & {"every", "runbooks", "scenarios"}:
        raise values.refuse(top, "there is nothing to rehearse. Expected at least one of every, runbooks, scenarios.")
    known = _runbooks(scenarios)
    runbooks: dict[str, timedelta | None] = dict.fromkeys(known, _every(given["every"]) if "every" in given else None)
    runbooks |= _named(given.get("runbooks"), "runbook with a scenario", known)
    of_scenarios = _named(given.get("scenarios"), "scenario", sorted(one.name for one in scenarios))
    return Schedule(
        {name: every for name, every in runbooks.items() if every},
        {name: every for name, every in of_scenarios.items() if every},
        _span(given["remind"]) if "remind" in given else REMIND,
        file,
    )


def _named(node: ConfigNode | None, kind: str, known: Collection[str]) -> dict[str, timedelta | None]:
    """The time span of each name; None where it is `never`."""
    found = {}
    for name, one in values.mapping(node).items() if node else ():
        if name not in known:
            hint = values.nearest(name, known) or f"There are: {', '.join(known)}."
            raise values.refuse(one, f"there is no {kind} {name!r}. {hint}")
        found[name] = _every(values.keys(one, "every", required=("every",))["every"] if _is_mapping(one) else one)
    return found


def _is_mapping(node: ConfigNode) -> bool:
    return isinstance(node.value, dict)


def _every(node: ConfigNode) -> timedelta | None:
    return None if node.value == NEVER else _span(node)


def _span(node: ConfigNode) -> timedelta:
    try:
        span = timedelta(seconds=values.seconds(node))
    except ScenarioError:
        span = timedelta()
    if not span:
        raise values.refuse(
            node, f"{node.value!r} is not accepted. Expected a time span such as '90 days', or {NEVER}."
        )
    return span


def _runbooks(scenarios: Iterable[Scenario]) -> list[str]:
    return sorted({one.runbook for one in scenarios})
