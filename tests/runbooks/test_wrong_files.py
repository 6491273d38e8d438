"""Files of a run that were edited, truncated or replaced: a sentence and a status, no traceback, no action."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from breakglass_aws.cli.main import main
from breakglass_aws.engine.evidence import manifest, reading

FIXTURES = Path(__file__).parents[1] / "fixtures" / "first_format"


def replaced(path: Path, kind: str) -> None:
    """Put a link to the same content, a FIFO or a folder where a file was."""
    moved = path.parent.parent / f"moved-{path.name}"
    path.rename(moved)
    {"link": lambda: path.symlink_to(moved), "fifo": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()


def grown(path: Path) -> None:
    with open(path, "ab") as file:
        file.truncate(reading.LARGEST + 1)


def of_another_version(path: Path) -> None:
    """A newer version may write keys that this one does not know."""
    first = path.read_text().splitlines()[0]
    text = first if path.suffix == ".jsonl" else path.read_text()
    content = json.loads(text)
    entries = content if isinstance(content, list) else [content]
    for entry in entries:
        entry["of_version_9"] = {"kind": "later"}
        if "files" in entry:
            entry["files"] = {name: {"sha256": value} for name, value in entry["files"].items()}
        entry.pop("parameters", entry.pop("event", entry.pop("key", None)))
    path.write_text(json.dumps(content) + "\n")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00" * 100),
    "deep": lambda path: path.write_text("[" * 200_000),
    "deep objects": lambda path: path.write_text('{"a":' * 200_000 + "\n"),
    "numbers": lambda path: path.write_text("[1, 2, 3]\n"),
    "null": lambda path: path.write_text("null\n"),
    "a long number": lambda path: path.write_text("9" * 10_000 + "\n"),
    "of another version": of_another_version,
    "huge": grown,
    "a link": lambda path: replaced(path, "link"),
    "a FIFO": lambda path: replaced(path, "fifo"),
    "a folder": lambda path: replaced(path, "folder"),
}
NAMES = ["journal.jsonl", "state.json", "evidence.json", "request.json", "run.json", "manifest.json", "cloudtrail.json"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that waits for an approval, as version 0.1 left it, with a notebook that would act."""
    folder = tmp_path / "approval"
    shutil.copytree(FIXTURES / "approval", folder)
    shutil.copy(FIXTURES / "approval.ipynb", tmp_path)
    shutil.copy(FIXTURES / "finished/cloudtrail.json", folder)
    shutil.copy(FIXTURES / "signers", tmp_path)
    text = (folder / "run.json").read_text().replace("/home/alice/work", str(tmp_path))
    (folder / "run.json").write_text(text)
    manifest.seal(folder)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("damage", ["truncated", "of another version", "huge"])  # others: test_malformed_input.py
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_ends_each_command_with_a_sentence(
    name: str, damage: str, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("breakglass_aws.engine.launcher.launch.execute", lambda *_, **__: pytest.fail("it was resumed"))
    monkeypatch.setattr("breakglass_aws.engine.launcher.cloudtrail_join.run_tasks", lambda *_: pytest.fail("it acted"))
    DAMAGE[damage](run / name)
    for command in ("verify", "resume", "trail", "sign"):
        more = ["--key", "none"] if command == "sign" else []
        status = main([command, str(run), *more])
        said = capsys.readouterr()
        assert status == (1 if command == "verify" else 2), said
        assert name in said.out + said.err
    assert main(["approve", str(run)]) == (2 if name == "request.json" else 0)


def test_a_manifest_that_names_a_file_twice_is_not_consistent(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Readers of JSON differ in which of two equal names they take."""
    path = run / manifest.FILE
    path.write_text(path.read_text().replace('"files": {', '"files": {"run.json": "' + "0" * 64 + '", ', 1))
    assert main(["verify", str(run)]) == 1
    assert "'run.json' is in it twice" in capsys.readouterr().out


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["journal.jsonl", "state.json", "run.json", "evidence.json"])
def test_without_a_manifest_a_damaged_file_is_not_resumed(
    name: str, damage: str, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a run that was killed leaves its folder: nothing has sealed it."""
    monkeypatch.setattr("breakglass_aws.engine.launcher.launch.execute", lambda *_, **__: pytest.fail("it was resumed"))
    (run / manifest.FILE).unlink()
    DAMAGE[damage](run / name)
    if (name, damage) == ("journal.jsonl", "truncated"):
        return  # what a crash leaves: the last line is torn, and never was an entry
    assert main(["resume", str(run)]) == 2
    assert name in capsys.readouterr().err
