# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass notify`, and the notifications about a run that has ended: a problem is reported and changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from breakglass_aws.cli import options
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading, record, redaction
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.notify import messages, of_run, sending

if TYPE_CHECKING:
    from breakglass_aws.engine.launcher.run_result import RunResult

TEMPLATES = "templates"
_SENDING: list[subprocess.Popen[bytes]] = []  # processes that outlive this one


@click.command(
    cls=Command,
    epilog="Exit status: 0 sent, or there is nothing to report; 1 a target was not reached; 2 wrong input.",
    examples=[
        ("breakglass drill --due --list --json | breakglass notify drill_overdue --notify apprise.yml", "from cron"),
        ("breakglass notify unready --data readiness.json --notify apprise.yml", "the result of a module, as JSON"),
    ],
)
@click.argument("kind", metavar="KIND", type=click.Choice(list(messages.KINDS)))
@click.option(
    "--data", metavar="FILE", default="-", type=click.Path(allow_dash=True), help="JSON.  [default: standard input]"
)
@options.notify
def notify(kind: str, data: str, notify_file: Path | None) -> int:
    """Send a notification with Apprise.

    KIND is waiting, recovery_open, unready, drill_overdue, root_use or account_left. Nothing is sent when the data has
    nothing to report.
    """
    from breakglass_aws.engine.gates import cli_answers

    if notify_file is None:
        raise RunbookError(f"Name the Apprise configuration file: --notify FILE, or {sending.VARIABLE}=FILE.")
    found = messages.message(kind, cli_answers.json_object(data), _templates(notify_file))
    if found is None:
        print("Nothing to report.")
        return 0
    return 1 if _sent([found], notify_file) else 0


def about_run(result: RunResult, file: Path | None) -> None:
    """Notify about a run that has ended, where a file names the targets. Problems are printed, and raise nothing."""
    folder = result.evidence_dir
    if file is None or folder is None:
        return
    try:
        gate = _gate(folder) if result.outcome == outcomes.WAITING else ""
        if gate or result.recovery_open_in:
            found = of_run.messages(
                result.runbook, folder, gate, _accounts(folder), result.recovery_open_in, _templates(file)
            )
            _sent(found, file)
    except (RunbookError, reading.Damaged, OSError) as error:
        _complain(f"No notification was sent: {error}")


def about_interruption(result: RunResult, file: Path | None) -> None:
    """Notify about password recovery that an interrupted run left open.

    A process of its own sends it, and is not waited for: after Ctrl-C the prompt is back at once, however slow the
    services are. What goes wrong there is not reported.
    """
    if file is None or result.evidence_dir is None or not result.recovery_open_in:
        return
    data = of_run.open_recovery(result.runbook, result.evidence_dir, result.recovery_open_in)
    words = ("notify", messages.RECOVERY_OPEN, "--notify", str(file.absolute()))
    command = [sys.executable, "-m", "breakglass_aws", *words]
    nowhere = subprocess.DEVNULL
    try:
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps(data).encode())
            given.seek(0)
            _SENDING.append(
                subprocess.Popen(command, stdin=given, stdout=nowhere, stderr=nowhere, start_new_session=True)
            )
    except OSError as error:
        _complain(f"No notification was sent: {error}")


def _sent(found: list[messages.Message], file: Path) -> bool:
    """Send messages; return whether there was a problem."""
    if warning := sending.warning(file):
        _complain(warning)
    problems = [problem for one in found for problem in sending.send(one, file)]
    for problem in problems:
        _complain(problem)
    return bool(problems)


def _complain(words: str) -> None:
    print(redaction.safe(words), file=sys.stderr)


def _templates(file: Path) -> Path | None:
    folder = file.absolute().parent / TEMPLATES
    return folder if folder.is_dir() else None


def _gate(folder: Path) -> str:
    """Return the gate at which a run waits."""
    waiting = (entry["gate"] for entry in reversed(list(Journal(folder).entries())) if entry["event"] == "waiting")
    return next(waiting, "")


def _accounts(folder: Path) -> list[str]:
    """Return the accounts that the parameters of a run name."""
    given = record.read(folder)["parameters"]
    many = given.get("account_ids") or []
    return [str(one) for one in [given.get("account_id"), *(many if isinstance(many, list) else [many])] if one]
