# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entry of an account, in the result of a sweep, means. One function for each module that sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from breakglass_aws.engine.posture import kinds
from breakglass_aws.engine.posture.kinds import Kind

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that was found in an account: its kind, what distinguishes it from others, and its last use if any."""

    kind: Kind
    detail: str = ""
    used: str = ""  # a time, such as "2026-01-31T03:00:00Z"
    fix: str = ""  # what to do about this one; else the advice of the kind


Found = Iterator[Finding]

_NOT_READ = ("unreachable", "failed", "unverified", "not_reached")
_ROLE_STATES = {
    "missing": "it is missing",
    "distrustful": "it does not trust the management account",
    "stripped": "it has no policy that lets it act",
    "stopped": "a policy stops it",
    "refused": "it is missing, or does not trust the caller",
}


def is_read(entry: Entry) -> bool:
    """Whether a sweep found out what it asks of the account."""
    return entry["outcome"] not in (*_NOT_READ, "skipped") or _role_of(entry) is not None


def findings_of(entry: Entry) -> Found:
    """What an entry of any sweep has to say; nothing for one of a module that finds nothing, or that is skipped."""
    if entry["outcome"] == "skipped":
        return
    if not is_read(entry):
        yield Finding(kinds.NOT_READ, " ".join(filter(None, (entry.get("reason"), entry.get("fix")))))
        return
    for key, read in _READERS.items():
        if entry.get(key) is not None:
            yield from read(entry)


def _root_credentials(entry: Entry) -> Found:
    found = entry["root_credentials"]
    devices = found["mfa_devices"]
    if found["password"]["present"]:
        with_devices = f", {len(devices)} MFA device{'s' if len(devices) > 1 else ''}" if devices else ""
        kind = kinds.PASSWORD if devices else kinds.PASSWORD_WITHOUT_MFA
        used = found["password"]["last_used"]
        yield Finding(kind, _used(used) + with_devices, used or "")
    for key in found["access_keys"]:
        last = key.get("last_used") or {}
        where = f" for {last['service']} in {last['region']}" if last.get("date") and last.get("service") else ""
        kind = kinds.ACTIVE_KEY if key["status"] == "Active" else kinds.INACTIVE_KEY
        yield Finding(kind, f"{key['id']}, {_used(last.get('date'))}{where}", last.get("date") or "")
    for certificate in found["signing_certificates"]:
        yield Finding(kinds.CERTIFICATE, f"{certificate['id']}, {str(certificate['status']).lower()}")
    others = found["password"]["present"] or found["access_keys"] or found["signing_certificates"]
    if devices and not others:
        yield Finding(kinds.MFA_DEVICE, ", ".join(device["serial"] for device in devices))


def _used(moment: str | None) -> str:
    return f"last used {moment[:10]}" if moment else "never used"


def _role_of(entry: Entry) -> Mapping[str, Any] | None:
    role = entry.get("role")
    return role if isinstance(role, Mapping) else None


def _access_role(entry: Entry) -> Found:
    if entry["outcome"] == "unchanged":
        return
    role = _role_of(entry) or {}
    state = _ROLE_STATES.get(str(role.get("state")), str(role.get("state")))
    yield Finding(kinds.ACCESS_ROLE, f"{role.get('arn')}: {'' if role.get('certain') else 'probably '}{state}")


def _resources(entry: Entry) -> Found:
    for resource in entry["resources"]:
        if resource["outcome"] == "locked":
            yield Finding(kinds.LOCKED, f"{resource['arn']}: {resource['reason']}")
        elif resource["outcome"] == "possibly_locked":
            yield Finding(kinds.POSSIBLY_LOCKED, f"{resource['arn']}: {resource['reason']}")
        elif resource["outcome"] in ("unreadable", "failed"):
            yield Finding(kinds.PARTLY_READ, f"{resource['arn']}: {resource['reason']}")
    for listing in entry.get("unlisted") or []:
        place = f" in {listing['region']}" if listing.get("region") else ""
        yield Finding(kinds.PARTLY_READ, f"{listing['service']}{place}: {listing['reason']}")


def _recoveries(entry: Entry) -> Found:
    """The findings of recovery_readiness_info: it says itself how severe each is, and what to do."""
    for one in entry.get("findings") or ():
        kind = Kind(str(one["code"]), _severity(one["severity"]), str(one["title"]), str(one["fix"]))
        yield Finding(kind, str(one["detail"]), fix=str(one["fix"]))


def _severity(given: Any) -> str:
    return str(given) if given in kinds.SEVERITIES else kinds.UNKNOWN


# The key of an entry that shows which module it comes from.
_READERS: dict[str, Callable[[Entry], Found]] = {
    "root_credentials": _root_credentials,
    "role": _access_role,
    "resources": _resources,
    "recoveries": _recoveries,
}
SWEEPS = frozenset(_READERS)
