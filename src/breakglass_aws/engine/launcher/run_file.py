# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`run.json`: which notebook the launcher runs, with which parameters, and where the result goes; for a resume."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from breakglass_aws.engine import commands, files
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.notebooks.catalog import Runbook

FILE = "run.json"


@dataclass
class Run:
    """A run that the launcher has started."""

    runbook: str  # the path of its notebook
    sha256: str  # of the notebook's cells
    parameters: dict[str, Any]
    notebook: str  # the path of the executed notebook
    part: int = 1  # how many times it was started or resumed

    def write(self, folder: Path) -> None:
        """Write it into the folder of the run."""
        files.write(folder / FILE, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Run:
        """Return the run in a folder. Raises RunbookError when there is none, or its file is not valid."""
        try:
            content = reading.json_file(folder / FILE)
        except FileNotFoundError:
            raise RunbookError(
                f"There is no run in {folder} that can be resumed. Only `{commands.PROGRAM} run`, and the module and "
                "playbook `runbook`, start one."
            ) from None
        try:
            run = cls(**content)
        except TypeError:
            raise RunbookError(f"{folder / FILE} is not valid. Start a new run.") from None
        texts = (run.runbook, run.sha256, run.notebook)
        valid = isinstance(run.parameters, dict) and type(run.part) is int
        if not valid or not all(isinstance(text, str) for text in texts):
            raise RunbookError(f"{folder / FILE} is not valid. Start a new run.")
        return run


def digest(runbook: Runbook) -> str:
    """Return the SHA-256 of a runbook's cells, whatever else the file contains."""
    cells = [[cell.cell_type, cell.source] for cell in runbook.notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()
