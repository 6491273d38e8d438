# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Identity Center: what it keeps, and how it names what it makes in accounts (aws-facts 5b, 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from breakglass_aws.sandbox import names

SERVICE = "sso.amazonaws.com"


@dataclass(frozen=True)
class User:
    """A person of the identity store."""

    id: str
    name: str
    display_name: str
    email: str


@dataclass
class PermissionSet:
    """`session_duration` is ISO 8601, as the API has it: PT1H."""

    arn: str
    name: str
    created: datetime
    description: str | None = None
    session_duration: str = "PT1H"
    relay_state: str | None = None
    managed_policies: dict[str, str] = field(default_factory=dict)  # ARN -> name

    @property
    def seconds(self) -> int:
        """How long a session lasts."""
        found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", self.session_duration)
        return int(found[1] or 0) * 3600 + int(found[2] or 0) * 60 if found else 3600

    def copy(self) -> PermissionSet:
        return replace(self, managed_policies=dict(self.managed_policies))


@dataclass(frozen=True)
class Assignment:
    account: str
    permission_set: str
    principal_type: str
    principal: str


@dataclass
class ProvisioningRequest:
    """Something asked for that takes a moment. `kind` is creation, deletion or provisioning."""

    id: str
    kind: str
    created: datetime
    account: str
    permission_set: str
    assignment: Assignment | None = None
    status: str = "IN_PROGRESS"
    failure: str | None = None


@dataclass
class IdentityCenter:
    """The instance of the organization.

    Attributes:
        provisioned: Roles made so far: (account, permission set ARN) -> role name. An entry stays when the role
            is deleted without Identity Center.
    """

    instance_arn: str
    identity_store: str
    owner: str
    region: str
    created: datetime
    users: dict[str, User] = field(default_factory=dict)
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    assignments: dict[Assignment, None] = field(default_factory=dict)
    provisioned: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: dict[str, ProvisioningRequest] = field(default_factory=dict)

    def assigned(self, account: str, permission_set: str) -> list[Assignment]:
        return [one for one in self.assignments if (one.account, one.permission_set) == (account, permission_set)]


def valid_name(name: str) -> bool:
    return re.fullmatch(r"[\w+=,.@-]{1,32}", name) is not None


def permission_set_arn(center: IdentityCenter, partition: str, *seed: str) -> str:
    instance = center.instance_arn.rpartition("/")[2]
    return f"arn:{partition}:sso:::permissionSet/{instance}/ps-{names.hexadecimal(16, instance, *seed)}"


def role_path(center: IdentityCenter) -> str:
    """The only path under which Identity Center may make roles; instances outside us-east-1 add their Region."""
    region = "" if center.region == "us-east-1" else f"{center.region}/"
    return f"/aws-reserved/sso.amazonaws.com/{region}"


def role_name(account: str, permission_set: PermissionSet) -> str:
    return f"AWSReservedSSO_{permission_set.name}_{names.hexadecimal(16, permission_set.arn, account)}"


def provider_name(center: IdentityCenter, account: str) -> str:
    """The SAML provider people of Identity Center come from."""
    return f"AWSSSO_{names.hexadecimal(16, center.instance_arn, account)}_DO_NOT_DELETE"


def trust(center: IdentityCenter, partition: str, account: str) -> dict[str, Any]:
    provider = f"arn:{partition}:iam::{account}:saml-provider/{provider_name(center, account)}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
            }
        ],
    }


def fresh(description: IdentityCenter | None) -> IdentityCenter | None:
    """The instance as it was loaded, free to be changed."""
    if description is None:
        return None
    return IdentityCenter(
        description.instance_arn,
        description.identity_store,
        description.owner,
        description.region,
        description.created,
        users=dict(description.users),
        permission_sets={arn: one.copy() for arn, one in description.permission_sets.items()},
        assignments=dict(description.assignments),
        provisioned=dict(description.provisioned),
    )
