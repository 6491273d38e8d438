# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which root sessions were opened, what each did, and root use that no session explains, from CloudTrail's records.

AssumeRoot is recorded in the caller's account, in the Region of the STS endpoint; what the session does, in the member
account. The access key ID joins the two (aws-facts 4.1).
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.cloudtrail import DELAY, EventHistory
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

_LONGEST_SESSION = timedelta(minutes=15)
_TASKS = {task.policy: task.name for task in v.TASKS.values()}

# What a record of root use is, in words.
SIGN_IN, PASSWORD, ACCESS_KEY, UNKNOWN_SESSION = "sign_in", "password", "credentials", "unknown_session"


@dataclass(frozen=True)
class Window:
    """What is looked at: from ``since`` to ``until``, in these Regions; ``now`` is when."""

    since: datetime
    until: datetime
    now: datetime
    regions: tuple[str, ...]

    @property
    def complete_until(self) -> datetime:
        """Events after this may still be on their way."""
        return min(self.until, self.now - DELAY)


def regions_of(connection: Connection, named: t.Sequence[str] | None) -> tuple[str, ...]:
    """The Regions to look in: those named, or STS's; and always where IAM and the console's sign-in are recorded."""
    home = v.HOME_REGIONS.get(connection.caller.partition, connection.region)
    return tuple(dict.fromkeys([*(named or [connection.region]), home]))


def opened_sessions(
    connection: Connection, organization: Organization, role_name: str, window: Window
) -> tuple[list[dict], list[dict]]:
    """The AssumeRoot records of the accounts sessions can be opened from, and an entry for each of these accounts.

    The caller's own account is looked into with the caller's credentials, others as ``role_name``. Sessions opened
    up to 15 minutes before the window are there too: they may have acted in it.
    """
    management = organization.describe()["management_account_id"]
    own = connection.caller.account_id
    openers = [Account(management, "management account", "ACTIVE"), *organization.delegated_administrators()]
    records: list[dict] = []

    def ask(account_id: str, entry: dict) -> None:
        history = EventHistory(connection if account_id == own else assume(connection, account_id, role_name))
        since = window.since - _LONGEST_SESSION
        for region in window.regions:
            records.extend(history.find(region, "EventName", "AssumeRoot", since, window.until))
        entry["outcome"] = v.UNCHANGED

    entries = sweep([Target(one) for one in openers], ask, {})
    mine = next((entry for entry in entries if entry["account_id"] == own), None)
    if mine and mine["outcome"] != v.UNCHANGED:
        raise BreakglassError(mine["reason"], mine["fix"])
    return sorted(records, key=lambda record: record["_time"]), entries


def root_records(
    connection: Connection, targets: t.Sequence[Target], role_name: str, keys: dict[str, list[str]], window: Window
) -> tuple[dict[str, list[dict]], list[dict]]:
    """What the root users of accounts did, by account, and an entry for each account.

    ``keys`` are the access key IDs of known sessions, by account: what LookupEvents has of them under no user name is
    found by them.
    """
    own = connection.caller.account_id
    found: dict[str, list[dict]] = {}

    def ask(account_id: str, entry: dict) -> None:
        history = EventHistory(connection if account_id == own else assume(connection, account_id, role_name))
        records = {}
        for region in window.regions:
            for record in history.find(region, "Username", "root", window.since, window.until):
                records[record["eventID"]] = record
            seen = {_key_of(record) for record in records.values()}
            for key in keys.get(account_id, []):
                if key not in seen:
                    for record in history.find(region, "AccessKeyId", key, window.since, window.until):
                        records[record["eventID"]] = record
        found[account_id] = sorted(records.values(), key=lambda record: record["_time"])
        entry["outcome"] = v.UNCHANGED

    return found, sweep(targets, ask, {})


def sessions_of(records: t.Sequence[dict], names: dict[str, str], window: Window) -> list[dict]:
    """The sessions that were opened, without what they did."""
    return [_session(record, names, window) for record in records if not record.get("errorCode")]


def refusals_of(records: t.Sequence[dict], window: Window) -> list[dict]:
    """The attempts to open a session that AWS refused."""
    return [
        {
            **attempt_of(record),
            "error_code": record["errorCode"],
            "error_message": record.get("errorMessage", ""),
        }
        for record in records
        if record.get("errorCode") and record["_time"] >= window.since
    ]


def calls_of(session: dict, records: t.Sequence[dict]) -> list[dict]:
    """What a session did, of the records of its account."""
    return [_call(record) for record in records if _key_of(record) == session["access_key_id"]]


def unexplained(found: dict[str, list[dict]], sessions: t.Sequence[dict], names: dict[str, str]) -> list[dict]:
    """Root use that came from no session that is known, oldest first.

    What AWS did by itself is left out (aws-facts 4.2, 4.3).
    """
    known = {session["access_key_id"] for session in sessions}
    strange = [
        {
            "account_id": account_id,
            "name": names.get(account_id),
            "kind": _kind(record),
            "access_key_id": _key_of(record),
            **_call(record),
        }
        for account_id, records in found.items()
        for record in records
        if _is_root_use(record) and (_key_of(record) is None or _key_of(record) not in known)
    ]
    return sorted(strange, key=lambda use: use["time"])


def _session(record: dict, names: dict[str, str], window: Window) -> dict:
    """Everything by name: the record may have the session's token in it, and nothing else of it is passed on."""
    issued = (record.get("responseElements") or {}).get("credentials") or {}
    attempt = attempt_of(record)
    seconds = (record.get("requestParameters") or {}).get("durationSeconds", 900)
    ends = record["_time"] + timedelta(seconds=int(seconds))
    return {
        **attempt,
        "name": names.get(attempt["account_id"]),
        "access_key_id": issued.get("accessKeyId"),
        "expires": format_time(ends),
        # It may have acted until it ended, and its last events may be on their way.
        "pending": ends + DELAY > window.now,
        "looked_into": False,
        "reason": "",
        "calls": [],
    }


def attempt_of(record: dict) -> dict:
    """Who asked for which session, when and from where."""
    asked, identity = record.get("requestParameters") or {}, record.get("userIdentity") or {}
    context = identity.get("sessionContext") or {}
    policy = str((asked.get("taskPolicyArn") or {}).get("arn", ""))
    return {
        "account_id": _account_in(str(asked.get("targetPrincipal", ""))),
        "task": _TASKS.get(policy.rpartition("/")[2], policy),
        "time": format_time(record["_time"]),
        "region": record.get("awsRegion"),
        "opened_by": identity.get("arn"),
        "opened_from": identity.get("accountId"),
        "source_identity": context.get("sourceIdentity"),
        "source_ip": record.get("sourceIPAddress"),
        "user_agent": record.get("userAgent"),
        "event_id": record.get("eventID"),
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


def _key_of(record: dict) -> str | None:
    return (record.get("userIdentity") or {}).get("accessKeyId") or None


def _account_in(target: str) -> str:
    """AssumeRoot takes an account's ID or the ARN of its root user."""
    with contextlib.suppress(IndexError):
        return target.split(":")[4]
    return target
