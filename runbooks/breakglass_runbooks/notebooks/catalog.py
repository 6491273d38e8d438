"""Which runbooks there are, and what each says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from breakglass_runbooks.collection import NOTEBOOKS
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.gates.definition import Gate
from breakglass_runbooks.gates.definition import find as find_gate
from breakglass_runbooks.notebooks.parameters import Parameter, declared, describe


@dataclass(frozen=True)
class Runbook:
    """A notebook that can be run."""

    path: Path

    @property
    def name(self) -> str:
        """What it is called on a command line."""
        return self.path.stem

    @cached_property
    def notebook(self) -> Any:
        """The notebook itself."""
        try:
            return nbformat.read(self.path, as_version=4)
        except (OSError, ValueError, nbformat.ValidationError) as error:
            raise RunbookError(f"{self.path} cannot be read as a notebook: {error}") from None

    @cached_property
    def parameters(self) -> list[Parameter]:
        """What it takes."""
        cells = [cell for cell in self.notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        if len(cells) != 1:
            raise RunbookError(f"{self.path} has {len(cells)} cells tagged 'parameters'; a runbook has exactly one.")
        return declared(cells[0].source)

    @cached_property
    def gates(self) -> list[Gate]:
        """Where a person must act, in order."""
        return [gate for cell in self.notebook.cells if cell.cell_type == "code" and (gate := find_gate(cell.source))]

    @property
    def title(self) -> str:
        """Its first heading."""
        return self._beginning()[0].lstrip("# ").strip()

    @property
    def introduction(self) -> str:
        """What it says below its title, up to the first cell with code."""
        return "\n".join(self._beginning()[1:]).strip()

    def describe(self) -> str:
        """All that somebody must know to run it."""
        asked = [f"  {gate.name}: {gate.expects}" for gate in self.gates]
        gates = ["", "It asks people (--answer NAME=VALUE answers beforehand):", *asked] if asked else []
        return "\n".join([self.title, "", self.introduction, "", "It takes:", *describe(self.parameters), *gates])

    def _beginning(self) -> list[str]:
        first = self.notebook.cells[0]
        return first.source.splitlines() if first.cell_type == "markdown" and first.source else [self.name]


def runbooks() -> Iterator[Runbook]:
    """The runbooks of this collection, by name; what JupyterLab calls NAME-Copy1 is somebody's run."""
    return (Runbook(path) for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path.stem.isidentifier())


def find(name: str) -> Runbook:
    """The runbook called `name`, or the notebook at that path; RunbookError with what there is when there is none."""
    if name.endswith(".ipynb"):
        if Path(name).is_file():
            return Runbook(Path(name).absolute())
        raise RunbookError(f"There is no notebook {name}.")
    known = {runbook.name: runbook for runbook in runbooks()}
    if name in known:
        return known[name]
    raise RunbookError(f"There is no runbook {name!r}. There are: {', '.join(known) or f'none in {NOTEBOOKS}'}.")
