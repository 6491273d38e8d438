# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills that were killed: each drill marks its folder while it runs, so that the next one can tell."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from breakglass_aws.drills import result
from breakglass_aws.drills.result import DrillResult
from breakglass_aws.drills.runner import evidence
from breakglass_aws.engine.collection import module_util

EVIDENCE = "evidence"
_MARK = ".running"  # holds the process that runs the drill


def mark(folder: Path) -> None:
    """Note in the folder of a drill that this process runs it."""
    path = folder / _MARK
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(module_util("_started_by").identify(os.getpid()))


def unmark(folder: Path) -> None:
    """Note that the drill has ended, and its report is written."""
    (folder / _MARK).unlink(missing_ok=True)


def read(folder: Path) -> DrillResult:
    """What is known of a drill that was killed: its result, with the evidence that its scenarios have left.

    Raises result.ResultError when there is none.
    """
    drill = result.read(folder / result.FILE)
    last = max((path.stat().st_mtime for path in folder.rglob("*")), default=folder.stat().st_mtime)
    drill.ended = datetime.fromtimestamp(last, UTC).isoformat(timespec="milliseconds")
    for one in drill.scenarios:
        if one.started and not one.ended and (folder / one.name / EVIDENCE).is_dir():
            one.evidence = evidence.evidence_in(folder / one.name / EVIDENCE, folder)
    return drill


def aborted(reports: Path) -> list[Path]:
    """The folders of drills whose process has ended without a report, oldest first."""
    marks = sorted(reports.glob(f"*/{_MARK}"))
    running = module_util("_started_by").is_running
    return [path.parent for path in marks if not running(path.read_text(encoding="utf-8").strip())]
