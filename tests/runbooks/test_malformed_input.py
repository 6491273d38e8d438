"""Arguments and files of a run that are not what they should be: a sentence and a documented status, no traceback."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from breakglass_aws.cli.main import main
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.launcher import run_file
from breakglass_aws.engine.notebooks.catalog import Runbook

FILES = Path(__file__).parents[1] / "fixtures" / "first_format"
DEEP = "[" * 100_000
COMMANDS = {
    "resume": ["resume", "{}"],
    "approve": ["approve", "{}"],
    "trail": ["trail", "{}"],
    "sign": ["sign", "{}", "--key", "nokey"],
    "verify": ["verify", "{}"],
}
# What may stand in place of a folder or a file, made at a path.
KINDS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "file": lambda path: path.write_text("x"),
    "fifo": lambda path: os.mkfifo(path),
    "folder": lambda path: path.mkdir(),
    "link to itself": lambda path: path.symlink_to(path),
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
    "broken link": lambda path: path.symlink_to(path.with_name("gone")),
}
# What a file of a run may hold.
CONTENTS = {
    "empty": b"",
    "text": b"x",
    "bytes": b"\xff\xfe\x00",
    "list": b"[]",
    "number": b"1",
    "null": b"null",
    "object": b"{}",
    "twice": b'{"files": {}, "runbook": 1, "files": {}}',
    "strange object": b'{"runbook": 1, "sha256": [], "parameters": "x", "notebook": null, "part": "y", "files": 3}',
    "deep": DEEP.encode(),
    "deep list": (DEEP + "]" * 100_000).encode(),
}
RUN_FILES = ("run.json", "state.json", "journal.jsonl", "manifest.json", "evidence.json", "request.json")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its status and everything that it prints."""
    status = main([*arguments])
    printed = capsys.readouterr()
    output = printed.out + printed.err
    assert "Traceback" not in output
    assert "Unexpected error" not in output
    return status, output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_folder_of_a_run_is_refused(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KINDS[kind](tmp_path / "run")
    status, output = run(capsys, *(word.format(tmp_path / "run") for word in COMMANDS[command]))
    assert status in (1, 2) if command == "verify" else status == 2
    assert str(tmp_path / "run") in output or "manifest.json" in output


def test_an_unknown_user_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS.values():
        status, output = run(capsys, *(word.format("~no-such-user-4711/run") for word in command))
        assert status == 2
        assert "no-such-user-4711" in output


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_file_with_other_content_is_refused(
    name: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(FILES / "approval", folder)
    (folder / name).write_bytes(CONTENTS[content])
    check_refusals(name, folder, capsys)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("nothing", "file")])
@pytest.mark.parametrize("name", RUN_FILES)
def test_what_is_no_regular_file_is_refused(
    name: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(FILES / "approval", folder)
    (folder / name).unlink()
    KINDS[kind](folder / name)
    check_refusals(name, folder, capsys)


def check_refusals(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is done with such a folder: it is not resumed, not signed, and not joined with CloudTrail's events."""
    notebook = folder.parent / "approval.ipynb"
    shutil.copy(FILES / "approval.ipynb", notebook)
    if name != "run.json":
        text = (folder / "run.json").read_text().replace("/home/alice/work", str(folder.parent))
        (folder / "run.json").write_text(text)
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    for command, words in COMMANDS.items():
        status, _ = run(capsys, *(word.format(folder) for word in words))
        # approve reads the request only, and without a key shows it; verify has a status of its own.
        expected = {"approve": (0, 2) if name != "request.json" else (2,), "verify": (1, 2)}.get(command, (2,))
        assert status in expected, command
    assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_parameter_that_is_given_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a reader of the file sees check_mode, and the run takes the other one."""
    (tmp_path / "given.json").write_text('{"check_mode": true, "account_id": "333344445555", "check_mode": false}')
    status, output = run(capsys, "run", "unlock_s3_bucket", "--parameters-file", str(tmp_path / "given.json"))
    assert status == 2
    assert "'check_mode' is in it twice" in output


@pytest.mark.parametrize("content", [name for name in CONTENTS if name != "object"])
@pytest.mark.parametrize("option", ["--parameters-file", "--answers-file"])
def test_a_file_of_parameters_or_answers_is_one_json_object(
    option: str, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given.json").write_bytes(CONTENTS[content])
    status, output = run(capsys, "run", "unlock_s3_bucket", option, str(tmp_path / "given.json"))
    assert status == 2
    assert "given.json" in output or "parameter" in output or "gate" in output


NOTEBOOKS = {**CONTENTS, "no cells": b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'}


@pytest.mark.parametrize("content", NOTEBOOKS)
def test_what_is_no_notebook_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.ipynb").write_bytes(NOTEBOOKS[content])
    for command in ("run", "describe"):
        status, output = run(capsys, command, str(tmp_path / "x.ipynb"))
        assert status == 2
        assert "x.ipynb" in output


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([], "0 cells tagged 'parameters'"),
        (["a: int = 1", "b: int = 1"], "2 cells tagged 'parameters'"),
        (["a: int = 012"], "parameters cell"),
        (["a: int = f()"], "parameters cell"),
    ],
)
def test_a_notebook_has_one_cell_of_valid_parameters(
    cells: list[str], said: str, tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    path = write_notebook(tmp_path / "x.ipynb", *cells)
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        cell["metadata"]["tags"] = ["parameters"] if cell["cell_type"] == "code" else []
    path.write_text(json.dumps(content))
    with pytest.raises(RunbookError, match=said):
        Runbook(path).parameters  # noqa: B018 - reads them


def test_the_list_of_runbooks_is_offered_as_it_works_there(
    tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BREAKGLASS_PROGRAM", "PYTHONPATH=/x/src python -m breakglass_aws")
    with pytest.raises(RunbookError, match="`PYTHONPATH=/x/src python -m breakglass_aws list` prints the runbooks"):
        Runbook(write_notebook(tmp_path / "x.ipynb")).parameters  # noqa: B018 - reads them


def test_the_nearest_runbook_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    status, output = run(capsys, "describe", "unlock_s3_buckets")
    assert status == 2
    assert "Did you mean unlock_s3_bucket?" in output


@pytest.mark.parametrize("timeout", ["0", "-1", "x", "1.5"])
def test_a_timeout_is_a_positive_number(timeout: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "unlock_s3_bucket", f"--timeout={timeout}"]) == 2
    assert "Expected a number of seconds" in capsys.readouterr().err


def test_an_error_of_our_own_is_called_a_defect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(run_file.Run, "load", lambda folder: 1 / 0)
    assert main(["resume", str(tmp_path)]) == 70
    printed = capsys.readouterr().err
    assert "Unexpected error: ZeroDivisionError: division by zero\nThis is a defect of breakglass.aws." in printed
