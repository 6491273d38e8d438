# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a run: for a person at a terminal, as lines of text elsewhere, as JSON lines for a program."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.text import Text

from breakglass_aws.engine import commands, outcomes, results, times
from breakglass_aws.engine.display import rich_text, terminal
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
# What is another one each time that the same plan is made.
_SESSION = re.compile(r"^- root session: .*$", re.MULTILINE)


class TextReporter:
    """For people. Without a terminal there are no colours, no tables and no spinner.

    `asks` is whether gates are asked on this terminal. Then a run that waits continues below the question, so what was
    on the terminal before is not printed again.
    """

    def __init__(self, console: Console | None = None, *, asks: bool = False) -> None:
        self._console = console or Console(highlight=False)
        self._asks = asks
        self._spinner = self._console.status("")
        self._separated = False  # whether the last line is empty
        self._shown: dict[str, str] = {}  # by cell
        self._next_detail = DETAIL_EVERY  # seconds of the cell after which its next detail is printed
        self._completed: set[str] = set()  # titles of cells

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
        known = _SESSION.sub("", progress.shown)
        is_new = bool(known) and self._shown.get(progress.cell) != known  # a resumed run shows what is new
        known_before = self._is_known(progress)
        if self._asks and known_before and not is_new:
            return
        sign, style = SIGNS[progress.status]
        took = "" if progress.status in ("skipped", "waiting") else f" in {progress.seconds:.1f} s"
        self._print(f"{sign} {where} {progress.title}: {progress.status}{took}", style=style)
        if is_new:
            self._show(progress.shown)
            self._shown[progress.cell] = known

    def _is_known(self, progress: Progress) -> bool:
        """Whether the line of a cell says nothing more to a person who answers gates here."""
        if progress.status != "completed":
            return progress.status in ("skipped", "waiting")
        known = progress.title in self._completed  # papermill's cell of parameters has another ID each time
        self._completed.add(progress.title)
        return known

    def gate(self, problem: str, text: str) -> None:
        """Show a gate that is asked next: why the run waits, and the gate's text in Markdown."""
        self._separate()
        self._print(problem, style="bold yellow")
        self._show(text)

    def _show(self, markdown: str) -> None:
        """Print results: on a terminal with tables and colours, else as plain text."""
        if not self._console.is_terminal:
            self._print(f"\n{_as_text(markdown)}\n")
            return
        lines = markdown.split("\n")
        self._separate()
        rich_text.show(self._console, "\n".join(lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            self._print(f"... and {len(lines) - MOST_LINES} more lines, on the page")
        self._separated = False
        self._separate()

    def _separate(self) -> None:
        """Print an empty line, unless the last one is empty."""
        if not self._separated:
            self._console.print()
        self._separated = True

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
        if self._asks and result.outcome == outcomes.WAITING and result.evidence_dir:  # the gate is above
            self._print(f"\n{outcomes.MEANINGS[result.outcome]} To go on:\n", style="bold yellow")
            self._print(f"    {commands.resume(result.evidence_dir)}\n")
            self._print_open_recovery(result)
            return
        words = outcomes.MEANINGS[result.outcome]
        if result.failed_cell:
            words += f" It stopped at '{result.failed_cell}'."
        if result.page.exists():
            words += f" The page shows the results until then:\n{result.page}"
        style = "bold yellow" if result.outcome == outcomes.WAITING else "bold red"
        self._print(f"\n{words}\n\n{result.failure}\n", style=style)
        self._print_open_recovery(result)
        if not result.evidence_dir:
            return
        resume = commands.resume(result.evidence_dir)
        if resume not in result.failure:
            self._print(f"To resume, once the cause is fixed:\n\n    {resume}\n")
        if result.outcome != outcomes.WAITING and (not result.changed or result.check_mode):
            self._print(f"To run it with other parameters, start a new run:\n\n    {result.run_again}\n")

    def _print_open_recovery(self, result: RunResult) -> None:
        if result.recovery_open_in:
            self._print(f"{results.recovery_warning(result.recovery_open_in)}\n", style="bold red")

    def _print(self, words: str, style: str | None = None) -> None:
        self._console.print(redaction.safe(words), style=style, markup=False, soft_wrap=True)
        self._separated = False


def _next_step(result: RunResult) -> str:
    """Return what a person does after a run that finished."""
    if result.outcome == outcomes.PLANNED:
        return f"Read the plan. To carry it out:\n\n    {result.run_for_real}\n"
    if result.outcome == outcomes.CHANGED:
        return "Read what is left to do: 'Hand back', above and on the page. Keep the manifest's SHA-256."
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
        written = json.dumps(
            redaction.ENGINE.data({"event": event, "time": times.text(precision="milliseconds"), **details}),
            default=str,
        )
        print(written, file=sys.stdout, flush=True)
