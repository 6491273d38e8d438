# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ended, and what the evidence, the executed notebook and the terminal show about that."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from papermill.execute import ERROR_MARKER_TAG

from breakglass_aws.engine import commands, files, outcomes, results
from breakglass_aws.engine.display import approvals, html, page, report
from breakglass_aws.engine.errors import Interrupted, RunbookError, Waiting
from breakglass_aws.engine.evidence import checkpoints, manifest, reading, record
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.launcher.notebook_client import Progress
from breakglass_aws.engine.launcher.run_file import Run

# The first words of the page of a run, by the exception that ended it.
_STOPPED = {
    Waiting.__name__: "This run waits for a person,",
    KeyboardInterrupt.__name__: "This run was interrupted, and can be resumed: nothing is done twice. It stopped",
}
_STOPPED[Interrupted.__name__] = _STOPPED[KeyboardInterrupt.__name__]
# Cells that change nothing: a task that was cut off there changed nothing either.
_READING_CELLS = ("parameters", "start", "preflight", "plan", "verify", "evidence")

UNSEALED = "The evidence of this run is not complete, and not sealed."


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a run: what a person at the terminal must know, and how the run ended."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(result.interruption())
        self.result = result


@dataclass
class RunResult:
    """How a run ended."""

    runbook: str
    notebook: Path
    page: Path
    evidence_dir: Path | None
    cells: list[Progress] = field(default_factory=list)  # each in its last state
    failure: str = ""  # the message of the exception that ended the run; empty when it finished
    changed: bool = False  # or may have been; in check mode, would be
    check_mode: bool = False
    remarks: list[str] = field(default_factory=list)  # for people who read only the outcome
    recovery_open_in: list[str] = field(default_factory=list)  # accounts, when the run did not finish
    outcome: str = outcomes.INTERRUPTED
    manifest: str = ""  # the SHA-256 of the evidence's manifest
    run_again: str = ""  # the command that starts the same run anew
    run_for_real: str = ""  # the same, with check_mode=false

    @classmethod
    def of(cls, run: Run, name: str, folder: Path | None) -> RunResult:
        """Return the result of a run that is about to begin."""
        notebook, given = Path(run.notebook), {**run.parameters}
        given.pop("evidence_dir", None)
        again, for_real = (commands.run(run.runbook, given | real) for real in ({}, {"check_mode": False}))
        return cls(name, notebook, notebook.with_suffix(".html"), folder, run_again=again, run_for_real=for_real)

    @property
    def stopped_at(self) -> Progress | None:
        """The cell in which the run ended before the notebook's end."""
        return next((cell for cell in self.cells if cell.status in ("running", "failed", "waiting")), None)

    @property
    def last_cell(self) -> str:
        """The title of the last cell that was run."""
        return next((cell.title for cell in reversed(self.cells) if cell.status != "skipped"), "")

    @property
    def failed_cell(self) -> str:
        """The title of the cell in which the run ended before the notebook's end."""
        return self.stopped_at.title if self.stopped_at else ""

    def conclude(self, ended_by: str) -> None:
        """Determine the outcome, record it and seal the evidence; `ended_by` names the exception, empty for none.

        An error while recording makes the run a failure, and never hides what was changed.
        """
        self._read_evidence()
        stopped = self.stopped_at.cell if self.stopped_at else ""
        if ended_by and not self.check_mode and not stopped.startswith(_READING_CELLS):
            self._look_for_unfinished_task()
        self.outcome = outcomes.of(ended_by, stopped, self.changed, self.check_mode)
        if self.outcome in outcomes.FINISHED:
            self.recovery_open_in = []
        try:
            self._record(ended_by)
        except RunbookError as error:
            self.failure = "\n".join(dict.fromkeys(filter(None, [self.failure, str(error), UNSEALED])))
            self.outcome = outcomes.of(ended_by or RunbookError.__name__, stopped, self.changed, self.check_mode)

    def _read_evidence(self) -> None:
        """Read what the kernel recorded, unless the run ended before that."""
        if not self.evidence_dir:
            return
        with contextlib.suppress(FileNotFoundError):
            try:
                content: Mapping[str, Any] = record.read(self.evidence_dir)
            except reading.Damaged as error:
                self.failure = "\n".join(filter(None, [self.failure, str(error)]))
                self.changed = True  # it is not known, and never reported as 'nothing was changed'
                return
            self.changed, self.check_mode = content["changed"], content["check_mode"]
            self.recovery_open_in = content["recovery_open_in"]
            self.remarks = [
                remark for remark in (content["remark"], *approvals.unapproved(content["approvals"])) if remark
            ]

    def _look_for_unfinished_task(self) -> None:
        """Take a task that began and never ended, because the kernel died or timed out, as one that changed something.

        Whether it did is not known; it is never reported as 'nothing was changed'.
        """
        if not self.evidence_dir:
            return
        with contextlib.suppress(RunbookError):  # evidence that cannot be read is reported when it is sealed
            state = checkpoints.State.load(self.evidence_dir)
            unfinished = state.unfinished(Journal(self.evidence_dir).entries())
            if unfinished and unfinished["task"]:
                self.changed = True
                self.remarks.append(f"NOT KNOWN: whether '{unfinished['task']}' was done. It has no result.")

    def _record(self, ended_by: str) -> None:
        """Write the banner, the page, the journal's last entry, the report and the manifest."""
        folder = self.evidence_dir
        words = outcomes.MEANINGS[self.outcome]
        if ended_by:
            words = f"{_STOPPED.get(ended_by, 'This run stopped')} at '{self.last_cell}'."
        still_open = [results.recovery_warning(self.recovery_open_in)] if self.recovery_open_in else []
        headlines = [html.text(line).markdown for line in (words, *still_open, *self.remarks)]
        insert_banner(self.notebook, "\n\n".join(f"**{line}**" for line in headlines))
        if no_page := page.write(self.notebook, self.page):
            self.remarks.append(no_page)
        if folder:
            Journal(folder).append("ended", outcome=self.outcome, changed=self.changed, check_mode=self.check_mode)
            stopped = (
                f"It stopped at '{self.last_cell}'. To resume:\n\n    {commands.resume(folder)}" if ended_by else ""
            )
            report.write(folder, self.outcome, self.failure or stopped)
            self.manifest = manifest.seal(folder, [self.notebook, self.page])

    def interruption(self) -> str:
        """Return what a person at the terminal must know after Ctrl-C."""
        words = f"\nInterrupted. The page shows the completed cells and their results: {self.page}"
        if not self.evidence_dir:
            return words
        if self.check_mode:
            words += "\nPlan only: nothing was changed."
        elif self.changed:
            words += "\nSOMETHING WAS CHANGED, AND THE RUN HAS NOT FINISHED."
        else:
            words += "\nNothing was changed."
        if self.recovery_open_in:
            words += f"\n{results.recovery_warning(self.recovery_open_in)}"
        return "\n".join(
            [
                *(words, *self.remarks),
                f"Evidence: {self.evidence_dir}\nManifest: SHA-256 {self.manifest}",
                f"\nTo resume; nothing is done twice:\n\n{commands.resume(self.evidence_dir)}\n",
                f"Outcome: {self.outcome}",
            ]
        )


def insert_banner(notebook: Path, words: str) -> None:
    """Put `words` at the top of an executed notebook, in place of papermill's words about an exception.

    A notebook that cannot be read, which a full disk may leave, stays as it is: the evidence is complete without it.
    """
    try:
        content = nbformat.read(notebook, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return
    marks = [cell for cell in content.cells if ERROR_MARKER_TAG in cell.metadata.get("tags", [])]
    if marks:
        marks[0].source = f"{words}\n\n[Go there.](#papermill-error-cell)"
        marks[1].source = '<span id="papermill-error-cell"></span>**The run stopped here.**'
    else:
        content.cells.insert(0, nbformat.v4.new_markdown_cell(words))
    files.write(notebook, nbformat.writes(content))
