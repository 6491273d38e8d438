"""What a run shows while it goes on: a spinner on a terminal, a line for each cell elsewhere, JSON for a program."""

from __future__ import annotations

import dataclasses
import json
import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.text import Text

from breakglass_runbooks import outcomes, results
from breakglass_runbooks.launcher.launch import RunResult, resume_command
from breakglass_runbooks.launcher.notebook_client import Progress
from breakglass_runbooks.notebooks.catalog import Runbook

SIGNS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "waiting": ("?", "yellow"),
    "interrupted": ("!", "yellow"),
    "skipped": ("-", "dim"),
}

# What a person does when the runbook is through.
NEXT = {
    outcomes.PLANNED: "Read the plan on the page. To carry it out, start the same again with -p check_mode=false.",
    outcomes.CHANGED: "Read on the page, below 'Hand back', what is left to do. Note the manifest's SHA-256.",
    outcomes.UNCHANGED: "The page shows what was found.",
}


class TextReporter:
    """For people. Colours and the spinner are left out where the output is not a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._spinner = self._console.status("")

    def __enter__(self) -> TextReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spinner.stop()

    def begin(self, runbook: Runbook) -> None:
        """Say what is being run."""
        self._print(f"Runbook {runbook.name}: {runbook.title}")

    def cell(self, progress: Progress) -> None:
        """Show the cell that runs, and leave a line for each that ended."""
        where = f"[{progress.number}/{progress.total}]"
        if progress.status == "running":
            if self._console.is_terminal:
                self._spinner.update(Text(f"{where} {progress.title}"))
                self._spinner.start()
            return
        self._spinner.stop()
        sign, style = SIGNS[progress.status]
        took = "" if progress.status == "skipped" else f" in {progress.seconds:.1f} s"
        self._print(f"{sign} {where} {progress.title}: {progress.status}{took}", style=style)

    def end(self, result: RunResult) -> None:
        """Say where everything lies, what failed or is waited for, and last of all the outcome."""
        self._print(f"Notebook: {result.notebook}")
        if result.page.exists():  # on a full disk there is none
            self._print(f"Page:     {result.page}")
        if result.evidence_dir:
            sealed = f"SHA-256 {result.manifest}" if result.manifest else "none, the evidence is not sealed"
            self._print(f"Evidence: {result.evidence_dir}\nManifest: {sealed}")
        if result.failure:
            style = "bold yellow" if result.outcome == outcomes.WAITING else "bold red"
            words = outcomes.MEANINGS[result.outcome]
            if result.failed_cell:
                words += f" It stopped at '{result.failed_cell}'."
            if result.page.exists():
                words += f" The page shows what it found until then:\n{result.page}"
            self._print(f"\n{words}\n\n{result.failure}\n", style=style)
            if result.recovery_open_in:
                self._print(f"{results.recovery_warning(result.recovery_open_in)}\n", style="bold red")
            says_it_itself = result.evidence_dir and resume_command(result.evidence_dir) in result.failure
            if result.evidence_dir and not says_it_itself:
                self._print(f"To go on, when that is put right:\n\n{resume_command(result.evidence_dir)}\n")
                if not result.changed or result.check_mode:
                    self._print("When a parameter must be another, start a new run.\n")
        else:
            self._print(outcomes.MEANINGS[result.outcome], style="green")
            if result.evidence_dir:
                self._print(NEXT.get(result.outcome, ""))
        for remark in result.remarks:
            self._print(remark, style="bold yellow")
        self._print(f"Outcome: {result.outcome}")

    def _print(self, words: str, style: str | None = None) -> None:
        self._console.print(words, style=style, markup=False, soft_wrap=True)


class JsonReporter:
    """For programs: one JSON object a line on standard output."""

    def __enter__(self) -> JsonReporter:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def begin(self, runbook: Runbook) -> None:
        """Say what is being run."""
        self._write("begin", {"runbook": runbook.name, "title": runbook.title})

    def cell(self, progress: Progress) -> None:
        """Hand on the state of a cell."""
        self._write("cell", dataclasses.asdict(progress))

    def end(self, result: RunResult) -> None:
        """Hand on how it ended."""
        self._write("end", {**dataclasses.asdict(result), "failed_cell": result.failed_cell})

    def _write(self, event: str, details: dict[str, Any]) -> None:
        print(json.dumps({"event": event, **details}, default=str), file=sys.stdout, flush=True)
