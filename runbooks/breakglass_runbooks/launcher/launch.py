"""Run a runbook from outside: check its parameters, execute it, write the notebook and its page, tell how it ended."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from papermill.execute import ERROR_MARKER_TAG

from breakglass_runbooks import files, outcomes, results
from breakglass_runbooks.display import approvals, page, report
from breakglass_runbooks.display import html as render
from breakglass_runbooks.errors import RunbookError, Waiting
from breakglass_runbooks.evidence import locks, record
from breakglass_runbooks.evidence import manifest as verify
from breakglass_runbooks.evidence.journal import Journal
from breakglass_runbooks.gates import approval_gate
from breakglass_runbooks.gates.definition import Gate
from breakglass_runbooks.kernel_options import KernelOptions
from breakglass_runbooks.launcher import papermill_engine, run_file
from breakglass_runbooks.launcher.notebook_client import Progress
from breakglass_runbooks.launcher.run_file import Run
from breakglass_runbooks.notebooks import parameters
from breakglass_runbooks.notebooks.catalog import Runbook

# What the page of a run begins with, by what ended it.
STOPPED = {
    Waiting.__name__: "This run waits for a person,",
    KeyboardInterrupt.__name__: "This run was interrupted, and can be resumed: what is done is not done again. It was",
}

UNSEALED = "What this run has done stands in its evidence, but that is not complete, and not sealed."


@dataclass
class RunResult:
    """How a run ended."""

    runbook: str
    notebook: Path
    page: Path
    evidence_dir: Path | None
    cells: list[Progress] = field(default_factory=list)  # each in its last state
    failure: str = ""  # the message of what ended the run; empty when it is through
    changed: bool = False
    check_mode: bool = False
    remarks: list[str] = field(default_factory=list)  # what whoever reads only the outcome must know
    recovery_open_in: list[str] = field(default_factory=list)  # accounts, when the run is not through
    outcome: str = outcomes.INTERRUPTED
    manifest: str = ""  # the SHA-256 of the evidence's manifest

    @property
    def stopped_at(self) -> Progress | None:
        """The cell in which the run ended before its end."""
        return next((cell for cell in self.cells if cell.status in ("running", "failed", "waiting")), None)

    @property
    def last_cell(self) -> str:
        """The title of the cell that the run came to."""
        return next((cell.title for cell in reversed(self.cells) if cell.status != "skipped"), "")

    @property
    def failed_cell(self) -> str:
        """The title of that cell."""
        return self.stopped_at.title if self.stopped_at else ""


def run(
    runbook: Runbook,
    given: Mapping[str, Any],
    output: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    timeout: int | None = None,
    answers: Mapping[str, str] | None = None,
) -> RunResult:
    """Run `runbook` with the parameters `given` and the `answers` for its gates, checked.

    The executed notebook goes to `output`, by default into the evidence folder, and its page beside it. Raises
    RunbookError when the runbook cannot be started; nothing has been done then.
    """
    values = parameters.check(runbook.parameters, given)
    passed = {name: values[name] for name in given}
    if passed.get(approval_gate.SIGNERS):  # a run may go on from another folder
        passed[approval_gate.SIGNERS] = str(Path(passed[approval_gate.SIGNERS]).expanduser().absolute())
    kernel_options = KernelOptions(dict(answers or {}), launcher=True)
    if "evidence_dir" not in values:
        notebook = _output(output or Path.cwd() / f"{runbook.name}.ipynb")
        return execute(
            runbook, Run(str(runbook.path), "", passed, str(notebook)), None, kernel_options, on_progress, timeout
        )
    folder = record.make_folder(values["evidence_dir"], runbook.name)
    if (folder / run_file.FILE).exists():
        raise RunbookError(
            f"The folder {folder} holds another run. Set evidence_dir to a new folder, or leave it empty.\n"
            f"To go on with that run: {resume_command(folder)}"
        )
    notebook = _output(output or folder / f"{runbook.name}.ipynb")
    begun = Run(str(runbook.path), run_file.digest(runbook), passed | {"evidence_dir": str(folder)}, str(notebook))
    begun.write(folder)
    held = locks.on_run(folder)
    try:
        return execute(runbook, begun, folder, kernel_options, on_progress, timeout)
    finally:
        held.release()


def execute(
    runbook: Runbook,
    begun: Run,
    folder: Path | None,
    kernel_options: KernelOptions,
    on_progress: Callable[[Progress], None],
    timeout: int | None,
) -> RunResult:
    """Run the cells, and write the page, the end of the journal and the manifest, however that goes."""
    notebook = Path(begun.notebook)
    result = RunResult(runbook.name, notebook, notebook.with_suffix(".html"), folder)
    cells: dict[int, Progress] = {}

    def watch(progress: Progress) -> None:
        cells[progress.number] = progress
        if folder:
            kept = {key: getattr(progress, key) for key in ("cell", "title", "status")}
            Journal(folder).append("cell", **kept, seconds=round(progress.seconds, 1))
        on_progress(progress)

    ended_by = KeyboardInterrupt.__name__
    papermill_engine.register()
    try:
        papermill.execute_notebook(
            _literal(runbook.path),
            _literal(notebook),
            begun.parameters,
            engine_name=papermill_engine.NAME,
            progress_bar=False,
            execution_timeout=timeout,
            on_progress=watch,
            kernel_options=kernel_options,
            secrets=[
                kernel_options.answers[gate.name] for gate in runbook.gates if _is_answered_secret(gate, kernel_options)
            ],
        )
        ended_by = ""
    except PapermillExecutionError as error:
        ended_by = error.ename
        result.failure = error.evalue if ended_by in outcomes.PLAIN_ERRORS else f"{ended_by}: {error.evalue}"
    except RunbookError as error:  # the notebook or the journal cannot be written
        ended_by, result.failure = RunbookError.__name__, str(error)
    except KeyboardInterrupt:
        pass  # told below, when it is known what was changed
    finally:
        with _undisturbed():
            result.cells = list(cells.values())
            _conclude(result, ended_by)
    if ended_by == KeyboardInterrupt.__name__:
        raise KeyboardInterrupt(_interrupted(result, folder))
    return result


def insert_banner(notebook: Path, words: str) -> None:
    """Say how a run ended; where papermill has put words about an exception, put better ones."""
    content = nbformat.read(notebook, as_version=4)
    marks = [cell for cell in content.cells if ERROR_MARKER_TAG in cell.metadata.get("tags", [])]
    if marks:
        marks[0].source = f"{words}\n\n[Go there.](#papermill-error-cell)"
        marks[1].source = '<span id="papermill-error-cell"></span>**The run stopped here.**'
    else:
        content.cells.insert(0, nbformat.v4.new_markdown_cell(words))
    files.write(notebook, nbformat.writes(content))


def _is_answered_secret(gate: Gate, kernel_options: KernelOptions) -> bool:
    return gate.secret and gate.name in kernel_options.answers


def _conclude(result: RunResult, ended_by: str) -> None:
    """Work out the outcome, write it down and seal the evidence; where that cannot be done, it is a failure itself."""
    folder = result.evidence_dir
    if folder:
        _read_evidence(result, folder)
    stopped = result.stopped_at.cell if result.stopped_at else ""
    result.outcome = outcomes.of(ended_by, stopped, result.changed, result.check_mode)
    if result.outcome in outcomes.THROUGH:
        result.recovery_open_in = []
    try:
        _write_down(result, ended_by)
    except RunbookError as error:
        result.failure = "\n".join(dict.fromkeys(filter(None, [result.failure, str(error), UNSEALED])))
        result.outcome = outcomes.of(ended_by or RunbookError.__name__, stopped, result.changed, result.check_mode)


def _write_down(result: RunResult, ended_by: str) -> None:
    folder = result.evidence_dir
    words = outcomes.MEANINGS.get(result.outcome, "")
    if ended_by:
        words = f"{STOPPED.get(ended_by, 'This run stopped')} at '{result.last_cell}'."
    still_open = [results.recovery_warning(result.recovery_open_in)] if result.recovery_open_in else []
    headlines = [render.text(line).markdown for line in (words, *still_open, *result.remarks)]
    insert_banner(result.notebook, "\n\n".join(f"**{line}**" for line in headlines))
    if no_page := page.write(result.notebook, result.page):
        result.remarks.append(no_page)
    if folder:
        Journal(folder).append("ended", outcome=result.outcome, changed=result.changed, check_mode=result.check_mode)
        stopped = f"It stopped at '{result.last_cell}'. To go on:\n\n    {resume_command(folder)}" if ended_by else ""
        report.write(folder, result.outcome, result.failure or stopped)
        result.manifest = verify.seal(folder, [result.notebook, result.page])


def _interrupted(result: RunResult, folder: Path | None) -> str:
    """What a person at the terminal needs to know after Ctrl-C."""
    words = f"\nInterrupted. The page shows how far it came, and what was done by then: {result.page}"
    if not folder:
        return words
    if result.check_mode:
        words += "\nIt only planned: nothing was changed."
    elif result.changed:
        words += "\nIT HAS CHANGED SOMETHING, AND IS NOT THROUGH."
    else:
        words += "\nNothing has been changed."
    if result.recovery_open_in:
        words += f"\n{results.recovery_warning(result.recovery_open_in)}"
    return (
        f"{words}\nEvidence: {folder}\nManifest: SHA-256 {result.manifest}\n\n"
        f"To go on; what is done is not done again:\n\n{resume_command(folder)}\n\nOutcome: {result.outcome}"
    )


def resume_command(folder: Path) -> str:
    """What a person types to go on with a run."""
    return f"python -m breakglass_runbooks resume {shlex.quote(str(folder))}"


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


def _read_evidence(result: RunResult, folder: Path) -> None:
    """Take over what the evidence says, unless the run has ended before it began to keep any."""
    with contextlib.suppress(FileNotFoundError):
        content = json.loads((folder / record.FILE).read_text(encoding="utf-8"))
        result.changed, result.check_mode = content["changed"], content["check_mode"]
        result.recovery_open_in = content["recovery_open_in"]
        result.remarks = [one for one in (content["remark"], *approvals.unapproved(content["approvals"])) if one]


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no signal come between: the run has ended, there is nothing left to stop, and how it ended must be kept."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears of them
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
