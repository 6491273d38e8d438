"""The journal's chain, the manifest and the lock: what was altered is found, and two runs do not meet."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from breakglass_runbooks.errors import Blocked, RunbookError
from breakglass_runbooks.evidence import locks, manifest, record
from breakglass_runbooks.evidence.journal import FILE, Journal
from breakglass_runbooks.notebooks.parameters import declared, target
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A folder of evidence, sealed."""
    for number in range(5):
        Journal(tmp_path).append("task", number=number, name="Zürich")
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups/policy.json").write_text("{}")
    manifest.seal(tmp_path)
    return tmp_path


def lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    """A forger who does something to the lines of the journal."""

    def forge(folder: Path) -> None:
        journal = folder / FILE
        journal.write_text("".join(change(journal.read_text().splitlines(keepends=True))))

    return forge


FORGERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "entry changed": (lines(lambda all: [line.replace('"number": 2', '"number": 7') for line in all]), "line 4"),
    "entry removed": (lines(lambda all: all[:2] + all[3:]), "line 3"),
    "first removed": (lines(lambda all: all[1:]), "line 1"),
    "last removed": (lines(lambda all: all[:-1]), f"{FILE}: changed"),
    "entries swapped": (lines(lambda all: [all[0], all[2], all[1], *all[3:]]), "line 2"),
    "entry added": (lines(lambda all: [*all, all[-1]]), "line 6"),
    "no entry": (lines(lambda all: [*all, "words\n"]), "is no entry"),
    "file changed": (lambda folder: (folder / "backups/policy.json").write_text("[]"), "policy.json: changed"),
    "file removed": (lambda folder: (folder / "backups/policy.json").unlink(), "policy.json: removed"),
    "file added": (lambda folder: (folder / "backups/more.json").write_text("[]"), "more.json: added"),
    "link added": (lambda folder: (folder / "link").symlink_to("/nowhere"), "link: added"),
    "manifest removed": (lambda folder: (folder / manifest.FILE).unlink(), "manifest.json is missing"),
    "manifest no JSON": (lambda folder: (folder / manifest.FILE).write_text("x"), "is no manifest"),
}


@pytest.mark.parametrize("forger", FORGERS)
def test_whatever_was_altered_is_named(forger: str, sealed: Path) -> None:
    assert manifest.problems(sealed) == []
    forge, said = FORGERS[forger]
    forge(sealed)
    assert said in "\n".join(manifest.problems(sealed))


def test_a_new_manifest_over_altered_files_is_found_by_the_sum_that_was_kept_elsewhere(sealed: Path) -> None:
    kept = manifest.seal(sealed)
    assert manifest.problems(sealed, kept) == []
    (sealed / "backups/policy.json").write_text("[]")
    manifest.seal(sealed)
    assert manifest.problems(sealed) == []
    assert "manifest.json: changed" in manifest.problems(sealed, kept)[0]


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="There is no folder"):
        manifest.problems(tmp_path / "none")


@given(st.lists(st.dictionaries(st.text(), st.text()), min_size=1, max_size=5), st.binary(min_size=1, max_size=20))
def test_an_entry_that_was_torn_by_a_crash_is_dropped_and_the_chain_goes_on(
    tmp_path_factory: pytest.TempPathFactory, contents: list[dict[str, str]], torn: bytes
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    for content in contents:
        Journal(folder).append("task", content=content)
    with open(folder / FILE, "ab") as file:
        file.write(torn.replace(b"\n", b""))
    assert [*Journal(folder).problems()] == []
    assert [entry["content"] for entry in Journal(folder).entries()] == contents
    Journal(folder).append("after")
    assert [*Journal(folder).problems()] == []
    entries = Journal(folder).entries()
    assert [entry["content"] for entry in entries[:-1]] == contents
    assert ("torn_bytes_dropped" in entries[-1]) is bool(torn.replace(b"\n", b""))


def test_a_full_disk_stops_a_step_before_it_acts(
    notebook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    step = f"%%tasks\n- name: Act\n  ansible.builtin.file:\n    path: {tmp_path}/acted\n    state: touch\n"
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        assert "No space left on device" in notebook.failure(step)
        with pytest.raises(RunbookError, match=r"(?s)No space left.*Nothing is done that cannot be proved"):
            record.make_folder(str(tmp_path / "new"), "x")
    assert not (tmp_path / "acted").exists()
    notebook.cell(step)
    assert (tmp_path / "acted").exists()


def test_the_journal_says_who_did_what(notebook: Any) -> None:
    notebook.cell("%%tasks\n- name: Look\n  ansible.builtin.debug:\n")
    notebook.failure("%%tasks\n- name: Break\n  ansible.builtin.fail:\n    msg: No.\n")
    entries = Journal(Path(notebook["evidence_dir"])).entries()
    assert [entry["event"] for entry in entries] == ["started", "step", "task", "finished", "step", "task", "failed"]
    assert "@" in entries[0]["user"]
    assert (entries[2]["task"], entries[2]["module"], entries[2]["outcome"]) == ("Look", "ansible.builtin.debug", "ok")
    assert entries[4]["tasks"] == ["Break"]


PARAMETERS = declared('account_id: str = None\nbucket: str = None\nmode: str = "repair"\n')


@pytest.fixture
def _locks_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.mark.usefixtures("_locks_here")
def test_the_second_run_on_a_target_is_told_of_the_first() -> None:
    values = {"account_id": "012345678901", "bucket": "one", "mode": "repair", "evidence_dir": "evidence/x"}
    first = locks.on_target("unlock", target(PARAMETERS, values), "evidence/x")
    with pytest.raises(Blocked, match=rf"012345678901, bucket one.*in process {os.getpid()}, since 20.*evidence/x"):
        locks.on_target("unlock", target(PARAMETERS, values | {"mode": "delete"}))
    locks.on_target("unlock", target(PARAMETERS, values | {"bucket": "two"})).release()
    locks.on_target("look", target(PARAMETERS, values)).release()
    first.release()
    locks.on_target("unlock", target(PARAMETERS, values)).release()


@pytest.mark.usefixtures("_locks_here")
def test_the_lock_of_a_run_that_was_killed_stands_in_nobodys_way(tmp_path: Path) -> None:
    code = (
        f"import os; from breakglass_runbooks.evidence import locks; held = locks.on_run(locks.Path({str(tmp_path)!r}))"
    )
    killed = subprocess.run([sys.executable, "-c", f"{code}; os.kill(os.getpid(), 9)"], check=False)
    assert killed.returncode == -9
    [left] = [
        path for path in tmp_path.glob(".breakglass-locks-*/*") if json.loads(path.read_text())["pid"] != os.getpid()
    ]
    locks.on_run(tmp_path).release()
    assert json.loads(left.read_text())["pid"] == os.getpid()


@pytest.mark.usefixtures("_locks_here")
def test_the_lock_holds_until_the_tasks_of_a_killed_kernel_have_ended(tmp_path: Path) -> None:
    code = (
        "import os, subprocess; from breakglass_runbooks.evidence import locks;"
        f"held = locks.on_run(locks.Path({str(tmp_path)!r}));"
        "task = subprocess.Popen(['sleep', '60'], pass_fds=[*locks.HELD]); print(task.pid, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False, stdout=(tmp_path / "pid").open("w"))
    assert killed.returncode == -9
    task = int((tmp_path / "pid").read_text())
    with pytest.raises(Blocked, match="in process"):
        locks.on_run(tmp_path)
    os.kill(task, 9)
    for _ in range(100):
        with contextlib.suppress(Blocked):
            locks.on_run(tmp_path).release()
            return
        time.sleep(0.1)
    pytest.fail("still locked")


def test_a_run_that_only_plans_locks_nothing(notebook: Any, tmp_path: Path) -> None:
    assert [path for path in tmp_path.glob(".breakglass-locks-*/*") if "folder" in path.read_text()]
    held = locks.on_target("other", {"account_id": "012345678901"})
    assert "is already running" in notebook.failure("evidence_dir = ''\n%runbook other")
    notebook.cell("check_mode = True\n%runbook other")
    held.release()
