"""check_recovery_readiness: a verdict on each recovery in each account, and files, with the permissions it states."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from support.executed import cells, denials, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box

VAULT = "777788889999"
FILES = ("readiness.html", "readiness.csv", "readiness.json", "readiness.ocsf.json")


def test_every_recovery_is_judged_without_a_session(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "check_recovery_readiness"))
    before, since = sandbox.snapshot(), len(sandbox.events())
    done = run(place, "check_recovery_readiness", "done", own_domains="example.com")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (writes(sandbox, since), sandbox.snapshot(), denials(sandbox, since)) == ([], before, [])
    assert [one for one in sandbox.events()[since:] if one["operation"].startswith("Assume")] == []

    folder = place.folder / "done"
    assert all((folder / name).stat().st_mode & 0o777 == 0o600 for name in FILES)
    found = json.loads((folder / "readiness.json").read_text())
    assert found["summary"]["unlock_s3_bucket"]["fails"] == 2
    rows = list(csv.DictReader(io.StringIO((folder / "readiness.csv").read_text())))
    vault = [row for row in rows if row["account_id"] == VAULT and row["recovery"] == "unlock_s3_bucket"]
    assert {(row["verdict"], row["policy_name"]) for row in vault} == {("fails", "deny-root-user")}
    manifest = (folder / "manifest.json").read_text()
    assert all(name in manifest for name in FILES)

    shown = cells(folder / "check_recovery_readiness.ipynb")
    assert "deny-root-user" in shown["plan"]
    assert "does not trust AWS Account Management" in shown["verify"]
    assert "unlock_s3_bucket would fail in 2 of 12 accounts" in shown["hand-back"]


def test_sessions_show_what_else_there_is(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "check_recovery_readiness"))
    before, since = sandbox.snapshot(), len(sandbox.events())
    done = run(
        place,
        "check_recovery_readiness",
        "done",
        account_ids="444455556666,012345678901,999900001111",
        with_root_sessions="true",
        with_role_sessions="true",
        regions="eu-central-1",
        check_mode="false",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (writes(sandbox, since), sandbox.snapshot()) == ([], before)
    found = json.loads((place.folder / "done/readiness.json").read_text())
    codes = {entry["name"]: {finding["code"] for finding in entry["findings"]} for entry in found["accounts"]}
    assert {"root_access_key", "root_password", "root_signing_certificate"} <= codes["legacy-web"]
    assert {"locked_bucket", "locked_queue", "root_password_without_mfa"} <= codes["data-lake"]
    assert "access_role" in codes["lost-role"]
