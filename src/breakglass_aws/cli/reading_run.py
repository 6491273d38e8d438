# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `audit` and `ready` share: a run of a runbook that only reads, its confirmation, and the files it leaves."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console

from breakglass_aws.cli import new_files
from breakglass_aws.engine import questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading

if TYPE_CHECKING:
    from breakglass_aws.engine.launcher.run_result import RunResult


def split(given: Iterable[str]) -> list[str]:
    """Return the values of an option that may be given several times, and with commas."""
    return [one for value in given for one in value.split(",") if one]


def confirm(question: str, session: str) -> None:
    """Ask before sessions are opened; raise RunbookError when the answer is not yes, or no one can be asked.

    `session` is what is opened, such as "root session".
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RunbookError(f"No {session} was opened, because there is no terminal to confirm at. Programs add --yes.")
    if questions.ask(f"{question}\nNothing is changed. Type yes to continue: ").lower() != "yes":
        raise RunbookError(f"No {session} was opened.")


def run(name: str, parameters: Mapping[str, Any], stream: TextIO) -> RunResult:
    """Run the runbook of this name, and report its progress on `stream`."""
    from breakglass_aws.engine.launcher import launch, progress
    from breakglass_aws.engine.notebooks import catalog

    runbook = catalog.find(name)
    with progress.TextReporter(Console(highlight=False, file=stream)) as reporter:
        reporter.begin(runbook)
        result = launch.run(runbook, parameters, None, reporter.cell)
        reporter.end(result)
    return result


def found(result: RunResult, file: str) -> dict[str, Any]:
    """Return what the run wrote into this file of its evidence; nothing when it did not come so far."""
    if result.evidence_dir is None or not (result.evidence_dir / file).exists():
        return {}
    return dict(reading.json_file(result.evidence_dir / file))


def document(result: RunResult, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what --json prints: how the run ended, and what it has found."""
    return {
        "outcome": result.outcome,
        "message": result.failure,
        "evidence_dir": result.evidence_dir,
        "manifest": result.manifest,
        "page": result.page,
        "summary": {},
        "accounts": [],
        **content,
    }


def copy(source: Path, target: Path) -> None:
    """Write a copy that only this person can read: a list of what is weak shows where to attack."""
    new_files.write(target, source.read_bytes(), f"The list is in {source}.")
    print(f"Wrote {target}.", file=sys.stderr)
