# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `breakglass`, and what it does with an error: one line with the cure, and a documented exit status."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback

import click
from click.shell_completion import shell_complete

from breakglass_aws.cli.groups import LazyGroup
from breakglass_aws.engine import collection, outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.version import __version__

NAME = "breakglass"
COMPLETE = "_BREAKGLASS_COMPLETE"  # set by the shell's completion function
DEPRECATED = (
    "Note: `python -m breakglass_runbooks` is the former name of the command `breakglass`. It is removed in 1.0.0."
)
DEFECT = """Unexpected error: {error}
This is a defect of breakglass.aws. Report it with the lines above at https://breakglass.example/aws/issues.
If a runbook was running, read its evidence folder before you run it again."""

_PLACE = "breakglass_aws.cli."
COMMANDS = {
    "list": f"{_PLACE}catalog:list_runbooks",
    "describe": f"{_PLACE}catalog:describe",
    "run": f"{_PLACE}runs:run",
    "resume": f"{_PLACE}runs:resume",
    "approve": f"{_PLACE}approve:approve",
    "sign": f"{_PLACE}evidence:sign",
    "verify": f"{_PLACE}evidence:verify",
    "trail": f"{_PLACE}evidence:trail",
    "audit": f"{_PLACE}audit:audit",
    "ready": f"{_PLACE}ready:ready",
    "history": f"{_PLACE}history:history",
    "notify": f"{_PLACE}notify:notify",
    "lint-policy": f"{_PLACE}lint.command:lint_policy",
    "model": f"{_PLACE}model:model",
    "drill": f"{_PLACE}delegated:drill",
    "sandbox": f"{_PLACE}delegated:sandbox",
    "version": f"{_PLACE}version:version",
    "completion": f"{_PLACE}completion:completion",
}
DIAGNOSES = ("version", "completion")  # work in an installation with parts of two versions, too


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 finished, 1 failed, 2 not started (wrong input), 3 waits for a person, 4 did a part of its "
    "work, 5 blocked, 70 a defect of this program, 130 interrupted.",
)
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Recover AWS member accounts when only the root user can help, with evidence of what was done."""
    if context.invoked_subcommand not in DIAGNOSES:
        collection.check_installation()


def main(arguments: list[str] | None = None) -> int:
    """Run the command on the command line; return the exit status, see `outcomes`."""
    if instruction := os.environ.get(COMPLETE):
        from breakglass_aws.cli import bash  # noqa: F401 - replaces click's completion for bash

        return shell_complete(cli, {}, NAME, COMPLETE, instruction)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C, with complete evidence
    try:
        status = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
        return status
    except click.UsageError as error:
        return _not_started(_with_help(error))
    except (RunbookError, click.ClickException) as error:
        return _not_started(error.message if isinstance(error, click.ClickException) else str(error))
    except BrokenPipeError:  # a reader such as `head` has ended; nothing can be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]  # a run has stopped then, and can be resumed
    except (KeyboardInterrupt, click.Abort) as interruption:
        # asyncio reports, with a traceback, that nothing waits for the reply of the interrupted cell.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        complain(str(interruption) or "Interrupted.")
        return outcomes.EXIT_STATUS[outcomes.INTERRUPTED]
    except Exception as error:
        traceback.print_exc()
        complain(DEFECT.format(error=f"{type(error).__name__}: {error}"))
        return outcomes.UNEXPECTED


def former_name() -> int:
    """Run the command for `python -m breakglass_runbooks`. Only a person at a terminal is told of the new name."""
    if sys.stderr.isatty() and "--json" not in sys.argv:
        complain(DEPRECATED)
    return main()


def complain(words: str) -> None:
    """Print an error or a note on standard error. Control characters and secrets do not get there."""
    print(redaction.safe(words), file=sys.stderr)


def _invoke(arguments: list[str]) -> int:
    """Run a command; return its status. Unlike click's own `main`, this leaves every exception as it was raised."""
    try:
        with cli.make_context(NAME, arguments) as context:
            status = cli.invoke(context)
    except click.exceptions.NoArgsIsHelpError as error:
        complain(error.ctx.get_help() if error.ctx else str(error))
        return outcomes.NOT_STARTED
    except click.exceptions.Exit as end:
        return end.exit_code
    return status if isinstance(status, int) else 0


def _not_started(words: str) -> int:
    complain(words)
    return outcomes.NOT_STARTED


def _with_help(error: click.UsageError) -> str:
    """Return what is wrong with the command line in one line, with the place of the help."""
    words = " ".join(error.format_message().split())
    if isinstance(error, click.NoSuchOption):  # its wording differs between versions of click
        near = f" Did you mean {error.possibilities[0]}?" if error.possibilities else ""
        words = f"There is no option {error.option_name}.{near}"
    return f"{words} See: {error.ctx.command_path} --help" if error.ctx else words
