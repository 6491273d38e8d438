"""The judge's reading of evidence: what is missing, altered, not sealed or not private is said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from breakglass_aws.drills.judge.evidence import read


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def lines(*entries: dict[str, object]) -> bytes:
    previous, written = "0" * 64, b""
    for entry in entries:
        line = json.dumps({"previous": previous, **entry}).encode()
        previous, written = digest(line), written + line + b"\n"
    return written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Evidence that is whole."""
    folder = tmp_path / "evidence"
    folder.mkdir(mode=0o700)
    call = {"operation": "AssumeRoot", "request_id": "r1"}
    (folder / "journal.jsonl").write_bytes(lines({"event": "started"}, {"event": "task", "calls": [call]}))
    (folder / "calls.jsonl").write_text(
        "".join(json.dumps({"id": "1", "event": event, **call}) + "\n" for event in ("intended", "done"))
    )
    (folder / "evidence.json").write_text(json.dumps({"outcome": "changed", "sessions": []}))
    backup = {"format": "breakglass.aws/policy-backup/1", "resource": "arn:aws:s3:::b", "policy": "{}"}
    (folder / "backup.json").write_text(json.dumps(backup))
    for path in folder.iterdir():
        path.chmod(0o600)
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    files = {path.name: digest(path.read_bytes()) for path in folder.iterdir() if path.name != "manifest.json"}
    (folder / "manifest.json").write_text(json.dumps({"files": files}))
    (folder / "manifest.json").chmod(0o600)


def test_whole_evidence_has_no_problems(folder: Path) -> None:
    found = read(folder)
    assert found.problems == []
    assert [call["request_id"] for call in found.reported] == ["r1"]
    assert [call["event"] for call in found.noted] == ["done"]
    assert [backup["policy"] for backup in found.backups] == ["{}"]


def without_a_line(folder: Path) -> None:
    path = folder / "journal.jsonl"
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    seal(folder)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "evidence.json").unlink(), "evidence.json is missing"),
        (lambda folder: (folder / "journal.jsonl").unlink(), "journal.jsonl cannot be read"),
        (without_a_line, "line 1: does not follow the line before"),
        (lambda folder: (folder / "evidence.json").write_text("{}"), "evidence.json: is not as it was sealed"),
        (lambda folder: (folder / "evidence.json").write_text("[]"), "evidence.json is not an object"),
        (lambda folder: (folder / "evidence.json").write_text("{"), "evidence.json cannot be read"),
        (lambda folder: (folder / "more.txt").touch(0o600), "more.txt: is not sealed"),
        (lambda folder: (folder / "backup.json").chmod(0o644), "others than its owner may read it"),
        (lambda folder: folder.chmod(0o755), "others than its owner may read it"),
    ],
)
def test_damage_is_said(folder: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(folder)
    assert any(words in problem for problem in read(folder).problems), read(folder).problems


def test_no_evidence_is_said(tmp_path: Path) -> None:
    found = read(tmp_path / "evidence")
    assert (found.exists, found.problems) == (False, ["There is no evidence folder."])
