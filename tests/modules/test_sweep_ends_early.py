"""What every account of a sweep would meet ends it: what is left is not reached, and the journal has what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

pytestmark = pytest.mark.usefixtures("no_waiting")

MODULES = {"root_credentials_info": {}, "root_credentials": {"protected_accounts": ["777788889999"]}}


def sweep(box: Box, module: str, **options: Any) -> dict[str, Any]:
    given = {"all_accounts": True, "workers": 2, **MODULES[module], **options}
    return run(module, environment=box.environment("operator"), **given)


def sessions(box: Box) -> int:
    return sum(event["operation"] == "AssumeRoot" for event in box.events())


def left(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in result["accounts"] if entry["reason"].startswith("Not reached: ")]


@pytest.mark.parametrize("module", MODULES)
def test_credentials_that_expire_midway_end_it_and_the_journal_resumes_it(
    sandbox: Box, tmp_path: Path, module: str
) -> None:
    rule = {"operation": "AssumeRoot", "code": "ExpiredToken", "status": 403}
    sandbox.add_fault("refusal", skip=3, **rule)
    journal = str(tmp_path / "journal")
    result = sweep(sandbox, module, journal=journal)
    unreached = left(result)
    assert len(unreached) >= 2
    for entry in unreached:
        assert entry["outcome"] == "unreachable"
        assert "The credentials have expired" in entry["fix"]
        assert "With journal, a run resumes" in entry["fix"]
        assert entry["session"] is None
    assert sessions(sandbox) <= 3 + 2  # each worker may have had one more account in work
    assert result["failed"] is (module == "root_credentials")
    done = {
        entry["account_id"] for entry in result["accounts"] if entry["outcome"] in ("removed", "absent", "unchanged")
    }

    sandbox.clear_faults()
    before = sessions(sandbox)
    again = sweep(sandbox, module, journal=journal)
    assert not left(again)
    recalled = {entry["account_id"] for entry in again["accounts"] if entry["journal_time"]}
    assert done
    assert recalled == done
    assert sessions(sandbox) - before >= len(unreached)


@pytest.mark.parametrize("module", MODULES)
def test_a_quota_that_never_recovers_ends_it(sandbox: Box, module: str) -> None:
    sandbox.add_fault("throttling", operation="AssumeRoot")
    result = sweep(sandbox, module)
    worked_on = [entry for entry in result["accounts"] if entry["outcome"] != "skipped"]
    assert len(worked_on) >= 6
    assert {entry["outcome"] for entry in worked_on} <= {"unreachable", "failed"}
    assert all("Throttl" in entry["reason"] for entry in worked_on)
    assert left(result)
    assert sessions(sandbox) < 400


def test_an_account_that_alone_is_refused_does_not_end_it(sandbox: Box) -> None:
    sandbox.add_fault("refusal", operation="GetUser", account="444455556666", code="ExpiredToken", status=403)
    result = sweep(sandbox, "root_credentials_info")
    assert left(result) == []
    entry = next(entry for entry in result["accounts"] if entry["account_id"] == "444455556666")
    assert entry["outcome"] == "unreachable"
    assert result["summary"]["absent"] >= 2
