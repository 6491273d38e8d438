"""Check that the newest drill of a folder agrees with the journals and evidence of its runs: times, counts, outcomes.

PYTHONPATH=tests python -m drills.agreement drill-reports
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills import result
from breakglass_aws.drills.result import DrillResult, ScenarioResult, TimelineEntry

NEAR = 1.0  # seconds between the end of a cell in its journal and in what the command prints of it
Journal = list[dict[str, Any]]


def disagreements(drill: DrillResult, folder: Path) -> list[str]:
    """A line for each fact of the result that its scenarios' evidence contradicts."""
    return [f"{one.name}: {text}" for one in drill.scenarios if one.evidence.manifest for text in _of(one, folder)]


def _of(one: ScenarioResult, folder: Path) -> Iterator[str]:
    evidence = folder / one.evidence.folder
    journal = [json.loads(line) for line in (evidence / "journal.jsonl").read_text().splitlines()]
    recorded = {
        session["access_key_id"] for session in json.loads((evidence / "evidence.json").read_text())["sessions"]
    }
    reported = {session.access_key_id for session in one.sessions if session.in_evidence}
    if recorded != reported:
        yield f"root sessions of the report {sorted(reported)}, of the evidence {sorted(recorded)}"
    outcomes = [entry["outcome"] for entry in journal if entry["event"] == "ended"]
    if outcomes and outcomes[-1] != one.outcome:
        yield f"outcome {one.outcome}, in the journal {outcomes[-1]}"
    cells = [entry for entry in journal if entry["event"] == "cell"]
    steps = [
        entry
        for entry in one.timeline
        if entry.lane == "runbook" and entry.kind in ("step", "gate") and not entry.text.endswith("with the command")
    ]
    if cells:  # a run in JupyterLab has none
        yield from (f"no cell of the journal is the step {step}" for step in steps if not _is_one_of(step, cells))
    kept = [change for change in one.changes if change.session in recorded]
    if kept and one.outcome == "unchanged":
        yield f"{len(kept)} changes, although the outcome is unchanged"


def _is_one_of(step: TimelineEntry, cells: Iterable[dict[str, Any]]) -> bool:
    """Whether a cell has the title of a step, ended when it did, and took as long."""
    end = datetime.fromisoformat(step.end)
    took = (end - datetime.fromisoformat(step.start)).total_seconds()
    return any(
        step.text.startswith(cell["title"])
        and abs((datetime.fromisoformat(cell["time"]) - end).total_seconds()) < NEAR
        and abs(cell["seconds"] - took) < NEAR
        for cell in cells
    )


def main(reports: str) -> int:
    """Return 0 when the newest drill in a folder of reports agrees with its evidence."""
    path = max(Path(reports).glob(f"*/{result.FILE}"))
    drill = result.read(path)
    found = disagreements(drill, path.parent)
    print("\n".join(found) or f"{path.parent.name}: {len(drill.scenarios)} scenarios agree with their evidence.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
