"""%%tasks without AWS: variables in and out, check mode, failures that can be read, nothing left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.kernel.ansible_play import check_tasks

SECRET = "planted-secret-of-the-environment"


def test_become_in_the_users_configuration_changes_nothing(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_BECOME", "true")
    monkeypatch.setenv("ANSIBLE_BECOME_EXE", "/no/such/sudo")
    notebook.cell("%%tasks\n- name: See\n  ansible.builtin.command: id\n  register: seen\n")
    assert notebook["seen"]["rc"] == 0


def test_variables_go_in_and_results_come_out(notebook: Any, tmp_path: Path) -> None:
    notebook.cell("import json\n_private = 1\nown = 'of the notebook'")
    notebook.cell(
        """\
        %%tasks
        - name: See what is there
          ansible.builtin.debug:
            msg: "{{ account_id }} {{ check_mode }} {{ [own, json, _private] | select('defined') | length }}"
          register: seen

        - name: Keep a fact
          ansible.builtin.set_fact:
            number: "{{ 40 + 2 }}"
            hostile: !unsafe "{{ 1 + 1 }}"

        - name: Fail, but go on
          ansible.builtin.command: "false"
          ignore_errors: true
          register: ignored

        - name: Never
          ansible.builtin.debug:
          when: number == 0
          register: never
        """
    )
    assert notebook["seen"]["msg"] == "012345678901 False 0"
    assert notebook["number"] == 42
    assert (notebook["ignored"]["failed"], notebook["ignored"]["rc"]) == (True, 1)
    assert notebook["never"]["skipped"] is True
    # What is text stays text on its way back, even where it looks like a template; a new result replaces an old one.
    notebook.cell(
        """\
        %%tasks
        - name: Use it again
          ansible.builtin.debug:
            msg: "{{ hostile }} {{ seen.msg | length }} {{ never is skipped }} {{ ignored is failed }}"
          register: seen

        - name: The new one counts
          ansible.builtin.assert:
            that: "'length' not in seen.msg and seen.msg.startswith('{' ~ '{ 1')"
        """
    )
    assert notebook["seen"]["msg"] == "{{ 1 + 1 }} 20 True True"
    assert [path.name for path in tmp_path.glob("breakglass-*")] == []


def test_module_defaults_are_options_of_all_later_tasks(notebook: Any, tmp_path: Path) -> None:
    notebook.cell(
        """\
        %%module_defaults
        ansible.builtin.copy:
          content: "of {{ account_id }}"
          dest: "{{ evidence_dir }}/default"
          mode: "0600"
          owner: "{{ omit }}"
        """
    )
    notebook.cell("%%tasks\n- name: With the defaults\n  ansible.builtin.copy:\n  register: first\n")
    notebook.cell(
        "%%tasks\n- name: With an option of its own\n  ansible.builtin.copy:\n    dest: '{{ evidence_dir }}/own'\n"
    )
    folder = Path(notebook["evidence_dir"])
    assert {name: (folder / name).read_text() for name in ("default", "own")} == {
        "default": "of 012345678901",
        "own": "of 012345678901",
    }
    # What a step used decides whether a resumed run repeats it.
    steps = json.loads((folder / "state.json").read_text())
    assert [sorted(step["inputs"]) for step in steps] == [["account_id", "check_mode", "evidence_dir"]] * 2


@pytest.mark.parametrize("cell", ["", "- a.b.c", "copy: {}", "a.b.c: 1", "a: [", "a.b.c: {x: 1}\n  y"])
def test_module_defaults_that_are_none_are_refused(notebook: Any, cell: str) -> None:
    with pytest.raises(RunbookError, match=r"module_defaults|not valid YAML"):
        notebook.cell(f"%%module_defaults\n{cell}\n")


def test_check_mode_is_for_the_whole_cell_and_changes_nothing(notebook: Any, tmp_path: Path) -> None:
    write = f"""\
        %%tasks
        - name: Write a file
          ansible.builtin.copy:
            content: "one line\\n"
            dest: "{tmp_path}/written"
            mode: "0600"
        """
    notebook.cell("check_mode = 'true'")  # as papermill -p leaves it
    notebook.cell(write)
    assert not (tmp_path / "written").exists()
    assert "would change" in notebook.shown
    assert "+one line" in notebook.shown
    notebook.cell("check_mode = False")
    notebook.cell(write)
    assert (tmp_path / "written").exists()
    assert "would change" not in notebook.shown


def test_a_failing_task_says_first_what_it_has_to_say(notebook: Any) -> None:
    failure = notebook.failure(
        """\
        %%tasks
        - name: Works
          ansible.builtin.debug:

        - name: Breaks
          ansible.builtin.fail:
            msg: |
              The account {{ account_id }} cannot be used.
              Take another one.

        - name: Is not reached
          ansible.builtin.debug:
        """
    )
    assert failure.splitlines()[:2] == ["The account 012345678901 cannot be used.", "Take another one."]
    assert "line 5 of this cell" in failure
    assert "Traceback" not in notebook.shown
    assert "Is not reached" not in notebook.shown
    evidence = json.loads(Path(notebook["evidence_dir"], "evidence.json").read_text())
    assert evidence["outcome"] == "failed"
    assert [step["outcome"] for step in evidence["steps"]] == ["ok", "failed"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("- name: a: b\n", r"not valid YAML \(line 2, column 10\)"),
        ("\n- name: x\n  debug:\n - y\n", r"not valid YAML \(line 5, column 2\)"),
        ("name: x\n", r"not a list of tasks \(line 2\)"),
        ("- name: x\n  debug:\n- just words\n", "Line 4 of this cell is not a task"),
        ("\n# only a comment\n", "has no tasks"),
    ],
)
def test_what_is_no_list_of_tasks_is_refused_with_the_line(cell: str, said: str) -> None:
    with pytest.raises(RunbookError, match=said):
        check_tasks(cell)


def test_an_unknown_module_is_named_with_its_line(notebook: Any) -> None:
    failure = notebook.failure("%%tasks\n- name: x\n  ansible.builtin.debug:\n- name: y\n  no.such.module:\n")
    assert "no.such.module" in failure
    assert "line 4 of this cell" in failure
    assert "breakglass-" not in failure


def test_secrets_of_tasks_and_environment_stay_out_of_sight(
    notebook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "4")
    notebook.cell(
        """\
        %%tasks
        - name: Print what must not be seen
          ansible.builtin.command: printenv AWS_SECRET_ACCESS_KEY
          no_log: true
          register: hidden

        - name: See that it is really there
          ansible.builtin.assert:
            that: hidden.stdout | length > 10
        """
    )
    assert SECRET not in notebook.shown
    assert SECRET not in json.dumps(notebook["hidden"])
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert texts
    assert not any(SECRET.encode() in text for text in texts)


def test_results_that_are_no_longer_data_are_named(notebook: Any) -> None:
    notebook.cell("%%tasks\n- name: x\n  ansible.builtin.debug:\n  register: seen\n")
    notebook.cell("seen = object()")
    assert "seen was registered" in notebook.failure("%%tasks\n- name: x\n  ansible.builtin.debug:\n")


def test_a_run_must_be_started_with_what_it_needs(notebook: Any) -> None:
    notebook.cell("account_id = 12345678901; evidence_dir = ''")
    failure = notebook.failure("%runbook test")
    assert '"012345678901"' in failure
    assert "account_id (str, required)" in failure


def test_a_run_whose_parameters_cell_was_skipped_does_not_begin(new_notebook_shell: Callable[[], Any]) -> None:
    notebook = new_notebook_shell()
    assert "Run the cells from the top" in notebook.failure("%reload_ext breakglass_aws\n%runbook test")
    assert "No run has been started" in notebook.failure("%%tasks\n- name: x\n  ansible.builtin.debug:\n")


def test_by_hand_the_run_ends_with_what_to_note_of_its_evidence(notebook: Any) -> None:
    notebook.cell("%%tasks\n- name: x\n  ansible.builtin.debug:\n    msg: planned\n  register: plan\n")
    notebook.cell("%evidence plan plan")
    assert manifest.sha256(Path(notebook["evidence_dir"])) in notebook.shown
    assert manifest.problems(Path(notebook["evidence_dir"])) == []


def test_behind_a_failed_step_only_that_step_runs(notebook: Any, tmp_path: Path) -> None:
    # JupyterLab's "Run All Cells" may still run cells behind one that failed.
    step = f"%%tasks\n- name: Look\n  ansible.builtin.stat:\n    path: {tmp_path}/needed\n  register: needed\n\n"
    step += "- name: Needed\n  ansible.builtin.assert:\n    that: needed.stat.exists\n"
    behind = "%%tasks\n- name: Go on\n  ansible.builtin.debug:\n"
    notebook.failure(step)
    assert "an earlier step failed" in notebook.failure(behind)
    assert "an earlier step failed" in notebook.failure("%evidence needed needed")
    (tmp_path / "needed").touch()
    notebook.cell(step)
    notebook.cell(behind)


def test_a_run_that_cannot_be_started_leaves_none_to_go_on_with(notebook: Any) -> None:
    started = notebook["evidence_dir"]
    notebook.cell("account_id = 'no'")
    notebook.failure("%runbook test")
    assert "No run has been started" in notebook.failure("%%tasks\n- name: x\n  ansible.builtin.debug:\n")
    notebook.cell("account_id = '012345678901'")
    notebook.cell("%reload_ext breakglass_aws\n%runbook test")
    assert notebook["evidence_dir"] != started
    assert "already loaded" not in notebook.shown


def test_parameters_that_are_no_python_stop_the_run_that_has_the_old_ones(notebook: Any) -> None:
    with pytest.raises(SyntaxError):
        notebook.cell("account_id: str = 012345678901\ncheck_mode: bool = False")
    for cell in ("%%tasks\n- name: x\n  ansible.builtin.debug:\n", "%runbook test"):
        assert "The parameters cannot be read: leading zeros" in notebook.failure(cell)
    notebook.cell("account_id: str = '012345678901'\ncheck_mode: bool = False\nevidence_dir: str = ''")
    notebook.cell("%runbook test")


def test_evidence_of_another_run_is_not_touched(notebook: Any, tmp_path: Path) -> None:
    first = notebook["evidence_dir"]
    notebook.cell("%runbook test")  # once more by hand: a new run, in a new folder
    assert notebook["evidence_dir"] != first
    notebook.cell(f"evidence_dir = {first!r}")
    assert "holds the evidence of another run" in notebook.failure("%runbook test")
    notebook.cell("evidence_dir = '/dev/null/x'")
    assert "cannot be made" in notebook.failure("%runbook test")
    assert os.stat(first).st_mode & 0o077 == 0
