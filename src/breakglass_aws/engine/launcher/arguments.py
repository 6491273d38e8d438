"""The command line of `python -m breakglass_runbooks`: its commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

Command = Callable[[argparse.Namespace], int]


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser; `commands` has the function for each command by its name."""
    top = argparse.ArgumentParser(
        prog="python -m breakglass_runbooks",
        description="Run recovery procedures for AWS accounts, and their evidence.",
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for name, add in _COMMANDS.items():
        add(subparsers).set_defaults(command=commands[name])
    return top


if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def _list(subparsers: Subparsers) -> argparse.ArgumentParser:
    return subparsers.add_parser("list", help="list the runbooks")


def _describe(subparsers: Subparsers) -> argparse.ArgumentParser:
    describe = subparsers.add_parser("describe", help="show the purpose, the parameters and the gates of a runbook")
    describe.add_argument("name", help="name of a runbook, or path of a notebook")
    return describe


def _run(subparsers: Subparsers) -> argparse.ArgumentParser:
    run = subparsers.add_parser(
        "run", help="run a runbook", description="Run a runbook. Without -p check_mode=false it only plans."
    )
    run.add_argument("name", help="name of a runbook, or path of a notebook")
    run.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter: text as it is, a list with commas or as JSON, an object as JSON",
    )
    run.add_argument(
        "--parameters-file", metavar="FILE", help="a JSON object of parameters; - reads it from standard input"
    )
    run.add_argument("--output", metavar="FILE", type=Path, help="executed notebook (default: in the evidence folder)")
    _add_run_options(run)
    return run


def _resume(subparsers: Subparsers) -> argparse.ArgumentParser:
    resume = subparsers.add_parser(
        "resume",
        help="resume a run",
        description="Resume a run that waits for a person, failed or was interrupted. Nothing is done twice.",
    )
    _add_folder(resume)
    _add_run_options(resume)
    return resume


def _approve(subparsers: Subparsers) -> argparse.ArgumentParser:
    approve = subparsers.add_parser(
        "approve",
        help="show the plan of a run, and approve it",
        description="Show the plan of a run that waits for an approval, and sign it. Without a key, only show it.",
    )
    _add_folder(approve)
    approve.add_argument("--key", metavar="FILE", type=Path, help="your SSH key; a public key signs through ssh-agent")
    approve.add_argument(
        "--as", metavar="NAME", dest="name", default="", help="your name in the list of allowed signers"
    )
    approve.add_argument("--hours", metavar="N", type=int, default=24, help="validity in hours (default: 24)")
    approve.add_argument("--token", action="store_true", help="print the approval as one word, and store it nowhere")
    approve.add_argument(
        "--yes", action="store_true", help="sign without asking for the plan's digest; required without a terminal"
    )
    return approve


def _trail(subparsers: Subparsers) -> argparse.ArgumentParser:
    trail = subparsers.add_parser(
        "trail",
        help="add CloudTrail's events to the evidence of a run",
        description="Read the calls of a run's root sessions from CloudTrail, which delivers them up to 15 minutes "
        "late, and add them to its evidence.",
    )
    _add_folder(trail)
    trail.add_argument("--role-name", default="", help="the role to assume in the accounts")
    return trail


def _sign(subparsers: Subparsers) -> argparse.ArgumentParser:
    sign = subparsers.add_parser("sign", help="sign the evidence of a run, once it is complete")
    _add_folder(sign)
    sign.add_argument(
        "--key", metavar="FILE", type=Path, required=True, help="your SSH key; a public key signs through ssh-agent"
    )
    return sign


def _verify(subparsers: Subparsers) -> argparse.ArgumentParser:
    verify = subparsers.add_parser("verify", help="check whether the evidence of a run was altered")
    _add_folder(verify)
    verify.add_argument(
        "--manifest", metavar="SHA256", default="", help="the manifest's SHA-256, as the run printed it"
    )
    verify.add_argument("--signed-by", metavar="NAME", default="", help="the person who must have signed it")
    verify.add_argument("--signers", metavar="FILE", default="", help="the list of allowed signers")
    return verify


_COMMANDS: Mapping[str, Callable[[Subparsers], argparse.ArgumentParser]] = {
    "list": _list,
    "describe": _describe,
    "run": _run,
    "resume": _resume,
    "approve": _approve,
    "trail": _trail,
    "sign": _sign,
    "verify": _verify,
}


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="RUN_DIR", type=Path, help="the evidence folder of the run")


def _add_run_options(command: argparse.ArgumentParser) -> None:
    """Add the options of each command that runs cells."""
    command.add_argument(
        "--answer",
        dest="answers",
        metavar="GATE=VALUE",
        action="append",
        default=[],
        help="the answer to a gate; GATE alone asks for it here, without showing it",
    )
    command.add_argument(
        "--answers-file", metavar="FILE", help="a JSON object of answers; - reads it from standard input"
    )
    command.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="how long a cell may take (default: no limit)"
    )
    command.add_argument("--json", action="store_true", help="write progress as JSON lines")


def _seconds(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"invalid value {text!r}. Expected a number of seconds, 1 or more.")
    return int(text)
