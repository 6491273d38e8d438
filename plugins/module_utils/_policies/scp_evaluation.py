# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a service control policy or a resource control policy stop a request, and why? No network, no Ansible.

Answers are three-valued, as in ``conditions``: None is "it depends on what is not known here".
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._policies import condition_keys, unknown_resources
from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import is_wildcard_for_all
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import Source, Values
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    Facts,
    entries,
    entries_of,
    every,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    as_list,
    knows_variables,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_resource,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some

ROOT_SESSION, ROOT_USER, ROLE = "root_session", "root_user", "role"
PRINCIPALS = (ROOT_SESSION, ROOT_USER, ROLE)


@dataclass(frozen=True)
class Request:
    """A call in a member account, as far as it is known.

    ``organization_path`` is ``o-.../r-.../ou-.../`` down to the account's OU. ``resource``, ``region`` and ``time``
    None: not known. ``context`` has condition keys (in lower case) that only this call has, each with its values.
    """

    principal: str
    arn: str
    organization_path: str
    action: str
    resource: str | None = None
    region: str | None = None
    context: dict[str, tuple[str, ...]] = field(default_factory=dict)
    time: datetime | None = None
    resource_account: str = ""  # where it is not the principal's own
    resource_path: str = ""

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

    statement: Statement
    answer: bool | None
    open_conditions: tuple[str, ...]


def denials(document: Document, request: Request) -> t.Iterator[Judgement]:
    """The Deny statements that stop the request, or may."""
    facts, variables = facts_of(request), knows_variables(document)
    for statement in statements(document):
        if statement["Effect"] == "Deny" and concerns_action(statement, request.action):
            answers = [entry.holds(facts) for entry in entries(statement.get("Condition", {}), variables)]
            answer = every([_concerns(statement, request, facts, variables), *answers])
            if answer is not False:
                yield Judgement(statement, answer, _open_conditions(statement, answers))


def allows(document: Document, request: Request) -> bool | None:
    """Does some Allow statement allow the request?"""
    facts, variables = facts_of(request), knows_variables(document)
    return some(
        every(
            [
                _concerns(statement, request, facts, variables),
                *(entry.holds(facts) for entry in entries(statement.get("Condition", {}), variables)),
            ]
        )
        for statement in statements(document)
        if statement["Effect"] == "Allow" and concerns_action(statement, request.action)
    )


def facts_of(request: Request) -> Facts:
    """What is known of the request's context. The place it comes from is not known."""
    is_root = request.principal != ROLE
    is_user = ":user/" in request.arn
    organization_id = request.organization_path.split("/")[0]
    region = v.HOME_REGIONS.get(request.partition) if request.service in ("iam", "organizations") else request.region
    known: Values = {
        **condition_keys.clock_values(request.time),
        **condition_keys.organization_values(organization_id, request.organization_path),
        "aws:principalarn": (request.arn,),
        "aws:principalaccount": (request.account_id,),
        "aws:principaltype": ("Account" if is_root else "User" if is_user else "AssumedRole",),
        "aws:username": (request.arn.rpartition("/")[2],) if is_user else (),
        "aws:resourceaccount": (request.resource_account or request.account_id,),
        "s3:resourceaccount": (request.resource_account or request.account_id,),
        "aws:assumedroot": ("true",) if request.principal == ROOT_SESSION else (),
        **request.context,
    }
    if request.resource_path:
        known["aws:resourceorgpaths"] = (request.resource_path,)
    if is_root:
        known["aws:userid"] = (request.account_id,)
    if request.principal == ROOT_SESSION:
        known["aws:multifactorauthpresent"] = ("false",)  # as the event of a root session shows it
    if region:
        known["aws:requestedregion"] = (region,)
    facts = condition_keys.facts(known)
    if request.service in ("s3", "sqs"):  # requests that manage a policy: they have no tags and no keys of objects
        return facts
    return lambda key: None if condition_keys.source_of(key) is Source.OTHER_REQUEST else facts(key)


# Statements that are known by their shape, under the names of the tools that made them.
CONTROL_TOWER_ROOT = "AWS Control Tower's AWS-GR_RESTRICT_ROOT_USER"
CONTROL_TOWER_REGIONS = "AWS Control Tower's AWS-GR_REGION_DENY"
ACCELERATOR_ROOT = "Landing Zone Accelerator's ROOT guardrail"


def known_as(statement: Statement, policy_name: str) -> str | None:
    """The product that a statement comes from, where its shape shows it (aws-facts 2.6)."""
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


def _is_for_every_root_user(statement: Statement) -> bool:
    """Is its one condition that the principal is a root user, whatever the account?"""
    entries = entries_of(statement.get("Condition", {}))
    if len(entries) != 1 or entries[0][1].lower() != "aws:principalarn":
        return False
    patterns = [str(value) for value in as_list(entries[0][2])]
    return all(pattern.startswith("arn:") and pattern.endswith(":iam::*:root") for pattern in patterns)


def explain(judgement: Judgement, actions: t.Sequence[str], arn: str, principal: str) -> str:
    """One sentence: what is denied to the principal, when, and what is not known."""
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
        notes.append(f"whether {condition} is not known here")
    if judgement.answer is None and not judgement.open_conditions:
        notes.append("it applies to some resources only, and the resource of the call is not known")
    return "; ".join([text, *notes]) + "."


def _open_conditions(statement: Statement, answers: t.Sequence[bool | None]) -> tuple[str, ...]:
    """The conditions of which it is not known whether they hold, in words."""
    if None not in answers:
        return ()
    return tuple(phrase for phrase, answer in zip(describe(statement), answers, strict=True) if answer is None)


_MFA_DEVICE = re.compile(r"iam:(?:create|delete)virtualmfadevice\Z", re.IGNORECASE)
_LIST_BUCKETS = re.compile(r"s3:listallmybuckets\Z", re.IGNORECASE)  # is about no bucket


def _concerns(statement: Statement, request: Request, facts: Facts, variables: bool) -> bool | None:
    """Does the statement apply to the request's resource? None where it applies to some of those that it may be."""
    kind = None if request.resource else _kind_of_resource(request)
    if kind is None:
        return concerns_resource(statement, resource_of(request), facts, variables)
    return unknown_resources.concerns(statement, kind, facts, variables)


def resource_of(request: Request) -> str:
    """The resource of the request, or an example of one that no policy names."""
    partition, service, account_id = request.partition, request.service, request.account_id
    if request.resource:
        return request.resource
    if _MFA_DEVICE.match(request.action):
        return f"arn:{partition}:iam::{account_id}:mfa/not-named"
    if service == "iam":
        return request.arn  # the user itself
    if service == "s3":
        return f"arn:{partition}:s3:::{'*' if _LIST_BUCKETS.match(request.action) else 'a-bucket-no-policy-names'}"
    return f"arn:{partition}:{service}:a-region:{account_id}:not-named"


def _kind_of_resource(request: Request) -> unknown_resources.Kind | None:
    """What the ARN of the resource can be, where the request does not say; None where there is but one."""
    partition, service, account_id = request.partition, request.service, request.account_id
    if _MFA_DEVICE.match(request.action):
        return (f"arn:{partition}:iam::{account_id}:mfa/", unknown_resources.DEVICE_NAME)
    if service == "iam" or _LIST_BUCKETS.match(request.action):
        return None
    if service == "s3":
        return (f"arn:{partition}:s3:::", unknown_resources.BUCKET_NAME)
    if service == "sqs":
        region = request.region or unknown_resources.REGION
        return (f"arn:{partition}:sqs:", region, f":{account_id}:", unknown_resources.QUEUE_NAME)
    return (f"arn:{partition}:{service}:", unknown_resources.ANYTHING)
