# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Organizations' accounts as they come and go: created, invited, transferred, removed, closed (aws-facts 5c).

Texts of refusals are AWS's own where a recording of them is public; the others are those of the service model's
documentation, and the conformance table says which.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.lifecycle import Sender
from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.services import sso_provisioning, stack_set_instances
from breakglass_aws.sandbox.services.organizations_shared import (
    add_organizations_event,
    constraint,
    find_account,
    long_date,
    own_organization,
    require_management,
    require_member,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

WAIT_PERIOD = timedelta(days=4)

_MISSING = (
    "The member account is missing one or more of the prerequisites required to operate as a standalone account. "
    "To add what is missing, sign-in to the member account using the AWS Organizations console, then select to leave "
    "the organization. You will then be prompted to enter any missing information."
)


# Who may call


# Coming and going


def add_joined_event(state: State, organization: Sender, account: str, method: str, moment: datetime) -> None:
    details = {"joinedMethod": method, "joinedTime": long_date(moment)}
    _add_membership_event(state, organization, "AccountJoinedOrganization", account, moment, details)


def add_departed_event(state: State, organization: Sender, account: str, method: str, moment: datetime) -> None:
    details = {"departureMethod": method, "departureTime": long_date(moment)}
    _add_membership_event(state, organization, "AccountDepartedOrganization", account, moment, details)


def _add_membership_event(
    state: State, organization: Sender, name: str, account: str, moment: datetime, details: dict[str, str]
) -> None:
    known = {"managementAccountId": organization.management_account, "memberAccountId": account}
    add_organizations_event(state, organization.management_account, name, moment, known | details)


def join(state: State, account: Account, method: str, moment: datetime) -> None:
    """Make an account a member, in the root."""
    organization = state.organization
    state.outside.pop(account.id, None)
    account.parent, account.joined, account.joined_method, account.elsewhere = (
        organization.root_id,
        moment,
        method,
        None,
    )
    account.arn = organization.arn("account", account.id)
    organization.accounts[account.id] = account
    organization.units[account.parent].accounts[account.id] = None
    organization.attach_full_access(account.id)
    add_joined_event(state, own_organization(state), account.id, method, moment)


def depart(state: State, account: Account, method: str, moment: datetime) -> None:
    """Make an account a standalone one: no policies, no tags on the account object any more (aws-facts 5c, 8)."""
    organization = state.organization
    add_departed_event(state, own_organization(state), account.id, method, moment)
    del organization.accounts[account.id]
    organization.units[account.parent].accounts.pop(account.id, None)
    organization.attachments.pop(account.id, None)
    for delegates in organization.delegations.values():
        delegates.pop(account.id, None)
    account.parent = ""
    account.tags.clear()
    stack_set_instances.forget_account(state, account.id)
    sso_provisioning.forget_account(state, account.id)
    # Its execution role stays, and still trusts the management account: only unenrolling takes it away.
    state.control_tower.discard(account.id)
    if method != "CLEANED":
        state.outside[account.id] = account


def check_departure(state: State, account: Account) -> None:
    """What holds for every way out: leaving, removal and transfer (aws-facts 5c)."""
    organization = state.organization
    if account.id == organization.management_account:
        raise AwsError(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization. If you want the management account to become "
            "a member account in another organization, you must first delete the current organization of the "
            "management account.",
        )
    if organization.is_delegate(account.id):
        raise constraint(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "You cannot remove a delegated administrator from the organization without de-registering the account.",
        )
    if account.joined_method == "CREATED" and now() - account.created < WAIT_PERIOD:
        raise constraint("WAIT_PERIOD_ACTIVE", "This operation requires a wait period.  Try again later.")


def _check_standing(account: Account) -> None:
    """What an account needs to live alone; a direct transfer does not ask for it (aws-facts 5c, 3).

    In which order AWS looks, and which reason stands for a missing support plan, is UNVERIFIED.
    """
    standing = account.standing
    if not standing.agreement or standing.support_plan is None:
        raise constraint("ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA", _MISSING)
    if standing.phone != "VERIFIED":
        raise constraint("ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION", _MISSING)
    if standing.payment_method == "none":
        raise constraint(
            "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
            "The member account must be configured with a valid payment method, such as a credit card.",
        )
    if standing.payment_method == "unsupported":
        raise constraint(
            "INVALID_PAYMENT_INSTRUMENT",
            "You cannot remove an account because no supported payment method is associated with the account.",
        )


def remove_account(state: State, request: Request) -> None:
    require_management(state, request)
    account = find_account(state, request.parameters.get("AccountId"))
    check_departure(state, account)
    _check_standing(account)
    depart(state, account, "REMOVED", now())


def leave_organization(state: State, request: Request) -> None:
    require_member(state, request.caller.account)
    account = state.organization.accounts[request.caller.account]
    check_departure(state, account)
    _check_standing(account)
    depart(state, account, "LEFT", now())
