# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass drill --history` and `breakglass drill --due --list`: what they print, and their exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from rich.console import Console

from breakglass_aws.drills.history import listing
from breakglass_aws.drills.history.reading import Skipped
from breakglass_aws.drills.history.writing import History, write
from breakglass_aws.drills.pages import words
from breakglass_aws.engine.evidence import redaction

NOT_DUE, DUE = 0, 1


def show(history: History, console: Console) -> int:
    """Write the page and the badge of a folder of drills, and print what they say; return 0.

    Raises RunbookError when a file cannot be written.
    """
    page = write(history)
    _complain(history.past.skipped)
    console.print(listing.as_table(history.items, history.now))
    console.print(f"Badge for a wiki: {history.badge}", markup=False, soft_wrap=True)
    print(page)
    return 0


def list_due(history: History, console: Console, as_json: bool = False) -> int:
    """Print what is due, the worst first; return 0 when nothing is, 1 when something is."""
    if as_json:
        print(json.dumps(history.data, indent=2, ensure_ascii=False))
        return DUE if history.is_late else NOT_DUE
    _complain(history.past.skipped)
    console.print(listing.as_table(history.items, history.now))
    if history.to_run:
        console.print(f"Due now: {', '.join(history.to_run)}", markup=False, soft_wrap=True)
    else:
        console.print("Nothing is due.")
    return DUE if history.is_late else NOT_DUE


def announce(history: History, console: Console) -> None:
    """Print what `--due` is about to run, or that there is nothing to do."""
    _complain(history.past.skipped)
    if history.to_run:
        console.print(
            f"{words.count(len(history.to_run), 'scenario')} due: {', '.join(history.to_run)}", soft_wrap=True
        )
    else:
        console.print("Nothing is due.")


def _complain(skipped: Iterable[Skipped]) -> None:
    for one in skipped:
        print(redaction.safe(f"Skipped {one.file}: {one.problem}"), file=sys.stderr)
