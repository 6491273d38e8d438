# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policies of the organization, from its root down to an account, stop a principal there.

Service control policies apply to the account's principals, resource control policies to its resources. They are read,
not probed: a root session would be an event, and a role cannot probe what is denied to the root user.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Policy, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies import second_opinion
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    PolicyError,
    Statement,
    parse,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scp_evaluation import (
    PRINCIPALS,
    ROLE,
    ROOT_SESSION,
    ROOT_USER,
)

__all__ = ("PRINCIPALS", "RCP", "ROLE", "ROOT_SESSION", "ROOT_USER", "SCP", "ServiceControlPolicies", "policy_in_words")

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
MOST_ATTACHED = 10  # service control policies of one account (aws-facts 6 and 10)
_NAMES = {SCP: "Service control policy", RCP: "Resource control policy"}
# Services whose calls resource control policies can deny, as far as this collection makes such calls (AWS
# Organizations user guide, "Resource control policies").
_RCP_SERVICES = ("s3", "sqs", "sts")

# What is asked about when the caller names no actions: what each kind of principal is needed for. A root user that
# signs in after a password reset first enrols an MFA device.
_ACTIONS = {
    ROOT_SESSION: tuple(dict.fromkeys(action for task in v.TASKS.values() for action in task.actions)),
    ROOT_USER: (
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:ListMFADevices",
        "iam:CreateRole",
        "iam:AttachRolePolicy",
    ),
    ROLE: ("iam:GetRole", "iam:ListRoles", "iam:CreateRole", "s3:ListAllMyBuckets"),
}


# Calls of unlike services: what denies all of them leaves the root user nothing.
_UNLIKE_ACTIONS = (
    "iam:CreateAccessKey",
    "iam:CreateRole",
    "sts:GetSessionToken",
    "s3:PutBucketPolicy",
    "ec2:RunInstances",
    "cloudtrail:StopLogging",
    "account:PutContactInformation",
    "organizations:LeaveOrganization",
)


class PolicySource(t.Protocol):
    """What is read of the organization; an ``Organization`` has it."""

    @property
    def caller(self) -> Caller: ...

    @property
    def iam(self) -> t.Any: ...

    def describe(self) -> dict[str, t.Any] | None: ...

    def now(self) -> datetime: ...

    def account(self, account_id: str) -> Account | None: ...

    def units_above(self, account: Account) -> list[Unit]: ...

    def path_of(self, account: Account) -> str | None: ...

    def policy_types(self) -> list[str]: ...

    def policies_of(self, target_id: str, policy_type: str) -> t.Sequence[Policy]: ...

    def policy_document(self, policy_id: str) -> str: ...


@dataclass(frozen=True)
class Holder:
    """What a policy is attached to: ROOT, ORGANIZATIONAL_UNIT or ACCOUNT."""

    id: str
    name: str
    type: str

    def __str__(self) -> str:
        kind = {"ROOT": "the organization's root", "ORGANIZATIONAL_UNIT": f"OU {self.name}"}
        return f"{kind.get(self.type, f'account {self.name}')} ({self.id})"


class _Levels(t.NamedTuple):
    """The policy types that are enabled, an account's path, and the root, OUs and account on it."""

    types: tuple[str, ...]
    path: str
    holders: tuple[Holder, ...]


class ServiceControlPolicies:
    """Reads and evaluates the SCPs and RCPs of an organization. May be used from several threads.

    The policies of an OU, and each document, are read once, whatever the number of accounts (``Organization``). Every
    method raises a BreakglassError when AWS does not answer.
    """

    def __init__(self, organization: PolicySource) -> None:
        self._organization = organization

    def stopping(
        self,
        account_id: str,
        principal: str = ROOT_SESSION,
        actions: t.Sequence[str] = (),
        *,
        role_name: str = v.ACCESS_ROLE,
        resource: str | None = None,
        region: str | None = None,
    ) -> list[dict[str, t.Any]]:
        """The policies that stop, or may stop, the principal from calling some of ``actions`` in the account.

        Each: ``policy_id``, ``policy_name`` (both None where no policy allows), ``policy_type``, ``attached_to``
        (``id``, ``name``, ``type``), ``sid``, ``actions`` (those of the actions asked about), ``why``, ``known_as``
        (Control Tower's or the Landing Zone Accelerator's), ``certain`` (False: it depends on what is not known here,
        and ``why`` says on what) and ``fix``. Root first. In the management account no policy applies.

        Args:
            principal: ``root_session`` (AssumeRoot's), ``root_user`` (signed in), or ``role`` (``role_name``'s).
            resource: The ARN the actions are for. None: for actions on roles ``role_name``, else one that no policy
                names.
            region: Of the actions; None: not known. IAM's is always known.
        """
        arn, role_arn = self._principal_of(account_id, principal, role_name)
        calls = [
            (action, {"resource": resource or (role_arn if _is_on_role(action) else None), "region": region})
            for action in (actions or _ACTIONS[principal])
        ]
        return self._stopping(arn, principal, calls)

    def denying_root_user(self, account_id: str) -> list[dict[str, t.Any]]:
        """The policies that deny the root user every call outside of root sessions, as a quarantine does.

        In the shape of :meth:`stopping`; only what is certain. A guardrail on some actions is not among them.
        """
        answers = [self.stopping(account_id, ROOT_USER, [action]) for action in _UNLIKE_ACTIONS]
        common = set.intersection(*({_place(one) for one in answer if one["certain"]} for answer in answers))
        return [one for one in answers[0] if _place(one) in common]

    def second_opinion(
        self, account_id: str, found: t.Sequence[dict[str, t.Any]], actions: t.Sequence[str] = ()
    ) -> dict[str, t.Any] | None:
        """What AWS's policy simulator says of root sessions, beside what :meth:`stopping` ``found`` for them.

        ``decisions`` (action -> allowed, explicitDeny or implicitDeny) and ``disagrees`` (those of them of which the
        service control policies in ``found`` say the opposite). None where it cannot be asked.
        """
        levels = self._levels(account_id, (SCP,))
        if levels is None:
            return None
        arn, role_arn = self._principal_of(account_id, ROOT_SESSION, v.ACCESS_ROLE)
        requests = [
            judge.Request(
                ROOT_SESSION,
                arn,
                levels.path,
                action,
                resource=role_arn if _is_on_role(action) else None,
                time=self._organization.now(),
            )
            for action in (actions or _ACTIONS[ROOT_SESSION])
        ]
        documents = [
            [self._organization.policy_document(policy.id) for policy in self._organization.policies_of(holder.id, SCP)]
            for holder in levels.holders
        ]
        decisions = second_opinion.decisions(self._organization.iam, documents, requests)
        if decisions is None:
            return None
        by_scps = [one for one in found if one["policy_type"] == SCP]
        return {"decisions": decisions, "disagrees": second_opinion.disagreement(by_scps, decisions)}

    def _principal_of(self, account_id: str, principal: str, role_name: str) -> tuple[str, str]:
        """The ARNs of the principal, and of the role with this name."""
        prefix = f"arn:{self._organization.caller.partition}:iam::{account_id}"
        role_arn = f"{prefix}:role/{role_name}"
        return role_arn if principal == ROLE else f"{prefix}:root", role_arn

    def stopping_caller(
        self, action: str, resource: str, context: t.Mapping[str, tuple[str, ...]]
    ) -> list[dict[str, t.Any]]:
        """The policies that stop the caller from this call, in the same shape. ``context``: condition keys it has."""
        caller = self._organization.caller
        return self._stopping(caller.principal_arn, ROLE, [(action, {"resource": resource, "context": context})])

    def stopping_access(self, account_id: str, role_name: str = v.ACCESS_ROLE) -> list[dict[str, t.Any]]:
        """The resource control policies of the account that stop the caller from assuming a role in it."""
        caller = self._organization.caller
        role_arn = f"arn:{caller.partition}:iam::{account_id}:role/{role_name}"
        found = self._levels(account_id, (RCP,))
        own = self._organization.account(caller.account_id)
        if found is None or own is None:
            return []
        request = judge.Request(
            ROLE,
            caller.principal_arn,
            self._organization.path_of(own) or found.path,
            "sts:AssumeRole",
            resource=role_arn,
            time=self._organization.now(),
            resource_account=account_id,
            resource_path=found.path,
        )
        return [one for holder in found.holders for one in self._stopping_at(holder, RCP, [request])]

    def _stopping(
        self, arn: str, principal: str, calls: t.Sequence[tuple[str, dict[str, t.Any]]]
    ) -> list[dict[str, t.Any]]:
        found = self._levels(arn.split(":")[4], (SCP, RCP))
        if found is None:
            return []
        time = self._organization.now()
        requests = [judge.Request(principal, arn, found.path, action, time=time, **call) for action, call in calls]
        return [
            one
            for policy_type in found.types
            for holder in found.holders
            for one in self._stopping_at(holder, policy_type, _of_type(requests, policy_type))
        ]

    def _levels(self, account_id: str, types: t.Sequence[str]) -> _Levels | None:
        """What policies of these types may be attached to, the root first. None where no policy applies."""
        description = self._organization.describe()
        if description is None or account_id == description["management_account_id"]:
            return None
        account = self._organization.account(account_id)
        enabled = tuple(one for one in types if one in self._organization.policy_types())
        if account is None or not enabled:
            return None
        units = self._organization.units_above(account)
        path = "/".join([description["id"], *(unit.id for unit in units), ""])
        holders = [Holder(one.id, one.name, "ORGANIZATIONAL_UNIT" if one.parent_id else "ROOT") for one in units]
        return _Levels(enabled, path, (*holders, Holder(account.id, account.name, "ACCOUNT")))

    def _stopping_at(
        self, holder: Holder, policy_type: str, requests: t.Sequence[judge.Request]
    ) -> t.Iterator[dict[str, t.Any]]:
        if not requests:
            return
        documents = []
        for policy in self._organization.policies_of(holder.id, policy_type):
            try:
                document = parse(self._organization.policy_document(policy.id), with_principals=policy_type == RCP)
            except PolicyError as error:
                why = f"The policy could not be analysed: {error}"
                yield _entry(holder, policy, policy_type, None, requests, why, None, False, _READ_IT)
            else:
                documents.append(document)
                yield from _denials(holder, policy, document, requests)
        if policy_type == SCP:  # the RCP that allows everything cannot be detached
            yield from _missing_allow(holder, documents, requests)


def _place(found: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return found["policy_id"], found["sid"], found["attached_to"]["id"]


def _of_type(requests: t.Sequence[judge.Request], policy_type: str) -> list[judge.Request]:
    """The requests that policies of the type can deny."""
    return [one for one in requests if policy_type == SCP or one.service in _RCP_SERVICES]


_ROLE_ACTION = re.compile(r"iam:[a-z]*role(?!s\Z)[a-z]*\Z|sts:assumerole[a-z]*\Z", re.IGNORECASE)


def _is_on_role(action: str) -> bool:
    """Is a role the resource of the action? (Service Authorization Reference, "Actions defined by AWS IAM".)"""
    return _ROLE_ACTION.match(action) is not None


_READ_IT = "Read the policy: whether it denies the call could not be analysed."


def _denials(
    holder: Holder, policy: Policy, document: Document, requests: t.Sequence[judge.Request]
) -> t.Iterator[dict[str, t.Any]]:
    """One entry for each statement that stops at least one of the requests."""
    found: dict[int, list[tuple[judge.Request, judge.Judgement]]] = {}
    for request in requests:
        for judgement in judge.denials(document, request):
            found.setdefault(id(judgement.statement), []).append((request, judgement))
    for hits in found.values():
        stopped = [request for request, unused in hits]
        # One call that is certainly denied is enough.
        request, judgement = next((hit for hit in hits if hit[1].answer), hits[0])
        known = judge.known_as(judgement.statement, policy.name)
        why = judge.explain(judgement, [one.action for one in stopped], request.arn, request.principal)
        fix = _fix(holder, policy, judgement.statement, request, known)
        sid, certain = judgement.statement.get("Sid"), judgement.answer is True
        yield _entry(holder, policy, policy.type, sid, stopped, why, known, certain, fix)


def _missing_allow(
    holder: Holder, documents: t.Sequence[Document], requests: t.Sequence[judge.Request]
) -> t.Iterator[dict[str, t.Any]]:
    """Each level must allow: without FullAWSAccess, or another policy that allows, everything is denied below it."""
    answers = [(request, some(judge.allows(one, request) for one in documents)) for request in requests]
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
    yield _entry(holder, None, SCP, None, stopped, why, None, certain, fix)


def _fix(holder: Holder, policy: Policy, statement: Statement, request: judge.Request, known: str | None) -> str:
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
    policy: Policy | None,
    policy_type: str,
    sid: str | None,
    stopped: t.Sequence[judge.Request],
    why: str,
    known: str | None,
    certain: bool,
    fix: str,
) -> dict[str, t.Any]:
    return {
        "policy_id": policy.id if policy else None,
        "policy_name": policy.name if policy else None,
        "policy_type": policy_type,
        "attached_to": asdict(holder),
        "sid": sid,
        "actions": [request.action for request in stopped],
        "why": why,
        "known_as": known,
        "certain": certain,
        "fix": fix,
    }


def policy_in_words(found: dict[str, t.Any]) -> str:
    """One of ServiceControlPolicies' findings, in one sentence."""
    if found["policy_name"] is None:
        return str(found["why"])
    known = f", known as {found['known_as']}," if found["known_as"] else ""
    kinds = {"ROOT": "the organization's root", "ORGANIZATIONAL_UNIT": "OU", "ACCOUNT": "account"}
    holder = f"{kinds[found['attached_to']['type']]} {found['attached_to']['name']}"
    return f"{_NAMES[found['policy_type']]} {found['policy_name']}{known} on {holder}: {found['why']}"
