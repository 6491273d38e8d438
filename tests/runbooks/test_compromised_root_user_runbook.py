"""compromised_root_user: quarantine first, then everything goes, the attacker's things too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.executed import cells, denials, resume, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.people.console import Refused

ACCOUNT = "555566667777"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device"
TYPED = f"account_typed={ACCOUNT}"
NOTHING = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
GIVEN = {"account_id": ACCOUNT, "check_mode": "false"}


def break_in(box: Box) -> Any:
    """An attacker signs in as root, and makes a key and a second factor of their own; returns their IAM client."""
    session = box.act("reports", "sign_in", mfa=DEVICE)
    iam = box.client_with("iam", session["access_key"], session["secret_key"], session["session_token"])
    iam.create_access_key()
    box.act("reports", "enrol_mfa", name="attacker")
    return iam


def attach(box: Box, policy: str) -> None:
    """What the person at the gate does."""
    organizations = box.client("organizations", "operator")
    answer = organizations.create_policy(
        Name="breakglass-quarantine", Description="x", Type="SERVICE_CONTROL_POLICY", Content=policy
    )
    organizations.attach_policy(PolicyId=answer["Policy"]["PolicySummary"]["Id"], TargetId=ACCOUNT)


def paste(printed: str, folder: Path) -> list[list[str]]:
    """Paste the commands that a waiting run prints into a shell; return the arguments of each call of `aws`."""
    [commands] = re.findall(r"^POLICY=.*?^  && echo [^\n]*\n", printed, flags=re.DOTALL | re.MULTILINE)
    tool = folder / "aws"
    tool.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(folder / 'calls')!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))\n"
        "print('p-quarantine' if 'create-policy' in sys.argv else '')\n"
    )
    tool.chmod(0o700)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    shell = subprocess.run(["bash"], input=commands, env=environment, capture_output=True, text=True, check=True)
    assert "The quarantine is attached: p-quarantine" in shell.stdout, shell.stderr
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def test_the_attacker_is_shut_out_and_everything_goes(
    sandbox: Box, make_workplace: Callable[..., Any], tmp_path: Path
) -> None:
    attacker = break_in(sandbox)
    place = make_workplace(operator_of(sandbox, "compromised_root_user"))
    since = len(sandbox.events())
    waiting = run(place, "compromised_root_user", "run", **GIVEN)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "aws organizations attach-policy" in waiting.stdout

    not_yet = resume(place, "run", "quarantined=done")
    assert not_yet.returncode == 5, not_yet.stdout + not_yet.stderr
    assert "The quarantine is not in force" in not_yet.stdout
    assert writes(sandbox, since) == []

    created, attached = paste(waiting.stdout, tmp_path)
    assert attached == ["organizations", "attach-policy", "--policy-id", "p-quarantine", "--target-id", ACCOUNT]
    attach(sandbox, created[created.index("--content") + 1])
    with pytest.raises(ClientError, match="AccessDenied"):
        attacker.create_access_key()
    with pytest.raises(ClientError, match="AccessDenied"):
        sandbox.client("organizations", "reports-administrator").leave_organization()

    wrong = resume(place, "run", TYPED, "contacts_compared=wrong", "hunted=found")
    assert wrong.returncode == 4, wrong.stdout + wrong.stderr
    assert "root_email" in wrong.stdout
    assert sandbox.snapshot()["root_users"][ACCOUNT] == NOTHING
    with pytest.raises(Refused):
        sandbox.act("reports", "reset_password")

    since = len(sandbox.events())
    through = resume(place, "run", "contacts_compared=not_known", "hunted=found")
    assert through.returncode == 0, through.stdout + through.stderr
    assert writes(sandbox, since) == []
    shown = cells(place.folder / "run/compromised_root_user.ipynb")
    assert "attacker" in shown["plan"]
    assert "Confirmed. The root user has no credentials." in shown["verify"]
    assert "ConsoleLogin" in shown["activity"]
    assert "SOMETHING WAS FOUND" in shown["hand-back"]
    report = (place.folder / "run/report.md").read_text().partition("Parameters")[0]
    for said in ("SOMETHING WAS FOUND in the hunt", "THE CONTACTS ARE NOT COMPARED"):
        assert said in through.stdout
        assert said in report
    evidence = json.loads((place.folder / "run/evidence.json").read_text())
    assert evidence["changed"]
    before = evidence["before"][ACCOUNT]
    assert (len(before["access_keys"]), len(before["mfa_devices"])) == (2, 2)
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
    assert "breakglass-quarantine" in blocked.stdout
    assert "aws:AssumedRoot" in blocked.stdout
    assert writes(sandbox, since) == []
