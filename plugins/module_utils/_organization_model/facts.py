# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of an organization that a model has, the permission that each needs, and what is unknown without it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied

# IAM's answer to a caller who is neither the management account nor the delegated administrator (aws-facts 1.3).
_NOT_FOR_CALLER = "AccountNotManagementOrDelegatedAdministratorException"


@dataclass(frozen=True)
class Fact:
    """A fact: what it is, the action that reads it, and all actions whose answers would be untrue without it."""

    what: str
    permission: str
    tells: tuple[str, ...]


def _organizations(*operations: str) -> tuple[str, ...]:
    return tuple(f"organizations:{operation}" for operation in operations)


_UNITS = _organizations("ListOrganizationalUnitsForParent", "DescribeOrganizationalUnit")
_ATTACHED = _organizations("ListPoliciesForTarget", "ListTargetsForPolicy")
_PLACES = _organizations("ListAccountsForParent", "ListParents", "ListChildren")

UNITS = Fact("organizational units", _UNITS[0], _UNITS)
PLACES = Fact("the OU of each account", _PLACES[0], (*_PLACES, *_UNITS, *_ATTACHED))
POLICY_TYPES = Fact("policy types", "organizations:ListRoots", _organizations("ListRoots", "ListPolicies") + _ATTACHED)
POLICIES = Fact("policies", "organizations:ListPolicies", _organizations("ListPolicies") + _ATTACHED)
DOCUMENTS = Fact("documents of policies", "organizations:DescribePolicy", _organizations("DescribePolicy"))
ATTACHMENTS = Fact("attachments of policies", "organizations:ListTargetsForPolicy", _ATTACHED)
TRUSTED_ACCESS = Fact(
    "trusted access",
    "organizations:ListAWSServiceAccessForOrganization",
    _organizations("ListAWSServiceAccessForOrganization"),
)
DELEGATIONS = Fact(
    "delegated administrators",
    "organizations:ListDelegatedAdministrators",
    _organizations("ListDelegatedAdministrators", "ListDelegatedServicesForAccount"),
)
FEATURES = Fact(
    "features of centralized root access", "iam:ListOrganizationsFeatures", ("iam:ListOrganizationsFeatures",)
)
TAGS = Fact("tags of accounts", "organizations:ListTagsForResource", _organizations("ListTagsForResource"))
CONTACTS = Fact(
    "contacts of accounts",
    "account:GetAlternateContact",
    ("account:GetAlternateContact", "account:GetContactInformation"),
)
ACCESS_ROLES = Fact("access roles", "sts:AssumeRole", ())


@dataclass(frozen=True)
class NotRead:
    """A fact that the model lacks: why, and what to do about it. ``account_id`` where it is one account's."""

    fact: Fact
    reason: str
    fix: str
    account_id: str | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """The entry of the result."""
        return {
            "what": self.fact.what,
            "account_id": self.account_id,
            "permission": self.fact.permission,
            "reason": self.reason,
            "fix": self.fix,
        }


@dataclass
class Attempt:
    """Reads facts. What a permission is missing for is noted; every other error ends the model."""

    connection: Connection
    not_read: list[NotRead] = field(default_factory=list)

    def read(self, fact: Fact, read: t.Callable[[], t.Any], otherwise: t.Any) -> t.Any:
        """What ``read`` returns; ``otherwise`` when AWS denies it, which is noted once a fact."""
        if self.is_unknown(fact):
            return otherwise
        try:
            return read()
        except BreakglassError as error:
            if not (is_denied(error) or error.code == _NOT_FOR_CALLER) or self.connection.ends_run(error):
                raise
            self.note(fact, error.cause, f"Allow the caller {fact.permission}.")
            return otherwise

    def note(self, fact: Fact, reason: str, fix: str, account_id: str | None = None) -> None:
        """Note that a fact is not known."""
        self.not_read.append(NotRead(fact, reason, fix, account_id))

    def is_unknown(self, fact: Fact) -> bool:
        """Whether it was noted for the whole organization."""
        return any(one.fact == fact and one.account_id is None for one in self.not_read)
