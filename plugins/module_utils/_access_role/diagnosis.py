# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the role that the management account administers a member account with answer, and if not, why?

STS answers alike for a role that is missing and one that does not trust the caller (aws-facts 5b, 6). What tells them
apart is looked for inside the account, where there is another way in that needs no change: Control Tower's role.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import Refused, assume, role_arn
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    error_code,
    explain,
    is_denied,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import concerns_action
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ROLE, ServiceControlPolicies

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

# How a role stands. Only the first two answer the management account.
ANSWERS = "answers"
NO_SOURCE_IDENTITY = "refuses_source_identity"
MISSING = "missing"
DISTRUSTFUL = "distrustful"
STRIPPED = "stripped"
STOPPED = "stopped"
REFUSED = "refused"  # missing or distrustful: which of them is not known

CONTROL_TOWER_ROLE = "AWSControlTowerExecution"
ASSUMING = ("sts:AssumeRole", "sts:SetSourceIdentity")
_BRING_BACK = "breakglass.aws.organization_access_role brings it back by a way that needs no root user."


@dataclass
class Standing:
    """How the role of one account stands. ``certain`` is False where ``why`` is the likeliest of several causes."""

    arn: str
    state: str
    certain: bool
    why: str
    fix: str = ""
    trust_policy: dict | None = None
    policies: list[str] | None = None
    service_control_policies: list[dict] = field(default_factory=list)

    def as_dict(self) -> dict:
        return {key: value for key, value in asdict(self).items() if key not in ("why", "fix")}


@dataclass(frozen=True)
class Found:
    """What an administrator sees of a role inside of its account."""

    trust_policy: dict
    policies: list[str]


def outcome_of(standing: Standing) -> str:
    return v.UNCHANGED if standing.state in (ANSWERS, NO_SOURCE_IDENTITY) else v.UNREACHABLE


def look(connection: Connection, organization: Organization, account_id: str, role_name: str) -> Standing:
    """Assume the role, and let it look at itself."""
    arn = role_arn(connection, account_id, role_name)
    try:
        role = assume(connection, account_id, role_name)
    except Refused as refused:
        if refused.needs_source_identity:
            why = "It trusts the management account, but refuses sessions that carry a source identity, as yours does."
            return Standing(arn, NO_SOURCE_IDENTITY, True, why, refused.fix)
        return _look_from_inside(connection, organization, account_id, role_name, arn, refused)
    try:
        found = find(role.client("iam"), role_name)
    except BreakglassError as error:
        return _powerless(organization, account_id, role_name, arn, error)
    return Standing(arn, ANSWERS, True, "", "", found.trust_policy, found.policies)


def find(iam: t.Any, role_name: str) -> Found | None:
    """The role as the account's own IAM shows it; None when there is none. Raises when that may not be seen."""
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
        raise explain(error, f"looking at the role {name} (iam:{error.operation_name})") from error
    except BotoCoreError as error:
        raise explain(error, f"looking at the role {name} (iam:GetRole)") from error
    return Found(role["AssumeRolePolicyDocument"], [*attached, *inline])


def lets_in(trust_policy: dict, management_account_id: str, partition: str, action: str = ASSUMING[0]) -> bool | None:
    """Does the trust policy let principals of the management account in? None: under conditions, or but for some."""
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


def _powerless(
    organization: Organization, account_id: str, role_name: str, arn: str, error: BreakglassError
) -> Standing:
    """It answers, but may not even look at itself: AWS's denial says what keeps it from that."""
    if not is_denied(error):
        raise error
    policies = ServiceControlPolicies(organization)
    stopping = _read(lambda: policies.stopping(account_id, ROLE, role_name=role_name)) or []
    if "service control policy" in error.cause:
        why = " ".join(policy_in_words(one) for one in stopping) or error.cause
        fix = (
            " ".join(one["fix"] for one in stopping) or "Look at the policies on the way from the root to the account."
        )
        return Standing(arn, STOPPED, True, why, fix, service_control_policies=stopping)
    if "permissions boundary" in error.cause:
        why = f"It answers, but its permissions boundary keeps it from acting. {error.cause}"
        return Standing(arn, STOPPED, True, why, "Take the boundary off the role (iam:DeleteRolePermissionsBoundary).")
    why = f"It answers, but has no policy, or one that allows too little. {error.cause}"
    certain = "no identity-based policy" in error.cause
    return Standing(arn, STRIPPED, certain, why, _BRING_BACK, service_control_policies=stopping)


def _look_from_inside(
    connection: Connection,
    organization: Organization,
    account_id: str,
    role_name: str,
    arn: str,
    refused: Refused,
) -> Standing:
    """STS refused: what Control Tower's role sees, where it answers; otherwise the likeliest cause."""
    try:
        found = find(assume(connection, account_id, CONTROL_TOWER_ROLE).client("iam"), role_name)
    except BreakglassError:
        return _guess(organization, account_id, arn, refused)
    seen = f"As {CONTROL_TOWER_ROLE} sees it"
    if found is None:
        return Standing(arn, MISSING, True, f"{seen}, there is no role {role_name}.", _BRING_BACK)
    management = organization.describe()["management_account_id"]
    if lets_in(found.trust_policy, management, connection.caller.partition):
        why = (
            f"{seen}, the role is there and trusts the management account, so {connection.caller.arn} itself may not "
            "call sts:AssumeRole."
        )
        fix = f"Allow the caller sts:AssumeRole on {arn}."
        return Standing(arn, REFUSED, True, why, fix, found.trust_policy, found.policies)
    why = f"{seen}, the role is there, but its trust policy does not let the management account in."
    return Standing(arn, DISTRUSTFUL, True, why, _BRING_BACK, found.trust_policy, found.policies)


def _guess(organization: Organization, account_id: str, arn: str, refused: Refused) -> Standing:
    account = organization.account(account_id)
    if account and account.joined_method == "INVITED":
        why = (
            "Most likely it was never there: the account joined by invitation, and AWS Organizations makes the role "
            "only in accounts it creates. Or it does not trust the management account, or the caller may not call "
            "sts:AssumeRole."
        )
        return Standing(arn, MISSING, False, f"{why} {refused.cause}", _BRING_BACK)
    return Standing(arn, REFUSED, False, refused.cause, _BRING_BACK)


def _read(read: t.Callable[[], t.Any]) -> t.Any:
    try:
        return read()
    except BreakglassError:
        return None
