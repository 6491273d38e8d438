# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `audit` and `ready` share: a run of a runbook that only reads, its confirmation, and the files it leaves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from rich.console import Console

from breakglass_aws.cli import new_files
from breakglass_aws.engine import collection, questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.notebooks import parameters

if TYPE_CHECKING:
    from breakglass_aws.engine.launcher.run_result import RunResult

T = TypeVar("T")


def split(given: Iterable[str], option: str) -> list[str]:
    """Return the values of an option that may be given several times, and with commas.

    Raises RunbookError for what looks like a secret: no message may repeat it.
    """
    values = [one for value in given for one in value.split(",") if one]
    if problem := parameters.secret_in(option, values):
        raise RunbookError(problem)
    return values


def selection(accounts: Iterable[str], organizational_units: Iterable[str], exclude: Iterable[str]) -> dict[str, Any]:
    """Return the runbook's parameters for these options. Raises RunbookError for values that no organization has.

    Whether an account or OU exists is found out by the run.
    """
    units = split(organizational_units, "--organizational-units")
    selected = {
        "account_ids": account_ids(accounts, "--accounts"),
        "organizational_units": units,
        "exclude_accounts": account_ids(exclude, "--exclude"),
    }
    if selected["account_ids"] and units:
        raise RunbookError(
            f"Invalid value for --organizational-units: {units[0]!r}. Expected nothing, because --accounts names the "
            "accounts. Leave one of both out."
        )
    return {name: value for name, value in selected.items() if value}


def account_ids(given: Iterable[str], option: str) -> list[str]:
    """Return the account IDs of an option. Raises RunbookError for what is none."""
    values = split(given, option)
    return list(checked(lambda: collection.module_util("_account_id").parse_account_ids(values, option)))


def checked(check: Callable[[], T]) -> T:
    """Return what a check of the collection returns. Its InvalidInput is raised as a RunbookError."""
    errors = collection.module_util("_errors")
    try:
        return check()
    except errors.InvalidInput as error:
        raise RunbookError(str(error)) from None


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
