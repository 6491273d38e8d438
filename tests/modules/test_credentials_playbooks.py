"""The playbooks audit, remove_root_credentials and password_recovery, run by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

LEGACY, PAYMENTS, REPORTS, VAULT = "444455556666", "333344445555", "555566667777", "777788889999"


@pytest.fixture
def play(sandbox: Box, tmp_path: Path):
    def run(name: str, *arguments: str, **variables: object) -> subprocess.CompletedProcess[str]:
        return run_playbook(
            f"breakglass.aws.{name}",
            *arguments,
            "-e",
            json.dumps(variables),
            environment=sandbox.environment("operator"),
            directory=tmp_path,
        )

    return run


def written(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def test_an_audit_tells_who_has_what_and_who_is_unknown(play, sandbox, tmp_path):
    told = play("audit", journal="audit.jsonl")
    assert told.returncode == 2
    assert "legacy-web (444455556666) has a password (last used " in told.stdout
    assert ", 2 MFA devices." in told.stdout
    assert "data-lake (012345678901) has a password (never used), no MFA devices." in told.stdout
    assert "Not read: vault (777788889999), unreachable." in told.stdout
    assert "Could not be read: vault." in told.stdout
    assert "Traceback" not in told.stdout + told.stderr
    assert written(sandbox) == []
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600

    told = play("audit", must_be_clean=True, journal="audit.jsonl")
    assert told.returncode == 2
    [failure] = [
        line for line in told.stdout.splitlines() if "Could not be read: vault." in line and "fatal" not in line
    ][:1]
    assert "There are root credentials in " in failure
    assert "legacy-web" in failure

    told = play("audit", account_ids=[LEGACY, PAYMENTS], must_be_clean=True, journal="audit.jsonl")
    assert "There are root credentials in legacy-web." in told.stdout
    assert "Without credentials: payments." in told.stdout
    assert play("audit", account_ids=[PAYMENTS], must_be_clean=True).returncode == 0


def test_a_removal_is_planned_and_done(play, sandbox):
    before = sandbox.snapshot()
    planned = play("remove_root_credentials", "--check", account_ids=[LEGACY, REPORTS])
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "Plan; nothing was changed." in planned.stdout
    assert "reports (555566667777): 2 of 3 would be removed." in planned.stdout
    assert "password: would be removed." in planned.stdout
    assert "is removed" not in planned.stdout
    assert "Used 3 days ago" in planned.stdout
    assert sandbox.snapshot() == before

    done = play("remove_root_credentials", account_ids=[LEGACY, PAYMENTS])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "legacy-web (444455556666): everything removed." in done.stdout
    assert "- password: removed." in done.stdout
    assert "Without credentials: payments." in done.stdout
    assert sandbox.snapshot()["root_users"][LEGACY]["password"] is False


def test_a_removal_that_is_not_done_everywhere_says_so_and_fails(play):
    done = play("remove_root_credentials", account_ids=[PAYMENTS, VAULT])
    assert done.returncode == 2
    assert "Not changed: vault (777788889999), unreachable." in done.stdout
    assert "1 of 2 accounts are not done." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_recovery_is_opened_with_what_comes_next_and_closed(play, sandbox):
    planned = play("password_recovery", "--check", account_id=PAYMENTS, state="open")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "Password recovery would be opened." in planned.stdout
    assert written(sandbox) == []

    opened = play("password_recovery", account_id=PAYMENTS, state="open")
    assert "payments (333344445555): Password recovery is open." in opened.stdout
    assert f"The mail is sent to {sandbox.look('payments')['email']}." in opened.stdout
    assert "1. Make sure that the mailbox" in opened.stdout
    assert sandbox.snapshot()["root_users"][PAYMENTS]["password"] is True

    assert "Password recovery is closed." in play("password_recovery", account_id=PAYMENTS, state="closed").stdout
    assert sandbox.snapshot()["root_users"][PAYMENTS]["password"] is False


@pytest.mark.parametrize(
    ("name", "variables", "said"),
    [
        ("audit", {"workers": "many"}, "workers"),
        ("remove_root_credentials", {"account_ids": [LEGACY], "kinds": ["keys"]}, "kinds"),
        ("remove_root_credentials", {}, "Name the accounts"),
        ("remove_root_credentials", {"account_ids": [LEGACY], "waves": ["ten"]}, "waves"),
        ("password_recovery", {"account_id": PAYMENTS}, "state"),
    ],
)
def test_wrong_variables_are_refused_before_anything_is_asked(play, sandbox, name, variables, said):
    refused = play(name, **variables)
    assert refused.returncode == 2
    assert said in refused.stdout
    assert "Without credentials" not in refused.stdout
    assert sandbox.events() == []


def test_an_audit_of_ous_reads_their_accounts_only(play, sandbox):
    told = play("audit", organizational_units=["Workloads/Legacy", "Workloads/Production"], exclude_accounts=[PAYMENTS])
    assert told.returncode == 0, told.stdout
    assert "legacy-web (444455556666) has a password" in told.stdout
    assert "Not read: payments (333344445555), skipped. The account is in exclude_accounts." in told.stdout
    opened = {event["resource"].split(":")[4] for event in sandbox.events() if event["operation"] == "AssumeRoot"}
    assert opened == {LEGACY, "012345678901"}
    misspelled = play("audit", "-e", "organizational_units=Workloads/Prodution")
    assert misspelled.returncode == 2
    assert "Did you mean Workloads/Production?" in misspelled.stdout


def test_a_removal_in_waves_lists_what_it_does_not_reach(play, sandbox):
    options = {"organizational_units": ["Workloads"], "recently_used_days": 0, "waves": [1, "50%"], "max_accounts": 1}
    told = play("remove_root_credentials", **options)
    assert told.returncode == 0, told.stdout
    assert "Not reached: " in told.stdout
    assert "limit of 1 changed accounts" in told.stdout
    changed = {event["account"] for event in sandbox.events() if event["write"] and event["service"] == "iam"}
    assert len(changed) == 1


def test_an_audit_writes_its_report(play, sandbox, tmp_path):
    told = play("audit", organizational_units=["Workloads", "Vault"], report="report")
    assert told.returncode == 2
    assert "Could not be read: vault." in told.stdout
    files = {path.name: path for path in (tmp_path / "report").iterdir()}
    assert set(files) == {"posture.html", "posture.csv", "posture.json"}
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
    found = {one["account_id"]: one for one in json.loads(files["posture.json"].read_text())["accounts"]}
    assert (found["012345678901"]["status"], found["012345678901"]["ou"]) == ("critical", "Root/Workloads/Production")
    assert found[VAULT]["status"] == "unknown"
    assert found[PAYMENTS]["status"] == "clean"
    page = files["posture.html"].read_text()
    assert "Root user with a password and no MFA device" in page
    assert '<span class="name">Legacy</span>' in page
