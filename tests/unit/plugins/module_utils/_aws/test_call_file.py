"""A call is written down before it is sent, and not sent when that is not possible."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction, _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._aws import call_file, call_log
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, perform
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from botocore.awsrequest import AWSResponse

SECRET = "s3cr3t/s3cr3t/s3cr3t/s3cr3t/s3cr3t/s3cr3"
KEY = "AKIAOLDOLDOLDOLDOLD1"


class Raw:
    """The body of an answer."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **unused: object) -> Any:
        yield self.content


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "calls.jsonl"
    path.touch(mode=0o600)
    monkeypatch.setenv(call_file.VARIABLE, str(path))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def iam(calls: call_log.Calls, send: Callable[[Any], Any]) -> Any:
    client = boto3.client("iam", aws_access_key_id="AKIA", aws_secret_access_key=SECRET)
    client.meta.events.register("before-send", lambda request, **unused: send(request))
    calls.watch(client, lambda: "AKIA")
    return client


def answer(status: int, text: str) -> AWSResponse:
    return AWSResponse("https://iam.amazonaws.com", status, {"Content-Type": "text/xml"}, Raw(text.encode()))


DONE = (
    "<DeleteAccessKeyResponse><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteAccessKeyResponse>"
)
DENIED = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


@pytest.mark.parametrize(("status", "text", "end"), [(200, DONE, "done"), (403, DENIED, "refused")])
def test_a_call_is_on_disk_before_it_is_sent_and_after_it_ended(path: Path, status: int, text: str, end: str) -> None:
    when_sent: list[dict[str, Any]] = []

    def send(request: Any) -> AWSResponse:
        when_sent.extend(lines(path))
        return answer(status, text)

    client = iam(call_log.Calls(), send)
    perform(lambda: client.delete_access_key(AccessKeyId=KEY), "deleting a key")
    assert [(line["event"], line["operation"], line["target"]) for line in when_sent] == [
        ("intended", "DeleteAccessKey", KEY)
    ]
    assert [(line["event"], line["status"]) for line in lines(path)] == [("intended", "intended"), ("ended", end)]
    assert len({line["id"] for line in lines(path)}) == 1


def test_reading_back_is_written_down(path: Path) -> None:
    entry = call_log.Call("iam", "DeleteAccessKey", "us-east-1", KEY, None, file=call_file.CallFile(str(path)))
    entry.intend()
    entry.status = call_log.UNKNOWN
    entry.note("ended")
    entry.settle(done=True)
    entry.settle(done=True)
    assert [(line["event"], line["status"]) for line in lines(path)] == [
        ("intended", "intended"),
        ("ended", "unknown"),
        ("settled", "done"),
    ]


def test_reads_are_not_written_down(path: Path) -> None:
    text = "<ListAccessKeysResponse><ListAccessKeysResult/></ListAccessKeysResponse>"
    iam(call_log.Calls(), lambda request: answer(200, text)).list_access_keys()
    assert lines(path) == []


@pytest.mark.parametrize("function", ["write", "fsync"])
def test_what_cannot_be_written_down_is_not_sent(path: Path, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    calls = call_log.Calls()
    client = iam(calls, lambda request: sent.append(request) or answer(200, DONE))

    def full(*unused: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(call_file.os, function, full)
    performed = perform(lambda: client.delete_access_key(AccessKeyId=KEY), "deleting a key")
    assert sent == []
    assert performed.status == REFUSED
    assert "iam:DeleteAccessKey was not sent" in str(performed.failure)
    assert "No space left on device" in str(performed.failure)
    assert [(call["status"], call["error"]) for call in calls.made] == [("refused", "NotSent")]
    assert calls.changed is False
    assert path.read_bytes() == b""


def test_an_end_that_cannot_be_written_does_not_hide_what_was_done(path: Path) -> None:
    def send(request: Any) -> AWSResponse:
        path.unlink()
        return answer(200, DONE)

    calls = call_log.Calls()
    performed = perform(lambda: iam(calls, send).delete_access_key(AccessKeyId=KEY), "deleting a key")
    assert performed.status == "done"
    assert [call["status"] for call in calls.made] == ["done"]


def test_a_process_without_its_starters_writes_no_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run has ended, and its files are sealed."""
    entry = call_log.Call("iam", "DeleteAccessKey", "us-east-1", None, None, file=call_file.CallFile(str(path)))
    entry.intend()
    monkeypatch.setattr(_started_by, "missing", lambda: "gone")
    entry.note("ended")
    assert [line["event"] for line in lines(path)] == ["intended"]


def test_no_secret_is_written(path: Path) -> None:
    _redaction.learn(SECRET)
    call_file.CallFile(str(path)).append({"id": "1", "target": f"x {SECRET}"})
    assert SECRET not in path.read_text()
    assert lines(path)[0]["target"].startswith("x ")


def test_a_torn_line_does_not_spoil_the_next_one(path: Path) -> None:
    path.write_text('{"id": "1", "ev')
    call_file.CallFile(str(path)).append({"id": "2"})
    assert path.read_text().splitlines() == ['{"id": "1", "ev', '{"id": "2"}']


def test_only_a_private_file_that_exists_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {name: path.with_name(name) for name in ("missing", "link", "pipe", "folder", "open")}
    others["link"].symlink_to(path)
    os.mkfifo(others["pipe"], 0o600)
    others["folder"].mkdir()
    others["open"].touch()
    others["open"].chmod(0o640)
    reasons = {
        "missing": "No such file",
        "link": "it is a symbolic link",
        "pipe": "is not a plain file",
        "folder": "cannot be opened",
        "open": "is open to others",
    }
    for name, reason in reasons.items():
        monkeypatch.setenv(call_file.VARIABLE, str(others[name]))
        with pytest.raises(BreakglassError, match=reason):
            call_log.Calls()
    monkeypatch.setenv(call_file.VARIABLE, "calls.jsonl")
    with pytest.raises(BreakglassError, match="Expected an absolute path"):
        call_log.Calls()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
