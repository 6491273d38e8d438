"""The module `runbook`: the outcome of a run is the outcome of the task, and a waiting run goes on from a playbook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ACT = "%%tasks\n- name: Act\n  ansible.builtin.command: echo {{ way }} {{ code | length }}\n  register: act\n"
CELLS = [
    "%reload_ext breakglass_aws\n%runbook gated",
    "%%tasks\n- name: Plan\n  ansible.builtin.debug:\n  register: plan\n",
    "%%gate way\nWhich way?\n\nanswer: one of root, role\n",
    "%%gate code\nType the code.\n\nanswer: secret\n",
    ACT,
    "%evidence plan act",
]
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - breakglass.aws.runbook:
        name: "{{ playbook_dir }}/gated.ipynb"
        parameters: {check_mode: false}
        output_dir: "{{ playbook_dir }}/run"
      register: waiting
      ignore_errors: true

    - breakglass.aws.runbook:
        name: gated
        resume: "{{ playbook_dir }}/run"
      register: refused
      ignore_errors: true

    - breakglass.aws.runbook:
        resume: "{{ waiting.evidence_dir }}"
        answers: {way: role, code: planted-4711}
      register: through

    - ansible.builtin.copy:
        content: "{{ {'waiting': waiting, 'refused': refused, 'through': through} | to_json }}"
        dest: "{{ playbook_dir }}/results.json"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def results(make_workplace: Callable[..., Any], write_notebook: Callable[..., Path]) -> dict[str, Any]:
    """What the tasks returned, of a run that waits at a gate and goes on."""
    place = make_workplace({})
    write_notebook(place.folder / "gated.ipynb", *CELLS, parameters='check_mode: bool = True\nevidence_dir: str = ""\n')
    (place.folder / "play.yml").write_text(PLAY)
    ended = place.run("ansible", "playbook", "play.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads((place.folder / "results.json").read_text())


def test_a_run_that_waits_fails_the_task_and_says_how_to_go_on(results: dict[str, Any]) -> None:
    waiting = results["waiting"]
    assert (waiting["failed"], waiting["outcome"], waiting["changed"]) == (True, "waiting", False)
    assert waiting["msg"].startswith("The runbook ended 'waiting' at 'Step 3'.")
    assert "Which way?" in waiting["msg"]
    assert waiting["notebook"].endswith("/run/gated.ipynb")
    # Right for how it was started: an installed collection has no package on Python's path.
    resume = f"ansible-playbook breakglass.aws.runbook -e resume={waiting['evidence_dir']}"
    assert f'{resume} -e \'{{"answers": {{"way": "..."}}}}\'' in waiting["msg"]
    assert "breakglass resume" not in waiting["msg"]
    assert "breakglass_aws resume" not in waiting["msg"]
    assert [cell["status"] for cell in waiting["cells"]][-4:] == ["waiting", "skipped", "skipped", "skipped"]


def test_it_goes_on_with_answers(results: dict[str, Any]) -> None:
    through = results["through"]
    assert (through["outcome"], through["changed"]) == ("changed", True)
    assert "planted-4711" not in json.dumps(results)


def test_it_goes_on_as_it_was_begun(results: dict[str, Any]) -> None:
    assert "give resume without name" in results["refused"]["msg"]


def test_a_misspelled_variable_of_the_playbook_is_named(make_workplace: Callable[..., Any]) -> None:
    place = make_workplace({})
    refused = place.run("ansible", "playbook", "breakglass.aws.runbook", "-e", "runbok=gated", "-e", "account_id=1")
    assert refused.returncode == 2
    assert "Name the runbook: -e runbook=unlock_s3_bucket" in refused.stdout
    assert "Unknown variable 'runbok'. Did you mean runbook?" in refused.stdout
    assert "account_id" not in refused.stdout.partition("Name the runbook")[2]
