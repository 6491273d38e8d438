# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policies are attached to the root, the OUs and the accounts, read policy by policy.

To list the policies of each account takes a call an account (organizations:ListPoliciesForTarget, 5 a second: aws-facts
section 6). An organization has some dozens of policies, so to list the targets of each policy takes fewer.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization, Policy


class PolicyAttachments:
    """The attachments of all policies of one type. Raises a BreakglassError when AWS does not answer."""

    def __init__(self, organization: Organization, policy_type: str) -> None:
        self._client = organization.organizations
        self._attached: dict[str, list[Policy]] = {}
        for entry in self._pages("list_policies", "Policies", "listing the policies", Filter=policy_type):
            policy = Policy(entry["Id"], entry["Name"], entry["Type"], entry["AwsManaged"])
            doing = f"listing what the policy {policy.name} is attached to"
            for target in self._pages("list_targets_for_policy", "Targets", doing, PolicyId=policy.id):
                self._attached.setdefault(target["TargetId"], []).append(policy)

    def of(self, target_id: str) -> list[Policy]:
        """The policies attached to the root, an OU or an account."""
        return self._attached.get(target_id, [])

    def as_dict(self) -> dict[str, list[str]]:
        """The IDs of the policies by target."""
        return {target: [policy.id for policy in policies] for target, policies in self._attached.items()}

    def _pages(self, operation: str, key: str, doing: str, **arguments: t.Any) -> list[dict]:
        with explained(doing):
            pages = self._client.get_paginator(operation).paginate(**arguments)
            return [entry for page in pages for entry in page[key]]
