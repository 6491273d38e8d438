# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass audit`: which root users have credentials, as a table, a document, or files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from breakglass_aws.cli import kept, options, reading_run
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import collection, history, outcomes
from breakglass_aws.engine.display import credentials_csv
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.engine.posture import kinds, model

RUNBOOK = "audit_root_credentials"
QUESTION = "This opens a read-only root session in {which}. CloudTrail shows these as root activity, so alarms go off."
PAGE, DOCUMENT, EVENTS = credentials_csv.POSTURE
STYLES = {
    kinds.CRITICAL: "bold red",
    kinds.HIGH: "red",
    kinds.UNKNOWN: "bold yellow",
    kinds.MEDIUM: "yellow",
    kinds.LOW: "cyan",
    model.CLEAN: "green",
    model.SKIPPED: "dim",
}


@click.command(
    cls=Command,
    epilog="Exit status: as of `run`. 0 every account was read, 1 an account could not be read, or the result was not "
    "added to the history, 5 root sessions cannot be opened.",
    examples=[
        ("breakglass audit", "every member account"),
        ("breakglass audit --accounts 012345678901,333344445555", "these accounts"),
        ("breakglass audit --yes --json > root_credentials.json", "for a program"),
        ("breakglass audit --yes --csv roots.csv --html roots.html", "files for a spreadsheet and an auditor"),
        ("breakglass audit --yes --history history.db --since 30d", "what changed in the last 30 days"),
    ],
)
@click.option("--accounts", metavar="ID", multiple=True, help="Account, several with commas.  [default: all]")
@click.option("--organizational-units", metavar="OU", multiple=True, help="All accounts of an OU and of those below.")
@click.option("--exclude", metavar="ID", multiple=True, help="Account to leave out, several with commas.")
@click.option("--csv", "csv_file", metavar="FILE", type=options.PATH, help="Write the list for a spreadsheet.")
@click.option("--html", "html_file", metavar="FILE", type=options.PATH, help="Write the page by severity and OU.")
@click.option("--ocsf", "ocsf_file", metavar="FILE", type=options.PATH, help="Write OCSF 1.5.0 events, for SIEMs.")
@kept.history_options
@click.option("--evidence-dir", metavar="DIR", default="", help="Evidence folder.  [default: a new one in ./evidence/]")
@click.option("--yes", is_flag=True, help="Open the root sessions without asking; required without a terminal.")
@options.as_json
def audit(
    accounts: tuple[str, ...],
    organizational_units: tuple[str, ...],
    exclude: tuple[str, ...],
    csv_file: Path | None,
    html_file: Path | None,
    ocsf_file: Path | None,
    history_file: Path | None,
    since: str | None,
    retain: str | None,
    evidence_dir: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Show which root users have credentials.

    Runs the runbook audit_root_credentials, and keeps its evidence. It reads passwords, access keys, signing
    certificates and MFA devices of member accounts with their last use, and changes nothing.
    """
    collection.check_installation()
    files = kept.files_of({credentials_csv.FILE: csv_file, PAGE: html_file, EVENTS: ocsf_file})
    keeping = kept.Keeping(history_file, since, retain)
    selected = reading_run.selection(accounts, organizational_units, exclude)
    given = selected | ({"evidence_dir": evidence_dir} if evidence_dir else {}) | {"check_mode": False}
    if not yes:
        _confirm(given)
    result = reading_run.run(RUNBOOK, given, sys.stderr if as_json else sys.stdout)
    found = reading_run.found(result, DOCUMENT)  # see engine.posture.lists.as_json
    changes = keeping.add(lambda: history.record_of_audit(found)) if found else ()
    if as_json:
        options.print_json(keeping.document(reading_run.document(result, found), changes))
    elif found:
        _print(found["accounts"], Console(highlight=False))
        keeping.print(changes)
    if result.evidence_dir and found:
        for name, target in files.items():
            reading_run.copy(result.evidence_dir / name, target)
    return outcomes.EXIT_STATUS[result.outcome] or int(keeping.failed)


def _confirm(given: Mapping[str, Any]) -> None:
    which = ", ".join(given.get("account_ids", [])) or "the chosen member accounts"
    if not set(given) & {"account_ids", "organizational_units"}:
        which = "every active member account of the organization"
    reading_run.confirm(QUESTION.format(which=redaction.safe(which)), "root session")


def _print(accounts: Iterable[Mapping[str, Any]], console: Console) -> None:
    """Print the accounts, the worst first, with what was found in each; then how many there are of each kind."""
    order = [*STYLES]
    ordered = sorted(accounts, key=lambda account: (order.index(account["status"]), str(account["name"])))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in ("account", "status", "root user"):
        table.add_column(column, overflow="fold")
    for account in ordered:
        name = Text(redaction.safe(f"{account['name']}\n{account['account_id']}"))
        table.add_row(name, Text(account["status"], STYLES[account["status"]]), _findings(account))
    console.print()
    console.print(table)
    counts = {status: sum(account["status"] == status for account in ordered) for status in order}
    words = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    total = f"{len(ordered)} account{'s' * (len(ordered) != 1)}"
    console.print(f"\n{total}: {words}.", style="bold", markup=False)


def _findings(account: Mapping[str, Any]) -> Text:
    """Return what was found in an account, a line for each finding; why it was left out, when it was."""
    if not account["findings"]:
        clean = account["status"] == model.CLEAN
        return Text("nothing" if clean else redaction.safe(account["reason"]), "green" if clean else "dim")
    lines = [Text(_words(finding), STYLES[finding["severity"]]) for finding in account["findings"]]
    return Text("\n").join(lines)


def _words(finding: Mapping[str, Any]) -> str:
    title = re.sub(r"^Root user with an? | of a root user$", "", str(finding["title"]))
    return redaction.safe(f"{title}: {finding['detail']}" if finding["detail"] else title)
