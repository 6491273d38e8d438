# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ready`, `audit` and `history` share: the options of a history, files of a report, and how changes are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from breakglass_aws.cli import new_files, options
from breakglass_aws.engine import questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction

if TYPE_CHECKING:
    from breakglass_aws.engine.history import Change, Record
    from breakglass_aws.engine.posture import Posture

Function = TypeVar("Function", bound=Callable[..., Any])
MOST = 20  # changes of a kind that are printed
# The option for each file of a report, and the file's name in `posture.FILES`.
REPORTS = {
    "html": ("--html", "posture.html", "Write the page: causes, findings, the picture, the list."),
    "csv": ("--csv", "posture.csv", "Write the list for a spreadsheet."),
    "ocsf": ("--ocsf", "posture.ocsf.json", "Write OCSF 1.5.0 events, for Security Lake and SIEMs."),
}


def report_files(function: Function) -> Function:
    """Add an option for each file of a report; the function gets them as `html`, `csv` and `ocsf`."""
    for name, (option, _file, words) in reversed(REPORTS.items()):
        function = click.option(option, name, metavar="FILE", type=options.PATH, help=words)(function)
    return function


def history_options(function: Function) -> Function:
    """Add --history, --since and --retain; the function gets them as `history_file`, `since` and `retain`."""
    for option in reversed(
        (
            click.option(
                "--history", "history_file", metavar="FILE", type=options.PATH, help="Add the result to this history."
            ),
            click.option("--since", metavar="TIME", help="Show what changed since then: 30d, or 2026-01-31."),
            click.option("--retain", metavar="AGE", help="Delete older runs from the history: 365d."),
        )
    ):
        function = option(function)
    return function


class Keeping:
    """The history options of a command line, checked before anything is read."""

    def __init__(self, history_file: Path | None, since: str | None, retain: str | None) -> None:
        """Raises RunbookError for options without --history, wrong times, and a history that cannot be used."""
        from breakglass_aws.engine import history

        for name, value in (("--since", since), ("--retain", retain)):
            if value and not history_file:
                raise RunbookError(f"{name} needs a history. Add --history FILE.")
        self.path = history_file
        self.since = history.moment(since, "--since") if since else ""
        self.retain = history.moment(retain, "--retain") if retain else ""
        self.given = since or ""
        self.failed = False  # whether a result could not be added: the command then ends with status 1
        if history_file:
            history.check(history_file)

    def add(self, record: Callable[[], Record]) -> Sequence[Change]:
        """Add a run; say on standard error what became of it; return what changed since the time of --since.

        When it cannot be added, that is said too, and the command goes on: what was read is shown and written.
        """
        if self.path is None:
            return ()
        try:
            return self._add(self.path, record())
        except RunbookError as error:
            self.failed = True
            self.path, self.since = None, ""  # nothing was compared, and nothing of another history is shown
            words = redaction.safe(f"The result was not added to the history. {error}")
            print(f"{words} The evidence of the run has the result.", file=sys.stderr)
            return ()

    def _add(self, path: Path, record: Record) -> Sequence[Change]:
        from breakglass_aws.engine import history

        shown = Console(highlight=False, stderr=True, soft_wrap=True)
        added = history.add(path, record)
        if added.kept_aside:
            shown.print(
                f"{path} was damaged. It is kept as {added.kept_aside}, and a new history begins.", markup=False
            )
        shown.print(f"Added run {added.run_id} to {path}.", markup=False, highlight=False)
        if self.retain and (old := history.prune(path, self.retain)):
            words = f"Deleted {len(old)} run{'s' * (len(old) != 1)} before {self.retain}."
            shown.print(words, markup=False, highlight=False)
        return history.changes_since(path, self.since) if self.since else ()

    def print(self, changes: Sequence[Change]) -> None:
        """Print what changed, if --since was given."""
        if self.since:
            print_changes(changes, self.given, Console(highlight=False))

    def document(self, found: dict[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
        """Return a document for programs with what changed, if --since was given."""
        return {**found, "changes": [one.as_dict() for one in changes]} if self.since else found


def files_of(given: Mapping[str, Path | None]) -> dict[str, Path]:
    """Return the files that are wanted, by the name of their option. Raises RunbookError unless all can be written."""
    wanted = {name: path for name, path in given.items() if path is not None}
    for path in wanted.values():
        new_files.require_new(path)
    return wanted


def write_report(assessed: Posture, files: Mapping[str, Path], history_file: Path | None, since: str) -> None:
    """Write the files of a report; with trends and changes, where there is a history."""
    from breakglass_aws.engine import history, posture

    trend = history.trend(history_file) if history_file else ()
    changes = history.changes_since(history_file, since) if history_file and since else ()
    for name, path in files.items():
        if name == "html":
            content = posture.as_html(assessed, changes, trend, since)
        elif name == "ocsf":
            content = posture.as_ocsf(assessed, changes)
        else:
            content = posture.FILES[REPORTS[name][1]](assessed)
        new_files.write(path, content.encode(), "Name another file.")
        print(f"Wrote {path}.", file=sys.stderr)


def print_changes(changes: Sequence[Change], since: str, console: Console) -> None:
    """Print what changed, the most urgent first."""
    console.print(f"\nChanges since {redaction.safe(since)}: {len(changes) or 'none'}.", style="bold", markup=False)
    for _kind, group in groupby(changes, key=lambda one: one.kind):
        found = list(group)
        style = "red" if found[0].worse else "green"
        console.print(f"\n{found[0].title} ({len(found)})", style=f"bold {style}", markup=False)
        for one in found[:MOST]:
            console.print(
                Text(redaction.safe(f"  {one.name or '(no name)'} {one.account_id}: {one.words}")), soft_wrap=True
            )
            rest = " ".join(filter(None, (one.when, one.fix)))
            console.print(Text(redaction.safe(f"    {rest}"), "dim"), soft_wrap=True)
        if len(found) > MOST:
            console.print(Text(f"    and {len(found) - MOST} more: --json has all", "dim"))


def confirm(words: str, yes: bool) -> None:
    """Ask before something is deleted; raise RunbookError when the answer is not yes, or no one can be asked."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RunbookError(f"{words} Nothing was deleted: there is no terminal to confirm at. Programs add --yes.")
    if questions.ask(f"{words} Type yes to continue: ").lower() != "yes":
        raise RunbookError("Nothing was deleted.")
