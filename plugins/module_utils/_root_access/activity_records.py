# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail records of root sessions and of root users, as entries of a result. Pure functions.

Every field of a record is picked by name: the record of AssumeRoot may contain the session token.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.cloudtrail import DELAY
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

LONGEST_SESSION = timedelta(minutes=15)  # AWS's limit for AssumeRoot
_TASKS = {task.policy: task.name for task in v.TASKS.values()}

# Kinds of root use that no session explains.
SIGN_IN, PASSWORD, ACCESS_KEY, UNKNOWN_SESSION = "sign_in", "password", "credentials", "unknown_session"


@dataclass(frozen=True)
class Window:
    """The time and the Regions to read: from ``since`` to ``until``. ``now`` is the time of the query."""

    since: datetime
    until: datetime
    now: datetime
    regions: tuple[str, ...]

    @property
    def complete_until(self) -> datetime:
        """CloudTrail may not have delivered events after this time yet."""
        return min(self.until, self.now - DELAY)


def opened_sessions(records: t.Sequence[dict], names: dict[str, str], window: Window) -> list[dict]:
    """The sessions that AWS opened, of AssumeRoot ``records``, without their calls."""
    return [_session(record, names, window) for record in records if not record.get("errorCode")]


def refused_sessions(records: t.Sequence[dict], window: Window) -> list[dict]:
    """The attempts to open a session that AWS refused, of AssumeRoot ``records``."""
    return [
        {
            **session_request(record),
            "error_code": record["errorCode"],
            "error_message": record.get("errorMessage", ""),
        }
        for record in records
        if record.get("errorCode") and record["_time"] >= window.since
    ]


def session_calls(session: dict, records: t.Sequence[dict]) -> list[dict]:
    """The calls of a session, of the ``records`` of its account."""
    return [_call(record) for record in records if access_key_of(record) == session["access_key_id"]]


def unexplained_use(found: dict[str, list[dict]], sessions: t.Sequence[dict], names: dict[str, str]) -> list[dict]:
    """Root use that belongs to none of the known ``sessions``, oldest first.

    Events that AWS caused itself are left out (aws-facts 4.2, 4.3).
    """
    known = {session["access_key_id"] for session in sessions}
    uses = [
        {
            "account_id": account_id,
            "name": names.get(account_id),
            "kind": _kind(record),
            "access_key_id": access_key_of(record),
            **_call(record),
        }
        for account_id, records in found.items()
        for record in records
        if _is_root_use(record) and (access_key_of(record) is None or access_key_of(record) not in known)
    ]
    return sorted(uses, key=lambda use: use["time"])


def session_request(record: dict) -> dict:
    """Who requested a session, for which account and task, when and from where."""
    parameters, identity = record.get("requestParameters") or {}, record.get("userIdentity") or {}
    context = identity.get("sessionContext") or {}
    policy = str((parameters.get("taskPolicyArn") or {}).get("arn", ""))
    return {
        "account_id": _account_in(str(parameters.get("targetPrincipal", ""))),
        "task": _TASKS.get(policy.rpartition("/")[2], policy),
        "time": format_time(record["_time"]),
        "region": record.get("awsRegion"),
        "opened_by": identity.get("arn"),
        "opened_from": identity.get("accountId"),
        "source_identity": context.get("sourceIdentity"),
        "source_ip": record.get("sourceIPAddress"),
        "user_agent": record.get("userAgent"),
        "event_id": record.get("eventID"),
        "request_id": record.get("requestID"),
    }


def access_key_of(record: dict) -> str | None:
    """The access key ID a call was made with; None for a sign-in with a password."""
    return (record.get("userIdentity") or {}).get("accessKeyId") or None


def _session(record: dict, names: dict[str, str], window: Window) -> dict:
    credentials = (record.get("responseElements") or {}).get("credentials") or {}
    request = session_request(record)
    seconds = (record.get("requestParameters") or {}).get("durationSeconds", 900)
    ends = record["_time"] + timedelta(seconds=int(seconds))
    return {
        **request,
        "name": names.get(request["account_id"]),
        "access_key_id": credentials.get("accessKeyId"),
        "expires": format_time(ends),
        # The session can act until it ends, and CloudTrail delivers its last events later.
        "pending": ends + DELAY > window.now,
        "looked_into": False,
        "reason": "",
        "calls": [],
    }


def _call(record: dict) -> dict:
    return {
        "time": format_time(record["_time"]),
        "service": str(record.get("eventSource", "")).partition(".")[0],
        "operation": record.get("eventName"),
        "region": record.get("awsRegion"),
        "read_only": bool(record.get("readOnly")),
        "error_code": record.get("errorCode"),
        "source_ip": record.get("sourceIPAddress"),
        "event_id": record.get("eventID"),
    }


def _kind(record: dict) -> str:
    if _is_assumed(record):
        return UNKNOWN_SESSION
    if record.get("eventSource") == "signin.amazonaws.com":
        return PASSWORD if "Password" in str(record.get("eventName")) else SIGN_IN
    return ACCESS_KEY


def _is_root_use(record: dict) -> bool:
    identity = record.get("userIdentity") or {}
    by_aws = identity.get("invokedBy") or (
        record.get("eventType") == "AwsServiceEvent" and record.get("eventSource") != "signin.amazonaws.com"
    )
    return identity.get("type") == "Root" and not by_aws


def _is_assumed(record: dict) -> bool:
    context = (record.get("userIdentity") or {}).get("sessionContext") or {}
    return str(context.get("assumedRoot", "")).lower() == "true"


def _account_in(target: str) -> str:
    """The account ID of AssumeRoot's target, which is an account ID or the ARN of a root user."""
    parts = target.split(":")
    return parts[4] if len(parts) > 4 else target
