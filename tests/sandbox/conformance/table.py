"""Writes the conformance table of the documentation from the rows; COMMAND says how to run it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from conformance import facts
from conformance.facts import MODEL, RECORDED, Fact
from conformance.not_reproduced import NOT_REPRODUCED

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "reference" / "sandbox-conformance.md"
COMMAND = "PYTHONPATH=tests/sandbox:tests python -m conformance.table"

# Each section's title, and the source of its rows where they name none.
SECTIONS = {
    "1.1": ("sts:AssumeRoot", MODEL),
    "1.2": ("What AssumeRoot refuses", RECORDED),
    "1.3": ("The organization's root features", RECORDED),
    "1.4": ("Trusted access and the delegated administrator", "Organizations User Guide: IAM and Organizations"),
    "1.5": ("Who may do what", "Organizations and IAM User Guides"),
    "1.6": ("How long a change takes to show", RECORDED),
    "2.1": ("The task policies", facts.POLICIES),
    "2.2": ("Auditing a root user", facts.TASKS),
    "2.3": ("Deleting root credentials", facts.TASKS),
    "2.4": ("Allowing password recovery", f"{facts.TASKS}; a public test protocol"),
    "2.5": ("Accounts and their states", "Organizations User Guide: Account states"),
    "2.6": ("Organization policies", facts.SCPS),
    "2.7": ("Partitions", "AWS GovCloud (US) User Guide: IAM"),
    "3.1": ("Locked buckets", facts.MODEL),
    "3.2": ("Locked queues", facts.TASKS),
    "4.1": ("CloudTrail events", "IAM User Guide: Track privileged tasks in CloudTrail; CloudTrail User Guide"),
    "4.4": (
        "CloudTrail's events in EventBridge",
        "EventBridge User Guide: AWS service events delivered via AWS CloudTrail",
    ),
    "4.2": ("Telling root use apart", "CloudTrail User Guide: userIdentity element"),
    "5a": ("A lost MFA device", facts.LOST_MFA),
    "5b": (
        "Recovering an account without its administrator role",
        "CloudFormation, IAM Identity Center and Control Tower User Guides; SDK models",
    ),
    "5c": ("Accounts that come and go", "Organizations User Guide; SDK model"),
    "5d": ("Unlocking a bucket", facts.TASKS),
    "5e": ("Unlocking a queue", facts.TASKS),
    "5g": ("Enabling root access, and the drill", facts.ENABLE),
    "5h": ("A compromised root user", "Account Management Reference Guide"),
    "5i": ("The root user's e-mail address", "Account Management Reference Guide; SDK model"),
    "6": ("Quotas and rates", facts.QUOTAS),
    "7.1": ("Least privilege: who enables", facts.ENABLE),
    "7.2": ("Least privilege: who opens root sessions", facts.TASKS),
    "7.7": ("Permissions on members' addresses", "Service Authorization Reference: AWS Account Management"),
    "7.8": ("SCPs for member accounts", facts.SCPS),
    "7.9": ("SCPs over the delegated administrator", facts.SCPS),
    "auth": ("Keys, sessions and permissions", facts.EVALUATION),
    "org": ("AWS Organizations otherwise", MODEL),
}
# Marks some rows carry in their text, and the source they stand for.
MARKS = {" [B]": MODEL, " (recorded)": RECORDED}
INTRODUCTION = f"""# What the sandbox reproduces of AWS

<!-- Written by `{COMMAND}`. Change the rows in tests/sandbox/conformance instead, and run it again. -->

Each line is a test that runs against the sandbox over HTTP with an unmodified boto3. Where no source proves what AWS
does, the sandbox does what is presumed, and the line says so. Recorded responses are answers of AWS that others have
published; the SDK service model is the one botocore ships. The numbers are those by which the sandbox's code names its
facts.
"""


def rows() -> list[Fact]:
    """All rows of all areas."""
    areas = sorted(file.stem for file in HERE.glob("*.py") if file.stem != "table")
    return [row for area in areas for row in getattr(import_module(f"conformance.{area}"), "FACTS", [])]


def page() -> str:
    """The page as it should be."""
    found = rows()
    unknown = {row.section for row in found} - SECTIONS.keys()
    if unknown:
        raise LookupError(f"table.py has no title for section {', '.join(sorted(unknown))}")
    presumed = sum(not row.verified for row in found)
    parts = [INTRODUCTION, f"{len(found)} facts, {presumed} of them presumed.\n"]
    for section, (title, source) in SECTIONS.items():
        mine = [row for row in found if row.section == section]
        if mine:
            parts.append(f"## {_number(section)}{title}\n\n| fact | source | certainty |\n|---|---|---|")
            parts += [_line(row, source) for row in mine]
            parts.append("")
    parts.append("## Not reproduced\n\n| about | what |\n|---|---|")
    parts += [f"| {SECTIONS[section][0]} | {text} |" for section, text in NOT_REPRODUCED]
    return "\n".join(parts) + "\n"


def _line(row: Fact, section_source: str) -> str:
    text, source = row.text, row.source
    for mark, stands_for in MARKS.items():
        if mark in text:
            text, source = text.replace(mark, ""), source or stands_for
    text = text.replace("|", "\\|").replace("*", "\\*").replace("<", "\\<")
    if row.verified:
        return f"| {text} | {source or section_source} | verified |"
    return f"| {text} | {source or 'none'} | presumed |"


def _number(section: str) -> str:
    """The section's number, which rows and the sandbox's comments name; some have none."""
    return f"{section} " if section[0].isdigit() else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
