# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass approve`: a second person reads the plan of a run, and signs it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click
from rich.console import Console

from breakglass_aws.cli import options
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import commands, questions
from breakglass_aws.engine.display import rich_text
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.gates import approval


@click.command(
    cls=Command,
    examples=[
        ("breakglass approve evidence/INC-1234", "read the plan; nothing is signed"),
        ("breakglass approve evidence/INC-1234 --key ~/.ssh/id_ed25519 --as approver@example.com", "sign it"),
        (
            "breakglass approve evidence/INC-1234 --key ~/.ssh/id_ed25519 --as approver@example.com --token",
            "print the approval as one word, for a person on another machine",
        ),
    ],
)
@options.folder
@click.option("--key", metavar="FILE", type=options.PATH, help="Your SSH key; a public key signs through ssh-agent.")
@click.option("--as", "name", metavar="NAME", default="", help="Your name in the list of allowed signers.")
@click.option("--hours", metavar="N", type=int, default=24, help="Validity in hours.  [default: 24]")
@click.option("--token", is_flag=True, help="Print the approval as one word, and store it nowhere.")
@click.option("--yes", is_flag=True, help="Sign without asking for the plan's digest; required without a terminal.")
@options.as_json
def approve(folder: Path, key: Path | None, name: str, hours: int, token: bool, yes: bool, as_json: bool) -> int:
    """Show the plan of a run, and approve it.

    RUN_DIR is the evidence folder of a run that waits for an approval. Without a key, its plan is only shown.
    """
    if bool(key) != bool(name):
        raise RunbookError("--key and --as go together. Without both, the request is shown, and nothing is signed.")
    if as_json and token:
        raise RunbookError("--json and --token exclude each other: the JSON document has the token.")
    found = options.readable(folder)
    request = approval.Request.load(found)
    # A program reads the token, or the document, alone from standard output.
    _show(request, Console(highlight=False, file=sys.stderr if token or as_json else sys.stdout))
    if not key:
        if as_json:
            options.print_json({"request": dataclasses.asdict(request), "signed": False})
        else:
            print(f"\nNothing was signed. To approve this:\n{commands.approve(found)}")
        return 0
    if not yes:
        _confirm(name, request.proofs)
    word = approval.sign(request, key.expanduser(), name, hours)
    approval.check_from_here(word, request)
    if token:
        print(word)
        return 0
    saved = approval.save(found, word)
    if as_json:
        options.print_json(
            {"request": dataclasses.asdict(request), "signed": True, "approver": name, "hours": hours, "file": saved}
        )
        return 0
    print(f"\nApproved by {name}, for {hours} hours: {request.runbook}, plan {request.plan}")
    print(f"Kept in {saved}")
    print(f"The requester resumes the run with:\n\n    {commands.resume(found)}")
    return 0


def _show(request: approval.Request, console: Console) -> None:
    """Print the whole request: on a terminal with tables and colors, else as plain text."""
    if not console.is_terminal:
        print(request.described(), file=console.file)
        return
    console.print(request.facts(), markup=False, soft_wrap=True)
    console.print()
    rich_text.show(console, request.what, whole=True)


def _confirm(name: str, proofs: list[str]) -> None:
    """Have the approver type something that stands in the request; raise RunbookError when it is not that."""
    if not sys.stdin.isatty():
        raise RunbookError("Nothing was signed, because there is no terminal to confirm at. Programs add --yes.")
    wanted = f"the first {len(proofs[0])} characters of the plan digest" + (" or the account ID" if proofs[1:] else "")
    typed = questions.ask(f"\nRead the plan above. To sign it as {name}, type {wanted}: ")
    if typed not in proofs:
        raise RunbookError(f"Nothing was signed: {typed!r} is not {wanted} of this request.")
