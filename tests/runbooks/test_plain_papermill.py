"""Every runbook plans with papermill's own engine. For real it needs ours, which reports a dead kernel as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from support.executed import writes

from breakglass_aws.engine import commands
from breakglass_aws.engine.notebooks.catalog import find, runbooks
from breakglass_aws.sandbox import Box

# What each needs, as papermill's -r keeps an account ID as it is; lists are given in YAML.
GIVEN: dict[str, dict[str, str]] = {
    "audit_root_credentials": {},
    "compromised_root_user": {"account_id": "555566667777"},
    "check_recovery_readiness": {"account_ids": '["444455556666"]'},
    "enable_root_access": {"canary_account_id": "333344445555"},
    "lost_access_role": {"account_id": "999900001111", "trust_stacksets": "true"},
    "lost_root_mfa": {"account_id": "444455556666"},
    "remove_account": {"account_id": "121212121212", "purpose": "close"},
    "remove_root_credentials": {"account_ids": '["444455556666"]'},
    "unlock_s3_bucket": {"account_id": "012345678901", "bucket": "data-lake-raw-012345678901"},
    "unlock_sqs_queue": {
        "account_id": "012345678901",
        "queue": "arn:aws:sqs:eu-central-1:012345678901:ingest-events",
    },
}


def test_no_runbook_is_forgotten() -> None:
    assert set(GIVEN) == {runbook.name for runbook in runbooks()}


def papermill(place: Any, name: str, *more: str) -> Any:
    given = []
    for parameter, value in GIVEN[name].items():
        given += ["-y", f"{parameter}: {value}"] if value.startswith("[") else ["-r", parameter, value]
    return place.run("papermill", str(find(name).path), "out.ipynb", *given, *more)


@pytest.mark.parametrize("name", GIVEN)
def test_it_plans(name: str, sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place, since = make_workplace(sandbox.environment("operator")), len(sandbox.events())
    planned = papermill(place, name)
    assert planned.returncode == 0, planned.stderr
    assert writes(sandbox, since) == []
    cells = [cell for cell in nbformat.read(place.folder / "out.ipynb", as_version=4).cells if cell.cell_type == "code"]
    assert {cell.metadata.papermill.status for cell in cells} == {"completed"}
    assert {path.name for path in place.folder.glob("evidence/*/*")} >= {"evidence.json", "report.md", "manifest.json"}


def test_for_real_it_refuses_papermills_own_engine(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    """Which marks all cells as completed when the kernel died."""
    place, since = make_workplace(sandbox.environment("operator")), len(sandbox.events())
    refused = papermill(place, "unlock_sqs_queue", "-p", "check_mode", "false")
    assert refused.returncode == 1
    assert "papermill --engine breakglass" in refused.stderr
    assert sandbox.events()[since:] == []


def test_for_real_our_engine_says_at_the_gate_what_it_needs(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place, since = make_workplace(sandbox.environment("operator")), len(sandbox.events())
    waiting = papermill(place, "unlock_sqs_queue", "-p", "check_mode", "false", "--engine", "breakglass")
    assert waiting.returncode == 1, waiting.stderr
    assert "waits for a person at the gate 'confirmed'" in waiting.stderr
    assert f"Open the notebook in JupyterLab, or run it with `{commands.program()} run`." in waiting.stderr
    assert "without encryption" not in waiting.stderr
    assert writes(sandbox, since) == []
    cells = nbformat.read(place.folder / "out.ipynb", as_version=4).cells
    states = [cell.metadata.papermill.status for cell in cells if cell.cell_type == "code"]
    assert states[states.index("waiting") + 1 :] == ["skipped"] * (len(states) - states.index("waiting") - 1)
