# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a runbook: check its parameters, execute the notebook, record how that ended."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine import commands, outcomes
from breakglass_aws.engine.display import page
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import locks, record
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.gates import approval_gate
from breakglass_aws.engine.kernel_options import KernelOptions
from breakglass_aws.engine.launcher import papermill_engine, run_file
from breakglass_aws.engine.launcher.import_papermill import papermill
from breakglass_aws.engine.launcher.notebook_client import Progress
from breakglass_aws.engine.launcher.run_file import Run
from breakglass_aws.engine.launcher.run_result import RunInterrupted, RunResult
from breakglass_aws.engine.notebooks import parameters
from breakglass_aws.engine.notebooks.catalog import Runbook

__all__ = ["RunResult", "execute", "run"]

OnProgress = Callable[[Progress], None]


def run(
    runbook: Runbook,
    given: Mapping[str, Any],
    output: Path | None = None,
    on_progress: OnProgress = lambda progress: None,
    timeout: int | None = None,
    answers: Mapping[str, str] | None = None,
) -> RunResult:
    """Run `runbook` with the parameters `given` and the checked `answers` to its gates.

    The executed notebook is written to `output`, by default into the evidence folder, and its page next to it.
    `timeout` is how long a cell may take, in seconds. Raises RunbookError when the run cannot be started; nothing was
    changed then. Raises RunInterrupted, with a message for the terminal, when it was interrupted.
    """
    values = parameters.check(runbook.parameters, given)
    passed = {name: values[name] for name in given}
    if passed.get(approval_gate.SIGNERS):  # a run may be resumed from another working directory
        passed[approval_gate.SIGNERS] = str(Path(passed[approval_gate.SIGNERS]).expanduser().absolute())
    kernel_options = KernelOptions(dict(answers or {}), launcher=True)
    if "evidence_dir" not in values:
        notebook = _output(output or Path.cwd() / f"{runbook.name}.ipynb")
        begun = Run(str(runbook.path), "", passed, str(notebook))
        return execute(runbook, begun, None, kernel_options, on_progress, timeout)
    folder = record.make_folder(values["evidence_dir"], runbook.name)
    if (folder / run_file.FILE).exists():
        raise RunbookError(
            f"The folder {folder} holds another run. Set evidence_dir to a new folder, or leave it empty.\n"
            f"To resume that run: {commands.resume(folder)}"
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
    on_progress: OnProgress,
    timeout: int | None,
) -> RunResult:
    """Run the cells, and record how the run ended, whatever ended it."""
    result = RunResult.of(begun, runbook.name, folder)
    cells: dict[int, Progress] = {}

    def watch(progress: Progress) -> None:
        if not cells:
            page.prepare()  # while the cells run, this process waits
        cells[progress.number] = progress
        if folder and not progress.detail:
            details = {key: getattr(progress, key) for key in ("cell", "title", "status")}
            Journal(folder).append("cell", **details, seconds=round(progress.seconds, 1))
        on_progress(progress)

    ended_by = KeyboardInterrupt.__name__
    try:
        ended_by, result.failure = _execute_notebook(runbook, begun, kernel_options, watch, timeout)
    finally:
        with _without_signals():
            result.cells = list(cells.values())
            result.conclude(ended_by)
    if ended_by == KeyboardInterrupt.__name__:
        raise RunInterrupted(result)
    return result


def _execute_notebook(
    runbook: Runbook, begun: Run, kernel_options: KernelOptions, on_progress: OnProgress, timeout: int | None
) -> tuple[str, str]:
    """Execute the notebook; return the name of the exception that ended it and its message, empty for none."""
    papermill_engine.register()
    secrets = [
        kernel_options.answers[gate.name]
        for gate in runbook.gates
        if gate.secret and gate.name in kernel_options.answers
    ]
    try:
        papermill.execute_notebook(
            _literal(runbook.path),
            _literal(Path(begun.notebook)),
            begun.parameters,
            engine_name=papermill_engine.NAME,
            progress_bar=False,
            execution_timeout=timeout,
            on_progress=on_progress,
            kernel_options=kernel_options,
            secrets=secrets,
        )
    except papermill.PapermillExecutionError as error:
        return error.ename, error.evalue if error.ename in outcomes.PLAIN_ERRORS else f"{error.ename}: {error.evalue}"
    except RunbookError as error:  # the notebook or the journal cannot be written
        return RunbookError.__name__, str(error)
    except KeyboardInterrupt:
        return KeyboardInterrupt.__name__, ""
    except BrokenPipeError:  # the progress is not read any more: the run stopped there
        raise
    except Exception as error:  # of papermill, Jupyter or this package; the run still ends with its evidence
        return type(error).__name__, f"Unexpected error: {type(error).__name__}: {error}"
    return "", ""


def _output(path: Path) -> Path:
    """Make the folder of the executed notebook; raise RunbookError when it cannot be written there."""
    path = path.expanduser().absolute()
    if path.suffix != ".ipynb":
        raise RunbookError(f"Invalid value for --output: {path}. Expected a file that ends in .ipynb.")
    if path.exists() or path.is_symlink():
        raise RunbookError(f"{path} exists. An executed runbook is evidence, and is not overwritten.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise RunbookError(f"The executed notebook cannot be written to {path}: {error.strerror}.") from None
    return path


def _literal(path: Path) -> str:
    """Escape a path for papermill, which replaces names in braces by parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM: the run has ended, nothing is left to stop, and its end must be recorded."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
