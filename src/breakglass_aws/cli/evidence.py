# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass sign`, `verify` and `trail`: evidence after a run."""

from __future__ import annotations

import re
from pathlib import Path

import click

from breakglass_aws.cli import options
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest, reading, redaction, ssh_signatures


@click.command(
    cls=Command,
    examples=[("breakglass sign evidence/INC-1234 --key ~/.ssh/id_ed25519", "sign the manifest with an SSH key")],
)
@options.folder
@click.option(
    "--key",
    metavar="FILE",
    type=options.PATH,
    required=True,
    help="Your SSH key; a public key signs through ssh-agent.",
)
@options.as_json
def sign(folder: Path, key: Path, as_json: bool) -> int:
    """Sign the evidence of a run, once it is complete.

    RUN_DIR is the evidence folder of the run.
    """
    signature = manifest.sign(options.readable(folder), key)
    if as_json:
        options.print_json({"signature": signature})
    else:
        print(f"Signed: {signature}")
    return 0


@click.command(
    cls=Command,
    examples=[
        ("breakglass verify evidence/INC-1234 --manifest 3f1b...", "with the SHA-256 that the run printed"),
        (
            "breakglass verify evidence/INC-1234 --signed-by approver@example.com --signers allowed_signers",
            "with a signature",
        ),
    ],
)
@options.folder
@click.option(
    "--manifest", "sha256", metavar="SHA256", default="", help="SHA-256 that the run printed as its manifest."
)
@click.option("--signed-by", metavar="NAME", default="", help="The person who must have signed it.")
@click.option("--signers", metavar="FILE", default="", help="The list of allowed signers.")
@options.as_json
def verify(folder: Path, sha256: str, signed_by: str, signers: str, as_json: bool) -> int:
    """Check whether the evidence of a run was altered. The exit status is 1 when it was.

    RUN_DIR is the evidence folder of the run.
    """
    if bool(signed_by) != bool(signers):
        raise RunbookError("--signed-by and --signers go together: the list of signers tells whose a signature is.")
    if sha256 and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise RunbookError(f"Invalid value for --manifest: {sha256!r}. Expected a SHA-256, 64 digits.")
    found = options.expanded(folder)
    problems, key = manifest.problems(found, sha256), ""
    if signed_by:
        problems += manifest.signature_problems(found, signed_by, ssh_signatures.require_signers(signers))
    elif not problems:
        try:
            key = manifest.signing_key(found)
        except reading.Damaged as damage:
            problems.append(str(damage))
    words = "Altered, or incomplete." if problems else _what_is_known(sha256, signed_by, key)
    if as_json:
        anchor = "signature" if signed_by else "manifest" if sha256 else None
        answers = {"consistent": not problems, "anchor": anchor, "problems": problems, "signing_key": key or None}
        options.print_json({"folder": found, **answers, "message": words})
    else:
        for problem in problems:
            print(redaction.safe(problem))
        print(words)
    return 1 if problems else 0


def _what_is_known(sha256: str, signed_by: str, key: str) -> str:
    """Return what evidence without problems proves: without an anchor elsewhere, only that it is consistent."""
    if signed_by:
        return f"Unaltered since {signed_by} signed it."
    if sha256:
        return "Unaltered since this manifest was written, by the run or by `trail` after it."
    signed = f"\nSigned with the key {key}. To check whose it is: --signed-by NAME --signers FILE." if key else ""
    return (
        "Consistent: every file is as the manifest has it. That alone does not prove that the evidence is unaltered, "
        "because a person who can write the folder can also write a new manifest.\nTo check that: --manifest SHA256, "
        f"with the value that the run printed, or a signature.{signed}"
    )


@click.command(
    cls=Command,
    examples=[("breakglass trail evidence/INC-1234", "half an hour after the last step of the run")],
)
@options.folder
@click.option("--role-name", metavar="NAME", default="", help="The role to assume in the accounts.")
@options.as_json
def trail(folder: Path, role_name: str, as_json: bool) -> int:
    """Add CloudTrail's events to the evidence of a run.

    Reads the calls of a run's root sessions from CloudTrail, which delivers them up to 15 minutes late, and adds them
    to its evidence. The exit status is 4 while some are missing. RUN_DIR is the evidence folder of the run.
    """
    from breakglass_aws.engine.launcher import cloudtrail_join

    found = options.readable(folder)
    joined = cloudtrail_join.collect(found, role_name)
    if as_json:
        options.print_json(
            {
                "sessions": joined.sessions,
                "pending": joined.pending,
                "ask_again_after": joined.ask_again_after if joined.pending else None,
                "signature_removed": joined.signature_removed,
                "manifest": manifest.sha256(found),
                "messages": list(joined.summary(found)),
            }
        )
    else:
        for line in joined.summary(found):
            print(redaction.safe(line))
    return outcomes.EXIT_STATUS[outcomes.PARTIAL if joined.pending else outcomes.UNCHANGED]
