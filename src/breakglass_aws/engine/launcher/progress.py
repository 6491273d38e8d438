"""Progress of a run: a spinner on a terminal, a line for each cell elsewhere, JSON lines for a program."""

from __future__ import annotations

import dataclasses
import json
import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.text import Text

from breakglass_aws.engine import commands, outcomes, results
from breakglass_aws.engine.display import terminal
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.engine.launcher.notebook_client import Progress
from breakglass_aws.engine.launcher.run_result import RunResult
from breakglass_aws.engine.notebooks.catalog import Runbook

SIGNS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "waiting": ("?", "yellow"),
    "interrupted": ("!", "yellow"),
    "skipped": ("-", "dim"),
}
# A plan for a whole organization has thousands of lines.
MOST_LINES = 200
# Seconds between two lines about one cell where there is no terminal.
DETAIL_EVERY = 30.0


class TextReporter:
    """For people. Without a terminal there are no colours and no spinner."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._spinner = self._console.status("")
        self._shown: dict[str, str] = {}  # by cell
        self._next_detail = DETAIL_EVERY  # seconds of the cell after which its next detail is printed

    def __enter__(self) -> TextReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spinner.stop()

    def begin(self, runbook: Runbook) -> None:
        """Show which runbook is run."""
        self._print(f"Runbook {runbook.name}: {runbook.title}")

    def cell(self, progress: Progress) -> None:
        """Show the running cell; for each that has ended, print a line, and its results where they are the point."""
        where = f"[{progress.number}/{progress.total}]"
        if progress.status == "running":
            if self._console.is_terminal:
                words = f"{where} {progress.title}" + (f": {progress.detail}" if progress.detail else "")
                self._spinner.update(Text(redaction.safe(words)))
                self._spinner.start()
            elif progress.detail and progress.seconds >= self._next_detail:
                self._print(f"  {where} {progress.detail}")
                self._next_detail = progress.seconds + DETAIL_EVERY
            elif not progress.detail:
                self._next_detail = DETAIL_EVERY
            return
        self._spinner.stop()
        sign, style = SIGNS[progress.status]
        took = "" if progress.status == "skipped" else f" in {progress.seconds:.1f} s"
        self._print(f"{sign} {where} {progress.title}: {progress.status}{took}", style=style)
        if progress.shown and self._shown.get(progress.cell) != progress.shown:  # a resumed run shows what is new
            self._print(f"\n{_as_text(progress.shown)}\n")
            self._shown[progress.cell] = progress.shown

    def end(self, result: RunResult) -> None:
        """Print where the files are, what failed or is waited for, what to do next, and last the outcome."""
        self._print(f"Notebook: {result.notebook}")
        if result.page.exists():  # on a full disk there is none
            self._print(f"Page:     {result.page}")
        if result.evidence_dir:
            sealed = f"SHA-256 {result.manifest}" if result.manifest else "none, the evidence is not sealed"
            self._print(f"Evidence: {result.evidence_dir}\nManifest: {sealed}")
        if result.failure:
            self._print_failure(result)
        else:
            self._print(outcomes.MEANINGS[result.outcome], style="green")
            if result.evidence_dir:
                self._print(_next_step(result))
        for remark in result.remarks:
            self._print(remark, style="bold yellow")
        self._print(f"Outcome: {result.outcome}")

    def _print_failure(self, result: RunResult) -> None:
        words = outcomes.MEANINGS[result.outcome]
        if result.failed_cell:
            words += f" It stopped at '{result.failed_cell}'."
        if result.page.exists():
            words += f" The page shows the results until then:\n{result.page}"
        style = "bold yellow" if result.outcome == outcomes.WAITING else "bold red"
        self._print(f"\n{words}\n\n{result.failure}\n", style=style)
        if result.recovery_open_in:
            self._print(f"{results.recovery_warning(result.recovery_open_in)}\n", style="bold red")
        if not result.evidence_dir:
            return
        resume = commands.resume(result.evidence_dir)
        if resume not in result.failure:
            self._print(f"To resume, once the cause is fixed:\n\n    {resume}\n")
        if result.outcome != outcomes.WAITING and (not result.changed or result.check_mode):
            self._print(f"To run it with other parameters, start a new run:\n\n    {result.run_again}\n")

    def _print(self, words: str, style: str | None = None) -> None:
        self._console.print(redaction.safe(words), style=style, markup=False, soft_wrap=True)


def _next_step(result: RunResult) -> str:
    """Return what a person does after a run that finished."""
    if result.outcome == outcomes.PLANNED:
        return f"Read the plan. To carry it out:\n\n    {result.run_for_real}\n"
    if result.outcome == outcomes.CHANGED:
        return "Read below 'Hand back', here or on the page, what is left to do. Keep the manifest's SHA-256."
    return "The page shows what was found."


def _as_text(markdown: str) -> str:
    """Return results as text for a terminal: the first lines, and how many there are more."""
    lines = terminal.text(markdown).split("\n")
    if len(lines) <= MOST_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} more lines, on the page"])


class JsonReporter:
    """For programs: one JSON object a line on standard output."""

    def __enter__(self) -> JsonReporter:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def begin(self, runbook: Runbook) -> None:
        """Write which runbook is run."""
        self._write("begin", {"runbook": runbook.name, "title": runbook.title})

    def cell(self, progress: Progress) -> None:
        """Write the state of a cell; `shown` is Markdown, and `text` the same for a terminal."""
        self._write("cell", {**dataclasses.asdict(progress), "text": redaction.safe(_as_text(progress.shown))})

    def end(self, result: RunResult) -> None:
        """Write how the run ended."""
        self._write("end", {**dataclasses.asdict(result), "failed_cell": result.failed_cell})

    def _write(self, event: str, details: dict[str, Any]) -> None:
        written = json.dumps(redaction.ENGINE.data({"event": event, **details}), default=str)
        print(written, file=sys.stdout, flush=True)
