# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root sessions and changes of a live drill, as its evidence has them: no judge reads CloudTrail in AWS.

The evidence has no calls that only read, so a session counts those that changed something.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from breakglass_aws.drills.result import Change, Session

_OPENING = ("AssumeRoot", "AssumeRole")
_DONE = "done"


def sessions(folder: Path) -> list[Session]:
    """Return the root sessions that a run opened."""
    made, evidence = _calls(folder), _evidence(folder)
    listed = {one.get("access_key_id"): one for one in evidence.get("sessions") or []}
    counts = Counter(call["access_key_id"] for call in made)
    return [
        Session(
            time=call["time"],
            opener=evidence.get("actor") or call["access_key_id"] or "",
            account=call["target"] or "",
            access_key_id=key,
            task=str((listed.get(key) or {}).get("task") or ""),
            calls=counts[key],
            in_evidence=key in listed,
        )
        for call in made
        if call["operation"] == "AssumeRoot" and (key := call.get("issued_access_key_id"))
    ]


def changes(folder: Path) -> list[Change]:
    """Return the calls of a run that changed something."""
    accounts = {one.access_key_id: one.account for one in sessions(folder)}
    actor = _evidence(folder).get("actor") or ""
    return [
        Change(
            time=call["time"],
            principal=f"root of {accounts[key]}" if (key := call["access_key_id"]) in accounts else actor,
            session=key or "",
            action=f"{call['service']}:{call['operation']}",
            resource=call["target"] or (f"account {accounts[key]}" if key in accounts else ""),
        )
        for call in _calls(folder)
        if call["operation"] not in _OPENING
    ]


def _calls(folder: Path) -> list[dict[str, Any]]:
    """The calls of a run that AWS carried out: the last line of each counts."""
    calls: dict[str, dict[str, Any]] = {}
    try:
        lines = (folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:  # the run ended before it made one
        return []
    for line in lines:
        call = json.loads(line)
        calls[call["id"]] = call
    return [call for call in calls.values() if call["status"] == _DONE]


def _evidence(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    except OSError:
        return {}
    return content
