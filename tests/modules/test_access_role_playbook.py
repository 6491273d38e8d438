"""The playbook access_role, run by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box


@pytest.fixture
def play(sandbox: Box, tmp_path: Path):
    def run(*arguments: str, identity: str = "operator", **variables: object) -> subprocess.CompletedProcess[str]:
        return run_playbook(
            "breakglass.aws.access_role",
            *arguments,
            "-e",
            json.dumps(variables),
            environment=sandbox.environment(identity),
            directory=tmp_path,
        )

    return run


def test_it_plans_brings_back_and_is_done_only_once(play, sandbox):
    before = sandbox.snapshot()
    planned = play("--check", "-e", "account_ids=999900001111", activate_trusted_access=True)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "Plan; nothing was changed." in planned.stdout
    assert "lost-role (999900001111) would be restored with stackset." in planned.stdout
    assert not [event for event in sandbox.events() if event["write"]]
    assert sandbox.snapshot() == before
    done = play("-e", "account_ids=999900001111", activate_trusted_access=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost-role (999900001111) was restored with stackset." in done.stdout
    assert "DEPRECATION" not in done.stdout + done.stderr
    again = play("-e", "account_ids=999900001111")
    assert "changed=0" in again.stdout
    assert "Access works already: lost-role." in again.stdout


def test_a_limited_run_continues_from_its_journal(play, tmp_path):
    both = {"account_ids": ["999900001111", "888899990000"], "activate_trusted_access": True, "journal": "roles.jsonl"}
    first = play(**both, max_accounts=1)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Not reached: " in first.stdout
    assert (tmp_path / "roles.jsonl").exists()
    second = play(**both, waves=["1", "10%"], workers=2)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "restored with stackset by an earlier run." in second.stdout
    assert second.stdout.count("was restored with stackset.") == 1


def test_what_is_not_open_fails_with_what_is_left(play):
    failed = play(account_ids=["999900001111"])
    assert failed.returncode == 2
    assert "only the root user is left" in failed.stdout
    assert "activate_trusted_access=true" in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "Name the accounts"),
        ({"account_ids": ["999900001111"], "all_accounts": True}, "Name the accounts"),
        ({"account_ids": ["999900001111"], "method": "root"}, "method"),
        ({"account_ids": ["999900001111"], "identity_center": {"user_name": "on-call"}}, "permission_set"),
        ({"account_ids": ["lost-role"]}, "12 digits"),
    ],
)
def test_wrong_variables_are_refused_in_words(play, sandbox, variables, said):
    refused = play(**variables)
    assert refused.returncode == 2
    assert said in refused.stdout + refused.stderr
    assert not [event for event in sandbox.events() if event["write"]]


def test_who_may_not_is_told_who_must(play):
    assert "Only the management account" in play(account_ids=["999900001111"], identity="delegate").stdout
