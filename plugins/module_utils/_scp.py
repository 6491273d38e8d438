# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which service control policies on the way from the organization's root to an account stop somebody there.

They are read, not probed: a root session would be an event, and a role cannot probe what is denied to the root user.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _scp_judgement as judge
from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import explain
from ansible_collections.breakglass.aws.plugins.module_utils._organization import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._policy_document import PolicyError, parse
from ansible_collections.breakglass.aws.plugins.module_utils._scp_judgement import (
    PRINCIPALS,
    ROLE,
    ROOT_SESSION,
    ROOT_USER,
)

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

__all__ = ("PRINCIPALS", "ROLE", "ROOT_SESSION", "ROOT_USER", "ServiceControlPolicies")

_TYPE = "SERVICE_CONTROL_POLICY"

# What is asked about when the caller names no actions: what each kind of principal is needed for.
_ACTIONS = {
    ROOT_SESSION: tuple(dict.fromkeys(action for task in v.TASKS.values() for action in task.actions)),
    ROOT_USER: ("iam:EnableMFADevice", "iam:CreateRole", "iam:AttachRolePolicy"),
    ROLE: ("iam:GetRole", "iam:ListRoles", "iam:CreateRole", "s3:ListAllMyBuckets"),
}


@dataclass(frozen=True)
class Holder:
    """What a policy is attached to: ROOT, ORGANIZATIONAL_UNIT or ACCOUNT."""

    id: str
    name: str
    type: str

    def __str__(self) -> str:
        kind = {"ROOT": "the organization's root", "ORGANIZATIONAL_UNIT": f"OU {self.name}"}
        return f"{kind.get(self.type, f'account {self.name}')} ({self.id})"


@dataclass(frozen=True)
class _Policy:
    id: str
    name: str
    document: dict | None
    problem: str = ""


class ServiceControlPolicies:
    """Reads the policies of an organization. May be used from several threads.

    What belongs to an OU or a policy is asked for once, and one question at a time: AWS answers about 2 DescribePolicy
    and 5 ListPoliciesForTarget a second (aws-facts 6). Every method raises a BreakglassError when AWS does not answer.
    """

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._lock = threading.RLock()
        self._facts = {}

    def stopping(
        self,
        account_id: str,
        principal: str = ROOT_SESSION,
        actions: t.Sequence[str] = (),
        *,
        role_name: str = v.ACCESS_ROLE,
        resource: str | None = None,
        region: str | None = None,
    ) -> list[dict]:
        """The policies that stop, or may stop, the principal from calling some of ``actions`` in the account.

        Each: ``policy_id``, ``policy_name`` (both None where no policy allows), ``attached_to`` (``id``, ``name``,
        ``type``), ``sid``, ``actions`` (those of the actions asked about), ``why``, ``known_as`` (Control Tower's or
        the Landing Zone Accelerator's), ``certain`` (False: it depends on what cannot be known from here, and ``why``
        says on what) and ``fix``. Root first. Nothing stops anybody in the management account.

        Args:
            principal: ``root_session`` (AssumeRoot's), ``root_user`` (signed in), or ``role`` (``role_name``'s).
            resource: The ARN the actions are for; None: one that no policy names.
            region: Of the actions; None: not known. IAM's is always known.
        """
        description = self._organization.describe()
        if description is None or account_id == description["management_account_id"]:
            return []
        path = self.path(account_id)
        if not self._are_enabled():
            return []
        partition = self._organization.caller.partition
        arn = f"arn:{partition}:iam::{account_id}:" + (f"role/{role_name}" if principal == ROLE else "root")
        organization_path = "/".join([description["id"], *(holder.id for holder in path[:-1]), ""])
        requests = [
            judge.Request(principal, arn, organization_path, action, resource, region)
            for action in actions or _ACTIONS[principal]
        ]
        return [found for holder in path for found in self._stopping_at(holder, requests)]

    def path(self, account_id: str) -> list[Holder]:
        """The root, the OUs below it, and the account."""
        account = self._organization.account(account_id)
        return [*self._above(account_id), Holder(account_id, account.name if account else "", "ACCOUNT")]

    def _above(self, child_id: str) -> list[Holder]:
        [parent] = self._once(
            f"parents of {child_id}",
            "list_parents",
            "looking for the OU above it",
            lambda answer: answer["Parents"],
            ChildId=child_id,
        )
        if parent["Type"] == "ROOT":
            return [Holder(parent["Id"], self._root()["Name"], "ROOT")]
        name = self._once(
            f"name of {parent['Id']}",
            "describe_organizational_unit",
            "reading the OU",
            lambda answer: answer["OrganizationalUnit"]["Name"],
            OrganizationalUnitId=parent["Id"],
        )
        return [*self._above(parent["Id"]), Holder(parent["Id"], name, "ORGANIZATIONAL_UNIT")]

    def _root(self) -> dict:
        return self._once("root", "list_roots", "reading the organization's root", lambda answer: answer["Roots"][0])

    def _are_enabled(self) -> bool:
        types = self._root().get("PolicyTypes", [])
        return any(one["Type"] == _TYPE and one["Status"] == "ENABLED" for one in types)

    def _stopping_at(self, holder: Holder, requests: t.Sequence[judge.Request]) -> t.Iterator[dict]:
        policies = self._policies(holder)
        for policy in policies:
            if policy.document is None:
                yield _entry(holder, policy, None, requests, policy.problem, None, False, _LOOK_YOURSELF)
            else:
                yield from _denials(holder, policy, requests)
        yield from _missing_allow(holder, [policy.document for policy in policies if policy.document], requests)

    def _policies(self, holder: Holder) -> list[_Policy]:
        summaries = self._once(
            f"policies of {holder.id}",
            "list_policies_for_target",
            f"listing the service control policies of {holder}",
            lambda pages: [one for page in pages for one in page["Policies"]],
            paged=True,
            TargetId=holder.id,
            Filter=_TYPE,
        )
        return [self._policy(summary) for summary in summaries]

    def _policy(self, summary: dict) -> _Policy:
        return self._once(
            f"policy {summary['Id']}",
            "describe_policy",
            f"reading the service control policy {summary['Name']}",
            lambda answer: _parsed(summary, answer["Policy"]["Content"]),
            PolicyId=summary["Id"],
        )

    def _once(
        self,
        key: str,
        operation: str,
        doing: str,
        take: t.Callable[[t.Any], t.Any],
        paged: bool = False,
        **arguments: t.Any,
    ) -> t.Any:
        with self._lock:
            if key not in self._facts:
                client = self._organization.organizations
                try:
                    answer = (
                        list(client.get_paginator(operation).paginate(**arguments))
                        if paged
                        else getattr(client, operation)(**arguments)
                    )
                except (BotoCoreError, ClientError) as error:
                    raise explain(error, doing) from error
                self._facts[key] = take(answer)
            return self._facts[key]


_LOOK_YOURSELF = "Read the policy yourself: whether it denies the call could not be found out."


def _parsed(summary: dict, content: str) -> _Policy:
    try:
        return _Policy(summary["Id"], summary["Name"], parse(content, with_principals=False))
    except PolicyError as error:
        return _Policy(summary["Id"], summary["Name"], None, f"The policy could not be analysed: {error}")


def _denials(holder: Holder, policy: _Policy, requests: t.Sequence[judge.Request]) -> t.Iterator[dict]:
    """One entry for each statement that stops at least one of the requests."""
    found = {}
    for request in requests:
        for judgement in judge.denials(policy.document, request):
            found.setdefault(id(judgement.statement), []).append((request, judgement))
    for hits in found.values():
        stopped = [request for request, unused in hits]
        # The surest of them speaks for all: one call that is certainly denied is enough.
        request, judgement = next((hit for hit in hits if hit[1].answer), hits[0])
        known = judge.known_as(judgement.statement, policy.name)
        why = judge.explain(judgement, [one.action for one in stopped], request.arn, request.principal)
        fix = _fix(holder, policy, judgement.statement, request, known)
        yield _entry(holder, policy, judgement.statement.get("Sid"), stopped, why, known, judgement.answer is True, fix)


def _missing_allow(
    holder: Holder, documents: t.Sequence[dict], requests: t.Sequence[judge.Request]
) -> t.Iterator[dict]:
    """Each level must allow: without FullAWSAccess, or another policy that allows, everything is denied below it."""
    answers = [(request, judge.some(judge.allows(one, request) for one in documents)) for request in requests]
    missing = [(request, answer) for request, answer in answers if answer is not True]
    if not missing:
        return
    certain = any(answer is False for unused, answer in missing)
    stopped = [request for request, unused in missing]
    actions = ", ".join(request.action for request in stopped)
    why = (
        f"No service control policy at {holder} {'allows' if certain else 'surely allows'} {actions}, and each level "
        "from the organization's root to the account must."
    )
    fix = f"Attach FullAWSAccess, or a policy that allows {actions}, to {holder}."
    yield _entry(holder, None, None, stopped, why, None, certain, fix)


def _fix(holder: Holder, policy: _Policy, statement: dict, request: judge.Request, known: str | None) -> str:
    where = f"statement {statement['Sid']} of {policy.name}" if "Sid" in statement else policy.name
    if request.principal == ROOT_SESSION:
        if known == judge.CONTROL_TOWER_ROOT:
            return (
                f"In Control Tower, give the control AWS-GR_RESTRICT_ROOT_USER of {holder} the parameter "
                "ExemptAssumeRoot. Do not edit the policy by hand: Control Tower puts it back."
            )
        exempt = f'Exempt root sessions: add the condition "Null": {{"aws:AssumedRoot": "true"}} to {where}'
        if known == judge.ACCELERATOR_ROOT:
            return f"{exempt}, in the Accelerator's configuration, which would undo a change made by hand."
        return f"{exempt}."
    away = f"move the account to an OU where {policy.name} does not apply for as long as it takes"
    if request.principal == ROOT_USER:
        return f"{away[0].upper()}{away[1:]}, and back afterwards: root users that sign in cannot be exempted safely."
    exempt = f'Exempt {request.arn}: add the condition "ArnNotLike": {{"aws:PrincipalArn": "{request.arn}"}} to {where}'
    return f"{exempt}, or {away}."


def _entry(
    holder: Holder,
    policy: _Policy | None,
    sid: str | None,
    stopped: t.Sequence[judge.Request],
    why: str,
    known: str | None,
    certain: bool,
    fix: str,
) -> dict:
    return {
        "policy_id": policy.id if policy else None,
        "policy_name": policy.name if policy else None,
        "attached_to": asdict(holder),
        "sid": sid,
        "actions": [request.action for request in stopped],
        "why": why,
        "known_as": known,
        "certain": certain,
        "fix": fix,
    }
