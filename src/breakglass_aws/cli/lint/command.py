# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass lint-policy`: its options, what it prints, and its exit status."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from breakglass_aws.cli import options
from breakglass_aws.cli.groups import Command
from breakglass_aws.cli.lint import policy_file, sarif
from breakglass_aws.cli.lint.findings import (
    ERROR,
    LOCKED,
    NOT_CHECKED,
    NOTE,
    POSSIBLY_LOCKED,
    UNLOCKED,
    WARNING,
    Checked,
    Question,
    check,
)
from breakglass_aws.engine import outcomes
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.version import __version__

LOCKS, INVALID, MAY_LOCK = 1, outcomes.NOT_STARTED, 3
STYLES = {ERROR: "bold red", WARNING: "bold yellow", NOTE: "cyan"}
STATUS = (
    "Exit status: 0 no policy locks its administrators out, 1 at least one does, 2 a file could not be checked, 3 one "
    "may: it depends on what a file does not show. With --allow-possible, 3 is 0."
)


@click.command(
    "lint-policy",
    cls=Command,
    epilog=STATUS,
    examples=[
        (
            "breakglass lint-policy policies/*.json --account 111122223333",
            "the buckets are those that the policies name",
        ),
        (
            "breakglass lint-policy policy.json --account 111122223333 --bucket my-bucket "
            "--administrators arn:aws:iam::111122223333:role/Admin",
            "for one role",
        ),
        (
            "breakglass lint-policy policy.json --account 111122223333 --from vpce-1a2b3c4d",
            "administrators work through this VPC endpoint, and the policy may be limited to it",
        ),
        ("breakglass lint-policy - --account 111122223333 --diff < policy.json", "and show a repair"),
        ("breakglass lint-policy policies/*.json --account 111122223333 --sarif > policies.sarif", "for code scanning"),
    ],
)
@click.argument("names", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--account", "account_id", metavar="ID", default="", help="Account that owns the bucket or queue.")
@click.option("--bucket", metavar="NAME", default="", help="Bucket.  [default: the one that the policy names]")
@click.option("--queue", metavar="ARN", default="", help="Queue.  [default: the one that the policy names]")
@click.option("--organization", metavar="ID", default="", help="Organization of the account, for aws:PrincipalOrgID.")
@click.option("--region", metavar="REGION", default="", help="Region of the bucket, for aws:RequestedRegion.")
@click.option(
    "--administrators",
    metavar="ARN",
    multiple=True,
    help="Role or user that must be able to manage the policy; can be given several times, or with commas.  "
    "[default: every role and user of the account]",
)
@click.option(
    "--from",
    "networks",
    metavar="NETWORK",
    multiple=True,
    help="Network from which administrators can work: an IP address, vpce-ID or vpc-ID, or one of each with "
    "commas; can be given several times.  [default: those that the policy does not name]",
)
@click.option("--allow-possible", is_flag=True, help="Exit with 0 when a policy may lock, but none surely does.")
@click.option("--diff", is_flag=True, help="Show the smallest edit of the policy that ends its lockouts.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF 2.1.0; what is found goes to standard error too.")
@options.as_json
def lint_policy(
    names: tuple[str, ...],
    account_id: str,
    bucket: str,
    queue: str,
    organization: str,
    region: str,
    administrators: tuple[str, ...],
    networks: tuple[str, ...],
    allow_possible: bool,
    diff: bool,
    as_sarif: bool,
    as_json: bool,
) -> int:
    """Check whether policies lock administrators out.

    FILE is the policy of a bucket or queue as JSON; - is standard input. AWS is not asked. Templates
    (CloudFormation, Terraform) are not read. A statement locks administrators out when it denies them to read,
    change or delete the policy itself: then, only the root user or a root session can remove it. A statement whose
    effect depends on values that a file does not show may lock them out, and is a warning.
    """
    arns = [arn for given in administrators for arn in given.split(",") if arn]
    question = Question(account_id, bucket, queue, organization, region, arns, networks)
    if problem := question.problem():
        raise click.UsageError(problem, click.get_current_context())
    if as_json and as_sarif:
        raise click.UsageError("--json and --sarif exclude each other.", click.get_current_context())
    checked = [_checked(name, question, diff) for name in dict.fromkeys(names)]
    status = _status(checked, allow_possible)
    if as_sarif:
        options.print_json(sarif.log(checked, __version__, status))
    elif as_json:
        options.print_json({"status": status, "policies": [_as_dict(one) for one in checked]})
    _print(checked, diff, Console(highlight=False, file=sys.stderr if as_sarif or as_json else sys.stdout))
    return status


def _checked(name: str, question: Question, repair: bool) -> Checked:
    try:
        return check(policy_file.read(name), question, repair=repair)
    except policy_file.NotChecked as problem:
        return Checked(name, failure=str(problem), failed_at=problem.place)


def _status(checked: Iterable[Checked], allow_possible: bool) -> int:
    verdicts = {one.verdict for one in checked}
    if LOCKED in verdicts:
        return LOCKS
    if NOT_CHECKED in verdicts:
        return INVALID
    return MAY_LOCK if POSSIBLY_LOCKED in verdicts and not allow_possible else 0


def _print(checked: Sequence[Checked], diff: bool, console: Console) -> None:
    """Print a line for each finding, as compilers do, and how many policies have which verdict."""
    for one in checked:
        if one.failure:
            _print_line(console, one.name, one.failed_at, ERROR, one.failure)
        for finding in one.findings:
            words = f"{finding.message} [{finding.rule.id}]"
            _print_line(console, one.name, finding.place, finding.rule.level, words)
        if diff and (one.repaired is not None or one.no_repair):
            _print_diff(console, one)
    counted = {verdict: sum(one.verdict == verdict for one in checked) for verdict in _WORDS}
    parts = [f"{number} {_WORDS[verdict][number != 1]}" for verdict, number in counted.items() if number]
    total = f"{len(checked)} {'policy' if len(checked) == 1 else 'policies'}"
    console.print(f"{total}: {', '.join(parts)}.", markup=False, soft_wrap=True)


_WORDS = {
    LOCKED: ("locks its administrators out", "lock their administrators out"),
    NOT_CHECKED: ("could not be checked", "could not be checked"),
    POSSIBLY_LOCKED: ("may lock its administrators out", "may lock their administrators out"),
    UNLOCKED: ("does not lock them out", "do not lock them out"),
}


def _print_line(console: Console, name: str, place: policy_file.Place | None, level: str, words: str) -> None:
    where = "<stdin>" if name == policy_file.STDIN else name
    where += f":{place.line}:{place.column}" if place else ""
    line = Text.assemble(
        (redaction.safe(where), "bold"), ": ", (f"{level}:", STYLES[level]), " ", redaction.safe(words)
    )
    console.print(line, soft_wrap=True)


def _print_diff(console: Console, one: Checked) -> None:
    """Print the smallest edit that ends the lockouts of a policy, or why there is none."""
    if one.repaired is None:
        console.print(redaction.safe(f"There is no repair to show: {one.no_repair}"), markup=False, soft_wrap=True)
        return
    for line in difflib.unified_diff(
        one.before.splitlines(), one.repaired.splitlines(), one.name, f"{one.name} (repaired)", lineterm=""
    ):
        style = "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"
        console.print(redaction.safe(line), style=style, markup=False, soft_wrap=True)


def _as_dict(one: Checked) -> dict[str, Any]:
    findings = [
        {
            "rule": finding.rule.id,
            "level": finding.rule.level,
            "message": finding.message,
            "place": finding.place._asdict() if finding.place else None,
            "statement": finding.index,
            "sid": finding.sid,
            "actions": list(finding.actions),
            "conditions": list(finding.conditions),
        }
        for finding in one.findings
    ]
    return {
        "file": one.name,
        "resource": one.resource or None,
        "account_id": one.account_id or None,
        "verdict": one.verdict,
        "message": one.failure,
        "place": one.failed_at._asdict() if one.failed_at else None,
        "findings": findings,
        "repaired": one.repaired,
    }
