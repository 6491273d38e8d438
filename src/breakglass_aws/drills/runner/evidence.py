# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner reads of a run's folder: the gate at which it waits, and its evidence."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from breakglass_aws.drills.result import Evidence
from breakglass_aws.engine.evidence import manifest


def waiting_at(folder: Path) -> str:
    """The gate at which a run waits, from its journal; empty when it waits at none."""
    return next(reversed(_gates(folder, "waiting")), "")


def answered(folder: Path) -> list[str]:
    """The gates of a run that were answered, from its journal."""
    return _gates(folder, "answer")


def _gates(folder: Path, event: str) -> list[str]:
    try:
        lines = (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [str(entry["gate"]) for entry in map(json.loads, lines) if entry["event"] == event]


def evidence_in(folder: Path, drill: Path) -> Evidence:
    """The evidence folder of a run, and whether nothing of it was altered."""
    path = folder / manifest.FILE
    if not path.is_file():
        return Evidence(str(folder.relative_to(drill)) if folder.exists() else "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    signed = path.with_name(f"{manifest.FILE}.sig").is_file()
    return Evidence(str(folder.relative_to(drill)), digest, not manifest.problems(folder), signed)
