# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the access role of a member account let the management account in, and if not, why?

STS gives the same answer for a missing role and for one that does not trust the caller (aws-facts 5b, 6). To tell them
apart, the role is read from inside the account where another role gives access without a change: Control Tower's.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import Refused, assume, role_arn
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import concerns_action
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ROLE,
    ServiceControlPolicies,
    policy_in_words,
)

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

# States of a role. Only the first two let the management account in.
ANSWERS = "answers"
NO_SOURCE_IDENTITY = "refuses_source_identity"
MISSING = "missing"
DISTRUSTFUL = "distrustful"
STRIPPED = "stripped"
STOPPED = "stopped"
REFUSED = "refused"  # missing or distrustful: which of them is not known

CONTROL_TOWER_ROLE = "AWSControlTowerExecution"
ASSUMING = ("sts:AssumeRole", "sts:SetSourceIdentity")
_RESTORE = "Restore it without the root user: breakglass.aws.organization_access_role."


@dataclass
class RoleStatus:
    """The access role of one account. ``certain`` is False where ``why`` is the most likely of several causes."""

    arn: str
    state: str
    certain: bool
    why: str
    fix: str = ""
    trust_policy: dict | None = None
    policies: list[str] | None = None
    service_control_policies: list[dict] = field(default_factory=list)

    def as_dict(self) -> dict:
        """The status as the result's ``role`` has it; the cause and the fix are fields of the account's entry."""
        return {key: value for key, value in asdict(self).items() if key not in ("why", "fix")}


@dataclass(frozen=True)
class Role:
    """A role as an administrator of its account reads it."""

    trust_policy: dict
    policies: list[str]


def outcome_of(status: RoleStatus) -> str:
    """``unchanged`` for a role that lets the management account in, else ``unreachable``."""
    return v.UNCHANGED if status.state in (ANSWERS, NO_SOURCE_IDENTITY) else v.UNREACHABLE


def inspect_role(context: Context, account_id: str, role_name: str) -> RoleStatus:
    """Assume the role and let it read itself. Raises a BreakglassError when AWS does not answer the question."""
    arn = role_arn(context.connection, account_id, role_name)
    try:
        role = assume(context.connection, account_id, role_name)
    except Refused as refused:
        if refused.needs_source_identity:
            why = "It trusts the management account, but refuses sessions that carry a source identity, as yours does."
            return RoleStatus(arn, NO_SOURCE_IDENTITY, True, why, refused.fix)
        return _inspect_from_inside(context, account_id, role_name, arn, refused)
    try:
        found = read_role(role.client("iam"), role_name)
    except BreakglassError as error:
        return _powerless(context, account_id, role_name, arn, error)
    if found is None:
        return _not_seen_by_iam(context, account_id, role_name, arn)
    return RoleStatus(arn, ANSWERS, True, "", "", found.trust_policy, found.policies)


def read_role(iam: t.Any, role_name: str) -> Role | None:
    """The role as the account's own IAM shows it; None when there is none. A BreakglassError when IAM refuses."""
    name = role_name.rpartition("/")[2]
    try:
        role = iam.get_role(RoleName=name)["Role"]
        attached = [
            policy["PolicyArn"]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
            for policy in page["AttachedPolicies"]
        ]
        inline = [
            policy
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
            for policy in page["PolicyNames"]
        ]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise explain(error, f"reading the role {name} (iam:{error.operation_name})") from error
    except BotoCoreError as error:
        raise explain(error, f"reading the role {name} (iam:GetRole)") from error
    return Role(role["AssumeRolePolicyDocument"], [*attached, *inline])


def lets_in(trust_policy: dict, management_account_id: str, partition: str, action: str = ASSUMING[0]) -> bool | None:
    """Whether the trust policy lets principals of the management account in; None: under conditions, or not all."""
    everyone = ("*", management_account_id, f"arn:{partition}:iam::{management_account_id}:root")
    answer: bool | None = False
    for statement in statements(trust_policy):
        principal = statement.get("Principal", {})
        named = [principal] if isinstance(principal, str) else as_list(principal.get("AWS", []))
        mine = [one for one in named if one in everyone or f":{management_account_id}:" in one]
        if "NotPrincipal" in statement:
            mine = ["*"]
        if not mine or not concerns_action(statement, action):
            continue
        for_all = any(one in everyone for one in mine) and "Condition" not in statement
        if statement["Effect"] == "Deny":
            return False if for_all else None
        answer = True if for_all or answer else None
    return answer


def _not_seen_by_iam(context: Context, account_id: str, role_name: str, arn: str) -> RoleStatus:
    """STS let us assume the role, and right after that IAM does not find it.

    IAM is eventually consistent: the role was deleted, or made, moments ago. STS is asked once more, because only it
    says whether the management account can still get in.
    """
    seen = f"STS let the management account assume the role, and then IAM did not find a role {role_name}"
    try:
        assume(context.connection, account_id, role_name)
    except Refused:
        why = f"{seen}; STS refuses it now. It was deleted moments ago."
        return RoleStatus(arn, MISSING, True, why, _RESTORE)
    why = f"{seen}. It was deleted or created moments ago, and IAM shows changes late."
    return RoleStatus(arn, MISSING, False, why, f"Run it again in a minute. If it is still missing: {_RESTORE}")


def _powerless(context: Context, account_id: str, role_name: str, arn: str, error: BreakglassError) -> RoleStatus:
    """The role can be assumed, but may not even read itself: the denial says what stops it."""
    if not is_denied(error):
        raise error
    policies = ServiceControlPolicies(context.organization)
    try:
        stopping = policies.stopping(account_id, ROLE, role_name=role_name)
    except BreakglassError:
        stopping = []
    if "service control policy" in error.cause:
        why = " ".join(policy_in_words(policy) for policy in stopping) or error.cause
        fix = (
            " ".join(policy["fix"] for policy in stopping)
            or "Check the policies between the organization's root and the account."
        )
        return RoleStatus(arn, STOPPED, True, why, fix, service_control_policies=stopping)
    if "permissions boundary" in error.cause:
        why = f"It can be assumed, but its permissions boundary stops it. {error.cause}"
        return RoleStatus(arn, STOPPED, True, why, "Remove the boundary (iam:DeleteRolePermissionsBoundary).")
    why = f"It can be assumed, but has no policy, or one that allows too little. {error.cause}"
    certain = "no identity-based policy" in error.cause
    return RoleStatus(arn, STRIPPED, certain, why, _RESTORE, service_control_policies=stopping)


def _inspect_from_inside(context: Context, account_id: str, role_name: str, arn: str, refused: Refused) -> RoleStatus:
    """STS refused: what Control Tower's role reads, where that can be assumed; otherwise the most likely cause."""
    stopped = _stopped_by_resource_control_policy(context, account_id, role_name, arn, refused)
    if stopped:
        return stopped
    try:
        found = read_role(assume(context.connection, account_id, CONTROL_TOWER_ROLE).client("iam"), role_name)
    except BreakglassError:
        return _most_likely(context, account_id, arn, refused)
    seen = f"Read as {CONTROL_TOWER_ROLE}"
    if found is None:
        return RoleStatus(arn, MISSING, True, f"{seen}: there is no role {role_name}.", _RESTORE)
    connection, management = context.connection, context.organization.identity()["management_account_id"]
    if lets_in(found.trust_policy, management, connection.caller.partition):
        why = (
            f"{seen}: the role exists and trusts the management account, so {connection.caller.arn} itself may not "
            "call sts:AssumeRole."
        )
        fix = f"Allow the caller sts:AssumeRole on {arn}."
        return RoleStatus(arn, REFUSED, True, why, fix, found.trust_policy, found.policies)
    why = f"{seen}: the role exists, but its trust policy does not let the management account in."
    return RoleStatus(arn, DISTRUSTFUL, True, why, _RESTORE, found.trust_policy, found.policies)


def _stopped_by_resource_control_policy(
    context: Context, account_id: str, role_name: str, arn: str, refused: Refused
) -> RoleStatus | None:
    """The status when a resource control policy certainly denies assuming the role: STS's answer does not name it."""
    try:
        stopping = ServiceControlPolicies(context.organization).stopping_access(account_id, role_name)
    except BreakglassError:
        return None
    if not any(policy["certain"] for policy in stopping):
        return None
    why = " ".join([refused.cause, *(policy_in_words(policy) for policy in stopping)])
    fix = " ".join(policy["fix"] for policy in stopping)
    return RoleStatus(arn, STOPPED, True, why, fix, service_control_policies=stopping)


def _most_likely(context: Context, account_id: str, arn: str, refused: Refused) -> RoleStatus:
    account = context.organization.account(account_id)
    if account and account.joined_method == "INVITED":
        why = (
            "Most likely the role never existed: the account joined by invitation, and AWS Organizations creates the "
            "role only in accounts that it creates. Or the role does not trust the management account, or the caller "
            "may not call sts:AssumeRole."
        )
        return RoleStatus(arn, MISSING, False, f"{why} {refused.cause}", _RESTORE)
    return RoleStatus(arn, REFUSED, False, refused.cause, _RESTORE)
