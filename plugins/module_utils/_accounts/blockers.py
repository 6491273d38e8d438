# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reasons that prevent an account from being removed, transferred or closed. Facts in, answers out."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.finding import (
    CHECKED,
    NOT_CHECKABLE,
    PERSON,
    Answer,
    Facts,
    not_checked,
)
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import CONTACT_REQUIRED
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import concerns_action
from ansible_collections.breakglass.aws.plugins.module_utils._targets import MANAGEMENT_ACCOUNT_IS_NO_TARGET
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

# aws-facts 5c; older copies of AWS's quota page say 7 days.
WAITING_PERIOD = timedelta(days=4)
# A direct transfer needs an organization of that age.
ORGANIZATION_AGE = timedelta(days=7)
CLOSURES_AT_ONCE = 3
_JOINING = ("organizations:AcceptHandshake", "organizations:LeaveOrganization")

_SIGN_UP = (
    "https://portal.aws.amazon.com/gp/aws/developer/registration/index.html?client=organizations&enforcePI=True, "
    "signed in to the account with permission to change its billing"
)


# The account itself


def management_account(facts: Facts) -> Answer:
    if facts.account.id != facts.management_account_id:
        return Answer(CHECKED, False, "It is a member account.")
    cause = MANAGEMENT_ACCOUNT_IS_NO_TARGET[0]
    fix = "The management account must be last: delete the organization first, or close all member accounts."
    return Answer(CHECKED, True, f"{cause[:1].upper()}{cause[1:]}.", fix)


def state(facts: Facts) -> Answer:
    state = facts.account.state
    if state == "ACTIVE":
        return Answer(CHECKED, False, "Its state is ACTIVE.")
    fix = "Have AWS Support reopen the account first (a closed one within 90 days of its closure)."
    return Answer(CHECKED, True, f"Its state is {state}.", fix)


def waiting_period(facts: Facts) -> Answer:
    """Accounts created in the organization must be 4 days old, invited ones not (aws-facts 5c, 1)."""
    account = facts.account
    if account.joined_method == "INVITED":
        return Answer(CHECKED, False, "It was invited: it has no waiting period.")
    # Where Account Management does not answer, an account created here is as old as its membership.
    created = account.joined if isinstance(facts.created, Unread) else facts.created
    if created is None:
        return Answer(NOT_CHECKABLE, None, "AWS does not return when it was created.")
    over = created + WAITING_PERIOD
    text = f"It was created on {format_time(created)}; the waiting period of 4 days ends on {format_time(over)}."
    return Answer(CHECKED, facts.now < over, text, f"Wait until {format_time(over)}.")


def delegated_administrator(facts: Facts) -> Answer:
    if isinstance(facts.delegations, Unread):
        return not_checked(facts.delegations, "It must be delegated administrator for no service.")
    if not facts.delegations:
        return Answer(CHECKED, False, "It is delegated administrator for no service.")
    listed = ", ".join(facts.delegations)
    fix = (
        "Deregister it for each (breakglass.aws.root_access, delegated_administrator, for iam.amazonaws.com); some "
        "services have a call or a console page of their own for it."
    )
    return Answer(CHECKED, True, f"It is delegated administrator for {listed}.", fix)


# What it needs to live alone (aws-facts 5c, 3)


def payment_method(facts: Facts) -> Answer:
    text = "The account must have a valid payment method. No API returns whether it has."
    fix = f"Enter it on the page {_SIGN_UP}. With Enterprise Support, billing support can arrange invoicing instead."
    return Answer(PERSON, None, text, fix)


def phone_verification(facts: Facts) -> Answer:
    text = "The phone number of the contact information must be verified."
    fix = f"Verify it: account:SendPhoneNumberVerification and VerifyPhoneNumber, or on the page {_SIGN_UP}."
    if isinstance(facts.contact, Unread):
        return not_checked(facts.contact, text, fix)
    verified = facts.contact["phone_verification"]
    if verified not in ("VERIFIED", "UNVERIFIED", "PENDING"):
        return Answer(PERSON, None, f"{text} AWS does not return it here.", fix)
    return Answer(CHECKED, verified != "VERIFIED", f"The phone number's verification: {verified}.", fix)


def contact_information(facts: Facts) -> Answer:
    text = "The contact information must be complete."
    if isinstance(facts.contact, Unread):
        return not_checked(facts.contact, text)
    missing = [field for field in CONTACT_REQUIRED if not facts.contact.get(field)]
    if missing:
        fix = "Complete it: account:PutContactInformation, or the page Account of the console."
        return Answer(CHECKED, True, f"The contact information lacks {', '.join(missing)}.", fix)
    return Answer(CHECKED, False, "The contact information is complete.")


def support_plan(facts: Facts) -> Answer:
    text = "A support plan must have been chosen; Basic is enough. No API returns it."
    return Answer(PERSON, None, text, f"Choose it on the page {_SIGN_UP}.")


def agreement(facts: Facts) -> Answer:
    text = "The AWS Customer Agreement must have been accepted for the account. No API returns it."
    return Answer(PERSON, None, text, f"Accept it on the page {_SIGN_UP}.")


def root_credentials(facts: Facts) -> Answer:
    """Outside the organization no root session reaches it; only its own root user closes it or changes its e-mail
    address (aws-facts 5c, 5).
    """
    text = "Outside the organization, only its own root user can close the account or change its e-mail address."
    fix = (
        "Restore the root user first: breakglass.aws.root_password_recovery, state=open; then a person sets the "
        "password through the account's mailbox, signs in and registers an MFA device."
    )
    if isinstance(facts.root_credentials, Unread):
        return not_checked(facts.root_credentials, text, f"{facts.root_credentials.fix} {fix}".strip())
    password = facts.root_credentials[v.PASSWORD]["present"]
    devices = len(facts.root_credentials[v.MFA_DEVICES])
    has = f"{'a' if password else 'no'} password and {devices or 'no'} MFA device{'s' * (devices != 1)}"
    return Answer(CHECKED, not (password and devices), f"{text} The root user has {has}.", fix)


# Where it goes


def organization_age(facts: Facts) -> Answer:
    if facts.organization_created is None:
        text = "The organization must be 7 days old. AWS does not return when it was created."
        return Answer(NOT_CHECKABLE, None, text)
    over = facts.organization_created + ORGANIZATION_AGE
    text = f"The organization exists since {format_time(facts.organization_created)}; it must be 7 days old."
    return Answer(CHECKED, facts.now < over, text, f"Wait until {format_time(over)}.")


def invitation(facts: Facts) -> Answer:
    text = "The other organization must have invited the account. Only the account itself can read invitations."
    fix = (
        "Have its management account invite it (organizations:InviteAccountToOrganization, valid for 15 days). "
        "Check in the account: organizations:ListHandshakesForAccount, or AWS Organizations, Invitations."
    )
    return Answer(PERSON, None, text, fix)


def leave_denied(facts: Facts) -> Answer:
    """AWS's pages differ on whether joining another one takes LeaveOrganization too: both count (aws-facts 9, 5)."""
    actions = " or ".join(_JOINING)
    if isinstance(facts.documents, Unread):
        return not_checked(facts.documents, f"No service control policy may deny the account {actions}.")
    fix = (
        "Detach the policy, or move the account to an OU without it (breakglass.aws.organization_account, state=in_ou)."
    )
    denying = [name for name, document in facts.documents.items() if any(_denials(document, conditional=False))]
    if denying:
        return Answer(CHECKED, True, f"Service control policies deny {actions}: {', '.join(denying)}.", fix)
    perhaps = [name for name, document in facts.documents.items() if any(_denials(document, conditional=True))]
    if perhaps:
        text = f"Service control policies deny {actions} under conditions: {', '.join(perhaps)}."
        return Answer(PERSON, None, text, f"Check whether they apply to the person who accepts the invitation. {fix}")
    return Answer(CHECKED, False, f"No service control policy denies {actions}.")


def _denials(document: dict, conditional: bool) -> t.Iterator[dict]:
    for statement in statements(document):
        denies = statement["Effect"] == "Deny" and any(concerns_action(statement, action) for action in _JOINING)
        if denies and bool(statement.get("Condition")) is conditional:
            yield statement


def close_quota(facts: Facts) -> Answer:
    """In any 30 days the higher of 250 and 20 % of the members, at most 1,000; three at once (aws-facts 5c)."""
    if isinstance(facts.closures, Unread):
        return not_checked(facts.closures, "AWS limits closures: a quota in any 30 days, and three at once.")
    closed, pending, quota = facts.closures.closed, facts.closures.pending, facts.closures.quota
    if pending >= CLOSURES_AT_ONCE and facts.account.state != "PENDING_CLOSURE":
        text = f"{pending} accounts are being closed; AWS closes {CLOSURES_AT_ONCE} at once."
        return Answer(CHECKED, True, text, "Wait until one of them is closed.")
    if closed + pending >= quota:
        text = (
            f"AWS closes {quota} accounts of this organization in any 30 days; {closed + pending} are closed, and AWS "
            "does not return when each of them was."
        )
        fix = "Count the CloseAccount events of the last 30 days in CloudTrail."
        return Answer(NOT_CHECKABLE, None, text, fix)
    text = f"AWS closes {quota} accounts of this organization in any 30 days; at most {closed + pending} are counted."
    return Answer(CHECKED, False, text)


def control_tower(facts: Facts) -> Answer:
    """AWS Control Tower requires that accounts are unenrolled first (aws-facts 5c, 10). Its guardrails show that it
    manages an account.
    """
    fix = "Unenroll it first: AWS Control Tower, Organization, the account, Actions, Unmanage."
    text = "An account that AWS Control Tower manages must be unenrolled first."
    if isinstance(facts.trusted_services, Unread):
        return not_checked(facts.trusted_services, text, fix)
    if "controltower.amazonaws.com" not in facts.trusted_services:
        return Answer(CHECKED, False, "The organization does not use AWS Control Tower.")
    if isinstance(facts.policies, Unread):
        return not_checked(facts.policies, text, fix)
    guardrails = [policy.name for policy in facts.policies if policy.name.startswith("aws-guardrails-")]
    if guardrails:
        return Answer(CHECKED, True, f"{text} Its guardrails apply to it: {', '.join(guardrails)}.", fix)
    text = f"{text} The organization uses it, but none of its guardrails applies to the account."
    return Answer(PERSON, None, text, fix)
