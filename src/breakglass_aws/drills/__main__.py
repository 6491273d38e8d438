# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse recoveries in a simulated organization, and report."""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from breakglass_aws.argument_parser import ArgumentParser
from breakglass_aws.drills import history, report, result
from breakglass_aws.drills.history import command
from breakglass_aws.drills.history.schedule import FILE as SCHEDULE
from breakglass_aws.drills.live import command as live
from breakglass_aws.drills.result import DrillResult
from breakglass_aws.drills.runner import leftovers
from breakglass_aws.drills.runner.drill import MOST_JOBS, Drill, folder_for
from breakglass_aws.drills.runner.progress import Progress, summary
from breakglass_aws.drills.runner.scene import Recovery, Scene
from breakglass_aws.drills.runner.simulation import StartError
from breakglass_aws.drills.scenario_file import catalog, reading
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.drills.scenario_file.values import ScenarioError
from breakglass_aws.engine import files, outcomes
from breakglass_aws.engine.errors import RunbookError

# More scenarios than that get a line each instead of all their steps.
MOST_WITH_STEPS = 3
EXIT_STATUS = {result.PASSED: 0, result.FAILED: 1, result.INTERRUPTED: outcomes.EXIT_STATUS[outcomes.INTERRUPTED]}


class _UsageError(Exception):
    """The command line cannot be used; the text says why."""


def reports_folder() -> Path:
    """The folder of drill reports: BREAKGLASS_DRILL_REPORTS, or drill-reports in the working directory."""
    return Path(os.environ.get("BREAKGLASS_DRILL_REPORTS", "drill-reports")).absolute()


def parser(prog: str) -> argparse.ArgumentParser:
    """The command line of a program with this name."""
    parser = ArgumentParser(prog=prog, description=__doc__)
    named = parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="see --list; without any: three plain ones"
    )
    named.completer = catalog.names  # type: ignore[attr-defined]
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all scenarios")
    which.add_argument("--surprise", action="store_true", help="one scenario, chosen at random and not announced")
    of_runbook = which.add_argument("--runbook", metavar="NAME", help="the scenarios of one runbook")
    of_runbook.completer = _runbooks  # type: ignore[attr-defined]
    which.add_argument("--due", action="store_true", help="what the schedule says is due; with --list, run none")
    which.add_argument(
        "--history", metavar="DIR", type=Path, nargs="?", const=True, help="write the page of a folder of drills"
    )
    parser.add_argument("--list", action="store_true", help="print the scenarios, or what is due, and run none")
    parser.add_argument("--json", action="store_true", help="print --due --list as JSON")
    parser.add_argument("--schedule", metavar="FILE", type=Path, help=f"default: {SCHEDULE}, or every 90 days")
    which.add_argument("--validate", metavar="FILE", type=Path, help="check a scenario file, and run none")
    parser.add_argument("--hands-on", action="store_true", help="you do it, in a shell, while the clock runs")
    parser.add_argument(
        "--scenario-file", metavar="FILE", type=Path, action="append", default=[], help="a scenario of your own"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_jobs, default=1, help=f"scenarios at the same time, up to {MOST_JOBS} (default: 1)"
    )
    parser.add_argument("--by", metavar="NAME", default="", help="who rehearses (default: your user name)")
    parser.add_argument(
        "--name", metavar="NAME", type=_name, default="", help="a name for the drill's folder, besides its time"
    )
    parser.add_argument("--organization", metavar="FILE", help="organization file (default: the sandbox's own)")
    parser.add_argument("--reports", metavar="DIR", type=Path, default=reports_folder(), help="default: %(default)s")
    parser.add_argument("--key", metavar="FILE", type=Path, help="SSH key that signs the result")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write junit.xml of the report here too")
    live.add_options(parser)
    return parser


def main(arguments: list[str] | None = None, prog: str = "python -m breakglass_aws.drills") -> int:
    """Run a drill.

    Returns 0 only when it passed, 1 when it did not, 2 when it could not be run, 130 when it was interrupted.
    """
    options = parser(prog).parse_args(arguments)
    try:
        _check_combination(options)
        if options.live:
            return _live(options)
        if options.history or options.due:
            return _past(options)
        if options.list:
            return _list()
        if options.validate:
            return _validate(options.validate)
        return _run(options, _chosen(options))
    except (StartError, ScenarioError, RunbookError, _UsageError) as error:
        print(f"The drill could not be run. {error}", file=sys.stderr)
    except OSError as error:
        print(f"The drill could not be run. {error.strerror}: {error.filename}", file=sys.stderr)
    return outcomes.NOT_STARTED


def _check_combination(options: argparse.Namespace) -> None:
    """Refuse options that have no meaning together."""
    past = options.history or options.due
    if past and (options.scenarios or options.scenario_file):
        raise _UsageError("--due and --history take what the schedule names. Name no scenarios.")
    if options.schedule and not past:
        raise _UsageError("--schedule is for --due and --history.")
    if options.live:
        _check_live(options)
    elif options.account or options.allow_list or options.clean_up:
        raise _UsageError("--account, --allow-list and --clean-up are for --live.")
    if options.json and not (options.due and options.list):
        raise _UsageError("--json is for --due --list.")


def _check_live(options: argparse.Namespace) -> None:
    """Refuse what is for the sandbox, before anything is read."""
    for name in ("all", "surprise", "runbook", "due", "history", "hands_on", "organization", "validate", "schedule"):
        if getattr(options, name):
            raise _UsageError(f"--{name.replace('_', '-')} is for the sandbox, and not for --live.")
    if options.jobs > 1:
        raise _UsageError("--jobs is for the sandbox. A live drill runs one scenario after the other.")


def _live(options: argparse.Namespace) -> int:
    console = Console(highlight=False)
    with Progress(console, 1) as progress:
        return live.main(options, lambda drill, folder: _reported(drill, folder, options, console), progress)


def _past(options: argparse.Namespace) -> int:
    """Show the history, print what is due, or run it."""
    console = Console(highlight=False)
    named = isinstance(options.history, Path)
    folder = options.history if named else options.reports
    if named and not folder.is_dir():
        raise _UsageError(f"There is no folder {folder}. --history takes a folder of drills, which drills have made.")
    past = history.read(folder.absolute(), options.schedule, catalog.scenarios())
    if options.history:
        return command.show(past, console)
    if options.list:
        return command.list_due(past, console, options.json)
    command.announce(past, console)
    status = _run(options, [catalog.find(name) for name in past.to_run]) if past.to_run else 0
    history.write(history.read(folder.absolute(), options.schedule, catalog.scenarios()))
    return status


def _name(text: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]{0,60})?", text):
        accepted = "letters, digits, dots, hyphens and underscores, at most 61"
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted. Expected {accepted}")
    return text


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted. Expected 1 to {MOST_JOBS}")
    return int(text)


def _chosen(options: argparse.Namespace) -> list[Scenario]:
    """Return the scenarios that the command line names. Raises ScenarioError for an unknown or broken one."""
    own = [_checked(file) for file in options.scenario_file]
    if options.scenarios and (options.all or options.surprise or options.runbook):
        raise _UsageError("Name scenarios, or use one of --all, --surprise and --runbook.")
    if options.surprise:
        return [random.choice([*catalog.scenarios(), *own])]
    if options.all:
        return [*catalog.scenarios(), *own]
    if options.runbook:
        every = [*catalog.scenarios(), *own]
        found = [scenario for scenario in every if scenario.runbook == options.runbook]
        if not found:
            known = ", ".join(sorted({scenario.runbook for scenario in every}))
            raise _UsageError(f"There is no scenario for a runbook {options.runbook!r}. There are some for: {known}.")
        return found
    named = options.scenarios or ([] if own else catalog.DEFAULT)
    chosen = [*(catalog.find(name) for name in dict.fromkeys(named)), *own]
    names = [scenario.name for scenario in chosen]
    if twice := {name for name in names if names.count(name) > 1}:
        raise _UsageError(f"Two scenarios have the name {twice.pop()}. Rename your file.")
    return chosen


def _runbooks() -> list[str]:
    """The runbooks that have a scenario."""
    return sorted({scenario.runbook for scenario in catalog.scenarios()})


def _checked(file: Path) -> Scenario:
    from breakglass_aws.drills.scenario_file.check import check

    scenario = reading.read(file.absolute())
    check(scenario)
    return scenario


def _list() -> int:
    for scenario in catalog.scenarios():
        print(f"{scenario.name}\n  {scenario.title}\n  {scenario.runbook}: {', '.join(scenario.tags)}")
    return 0


def _validate(file: Path) -> int:
    scenario = _checked(file)
    print(f"{file} is valid: {scenario.title}")
    return 0


def _run(options: argparse.Namespace, scenarios: Sequence[Scenario]) -> int:
    console = Console(highlight=False)
    organization = str(Path(options.organization).absolute()) if options.organization else None
    if organization and not Path(organization).is_file():
        raise _UsageError(f"There is no organization file {options.organization}.")
    if options.key and not options.key.is_file():
        raise _UsageError(f"There is no key {options.key}.")
    recover = _by_hand(scenarios) if options.hands_on else None
    _report_aborted(options.reports.absolute())
    folder = folder_for(options.reports.absolute(), options.name)
    leftovers.mark(folder)
    steps = len(scenarios) <= MOST_WITH_STEPS and not recover
    secret = options.surprise
    with Progress(
        console, len(scenarios), steps=steps, names=options.jobs > 1 and not secret, quiet=bool(recover), secret=secret
    ) as progress:
        drill = Drill(scenarios, folder, progress, organization, options.jobs, options.by, recover, secret).run()
    status = _reported(drill, folder, options, console)
    leftovers.unmark(folder)
    return status


def _report_aborted(reports: Path) -> None:
    """Write the reports of drills that were killed, and name each in one line."""
    for folder in leftovers.aborted(reports):
        try:
            drill = leftovers.read(folder)
            ended = sum(bool(one.ended) for one in drill.scenarios)
            page = report.write(drill, folder)
            print(f"A drill was killed after {ended} of {len(drill.scenarios)} scenarios. Its report: {page}")
        except (result.ResultError, RunbookError) as error:
            print(f"A drill was killed before it had a result: {error}")
        leftovers.unmark(folder)


def _reported(drill: DrillResult, folder: Path, options: argparse.Namespace, console: Console) -> int:
    """Print the result, write the report, and return the exit status."""
    _conclude(console, drill)
    try:
        page = report.write(drill, folder, options.key)
        if options.junit:
            files.write(options.junit, (folder / report.JUNIT).read_text(encoding="utf-8"))
        print(page)
    except RunbookError as error:
        print(f"The report is not complete. {error}", file=sys.stderr)
        return EXIT_STATUS[drill.verdict] or 1
    return EXIT_STATUS[drill.verdict]


def _by_hand(scenarios: Sequence[Scenario]) -> Callable[[Scene], Recovery]:
    """Return what lets a person recover the organization. Raises _UsageError when no person can."""
    from breakglass_aws.drills.hands_on.shell import HandsOn

    if len(scenarios) != 1:
        raise _UsageError("--hands-on takes one scenario: name it, or use --surprise.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise _UsageError("--hands-on needs a terminal, because a person works in a shell.")
    return HandsOn


def _conclude(console: Console, drill: DrillResult) -> None:
    words = {
        result.PASSED: "The drill passed.",
        result.FAILED: "The drill FAILED.",
        result.INTERRUPTED: "The drill was INTERRUPTED.",
    }
    console.print()
    console.print(summary(drill))
    console.print(words[drill.verdict])


if __name__ == "__main__":
    sys.exit(main())
