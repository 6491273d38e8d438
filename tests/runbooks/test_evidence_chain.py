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
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine.errors import Blocked, RunbookError
from breakglass_aws.engine.evidence import checkpoints, locks, manifest, reading, record
from breakglass_aws.engine.evidence.journal import FILE, Journal
from breakglass_aws.engine.notebooks.parameters import declared, target


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A folder of evidence, sealed."""
    for number in range(5):
        Journal(tmp_path).append("task", number=number, name="Zürich")
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups/policy.json").write_text("{}")
    (tmp_path / "backups/policy.json").chmod(0o600)
    (tmp_path / "kept").mkdir()
    manifest.seal(tmp_path)
    return tmp_path


def replaced(path: Path, kind: str) -> None:
    """Put a link to the same content, a FIFO or a folder where a file was."""
    moved = path.parent.parent / f"moved-{path.name}"
    path.rename(moved)
    {"link": lambda: path.symlink_to(moved), "fifo": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()


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
    "no entry": (lines(lambda all: [*all, "words\n"]), "is not an entry"),
    "entry is a list": (lines(lambda all: [*all, "[]\n"]), "line 6: is not an entry"),
    "deep entry": (lines(lambda all: [*all, "[" * 100_000 + "\n"]), "line 6: is not an entry"),
    "file changed": (lambda folder: (folder / "backups/policy.json").write_text("[]"), "policy.json: changed"),
    "file removed": (lambda folder: (folder / "backups/policy.json").unlink(), "policy.json: removed"),
    "file added": (lambda folder: (folder / "backups/more.json").write_text("[]"), "more.json: added"),
    "link added": (lambda folder: (folder / "link").symlink_to("/nowhere"), "link: added"),
    "manifest removed": (lambda folder: (folder / manifest.FILE).unlink(), "manifest.json is missing"),
    "manifest no JSON": (lambda folder: (folder / manifest.FILE).write_text("x"), "is not JSON"),
    "manifest deep": (lambda folder: (folder / manifest.FILE).write_text("[" * 100_000), "nested too deeply"),
    "manifest a list": (lambda folder: (folder / manifest.FILE).write_text("[]"), "is not a manifest"),
    "manifest without files": (lambda folder: (folder / manifest.FILE).write_text("{}"), "is not a manifest"),
    "manifest of numbers": (
        lambda folder: (folder / manifest.FILE).write_text('{"files": {"x": 1}}'),
        "is not a manifest",
    ),
    "manifest of a path from the root": (
        lambda folder: (folder / manifest.FILE).write_text('{"files": {"/dev/zero": "00"}}'),
        "is not a manifest",
    ),
    "manifest of a NUL": (
        lambda folder: (folder / manifest.FILE).write_text('{"files": {"a\\u0000b": "00"}}'),
        "is not a manifest",
    ),
    "manifest a link": (lambda folder: replaced(folder / manifest.FILE, "link"), "it is a symbolic link"),
    "manifest a FIFO": (lambda folder: replaced(folder / manifest.FILE, "fifo"), "it is a FIFO"),
    "manifest a folder": (lambda folder: replaced(folder / manifest.FILE, "folder"), "it is a folder"),
    "file is a link": (lambda folder: replaced(folder / "backups/policy.json", "link"), "replaced by a symbolic link"),
    "file is a FIFO": (lambda folder: replaced(folder / "backups/policy.json", "fifo"), "replaced by a FIFO"),
    "file is a folder": (lambda folder: replaced(folder / "backups/policy.json", "folder"), "replaced by a folder"),
    "FIFO added": (lambda folder: os.mkfifo(folder / "fifo"), "fifo: added"),
    "folder added": (lambda folder: (folder / "empty").mkdir(), "empty/: added"),
    "folder removed": (lambda folder: (folder / "kept").rmdir(), "kept/: removed"),
    "mode changed": (
        lambda folder: (folder / "backups/policy.json").chmod(0o666),
        "policy.json: its mode is 0666, and was 0600",
    ),
    "journal is a link": (lambda folder: replaced(folder / FILE, "link"), "replaced by a symbolic link"),
    "journal is a FIFO": (lambda folder: replaced(folder / FILE, "fifo"), "replaced by a FIFO"),
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
    with pytest.raises(RunbookError, match="none does not exist"):
        manifest.problems(tmp_path / "none")
    (tmp_path / "file").write_text("{}")
    with pytest.raises(RunbookError, match="file is not a folder"):
        manifest.problems(tmp_path / "file")


def test_a_folder_with_something_else_than_files_is_not_sealed(sealed: Path) -> None:
    os.mkfifo(sealed / "fifo")
    with pytest.raises(RunbookError, match="fifo is a FIFO"):
        manifest.seal(sealed)


def test_a_manifest_of_version_0_1_has_no_modes_and_no_folders(sealed: Path) -> None:
    content = json.loads((sealed / manifest.FILE).read_text())
    (sealed / manifest.FILE).write_text(json.dumps({name: content[name] for name in ("written", "files")}))
    (sealed / "kept").rmdir()
    (sealed / "backups/policy.json").chmod(0o644)
    assert manifest.problems(sealed) == []


STATES = {
    "not JSON": "x",
    "an object": "{}",
    "deep": "[" * 100_000,
    "numbers": "[1]",
    "of another version": '[{"kind": "tasks", "key": "x", "inputs": [], "later": 1}]',
    "without a key": '[{"kind": "tasks", "inputs": []}]',
    "of another kind": '[{"kind": "other", "key": "x", "inputs": []}]',
    "events that are none": '[{"kind": "tasks", "key": "x", "inputs": [], "events": [{}]}]',
    "results that are none": '[{"kind": "tasks", "key": "x", "inputs": [], "registered": []}]',
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_that_is_none_is_refused(case: str, tmp_path: Path) -> None:
    (tmp_path / checkpoints.FILE).write_text(STATES[case])
    with pytest.raises(RunbookError, match=r"state\.json"):
        checkpoints.State.load(tmp_path)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
@pytest.mark.parametrize("name", [checkpoints.FILE, record.FILE, FILE])
def test_what_is_no_file_is_not_read(name: str, kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).write_text("[]")
    replaced(folder / name, kind)
    read = {
        checkpoints.FILE: lambda: checkpoints.State.load(folder),
        record.FILE: lambda: record.Record.load(folder),
        FILE: lambda: Journal(folder).entries(),
    }
    with pytest.raises(RunbookError, match="it is a"):
        read[name]()
    if name == FILE:
        with pytest.raises(RunbookError, match="journal"):
            Journal(folder).append("event")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / checkpoints.FILE, "wb") as file:
        file.truncate(reading.LARGEST + 1)
    with pytest.raises(RunbookError, match="more than 256 MiB"):
        checkpoints.State.load(tmp_path)


EVIDENCE = {
    "not JSON": "x",
    "a list": "[]",
    "deep": "[" * 100_000,
    "empty": "{}",
    "other steps": {"steps": "x"},
    "other sessions": {"sessions": [1]},
    "no time": {"started": "yesterday"},
    "no zone": {"started": "2026-01-01T00:00:00"},
}


@pytest.mark.parametrize("case", EVIDENCE)
def test_evidence_that_is_none_is_refused(case: str, tmp_path: Path) -> None:
    written = record.Record("x", tmp_path, {})
    written.write()
    assert record.Record.load(tmp_path).run_id == written.run_id
    change = EVIDENCE[case]
    content = json.loads((tmp_path / record.FILE).read_text())
    (tmp_path / record.FILE).write_text(change if isinstance(change, str) else json.dumps(content | change))
    with pytest.raises(RunbookError, match=r"evidence\.json"):
        record.Record.load(tmp_path)


def test_a_long_journal_goes_on_at_its_last_line(tmp_path: Path) -> None:
    for size in (10, 200_000, 10):
        Journal(tmp_path).append("task", time="x", words="x" * size)
    assert [*Journal(tmp_path).problems()] == []
    with open(tmp_path / FILE, "ab") as file:
        file.write(b"t" * 100_000)
    Journal(tmp_path).append("after")
    assert [*Journal(tmp_path).problems()] == []
    assert Journal(tmp_path).entries()[-1]["torn_bytes_dropped"] == 100_000


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


A, B, C = "012345678901", "111122223333", "222233334444"
PARAMETERS = declared('account_id: str = None\nbucket: str = None\nmode: str = "repair"\n')


@pytest.fixture
def _locks_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.mark.usefixtures("_locks_here")
def test_the_second_run_on_a_target_is_told_of_the_first() -> None:
    values = {"account_id": "012345678901", "bucket": "one", "mode": "repair", "evidence_dir": "evidence/x"}
    first = locks.on_target("unlock", target(PARAMETERS, values), "evidence/x")
    with pytest.raises(
        Blocked,
        match=rf"bucket one in account {A} is .*in process {os.getpid()}, since 20.*evidence/x",
    ):
        locks.on_target("unlock", target(PARAMETERS, values | {"mode": "delete"}))
    locks.on_target("unlock", target(PARAMETERS, values | {"bucket": "two"})).release()
    locks.on_target("look", target(PARAMETERS, values)).release()
    first.release()
    locks.on_target("unlock", target(PARAMETERS, values)).release()


@pytest.mark.usefixtures("_locks_here")
@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ({"account_ids": [A, B]}, {"account_ids": [B, C]}, B),
        ({"account_ids": [A, B]}, {"account_id": A}, A),
        ({"account_ids": [A]}, {"account_ids": [B, C]}, None),
        ({"account_id": A}, {"account_id": B}, None),
        ({"account_ids": []}, {"account_ids": [C]}, C),
        ({"account_ids": [C]}, {"account_ids": []}, ""),
        ({"account_ids": []}, {"account_ids": []}, ""),
        ({"account_ids": [str(10**11 + number) for number in range(2000)]}, {"account_id": str(10**11 + 1999)}, ""),
        ({"account_id": A, "bucket": "x"}, {"account_id": A, "bucket": "y"}, None),
        ({"account_id": A, "queue": "x"}, {"account_id": A, "queue": "x"}, A),
    ],
)
def test_runs_on_overlapping_accounts_exclude_each_other(
    first: dict[str, Any], second: dict[str, Any], shared: str | None
) -> None:
    """Also when the lists are not the same; an empty list is all accounts."""
    code = (
        "import sys, json; from breakglass_aws.engine.evidence import locks;"
        "held = locks.on_target('remove', json.loads(sys.argv[1]), 'evidence/first');"
        "print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", code, json.dumps(first)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        if shared is None:
            locks.on_target("remove", second).release()
        else:
            place = f" in account {shared}" if shared else ""
            with pytest.raises(Blocked, match=rf"{place}.* is already running in process {other.pid}.*evidence/first"):
                locks.on_target("remove", second)
        other.communicate("\n")
    locks.on_target("remove", second).release()


@pytest.mark.usefixtures("_locks_here")
def test_the_lock_of_a_run_that_was_killed_stands_in_nobodys_way(tmp_path: Path) -> None:
    code = (
        "import os; from breakglass_aws.engine.evidence import locks; "
        f"held = locks.on_run(locks.Path({str(tmp_path)!r}))"
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
        "import os, subprocess; from breakglass_aws.engine.evidence import locks;"
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


def test_what_is_done_is_no_part_of_the_target() -> None:
    """An account is not closed while another run of the runbook removes it."""
    taken = declared('account_id: str = None\npurpose: str = None\nname: str = ""\n')
    assert target(taken, {"account_id": A, "purpose": "close", "name": "x"}) == {"account_id": A}


def test_a_run_that_only_plans_locks_nothing(notebook: Any, tmp_path: Path) -> None:
    assert [path for path in tmp_path.glob(".breakglass-locks-*/*") if "folder" in path.read_text()]
    held = locks.on_target("other", {"account_id": "012345678901"})
    assert "is already running" in notebook.failure("evidence_dir = ''\n%runbook other")
    notebook.cell("check_mode = True\n%runbook other")
    held.release()
