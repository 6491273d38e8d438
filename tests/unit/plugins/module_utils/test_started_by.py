"""A process knows whether those that started it are still running."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _started_by


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_process_is_running_until_it_has_ended(child):
    name = _started_by.identify(child.pid)
    assert _started_by.is_running(name)
    child.kill()
    child.wait()
    assert not _started_by.is_running(name)


def test_a_zombie_has_ended(child):
    name = _started_by.identify(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still listed
    assert not _started_by.is_running(name)


def test_a_later_process_with_the_same_id_is_another_one(child):
    pid, _, start = _started_by.identify(child.pid).partition(":")
    assert not _started_by.is_running(f"{pid}:{int(start) + 1}")


@pytest.mark.parametrize("name", ["", ":", "x:1", "999999999:1", "999999999:", "-1:1", "1;rm:2"])
def test_what_names_no_process_is_not_running(name):
    assert not _started_by.is_running(name)


def test_where_there_is_no_proc_the_id_alone_counts(child, monkeypatch):
    monkeypatch.setattr(_started_by, "_STAT", "/nowhere/{pid}/stat")
    name = _started_by.identify(child.pid)
    assert name == f"{child.pid}:"
    assert _started_by.is_running(name)
    child.kill()
    child.wait()
    assert not _started_by.is_running(name)


def test_the_chain_grows_by_each_process_and_misses_the_one_that_ended(child):
    assert _started_by.chain({}) == []
    assert _started_by.missing({}) is None
    first = _started_by.extended(os.getpid(), environment={})
    both = _started_by.extended(child.pid, environment=first)
    assert _started_by.chain(both) == [_started_by.identify(os.getpid()), _started_by.identify(child.pid)]
    assert _started_by.missing(both) is None
    child.kill()
    child.wait()
    assert _started_by.missing(both) == _started_by.chain(both)[1]


@pytest.mark.parametrize(
    ("command", "parent", "found"),
    [
        ("python -m ansible playbook x.yml", "python -m ansible playbook x.yml", True),
        ("python -m ansible playbook x.yml", "ansible-runner", False),  # ansible-playbook itself leads the session
        ("bash", "bash", False),
    ],
)
def test_ansible_playbook_is_the_parent_of_the_worker_that_leads_the_session(command, parent, found, monkeypatch):
    monkeypatch.setattr(_started_by, "_ansible", [])
    monkeypatch.setattr(_started_by.os, "getsid", lambda pid: 20)
    monkeypatch.setattr(_started_by, "_field", lambda pid, number: {1: "10", 0: "S", 19: str(pid)}[number])
    monkeypatch.setattr(_started_by, "_command", lambda pid: (command if pid == 20 else parent).encode())
    assert _started_by.find_ansible() == (["10:10", "20:20"] if found else [])
    assert _started_by.chain() == _started_by.find_ansible()


def test_a_command_with_parentheses_in_its_name_is_read(tmp_path, monkeypatch):
    (tmp_path / "7").mkdir()
    fields = " ".join(str(number) for number in range(4, 53))
    (tmp_path / "7/stat").write_text(f"7 (a) R (b) S {fields}\n")
    monkeypatch.setattr(_started_by, "_STAT", f"{tmp_path}/{{pid}}/stat")
    assert _started_by.identify(7) == "7:22"
    assert _started_by.is_running("7:22")
