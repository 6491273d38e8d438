"""The playbooks that unlock, run by name from a folder of the operator's."""

from __future__ import annotations

import json
from pathlib import Path

from playbooks import run_playbook
from sandbox import Box

BUCKET = "payments-ledger-333344445555"


def unlock(sandbox: Box, directory: Path, *arguments: str, **variables: str):
    return run_playbook(
        "breakglass.aws.unlock_bucket",
        *arguments,
        "-e",
        json.dumps(variables),
        environment=sandbox.environment("operator"),
        directory=directory,
    )


def test_a_bucket_is_planned_unlocked_and_locked_again(sandbox: Box, tmp_path: Path) -> None:
    locked = sandbox.snapshot()["bucket_policies"][BUCKET]
    planned = unlock(sandbox, tmp_path, "--check", account_id="333344445555", bucket=BUCKET)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "its policy would be repaired." in planned.stdout
    assert '-      "Sid": "LockedByMistake",' in planned.stdout
    assert sandbox.snapshot()["bucket_policies"][BUCKET] == locked

    done = unlock(sandbox, tmp_path, account_id="333344445555", bucket=BUCKET)
    assert "its policy was repaired." in done.stdout
    assert sandbox.snapshot()["bucket_policies"][BUCKET] != locked
    [backup] = (tmp_path / "backups").iterdir()
    assert str(backup) in done.stdout

    back = unlock(
        sandbox, tmp_path, account_id="333344445555", bucket=BUCKET, mode="restore", backup=f"backups/{backup.name}"
    )
    assert back.returncode == 0, back.stdout + back.stderr
    assert sandbox.snapshot()["bucket_policies"][BUCKET] == locked


def test_wrong_variables_are_refused_before_anything_is_asked(sandbox: Box, tmp_path: Path) -> None:
    refused = unlock(sandbox, tmp_path, bucket=BUCKET, mode="restor")
    assert refused.returncode == 2
    assert "missing required arguments: account_id" in refused.stdout
    assert "value of mode must be one of: repair, replace, delete, restore" in refused.stdout
    assert sandbox.events() == []
