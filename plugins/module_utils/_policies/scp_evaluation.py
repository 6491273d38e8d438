# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a service control policy stop a request, and why? No network, no Ansible.

Answers are three-valued, as in ``_policy_condition``: None is "it depends on what cannot be known from here".
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import Facts, entry_holds, every, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_resource,
    is_wildcard_for_all,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import ALWAYS

ROOT_SESSION, ROOT_USER, ROLE = "root_session", "root_user", "role"
PRINCIPALS = (ROOT_SESSION, ROOT_USER, ROLE)


@dataclass(frozen=True)
class Request:
    """A call in a member account, as far as it is known.

    ``organization_path`` is ``o-…/r-…/ou-…/`` down to the account's OU. ``resource`` and ``region`` None: not known.
    ``context`` has condition keys (in lower case) that only this call carries, each with its values.
    """

    principal: str
    arn: str
    organization_path: str
    action: str
    resource: str | None = None
    region: str | None = None
    context: dict = field(default_factory=dict)

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def service(self) -> str:
        return self.action.split(":")[0].lower()


@dataclass(frozen=True)
class Judgement:
    """What a statement does to a request: ``answer`` True (it stops it) or None; ``open_conditions`` in words."""

    statement: dict
    answer: bool | None
    open_conditions: tuple[str, ...]


def denials(document: dict, request: Request) -> t.Iterator[Judgement]:
    """The Deny statements that stop the request, or may."""
    facts, variables = facts_of(request), _knows_variables(document)
    for statement in statements(document):
        if statement["Effect"] == "Deny" and concerns_action(statement, request.action):
            answers = list(_condition_answers(statement, facts, variables))
            answer = every([_concerns(statement, request), *(found for unused, found in answers)])
            if answer is not False:
                yield Judgement(statement, answer, tuple(phrase for phrase, found in answers if found is None))


def allows(document: dict, request: Request) -> bool | None:
    """Does some Allow statement let the request through?"""
    facts, variables = facts_of(request), _knows_variables(document)
    return some(
        every([_concerns(one, request), *(found for unused, found in _condition_answers(one, facts, variables))])
        for one in statements(document)
        if one["Effect"] == "Allow" and concerns_action(one, request.action)
    )


def facts_of(request: Request) -> Facts:
    """What is known of the request's context. Sources: IAM user guide, "AWS global condition context keys"."""
    is_root = request.principal != ROLE
    is_user = ":user/" in request.arn
    organization_id = request.organization_path.split("/")[0]
    region = v.HOME_REGIONS.get(request.partition) if request.service in ("iam", "organizations") else request.region
    known = {
        **ALWAYS,
        "aws:principalarn": (request.arn,),
        "aws:principalaccount": (request.account_id,),
        "aws:principaltype": ("Account" if is_root else "User" if is_user else "AssumedRole",),
        "aws:username": (request.arn.rpartition("/")[2],) if is_user else (),
        "aws:resourceaccount": (request.account_id,),
        "aws:assumedroot": ("true",) if request.principal == ROOT_SESSION else (),
        **request.context,
    }
    if is_root:
        known["aws:userid"] = (request.account_id,)
    if request.principal == ROOT_SESSION:
        known["aws:multifactorauthpresent"] = ("false",)  # as the event of a root session shows it
    for side in ("principal", "resource"):
        known[f"aws:{side}orgid"] = (organization_id,)
        known[f"aws:{side}orgpaths"] = (request.organization_path,)
    if region:
        known["aws:requestedregion"] = (region,)
    return known.get


# Statements that are known by their shape. The names are what people look for in their tools.
CONTROL_TOWER_ROOT = "AWS Control Tower's AWS-GR_RESTRICT_ROOT_USER"
CONTROL_TOWER_REGIONS = "AWS Control Tower's AWS-GR_REGION_DENY"
ACCELERATOR_ROOT = "Landing Zone Accelerator's ROOT guardrail"


def known_as(statement: dict, policy_name: str) -> str | None:
    """Whose statement it is, when its shape gives it away (aws-facts 2.6)."""
    sid = statement.get("Sid", "")
    by_control_tower = policy_name.startswith("aws-guardrails-") or re.match(r"GR[A-Z]+\Z", sid) is not None
    if by_control_tower and "REGION" in sid:
        return CONTROL_TOWER_REGIONS
    if not _is_for_every_root_user(statement):
        return None
    if "NotAction" in statement:
        return ACCELERATOR_ROOT
    everything = any(is_wildcard_for_all(action, "") for action in as_list(statement.get("Action", [])))
    return CONTROL_TOWER_ROOT if by_control_tower and everything else None


def _is_for_every_root_user(statement: dict) -> bool:
    """Is its one condition that the principal is a root user, whatever the account?"""
    entries = [entry for keys in statement.get("Condition", {}).values() for entry in keys.items()]
    if len(entries) != 1 or entries[0][0].lower() != "aws:principalarn":
        return False
    patterns = [str(value) for value in as_list(entries[0][1])]
    return all(pattern.startswith("arn:") and pattern.endswith(":iam::*:root") for pattern in patterns)


def explain(judgement: Judgement, actions: t.Sequence[str], arn: str, principal: str) -> str:
    """One sentence: what is denied to whom, when, and what cannot be known from here."""
    statement = judgement.statement
    if any(is_wildcard_for_all(pattern, "") for pattern in as_list(statement.get("Action", []))):
        what = "every action"
    elif "NotAction" in statement:
        what = f"everything but {', '.join(as_list(statement['NotAction']))}"
    else:
        what = ", ".join(actions)
    conditions = tuple(describe(statement))
    when = f"when {' and '.join(conditions)}" if conditions else "always"
    text = f"It denies {what} to {arn} {when}"
    notes = []
    if principal == ROOT_SESSION and judgement.answer:
        notes.append("it does not exempt root sessions (aws:AssumedRoot)")
    for condition in judgement.open_conditions:
        notes.append(f"whether {condition} cannot be known from here")
    if judgement.answer is None and not judgement.open_conditions:
        notes.append("it concerns some resources only, and which one is meant is not known")
    return "; ".join([text, *notes]) + "."


def _condition_answers(statement: dict, facts: Facts, variables: bool) -> t.Iterator[tuple[str, bool | None]]:
    """Each condition in words, and whether it holds."""
    entries = [
        (operator, key, values)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    for index, phrase in enumerate(describe(statement)):
        yield phrase, entry_holds(*entries[index], facts, variables)


def _concerns(statement: dict, request: Request) -> bool | None:
    """Does the statement concern the request's resource? One that is not known is taken for one no policy names."""
    if request.resource:
        return concerns_resource(statement, request.resource)
    example = {
        "iam": request.arn,
        "s3": f"arn:{request.partition}:s3:::a-bucket-no-policy-names",
        "sqs": f"arn:{request.partition}:sqs:a-region:{request.account_id}:a-queue-no-policy-names",
    }.get(request.service, f"arn:{request.partition}:{request.service}:a-region:{request.account_id}:not-named")
    if concerns_resource(statement, example):
        return True
    if "NotResource" in statement or request.service == "iam":
        return False
    of_service = (f"arn:*:{request.service}:", f"arn:{request.partition}:{request.service}:")
    return None if any(str(one).startswith(of_service) for one in as_list(statement["Resource"])) else False


def _knows_variables(document: dict) -> bool:
    return document.get("Version") == "2012-10-17"
