# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root user's credentials, read in a root session.

No call here names a user: IAM then acts on the caller, the root user of the session's account. AWS leaves UserName and
Path out of its answers to such calls.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._errors import error_code
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import in_turn
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError

# Made at the same time, five reads are dealt to three lanes. Reading access keys may take a second call, for when they
# were last used: in this order no other read waits for it, and no account takes longer than two calls.
_READ_ORDER = (v.SIGNING_CERTIFICATES, v.ACCESS_KEYS, v.PASSWORD, v.MFA_DEVICES)
NO_PASSWORD = {"present": False, "created": None, "last_used": None}


def read_root_credentials(
    iam: t.Any,
    account_id: str,
    identify: t.Callable[[], dict] | None = None,
    make: t.Callable[[t.Sequence[t.Callable[[], t.Any]]], list] = in_turn,
) -> dict:
    """All root credentials of the session's account: ``password``, ``access_keys``, ``signing_certificates`` and
    ``mfa_devices``, without anything secret. Raises Unreachable when any of them cannot be read: a denial never counts
    as "nothing there".

    ``identify`` checks whose session it is, raises an error if it is not that of the account's root user, and returns
    GetUser's answer. Its error comes before those of the reads, which are made at the same time if ``make`` does so.
    Without it GetUser is called where it is needed.
    """
    reads: dict[str, t.Callable[[], t.Any]] = {
        kind: functools.partial(_LISTS[kind], iam, account_id, []) for kind in v.KINDS if kind != v.PASSWORD
    }
    if identify is None:
        reads[v.PASSWORD] = lambda: _password(iam, account_id, _read_login_profile(iam, account_id), None)
        return dict(zip(v.KINDS, make([reads[kind] for kind in v.KINDS]), strict=True))
    reads[v.PASSWORD] = lambda: _read_login_profile(iam, account_id)
    user, *values = make([identify, *(reads[kind] for kind in _READ_ORDER)])
    found = dict(zip(_READ_ORDER, values, strict=True))
    return {
        kind: _password(iam, account_id, found[kind], user) if kind == v.PASSWORD else found[kind] for kind in v.KINDS
    }


def read_kind(iam: t.Any, account_id: str, kind: str, known: dict | None = None) -> t.Any:
    """The root credentials of one kind, in the shape they have in :func:`read_root_credentials`.

    ``known`` is what was read earlier. The last use of a credential in it is not read again, so that reading back
    after a deletion takes one call a kind. Raises Unreachable when it cannot be read.
    """
    if kind == v.PASSWORD:
        profile = _read_login_profile(iam, account_id)
        before = known[kind] if known else None
        if profile and before and before["created"] == format_time(profile.get("CreateDate")):
            return dict(before)
        return _password(iam, account_id, profile, None)
    return _LISTS[kind](iam, account_id, known[kind] if known else [])


def identify(credentials: dict) -> dict[str, list[str]]:
    """The IDs of all credentials in the result of :func:`read_root_credentials`, by kind, in the order of removal."""
    return {kind: identify_kind(kind, credentials[kind]) for kind in v.KINDS}


def identify_kind(kind: str, found: t.Any) -> list[str]:
    """The IDs of the credentials of one kind. The ID of the password is "password"."""
    if kind == v.PASSWORD:
        return [v.PASSWORD] if found["present"] else []
    return [entry["serial" if kind == v.MFA_DEVICES else "id"] for entry in found]


def created_at(credentials: dict, kind: str, id: str) -> str | None:
    """When a credential was created, uploaded or enabled; None when AWS does not say."""
    if kind == v.PASSWORD:
        return credentials[kind]["created"]
    keys = ("serial", "enabled") if kind == v.MFA_DEVICES else ("id", "created")
    return next((entry.get(keys[1]) for entry in credentials[kind] if entry[keys[0]] == id), None)


def is_virtual_device(serial: str) -> bool:
    """Whether an MFA device is an entity of the account, which stays there when it is deactivated."""
    return ":mfa/" in serial


def reading(iam: t.Any, account_id: str, operation: str) -> t.ContextManager[None]:
    """Explains an error of a call that reads the root user of ``account_id``."""
    action = f"iam:{iam.meta.method_to_api_mapping[operation]}"
    return explained(f"reading the root user ({action})", root_of=account_id)


def _read_login_profile(iam: t.Any, account_id: str) -> dict | None:
    """What AWS says of the password; None when there is none."""
    with reading(iam, account_id, "get_login_profile"):
        try:
            profile: dict = iam.get_login_profile()["LoginProfile"]
        except ClientError as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise
    return profile


def _password(iam: t.Any, account_id: str, profile: dict | None, user: dict | None) -> dict:
    if profile is None:
        return dict(NO_PASSWORD)
    if user is None:
        with reading(iam, account_id, "get_user"):
            user = iam.get_user()["User"]
    last_used = format_time(user.get("PasswordLastUsed"))
    return {"present": True, "created": format_time(profile.get("CreateDate")), "last_used": last_used}


def _list_access_keys(iam: t.Any, account_id: str, known: list[dict]) -> list[dict]:
    last_uses = {key["id"]: key["last_used"] for key in known}
    keys = []
    for entry in _list(iam, account_id, "list_access_keys", "AccessKeyMetadata"):
        id = entry["AccessKeyId"]
        last_used = last_uses[id] if id in last_uses else _read_last_use(iam, account_id, id)
        if last_used is not None:
            created = format_time(entry.get("CreateDate"))
            keys.append({"id": id, "status": entry.get("Status"), "created": created, "last_used": last_used})
    return keys


def _list_signing_certificates(iam: t.Any, account_id: str, known: list[dict]) -> list[dict]:
    # The answer contains the bodies of the certificates too. They are not passed on.
    return [
        {
            "id": entry["CertificateId"],
            "status": entry.get("Status"),
            "created": format_time(entry.get("UploadDate")),
        }
        for entry in _list(iam, account_id, "list_signing_certificates", "Certificates")
    ]


def _list_mfa_devices(iam: t.Any, account_id: str, known: list[dict]) -> list[dict]:
    return [
        {"serial": entry["SerialNumber"], "enabled": format_time(entry.get("EnableDate"))}
        for entry in _list(iam, account_id, "list_mfa_devices", "MFADevices")
    ]


_LISTS: dict[str, t.Callable[[t.Any, str, list[dict]], list[dict]]] = {
    v.ACCESS_KEYS: _list_access_keys,
    v.SIGNING_CERTIFICATES: _list_signing_certificates,
    v.MFA_DEVICES: _list_mfa_devices,
}


def _read_last_use(iam: t.Any, account_id: str, key_id: str) -> dict | None:
    """When, and for which service and Region, a key was last used; None when the key does not exist.

    A list may be stale and contain a key that was deleted moments ago.
    """
    with reading(iam, account_id, "get_access_key_last_used"):
        try:
            last = iam.get_access_key_last_used(AccessKeyId=key_id).get("AccessKeyLastUsed", {})
        except ClientError as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise
    # A key that was never used has no date, and "N/A" for service and Region.
    used = last.get("LastUsedDate")
    return {
        "date": format_time(used),
        "service": last.get("ServiceName") if used else None,
        "region": last.get("Region") if used else None,
    }


def _list(iam: t.Any, account_id: str, operation: str, key: str) -> list[dict]:
    with reading(iam, account_id, operation):
        call = getattr(iam, operation)  # a paginator takes longer to make than a page to read
        page = call()
        entries = list(page[key])
        while page.get("IsTruncated"):
            page = call(Marker=page["Marker"])
            entries += page[key]
        return entries
