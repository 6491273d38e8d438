# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to an account, and to others, when it is removed, transferred or closed. Facts in, answers out."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._accounts.finding import (
    CHECKED,
    NOT_CHECKABLE,
    PERSON,
    Answer,
    Facts,
    not_checked,
)
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread


def scp_protections(facts: Facts) -> Answer:
    text = "Service control policies no longer apply, so permissions in the account widen"
    if isinstance(facts.policies, Unread):
        return not_checked(facts.policies, f"{text}.")
    if not facts.policies:
        return Answer(CHECKED, False, "No service control policy but AWS's FullAWSAccess applies to it.")
    listed = ", ".join(policy.name for policy in facts.policies)
    return Answer(CHECKED, True, f"{text}: {listed}.", "Review what its principals may do without the policies.")


def rcp_protections(facts: Facts) -> Answer:
    """RCPs apply to the resources of the organization's member accounts (AWS Organizations user guide, "RCPs")."""
    text = "Resource control policies no longer apply to its resources, so what their own policies allow is allowed"
    if isinstance(facts.resource_policies, Unread):
        return not_checked(facts.resource_policies, f"{text}.")
    if not facts.resource_policies:
        return Answer(CHECKED, False, "No resource control policy but AWS's RCPFullAWSAccess applies to it.")
    listed = ", ".join(policy.name for policy in facts.resource_policies)
    fix = "Review what the policies of its buckets, queues, keys, secrets and roles allow without them."
    return Answer(CHECKED, True, f"{text}: {listed}.", fix)


def tags(facts: Facts) -> Answer:
    if isinstance(facts.tags, Unread):
        return not_checked(facts.tags, "The tags of the account object are deleted.")
    if not facts.tags:
        return Answer(CHECKED, False, "The account object has no tags.")
    text = f"The tags of the account object are deleted: {', '.join(sorted(facts.tags))}."
    return Answer(CHECKED, True, text, "Keep this result: its field tags has them.")


def stack_sets(facts: Facts) -> Answer:
    text = "Stacks of service-managed StackSets are deleted from it, unless the StackSet retains stacks"
    if isinstance(facts.stack_sets, Unread):
        return not_checked(facts.stack_sets, f"{text}.")
    if not facts.stack_sets:
        return Answer(CHECKED, False, "No service-managed StackSet of this region has a stack in it.")
    listed = ", ".join(f"{one['name']} ({'retained' if one['retained'] else 'deleted'})" for one in facts.stack_sets)
    fix = "Check that the account does not need them. Other regions have their own StackSets."
    return Answer(CHECKED, True, f"{text}: {listed}.", fix)


def identity_center(facts: Facts) -> Answer:
    text = "IAM Identity Center deletes its roles in the account: people who sign in through it lose access"
    fix = "Create another administrator first, and test it."
    if isinstance(facts.permission_sets, Unread):
        return not_checked(facts.permission_sets, f"{text}.", fix)
    if not facts.permission_sets:
        return Answer(CHECKED, False, "No permission set of IAM Identity Center is provisioned in it.")
    return Answer(CHECKED, True, f"{text}: {len(facts.permission_sets)} permission set(s).", fix)


def access_role(facts: Facts) -> Answer:
    text = (
        f"Roles in the account keep trusting the old management account {facts.management_account_id}, "
        "above all OrganizationAccountAccessRole."
    )
    if facts.account.joined_method == "CREATED":
        text += " AWS created that role together with the account."
    fix = "Once another administrator exists, delete the roles or change their trust policies (IAM, Roles)."
    return Answer(NOT_CHECKABLE, None, text, fix)


def _always(status: str, text: str, fix: str = "", holds: bool | None = None) -> t.Callable[[Facts], Answer]:
    """A consequence that is the same for every account."""
    return lambda facts: Answer(status, holds, text, fix)


ram_shares = _always(
    NOT_CHECKABLE,
    "It loses resources shared with it through AWS RAM, and others lose what it shares, unless the share was created "
    "with retainSharingOnAccountLeaveOrganization.",
    "Check in the account: Resource Access Manager, Shared with me and Shared by me, in each region.",
)
cost_history = _always(
    PERSON,
    "It loses access to its cost and usage history, and agreements for the whole organization (AWS Artifact) end.",
    "Before that, export what is needed from Cost Explorer, and download the agreements.",
)
services_end = _always(
    PERSON,
    "The organization's trail, and its membership in GuardDuty, Security Hub, Config aggregation and the like, end.",
    "Turn these services on in the account itself where it needs them.",
)
conditions = _always(
    PERSON,
    "Policies that allow the organization (aws:PrincipalOrgID, aws:ResourceOrgID, aws:SourceOrgID) stop allowing it.",
    "Search for such policies (Account Assessment for AWS Organizations does that).",
)
new_owner = _always(
    PERSON,
    "The new organization's management account can open root sessions in it as soon as it has joined, if centralized "
    "root access is on there. The account joins at that organization's root, under its policies.",
)
reopening = _always(
    CHECKED,
    "AWS Support can reopen it within 90 days of its closure. After that, everything in it is deleted permanently.",
    holds=True,
)
email_blocked = _always(
    CHECKED,
    "Its e-mail address can never be used for another AWS account.",
    "If the address is needed, change it first: breakglass.aws.root_email.",
    holds=True,
)
govcloud = _always(
    NOT_CHECKABLE, "A linked AWS GovCloud (US) account is closed with it.", "Ask its owners whether there is one."
)
