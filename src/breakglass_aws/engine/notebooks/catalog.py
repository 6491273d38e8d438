# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runbooks of this collection, and the description, parameters and gates of each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from breakglass_aws.engine import commands
from breakglass_aws.engine.collection import NOTEBOOKS
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.gates.definition import Gate
from breakglass_aws.engine.gates.definition import find as find_gate
from breakglass_aws.engine.notebooks.parameters import Parameter, declared, describe


@dataclass(frozen=True)
class Runbook:
    """A notebook that can be run."""

    path: Path

    @property
    def name(self) -> str:
        """Its name on a command line."""
        return self.path.stem

    @cached_property
    def notebook(self) -> Any:
        """The notebook. Raises RunbookError when it cannot be read."""
        try:
            notebook = nbformat.read(self.path, as_version=4)
            nbformat.validate(notebook)
        except (OSError, ValueError, RecursionError, nbformat.ValidationError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunbookError(f"{self.path} cannot be read as a notebook: {reason}") from None
        except Exception as error:  # nbformat raises errors of many kinds for JSON that is no notebook
            raise RunbookError(f"{self.path} is not a notebook ({type(error).__name__}).") from None
        return notebook

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Its parameters. Raises RunbookError when it has no valid cell of parameters."""
        cells = [cell for cell in self.notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        if len(cells) != 1:
            raise RunbookError(
                f"{self.path} is not a runbook: it has {len(cells)} cells tagged 'parameters'. Expected exactly one. "
                f"`{commands.program()} list` prints the runbooks."
            )
        try:
            return declared(cells[0].source)
        except (SyntaxError, ValueError, RecursionError) as error:
            raise RunbookError(f"The parameters cell of {self.path} is not valid: {error}.") from None

    @cached_property
    def gates(self) -> list[Gate]:
        """Its gates, in order."""
        return [gate for cell in self.notebook.cells if cell.cell_type == "code" and (gate := find_gate(cell.source))]

    @property
    def title(self) -> str:
        """Its first heading."""
        return self._beginning()[0].lstrip("# ").strip()

    @property
    def introduction(self) -> str:
        """Its text below the title, up to the first cell with code."""
        return "\n".join(self._beginning()[1:]).strip()

    def describe(self) -> str:
        """Return a description for a person who wants to run it."""
        asked = [f"  {gate.name}: {gate.expects}" for gate in self.gates]
        gates = ["", "Gates (answer with --answer NAME=VALUE):", *asked] if asked else []
        return "\n".join([self.title, "", self.introduction, "", "Parameters:", *describe(self.parameters), *gates])

    def _beginning(self) -> list[str]:
        first = self.notebook.cells[0] if self.notebook.cells else None
        return first.source.splitlines() if first and first.cell_type == "markdown" and first.source else [self.name]


EXPLORES = "explore_"  # the beginning of the names of notebooks for looking at what runs have found


def runbooks() -> Iterator[Runbook]:
    """Yield the runbooks of this collection, by name. A NAME-Copy1, as JupyterLab makes it, is a run, no runbook.

    Notebooks that explore are none: they have no evidence, and are executed in JupyterLab or with papermill.
    """
    found = sorted(NOTEBOOKS.glob("*.ipynb"))
    return (Runbook(path) for path in found if path.stem.isidentifier() and not path.stem.startswith(EXPLORES))


def find(name: str) -> Runbook:
    """Return the runbook with this name, or the notebook at this path.

    Raises RunbookError, with the nearest name or all of them, when there is none.
    """
    if name.endswith(".ipynb"):
        if Path(name).is_file():
            return Runbook(Path(name).absolute())
        raise RunbookError(f"There is no notebook {name}.")
    known = {runbook.name: runbook for runbook in runbooks()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join(known) or f"none in {NOTEBOOKS}"
    raise RunbookError(f"There is no runbook {name!r}.{hint} There are: {listed}.")
