"""Join what CloudTrail has of a run's root sessions to its evidence, by the sessions' access key IDs.

CloudTrail tells up to 15 minutes late, so this is done after the run, again and again until nothing is pending.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from breakglass_runbooks import files, times
from breakglass_runbooks.collection import module_util
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import manifest, record
from breakglass_runbooks.evidence.journal import Journal
from breakglass_runbooks.kernel.ansible_play import run_tasks
from breakglass_runbooks.results import Event

FILE = "cloudtrail.json"
UNLISTED = (
    "NOT IN THE EVIDENCE: the same caller opened it while this run went on. A step that was killed did, or another run."
)
MODULE = "breakglass.aws.root_activity_info"
TASKS = [
    {
        "name": "Look for the run's root sessions in CloudTrail",
        MODULE: {
            "account_ids": "{{ account_ids }}",
            "since": "{{ since }}",
            "regions": "{{ regions or omit }}",
            "role_name": "{{ role_name or omit }}",
        },
    }
]


@dataclass(frozen=True)
class JoinedSessions:
    """What CloudTrail has by now of the root sessions of a run."""

    sessions: list[dict[str, Any]]  # see `joined`
    needs: str  # whose credentials it takes to read all of it
    barred: bool  # whether something that is pending may not be read with the credentials given: to wait does not help

    @property
    def pending(self) -> bool:
        """Whether anything is not known to be complete."""
        return any(session["pending"] for session in self.sessions)

    @property
    def waiting(self) -> dict[tuple[str, str], list[str]]:
        """The access key IDs of the sessions that are pending, by account and reason."""
        groups: dict[tuple[str, str], list[str]] = {}
        for session in self.sessions:
            if session["pending"]:
                groups.setdefault((session["account_id"], session["reason"] or ""), []).append(session["access_key_id"])
        return groups

    @property
    def calls(self) -> int:
        """How many calls are known."""
        return sum(len(session.get("calls") or []) for session in self.sessions)

    @property
    def complete_at(self) -> str:
        """The time from which on nothing is on its way any more; empty when it is not known."""
        return max((session["complete_at"] or "" for session in self.sessions if session["pending"]), default="")


def collect(folder: Path, role_name: str = "") -> JoinedSessions:
    """Write what CloudTrail has by now into the evidence folder, beside what it had before; seal that again, return it.

    Raises RunbookError when the evidence has been altered, or CloudTrail cannot be read.
    """
    if problems := manifest.problems(folder):
        raise RunbookError("\n".join([*problems, "Nothing is joined to evidence that has been altered."]))
    content = json.loads((folder / record.FILE).read_text(encoding="utf-8"))
    opener = _account_of(content.get("actor", ""))
    needs = _needs(content["sessions"], opener, role_name)
    try:
        activity = _read(content, role_name) if content["sessions"] else {}
    except RunbookError as error:
        raise RunbookError(f"{error}\n{needs}") from None
    found = joined(content["sessions"], activity, opener) + unlisted(content, activity)
    sessions = nothing_lost(_earlier(folder), found)
    files.write(folder / FILE, json.dumps(sessions, indent=2, ensure_ascii=False) + "\n")
    pending = [session["access_key_id"] for session in sessions if session["pending"]]
    Journal(folder).append("cloudtrail", sessions=len(sessions), pending=pending)
    manifest.seal_again(folder)
    unread = {session["access_key_id"] for session in found if not session["looked_into"]}
    return JoinedSessions(sessions, needs, barred=not unread.isdisjoint(pending))


def _earlier(folder: Path) -> list[dict[str, Any]]:
    """What an earlier call of this has joined."""
    path = folder / FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def nothing_lost(earlier: Iterable[dict[str, Any]], now: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each session as it is known best.

    With credentials that may read less, and after the 90 days that CloudTrail's event history goes back, `now` tells
    less than was known before.
    """
    sessions = {session["access_key_id"]: session for session in earlier}
    for session in now:
        known = sessions.get(session["access_key_id"])
        if known is None or _knowledge(known) <= _knowledge(session):
            sessions[session["access_key_id"]] = session
    return list(sessions.values())


def _knowledge(session: Mapping[str, Any]) -> tuple[bool, int]:
    return not session["pending"], len(session.get("calls") or [])


def _account_of(arn: str) -> str:
    return arn.split(":")[4] if arn.count(":") >= 5 else ""


def _needs(sessions: Iterable[Mapping[str, Any]], opener: str, role_name: str) -> str:
    accounts = ", ".join(sorted({session["account_id"] for session in sessions if session["account_id"]}))
    role = role_name or module_util("_constants").ACCESS_ROLE
    return (
        f"trail takes credentials of account {opener or 'the run was made from'}, where the sessions were opened, that "
        f"allow cloudtrail:LookupEvents, and that can assume a role that allows it in {accounts}: {role}, "
        "or another by --role-name. A session that carries a source identity can only assume a role whose trust policy "
        "allows sts:SetSourceIdentity."
    )


def joined(opened: Iterable[Mapping[str, Any]], activity: Mapping[str, Any], opener: str = "") -> list[dict[str, Any]]:
    """Each session that a run opened from the account `opener`, with what it called as CloudTrail has it.

    What CloudTrail does not have yet, or may not have all of, is pending.
    """
    found = {session["access_key_id"]: session for session in activity.get("sessions", [])}
    not_done = module_util("_constants").NOT_DONE
    unread = [
        entry
        for entry in activity.get("opened_from", [])
        if entry["account_id"] == opener and entry["outcome"] in not_done
    ]
    return [
        {
            "access_key_id": session["access_key_id"],
            "account_id": session["account_id"],
            "pending": True,
            "looked_into": not unread,
            "reason": unread[0]["reason"] if unread else "CloudTrail does not have it yet.",
            "complete_at": _complete_at(session),
            **_session_details(found.get(session["access_key_id"])),
        }
        for session in opened
    ]


def unlisted(content: Mapping[str, Any], activity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sessions that the run's caller opened while it went on, and that its evidence does not have."""
    known = {session["access_key_id"] for session in content["sessions"]}
    return [
        {
            "access_key_id": session["access_key_id"],
            "account_id": session["account_id"],
            "complete_at": _complete_at({"expiration": session.get("expires")}),
            **_session_details(session),
            "reason": UNLISTED,
        }
        for session in activity.get("sessions", [])
        if session["access_key_id"] not in known
        and session["opened_by"] == content["actor"]
        and content["started"] <= session["time"] <= content["written"]
    ]


def _complete_at(session: Mapping[str, Any]) -> str | None:
    """When CloudTrail has all of a session: its last call may be its last moment, and is told 15 minutes late."""
    ends = session.get("expiration")
    return times.text(datetime.fromisoformat(ends) + module_util("_aws.cloudtrail").DELAY) if ends else None


def _session_details(session: Mapping[str, Any] | None) -> dict[str, Any]:
    if session is None:
        return {}
    names = ("looked_into", "task", "time", "opened_by", "source_identity", "source_ip", "event_id", "calls")
    told = {name: session.get(name) for name in names}
    if not session["looked_into"]:
        return {**told, "reason": session["reason"]}
    late = "Events of the last minutes may still be on their way." if session["pending"] else None
    return {**told, "pending": session["pending"], "reason": late}


def _read(content: Mapping[str, Any], role_name: str) -> dict[str, Any]:
    results: list[dict[str, Any]] = []

    def keep(event: Event) -> None:
        if event["event"] in ("ok", "changed"):
            results.append(event["result"])

    variables = {
        "account_ids": sorted({session["account_id"] for session in content["sessions"] if session["account_id"]}),
        "since": content["started"],
        "regions": content.get("regions", []),
        "role_name": role_name,
    }
    run_tasks(yaml.safe_dump(TASKS), variables, False, keep)
    return results[-1]
