# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root credentials accounts have, and taking them away."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import SweepOptions, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

_ACCESS_KEY = re.compile(r"A[KS]IA\w{12,124}\Z", re.ASCII)
_CERTIFICATE = re.compile(r"[A-Z0-9]{24,128}\Z", re.ASCII)
_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}\Z", re.ASCII)
_DEVICE_ARN = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):(mfa|u2f|sms-mfa)/.+")
_LONGEST_DAYS = 36_500


@dataclass(frozen=True)
class Wish:
    """Which root credentials are to be gone. ``serials`` are the MFA devices meant, None all of them."""

    kinds: tuple[str, ...]
    guard: root_user.Guard
    serials: frozenset | None = None

    def terms(self, organization: Organization) -> dict:
        """What two runs must agree on for the one to rely on what the other did."""
        return {
            "do": "root_credentials",
            "organization": organization.describe()["id"],
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


def check_guard(days: int, allowed: t.Sequence[str], now: datetime) -> root_user.Guard:
    """The guard that the options mean."""
    if not 0 <= days <= _LONGEST_DAYS:
        raise InvalidInput("recently_used_days", days, f"a number of days from 0 to {_LONGEST_DAYS}")
    for id in allowed:
        if id != v.PASSWORD and not _ACCESS_KEY.match(id) and not _CERTIFICATE.match(id):
            raise InvalidInput(
                "allow_recently_used", id, f'the ID of an access key or a signing certificate, or "{v.PASSWORD}"'
            )
    return root_user.Guard(now, days, frozenset(allowed))


def check_serials(
    serials: t.Sequence[str] | None, kinds: t.Collection[str], partition: str, targets: t.Sequence[Target]
) -> frozenset | None:
    """The MFA devices named, None when none is. An ARN tells whose a device is: it must belong to a target."""
    if serials is None:
        return None
    if v.MFA_DEVICES not in kinds:
        raise InvalidInput("mfa_serials", serials, f"nothing, unless kinds has {v.MFA_DEVICES}")
    if not serials:
        raise InvalidInput("mfa_serials", serials, "at least one serial number, or no mfa_serials at all")
    accounts = {target.account.id for target in targets}
    for serial in serials:
        if not _SERIAL.match(serial):
            raise InvalidInput("mfa_serials", serial, "a serial number, or an ARN, as root_credentials_info tells it")
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


def audit(
    connection: Connection, organization: Organization, targets: list[Target], options: SweepOptions | None = None
) -> list[dict]:
    """The root credentials of each target."""

    def look(account_id: str, entry: dict) -> None:
        iam = _act_as_root(connection, organization, account_id, v.AUDIT_ROOT_CREDENTIALS, entry)
        entry["root_credentials"] = root_user.read_root_credentials(iam, account_id)
        entry["outcome"] = v.UNCHANGED if any(root_user.identify(entry["root_credentials"]).values()) else v.ABSENT

    blank = {"root_credentials": None, "session": None}
    return sweep(targets, look, blank, explain_error=_name_policies(organization), options=options)


def remove(
    connection: Connection,
    organization: Organization,
    targets: list[Target],
    wish: Wish,
    check_mode: bool,
    options: SweepOptions | None = None,
) -> list[dict]:
    """The chosen kinds of root credentials gone from each target; in check mode, what would go.

    Looking, removing and looking again happen in one session. Check mode opens one that could not remove anything.
    """
    task = v.AUDIT_ROOT_CREDENTIALS if check_mode else v.DELETE_ROOT_CREDENTIALS

    def clean(account_id: str, entry: dict) -> None:
        iam = _act_as_root(connection, organization, account_id, task, entry)
        before = root_user.read_root_credentials(iam, account_id)
        plan = root_user.plan_removal(before, wish.kinds, wish.guard, wish.serials)
        entry.update(before=before, after=before)
        if not any(item.outcome == v.REMOVED for item in plan):
            _conclude(entry, plan)
        elif check_mode:
            entry["after"] = root_user.without(before, plan)
            _conclude(entry, plan)
        else:
            done = root_user.remove(iam, account_id, plan)
            _conclude(entry, done)  # should the process be in trouble from here on, the entry is not empty
            entry["after"], confirmed = root_user.read_back(iam, account_id, before, done)
            _conclude(entry, confirmed)

    blank = {
        "changed": False,
        "before": None,
        "after": None,
        "items": [],
        "leftover_mfa_devices": [],
        "session": None,
    }
    return sweep(targets, clean, blank, explain_error=_name_policies(organization), options=options)


def unknown_serials(serials: frozenset | None, entries: list[dict]) -> list[str]:
    """The named MFA devices that no root user had, when every account was looked into."""
    if serials is None or any(entry["before"] is None for entry in entries):
        return []
    found = {device["serial"] for entry in entries for device in entry["before"][v.MFA_DEVICES]}
    return sorted(serials - found)


def _name_policies(organization: Organization) -> t.Callable[[BreakglassError], BreakglassError]:
    return lambda error: explain_denial_in_root_session(error, ServiceControlPolicies(organization))


def diff(entries: list[dict]) -> dict:
    """Before and after, as lines for a person, of the accounts that change."""
    changed = [entry for entry in entries if entry["changed"] and entry["after"]]
    return {
        side: {f"{entry['account_id']} {entry['name']}": _describe(entry[side]) for entry in changed}
        for side in ("before", "after")
    }


def _act_as_root(
    connection: Connection, organization: Organization, account_id: str, task: v.Task, entry: dict
) -> t.Any:
    """An IAM client that provably acts as the account's root user."""
    session = open_root_session(connection, organization, account_id, task)
    entry["session"] = session.public
    session.assert_root_of(account_id)
    return session.client("iam")


def _conclude(entry: dict, items: list[root_user.Item]) -> None:
    """The account's outcome from those of its items."""
    outcome = v.worst(item.outcome for item in items)
    entry.update(
        items=[{"kind": item.kind, "id": item.id, "outcome": item.outcome, "reason": item.reason} for item in items],
        leftover_mfa_devices=[
            item.id
            for item in items
            if item.kind == v.MFA_DEVICES and item.outcome == v.REMOVED and root_user.is_virtual_device(item.id)
        ],
        changed=any(item.outcome in (v.REMOVED, v.UNVERIFIED) for item in items),
        outcome=outcome,
        reason=""
        if outcome in (v.REMOVED, v.ABSENT)
        else " ".join(f"{item.id}: {item.reason}" for item in items if item.outcome == outcome),
    )


def _describe(credentials: dict) -> list[str]:
    def used(date: str | None) -> str:
        return f"last used {date}" if date else "never used"

    lines = [
        f"access key {key['id']} ({key['status']}, {used(key['last_used']['date'])})"
        for key in credentials[v.ACCESS_KEYS]
    ]
    lines += [f"signing certificate {one['id']} ({one['status']})" for one in credentials[v.SIGNING_CERTIFICATES]]
    if credentials[v.PASSWORD]["present"]:
        lines.append(f"password ({used(credentials[v.PASSWORD]['last_used'])})")
    return lines + [f"MFA device {device['serial']}" for device in credentials[v.MFA_DEVICES]]
