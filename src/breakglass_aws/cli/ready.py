# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass ready`: in which accounts which recovery would fail, as a table, a document, or files."""

from __future__ import annotations

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
from breakglass_aws.engine.display import readiness_files
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.engine.posture import assess, causes

RUNBOOK = "check_recovery_readiness"
QUESTION = "This opens {which} in every active member account that you chose.{alarms}"
ALARMS = " CloudTrail shows root sessions as root activity, so alarms go off."
STYLES = {"works": "green", "fails": "bold red", "unknown": "yellow", "not_applicable": "dim"}
HEADINGS = {"works": "works", "fails": "would fail", "unknown": "unknown", "not_applicable": "not applicable"}
MOST_NAMES = 4


@click.command(
    cls=Command,
    epilog="Exit status: as of `run`. 0 every account was judged, 1 an account could not be read, or the result was "
    "not added to the history (with --must-be-ready also: a recovery would fail), 5 the organization cannot be read "
    "with these credentials, or has no such account or OU.",
    examples=[
        ("breakglass ready --own-domains example.com", "the whole organization, without a session in an account"),
        ("breakglass ready --organizational-units Workloads/Production", "the accounts of an OU"),
        ("breakglass ready --with-root-sessions --yes --html ready.html", "also root credentials and locked buckets"),
        ("breakglass ready --history posture.db --since 30d --html ready.html", "what changed in the last 30 days"),
        ("breakglass ready --json > readiness.json", "for a program"),
    ],
)
@click.option("--accounts", metavar="ID", multiple=True, help="Account, several with commas.  [default: all]")
@click.option("--organizational-units", metavar="OU", multiple=True, help="All accounts of an OU and of those below.")
@click.option("--exclude", metavar="ID", multiple=True, help="Account to leave out, several with commas.")
@click.option(
    "--own-domains",
    metavar="DOMAIN",
    multiple=True,
    help="Domain of root mailboxes that your people read, several with commas.  [default: domains are not judged]",
)
@click.option(
    "--confirmed",
    metavar="REASON",
    multiple=True,
    help="What no API returns and a person has checked, such as payment_method; several with commas.",
)
@click.option("--with-root-sessions", is_flag=True, help="Also read root credentials and locked buckets and queues.")
@click.option("--with-role-sessions", is_flag=True, help="Also find out whether access roles can be assumed.")
@click.option("--csv", "csv_file", metavar="FILE", type=options.PATH, help="Write the list for a spreadsheet.")
@click.option("--html", "html_file", metavar="FILE", type=options.PATH, help="Write the page.")
@click.option("--ocsf", "ocsf_file", metavar="FILE", type=options.PATH, help="Write OCSF 1.5.0 events, for SIEMs.")
@kept.history_options
@click.option("--evidence-dir", metavar="DIR", default="", help="Evidence folder.  [default: a new one in ./evidence/]")
@click.option("--must-be-ready", is_flag=True, help="End with status 1 when a recovery would fail in an account.")
@click.option("--yes", is_flag=True, help="Open sessions without asking; required without a terminal.")
@options.as_json
def ready(
    csv_file: Path | None,
    html_file: Path | None,
    ocsf_file: Path | None,
    history_file: Path | None,
    since: str | None,
    retain: str | None,
    evidence_dir: str,
    must_be_ready: bool,
    yes: bool,
    as_json: bool,
    **choice: Any,
) -> int:
    """Show which recovery would fail tonight in which account.

    Runs the runbook check_recovery_readiness, and keeps its evidence. It changes nothing, and opens sessions in
    accounts only where you ask for them.
    """
    collection.check_installation()
    files = kept.files_of({"csv": csv_file, "html": html_file, "ocsf": ocsf_file})
    keeping = kept.Keeping(history_file, since, retain)
    given = _parameters(choice, evidence_dir)
    if not given["check_mode"] and not yes:
        _confirm(given)
    result = reading_run.run(RUNBOOK, given, sys.stderr if as_json else sys.stdout)
    found = reading_run.found(result, readiness_files.DOCUMENT)
    changes = keeping.add(lambda: history.record_of(found)) if found else ()
    if as_json:
        options.print_json(keeping.document(reading_run.document(result, found), changes))
    elif found:
        show(found, Console(highlight=False))
        keeping.print(changes)
    if result.evidence_dir and found:
        _write(files, result.evidence_dir, found, keeping)
    ended = outcomes.EXIT_STATUS[result.outcome]
    return ended or int(keeping.failed or (must_be_ready and _would_fail(found)))


def _write(files: Mapping[str, Path], folder: Path, found: Mapping[str, Any], keeping: kept.Keeping) -> None:
    """Write the files that were asked for: with a history, page and events have what changed and trends too."""
    copies = {"csv": readiness_files.LIST, "html": readiness_files.PAGE, "ocsf": readiness_files.EVENTS}
    if keeping.path and not keeping.failed:
        assessed = assess([found], made=found["read_at"], title="Recovery readiness")
        wanted = {name: path for name, path in files.items() if name != "csv"}
        kept.write_report(assessed, wanted, keeping.path, keeping.since)
        files = {name: path for name, path in files.items() if name == "csv"}
    for name, path in files.items():
        reading_run.copy(folder / copies[name], path)


def _parameters(choice: Mapping[str, Any], evidence_dir: str) -> dict[str, Any]:
    """The runbook's parameters. Only sessions need that check mode is off. Raises RunbookError for wrong values."""
    sessions = {name: choice[name] for name in ("with_root_sessions", "with_role_sessions")}
    parameters = {
        **reading_run.selection(choice["accounts"], choice["organizational_units"], choice["exclude"]),
        "own_domains": _own_domains(choice["own_domains"]),
        "confirmed": _confirmed(choice["confirmed"]),
        "evidence_dir": evidence_dir,
        **sessions,
    }
    return {name: value for name, value in parameters.items() if value} | {"check_mode": not any(sessions.values())}


def _own_domains(given: Iterable[str]) -> list[str]:
    mailboxes, domains = collection.module_util("_readiness.mailboxes"), reading_run.split(given, "--own-domains")
    return list(reading_run.checked(lambda: mailboxes.check_domains(domains, "--own-domains")))


def _confirmed(given: Iterable[str]) -> list[str]:
    reasons, accepted = (
        reading_run.split(given, "--confirmed"),
        collection.module_util("_accounts.findings").CONFIRMABLE,
    )
    for one in reasons:
        if one not in accepted:
            raise RunbookError(f"Invalid value for --confirmed: {one!r}. Expected {', '.join(accepted)}.")
    return reasons


def _would_fail(found: Mapping[str, Any]) -> bool:
    return any(counts["fails"] for counts in found.get("summary", {}).values())


def _confirm(given: Mapping[str, Any]) -> None:
    kinds = {"with_root_sessions": "read-only root sessions", "with_role_sessions": "a session of the access role"}
    which = " and ".join(words for name, words in kinds.items() if given.get(name))
    alarms = ALARMS if given.get("with_root_sessions") else ""
    reading_run.confirm(QUESTION.format(which=which, alarms=alarms), "session")


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print the verdicts by recovery, then each reason with its accounts, then what could not be read."""
    console.print()
    console.print(_verdicts(found["summary"]))
    reasons = _table("", "why, and what to do", "recoveries", "accounts")
    for cause in causes.causes(assess([found])):
        word = "would fail" if cause.certain else "unknown"
        accounts = list(cause.accounts.values())
        reasons.add_row(
            Text(word, STYLES["fails" if cause.certain else "unknown"]),
            _safe(f"{cause.text.replace(causes.HERE, accounts[0].account_id)}\n{cause.fix}".strip()),
            _safe("\n".join(cause.recoveries)),
            _safe(causes.names(accounts, MOST_NAMES)),
        )
    if reasons.row_count:
        console.print(reasons)
    if found["unreadable"]:
        unread = _table("could not be read", "why, and what to do")
        for one in found["unreadable"]:
            cure = one["statement"] or one["fix"]
            unread.add_row(_safe(one["permission"] or one["what"]), _safe(f"{one['reason']}\n{cure}"))
        console.print(unread)
    severities = [finding["severity"] for account in found["accounts"] for finding in account["findings"]]
    words = ", ".join(f"{severities.count(one)} {one}" for one in dict.fromkeys(sorted(severities))) or "none"
    console.print(f"{len(found['accounts'])} accounts. Findings: {words}.", style="bold", markup=False)


def _verdicts(summary: Mapping[str, Mapping[str, int]]) -> Table:
    table = _table("recovery", *HEADINGS.values())
    for name, counts in summary.items():
        numbers = [Text(str(counts[word]), STYLES[word] if counts[word] else "dim") for word in HEADINGS]
        table.add_row(Text(name), *numbers)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _safe(words: str) -> Text:
    return Text(redaction.safe(words))
