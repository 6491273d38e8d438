"""`breakglass audit`: a table for people, a document for programs, files that only their owner reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from breakglass_aws.cli import audit, main
from breakglass_aws.engine import history
from breakglass_aws.engine.posture import as_json, assess
from breakglass_aws.sandbox import Box

LEGACY, LAKE, PAYMENTS, VAULT = "444455556666", "012345678901", "333344445555", "777788889999"


ROOT = {
    "password": {"present": False, "created": None, "last_used": None},
    "access_keys": [],
    "signing_certificates": [],
    "mfa_devices": [],
}
PASSWORD = {"password": {"present": True, "created": None, "last_used": "2026-03-04T00:00:00Z"}}
KEY = {"id": "AKIA1", "status": "Active", "created": None, "last_used": {"date": "2026-02-01T00:00:00Z"}}


def account(name: str, outcome: str, reason: str = "", **found: Any) -> dict[str, Any]:
    root = ROOT | found if outcome in ("unchanged", "absent") else None
    return {"account_id": "0" * 12, "name": name, "outcome": outcome, "reason": reason, "root_credentials": root}


ACCOUNTS = [
    account("clean", "absent"),
    account("suspended", "skipped", "The account is SUSPENDED."),
    account("bare", "unchanged", **PASSWORD),
    account("vault", "unreachable", "A policy denies it.\x1b[2J"),
    account("guarded", "unchanged", mfa_devices=[{"serial": "GAHT1"}], **PASSWORD),
    account("keys", "unchanged", access_keys=[KEY]),
]


def table(width: int) -> str:
    for number, one in enumerate(ACCOUNTS):
        one["account_id"] = f"{number:012}"
    file = io.StringIO()
    listed = json.loads(as_json(assess([{"accounts": ACCOUNTS}])))["accounts"]
    audit._print(listed, Console(file=file, width=width, highlight=False))
    return file.getvalue()


def test_the_worst_accounts_come_first() -> None:
    lines = [line.split()[0] for line in table(120).splitlines() if line[:1].isalpha()]
    assert lines[1:] == ["bare", "keys", "guarded", "vault", "clean", "suspended"]


def test_what_a_root_user_has_is_said_in_words() -> None:
    printed = table(120)
    assert "password and no MFA device: last used 2026-03-04" in printed
    assert "Active access key: AKIA1, last used 2026-02-01" in printed
    assert "A policy denies it." in printed
    assert "The account is SUSPENDED." in printed
    assert "\x1b" not in printed
    assert printed.endswith("6 accounts: 2 critical, 1 high, 1 unknown, 1 clean, 1 skipped.\n")


def test_it_fits_a_narrow_terminal() -> None:
    assert max(map(len, table(60).splitlines())) <= 60


def test_nothing_is_read_that_nobody_has_confirmed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(["audit"]) == 2
    assert "there is no terminal to confirm at. Programs add --yes." in capsys.readouterr().err
    for typed in ("no\n", ""):
        person = io.StringIO(typed)
        monkeypatch.setattr(person, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", person)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        assert main.main(["audit", "--accounts", LEGACY]) == 2
        assert f"opens a read-only root session in {LEGACY}." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_list_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "roots.csv").write_text("mine")
    assert main.main(["audit", "--yes", "--csv", str(tmp_path / "roots.csv")]) == 2
    assert "exists, and is not overwritten. Name a new file." in capsys.readouterr().err
    assert main.main(["audit", "--yes", "--html", str(tmp_path / "none" / "x.html")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert (tmp_path / "roots.csv").read_text() == "mine"


def test_an_audit(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(sandbox.environment("operator"))
    chosen = ("--accounts", f"{LEGACY},{LAKE}", "--accounts", PAYMENTS)
    files = ("--csv", "roots.csv", "--html", "roots.html", "--ocsf", "roots.ocsf.json", "--evidence-dir", "INC-1")
    kept = ("--history", "history.db", "--since", "30d")
    done = place.run("breakglass_aws", "audit", *chosen, "--yes", "--json", *files, *kept)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    found = {one["account_id"]: one for one in document["accounts"]}
    assert set(found) == {LEGACY, LAKE, PAYMENTS}
    assert {one: found[one]["status"] for one in found} == {LEGACY: "critical", LAKE: "critical", PAYMENTS: "clean"}
    assert "active_access_key" in [finding["kind"] for finding in found[LEGACY]["findings"]]
    assert document["outcome"] == "unchanged"
    assert document["evidence_dir"] == str(place.folder / "INC-1")
    assert "Outcome: unchanged" in done.stderr
    with (place.folder / "roots.csv").open(newline="") as file:
        assert {row["account_id"] for row in csv.DictReader(file)} == set(found)
    assert "legacy-web" in (place.folder / "roots.html").read_text()
    for name in ("roots.csv", "roots.html", "INC-1/posture.json"):
        assert (place.folder / name).stat().st_mode & 0o077 == 0
    assert document["changes"] == []
    assert {event["class_uid"] for event in json.loads((place.folder / "roots.ocsf.json").read_text())} == {2003}
    [run] = history.runs(place.folder / "history.db")
    assert (run.kind, run.accounts) == ("audit", 3)
    assert history.reading.organization(place.folder / "history.db")["id"] == document["organization"]
    verified = place.run("breakglass_aws", "verify", "INC-1", "--manifest", document["manifest"])
    assert verified.returncode == 0, verified.stdout


def test_an_account_that_cannot_be_read_fails_it(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(sandbox.environment("operator"))
    done = place.run("breakglass_aws", "audit", "--accounts", VAULT, "--yes")
    assert done.returncode == 1
    assert "1 account: 1 unknown." in done.stdout
