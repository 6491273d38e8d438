"""Whether the result of a drill agrees with the journals and the evidence of its runs: times, counts, outcomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills.result import DrillResult, ScenarioResult

NEAR = 2.0  # seconds between the end of a cell in its journal, and when the runner read it


def disagreements(drill: DrillResult, folder: Path) -> list[str]:
    """A line for each fact of the result that its scenarios' evidence contradicts."""
    return [f"{one.name}: {text}" for one in drill.scenarios if one.evidence.folder for text in _of(one, folder)]


def _of(one: ScenarioResult, folder: Path) -> Iterator[str]:
    evidence = folder / one.evidence.folder
    journal = [json.loads(line) for line in (evidence / "journal.jsonl").read_text().splitlines()]
    state = json.loads((evidence / "evidence.json").read_text())
    if one.outcome != state["outcome"]:
        yield f"outcome {one.outcome}, evidence {state['outcome']}"
    sessions = {session.access_key_id for session in one.sessions}
    if recorded := {session["access_key_id"] for session in state["sessions"]} - sessions:
        yield f"sessions of the evidence are missing: {recorded}"
    if unknown := {session.access_key_id for session in one.sessions if session.in_evidence} - {
        session["access_key_id"] for session in state["sessions"]
    }:
        yield f"sessions are not in the evidence: {unknown}"
    for entry in journal:
        if entry["event"] == "cell" and entry["status"] == "completed" and entry["seconds"] >= 0.5:
            yield from _cell(one, entry)
    answers = [entry["answer"] for entry in journal if entry["event"] == "answer" and entry["gate"] != "approval"]
    did = " ".join(text for person in one.people for text in person.did)
    yield from (f"the answer {answer} is of no person" for answer in answers if answer not in did)


def _cell(one: ScenarioResult, entry: dict[str, Any]) -> Iterator[str]:
    """Report a cell that no step of the timeline has, at its time and with its duration."""
    end = datetime.fromisoformat(entry["time"])
    steps = [step for step in one.timeline if step.text.startswith(entry["title"]) and step.lane == "runbook"]
    near = [step for step in steps if abs((datetime.fromisoformat(step.end) - end).total_seconds()) < NEAR]
    took = [(datetime.fromisoformat(step.end) - datetime.fromisoformat(step.start)).total_seconds() for step in near]
    if not any(abs(seconds - entry["seconds"]) < 0.2 for seconds in took):
        yield f"no step for the cell {entry['title']} that ended at {entry['time']} after {entry['seconds']} s: {took}"
