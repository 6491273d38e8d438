# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What decides about recoveries in all accounts: the caller, the switches, trusted services, policies. Read once."""

from __future__ import annotations

import functools
import hashlib
import json
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws import stack_sets
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import (
    Account,
    Organization,
    Switches,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.policy_attachments import PolicyAttachments
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import RCP, SCP
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.policy_chains import PolicyChains
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings

FEW = 10  # accounts, for which listing the policies of each takes fewer calls than listing all attachments
_NAMES = {SCP: "service control policies", RCP: "resource control policies"}


@dataclass(frozen=True)
class OrganizationFacts:
    """An Unread is what could not be read."""

    id: str
    management_account_id: str
    feature_set: str
    caller: Caller
    role: str
    now: datetime
    created: datetime | None
    switches: Switches | Unread
    delegates: list[Account] | Unread
    trusted_services: list[str] | Unread
    stack_sets_trusted: bool | Unread
    policy_types: list[str] | Unread
    delegations: list[str] | Unread  # of the management account: none, or why no account's can be read
    chains: PolicyChains

    def digest(self) -> str:
        """Changes with what the verdicts rest on: what a journal has of accounts counts only while it is the same."""
        facts = [self.role, str(self.switches), str(self.trusted_services), str(self.stack_sets_trusted)]
        return hashlib.sha256(json.dumps([facts, self.chains.answers()], sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, t.Any]:
        """The facts as the result's ``organization`` has them."""
        switches = Switches(None) if isinstance(self.switches, Unread) else self.switches
        return {
            "id": self.id,
            "management_account_id": self.management_account_id,
            "feature_set": self.feature_set,
            "trusted_access": switches.trusted_access,
            "features": dict(switches.features),
            "delegated_administrators": None
            if isinstance(self.delegates, Unread)
            else [{"account_id": account.id, "name": account.name} for account in self.delegates],
        }


def read_organization(context: Context, readings: Readings, accounts: int) -> OrganizationFacts:
    """The facts; ``readings`` gets what could not be read. ``accounts`` is how many are to be judged.

    Raises a BreakglassError when the caller's account cannot read the organization at all.
    """
    organization = context.organization
    description = organization.identity()
    management = description["management_account_id"]
    role = readings.read("the caller's role", "organizations", organization.caller_role)
    policy_types = readings.read("enabled policy types", "organizations", organization.policy_types)
    attachments = _attachments(organization, readings, policy_types, accounts)
    switches = readings.read("features of centralized root access", "iam", organization.switches)
    listed = attempt(lambda: organization.account(management))
    trusted: t.Any = readings.read("trusted services", "organizations", organization.trusted_services)
    return OrganizationFacts(
        id=description["id"],
        management_account_id=management,
        feature_set=description["feature_set"],
        caller=organization.caller,
        role=v.UNKNOWN if isinstance(role, Unread) else role,
        now=organization.now(),
        created=None if isinstance(listed, Unread) or listed is None else listed.joined,
        switches=switches,
        delegates=readings.read("delegated administrators", "organizations", organization.delegated_administrators),
        trusted_services=trusted,
        stack_sets_trusted=_stack_sets(context, readings, role == v.MANAGEMENT_ACCOUNT),
        policy_types=policy_types,
        delegations=readings.read("delegations", "organizations", lambda: organization.delegations_of(management)),
        chains=PolicyChains(organization, attachments, readings),
    )


def _attachments(
    organization: Organization, readings: Readings, policy_types: list[str] | Unread, accounts: int
) -> dict[str, PolicyAttachments] | Unread | None:
    """The attachments by type; None where few accounts are judged. Unread when those of one type could not be read."""
    if isinstance(policy_types, Unread):
        return policy_types
    if accounts <= FEW:
        return None
    found: dict[str, PolicyAttachments] = {}
    for policy_type in (SCP, RCP):
        if policy_type in policy_types:
            read = functools.partial(PolicyAttachments, organization, policy_type)
            attachments = readings.read(_NAMES[policy_type], "organizations", read)
            if isinstance(attachments, Unread):
                return attachments
            found[policy_type] = attachments
    return found


def _stack_sets(context: Context, readings: Readings, is_management: bool) -> bool | Unread:
    """Only the management account can use them to restore a role."""
    if not is_management:
        return False
    client = context.connection.client("cloudformation")
    return readings.read("trusted access of StackSets", "cloudformation", lambda: stack_sets.access_status(client))
