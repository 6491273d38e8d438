# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a scenario against what it names: runbook, parameters, gates, calls, faults, organization, identities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills.scenario_file import calls, model, organization, values
from breakglass_aws.drills.scenario_file.model import Action, Scenario
from breakglass_aws.drills.scenario_file.reading import with_fractions
from breakglass_aws.drills.scenario_file.values import ScenarioError
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.gates.definition import APPROVAL
from breakglass_aws.engine.notebooks import catalog, parameters
from breakglass_aws.engine.notebooks.catalog import Runbook
from breakglass_aws.sandbox.faults.rules import RuleError, rule
from breakglass_aws.sandbox.organization_file import yaml_source
from breakglass_aws.sandbox.organization_file.schema import load
from breakglass_aws.sandbox.organization_file.values import ConfigNode
from breakglass_aws.sandbox.people import console

_SUCCEEDS = (outcomes.CHANGED, outcomes.UNCHANGED)
_BY_RUNNER = {"evidence_dir", "allowed_signers"}


def check(scenario: Scenario) -> None:
    """Check everything that a scenario names.

    Raises:
        ScenarioError: The first thing that does not exist, with its line.
    """
    top = ConfigNode(*_content(scenario.file))
    runbook = _runbook(scenario, top)
    _check_parameters(scenario, runbook, top)
    _check_gates(scenario, runbook, top)
    description = _organization(scenario, top)
    accounts = description.accounts
    people = {name for account in accounts.values() for name in (account["id"], account["name"])}
    for path, given in _faults(top):
        _check_rule(path, given, accounts)
    for node, actor in _actors(scenario, top):
        if isinstance(actor, str) and actor not in description.identities:
            raise values.refuse_name(_named(node, actor), "identity", sorted(description.identities))
        account = _account_of(actor)
        if account and account not in people:
            raise values.refuse_name(_named(node, account), "account", sorted(people))
    for change in scenario.changes:
        first = change.path.partition(".")[0]
        if first not in model.STATE:
            raise values.refuse_name(top.child("changes", None).child(change.path, first), "path", model.STATE)
    for state in scenario.states:
        first = state.path.partition(".")[0]
        if first not in model.STATE:
            raise values.refuse_name(top.child("afterwards", first), "path", model.STATE)
    _check_account(scenario, people, top)
    for action in _actions(scenario):
        _check_action(action, people, scenario)
    calls.check(calls.of_actions(top), _questions(top))
    if scenario.interruption:
        calls.check_operation(top.child("interrupt", None).child("during", scenario.interruption.during))
    if scenario.outcome == outcomes.CHANGED and not _looks(scenario):
        raise values.refuse(top, "the key 'afterwards' is missing: what must a call answer, or a state be, afterwards?")


def _account_of(actor: Any) -> str:
    """The account in which someone who is no identity calls; empty for an identity."""
    forms = ("root", "assume_root", "account")
    return "" if isinstance(actor, str) else next(actor[form] for form in forms if form in actor)


def _content(file: str) -> tuple[Any, tuple[str | int, ...], Any, datetime]:
    value, source = yaml_source.read(Path(file))
    return value, (), source, datetime.now(UTC)


def _named(node: ConfigNode, value: Any) -> ConfigNode:
    return ConfigNode(value, node.path, node.source, node.loaded)


def _runbook(scenario: Scenario, top: ConfigNode) -> Runbook:
    known = {runbook.name: runbook for runbook in catalog.runbooks()}
    if scenario.runbook not in known:
        raise values.refuse_name(top.child("runbook", scenario.runbook), "runbook", known)
    return known[scenario.runbook]


def _check_parameters(scenario: Scenario, runbook: Runbook, top: ConfigNode) -> None:
    node = top.child("parameters", scenario.parameters)
    known = [parameter.name for parameter in runbook.parameters]
    for name, value in scenario.parameters.items():
        if name not in known:
            raise values.refuse_name(_named(node.child(name, value), name), "parameter", known)
        if name in _BY_RUNNER:
            raise values.refuse(node.child(name, value), "the drill sets this parameter itself")
    try:
        parameters.check(runbook.parameters, scenario.parameters)
    except RunbookError as error:
        raise values.refuse(node, str(error)) from None


def _check_gates(scenario: Scenario, runbook: Runbook, top: ConfigNode) -> None:
    gates = {gate.name: gate for gate in runbook.gates}
    places = [*gates, model.STOPPED]
    for index, person in enumerate(scenario.people):
        for gate, actions in person.at.items():
            node = top.child("people", None).child(index, None).child("at", None).child(gate, gate)
            if gate not in places:
                raise values.refuse_name(node, f"gate of {scenario.runbook}", places)
            approves = {action.kind for action in actions} & {model.APPROVE, model.REJECT, model.EMERGENCY}
            if approves and gate in gates and gates[gate].kind != APPROVAL:
                raise values.refuse(node, f"{gate} takes no approval. Answer it with {gates[gate].expects}.")
    for index, fault in enumerate(scenario.faults):
        node = top.child("faults", None).child(index, None).child("when", fault.when)
        if fault.when not in ("start", *gates):
            raise values.refuse_name(node, f"gate of {scenario.runbook}", list(gates))


def _organization(scenario: Scenario, top: ConfigNode) -> Any:
    given = scenario.organization
    source = None if given == "default" else organization.changed(given) if isinstance(given, dict) else given
    try:
        return load(source)
    except yaml_source.OrganizationError as error:
        raise values.refuse(top.child("organization", given), f"is not a valid organization. {error}") from None


def _faults(top: ConfigNode) -> Iterator[tuple[ConfigNode, dict[str, Any]]]:
    """Yield each rule of the file with its place: those of `faults`, and those that people add."""
    listed = top.value.get("faults") or []
    for index, one in enumerate(listed):
        yield top.child("faults", listed).child(index, one), {key: one[key] for key in one if key != "when"}
    yield from _fault_actions(top)


def _fault_actions(node: ConfigNode) -> Iterator[tuple[ConfigNode, dict[str, Any]]]:
    if isinstance(node.value, dict):
        for key, value in node.value.items():
            child = node.child(key, value)
            if key == model.FAULT and isinstance(value, dict):
                yield child, value
            else:
                yield from _fault_actions(child)
    elif isinstance(node.value, list):
        for index, value in enumerate(node.value):
            yield from _fault_actions(node.child(index, value))


def _check_rule(node: ConfigNode, given: dict[str, Any], accounts: Any) -> None:
    try:
        rule(with_fractions(given), lambda account: account in accounts)
    except RuleError as error:
        raise values.refuse(node, str(error)) from None


def _check_account(scenario: Scenario, people: set[str], top: ConfigNode) -> None:
    """Check that the account of the runbook exists, unless the run must not succeed."""
    given = scenario.parameters.get("account_id")
    if given is not None and str(given) not in people and scenario.outcome in _SUCCEEDS:
        raise values.refuse_name(top.child("parameters", None).child("account_id", given), "account", sorted(people))


def _questions(top: ConfigNode) -> list[ConfigNode]:
    """The calls that the judge tries before and afterwards, with their places."""
    listed = top.value.get("afterwards") or []
    node = top.child("afterwards", listed)
    return [node.child(index, one) for index, one in enumerate(listed) if "call" in one]


def _looks(scenario: Scenario) -> bool:
    """Whether the judge compares anything that only this scenario says."""
    return bool(scenario.questions or scenario.states or scenario.changes)


def _actions(scenario: Scenario) -> Iterator[Action]:
    yield from scenario.damage
    for person in scenario.people:
        for actions in person.at.values():
            yield from actions


def _actors(scenario: Scenario, top: ConfigNode) -> Iterator[tuple[ConfigNode, Any]]:
    """Yield who makes calls, with the nearest place in the file."""
    yield top.child("runs_as", None), scenario.runs_as
    for name, identity in scenario.profiles.items():
        yield top.child("profiles", None).child(name, None), identity
    for question in _questions(top):
        yield question.child("as", None), question.value["as"]
    for call in calls.of_actions(top):
        if "as" in call.value:
            yield call.child("as", None), call.value["as"]


def _check_action(action: Action, people: set[str], scenario: Scenario) -> None:
    where = f"{scenario.file}, line {action.line}"
    if action.kind == model.PERSON:
        step, who = action.given["step"], action.given["who"]
        takes = console.steps()
        if step not in takes:
            hint = values.nearest(step, takes) or f"There are: {', '.join(takes)}."
            raise ScenarioError(f"{where}: there is no step {step!r}. {hint}")
        if who not in people:
            hint = values.nearest(who, people)
            raise ScenarioError(f"{where}: there is no account {who!r}. {hint}")
        for key in action.given.keys() - {"step", "who"} - takes[step].keys():
            raise ScenarioError(f"{where}: {step} takes no {key!r}. Accepted: {', '.join(takes[step]) or 'nothing'}.")
