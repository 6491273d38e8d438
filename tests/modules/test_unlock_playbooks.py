"""The playbooks that unlock, run by name from a folder of the operator's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

LEDGER, QUEUE = "payments-ledger-333344445555", "arn:aws:sqs:eu-central-1:012345678901:ingest-events"
# The playbook, the variables that name the resource, and where the sandbox's snapshot has its policy.
KINDS = {
    "bucket": ({"account_id": "333344445555", "bucket": LEDGER}, "bucket_policies", LEDGER),
    "queue": ({"account_id": "012345678901", "queue": QUEUE}, "queue_policies", QUEUE),
}


def unlock(sandbox: Box, directory: Path, kind: str, *arguments: str, **variables: str):
    return run_playbook(
        f"breakglass.aws.unlock_{kind}",
        *arguments,
        "-e",
        json.dumps(variables),
        environment=sandbox.environment("operator"),
        directory=directory,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_planned_unlocked_and_locked_again(sandbox: Box, tmp_path: Path, kind: str) -> None:
    resource, policies, key = KINDS[kind]
    locked = sandbox.snapshot()[policies][key]
    planned = unlock(sandbox, tmp_path, kind, "--check", **resource)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "its policy would be repaired." in planned.stdout
    assert "+++ after: policy of" in planned.stdout
    assert sandbox.snapshot()[policies][key] == locked

    done = unlock(sandbox, tmp_path, kind, **resource)
    assert "its policy was repaired." in done.stdout
    assert sandbox.snapshot()[policies][key] != locked
    [backup] = (tmp_path / "backups").iterdir()
    assert str(backup) in done.stdout

    back = unlock(sandbox, tmp_path, kind, mode="restore", backup=f"backups/{backup.name}", **resource)
    assert back.returncode == 0, back.stdout + back.stderr
    assert sandbox.snapshot()[policies][key] == locked


def test_wrong_variables_are_refused_before_anything_is_asked(sandbox: Box, tmp_path: Path) -> None:
    refused = unlock(sandbox, tmp_path, "bucket", bucket=LEDGER, mode="restor")
    assert refused.returncode == 2
    assert "missing required arguments: account_id" in refused.stdout
    assert "value of mode must be one of: repair, replace, delete, restore" in refused.stdout
    assert sandbox.events() == []
