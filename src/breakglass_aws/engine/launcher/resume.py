# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resume a run that waits for a person, failed, was interrupted, or whose kernel or machine died."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import checkpoints, locks, manifest, record
from breakglass_aws.engine.evidence.journal import FILE, Journal
from breakglass_aws.engine.kernel import variable_references
from breakglass_aws.engine.kernel_options import KernelOptions
from breakglass_aws.engine.launcher import launch, run_file
from breakglass_aws.engine.launcher.run_result import RunResult
from breakglass_aws.engine.notebooks.catalog import Runbook


def runbook_of(folder: Path) -> Runbook:
    """Return the runbook of the run in `folder`. Raises RunbookError when it was changed or there is no run."""
    run = run_file.Run.load(folder)
    runbook = Runbook(Path(run.runbook))
    if not runbook.path.is_file() or run_file.digest(runbook) != run.sha256:
        raise RunbookError(
            f"The runbook {runbook.path} was changed or removed since this run began, so it is not known which of its "
            "steps are done.\nStart a new run: it finds what is already done."
        )
    return runbook


def resume(
    folder: Path,
    answers: Mapping[str, str],
    on_progress: launch.OnProgress = lambda progress: None,
    timeout: int | None = None,
) -> RunResult:
    """Resume the run in `folder`; see `checkpoints` for what is not done again.

    The notebook of the earlier part is kept next to the new one, with a number. Raises RunbookError, with nothing
    changed, when the run has finished, is still running, or its evidence was altered.
    """
    runbook = runbook_of(folder)
    held = locks.on_run(folder)
    try:
        _check(folder)
        run = _next_part(folder)
        kernel_options = KernelOptions(dict(answers), resume=True, spent=_spent(runbook, folder), launcher=True)
        return launch.execute(runbook, run, folder, kernel_options, on_progress, timeout)
    finally:
        held.release()


def _next_part(folder: Path) -> run_file.Run:
    """Return the run, with the notebook and page of the part before renamed, and the manifest removed."""
    run = run_file.Run.load(folder)
    notebook = Path(run.notebook)
    try:
        for path in (notebook, notebook.with_suffix(".html")):
            if path.exists():
                path.rename(path.with_name(f"{path.stem}-part-{run.part}{path.suffix}"))
        notebook.touch(mode=0o600)
        run.part += 1
        run.write(folder)
        (folder / manifest.FILE).unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RunbookError(f"The run in {folder} cannot be resumed: {notebook}: {reason}.") from None
    return run


def _check(folder: Path) -> None:
    """Raise RunbookError unless the run may be resumed: it has not finished, and its evidence is unaltered."""
    journal = Journal(folder)
    problems = [*journal.problems()]
    sealed = (folder / manifest.FILE).exists()  # not when it was killed, or the disk was full
    if sealed:
        problems += [problem for problem in manifest.problems(folder) if not problem.endswith(": added.")]
    if problems:
        raise RunbookError("\n".join([*dict.fromkeys(problems), "Start a new run: this one can no longer be trusted."]))
    entries = journal.entries()
    checkpoints.State.load(folder)
    with contextlib.suppress(FileNotFoundError):  # the run stopped before it began to keep evidence
        record.read(folder)
        if not entries:
            raise RunbookError(f"{folder / FILE} is damaged: it has no entries. Start a new run.")
    ended = [entry for entry in entries if entry["event"] == "ended"]  # `trail` may have written since
    if sealed and ended and ended[-1]["outcome"] in outcomes.FINISHED:
        raise RunbookError(f"The run in {folder} has finished; there is nothing to resume.")


def _spent(runbook: Runbook, folder: Path) -> list[str]:
    """Return the gates with secret answers for which all steps that use the answer stay done."""
    steps = checkpoints.State.load(folder).pending
    cells = [cell.source.partition("\n") for cell in runbook.notebook.cells if cell.source.startswith("%%tasks")]
    named = [variable_references.in_tasks(tasks) for _, _, tasks in cells]
    return [
        gate.name
        for gate in runbook.gates
        if gate.secret
        and sum(gate.name in names for names in named)
        == sum(gate.name in step.inputs for step in steps if step.kind == checkpoints.TASKS)
    ]
