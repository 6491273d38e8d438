# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which root credentials are to be removed: the options of root_credentials, checked. No AWS, no Ansible."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._approved_items import ApprovedItem, show_items
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._time import parse_time

_ACCESS_KEY = re.compile(r"A[KS]IA\w{12,124}\Z", re.ASCII)
_CERTIFICATE = re.compile(r"[A-Z0-9]{24,128}\Z", re.ASCII)
_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}\Z", re.ASCII)
_DEVICE_ARN = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):(mfa|u2f|sms-mfa)/.+")
_LONGEST_DAYS = 36_500

# kind -> what accepts an ID of it, and what that is in words
ACCEPTED_IDS: dict[str, tuple[t.Callable[[str], t.Any], str]] = {
    v.ACCESS_KEYS: (_ACCESS_KEY.match, "the ID of an access key"),
    v.SIGNING_CERTIFICATES: (_CERTIFICATE.match, "the ID of a signing certificate"),
    v.PASSWORD: (lambda id: id == v.PASSWORD, f'"{v.PASSWORD}"'),
    v.MFA_DEVICES: (_SERIAL.match, "the serial number or ARN of an MFA device"),
}


@dataclass(frozen=True)
class Item:
    """One root credential and its outcome, planned or real. The ID of the password is "password".

    ``created`` is when it was created, uploaded or enabled, where AWS says.
    """

    kind: str
    id: str
    outcome: str
    reason: str = ""
    created: str | None = None


@dataclass(frozen=True)
class Guard:
    """Keeps what was used within ``days`` before ``now``, unless its ID is ``allowed``. Zero days keep nothing."""

    now: datetime
    days: int
    allowed: frozenset = frozenset()

    def judge(self, kind: str, id: str, created: str | None, last_used: str | None) -> Item:
        """The item as ``removed`` or as ``skipped``, with the reason for a person."""
        if kind == v.SIGNING_CERTIFICATES:
            return self._judge_by_age(kind, id, created)
        item = Item(kind, id, v.REMOVED, created=created)
        if last_used and self._is_recent(last_used):
            used = f"Used {self._ago(last_used)}"
            if id in self.allowed:
                return replace(item, reason=f"{used}; allowed by allow_recently_used.")
            reason = f"{used}. To remove it anyway, name {id} in allow_recently_used."
            return replace(item, outcome=v.SKIPPED, reason=reason)
        if not last_used and created and self._is_recent(created):
            return replace(item, reason=f"Created {self._ago(created)} and never used.")
        return item

    def _judge_by_age(self, kind: str, id: str, created: str | None) -> Item:
        """For certificates, whose last use AWS does not report: a new one may well be in use."""
        item = Item(kind, id, v.REMOVED, created=created)
        unknown = "AWS does not report when a signing certificate was last used"
        if not created or not self._is_recent(created):
            return replace(item, reason=f"{unknown}.")
        if id in self.allowed:
            return replace(item, reason=f"Uploaded {self._ago(created)}; allowed by allow_recently_used.")
        reason = f"Uploaded {self._ago(created)}, and {unknown}. To remove it anyway, name {id} in allow_recently_used."
        return replace(item, outcome=v.SKIPPED, reason=reason)

    def _is_recent(self, moment: str) -> bool:
        # AWS's clock may be ahead of this machine's.
        return self.days > 0 and self.now - parse_time(moment) < timedelta(days=self.days)

    def _ago(self, moment: str) -> str:
        days = max(0, (self.now - parse_time(moment)).days)
        return "less than a day ago" if days == 0 else f"{days} day{'s' if days > 1 else ''} ago"


@dataclass(frozen=True)
class RemovalRequest:
    """Which root credentials are to be removed.

    ``serials`` are the MFA devices meant, None all of them. ``approved`` are the only items that may be removed, None
    when that is not limited.
    """

    kinds: tuple[str, ...]
    guard: Guard
    serials: frozenset | None = None
    approved: tuple[ApprovedItem, ...] | None = None

    def touches(self, account_id: str) -> bool:
        """Whether anything may be removed from an account."""
        return self.approved is None or any(item.account_id == account_id for item in self.approved)

    def restrict(self, item: Item, account_id: str) -> Item:
        """The item, kept unless it is approved."""
        if self.approved is None:
            return item
        found = next((one for one in self.approved if one.key == (account_id, item.kind, item.id)), None)
        if found is None:
            return replace(item, outcome=v.SKIPPED, reason="It is not one of the approved items.")
        if found.created and found.created != item.created:
            reason = f"It was created at {item.created}, the approved one at {found.created}."
            return replace(item, outcome=v.SKIPPED, reason=reason)
        return item

    def approved_in(self, account_id: str) -> list[Item]:
        """The approved items of an account, as they are when they do not exist any more."""
        reason = "It was approved, and does not exist any more."
        return [
            Item(item.kind, item.id, v.ABSENT, reason, item.created)
            for item in self.approved or ()
            if item.account_id == account_id
        ]

    def terms(self, organization_id: str) -> dict:
        """What two runs must have in common for the journal of one to count for the other."""
        approved = {} if self.approved is None else {"approved": show_items(self.approved)}
        return {
            **approved,
            "do": "root_credentials",
            "organization": organization_id,
            "kinds": sorted(self.kinds),
            "days": self.guard.days,
            "allowed": sorted(self.guard.allowed),
            "serials": None if self.serials is None else sorted(self.serials),
        }


def check_kinds(kinds: t.Sequence[str]) -> tuple[str, ...]:
    """The kinds chosen; InvalidInput when there is none."""
    if not kinds:
        raise InvalidInput("kinds", kinds, f"at least one of {', '.join(v.KINDS)}")
    return tuple(kinds)


def check_guard(days: int, allowed: t.Sequence[str], now: datetime) -> Guard:
    """The guard of recently_used_days and allow_recently_used; InvalidInput for what they cannot be."""
    if not 0 <= days <= _LONGEST_DAYS:
        raise InvalidInput("recently_used_days", days, f"a number of days from 0 to {_LONGEST_DAYS}")
    for id in allowed:
        if id != v.PASSWORD and not _ACCESS_KEY.match(id) and not _CERTIFICATE.match(id):
            raise InvalidInput(
                "allow_recently_used", id, f'the ID of an access key or a signing certificate, or "{v.PASSWORD}"'
            )
    return Guard(now, days, frozenset(allowed))


def check_serials(
    serials: t.Sequence[str] | None, kinds: t.Collection[str], partition: str, targets: t.Sequence[Target]
) -> frozenset | None:
    """The MFA devices named, None when none is. The account in an ARN must be a target."""
    if serials is None:
        return None
    if v.MFA_DEVICES not in kinds:
        raise InvalidInput("mfa_serials", serials, f"nothing, unless kinds has {v.MFA_DEVICES}")
    if not serials:
        raise InvalidInput("mfa_serials", serials, "at least one serial number, or no mfa_serials at all")
    accounts = {target.account.id for target in targets}
    for serial in serials:
        if not _SERIAL.match(serial):
            raise InvalidInput("mfa_serials", serial, "a serial number or ARN, as root_credentials_info returns it")
        arn = _DEVICE_ARN.match(serial)
        if serial.startswith("arn:") and (
            arn is None or arn["partition"] != partition or arn["account"] not in accounts
        ):
            raise InvalidInput(
                "mfa_serials",
                serial,
                f"a device of an account this task is for, as in arn:{partition}:iam::ACCOUNT:mfa/NAME",
            )
    return frozenset(serials)
