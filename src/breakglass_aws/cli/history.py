# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass history`: what the history of an organization has, what changed, and what is deleted of it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from breakglass_aws.cli import kept, options
from breakglass_aws.cli.groups import Command, Group
from breakglass_aws.engine import history as kept_history
from breakglass_aws.engine import posture
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.engine.posture.lists import spreadsheet_cell
from breakglass_aws.engine.posture.model import RECOVERIES

_OF_ACCOUNT = ("account_id", "name", "organizational_unit", "state", "outcome")
COLUMNS = ("run", "by", "read_at", *_OF_ACCOUNT, *RECOVERIES, "findings")
file = click.argument("path", metavar="FILE", type=options.PATH)
yes = click.option("--yes", is_flag=True, help="Delete without asking; required without a terminal.")


@click.group(cls=Group, subcommand_metavar="COMMAND")
def history() -> None:
    """Show and delete what earlier runs found.

    `ready` and `audit` add their results with --history FILE. FILE is one SQLite file, of one organization, readable
    for its owner only: it shows where to attack.
    """


@history.command("list", cls=Command, examples=[("breakglass history list history.db", "the runs, the oldest first")])
@file
@options.as_json
def list_runs(path: Path, as_json: bool) -> None:
    """List the runs in a history."""
    runs = kept_history.runs(path)
    if as_json:
        options.print_json([vars(run) for run in runs])
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in ("run", "read at", "by", "root sessions", "accounts"):
        table.add_column(column)
    for run in runs:
        by = {"readiness": "ready", "audit": "audit"}[run.kind]
        table.add_row(str(run.run_id), run.read_at, by, "yes" if run.with_root_sessions else "no", str(run.accounts))
    Console(highlight=False).print(table)


@history.command(
    "changes",
    cls=Command,
    examples=[
        ("breakglass history changes history.db --since 30d", "in the last 30 days"),
        ("breakglass history changes history.db --since 2026-01-31 --json", "for a program"),
    ],
)
@file
@click.option("--since", metavar="TIME", required=True, help="An age (12h, 30d, 8w) or a date (2026-01-31).")
@options.as_json
def changes(path: Path, since: str, as_json: bool) -> None:
    """Show what changed since a time.

    New root credentials come first, then recoveries that would fail now and by which policy, then the rest. What
    a run did not read is not compared: a root key is gone only if a later run looked for it.
    """
    found = kept_history.changes_since(path, kept_history.moment(since, "--since"))
    if as_json:
        options.print_json([one.as_dict() for one in found])
    else:
        kept.print_changes(found, since, Console(highlight=False))


@history.command(
    "report",
    cls=Command,
    examples=[("breakglass history report history.db --since 30d --html page.html", "the newest run, and its trend")],
)
@file
@click.option("--run", "run_id", metavar="NUMBER", type=int, help="Run to report.  [default: the newest of `ready`]")
@click.option("--since", metavar="TIME", help="Add what changed since then.")
@kept.report_files
def report(path: Path, run_id: int | None, since: str | None, **files: Path | None) -> None:
    """Write the report of a run, with trends.

    It is made from the history. AWS is not read.
    """
    wanted = kept.files_of(files)
    if not wanted:
        raise RunbookError("Nothing to write. Name a file with --html, --csv or --ocsf.")
    number = run_id if run_id is not None else _newest(path)
    result = kept_history.result_of(path, number)
    assessed = posture.assess([result], made=result["read_at"])
    kept.write_report(assessed, wanted, path, kept_history.moment(since, "--since") if since else "")


def _newest(path: Path) -> int:
    runs = kept_history.runs(path)
    if not runs:
        raise RunbookError(f"There is no run in {path}. `breakglass ready --history {path}` adds one.")
    return ([run for run in runs if run.kind == "readiness"] or runs)[-1].run_id


@history.command(
    "export",
    cls=Command,
    examples=[
        ("breakglass history export history.db > history.json", "all runs, one JSON document"),
        ("breakglass history export history.db --csv > history.csv", "a line for each account of each run"),
    ],
)
@file
@click.option("--run", "run_id", metavar="NUMBER", type=int, help="This run.  [default: all]")
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of JSON.")
def export(path: Path, run_id: int | None, as_csv: bool) -> None:
    """Print what runs found, for other programs."""
    numbers = [run.run_id for run in kept_history.runs(path)] if run_id is None else [run_id]
    results = (kept_history.result_of(path, number) for number in numbers)
    if not as_csv:
        options.print_json({"format": "breakglass.aws/history/1", "runs": list(results)})
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    for result in results:
        for entry in result["accounts"]:
            writer.writerow({name: spreadsheet_cell(value) for name, value in _row(result, entry).items()})


def _row(result: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = entry["recoveries"]
    found = "; ".join(": ".join(filter(None, (one["title"], one["detail"]))) for one in entry["findings"])
    return {
        "run": result["run_id"],
        "by": result["kind"],
        "read_at": result["read_at"],
        **{name: entry[name] for name in _OF_ACCOUNT},
        **{name: verdicts.get(name, {}).get("verdict", "") for name in RECOVERIES},
        "findings": found,
    }


@history.command(
    "prune",
    cls=Command,
    examples=[("breakglass history prune history.db --keep 365d --yes", "in a scheduled job")],
)
@file
@click.option("--keep", metavar="AGE", required=True, help="Keep the runs since then: an age (365d) or a date.")
@yes
def prune(path: Path, keep: str, yes: bool) -> None:
    """Delete old runs. The newest run of `ready` and of `audit` stays.

    What is deleted is overwritten in the file.
    """
    before = kept_history.moment(keep, "--keep")
    old = kept_history.old_runs(path, before)
    if old:
        kept.confirm(f"This deletes {_runs(len(old))} before {before} from {path}.", yes)
        old = kept_history.prune(path, before)
    print(f"Deleted {_runs(len(old))}.")


@history.command(
    "delete",
    cls=Command,
    examples=[
        ("breakglass history delete history.db --run 12", "one run"),
        ("breakglass history delete history.db --account 012345678901", "an account, from all runs"),
    ],
)
@file
@click.option("--run", "run_id", metavar="NUMBER", type=int, help="Delete this run.")
@click.option("--account", "account_id", metavar="ID", help="Delete this account from all runs.")
@yes
def delete(path: Path, run_id: int | None, account_id: str | None, yes: bool) -> None:
    """Delete a run, or an account from all runs. To delete the whole history, delete its file."""
    if (run_id is None) == (account_id is None):
        raise RunbookError("Name what is deleted: either --run NUMBER or --account ID.")
    if run_id is not None:
        kept.confirm(f"This deletes run {run_id} from {path}.", yes)
        kept_history.delete_run(path, run_id)
        print(f"Deleted run {run_id}.")
        return
    kept.confirm(f"This deletes account {redaction.safe(str(account_id))} from all runs in {path}.", yes)
    print(f"Deleted the account from {_runs(kept_history.delete_account(path, str(account_id)))}.")


def _runs(number: int) -> str:
    return f"{number} run{'s' * (number != 1)}"
