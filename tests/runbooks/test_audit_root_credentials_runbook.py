"""audit_root_credentials: a list of all accounts that never takes an account for clean which nobody looked into."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.executed import cells, denials, run, writes
from support.least_privilege import operator_of

from breakglass_aws.engine.display.credentials_csv import COLUMNS, FILE, as_csv, write_list
from breakglass_aws.sandbox import Box

LEGACY, DATA_LAKE, VAULT = "444455556666", "012345678901", "777788889999"


def test_every_account_is_listed_and_nothing_changed(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "audit_root_credentials"))
    before, since = sandbox.snapshot(), len(sandbox.events())
    done = run(place, "audit_root_credentials", "done", check_mode="false")
    assert done.returncode == 1  # one account could not be reached, and that is no success
    assert f"vault ({VAULT}): unreachable." in done.stdout
    assert (writes(sandbox, since), sandbox.snapshot(), denials(sandbox, since)) == ([], before, [])

    file = place.folder / "done" / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    rows = {row["account_id"]: row for row in csv.DictReader(io.StringIO(file.read_text()))}
    assert len(rows) == 13
    assert (rows[VAULT]["outcome"], rows[VAULT]["password"]) == ("unreachable", "")
    assert rows[DATA_LAKE]["password"] == "yes"
    assert [rows[LEGACY][name] for name in ("access_keys", "signing_certificates", "mfa_devices")] == ["2", "1", "2"]

    page = (place.folder / "done/posture.html").read_text()
    assert f"<code>{DATA_LAKE}</code><small>Root/Workloads/Production</small>" in page
    found = json.loads((place.folder / "done/posture.json").read_text())
    assert {account["account_id"]: account["status"] for account in found["accounts"]}[VAULT] == "unknown"

    shown = cells(place.folder / "done/audit_root_credentials.ipynb")
    assert "The list is NOT complete" in shown["verify"]
    assert f"data-lake ({DATA_LAKE}): a password and no MFA device" in shown["hand-back"]
    manifest = (place.folder / "done/manifest.json").read_text()
    assert all(name in manifest for name in (FILE, "posture.html", "posture.json"))
    evidence = json.loads((place.folder / "done/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("unreachable", False)


def test_planning_opens_no_root_session(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(sandbox.environment("operator"))
    planned = run(place, "audit_root_credentials", "planned", account_ids=LEGACY)
    assert planned.returncode == 0, planned.stdout
    assert [event for event in sandbox.events() if event["operation"] == "AssumeRoot"] == []
    assert not (place.folder / "planned" / FILE).exists()


ROOT = {
    "password": {"present": True, "created": "2026-01-01T00:00:00Z", "last_used": None},
    "access_keys": [
        {"id": "AKIA1", "status": "Active", "created": None, "last_used": None},
        {"id": "AKIA2", "status": "Inactive", "created": None, "last_used": {"date": "2026-02-01T00:00:00Z"}},
    ],
    "signing_certificates": [],
    "mfa_devices": [{"serial": "GAHT1", "enabled": None}],
}


def rows(*accounts: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(accounts))))


def test_a_line_says_what_there_is() -> None:
    [row] = rows({"account_id": DATA_LAKE, "name": "lake, raw", "outcome": "unchanged", "root_credentials": ROOT})
    assert list(row) == list(COLUMNS)
    assert (row["account_id"], row["name"], row["outcome"]) == (DATA_LAKE, "lake, raw", "present")
    assert (row["access_keys"], row["access_keys_active"]) == ("2", "1")
    assert row["access_keys_last_used"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_an_accounts_name_is_no_formula(name: str) -> None:
    [row] = rows({"account_id": DATA_LAKE, "name": name, "outcome": "skipped"})
    assert row["name"] == f"'{name}"


def test_who_has_not_looked_writes_no_list(tmp_path: Path) -> None:
    assert "No list was written" in str(write_list({"skipped": True}, str(tmp_path)))
    assert list(tmp_path.iterdir()) == []
