"""`breakglass ready`: verdicts and reasons for people, a document for programs, and nothing opened unasked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from breakglass_aws.cli import main, reading_run, ready
from breakglass_aws.engine import history
from breakglass_aws.sandbox import Box

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SAMPLE = json.loads((Path(__file__).parents[1] / "fixtures/recovery_readiness.json").read_text())


def shown(width: int) -> str:
    file = io.StringIO()
    ready.show(SAMPLE, Console(file=file, width=width, highlight=False))
    return file.getvalue()


def test_one_policy_is_one_reason_for_all_its_recoveries() -> None:
    printed = [line for line in shown(500).splitlines() if line.startswith("would fail") and "deny-root-user" in line]
    assert [line.count("vault (") for line in printed] == [1, 1]  # as root session, and as root user who signs in


def test_it_fits_a_narrow_terminal() -> None:
    assert max(map(len, shown(70).splitlines())) <= 70


def test_no_session_is_opened_that_nobody_has_confirmed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(["ready", "--with-root-sessions"]) == 2
    assert "there is no terminal to confirm at. Programs add --yes." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["ready", "--own-domains", "example.com,root@example.com"], "--own-domains: 'root@example.com'. Expected dom"),
        (["ready", "--confirmed", "nonsense"], "--confirmed: 'nonsense'. Expected payment_method, phone_verification,"),
        (["ready", "--accounts", "123456789"], "--accounts: '123456789'. Expected a string of 12 digits"),
        (["ready", "--exclude", "example"], "--exclude: 'example'. Expected a string of 12 digits"),
        (["ready", "--accounts", "333344445555", "--organizational-units", "Workloads"], "--organizational-units"),
        (["ready", "--confirmed", SECRET], "its value looks like"),
        (["ready", "--own-domains", SECRET], "its value looks like"),
        (["ready", "--organizational-units", SECRET], "its value looks like"),
        (["audit", "--exclude", SECRET], "its value looks like"),
        (["audit", "--accounts", "12"], "--accounts: '12'. Expected a string of 12 digits"),
        (["audit", "--exclude", "example"], "--exclude: 'example'. Expected a string of 12 digits"),
        (["audit", "--accounts", "333344445555", "--organizational-units", "Workloads"], "--organizational-units"),
    ],
)
def test_wrong_input_is_refused_before_a_run_starts(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading_run, "run", lambda *_given: pytest.fail("A run was started."))
    assert main.main([*command, "--yes"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert SECRET not in error
    assert list(tmp_path.iterdir()) == []


def test_a_check(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(sandbox.environment("operator"))
    files = ("--csv", "ready.csv", "--html", "ready.html", "--evidence-dir", "check")
    kept = ("--history", "posture.db", "--since", "30d")
    done = place.run("breakglass_aws", "ready", "--accounts", "333344445555,777788889999", "--json", *files, *kept)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    verdicts = {one["name"]: one["recoveries"]["unlock_s3_bucket"]["verdict"] for one in document["accounts"]}
    assert verdicts == {"payments": "works", "vault": "fails"}
    assert document["organization"]["id"] == "o-breakglass1"
    for name in ("ready.csv", "ready.html", "check/readiness.json"):
        assert (place.folder / name).stat().st_mode & 0o077 == 0
    verified = place.run("breakglass_aws", "verify", "check", "--manifest", document["manifest"])
    assert verified.returncode == 0, verified.stdout

    assert document["changes"] == []
    [run] = history.runs(place.folder / "posture.db")
    assert (run.kind, run.accounts, run.with_root_sessions) == ("readiness", 2, False)
    assert 'id="changes"' in (place.folder / "ready.html").read_text()

    strict = place.run("breakglass_aws", "ready", "--accounts", "777788889999", "--must-be-ready")
    assert strict.returncode == 1
    assert "deny-root-user" in strict.stdout
