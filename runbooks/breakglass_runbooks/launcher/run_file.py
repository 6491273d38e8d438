"""What the launcher keeps of a run so that it can go on later: which notebook, with which parameters, writing where."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from breakglass_runbooks import files
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.notebooks.catalog import Runbook

FILE = "run.json"


@dataclass
class Run:
    """A run that the launcher has begun."""

    runbook: str  # the path of its notebook
    sha256: str  # of the notebook's cells
    parameters: dict[str, Any]
    notebook: str  # the executed one
    part: int = 1  # how often it has been run, this time included

    def write(self, folder: Path) -> None:
        """Keep it."""
        files.write(folder / FILE, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, folder: Path) -> Run:
        """The run in a folder; RunbookError when there is none."""
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RunbookError(
                f"There is no run in {folder} that can go on: only `python -m breakglass_runbooks run`, and the "
                "module and playbook `runbook`, begin one."
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise RunbookError(f"{folder / FILE} cannot be read: {error}.") from None


def digest(runbook: Runbook) -> str:
    """What a runbook says and does, whatever else is in the file."""
    cells = [[cell.cell_type, cell.source] for cell in runbook.notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()
