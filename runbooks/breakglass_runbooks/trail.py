"""Join what CloudTrail has of a run's root sessions to its evidence, by the sessions' access key IDs.

CloudTrail tells up to 15 minutes late, so this is done after the run, again and again until nothing is pending.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from breakglass_runbooks import evidence, files, verify
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.journal import Journal
from breakglass_runbooks.play import Event, run_tasks

FILE = "cloudtrail.json"
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


def collect(folder: Path, role_name: str = "") -> list[dict[str, Any]]:
    """Write what CloudTrail has by now into the evidence folder, seal that again, and return it: an entry a session.

    Raises RunbookError when the evidence has been altered, or CloudTrail cannot be read.
    """
    if problems := verify.problems(folder):
        raise RunbookError("\n".join([*problems, "Nothing is joined to evidence that has been altered."]))
    content = json.loads((folder / evidence.FILE).read_text(encoding="utf-8"))
    sessions = joined(content["sessions"], _read(content, role_name) if content["sessions"] else {})
    files.write(folder / FILE, json.dumps(sessions, indent=2, ensure_ascii=False) + "\n")
    pending = [session["access_key_id"] for session in sessions if session["pending"]]
    Journal(folder).append("cloudtrail", sessions=len(sessions), pending=pending)
    verify.seal_again(folder)
    return sessions


def joined(opened: Iterable[Mapping[str, Any]], activity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each session that a run opened, with who opened it and what it called as CloudTrail has it.

    What CloudTrail does not have yet, or may not have all of, is pending.
    """
    found = {session["access_key_id"]: session for session in activity.get("sessions", [])}
    return [
        {
            "access_key_id": session["access_key_id"],
            "account_id": session["account_id"],
            "pending": True,
            "reason": "CloudTrail does not have it yet.",
            **_told(found.get(session["access_key_id"])),
        }
        for session in opened
    ]


def _told(session: Mapping[str, Any] | None) -> dict[str, Any]:
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
