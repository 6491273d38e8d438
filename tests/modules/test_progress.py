"""The progress of a sweep under ansible-playbook and in a runbook."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - breakglass.aws.root_credentials_info:
        all_accounts: true
        workers: 1
      register: audit
"""


@pytest.fixture
def playbook(sandbox: Box, tmp_path: Path) -> Path:
    sandbox.add_fault("slow", operation="AssumeRoot", seconds=0.3)
    path = tmp_path / "play.yml"
    path.write_text(PLAY)
    return path


def test_without_a_terminal_there_are_lines_on_the_error_output(sandbox, tmp_path, playbook):
    environment = {**sandbox.environment("operator"), "BREAKGLASS_PROGRESS_SECONDS": "0"}
    played = run_playbook(playbook, environment=environment, directory=tmp_path)
    assert played.returncode == 0, played.stdout
    shown = re.findall(r"^(\d+) of (\d+) accounts.*$", played.stderr, re.MULTILINE)
    assert shown
    assert {total for _done, total in shown} == {"13"}
    assert [int(done) for done, _total in shown] == sorted(int(done) for done, _total in shown)
    assert " of 13 accounts" not in played.stdout
    assert not list(tmp_path.rglob("breakglass-progress-*"))


def test_a_second_run_has_the_folder_that_the_first_one_had(sandbox, tmp_path, playbook):
    """Runs of the tests share a folder for temporary files, and progress is a file in it: see `support.warm`."""
    environment = {**sandbox.environment("operator"), "BREAKGLASS_PROGRESS_SECONDS": "0"}
    for _run in range(2):
        assert " of 13 accounts" in run_playbook(playbook, environment=environment, directory=tmp_path).stderr


def test_a_short_task_prints_nothing(sandbox, tmp_path):
    path = tmp_path / "play.yml"
    path.write_text(PLAY.replace("all_accounts: true", 'account_ids: ["444455556666"]'))
    played = run_playbook(path, environment=sandbox.environment("operator"), directory=tmp_path)
    assert played.returncode == 0, played.stdout
    assert "accounts" not in played.stderr


def test_on_a_terminal_it_is_one_line_that_is_removed_in_the_end(sandbox, tmp_path, playbook):
    terminal, its_end = pty.openpty()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))},
        **sandbox.environment("operator"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "BREAKGLASS_PROGRESS_SECONDS": "0",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", playbook]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=its_end, cwd=tmp_path)
    os.close(its_end)
    printed = b""
    try:
        while part := os.read(terminal, 65536):
            printed += part
    except OSError:  # how Linux reports the end of a terminal
        pass
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    updates = re.findall(rb"\r\x1b\[K(\d+ of 13 accounts[^\r\n]*)", printed)
    assert updates
    _before, _last, after = printed.rpartition(b"of 13 accounts")
    assert b"\r\x1b[K" in after


def test_events_have_the_progress_for_the_notebook(sandbox, tmp_path, playbook):
    events = tmp_path / "events"
    events.touch()
    environment = {
        **sandbox.environment("operator"),
        "BREAKGLASS_EVENTS": str(events),
        "BREAKGLASS_PROGRESS_SECONDS": "0",
        "ANSIBLE_CALLBACKS_ENABLED": "breakglass.aws.events",
    }
    played = run_playbook(playbook, environment=environment, directory=tmp_path)
    assert played.returncode == 0, played.stdout
    assert "of 13 accounts" not in played.stdout + played.stderr
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds[0] == "started"
    assert kinds[-1] == "ok"
    assert set(kinds[1:-1]) == {"progress"}
    assert lines[1]["action"] == "breakglass.aws.root_credentials_info"
    assert lines[1]["progress"]["total"] == 13
