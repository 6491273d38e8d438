"""On a terminal a run asks at its gates, and continues; without one it stops there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pexpect
import pytest

from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.evidence.journal import Journal

PARAMETERS = 'account_id: str = "012345678901"\ncheck_mode: bool = True\nevidence_dir: str = ""\n'
ACT = """\
%%tasks
- name: Write it down
  ansible.builtin.shell: echo {{ way }} {{ typed }} {{ code | length }} >> done.txt
  args:
    chdir: "{{ lookup('env', 'PWD') }}"
  register: act
"""
CELLS = [
    "%reload_ext breakglass_aws\n%runbook gated",
    "%%tasks\n- name: Plan\n  ansible.builtin.debug:\n  register: plan\n",
    "%%gate way\nWhich way?\n\nanswer: one of root, role\n",
    "%%gate code\nType the code.\n\nanswer: secret\n",
    "%%gate typed\nType the account ID.\n\nanswer: equals account_id\n",
    ACT,
    "%evidence plan act",
]


@pytest.fixture
def run(make_workplace: Callable[..., Any], write_notebook: Callable[..., Any]) -> tuple[Any, pexpect.spawn]:
    """A run that was started on a terminal."""
    place = make_workplace({"TERM": "xterm"})
    place.environment["PWD"] = str(place.folder)
    write_notebook(place.folder / "gated.ipynb", *CELLS, parameters=PARAMETERS)
    arguments = [
        "-m",
        "breakglass_aws.engine",
        "run",
        "gated.ipynb",
        "-p",
        "check_mode=false",
        "-p",
        "evidence_dir=run",
    ]
    spawned = pexpect.spawn(
        sys.executable, arguments, cwd=place.folder, env=place.environment, encoding="utf-8", timeout=120
    )
    return place, spawned


def test_a_person_answers_at_the_terminal(run: tuple[Any, pexpect.spawn]) -> None:
    place, terminal = run
    terminal.sendline("root")  # before the plan is shown: it answers nothing
    terminal.expect("Which way")
    assert "skipped" not in terminal.before
    terminal.expect(r"way \(one of: root, role\): ")
    terminal.send("rot\nroot\n")  # pasted: the second line is not an answer to what the first one brings
    terminal.expect("way must be one of: root, role|Invalid value for way")
    terminal.expect(r"way \(one of: root, role\): ")
    terminal.sendline("role")
    terminal.expect(r"code \(a secret.*\): ")
    terminal.sendline("planted-4711")
    terminal.expect(r"typed \(the account ID.*\): ")
    terminal.sendline("111122223333")  # of the right form, and not this account: only the run knows
    terminal.expect(r"typed \(the account ID.*\): ")
    terminal.sendline("012345678901")
    terminal.expect("Outcome: changed")
    assert "Start: completed" not in terminal.before  # what was on the terminal before the gate
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert (place.folder / "done.txt").read_text() == "role 012345678901 12\n"
    assert manifest.problems(place.folder / "run") == []
    answers = [entry["gate"] for entry in Journal(place.folder / "run").entries() if entry["event"] == "answer"]
    assert {"way", "code", "typed"} == set(answers)
    assert not [path for path, text in place.texts().items() if "planted-4711" in text]


def test_a_person_who_leaves_leaves_the_run_waiting(run: tuple[Any, pexpect.spawn]) -> None:
    place, terminal = run
    terminal.expect(r"way \(one of: root, role\): ")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3
    assert not (place.folder / "done.txt").exists()
    resumed = place.run("breakglass_aws.engine", "resume", "run", "--answer", "way=root")
    assert resumed.returncode == 3, resumed.stdout  # no terminal: it stops at the next gate
    assert "code" in resumed.stdout
