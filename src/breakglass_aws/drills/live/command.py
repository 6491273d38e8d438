# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass drill --live`: its options, what is refused before any call, and what is left after an interruption."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from breakglass_aws.drills import result
from breakglass_aws.drills.live import allow_list, limits
from breakglass_aws.drills.live.allow_list import Refused
from breakglass_aws.drills.live.residue import BUCKET, Residue
from breakglass_aws.drills.result import DrillResult
from breakglass_aws.drills.runner.drill import folder_for, operator
from breakglass_aws.drills.runner.progress import Progress
from breakglass_aws.drills.runner.scenario_run import result_of
from breakglass_aws.drills.scenario_file import values
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.drills.scenario_file.reading import SUFFIX, read
from breakglass_aws.drills.versions import versions
from breakglass_aws.engine import questions
from breakglass_aws.engine.errors import RunbookError

if TYPE_CHECKING:
    from breakglass_aws.drills.live.aws import Aws

FOLDER = Path(__file__).with_name("scenarios")
LOCKED_FOR = timedelta(hours=3)  # a scratch bucket, at most
NAMES = ("live-audit", "live-bucket", "live-recovery")
QUESTION = (
    "This acts in AWS, in account {account} ({name}), which {who} allowed until {expires}: {titles}.\n"
    "Root sessions are opened, so alarms go off. Type the account ID to continue: "
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of live drills to the command line of drills."""
    live = parser.add_argument_group("in AWS", f"{', '.join(NAMES)}; without any: all three")
    live.add_argument("--live", action="store_true", help="in an account of AWS that is set aside for it")
    live.add_argument("--account", metavar="ID", default="", help="the account")
    live.add_argument("--allow-list", metavar="FILE", type=Path, help="YAML file of the accounts that may be used")
    live.add_argument("--role-name", metavar="NAME", default="OrganizationAccountAccessRole", help="its access role")
    live.add_argument("--clean-up", action="store_true", help="remove what an interrupted live drill left")
    live.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal")


def scenarios(options: argparse.Namespace) -> list[Scenario]:
    """The scenarios of the command line. Raises Refused or ScenarioError for one that may not be run in AWS."""
    chosen = []
    for name in options.scenarios or (() if options.scenario_file else NAMES):
        if name not in NAMES:
            hint = values.nearest(name, NAMES) or f"There are: {', '.join(NAMES)}."
            raise Refused(f"There is no scenario {name!r} for AWS. {hint}")
        chosen.append(read(FOLDER / f"{name}{SUFFIX}"))
    chosen += [read(file.absolute()) for file in options.scenario_file]
    for scenario in chosen:
        limits.check(scenario)
    return chosen


def main(options: argparse.Namespace, report: Callable[[DrillResult, Path], int], console: Progress) -> int:
    """Run a live drill, or clean up; return the exit status. Raises RunbookError for what is not allowed."""
    if not options.account or not options.allow_list:
        raise Refused("--live needs --account ID and --allow-list FILE.")
    entry = allow_list.allowed(options.allow_list, options.account)
    reports = options.reports.absolute()
    residue = Residue.of(reports, entry.id)
    from breakglass_aws.drills.live.aws import Aws
    from breakglass_aws.drills.live.clean_up import clean_up

    aws = Aws(entry.id, options.role_name)
    if options.clean_up:
        aws.check(entry)
        _add_unknown_buckets(residue, aws)
        if not residue.left:
            print(f"Nothing is left in {entry.id}, as far as the drills in {reports} know.")
            return 0
        clean_up(residue, aws, reports, print)
        return 0
    chosen = scenarios(options)
    if residue.left:
        raise Refused(f"An earlier drill may have left in {entry.id}: {residue.words()}. {_remove(options)}")
    _confirm(options, entry, chosen)
    aws.check(entry)
    aws.require_root_sessions(task for one in chosen for task in limits.TASKS[one.runbook])
    if any(limits.makes_bucket(one) for one in chosen):
        aws.require_administrator()
        if found := ", ".join(one["name"] for one in aws.buckets_of_drills()):
            raise Refused(f"A drill with another folder of reports left in {entry.id}: {found}. {_remove(options)}")
    names = {limits.ACCOUNT: entry.id}
    drill = DrillResult(
        started=result.now(),
        kind=result.LIVE,
        by=options.by or operator(),
        organization=f"AWS, account {entry.id} ({entry.name})",
        versions=versions(),
        scenarios=[result_of(limits.filled_in(one, names)) for one in chosen],
    )
    folder = folder_for(reports, options.name)
    _run(drill, chosen, names, folder, aws, residue, console)
    status = report(drill, folder)
    if residue.left:
        print(f"May be left in {entry.id}: {residue.words()}. {_remove(options)}", file=sys.stderr)
    return status


def _add_unknown_buckets(residue: Residue, aws: Aws) -> None:
    """Add the buckets that drills with other folders of reports left. Who may not list them cleans up what is known."""
    known = [one.get("name") for one in residue.left]
    try:
        found = aws.buckets_of_drills()
    except RunbookError:
        return
    for one in found:
        if one["name"] not in known:
            residue.note(BUCKET, **one)


def _run(
    drill: DrillResult,
    chosen: Sequence[Scenario],
    names: dict[str, str],
    folder: Path,
    aws: Aws,
    residue: Residue,
    console: Progress,
) -> None:
    """Run the scenarios one after the other. What is known so far is in drill.json at any moment."""
    drill.interrupted = True
    for number, scenario in enumerate(chosen):
        bucket = f"{limits.bucket_prefix(names[limits.ACCOUNT])}{secrets.token_hex(4)}"
        soon = (datetime.now(UTC) + LOCKED_FOR).strftime("%Y-%m-%dT%H:%M:%SZ")
        filled = limits.filled_in(scenario, {**names, limits.BUCKET: bucket, limits.SOON: soon})
        from breakglass_aws.drills.live.live_run import LiveRun

        run = LiveRun(filled, folder / scenario.name, aws, residue, console.scenario(filled))
        drill.scenarios[number] = run.result
        drill.ended = result.now()
        drill.conclude()
        result.write(drill, folder)
        try:
            run.run()
        except KeyboardInterrupt:
            console.interrupted()
            break
        console.ended(run.result)
        if residue.left:  # nothing more is made where something was left
            drill.interrupted = False
            break
    else:
        drill.interrupted = False
    drill.ended = result.now()
    drill.conclude()
    result.write(drill, folder)


def _confirm(options: argparse.Namespace, entry: allow_list.Entry, chosen: Sequence[Scenario]) -> None:
    if options.yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("Nothing was called, because there is no terminal to confirm at. Programs add --yes.")
    titles = "; ".join(one.title for one in chosen)
    question = QUESTION.format(account=entry.id, name=entry.name, who=entry.who, expires=entry.expires, titles=titles)
    if questions.ask(question) != entry.id:
        raise Refused("Nothing was called: the account ID was not typed.")


def _remove(options: argparse.Namespace) -> str:
    where = f"--account {options.account} --allow-list {options.allow_list}"
    return f"Remove it: breakglass drill --live --clean-up {where} --reports {options.reports}"
