"""The playbook recovery_readiness: what would fail, files, and a failure where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

PAYMENTS, VAULT = "333344445555", "777788889999"


def test_it_shows_what_would_fail_and_fails_where_that_is_asked_for(sandbox: Box, tmp_path: Path) -> None:
    since = len(sandbox.events())
    given = {"account_ids": [PAYMENTS, VAULT], "report": "report", "must_be_ready": True}
    done = run_playbook(
        "breakglass.aws.recovery_readiness",
        "-e",
        json.dumps(given),
        environment=sandbox.environment("operator"),
        directory=tmp_path,
    )
    assert done.returncode == 2
    assert "unlock_s3_bucket: works in 1, would fail in 1, unknown in 0 accounts." in done.stdout
    assert "deny-root-user on OU Vault" in done.stdout
    assert "These recoveries would fail in some accounts: audit_root_credentials" in done.stdout
    for name in ("posture.html", "posture.csv", "posture.json"):
        assert (tmp_path / "report" / name).stat().st_mode & 0o077 == 0
    opened = [event for event in sandbox.events()[since:] if event["write"] or event["operation"].startswith("Assume")]
    assert opened == []
