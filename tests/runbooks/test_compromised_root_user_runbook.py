"""compromised_root_user: quarantine first, then everything goes, the attacker's things too."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.executed import cells, denials, resume, run, writes
from support.least_privilege import operator_of
from support.run_module import run as run_module

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.people.console import Refused

ACCOUNT = "555566667777"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device"
QUARANTINE = f"breakglass-quarantine-{ACCOUNT}"
TYPED = f"account_typed={ACCOUNT}"
NOTHING = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
GUARDRAIL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": ["iam:CreateRole", "iam:AttachRolePolicy"], "Resource": "*"},
    }
)
GIVEN = {"account_id": ACCOUNT, "check_mode": "false"}


def break_in(box: Box) -> Any:
    """An attacker signs in as root, and makes a key and a second factor of their own; returns their IAM client."""
    session = box.act("reports", "sign_in", mfa=DEVICE)
    iam = box.client_with("iam", session["access_key"], session["secret_key"], session["session_token"])
    iam.create_access_key()
    box.act("reports", "enrol_mfa", name="attacker")
    return iam


def attach(box: Box, policy: str, name: str = "by-hand") -> None:
    """A person attaches a policy by hand."""
    organizations = box.client("organizations", "operator")
    answer = organizations.create_policy(Name=name, Description="x", Type="SERVICE_CONTROL_POLICY", Content=policy)
    organizations.attach_policy(PolicyId=answer["Policy"]["PolicySummary"]["Id"], TargetId=ACCOUNT)


def attached(box: Box) -> list[str]:
    found = box.client("organizations", "operator").list_policies_for_target(
        TargetId=ACCOUNT, Filter="SERVICE_CONTROL_POLICY"
    )
    return [policy["Name"] for policy in found["Policies"]]


def printed_command(printed: str) -> list[str]:
    """The last command for the playbook of the quarantine that a run printed, as a shell reads it."""
    found = re.findall(r"ansible-playbook breakglass\.aws\.quarantine (?:.*\\\n)*.*", printed)
    return shlex.split(found[-1].replace("\\\n", " "))


def quarantine(box: Box, arguments: list[str]) -> dict[str, Any]:
    """What the playbook does with the arguments of a command, done by its module."""
    options: dict[str, Any] = {}
    for value in (arguments[n + 1] for n, word in enumerate(arguments) if word == "-e"):
        options |= json.loads(value) if value.startswith("{") else dict([value.split("=")])
    if options.get("scope") == "root_user":
        assert "exempt_principals" not in options
    return run_module("account_quarantine", environment=box.environment("operator"), **options)


def test_the_attacker_is_shut_out_and_everything_goes(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    attacker = break_in(sandbox)
    place = make_workplace(operator_of(sandbox, "compromised_root_user"))
    attach(sandbox, GUARDRAIL, "no-new-roles")  # denies the root user something, and is no quarantine
    since = len(sandbox.events())
    before = attached(sandbox)
    waiting = run(place, "compromised_root_user", "run", **GIVEN)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "--answer quarantined=" in waiting.stdout

    not_yet = resume(place, "run", "quarantined=done")
    assert not_yet.returncode == 5, not_yet.stdout + not_yet.stderr
    assert "The quarantine is not in force" in not_yet.stdout
    assert writes(sandbox, since) == []

    wrong = run(
        place,
        "compromised_root_user",
        "second",
        answers=("quarantined=attach", TYPED, "contacts_compared=wrong", "hunted=found"),
        **GIVEN,
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        attacker.create_access_key()
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("organizations", "reports-administrator").leave_organization()

    assert attached(sandbox) == [*before, QUARANTINE]
    assert wrong.returncode == 4, wrong.stdout + wrong.stderr
    assert "root_email" in wrong.stdout
    assert sandbox.snapshot()["root_users"][ACCOUNT] == NOTHING
    with pytest.raises(Refused):
        sandbox.act("reports", "reset_password")

    since = len(sandbox.events())
    through = resume(place, "second", "contacts_compared=not_known", "hunted=found")
    assert through.returncode == 0, through.stdout + through.stderr
    assert writes(sandbox, since) == []
    shown = cells(place.folder / "second/compromised_root_user.ipynb")
    assert "attacker" in shown["plan"]
    assert "Confirmed. The root user has no credentials." in shown["verify"]
    assert "ConsoleLogin" in shown["activity"]
    assert "SOMETHING WAS FOUND" in shown["hand-back"]
    report = (place.folder / "second/report.md").read_text().partition("Parameters")[0]
    for said in ("SOMETHING WAS FOUND in the hunt", "THE CONTACTS ARE NOT COMPARED"):
        assert said in through.stdout
        assert said in report
    evidence = json.loads((place.folder / "second/evidence.json").read_text())
    assert evidence["changed"]
    had = evidence["before"][ACCOUNT]
    assert (len(had["access_keys"]), len(had["mfa_devices"])) == (2, 2)
    # The quarantine is lifted with the command that the run ends with, and the account is as it was.
    lifted = quarantine(sandbox, printed_command(shown["hand-back"]))
    assert lifted["failed"] is False, lifted["msg"]
    assert attached(sandbox) == before
    # Nobody may read contacts here, because the organization does not trust AWS Account Management.
    assert {action.partition(":")[0] for action in denials(sandbox)} <= {"account"}


def test_a_quarantine_that_shuts_us_out_too_is_noticed(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    everything = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
    }
    attach(sandbox, json.dumps({"Version": "2012-10-17", "Statement": [everything]}))
    place = make_workplace(sandbox.environment("operator"))
    since = len(sandbox.events())
    blocked = run(place, "compromised_root_user", "run", answers=("quarantined=done", TYPED), **GIVEN)
    assert blocked.returncode == 5, blocked.stdout + blocked.stderr
    assert "by-hand" in blocked.stdout
    assert "aws:AssumedRoot" in blocked.stdout
    assert writes(sandbox, since) == []


def test_another_person_attaches_it_with_the_command_that_the_run_prints(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    """Everyone but the responders is stopped, and the run, which read CloudTrail by the access role, finishes."""
    place = make_workplace(sandbox.environment("operator"))
    waiting = run(place, "compromised_root_user", "run", scope="all_principals", **GIVEN)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    attached_by_another = quarantine(sandbox, printed_command(waiting.stdout))
    assert attached_by_another["failed"] is False, attached_by_another["msg"]
    done = resume(place, "run", "quarantined=done", TYPED, "contacts_compared=right", "hunted=clean")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.snapshot()["root_users"][ACCOUNT] == NOTHING
    answers = ("contacts_compared=right", "hunted=clean")
    again = run(place, "compromised_root_user", "again", answers=answers, scope="all_principals", **GIVEN)
    assert again.returncode == 0, again.stdout + again.stderr
