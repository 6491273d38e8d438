# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's run has left, for the timeline and the judge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills.runner.scene import RunEnd
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.outcomes import EXIT_STATUS, WAITING

_JOURNAL = "journal.jsonl"


def runs(folder: Path) -> list[Path]:
    """The folders of the runs below `folder`, the one that was written last at the end.

    It is `folder`/evidence alone when there is none.
    """
    found = sorted(folder.rglob(_JOURNAL), key=lambda path: path.stat().st_mtime)
    return [path.parent for path in found] or [folder / "evidence"]


def newest(folder: Path) -> Path:
    """The folder of the run below `folder` that was written last."""
    return runs(folder)[-1]


def end_of(folder: Path, timeline: Timeline, did: Callable[[str], object]) -> RunEnd:
    """How the run in a folder ended; its cells, gates and waits are added to the timeline.

    `did` is called with what the person did, in words.
    """
    try:
        lines = (folder / _JOURNAL).read_text(encoding="utf-8").splitlines()
    except OSError:
        return RunEnd(None, errors="No runbook was run below the folder of the scenario.")
    entries = [json.loads(line) for line in lines]
    known = _evidence(folder)
    did(f"ran {known.get('runbook', 'a runbook')}")
    if not any(entry["event"] == "cell" for entry in entries):
        _add_steps(entries, timeline)
    waits: dict[str, str] = {}  # the gates at which the run waits, and since when
    for entry in entries:
        _add(entry, timeline, waits, did)
    for gate, begun in waits.items():
        timeline.wait(f"The run waits at {gate}", begun, entries[-1]["time"])
    ended = [entry["outcome"] for entry in entries if entry["event"] == "ended"]
    outcome = ended[-1] if ended else _outcome_in_jupyter(known, entries)
    report = folder / "report.md"
    text = report.read_text(encoding="utf-8") if report.is_file() else ""
    return RunEnd(EXIT_STATUS.get(outcome), outcome, text=text)


def _evidence(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    except OSError:
        return {}
    return content


def _add_steps(entries: list[dict[str, Any]], timeline: Timeline) -> None:
    """Add the steps of a run in JupyterLab, where no command notes the cells."""
    begun: dict[str, Any] | None = None
    for entry in entries:
        if entry["event"] == "step":
            begun = entry
        elif begun and entry["event"] in ("finished", "failed"):
            seconds = datetime.fromisoformat(entry["time"]) - datetime.fromisoformat(begun["time"])
            text = "; ".join(begun["tasks"]) or "tasks"
            timeline.add("runbook", "operator", "step", text, seconds.total_seconds(), entry["time"])
            begun = None


def _outcome_in_jupyter(known: Mapping[str, Any], entries: list[dict[str, Any]]) -> str:
    """The outcome of a run whose cells a person ran, as the command would have called it; empty when it has not ended.

    There, no command notes the end of the run: its last cell concludes it.
    """
    concluded = [entry for entry in entries if entry["event"] == "concluded"]
    if not known or not concluded:
        return WAITING if known.get("outcome") == WAITING else ""
    error = RunbookError.__name__ if concluded[-1].get("message") else ""
    return outcomes.of(error, "", known["changed"], known["check_mode"])


def _add(entry: dict[str, Any], timeline: Timeline, waits: dict[str, str], did: Callable[[str], object]) -> None:
    """Add an entry of the journal, at the time that it has."""
    event, time, gate = entry["event"], entry["time"], str(entry.get("gate"))
    if event == "cell" and entry.get("status") not in ("running", "skipped"):
        text = f"{entry.get('title')}: {entry.get('status')}"
        timeline.add("runbook", "operator", "step", text, float(entry.get("seconds") or 0), time)
    elif event == "resumed":
        timeline.add("runbook", "operator", "resume", "the run is resumed", ended=time)
    elif event == "waiting":
        waits.setdefault(gate, time)
    elif event in ("answer", "refused"):
        text = f"answered {gate}" if event == "answer" else f"gave an answer to {gate} that was refused"
        timeline.add("person", "operator", "step", text, ended=time)
        did(text)
        if event == "answer" and gate in waits:
            timeline.wait(f"The run waits at {gate}", waits.pop(gate), time)
