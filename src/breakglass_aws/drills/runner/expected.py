# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge must find after a scenario, in the judge's own terms."""

from __future__ import annotations

from typing import Any

from breakglass_aws.drills.judge import Change, Expectations, Probe, StateQuestion
from breakglass_aws.drills.scenario_file import model
from breakglass_aws.drills.scenario_file.model import Scenario

_ACTING = (model.CALL, model.PERSON, model.FAULT)


def expectations(scenario: Scenario) -> Expectations:
    """What the judge must find after a scenario."""
    acting = [action for person in scenario.people for actions in person.at.values() for action in actions]
    return Expectations(
        outcome=scenario.outcome,
        exit_status=scenario.exit_status,
        probes=[_probe(one) for one in scenario.questions],
        states=[StateQuestion(one.question or one.path, one.path, one.before, one.after) for one in scenario.states],
        changes=[_change(one) for one in scenario.changes],
        runs_as=[scenario.runs_as, *scenario.profiles.values()],
        people_act=any(action.kind in _ACTING for action in acting),
    )


def _probe(one: model.Question) -> Probe:
    return Probe(
        question=one.question or f"Can {one.identity} call {one.service}:{one.operation}?",
        identity=one.identity,
        service=one.service,
        operation=one.operation,
        parameters=one.parameters,
        region=one.region,
        place=one.place,
        before=one.before,
        after=one.after,
    )


def _change(one: model.Change) -> Change:
    how: dict[str, Any] = {} if one.how == "any" else {one.how: one.value if one.value is not None else True}
    if one.how == "becomes":
        how = {"becomes": one.value}
    return Change(one.path, optional=one.optional, **how)
