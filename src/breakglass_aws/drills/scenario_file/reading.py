# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a scenario file. Every error names file, line and key, what is wrong, and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills.result import PARTS
from breakglass_aws.drills.scenario_file import model, values
from breakglass_aws.drills.scenario_file.model import (
    Action,
    Change,
    FaultRule,
    Interruption,
    Participant,
    Question,
    Scenario,
    StateAfter,
)
from breakglass_aws.drills.scenario_file.values import ScenarioError, keys
from breakglass_aws.engine.outcomes import EXIT_STATUS
from breakglass_aws.sandbox.client import REGION
from breakglass_aws.sandbox.organization_file import yaml_source
from breakglass_aws.sandbox.organization_file.values import ConfigNode

SUFFIX = ".yml"
NAME = r"[a-z0-9][a-z0-9-]{0,60}"
START, AT_GATE = "start", "at gate "
_TOP = (
    "title",
    "story",
    "runbook",
    "parameters",
    "runs_as",
    "profiles",
    "tags",
    "objective",
    "organization",
    "damage",
    "faults",
    "people",
    "interrupt",
    "expect",
    "afterwards",
    "changes",
    "clean_up",
    "hints",
    "briefing",
)
_REQUIRED = ("title", "story", "runbook", "expect")
_FRACTIONS = ("share", "rate", "burst", "seconds")
_ACTORS = (("root",), ("assume_root", "task"), ("portal", "account", "permission_set"))
_OPERATION = r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+"
_AN_OPERATION = "a call as SERVICE:OPERATION, for example s3:PutBucketPolicy"


def read(file: Path) -> Scenario:
    """Read a scenario.

    Raises:
        ScenarioError: With the line, and what is accepted there.
    """
    name = file.name.removesuffix(SUFFIX).removesuffix(".yaml")
    if not re.fullmatch(NAME, name):
        raise ScenarioError(f"{file}: the name of a scenario file has lower-case letters, digits and hyphens.")
    try:
        value, source = yaml_source.read(file, "a scenario")
    except yaml_source.OrganizationError as error:
        raise ScenarioError(str(error)) from None
    top = ConfigNode(value, (), source, datetime.now(UTC))
    given = keys(top, *_TOP, required=_REQUIRED)

    def optional(key: str, read_value: Callable[[ConfigNode], Any], default: Any) -> Any:
        return read_value(given[key]) if key in given else default

    outcome, exit_status, says = _expectation(given["expect"])
    questions, states = optional("afterwards", _afterwards, ((), ()))
    return Scenario(
        name=name,
        title=values.text(given["title"]).strip(),
        story=values.text(given["story"]).strip(),
        runbook=values.text(given["runbook"], r"\w+", "the name of a runbook"),
        parameters=optional("parameters", _plain_mapping, {}),
        outcome=outcome,
        exit_status=exit_status,
        says=says,
        tags=optional("tags", _texts, ()),
        objective_seconds=optional("objective", _objective, 300.0),
        runs_as=optional("runs_as", values.text, "operator"),
        organization=optional("organization", lambda node: _organization(node, file), "default"),
        profiles=optional(
            "profiles", lambda node: {key: values.text(one) for key, one in values.mapping(node).items()}, {}
        ),
        damage=optional("damage", _actions, ()),
        faults=optional("faults", lambda node: tuple(map(_fault, values.items(node))), ()),
        people=optional("people", _people, ()),
        interruption=optional("interrupt", _interruption, None),
        questions=questions,
        states=states,
        changes=optional("changes", _changes, ()),
        clean_up=optional("clean_up", _actions, ()),
        hints=optional("hints", _texts, ()),
        briefing=optional("briefing", values.text, ""),
        file=str(file),
    )


def _plain_mapping(node: ConfigNode) -> dict[str, Any]:
    return {key: one.value for key, one in values.mapping(node).items()}


def _texts(node: ConfigNode) -> tuple[str, ...]:
    return tuple(values.text(one) for one in values.items(node))


def _organization(node: ConfigNode, file: Path) -> Any:
    """Return "default", the path of a file beside the scenario, or changes to the default organization."""
    if isinstance(node.value, dict) or node.value == "default":
        return node.value
    path = file.parent / values.text(node, accepted="default, a file, or a mapping of changes to the default")
    if not path.is_file():
        raise values.refuse(node, f"there is no file {path}")
    return str(path)


def _expectation(node: ConfigNode) -> tuple[str, int, tuple[str, ...]]:
    given = keys(node, "outcome", "exit_status", "says", required=("outcome",))
    outcome = values.choice(given["outcome"], tuple(EXIT_STATUS), "outcome")
    status = values.number(given["exit_status"]) if "exit_status" in given else EXIT_STATUS[outcome]
    return outcome, status, _texts(given["says"]) if "says" in given else ()


def _objective(node: ConfigNode) -> float:
    seconds = values.seconds(node)
    if not seconds:
        raise values.refuse(node, f"{node.value} is not accepted. Expected a time of at least a second.")
    return seconds


# What people do


def _people(node: ConfigNode) -> tuple[Participant, ...]:
    people = [_participant(one) for one in values.items(node)]
    names = [one.name for one in people]
    for index, name in enumerate(names):
        if name in names[:index]:
            place = node.child(index, None).child("name", name)
            raise values.refuse(place, f"two people are called {name!r}. Give each a name of their own.")
    return tuple(people)


def _participant(node: ConfigNode) -> Participant:
    given = keys(node, "name", "part", "at", required=("name", "part"))
    part = values.choice(given["part"], PARTS, "part")
    at = {gate: _actions(one) for gate, one in values.mapping(given["at"]).items()} if "at" in given else {}
    name = values.text(given["name"], r"[A-Za-z][\w .-]{0,60}", "a name: letters, digits, spaces, dots, hyphens")
    return Participant(name, part, at)


def _actions(node: ConfigNode) -> tuple[Action, ...]:
    """Read one action, or a list of them."""
    several = values.items(node) if isinstance(node.value, list) else [node]
    return tuple(map(_action, several))


def _action(node: ConfigNode) -> Action:
    line = node.source.line_of(node.path) or 0
    if isinstance(node.value, str):
        return Action(values.choice(node, model.WORDS, "action"), line=line)
    found = keys(node, *_ACTIONS)
    if len(found) != 1:
        raise values.refuse(node, f"expected one of the keys {', '.join(_ACTIONS)}, or {', '.join(model.WORDS)}")
    [(kind, given)] = found.items()
    return Action(kind, _ACTIONS[kind](given), line)


def _call(node: ConfigNode) -> dict[str, Any]:
    known = ("as", "service", "operation", "region", "parameters", "from", "denied", "keep")
    given = keys(node, *known, required=("service", "operation"))
    return {
        "as": _actor(given["as"]) if "as" in given else "operator",
        "service": values.text(given["service"]),
        "operation": values.text(given["operation"], r"[A-Z][A-Za-z0-9]+", "an operation, such as PutBucketPolicy"),
        "region": values.text(given["region"]) if "region" in given else REGION,
        "parameters": _plain_mapping(given["parameters"]) if "parameters" in given else {},
        "from": values.text(given["from"]) if "from" in given else "",
        "denied": values.flag(given["denied"]) if "denied" in given else False,
        "keep": _plain_mapping(given["keep"]) if "keep" in given else {},
    }


def _actor(node: ConfigNode) -> Any:
    """Return who calls.

    An identity; `{root: ACCOUNT}`, signed in to the console; `{assume_root: ACCOUNT, task: TASK}`, a root session; or
    `{portal: USER, account: ACCOUNT, permission_set: NAME}`, a user of the access portal.
    """
    if isinstance(node.value, str):
        return node.value
    given = keys(node, *(key for form in _ACTORS for key in form))
    if tuple(given) not in _ACTORS:
        forms = ", or ".join(f"the keys {', '.join(form)}" for form in _ACTORS)
        raise values.refuse(node, f"expected an identity, or {forms}")
    return {key: values.text(one) for key, one in given.items()}


def _person_step(node: ConfigNode) -> dict[str, Any]:
    """Return a step that a person does in a browser: `step` and `who`, and what the step takes."""
    given = values.mapping(node)
    for key in ("step", "who"):
        if key not in given:
            raise values.refuse(node, f"the key {key!r} is missing")
    return {key: values.text(one) for key, one in given.items()}


def _rule(node: ConfigNode) -> dict[str, Any]:
    """Return a rule of the sandbox."""
    given = _plain_mapping(node)
    if not isinstance(given.get("kind"), str):
        raise values.refuse(node, "the key 'kind' is missing")
    return with_fractions(given)


def with_fractions(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with numbers where the reader of files, which knows no fractions, has text."""

    def value(key: str, given: Any) -> Any:
        fraction = key in _FRACTIONS and isinstance(given, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", given)
        return float(given) if fraction else given

    return {key: value(key, given) for key, given in rule.items()}


def _time_span(node: ConfigNode) -> str:
    values.seconds(node)
    return str(node.value)


_ACTIONS: dict[str, Callable[[ConfigNode], Any]] = {
    model.ANSWER: lambda node: str(node.value) if isinstance(node.value, int) else values.text(node),
    model.MAILED_CODE: values.text,
    model.EMERGENCY: values.text,
    model.CALL: _call,
    model.PERSON: _person_step,
    model.CLOCK: _time_span,
    model.FAULT: _rule,
    model.END_FAULTS: values.text,
}


def _fault(node: ConfigNode) -> FaultRule:
    rule = _rule(node)
    when = rule.pop("when", START)
    if when != START and not re.fullmatch(rf"{AT_GATE}\w+", str(when)):
        raise values.refuse(node.child("when", when), f"{when!r} is not accepted. Expected {START} or {AT_GATE}NAME.")
    return FaultRule(rule, str(when).removeprefix(AT_GATE))


def _interruption(node: ConfigNode) -> Interruption:
    given = keys(node, "signal", "during", "skip", required=("signal", "during"))
    signal = values.choice(given["signal"], ("SIGKILL", "SIGTERM", "SIGINT"), "signal")
    skip = values.number(given["skip"]) if "skip" in given else 0
    return Interruption(signal, values.text(given["during"], _OPERATION, _AN_OPERATION), skip)


# What must be true afterwards


def _afterwards(node: ConfigNode) -> tuple[tuple[Question, ...], tuple[StateAfter, ...]]:
    questions, states = [], []
    for one in values.items(node):
        if isinstance(one.value, dict) and "state" in one.value:
            given = keys(one, "state", "before", "after", "question", required=("state",))
            words = values.text(given["question"]) if "question" in given else ""
            seen = {time: one.value[time] for time in ("before", "after") if time in one.value}
            states.append(StateAfter(values.text(given["state"]), question=words, **seen))
        else:
            questions.append(_question(one))
    return tuple(questions), tuple(states)


def _question(node: ConfigNode) -> Question:
    given = keys(
        node, "as", "call", "region", "parameters", "before", "after", "question", "from", required=("as", "call")
    )
    service, operation = values.text(given["call"], _OPERATION, _AN_OPERATION).split(":")
    answers = {
        time: _expected_answer(given[time]) if time in given else other
        for time, other in (("before", model.DENIED), ("after", model.ALLOWED))
    }
    return Question(
        identity=values.text(given["as"]),
        service=service,
        operation=operation,
        region=values.text(given["region"]) if "region" in given else REGION,
        parameters=_plain_mapping(given["parameters"]) if "parameters" in given else {},
        question=values.text(given["question"]) if "question" in given else "",
        place=values.text(given["from"]) if "from" in given else "",
        **answers,
    )


def _expected_answer(node: ConfigNode) -> str:
    """Return allowed, denied, any, or an error code, which begins with a capital letter."""
    answer = values.text(node, r"[A-Za-z][A-Za-z0-9.]*", "allowed, denied, any, or an error code")
    words = (model.ALLOWED, model.DENIED, model.ANY)
    if answer not in words and (answer[0].islower() or answer.lower() in words):
        raise values.refuse_name(node, "answer", [*words, "an error code such as AccessDenied"])
    return answer


def _changes(node: ConfigNode) -> tuple[Change, ...]:
    return tuple(_change(path, one) for path, one in values.mapping(node).items())


_ANY_CHANGE = ("any", "added", "removed")
_CHANGES = ("becomes", "without_statements", "statements")


def _change(path: str, node: ConfigNode) -> Change:
    if isinstance(node.value, str):
        return Change(path, values.choice(node, _ANY_CHANGE, "kind of change"))
    given = keys(node, *_ANY_CHANGE, *_CHANGES, "optional")
    optional = "optional" in given and given.pop("optional").value is True
    if len(given) != 1:
        expected = f"{', '.join(_ANY_CHANGE)}, or one of the keys {', '.join(_CHANGES)}"
        raise values.refuse(node, f"expected {expected}")
    [(how, value)] = given.items()
    if how == "without_statements":
        return Change(path, how, list(_texts(value)), optional)
    if how == "statements":
        return Change(path, how, {sid: _plain_mapping(one) for sid, one in values.mapping(value).items()}, optional)
    return Change(path, how, value.value if how == "becomes" else None, optional)
