# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass run` and `breakglass resume`: on a terminal, gates are asked and the run goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from breakglass_aws.cli import completion, options
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError

if TYPE_CHECKING:
    from breakglass_aws.engine.launcher.launch import OnProgress
    from breakglass_aws.engine.launcher.run_result import RunResult
    from breakglass_aws.engine.notebooks.catalog import Runbook


@click.command(
    cls=Command,
    examples=[
        (
            "breakglass run unlock_s3_bucket -p account_id=012345678901 -p bucket=data-lake-raw-012345678901",
            "plan only: nothing is changed",
        ),
        (
            "breakglass run unlock_s3_bucket -p account_id=012345678901 -p bucket=data-lake-raw-012345678901 "
            "-p check_mode=false",
            "show the plan, ask at the gates, carry it out",
        ),
        (
            "breakglass run audit_root_credentials -p check_mode=false --json > progress.jsonl",
            "for a program: JSON lines, and it stops at gates",
        ),
    ],
)
@click.argument("name", metavar="RUNBOOK", shell_complete=completion.runbooks)
@click.option(
    "-p",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=completion.parameters,
    help="A parameter: text as it is, a list with commas or as JSON, an object as JSON.",
)
@click.option(
    "--parameters-file",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="A JSON object of parameters; - reads it from standard input.",
)
@click.option(
    "--output", metavar="FILE", type=options.PATH, help="Executed notebook.  [default: in the evidence folder]"
)
@options.run_options
def run(
    name: str,
    parameters: tuple[str, ...],
    parameters_file: str | None,
    output: Path | None,
    answers: tuple[str, ...],
    answers_file: str | None,
    timeout: int | None,
    notify_file: Path | None,
    as_json: bool,
) -> int:
    """Run a runbook. Without -p check_mode=false it only plans.

    RUNBOOK is a name as `breakglass list` prints it, or the path of a notebook. On a terminal, the plan is shown, each
    gate is asked, and the run goes on. Without a terminal, it stops at a gate and prints how to resume it.
    """
    from breakglass_aws.engine.gates import cli_answers
    from breakglass_aws.engine.notebooks import catalog

    runbook = catalog.find(name)  # a wrong name is reported at once; papermill takes a second to import
    if parameters_file == answers_file == "-":
        raise RunbookError("Standard input can hold the parameters or the answers, not both.")
    given = _parameters(parameters, parameters_file)
    checked = cli_answers.given(answers, answers_file, runbook.gates)
    from breakglass_aws.engine.launcher import launch

    return report(
        runbook,
        checked,
        lambda on_progress: launch.run(runbook, given, output, on_progress, timeout, checked),
        timeout,
        as_json,
        notify_file,
    )


@click.command(
    cls=Command,
    examples=[
        ("breakglass resume evidence/unlock_s3_bucket-20260131T030000Z", "go on, and ask at the gates"),
        (
            "breakglass resume evidence/unlock_s3_bucket-20260131T030000Z --answer confirmed=333344445555",
            "with the answer to a gate",
        ),
    ],
)
@options.folder
@options.run_options
def resume(
    folder: Path,
    answers: tuple[str, ...],
    answers_file: str | None,
    timeout: int | None,
    notify_file: Path | None,
    as_json: bool,
) -> int:
    """Resume a run. Nothing is done twice.

    RUN_DIR is the evidence folder of a run that waits for a person, failed or was interrupted.
    """
    from breakglass_aws.engine.gates import cli_answers
    from breakglass_aws.engine.launcher import resume as resuming

    found = options.readable(folder)
    runbook = resuming.runbook_of(found)
    checked = cli_answers.given(answers, answers_file, runbook.gates)
    return report(
        runbook,
        checked,
        lambda on_progress: resuming.resume(found, checked, on_progress, timeout),
        timeout,
        as_json,
        notify_file,
    )


def report(
    runbook: Runbook,
    answers: Mapping[str, str],
    start: Callable[[OnProgress], RunResult],
    timeout: int | None,
    as_json: bool,
    notify_file: Path | None = None,
) -> int:
    """Start or resume a run, report its progress and end, and ask at its gates where a person can answer.

    Returns the exit status of its outcome.
    """
    from breakglass_aws.engine.launcher import progress, terminal_gates
    from breakglass_aws.engine.launcher.resume import resume

    asks = not as_json and terminal_gates.is_terminal()
    with (
        _telling_of_interruptions(notify_file),
        progress.JsonReporter() if as_json else progress.TextReporter(asks=asks) as reporter,
    ):
        reporter.begin(runbook)
        result = start(reporter.cell)
        folder = result.evidence_dir
        if folder and isinstance(reporter, progress.TextReporter) and asks:
            result = terminal_gates.answer(
                result, runbook, answers, reporter.gate, lambda given: resume(folder, given, reporter.cell, timeout)
            )
        reporter.end(result)
    if notify_file:
        from breakglass_aws.cli import notify

        notify.about_run(result, notify_file)
    return outcomes.EXIT_STATUS[result.outcome]


@contextlib.contextmanager
def _telling_of_interruptions(notify_file: Path | None) -> Iterator[None]:
    """Notify when Ctrl-C ends a run in the block that left password recovery open."""
    from breakglass_aws.engine.launcher.run_result import RunInterrupted

    try:
        yield
    except RunInterrupted as interrupted:
        from breakglass_aws.cli import notify

        notify.about_interruption(interrupted.result, notify_file)
        raise


def _parameters(items: Iterable[str], file: str | None) -> dict[str, Any]:
    """Return the parameters of the command line. Text stays text, so an account ID keeps its leading zeros."""
    from breakglass_aws.engine.gates import cli_answers

    given = cli_answers.json_object(file) if file else {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise RunbookError(f"Invalid value for -p: {item!r}. Expected NAME=VALUE.")
        given[name] = value
    return given
