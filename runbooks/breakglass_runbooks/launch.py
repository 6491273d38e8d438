"""Run a runbook from outside: check its parameters, execute it, write the notebook and its page, tell how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import papermill
from papermill.exceptions import PapermillExecutionError

from breakglass_runbooks import engine, evidence, parameters
from breakglass_runbooks.catalog import Runbook
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.execution import Progress

# Errors whose text is meant for the reader; of any other, the kind is worth knowing too.
PLAIN_ERRORS = ("RunbookError", "DeadKernelError", "CellTimeoutError")


@dataclass
class Ending:
    """How a run ended."""

    runbook: str
    notebook: Path
    page: Path
    evidence_dir: Path | None
    cells: list[Progress] = field(default_factory=list)  # each in its last state
    failure: str = ""  # the message of what failed; empty when nothing did
    changed: bool = False

    @property
    def failed_cell(self) -> str:
        """The title of the cell that failed."""
        return next((cell.title for cell in self.cells if cell.status == "failed"), "")


def run(
    runbook: Runbook,
    given: Mapping[str, Any],
    output: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    timeout: int | None = None,
) -> Ending:
    """Run `runbook` with the parameters `given`.

    The executed notebook goes to `output`, by default into the evidence folder, and its page beside it. Raises
    RunbookError when the runbook cannot be started; nothing has been done then.
    """
    values = parameters.check(runbook.parameters, given)
    passed = {name: values[name] for name in given}
    folder = None
    if "evidence_dir" in values:
        folder = evidence.make_folder(values["evidence_dir"], runbook.name)
        passed["evidence_dir"] = str(folder)
    notebook = _output(output or (folder or Path.cwd()) / f"{runbook.name}.ipynb")
    ending = Ending(runbook.name, notebook, notebook.with_suffix(".html"), folder)
    cells: dict[int, Progress] = {}

    def watch(progress: Progress) -> None:
        cells[progress.number] = progress
        on_progress(progress)

    engine.register()
    try:
        papermill.execute_notebook(
            _literal(runbook.path),
            _literal(notebook),
            passed,
            engine_name=engine.NAME,
            progress_bar=False,
            execution_timeout=timeout,
            on_progress=watch,
        )
    except PapermillExecutionError as error:
        plain = error.ename in PLAIN_ERRORS
        ending.failure = error.evalue if plain else f"{error.ename}: {error.evalue}"
    finally:
        ending.cells = list(cells.values())
        ending.page.touch(mode=0o600)
        ending.page.write_text(page(notebook), encoding="utf-8")
    ending.changed = bool(folder) and _changed(folder)
    return ending


def page(notebook: Path) -> str:
    """The executed notebook as one HTML page that needs no network and runs no script."""
    from nbconvert import HTMLExporter

    html, _ = HTMLExporter(embed_images=True).from_filename(str(notebook))
    return re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL | re.IGNORECASE)


def _output(path: Path) -> Path:
    """Make the folder of the executed notebook; raise RunbookError when it cannot be written there."""
    path = path.expanduser().absolute()
    if path.suffix != ".ipynb":
        raise RunbookError(f"The executed notebook must be a file that ends in .ipynb, not {path}.")
    if path.exists():
        raise RunbookError(f"{path} exists; an executed runbook is evidence and is not overwritten.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise RunbookError(f"The executed notebook cannot be written to {path}: {error.strerror}.") from None
    return path


def _literal(path: Path) -> str:
    """A path for papermill, which takes braces for places to put parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _changed(folder: Path) -> bool:
    """Whether the run changed anything, or would, as its evidence says."""
    try:
        return json.loads((folder / evidence.FILE).read_text(encoding="utf-8"))["changed"]
    except FileNotFoundError:
        return False  # it ended before it began to keep evidence
