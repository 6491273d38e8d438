# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person's run has left, for the timeline and the judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from breakglass_aws.drills.runner.scene import RunEnd
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.engine.outcomes import EXIT_STATUS

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


def end_of(folder: Path, timeline: Timeline) -> RunEnd:
    """How the run in a folder ended; its cells, gates and waits are added to the timeline."""
    try:
        lines = (folder / _JOURNAL).read_text(encoding="utf-8").splitlines()
    except OSError:
        return RunEnd(None, errors="No runbook was run below the folder of the scenario.")
    entries = [json.loads(line) for line in lines]
    for entry in entries:
        _add(entry, timeline)
    outcome = next((entry["outcome"] for entry in reversed(entries) if entry["event"] == "ended"), "")
    report = folder / "report.md"
    text = report.read_text(encoding="utf-8") if report.is_file() else ""
    return RunEnd(EXIT_STATUS.get(outcome), outcome, text=text)


def _add(entry: dict[str, Any], timeline: Timeline) -> None:
    """Add an entry of the journal, at the time that it has."""
    words: dict[str, tuple[str, str, str]] = {
        "cell": ("runbook", "step", f"{entry.get('title')}: {entry.get('status')}"),
        "waiting": ("person", "wait", f"The run waits at {entry.get('gate')}"),
        "answer": ("person", "step", f"answered {entry.get('gate')}"),
        "resumed": ("runbook", "resume", "the run is resumed"),
    }
    if entry["event"] not in words or (entry["event"] == "cell" and entry.get("status") in ("running", "skipped")):
        return
    lane, kind, text = words[entry["event"]]
    added = timeline.add(lane, "operator", kind, text)
    added.end = added.start = entry["time"]
