# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to accounts over time: their standing, requests under way, and the schedule that carries them out.

Plain data; the operations are in `services/membership.py`, `services/account.py` and `people.py`.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from breakglass_aws.sandbox import names

PAYMENT_METHODS = ("none", "valid", "unsupported")
SUPPORT_PLANS = ("basic", "developer", "business", "enterprise")
ALTERNATE_CONTACTS = ("BILLING", "OPERATIONS", "SECURITY")


@dataclass
class Behaviour:
    """How fast AWS gets things done, and what it still shows. All of it may differ between any two days in AWS.

    Attributes:
        account_creation: From CreateAccount to SUCCEEDED.
        closure_shows: How long DescribeAccount says ACTIVE after CloseAccount (aws-facts 5c: over 10 minutes).
        closure: From PENDING_CLOSURE to CLOSED.
        email_update: From AcceptPrimaryEmailUpdate to COMPLETED (aws-facts 5i: up to 4 hours).
        stack_sets: From the start of a StackSet operation to its end.
        assignments: From a request of IAM Identity Center to its end.
        event_history: From a call until CloudTrail's LookupEvents shows it.
        retired_status: Whether accounts still have Status beside State (aws-facts 2.5, 3).
        account_quota: How many accounts the organization may have; 50,000 is what AWS grants at most (aws-facts 6).
    """

    account_creation: timedelta = timedelta()
    closure_shows: timedelta = timedelta()
    closure: timedelta = timedelta(seconds=5)
    email_update: timedelta = timedelta()
    stack_sets: timedelta = timedelta(seconds=1)
    assignments: timedelta = timedelta(seconds=1)
    event_history: timedelta = timedelta()
    retired_status: bool = True
    account_quota: int = 50_000


@dataclass
class Standing:
    """What an account must have to live without an organization (aws-facts 5c, 3 and 4).

    Attributes:
        payment_method: One of PAYMENT_METHODS; `unsupported` is a card AWS does not take.
        phone: VerificationStatus of GetContactInformation.
        support_plan: One of SUPPORT_PLANS, or None where none was chosen.
        agreement: Whether the customer agreement was accepted.
        billing_access: Whether IAM principals may touch billing; if not, only the root user may.
    """

    payment_method: str = "none"
    phone: str = "UNVERIFIED"
    support_plan: str | None = None
    agreement: bool = False
    billing_access: bool = True


def standalone() -> Standing:
    """The standing of an account that was opened by its owner."""
    return Standing("valid", "VERIFIED", "basic", True)


@dataclass
class EmailUpdate:
    """A change of the root user's e-mail address, waiting for the code that was sent to the new one."""

    email: str
    code: str
    started: datetime
    updated: datetime
    status: str = "PENDING"


@dataclass
class Closure:
    requested: datetime
    closed: datetime | None = None


@dataclass
class Creation:
    """A CreateAccount request."""

    id: str
    name: str
    requested: datetime
    state: str = "IN_PROGRESS"
    account: str | None = None
    completed: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Sender:
    """Who invites: an organization by its ID and management account. Ours, or another one."""

    organization: str
    management_account: str
    email: str
    name: str


@dataclass
class Handshake:
    """An invitation to join an organization."""

    id: str
    arn: str
    sender: Sender
    account: str
    target: dict[str, str]  # Id and Type as the sender gave them
    requested: datetime
    expires: datetime
    notes: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "OPEN"
    changed: datetime | None = None


@dataclass(frozen=True)
class Message:
    """A mail or a text message; where it carries a code or a link, `code` is what the reader needs of it."""

    channel: str  # mail, phone
    account: str
    to: str
    sent: datetime
    subject: str
    text: str
    code: str | None = None


class Schedule:
    """What AWS will do later, by the sandbox's clock."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._count = itertools.count()

    def at(self, moment: datetime, action: Callable[[datetime], None]) -> None:
        """Have `action` called with `moment` once the clock has reached it."""
        heapq.heappush(self._due, (moment, next(self._count), action))

    def run(self, now: datetime) -> None:
        """Do what is due, in its order."""
        while self._due and self._due[0][0] <= now:
            moment, _, action = heapq.heappop(self._due)
            action(moment)


# Invitations expire after 15 days (aws-facts 5c).
INVITATION = timedelta(days=15)


def make_invitation(
    partition: str, sender: Sender, account: str, target: dict[str, str], requested: datetime, *seed: str
) -> Handshake:
    """An open invitation; the same seed gives the same ID."""
    identifier = f"h-{names.hexadecimal(12, 'handshake', sender.organization, account, *seed)}"
    arn = f"arn:{partition}:organizations::{sender.management_account}:handshake/{sender.organization}"
    arn = f"{arn}/invite/{identifier}"
    return Handshake(identifier, arn, sender, account, target, requested, requested + INVITATION)
