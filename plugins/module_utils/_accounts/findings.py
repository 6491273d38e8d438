# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of taking an account out of the organization, and what doing so entails.

No network, no Ansible: facts in, findings out. Each finding is about one thing and says whether it was looked at
(``checked``), cannot be seen from here (``not_checkable``) or takes somebody who looks in the console (``person``).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import CONTACT_REQUIRED, Closures
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Policy
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import concerns_action
from ansible_collections.breakglass.aws.plugins.module_utils._targets import MANAGEMENT_ACCOUNT_IS_NO_TARGET
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

REMOVE, TRANSFER, CLOSE = "remove", "transfer", "close"
PURPOSES = (REMOVE, TRANSFER, CLOSE)

BLOCKING, CONSEQUENCE = "blocking", "consequence"
CHECKED, NOT_CHECKABLE, PERSON = "checked", "not_checkable", "person"

# aws-facts 5c; older copies of AWS's quota page say 7 days.
WAITING_PERIOD = timedelta(days=4)
# A direct transfer needs an organization of that age.
ORGANIZATION_AGE = timedelta(days=7)
CLOSURES_AT_ONCE = 3
_JOINING = ("organizations:AcceptHandshake", "organizations:LeaveOrganization")

_SIGN_UP = (
    "https://portal.aws.amazon.com/gp/aws/developer/registration/index.html?client=organizations&enforcePI=True, "
    "signed in to the account as somebody who may change its billing"
)


@dataclass(frozen=True)
class Finding:
    """``holds``: whether it stands in the way or comes true; None when that is not known."""

    name: str
    kind: str
    status: str
    holds: bool | None
    text: str
    fix: str = ""

    @property
    def stands(self) -> bool:
        """Whether it keeps the account from being taken out: a reason that is not known to be gone."""
        return self.kind == BLOCKING and self.holds is not False


class Answer(t.NamedTuple):
    """What a check found out: a Finding without its name and kind."""

    status: str
    holds: bool | None
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """All that findings are made from. An Unread is a fact nobody could read, or was to read."""

    account: Account
    management_account_id: str
    now: datetime
    created: datetime | Unread
    organization_created: datetime | None
    delegations: list[str] | Unread
    contact: dict | Unread
    tags: dict[str, str] | Unread
    trusted_services: list[str] | Unread
    policies: list[Policy] | Unread
    documents: dict[str, dict] | Unread
    stack_sets: list[dict] | Unread
    permission_sets: list[str] | Unread
    root_credentials: dict | Unread
    closures: Closures | Unread


def findings(purpose: str, facts: Facts, confirmed: t.Collection[str] = ()) -> list[Finding]:
    """What there is to know before an account is removed, transferred or closed; reasons in the way first.

    ``confirmed`` names reasons that cannot be seen from here and that somebody has looked after.
    """
    found = [Finding(name, kind, *check(facts)) for name, kind, purposes, check in _CHECKS if purpose in purposes]
    return [_settle(one, confirmed) for one in sorted(found, key=lambda one: one.kind)]


def verdict(purpose: str, found: t.Iterable[Finding]) -> str:
    """The findings in a sentence."""
    standing = [one for one in found if one.stands]
    certain = ", ".join(one.name for one in standing if one.holds)
    unknown = ", ".join(one.name for one in standing if one.holds is None)
    done = {REMOVE: "removed", TRANSFER: "transferred", CLOSE: "closed"}[purpose]
    if not standing:
        return f"The account can be {done}."
    parts = [f"in the way: {certain}"] * bool(certain) + [f"to be looked after and confirmed: {unknown}"] * bool(
        unknown
    )
    return f"The account cannot be {done} yet; {'; '.join(parts)}."


def _settle(finding: Finding, confirmed: t.Collection[str]) -> Finding:
    """With what somebody vouches for; what does not hold needs no fix."""
    if finding.name in confirmed and finding.holds is None:
        return replace(finding, holds=False, text=f"{finding.text} Confirmed by whoever runs this.", fix="")
    return replace(finding, fix="") if finding.holds is False else finding


def _unread(fact: Unread, what: str, fix: str = "") -> Answer:
    return Answer(NOT_CHECKABLE, None, f"{what} Not looked at: {fact.why}", fix or fact.fix)


# The account itself


def _management_account(facts: Facts) -> Answer:
    if facts.account.id != facts.management_account_id:
        return Answer(CHECKED, False, "It is a member account.")
    cause = MANAGEMENT_ACCOUNT_IS_NO_TARGET[0]
    fix = "The management account goes last: delete the organization first, or close all member accounts."
    return Answer(CHECKED, True, f"{cause[:1].upper()}{cause[1:]}.", fix)


def _state(facts: Facts) -> Answer:
    state = facts.account.state
    if state == "ACTIVE":
        return Answer(CHECKED, False, "Its state is ACTIVE.")
    fix = "Have AWS Support bring the account back first (a closed one within 90 days of its closure)."
    return Answer(CHECKED, True, f"Its state is {state}.", fix)


def _waiting_period(facts: Facts) -> Answer:
    """Accounts created in the organization must be 4 days old, invited ones not (aws-facts 5c, 1)."""
    account = facts.account
    if account.joined_method == "INVITED":
        return Answer(CHECKED, False, "It was invited: there is no waiting period.")
    # Where Account Management does not tell, an account created here is as old as its membership.
    created = account.joined if isinstance(facts.created, Unread) else facts.created
    if created is None:
        return Answer(NOT_CHECKABLE, None, "AWS does not tell when it was created.")
    over = created + WAITING_PERIOD
    text = f"It was created on {format_time(created)}; the waiting period of 4 days ends on {format_time(over)}."
    return Answer(CHECKED, facts.now < over, text, f"Wait until {format_time(over)}.")


def _delegated_administrator(facts: Facts) -> Answer:
    if isinstance(facts.delegations, Unread):
        return _unread(facts.delegations, "It must be delegated administrator for no service.")
    if not facts.delegations:
        return Answer(CHECKED, False, "It is delegated administrator for no service.")
    listed = ", ".join(facts.delegations)
    fix = (
        "Deregister it for each (breakglass.aws.root_access, delegated_administrator, for iam.amazonaws.com); some "
        "services have a call or a console page of their own for it."
    )
    return Answer(CHECKED, True, f"It is delegated administrator for {listed}.", fix)


# What it needs to live alone (aws-facts 5c, 3)


def _payment_method(facts: Facts) -> Answer:
    text = "A valid payment method must be on the account. No API tells."
    fix = f"Enter it on the page {_SIGN_UP}. With Enterprise Support, billing support can arrange invoicing instead."
    return Answer(PERSON, None, text, fix)


def _phone_verification(facts: Facts) -> Answer:
    text = "The phone number of the contact information must be verified."
    fix = f"Verify it: account:SendPhoneNumberVerification and VerifyPhoneNumber, or on the page {_SIGN_UP}."
    if isinstance(facts.contact, Unread):
        return _unread(facts.contact, text, fix)
    verified = facts.contact["phone_verification"]
    if verified not in ("VERIFIED", "UNVERIFIED", "PENDING"):
        return Answer(PERSON, None, f"{text} AWS does not tell here.", fix)
    return Answer(CHECKED, verified != "VERIFIED", f"The phone number's verification: {verified}.", fix)


def _contact_information(facts: Facts) -> Answer:
    text = "The contact information must be complete."
    if isinstance(facts.contact, Unread):
        return _unread(facts.contact, text)
    missing = [field for field in CONTACT_REQUIRED if not facts.contact.get(field)]
    if missing:
        fix = "Complete it: account:PutContactInformation, or the page Account of the console."
        return Answer(CHECKED, True, f"The contact information lacks {', '.join(missing)}.", fix)
    return Answer(CHECKED, False, "The contact information is complete.")


def _support_plan(facts: Facts) -> Answer:
    text = "A support plan must have been chosen; Basic will do. No API tells."
    return Answer(PERSON, None, text, f"Choose it on the page {_SIGN_UP}.")


def _agreement(facts: Facts) -> Answer:
    text = "The AWS Customer Agreement must have been accepted for the account. No API tells."
    return Answer(PERSON, None, text, f"Accept it on the page {_SIGN_UP}.")


def _root_credentials(facts: Facts) -> Answer:
    """Outside of the organization no root session reaches it; only its own root user closes it or changes its e-mail
    address (aws-facts 5c, 5).
    """
    text = "Once it stands alone only its own root user can close it or change its e-mail address."
    fix = (
        "Restore the root user first: breakglass.aws.root_password_recovery, state=open; then a person sets the "
        "password from the account's mailbox, signs in and registers an MFA device."
    )
    if isinstance(facts.root_credentials, Unread):
        return _unread(facts.root_credentials, text, f"{facts.root_credentials.fix} {fix}".strip())
    password = facts.root_credentials[v.PASSWORD]["present"]
    devices = len(facts.root_credentials[v.MFA_DEVICES])
    has = f"{'a' if password else 'no'} password and {devices or 'no'} MFA device{'s' * (devices != 1)}"
    return Answer(CHECKED, not (password and devices), f"{text} The root user has {has}.", fix)


# Where it goes


def _organization_age(facts: Facts) -> Answer:
    if facts.organization_created is None:
        text = "The organization must be 7 days old. AWS does not tell when it was created."
        return Answer(NOT_CHECKABLE, None, text)
    over = facts.organization_created + ORGANIZATION_AGE
    text = f"The organization has been there since {format_time(facts.organization_created)}; it must be 7 days old."
    return Answer(CHECKED, facts.now < over, text, f"Wait until {format_time(over)}.")


def _invitation(facts: Facts) -> Answer:
    text = "The other organization must have invited the account. Only the account itself sees invitations."
    fix = (
        "Have its management account invite it (organizations:InviteAccountToOrganization, good for 15 days), and look "
        "from the account: organizations:ListHandshakesForAccount, or AWS Organizations, Invitations, in its console."
    )
    return Answer(PERSON, None, text, fix)


def _leave_denied(facts: Facts) -> Answer:
    """AWS's pages differ on whether joining another one takes LeaveOrganization too: both count (aws-facts 9, 5)."""
    actions = " or ".join(_JOINING)
    if isinstance(facts.documents, Unread):
        return _unread(facts.documents, f"No service control policy may deny the account {actions}.")
    fix = "Detach it, or move the account to an OU without it (breakglass.aws.organization_account, state=in_ou)."
    denying = [name for name, document in facts.documents.items() if any(_denials(document, conditional=False))]
    if denying:
        return Answer(CHECKED, True, f"Service control policies deny {actions}: {', '.join(denying)}.", fix)
    perhaps = [name for name, document in facts.documents.items() if any(_denials(document, conditional=True))]
    if perhaps:
        text = f"Service control policies deny {actions} under conditions: {', '.join(perhaps)}."
        return Answer(PERSON, None, text, f"See whether they concern who accepts the invitation. {fix}")
    return Answer(CHECKED, False, f"No service control policy denies {actions}.")


def _denials(document: dict, conditional: bool) -> t.Iterator[dict]:
    for statement in statements(document):
        denies = statement["Effect"] == "Deny" and any(concerns_action(statement, action) for action in _JOINING)
        if denies and bool(statement.get("Condition")) is conditional:
            yield statement


def _close_quota(facts: Facts) -> Answer:
    """In any 30 days the higher of 250 and 20 % of the members, at most 1,000; three at once (aws-facts 5c)."""
    if isinstance(facts.closures, Unread):
        return _unread(facts.closures, "AWS closes so many accounts in 30 days, and three at once.")
    closed, pending, quota = facts.closures.closed, facts.closures.pending, facts.closures.quota
    if pending >= CLOSURES_AT_ONCE and facts.account.state != "PENDING_CLOSURE":
        text = f"{pending} accounts are being closed; AWS closes {CLOSURES_AT_ONCE} at once."
        return Answer(CHECKED, True, text, "Wait until one of them is closed.")
    if closed + pending >= quota:
        text = (
            f"AWS closes {quota} accounts of this organization in any 30 days; {closed + pending} are closed, and AWS "
            "does not tell when each of them was."
        )
        fix = "Count the CloseAccount events of the last 30 days in CloudTrail."
        return Answer(NOT_CHECKABLE, None, text, fix)
    text = f"AWS closes {quota} accounts of this organization in any 30 days; at most {closed + pending} are used up."
    return Answer(CHECKED, False, text)


def _control_tower(facts: Facts) -> Answer:
    """AWS Control Tower wants accounts unenrolled first (aws-facts 5c, 10). It shows by its guardrails."""
    fix = "Unenroll it first: AWS Control Tower, Organization, the account, Actions, Unmanage."
    text = "An account that AWS Control Tower manages must be unenrolled first."
    if isinstance(facts.trusted_services, Unread):
        return _unread(facts.trusted_services, text, fix)
    if "controltower.amazonaws.com" not in facts.trusted_services:
        return Answer(CHECKED, False, "The organization does not use AWS Control Tower.")
    if isinstance(facts.policies, Unread):
        return _unread(facts.policies, text, fix)
    guardrails = [policy.name for policy in facts.policies if policy.name.startswith("aws-guardrails-")]
    if guardrails:
        return Answer(CHECKED, True, f"{text} Its guardrails bind it: {', '.join(guardrails)}.", fix)
    text = f"{text} The organization uses it, but none of its guardrails binds the account."
    return Answer(PERSON, None, text, fix)


# What it entails


def _scp_protections(facts: Facts) -> Answer:
    text = "Service control policies do not bind it any more, so permissions in it widen"
    if isinstance(facts.policies, Unread):
        return _unread(facts.policies, f"{text}.")
    if not facts.policies:
        return Answer(CHECKED, False, "No service control policy but AWS's FullAWSAccess binds it.")
    listed = ", ".join(policy.name for policy in facts.policies)
    return Answer(CHECKED, True, f"{text}: {listed}.", "Review what its principals may do without them.")


def _tags(facts: Facts) -> Answer:
    if isinstance(facts.tags, Unread):
        return _unread(facts.tags, "The tags of the account object are deleted.")
    if not facts.tags:
        return Answer(CHECKED, False, "The account object has no tags.")
    text = f"The tags of the account object are deleted: {', '.join(sorted(facts.tags))}."
    return Answer(CHECKED, True, text, "They are in the field tags of this result: keep it.")


def _stack_sets(facts: Facts) -> Answer:
    text = "Stacks of service-managed StackSets are deleted from it, unless these retain stacks"
    if isinstance(facts.stack_sets, Unread):
        return _unread(facts.stack_sets, f"{text}.")
    if not facts.stack_sets:
        return Answer(CHECKED, False, "No service-managed StackSet of this region has a stack in it.")
    listed = ", ".join(f"{one['name']} ({'retained' if one['retained'] else 'deleted'})" for one in facts.stack_sets)
    fix = "See that nothing the account needs is among them. Other regions have StackSets of their own."
    return Answer(CHECKED, True, f"{text}: {listed}.", fix)


def _identity_center(facts: Facts) -> Answer:
    text = "IAM Identity Center deletes its roles from it: who signs in through it has no access any more"
    fix = "Make another way in first, and try it."
    if isinstance(facts.permission_sets, Unread):
        return _unread(facts.permission_sets, f"{text}.", fix)
    if not facts.permission_sets:
        return Answer(CHECKED, False, "No permission set of IAM Identity Center is provisioned in it.")
    return Answer(CHECKED, True, f"{text}: {len(facts.permission_sets)} permission set(s).", fix)


def _access_role(facts: Facts) -> Answer:
    text = (
        f"Roles in it keep trusting the old management account {facts.management_account_id}, "
        "OrganizationAccountAccessRole above all."
    )
    if facts.account.joined_method == "CREATED":
        text += " AWS made that role when it created the account."
    fix = "Delete them or change whom they trust, once there is another way in (IAM, Roles, Trust relationships)."
    return Answer(NOT_CHECKABLE, None, text, fix)


def _told(status: str, text: str, fix: str = "", holds: bool | None = None) -> t.Callable[[Facts], Answer]:
    """A consequence that is the same for every account."""
    return lambda facts: Answer(status, holds, text, fix)


_RAM_SHARES = _told(
    NOT_CHECKABLE,
    "It loses what is shared with it through AWS RAM, and others lose what it shares, unless the share was made with "
    "retainSharingOnAccountLeaveOrganization.",
    "Look from the account: Resource Access Manager, Shared with me and Shared by me, in each region.",
)
_COST_HISTORY = _told(
    PERSON,
    "It loses sight of its cost and usage history, and agreements made for the whole organization (AWS Artifact) end.",
    "Export what is needed from Cost Explorer, and download the agreements, before.",
)
_SERVICES_END = _told(
    PERSON,
    "The organization's trail, and its membership in GuardDuty, Security Hub, Config aggregation and the like, end.",
    "Turn on in the account what it is to have of its own.",
)
_CONDITIONS = _told(
    PERSON,
    "Policies that name the organization (aws:PrincipalOrgID, aws:ResourceOrgID, aws:SourceOrgID) stop letting it in.",
    "Search for them (Account Assessment for AWS Organizations does).",
)
_NEW_OWNER = _told(
    PERSON,
    "The new organization's management account can open root sessions in it as soon as it has joined, if centralized "
    "root access is on there. It lands in that organization's root, under that organization's policies.",
)
_REOPENING = _told(
    CHECKED,
    "Support can reopen it within 90 days of its closure; after that all in it is deleted for good.",
    holds=True,
)
_EMAIL_BLOCKED = _told(
    CHECKED,
    "Its e-mail address can never be used for another AWS account.",
    "Change it first if it is needed: breakglass.aws.root_email.",
    holds=True,
)
_GOVCLOUD = _told(
    NOT_CHECKABLE, "A linked AWS GovCloud (US) account is closed with it.", "Ask its owners whether there is one."
)

_LEAVING = (REMOVE, TRANSFER)
# name, kind, for which purposes, how it is found out
_CHECKS: tuple = (
    ("management_account", BLOCKING, PURPOSES, _management_account),
    ("account_state", BLOCKING, PURPOSES, _state),
    ("waiting_period", BLOCKING, _LEAVING, _waiting_period),
    ("organization_age", BLOCKING, (TRANSFER,), _organization_age),
    ("delegated_administrator", BLOCKING, PURPOSES, _delegated_administrator),
    ("control_tower", BLOCKING, PURPOSES, _control_tower),
    ("close_quota", BLOCKING, (CLOSE,), _close_quota),
    ("leave_denied", BLOCKING, (TRANSFER,), _leave_denied),
    ("invitation", BLOCKING, (TRANSFER,), _invitation),
    ("contact_information", BLOCKING, (REMOVE,), _contact_information),
    ("phone_verification", BLOCKING, (REMOVE,), _phone_verification),
    ("payment_method", BLOCKING, (REMOVE,), _payment_method),
    ("support_plan", BLOCKING, (REMOVE,), _support_plan),
    ("agreement", BLOCKING, (REMOVE,), _agreement),
    ("root_credentials", BLOCKING, (REMOVE,), _root_credentials),
    ("new_owner", CONSEQUENCE, (TRANSFER,), _NEW_OWNER),
    ("scp_protections", CONSEQUENCE, _LEAVING, _scp_protections),
    ("access_role", CONSEQUENCE, _LEAVING, _access_role),
    ("identity_center", CONSEQUENCE, PURPOSES, _identity_center),
    ("stack_sets", CONSEQUENCE, _LEAVING, _stack_sets),
    ("ram_shares", CONSEQUENCE, PURPOSES, _RAM_SHARES),
    ("services_end", CONSEQUENCE, _LEAVING, _SERVICES_END),
    ("conditions", CONSEQUENCE, _LEAVING, _CONDITIONS),
    ("tags", CONSEQUENCE, _LEAVING, _tags),
    ("cost_history", CONSEQUENCE, _LEAVING, _COST_HISTORY),
    ("reopening", CONSEQUENCE, (CLOSE,), _REOPENING),
    ("email_blocked", CONSEQUENCE, (CLOSE,), _EMAIL_BLOCKED),
    ("govcloud", CONSEQUENCE, (CLOSE,), _GOVCLOUD),
)

# Reasons somebody may vouch for, because they cannot always be seen from here. Only what is not known can be
# vouched for: a reason that was seen to stand stands.
CONFIRMABLE = (
    "payment_method",
    "phone_verification",
    "support_plan",
    "agreement",
    "contact_information",
    "root_credentials",
    "control_tower",
    "close_quota",
    "invitation",
    "leave_denied",
)
