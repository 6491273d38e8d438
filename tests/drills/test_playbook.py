"""The playbook breakglass.aws.drill: its variables become the command's options, and it fails with the drill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.playbooks import run_playbook


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"scenario": "bucket-lokced"}, "There is no scenario 'bucket-lokced'. Did you mean bucket-locked"),
        (
            {"scenario": ["queue-locked", "mfa-lots"], "jobs": 2},
            "There is no scenario 'mfa-lots'. Did you mean mfa-lost",
        ),
        ({"runbook": "unlock"}, "There is no scenario for a runbook 'unlock'"),
        ({"scenario": "all", "organization": "none.yml"}, "There is no organization file none.yml"),
        ({"scenaro": "bucket-locked"}, "Did you mean scenario?"),
    ],
    ids=lambda given: json.dumps(given) if isinstance(given, dict) else "",
)
def test_what_is_wrong_is_said_and_nothing_is_written(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    variables = json.dumps({**given, "reports": str(tmp_path / "reports")})
    done = run_playbook("breakglass.aws.drill", "-e", variables, environment={}, directory=tmp_path)
    assert done.returncode == 2
    assert words in " ".join((done.stdout + done.stderr).split())
    assert not (tmp_path / "reports").exists()
