# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root user's credentials, seen and removed from inside a root session.

No call here names a user: IAM then means whoever calls, the root user of the session's account. AWS answers such
calls without UserName and Path in what it returns.
"""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, parse_time

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

# IAM is eventually consistent: a deletion may take a moment to show.
READ_BACK_PAUSES = (0, 1, 2, 4)


@dataclass(frozen=True)
class Item:
    """One root credential and what becomes, or became, of it. The password's id is "password"."""

    kind: str
    id: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Guard:
    """Keeps what was used within ``days`` before ``now``, unless its id is ``allowed``. Zero days keep nothing."""

    now: datetime
    days: int
    allowed: frozenset = frozenset()

    def judge(self, kind: str, id: str, created: str | None, last_used: str | None) -> Item:
        """Remove it or keep it, and what a person should know about it."""
        if kind == v.SIGNING_CERTIFICATES:
            return self._judge_by_age(kind, id, created)
        if last_used and self._is_recent(last_used):
            used = f"Used {self._ago(last_used)}"
            if id in self.allowed:
                return Item(kind, id, v.REMOVED, f"{used}; allowed by allow_recently_used.")
            return Item(kind, id, v.SKIPPED, f"{used}: name {id} in allow_recently_used to remove it all the same.")
        if not last_used and created and self._is_recent(created):
            return Item(kind, id, v.REMOVED, f"Created {self._ago(created)} and never used.")
        return Item(kind, id, v.REMOVED)

    def _judge_by_age(self, kind: str, id: str, created: str | None) -> Item:
        """For what AWS tells no last use of: what is new may well be in use."""
        unknown = "AWS does not tell when a signing certificate was last used"
        if not created or not self._is_recent(created):
            return Item(kind, id, v.REMOVED, f"{unknown}.")
        if id in self.allowed:
            return Item(kind, id, v.REMOVED, f"Uploaded {self._ago(created)}; allowed by allow_recently_used.")
        named = f"name {id} in allow_recently_used to remove it all the same"
        return Item(kind, id, v.SKIPPED, f"Uploaded {self._ago(created)}, and {unknown}: {named}.")

    def _is_recent(self, moment: str) -> bool:
        # AWS may have a later time than this machine.
        return self.days > 0 and self.now - parse_time(moment) < timedelta(days=self.days)

    def _ago(self, moment: str) -> str:
        days = max(0, (self.now - parse_time(moment)).days)
        return "less than a day ago" if days == 0 else f"{days} day{'s' if days > 1 else ''} ago"


def read_root_credentials(iam: t.Any, account_id: str) -> dict:
    """All root credentials of the session's account: ``password``, ``access_keys``, ``signing_certificates`` and
    ``mfa_devices``, without anything secret. Raises Unreachable when any of it cannot be read: a denial is never
    "nothing there".
    """
    user = _ask(iam, account_id, "get_user")["User"]
    return {
        v.PASSWORD: _read_password(iam, account_id, user),
        v.ACCESS_KEYS: [
            {
                "id": key["AccessKeyId"],
                "status": key.get("Status"),
                "created": format_time(key.get("CreateDate")),
                "last_used": _read_last_use(iam, account_id, key["AccessKeyId"]),
            }
            for key in _list(iam, account_id, "list_access_keys", "AccessKeyMetadata")
        ],
        v.SIGNING_CERTIFICATES: [  # the answer holds the certificates' bodies too: they go no further
            {
                "id": certificate["CertificateId"],
                "status": certificate.get("Status"),
                "created": format_time(certificate.get("UploadDate")),
            }
            for certificate in _list(iam, account_id, "list_signing_certificates", "Certificates")
        ],
        v.MFA_DEVICES: [
            {"serial": device["SerialNumber"], "enabled": format_time(device.get("EnableDate"))}
            for device in _list(iam, account_id, "list_mfa_devices", "MFADevices")
        ],
    }


def identify(credentials: dict) -> dict[str, list[str]]:
    """The ids of all credentials that are there, by kind, in the order of removal."""
    return {
        v.ACCESS_KEYS: [key["id"] for key in credentials[v.ACCESS_KEYS]],
        v.SIGNING_CERTIFICATES: [certificate["id"] for certificate in credentials[v.SIGNING_CERTIFICATES]],
        v.PASSWORD: [v.PASSWORD] if credentials[v.PASSWORD]["present"] else [],
        v.MFA_DEVICES: [device["serial"] for device in credentials[v.MFA_DEVICES]],
    }


def plan_removal(
    credentials: dict, kinds: t.Collection[str], guard: Guard, serials: t.Collection[str] | None = None
) -> list[Item]:
    """What is to become of each credential of the chosen ``kinds``, in the order in which it is to happen.

    ``serials`` are the MFA devices meant, None all of them.
    """
    password = credentials[v.PASSWORD]
    items = [
        guard.judge(v.ACCESS_KEYS, key["id"], key["created"], key["last_used"]["date"])
        for key in credentials[v.ACCESS_KEYS]
    ]
    items += [
        guard.judge(v.SIGNING_CERTIFICATES, certificate["id"], certificate["created"], None)
        for certificate in credentials[v.SIGNING_CERTIFICATES]
    ]
    if password["present"]:
        items.append(guard.judge(v.PASSWORD, v.PASSWORD, password["created"], password["last_used"]))
    devices = [device["serial"] for device in credentials[v.MFA_DEVICES]]
    meant = [serial for serial in devices if serials is None or serial in serials]
    items += [_plan_device(serial) for serial in meant]
    chosen = [item for item in items if item.kind in kinds]
    stays = password["present"] and not any(item.kind == v.PASSWORD and item.outcome == v.REMOVED for item in chosen)
    alone = stays and len(meant) == len(devices)
    return [_without_password_first(item) if alone else item for item in chosen]


def remove(iam: t.Any, account_id: str, plan: list[Item]) -> list[Item]:
    """Carry out a plan, in its order; what became of each item. One that fails does not stop the others, but MFA
    devices stay when the password could not be deleted.
    """
    done = []
    password_stays = False
    for planned in plan:
        if planned.outcome != v.REMOVED:
            done.append(planned)
        elif planned.kind == v.MFA_DEVICES and password_stays:
            done.append(_without_password_first(planned))
        else:
            done.append(_remove_one(iam, account_id, planned))
        if planned.kind == v.PASSWORD and done[-1].outcome == v.FAILED:
            password_stays = True
    return done


def read_back(iam: t.Any, account_id: str, before: dict, items: list[Item]) -> tuple[dict | None, list[Item]]:
    """Look again, in the same session: the credentials now, and the items with what that shows.

    Removed but still there, or not readable, is ``unverified``. A new credential of a kind that was to be absent
    has ``failed``: somebody else is at work.
    """
    removed = {(item.kind, item.id) for item in items if item.outcome == v.REMOVED}
    try:
        for pause in READ_BACK_PAUSES:
            time.sleep(pause)
            after = read_root_credentials(iam, account_id)
            present = {(kind, id) for kind, ids in identify(after).items() for id in ids}
            if not removed & present:
                break
    except BreakglassError as error:
        return None, [_unverified(item, f"Reading back failed. {error}") for item in items]
    items = [
        _unverified(item, "Reading back still shows it.") if (item.kind, item.id) in present else item for item in items
    ]
    return after, items + _newcomers(before, after, items)


def without(credentials: dict, items: list[Item]) -> dict:
    """The credentials as they are, or would be, once the removed items are gone."""
    gone = {item.id for item in items if item.outcome == v.REMOVED}
    return {
        v.PASSWORD: _no_password() if v.PASSWORD in gone else credentials[v.PASSWORD],
        v.ACCESS_KEYS: [key for key in credentials[v.ACCESS_KEYS] if key["id"] not in gone],
        v.SIGNING_CERTIFICATES: [one for one in credentials[v.SIGNING_CERTIFICATES] if one["id"] not in gone],
        v.MFA_DEVICES: [device for device in credentials[v.MFA_DEVICES] if device["serial"] not in gone],
    }


def is_virtual_device(serial: str) -> bool:
    """Whether an MFA device is an entity of the account, which stays behind when it is deactivated."""
    return ":mfa/" in serial


def _read_password(iam: t.Any, account_id: str, user: dict) -> dict:
    try:
        profile = iam.get_login_profile()["LoginProfile"]
    except ClientError as error:
        if error_code(error) == "NoSuchEntity":
            return _no_password()
        raise explain(error, "reading the root user (iam:GetLoginProfile)", account_id) from error
    except BotoCoreError as error:
        raise explain(error, "reading the root user (iam:GetLoginProfile)", account_id) from error
    return {
        "present": True,
        "created": format_time(profile.get("CreateDate")),
        "last_used": format_time(user.get("PasswordLastUsed")),
    }


def _no_password() -> dict:
    return {"present": False, "created": None, "last_used": None}


def _read_last_use(iam: t.Any, account_id: str, key_id: str) -> dict:
    # A key that was never used has no date, and "N/A" for service and region.
    last = _ask(iam, account_id, "get_access_key_last_used", AccessKeyId=key_id).get("AccessKeyLastUsed", {})
    used = last.get("LastUsedDate")
    return {
        "date": format_time(used),
        "service": last.get("ServiceName") if used else None,
        "region": last.get("Region") if used else None,
    }


def _ask(iam: t.Any, account_id: str, operation: str, **arguments: t.Any) -> dict:
    try:
        return getattr(iam, operation)(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise explain(error, f"reading the root user ({_action(iam, operation)})", account_id) from error


def _list(iam: t.Any, account_id: str, operation: str, key: str) -> list[dict]:
    try:
        return [entry for page in iam.get_paginator(operation).paginate() for entry in page[key]]
    except (BotoCoreError, ClientError) as error:
        raise explain(error, f"reading the root user ({_action(iam, operation)})", account_id) from error


def _action(iam: t.Any, operation: str) -> str:
    return f"iam:{iam.meta.method_to_api_mapping[operation]}"


def _plan_device(serial: str) -> Item:
    # The delete task may deactivate a device; the virtual device itself belongs to the account, not to its root user.
    left = "The virtual device stays in the account, unassigned; an administrator there can delete it."
    return Item(v.MFA_DEVICES, serial, v.REMOVED, left if is_virtual_device(serial) else "")


def _without_password_first(item: Item) -> Item:
    if item.kind != v.MFA_DEVICES:
        return item
    return replace(item, outcome=v.SKIPPED, reason="The last MFA device stays as long as the root user has a password.")


# kind -> the operation that removes one and the name of its id's parameter, if it has one
_REMOVAL = {
    v.ACCESS_KEYS: ("delete_access_key", "AccessKeyId"),
    v.SIGNING_CERTIFICATES: ("delete_signing_certificate", "CertificateId"),
    v.PASSWORD: ("delete_login_profile", None),
    v.MFA_DEVICES: ("deactivate_mfa_device", "SerialNumber"),
}


def _remove_one(iam: t.Any, account_id: str, item: Item) -> Item:
    operation, parameter = _REMOVAL[item.kind]
    arguments = {parameter: item.id} if parameter else {}
    try:  # a credential made or changed moments ago cannot be deleted at once (HTTP 409): waiting is the cure
        while_busy(lambda: getattr(iam, operation)(**arguments))
    except (BotoCoreError, ClientError) as error:
        if error_code(error) == "NoSuchEntity":
            return replace(item, outcome=v.ABSENT, reason="It was gone already when it was to be removed.")
        explained = explain(error, f"removing it ({_action(iam, operation)})", account_id)
        return replace(item, outcome=v.FAILED, reason=str(explained))
    return item


def _unverified(item: Item, reason: str) -> Item:
    return replace(item, outcome=v.UNVERIFIED, reason=reason) if item.outcome == v.REMOVED else item


def _newcomers(before: dict, after: dict, items: list[Item]) -> list[Item]:
    kinds = {item.kind for item in items if item.outcome != v.SKIPPED}
    known = identify(before)
    return [
        Item(kind, id, v.FAILED, "It appeared while the others were removed: find out who made it, then run again.")
        for kind, ids in identify(after).items()
        for id in ids
        if kind in kinds and id not in known[kind]
    ]
