# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join CloudTrail's events of a run's root sessions to its evidence, by the sessions' access key IDs.

CloudTrail delivers events up to 15 minutes late, so this is done after the run, and repeated until none is pending.
"""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from breakglass_aws.engine import commands, files, times
from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.display import report
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest, reading, record
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.kernel.ansible_play import run_tasks
from breakglass_aws.engine.results import Event

FILE = report.EVENTS
UNLISTED = (
    "NOT IN THE EVIDENCE: the same caller opened it during this run, in a step that was killed or in another run."
)
MODULE = "breakglass.aws.root_activity_info"
TASKS = [
    {
        "name": "Read the run's root sessions from CloudTrail",
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
    """What CloudTrail has so far of the root sessions of a run."""

    sessions: list[dict[str, Any]]  # see `joined`
    needs: str  # whose credentials can read all of it
    barred: bool  # whether the given credentials may not read something that is pending: waiting does not help
    new: bool = True  # whether this call added something to the evidence
    signature_removed: bool = False  # the manifest was signed, and is another one now

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
        """The time after which no event is on its way any more; empty when it is not known."""
        return max((session["complete_at"] or "" for session in self.sessions if session["pending"]), default="")

    @property
    def ask_again_after(self) -> str:
        """A time in the future at which more events may be there; CloudTrail may also be later than it promises."""
        soon: str = times.text(times.now() + module_util("_aws.cloudtrail").DELAY)
        return self.complete_at if self.complete_at > times.text() else soon

    def summary(self, folder: Path) -> Iterator[str]:
        """Yield the lines that report this to a person."""
        for session in self.sessions:
            if not session["pending"]:
                yield f"{session['access_key_id']} in {session['account_id']}: {len(session['calls'])} calls."
        for (account, reason), sessions in self.waiting.items():  # one reason often holds for all
            yield f"{len(sessions)} of {len(self.sessions)} sessions pending, in {account}. {reason}".rstrip()
            yield textwrap.fill(", ".join(sessions), 100, initial_indent="  ", subsequent_indent="  ")
        yield f"Calls joined so far: {self.calls}, in {folder / FILE}"
        if self.new:
            yield f"Manifest: SHA-256 {manifest.sha256(folder)} (keep it in place of the earlier one)"
        else:
            yield f"Nothing new: the evidence is unchanged. Manifest: SHA-256 {manifest.sha256(folder)}"
        if self.signature_removed:
            yield f"The signature was removed, because it is for the earlier manifest. Sign again: {_sign(folder)}"
        if self.barred:
            yield f"These credentials may not read all of it. {self.needs}"
        elif self.pending:
            yield f"More events may follow. Ask again after {self.ask_again_after}."
        else:
            yield "Complete: CloudTrail has nothing more."


def collect(folder: Path, role_name: str = "") -> JoinedSessions:
    """Add what CloudTrail has so far to the evidence folder and its report, and seal the folder again.

    Without anything new the folder stays as it is. Raises RunbookError, and changes nothing, when the evidence was
    altered or CloudTrail cannot be read.
    """
    if problems := manifest.problems(folder):
        raise RunbookError("\n".join([*problems, "Nothing is joined to evidence that was altered."]))
    content = _evidence(folder)
    opener = _account_of(content.get("actor", ""))
    needs = _needs(content["sessions"], opener, role_name)
    try:
        activity = _read(content, role_name) if content["sessions"] else {}
    except RunbookError as error:
        raise RunbookError(f"{error}\n{needs}") from None
    earlier = _earlier(folder)
    found = joined(content["sessions"], activity, opener) + unlisted(content, activity)
    sessions = nothing_lost(earlier or [], found)
    pending = [session["access_key_id"] for session in sessions if session["pending"]]
    unread = {session["access_key_id"] for session in found if not session["looked_into"]}
    barred = not unread.isdisjoint(pending)
    if sessions == earlier or (earlier is None and barred and not any(s.get("calls") for s in sessions)):
        return JoinedSessions(sessions, needs, barred, new=False)
    signed = (folder / manifest.SIGNATURE).exists()
    files.write(folder / FILE, json.dumps(sessions, indent=2, ensure_ascii=False) + "\n")
    report.add_events(folder, sessions)
    Journal(folder).append("cloudtrail", sessions=len(sessions), pending=pending)
    manifest.seal_again(folder)
    return JoinedSessions(sessions, needs, barred, signature_removed=signed)


def _evidence(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = reading.json_file(folder / record.FILE)
    except FileNotFoundError:
        content = {}
    if not isinstance(content.get("sessions"), list):
        raise RunbookError(f"{folder / record.FILE} is not the evidence of a run.")
    return content


def _earlier(folder: Path) -> list[dict[str, Any]] | None:
    """Return what an earlier call has joined; None when there was none."""
    try:
        earlier: list[dict[str, Any]] = reading.json_file(folder / FILE, list)
    except FileNotFoundError:
        return None
    return earlier


def _sign(folder: Path) -> str:
    return f"{commands.program()} sign {shlex.quote(str(folder))} --key KEY"


def nothing_lost(earlier: Iterable[dict[str, Any]], now: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each session as it is known best.

    With credentials that may read less, or after the 90 days of CloudTrail's event history, `now` has less than
    `earlier`.
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
        f"trail needs credentials of account {opener or 'that the run was made from'}, where the sessions were opened, "
        f"that allow cloudtrail:LookupEvents and can assume a role that allows it in {accounts}: {role}, or the one "
        "named by --role-name. A session with a source identity can only assume a role whose trust policy allows "
        "sts:SetSourceIdentity."
    )


def joined(opened: Iterable[Mapping[str, Any]], activity: Mapping[str, Any], opener: str = "") -> list[dict[str, Any]]:
    """Return each session that a run opened from the account `opener`, with its calls as CloudTrail has them.

    A session is pending while CloudTrail does not have it, or may not have all of it.
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
    """Return the sessions that the run's caller opened during the run, and that its evidence does not have."""
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
    """Return when CloudTrail has all of a session: 15 minutes after its end, at which its last call may be made."""
    ends = session.get("expiration")
    return times.text(datetime.fromisoformat(ends) + module_util("_aws.cloudtrail").DELAY) if ends else None


def _session_details(session: Mapping[str, Any] | None) -> dict[str, Any]:
    if session is None:
        return {}
    names = ("looked_into", "task", "time", "opened_by", "source_identity", "source_ip", "event_id", "calls")
    details = {name: session.get(name) for name in names}
    if not session["looked_into"]:
        return {**details, "reason": session["reason"]}
    late = "Events of the last minutes may still be on their way." if session["pending"] else None
    return {**details, "pending": session["pending"], "reason": late}


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
