"""How far a sweep is, while a runbook runs it: for the launcher, and in the executed notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.executed import cells

from breakglass_aws.sandbox import Box


def test_the_launcher_and_the_notebook_get_the_progress_of_a_task(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    sandbox.add_fault("slow", operation="AssumeRoot", seconds=0.5)
    place = make_workplace({**sandbox.environment("operator"), "BREAKGLASS_PROGRESS_SECONDS": "0"})
    parameters = ("-p", "organizational_units=Workloads", "-p", "check_mode=false", "-p", "evidence_dir=done")
    done = place.run("breakglass_aws.engine", "run", "audit_root_credentials", *parameters, "--json")
    assert done.returncode == 0, done.stdout
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    details = [event for event in events if event["event"] == "cell" and event["detail"]]
    assert details
    assert all(event["status"] == "running" and " accounts" in event["detail"] for event in details)
    assert any(event["cell"].startswith("act") for event in details)
    journal = [json.loads(line) for line in (place.folder / "done/journal.jsonl").read_text().splitlines()]
    assert not any(entry.get("event") == "progress" for entry in journal)
    shown = cells(place.folder / "done/audit_root_credentials.ipynb")
    assert "in work" not in shown["act"]
