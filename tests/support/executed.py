"""What an executed runbook shows, and running one as a person at a terminal would."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nbformat

from breakglass_aws.sandbox import Box


def run(
    place: Any, runbook: str, folder: str, *, answers: tuple[str, ...] = (), **given: Any
) -> subprocess.CompletedProcess[str]:
    """Run a runbook with the launcher; its evidence goes into `folder` of the workplace."""
    parameters = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    answered = [word for answer in answers for word in ("--answer", answer)]
    return place.run("breakglass_aws.engine", "run", runbook, *parameters, "-p", f"evidence_dir={folder}", *answered)


def resume(place: Any, folder: str, *answers: str) -> subprocess.CompletedProcess[str]:
    """Go on with a run that waits."""
    return place.run(
        "breakglass_aws.engine", "resume", folder, *(word for one in answers for word in ("--answer", one))
    )


def cells(notebook: Path) -> dict[str, str]:
    """All that each cell of an executed notebook displays, as its reader sees it without HTML."""
    return {
        cell.id: "\n".join(
            output.get("data", {}).get("text/markdown", "") + "\n".join(output.get("traceback", []))
            for output in cell.outputs
        )
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.cell_type == "code"
    }


def writes(box: Box, since: int = 0) -> list[str]:
    """What was changed since an event; opening a session changes nothing."""
    return [event["action"] for event in box.events()[since:] if event["write"] and event["service"] != "sts"]


def denials(box: Box, since: int = 0) -> list[str]:
    """What the operator of least_privilege was denied since an event."""
    return [
        event["action"]
        for event in box.events()[since:]
        if event["error"] in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
        and "/Operator-" in event["principal"]
    ]


def opened(box: Box) -> set[str]:
    """The access key IDs of all root sessions since the sandbox was reset, as CloudTrail has them."""
    pages = (
        box.client("cloudtrail", "engineer")
        .get_paginator("lookup_events")
        .paginate(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRoot"}])
    )
    records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    return {record["responseElements"]["credentials"]["accessKeyId"] for record in records if "errorCode" not in record}


def recorded_sessions(folder: Path) -> set[str]:
    """The access key IDs of the root sessions that the evidence of a run has."""
    return {session["access_key_id"] for session in json.loads((folder / "evidence.json").read_text())["sessions"]}
