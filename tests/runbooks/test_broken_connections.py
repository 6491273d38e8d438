"""A connection that breaks off in a runbook: its status, its evidence and its terminal say what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.executed import run, writes

from breakglass_aws.sandbox import Box

LEGACY = "444455556666"


@pytest.fixture
def place(sandbox: Box, make_workplace: Callable[..., Any]) -> Any:
    return make_workplace(sandbox.environment("operator") | {"AWS_MAX_ATTEMPTS": "1"})


def evidence(place: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((place.folder / "run/evidence.json").read_text())
    return content


def test_what_was_removed_before_the_connection_broke_is_reported(sandbox: Box, place: Any) -> None:
    sandbox.add_fault("reset", operation="DeleteLoginProfile")
    ended = run(
        place,
        "remove_root_credentials",
        "run",
        answers=(f"confirmed={LEGACY}",),
        account_ids=LEGACY,
        check_mode="false",
    )
    removed = writes(sandbox)
    assert "iam:DeleteAccessKey" in removed, ended.stdout + ended.stderr
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "Outcome: partial" in ended.stdout
    assert "Nothing was changed" not in ended.stdout
    assert evidence(place)["changed"] is True
