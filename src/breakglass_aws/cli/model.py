# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass model`: an organization of AWS as an organization file for the sandbox."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from breakglass_aws.cli import new_files, options
from breakglass_aws.cli.groups import Command
from breakglass_aws.cli.model_check import NOT_ASKED
from breakglass_aws.engine import aws_context, collection, outcomes
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction

WIDE = 160  # columns
INCOMPLETE = outcomes.EXIT_STATUS[outcomes.PARTIAL]


class Unreadable(Exception):
    """The organization could not be read; the text says why, and what to do about it."""


@click.command(
    cls=Command,
    epilog="Exit status: 0 all that was asked for was read, 4 some was not, 1 the organization could not be read, "
    "2 wrong input.",
    examples=[
        ("breakglass model --output company.yml", "with the credentials of the shell, by calls that only read"),
        ("breakglass model --pseudonyms --output shared.yml", "to pass it on"),
        (
            "breakglass model --with-access-roles --posture evidence/audit/posture.json --output company.yml",
            "with more",
        ),
        ("breakglass model --check", "would your policies let each recovery through, and in which accounts not?"),
        ("breakglass sandbox serve --organization company.yml", "then: rehearse under your own policies"),
    ],
)
@click.option("--output", metavar="FILE", type=options.PATH, help="A new file.  [default: standard output]")
@click.option("--pseudonyms", is_flag=True, help="Replace names, IDs and e-mail addresses, the same in all places.")
@click.option(
    "--mapping", metavar="FILE", help="Keep which pseudonym stands for what, for later models too. Keep it private."
)
@click.option(
    "--with-access-roles",
    is_flag=True,
    help="Assume the access role of each account, and read its trust policy. CloudTrail shows it.",
)
@click.option("--role-name", metavar="NAME", help="The access role.  [default: OrganizationAccountAccessRole]")
@click.option("--with-tags", is_flag=True, help="Read the tags of each account.")
@click.option("--with-contacts", is_flag=True, help="Read the contacts of each account.")
@click.option("--posture", metavar="FILE", help="Add the root credentials that an audit read: its posture.json.")
@click.option("--check", is_flag=True, help="Print which recoveries would work, in which accounts: in a sandbox.")
@options.as_json
def model(
    output: Path | None,
    pseudonyms: bool,
    mapping: str | None,
    with_access_roles: bool,
    role_name: str | None,
    with_tags: bool,
    with_contacts: bool,
    posture: str | None,
    check: bool,
    as_json: bool,
) -> int:
    """Describe an organization of AWS as a file for the sandbox.

    Reads accounts, OUs, policies with their attachments, trusted access, delegated administrators and features. What
    may not be read is named with the missing permission, and is unknown in the sandbox. No secrets are read.
    """
    if output is not None:
        new_files.require_new(output)
    given = {
        "include": ["tags"] * with_tags + ["contacts"] * with_contacts,
        "access_roles": with_access_roles,
        "role_name": role_name,
        "posture": posture and os.path.expanduser(posture),
        "pseudonyms": pseudonyms,
        "mapping": mapping and os.path.expanduser(mapping),
    }
    try:
        result = _read(given)
    except Unreadable as error:
        print(redaction.safe(str(error)), file=sys.stderr)
        return outcomes.EXIT_STATUS[outcomes.FAILED]
    if output is not None:
        new_files.write(output, result["organization_file"].encode())
    if check:
        result["check"] = _checked(result, with_access_roles, role_name)
    if as_json:
        options.print_json(result)
    elif check:
        from breakglass_aws.cli.ready import show

        # In a file or a pipe 80 columns would break words.
        show(result["check"], Console(highlight=False, width=None if sys.stdout.isatty() else WIDE))
    elif output is None:
        sys.stdout.write(result["organization_file"])
    _summarize(result, output)
    return INCOMPLETE if any(one["reason"] != NOT_ASKED for one in result["not_read"]) else 0


def _checked(result: Mapping[str, Any], with_roles: bool, role_name: str | None) -> dict[str, Any]:
    """The readiness of the organization, asked in a sandbox that serves the model."""
    from breakglass_aws.cli.model_check import check, explain_unknown

    with tempfile.TemporaryDirectory(prefix="breakglass-model-") as folder:  # mode 0700
        file = Path(folder) / "organization.yml"
        file.write_text(result["organization_file"], encoding="utf-8")
        renamed = next((one["access_role"]["name"] for one in result["accounts"] if one.get("access_role")), role_name)
        found = check(file, with_roles=with_roles, role_name=renamed)
    return explain_unknown(found, result["not_read"])


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    """The result of organization_model_info. RunbookError for wrong input, Unreadable where AWS does not answer."""
    domain, reading = collection.module_util("_errors"), collection.module_util("_organization_model.model")
    params = {name: spec.get("default") for name, spec in reading.ARGUMENTS.items()}
    params |= {name: value for name, value in given.items() if value is not None}
    context = aws_context.context(warn=lambda text: print(redaction.safe(text), file=sys.stderr))
    try:
        found_model: dict[str, Any] = reading.read_model(params, context)
    except domain.InvalidInput as error:
        raise RunbookError(str(error)) from None
    except domain.BreakglassError as error:
        raise Unreadable(str(error)) from None
    return found_model


def _summarize(result: Mapping[str, Any], output: Path | None) -> None:
    """Print how much there is, and what is not known, on standard error."""
    counts = ", ".join(
        f"{len(result[key])} {words[len(result[key]) != 1]}"
        for key, words in (
            ("accounts", ("account", "accounts")),
            ("organizational_units", ("OU", "OUs")),
            ("policies", ("policy", "policies")),
        )
    )
    lines = [f"{'Wrote ' + str(output) if output else 'Read'}: {counts}."]
    lines += [
        f"Unknown: {one['what']} ({one['permission']}). {one['reason']}"
        for one in result["not_read"]
        if not one["account_id"]
    ]
    of_accounts = [one["account_id"] for one in result["not_read"] if one["account_id"]]
    if of_accounts:
        lines.append(
            f"Unknown: access roles of {len(of_accounts)} accounts (sts:AssumeRole). They are missing, or do not let "
            f"the caller in: {', '.join(of_accounts)}"
        )
    if result["kept_texts"]:
        lines.append(f"Look at these texts of policies before you pass it on: {', '.join(result['kept_texts'])}")
    print(redaction.safe("\n".join(lines)), file=sys.stderr)
