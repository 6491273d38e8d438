# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario may contain to be run in AWS: nothing that leaves something behind. Checked before any call."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from breakglass_aws.drills.live.allow_list import Refused
from breakglass_aws.drills.scenario_file import model
from breakglass_aws.drills.scenario_file.model import Action, Question, Scenario

OPERATOR, ADMINISTRATOR = "operator", "administrator"
ACCOUNT, BUCKET, SOON = "${account}", "${bucket}", "${soon}"
REHEARSAL = "rehearse_password_recovery"
# The runbooks that may be run, with the parameters that may be given.
RUNBOOKS: dict[str, tuple[str, ...]] = {
    "audit_root_credentials": ("account_ids", "check_mode"),
    REHEARSAL: ("account_id", "check_mode"),
    "unlock_s3_bucket": ("account_id", "bucket", "mode", "check_mode"),
}
# What root sessions must be able to do before anything is made: what is made must be removable.
TASKS: dict[str, tuple[str, ...]] = {
    "audit_root_credentials": ("audit_root_credentials",),
    REHEARSAL: ("audit_root_credentials", "open_password_recovery", "delete_root_credentials"),
    "unlock_s3_bucket": ("unlock_s3_bucket",),
}
# The calls that may make and remove the scratch bucket.
_MAKING = ("s3:CreateBucket", "s3:PutBucketPolicy")
_REMOVING = ("s3:DeleteBucketPolicy", "s3:DeleteBucket")
_READS = re.compile(r"(Get|List|Head|Describe)[A-Z]")
_UNSUITED = ("organization", "profiles", "faults", "interruption", "states", "changes")
_DEFAULTS = {
    field.name: {} if field.default is dataclasses.MISSING else field.default for field in dataclasses.fields(Scenario)
}


def check(scenario: Scenario) -> None:
    """Raise Refused, with all reasons, unless the scenario leaves nothing behind in an account of AWS."""
    problems = list(_problems(scenario))
    if problems:
        lines = " ".join(f"{number}. {problem}" for number, problem in enumerate(problems, 1))
        raise Refused(f"The scenario {scenario.name} cannot be run in AWS. {lines}")


def makes_bucket(scenario: Scenario) -> bool:
    """Whether the scenario makes the scratch bucket."""
    return any(_action(action) == "s3:CreateBucket" for action in scenario.damage)


def bucket_prefix(account: str) -> str:
    """How the names of the buckets begin that live drills make in an account."""
    return f"breakglass-drill-{account}-"


def filled_in(scenario: Scenario, names: Mapping[str, str]) -> Scenario:
    """The scenario with the account and the bucket in their places."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            for place, name in names.items():
                value = value.replace(place, name)
            return value
        if isinstance(value, Mapping):
            return {key: fill(one) for key, one in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(fill(one) for one in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            changed = {field.name: fill(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return dataclasses.replace(value, **changed)
        return value

    made: Scenario = fill(dataclasses.replace(scenario))
    return made


def _problems(scenario: Scenario) -> Iterator[str]:
    for name in _UNSUITED:
        if getattr(scenario, name) != _DEFAULTS[name]:
            yield f"{'interrupt' if name == 'interruption' else name}: only the sandbox has that."
    if scenario.runs_as != OPERATOR:
        yield f"runs_as: the runbook is run with your own credentials, which is {OPERATOR}."
    if scenario.runbook not in RUNBOOKS:
        yield f"runbook: {scenario.runbook} may leave something behind. Expected one of {', '.join(RUNBOOKS)}."
        return
    yield from _parameters(scenario)
    for person in scenario.people:
        for gate, actions in person.at.items():
            if person.part != OPERATOR or any(action.kind != model.ANSWER for action in actions):
                yield f"people: at {gate}, {person.name} may only answer, as {OPERATOR}."
    yield from _calls("damage", scenario.damage, _MAKING)
    yield from _calls("clean_up", scenario.clean_up, _REMOVING)
    for question in scenario.questions:
        yield from _question(question)
    if makes_bucket(scenario) and not any(_action(action) == "s3:DeleteBucket" for action in scenario.clean_up):
        yield "clean_up: the bucket must be deleted again (s3:DeleteBucket)."


def _parameters(scenario: Scenario) -> Iterator[str]:
    given = scenario.parameters
    for name in sorted(given.keys() - {*RUNBOOKS[scenario.runbook]}):
        yield f"parameters: {name} is not accepted. Accepted: {', '.join(RUNBOOKS[scenario.runbook])}."
    for name, wanted in (("account_id", ACCOUNT), ("account_ids", [ACCOUNT]), ("bucket", BUCKET)):
        if name in RUNBOOKS[scenario.runbook] and given.get(name) != wanted:
            yield f"parameters: {name} must be {wanted}."


def _calls(key: str, actions: tuple[Action, ...], accepted: tuple[str, ...]) -> Iterator[str]:
    for action in actions:
        if action.kind != model.CALL or _action(action) not in accepted:
            yield f"{key}, line {action.line}: expected a call of {' or '.join(accepted)}."
        elif action.given["as"] != ADMINISTRATOR:
            yield f"{key}, line {action.line}: expected as: {ADMINISTRATOR}, the access role of the account."
        elif action.given["parameters"].get("Bucket") != BUCKET:
            yield f"{key}, line {action.line}: expected Bucket: {BUCKET}, a new one for each drill."
        elif _action(action) == "s3:PutBucketPolicy" and not _ends_by_itself(action.given["parameters"].get("Policy")):
            yield (
                f"{key}, line {action.line}: each statement that denies must end by itself: "
                f'Condition: {{DateLessThan: {{"aws:CurrentTime": "{SOON}"}}}}.'
            )


def _ends_by_itself(policy: Any) -> bool:
    """Whether the bucket is open again after some hours, whatever happens to the drill."""
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    several = statements if isinstance(statements, list) else [statements]
    return all(
        isinstance(one, Mapping)
        and (one.get("Effect") == "Allow" or one.get("Condition", {}).get("DateLessThan") == {"aws:CurrentTime": SOON})
        for one in several
    )


def _action(action: Action) -> str:
    return f"{action.given['service']}:{action.given['operation']}" if action.kind == model.CALL else ""


def _question(question: Question) -> Iterator[str]:
    name = f"{question.service}:{question.operation}"
    if question.identity not in (OPERATOR, ADMINISTRATOR):
        yield f"afterwards: {question.identity} is unknown. Expected {OPERATOR} or {ADMINISTRATOR}."
    if question.service != "s3" or not _READS.match(question.operation):
        yield f"afterwards: {name} is not accepted. Expected a call of s3 that reads."
    elif question.parameters.get("Bucket") != BUCKET:
        yield f"afterwards: {name} must be about Bucket: {BUCKET}."
    if question.place:
        yield "afterwards: from: only the sandbox has that."
