"""Notifications arrive where Apprise's configuration says, and a run goes on when they do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.executed import run

from breakglass_aws.cli import notify, runs
from breakglass_aws.engine.launcher.run_result import RunInterrupted, RunResult
from breakglass_aws.engine.notebooks.catalog import find
from breakglass_aws.engine.notify import messages
from breakglass_aws.sandbox import Box

PAYMENTS = "333344445555"
GIVEN = {"account_id": PAYMENTS, "bucket": f"payments-ledger-{PAYMENTS}", "check_mode": "false"}


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server that Apprise can post to, and what it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *unused: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"json://127.0.0.1:{server.server_port}/", got
        server.shutdown()
        thread.join()


def test_a_run_that_waits_says_where_and_how_to_answer(
    sandbox: Box, make_workplace: Callable[..., Any], tmp_path: Path, inbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = inbox
    (tmp_path / "apprise.yml").write_text(
        f"urls:\n  - {address}:\n      - tag: waiting\n  - {address}?a=b:\n      - tag: unready\n"
    )
    environment = sandbox.environment("operator") | {"BREAKGLASS_NOTIFY": str(tmp_path / "apprise.yml")}
    place = make_workplace(environment)
    waiting = run(place, "unlock_s3_bucket", "run", **GIVEN)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    [message] = got
    assert "gate confirmed" in message["title"]
    assert PAYMENTS in message["message"]
    assert "resume" in message["message"]
    secrets = [value for name, value in environment.items() if "SECRET" in name or "TOKEN" in name]
    assert not any(secret in json.dumps(got) for secret in secrets)


def test_a_run_goes_on_when_nothing_can_be_sent(
    sandbox: Box, make_workplace: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "apprise.yml").write_text("urls:\n  - json://127.0.0.1:9/\n")
    environment = sandbox.environment("operator") | {"BREAKGLASS_NOTIFY": str(tmp_path / "apprise.yml")}
    waiting = run(make_workplace(environment), "unlock_s3_bucket", "run", **GIVEN)
    assert waiting.returncode == 3
    assert "The notification waiting did not reach JSON" in waiting.stderr
    assert "Outcome: waiting" in waiting.stdout


def test_a_file_that_others_can_read_is_used_with_a_warning(
    tmp_path: Path, inbox: tuple[str, list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    address, got = inbox
    file = tmp_path / "apprise.txt"
    file.write_text(f"{address}TOKEN-OF-THE-USER\n")
    message = messages.Message("waiting", "title", "text")
    file.chmod(0o640)
    assert not notify._sent([message, message], file)
    assert capsys.readouterr().err == (
        f"{file} has mode 0640: others can use it, and its addresses hold credentials. Restrict it: chmod 600 {file}\n"
    )
    file.chmod(0o600)
    assert not notify._sent([message], file)
    assert capsys.readouterr().err == ""
    assert len(got) == 3


def test_what_is_overdue_is_sent_from_standard_input(
    make_workplace: Callable[..., Any], tmp_path: Path, inbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = inbox
    (tmp_path / "apprise.txt").write_text(f"{address}\n")
    item = {"name": "bucket-locked", "state": "never", "overdue": True, "due": None}
    (tmp_path / "due.json").write_text(json.dumps({"items": [item]}))
    place = make_workplace({})
    words = ("notify", "drill_overdue", "--data", str(tmp_path / "due.json"))
    sent = place.run("breakglass_aws", *words, "--notify", str(tmp_path / "apprise.txt"))
    assert sent.returncode == 0, sent.stderr
    assert "bucket-locked: never" in got[0]["message"]
    missing = place.run("breakglass_aws", *words)
    assert missing.returncode == 2
    assert "BREAKGLASS_NOTIFY" in missing.stderr
    item["overdue"] = False
    (tmp_path / "due.json").write_text(json.dumps({"items": [item]}))
    nothing = place.run("breakglass_aws", *words, "--notify", str(tmp_path / "apprise.txt"))
    assert (nothing.returncode, nothing.stdout.strip(), len(got)) == (0, "Nothing to report.", 1)


def test_an_interrupted_run_that_left_recovery_open_notifies_and_is_not_delayed(
    tmp_path: Path, inbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = inbox
    (tmp_path / "apprise.txt").write_text(f"{address}\n")
    result = RunResult("lost_root_mfa", tmp_path / "run.ipynb", tmp_path / "run.html", tmp_path)

    def start(unused: object) -> RunResult:
        raise RunInterrupted(result)

    def interrupt() -> None:
        with pytest.raises(RunInterrupted, match="Interrupted"):
            runs.report(find("lost_root_mfa"), {}, start, None, False, tmp_path / "apprise.txt")

    interrupt()
    assert notify._SENDING == []
    result.recovery_open_in = [PAYMENTS]
    interrupt()
    [sending] = notify._SENDING
    assert got == []  # nothing was waited for
    assert sending.wait(60) == 0
    [message] = got
    assert PAYMENTS in message["message"]
    assert f"resume {tmp_path}" in message["message"]
    notify._SENDING.clear()
