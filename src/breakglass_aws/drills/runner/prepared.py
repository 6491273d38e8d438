# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of the command `breakglass` that has loaded what a run needs, and waits for its command line.

Loading takes about a second, in which the sandbox starts and the judge looks. The command line, the environment and the
answers come by standard input, as one line of JSON: a secret answer must not stand in the list of processes.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from breakglass_aws.drills.runner.simulation import without_aws

_COMMAND = "breakglass_aws.cli.main"
# What the command imports when it runs a runbook, and when it approves a plan.
RUN = (
    "breakglass_aws.cli.runs",
    "breakglass_aws.engine.gates.cli_answers",
    "breakglass_aws.engine.launcher.launch",
    "breakglass_aws.engine.launcher.progress",
    "breakglass_aws.engine.launcher.resume",
    "breakglass_aws.engine.launcher.terminal_gates",
)


APPROVE = ("breakglass_aws.cli.approve",)


def start(folder: Path, modules: Sequence[str] = RUN) -> subprocess.Popen[str]:
    """Start a process in a folder, which loads these modules."""
    return subprocess.Popen(
        [sys.executable, "-m", __name__, _COMMAND, *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=without_aws(os.environ),
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    """End a process that was not needed; one that was used has ended."""
    if process.stdin and not process.stdin.closed:
        process.stdin.close()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()


def run(
    process: subprocess.Popen[str],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    answers: Mapping[str, str],
) -> None:
    """Have a process run a command line, with no other variables than those of `environment`."""
    given = {"arguments": [*arguments], "environment": dict(environment), "answers": dict(answers)}
    if process.stdin:
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.close()
        process.stdin = None  # `communicate` would flush it


def main() -> int:
    """Load, wait, and run what standard input says."""
    command, *_ = [importlib.import_module(name) for name in sys.argv[1:]]
    line = sys.stdin.readline()
    if not line:  # it is not needed after all
        return 0
    given = json.loads(line)
    os.environ.clear()
    os.environ.update(given["environment"])
    arguments = given["arguments"]
    if given["answers"]:
        answers = tempfile.TemporaryFile("w+")  # noqa: SIM115 - standard input until the process ends
        json.dump(given["answers"], answers)
        answers.flush()
        answers.seek(0)
        os.dup2(answers.fileno(), 0)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        arguments = [*arguments, "--answers-file", "-"]
    status: int = command.main(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
