# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and arguments that commands share, and what is completed for them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from breakglass_aws.cli import completion
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction

Function = TypeVar("Function", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
folder = click.argument("folder", metavar="RUN_DIR", type=PATH, shell_complete=completion.evidence_folders)

notify = click.option(
    "--notify",
    "notify_file",
    metavar="FILE",
    envvar="BREAKGLASS_NOTIFY",
    type=PATH,
    help="Notify the targets in this Apprise configuration file.  [default: that in BREAKGLASS_NOTIFY, or none]",
)


class Seconds(click.ParamType):
    """A number of seconds, 1 or more."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; end with a usage error when it is none."""
        text = str(value)
        if not text.isdecimal() or not text.isascii() or not int(text):
            self.fail(f"{text!r}. Expected a number of seconds, 1 or more.", param, ctx)
        return int(text)


def run_options(function: Function) -> Function:
    """Add the options of each command that runs cells."""
    for option in reversed(
        (
            click.option(
                "--answer",
                "answers",
                metavar="GATE=VALUE",
                multiple=True,
                shell_complete=completion.gates,
                help="The answer to a gate. GATE alone asks for it here, without showing it.",
            ),
            click.option(
                "--answers-file",
                metavar="FILE",
                type=click.Path(allow_dash=True),
                help="A JSON object of answers; - reads it from standard input.",
            ),
            click.option(
                "--timeout",
                metavar="SECONDS",
                type=Seconds(),
                help="How long a cell may take.  [default: no limit]",
            ),
            notify,
            click.option("--json", "as_json", is_flag=True, help="Write progress as JSON lines, and ask nothing."),
        )
    ):
        function = option(function)
    return function


def readable(given: Path) -> Path:
    """Return the evidence folder of a command line. Raises RunbookError unless it is a folder that can be read."""
    try:
        found = expanded(given).resolve()
        os.listdir(found)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        reason = getattr(error, "strerror", None) or str(error)
        raise RunbookError(f"{given} cannot be read: {reason}. Expected the evidence folder of a run.") from None
    return found


def expanded(given: Path) -> Path:
    """Return a folder of the command line as an absolute path. Raises RunbookError for an unknown user after ~."""
    try:
        return given.expanduser().absolute()
    except RuntimeError as error:
        raise RunbookError(f"{given} cannot be read: {error}") from None


def print_json(content: Any) -> None:
    """Print one JSON document. Secrets and control characters do not get there."""
    print(json.dumps(redaction.ENGINE.data(content), indent=2, default=str))
