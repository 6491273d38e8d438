# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organization as data: accounts and their root users, OUs, policies, delegation.

Plain data in dictionaries by ID, so that an organization of 10,000 accounts costs memory but no time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from breakglass_aws.sandbox.model.lifecycle import Closure, EmailUpdate, Sender, Standing

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


# The policies AWS attaches everywhere when a type is enabled: type -> ID and name.
FULL_ACCESS = {SCP: ("p-FullAWSAccess", "FullAWSAccess"), RCP: ("p-RCPFullAWSAccess", "RCPFullAWSAccess")}


# Where IAM and Organizations live (aws-facts 2.7).
HOME_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}


_ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass
class LastUsed:
    date: datetime
    service: str
    region: str


@dataclass
class RootAccessKey:
    id: str
    secret: str
    created: datetime
    status: str = "Active"
    last_used: LastUsed | None = None


@dataclass
class SigningCertificate:
    id: str
    body: str
    created: datetime
    status: str = "Active"


@dataclass
class MfaDevice:
    """An MFA device; a `lost` one gives no more codes."""

    serial: str
    enabled: datetime
    virtual: bool
    lost: bool = False


@dataclass
class Password:
    """The root user's login profile.

    Attributes:
        last_used: None when it was never used to sign in.
        secret: What is typed at sign-in; None when no person knows one, as after CreateLoginProfile (aws-facts 2.4).
    """

    created: datetime
    last_used: datetime | None = None
    secret: str | None = None


@dataclass
class RootUser:
    """The root user of an account and its credentials; IAM proper knows no such user."""

    created: datetime
    password: Password | None = None
    access_keys: dict[str, RootAccessKey] = field(default_factory=dict)
    signing_certificates: dict[str, SigningCertificate] = field(default_factory=dict)
    mfa_devices: dict[str, MfaDevice] = field(default_factory=dict)


@dataclass
class Account:
    id: str
    name: str
    email: str
    arn: str
    state: str
    joined_method: str
    joined: datetime
    root: RootUser
    parent: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    contact: dict[str, str] = field(default_factory=dict)  # members of ContactInformation
    alternate_contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    email_update: EmailUpdate | None = None
    phone_code: str | None = None
    closure: Closure | None = None
    elsewhere: Sender | None = None  # the other organization it is a member of


@dataclass
class Unit:
    """An organizational unit, or the root, which has no parent."""

    id: str
    name: str
    arn: str
    parent: str | None
    units: dict[str, None] = field(default_factory=dict)  # ordered sets of child IDs
    accounts: dict[str, None] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class ControlPolicy:
    """A service control policy, or a resource control policy."""

    id: str
    name: str
    arn: str
    description: str
    content: str
    type: str = SCP
    aws_managed: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Organization:
    id: str
    partition: str
    management_account: str
    root_id: str
    created: datetime
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    policies: dict[str, ControlPolicy] = field(default_factory=dict)
    attachments: dict[str, dict[str, None]] = field(default_factory=dict)  # root, OU or account ID -> policy IDs
    policy_types: dict[str, None] = field(default_factory=dict)  # enabled ones
    trusted_access: dict[str, datetime] = field(default_factory=dict)  # service principal -> since
    delegations: dict[str, dict[str, datetime]] = field(default_factory=dict)  # service principal -> account -> since
    features: dict[str, None] = field(default_factory=dict)

    def arn(self, kind: str, identifier: str = "") -> str:
        tail = f"/{identifier}" if identifier else ""
        return f"arn:{self.partition}:organizations::{self.management_account}:{kind}/{self.id}{tail}"

    def ancestors(self, identifier: str) -> list[str]:
        """IDs from the root down to the account or OU itself."""
        path = [identifier]
        parent = self.parent(identifier)
        while parent is not None:
            path.append(parent)
            parent = self.units[parent].parent
        return path[::-1]

    def parent(self, identifier: str) -> str | None:
        return self.accounts[identifier].parent if identifier in self.accounts else self.units[identifier].parent

    def path(self, account: str) -> str:
        """The value of `aws:PrincipalOrgPaths`, for example `o-a/r-b/ou-c/`."""
        return "/".join([self.id, *self.ancestors(account)[:-1], ""])

    def scps(self, account: str) -> list[list[str]] | None:
        """SCP documents by level from the root to the account; None where SCPs do not reach (management account)."""
        return self._controls(account, SCP)

    def rcps(self, account: str) -> list[list[str]] | None:
        """The same of the RCPs over an account's resources; the management account's are out of their reach too."""
        return self._controls(account, RCP)

    def _controls(self, account: str, kind: str) -> list[list[str]] | None:
        if kind not in self.policy_types or account == self.management_account or account not in self.accounts:
            return None
        return [
            [policy.content for policy in self.attached(target, kind).values()] for target in self.ancestors(account)
        ]

    def attached(self, target: str, kind: str) -> dict[str, ControlPolicy]:
        """The policies of a type that are attached to a root, OU or account, by ID."""
        attached = (self.policies[policy] for policy in self.attachments.get(target, ()))
        return {policy.id: policy for policy in attached if policy.type == kind}

    def enable(self, kind: str) -> None:
        """Enable a policy type; its full access policy is attached to all there is."""
        self.policy_types[kind] = None
        full_access = full_access_policy(kind)
        self.policies[full_access.id] = full_access
        for target in (*self.units, *self.accounts):
            self.attach(full_access.id, target)

    def disable(self, kind: str) -> None:
        """Disable a policy type: its policies are detached from everything, and stay."""
        self.policy_types.pop(kind, None)
        for target in list(self.attachments):
            for policy in self.attached(target, kind):
                del self.attachments[target][policy]

    def attach_full_access(self, target: str) -> None:
        """What a new OU or account gets."""
        for kind in self.policy_types:
            self.attach(FULL_ACCESS[kind][0], target)

    def is_delegate(self, account: str, service: str | None = None) -> bool:
        if service is not None:
            return account in self.delegations.get(service, ())
        return any(account in accounts for accounts in self.delegations.values())

    def attach(self, policy: str, target: str) -> None:
        self.attachments.setdefault(target, {})[policy] = None


def full_access_policy(kind: str) -> ControlPolicy:
    """The policy AWS attaches to every root, OU and account when a policy type is enabled."""
    identifier, name = FULL_ACCESS[kind]
    statement = _ALLOW_ALL if kind == SCP else {**_ALLOW_ALL, "Principal": "*"}
    return ControlPolicy(
        identifier,
        name,
        f"arn:aws:organizations::aws:policy/{kind.lower()}/{identifier}",
        "Allows access to every operation" if kind == SCP else "Allows access to every resource",
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        kind,
        aws_managed=True,
    )


FEATURES = ("RootCredentialsManagement", "RootSessions")


STATES = ("ACTIVE", "SUSPENDED", "PENDING_ACTIVATION", "PENDING_CLOSURE", "CLOSED")


IAM_SERVICE = "iam.amazonaws.com"


class Switches(NamedTuple):
    """Trusted access for IAM, its delegated administrators, the organization's root features."""

    trusted: bool
    delegates: frozenset[str]
    features: frozenset[str]


def switches(organization: Organization) -> Switches:
    return Switches(
        IAM_SERVICE in organization.trusted_access,
        frozenset(organization.delegations.get(IAM_SERVICE, ())),
        frozenset(organization.features),
    )
