"""The modules as their users run them: ansible-playbook in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

MODULES = Path(__file__).parents[2] / "plugins" / "modules"
# One block for all modules. Where amazon.aws is installed, it serves that collection too.
PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/breakglass.aws.aws:
      endpoint_url: "{{ endpoint }}"
      access_key: "{{ key.access_key }}"
      secret_key: "{{ key.secret_key }}"
      session_token: "{{ key.session_token or omit }}"
      region: us-east-1
  tasks: []
"""


@pytest.fixture
def play(sandbox: Box, tmp_path: Path):
    def run(*tasks: dict, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        book = yaml.safe_load(PLAY)
        book[0]["tasks"] = list(tasks)
        (tmp_path / "play.yml").write_text(yaml.safe_dump(book))
        variables = {"endpoint": sandbox.url, "key": sandbox.credentials("operator")}
        (tmp_path / "variables.json").write_text(json.dumps(variables))
        words = ("-e", "@variables.json", *arguments)
        return run_playbook("play.yml", *words, environment={}, directory=tmp_path, cold=True)

    return run


def test_a_play_foretells_removes_and_looks(play, sandbox):
    removal = {"breakglass.aws.root_credentials": {"account_ids": ["444455556666"]}}
    done = play(
        {**removal, "check_mode": True, "diff": True, "register": "foretold"},
        {"breakglass.aws.root_credentials_info": {"account_ids": ["444455556666"]}, "register": "between"},
        {**removal, "register": "done"},
        {"breakglass.aws.root_access_info": {"account_id": "444455556666"}, "register": "access"},
        {
            "ansible.builtin.assert": {
                "that": [
                    "foretold.changed and done.changed",
                    "foretold.accounts[0].credentials == done.accounts[0].credentials",
                    "between.summary.unchanged == 1",
                    "access.ready",
                ]
            }
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=2" in done.stdout
    assert "MFA device GAHT55556666" in done.stdout
    assert not any(sandbox.snapshot()["root_users"]["444455556666"].values())
    assert "DEPRECATION" not in done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


@pytest.mark.skipif(
    not importlib.util.find_spec("ansible_collections.amazon"), reason="the collection amazon.aws is not installed"
)
def test_the_group_serves_amazon_aws_too(play):
    done = play(
        {"amazon.aws.aws_caller_info": {}, "register": "caller"},
        {"ansible.builtin.assert": {"that": ["caller.account == '111122223333'"]}},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failing_task_says_cause_and_fix_and_shows_no_traceback(play):
    failed = play(
        {"breakglass.aws.root_credentials": {"account_ids": [1402433619]}, "ignore_errors": True},
        {"breakglass.aws.root_credentials": {"account_ids": ["777788889999"]}},
    )
    said = failed.stdout + failed.stderr
    assert failed.returncode == 2
    assert "012345670123" in said
    assert "vault (777788889999) is unreachable" in said
    assert "service control policy" in said
    assert "Traceback" not in said


def test_every_module_starts_from_the_archive_that_ansible_sends(tmp_path):
    """What a module imports is in its archive: other playbooks of these tests have it imported before they start."""
    names = sorted(file.stem for file in MODULES.glob("[!_]*.py") if "def main()" in file.read_text())
    tasks = [{f"breakglass.aws.{name}": {"no_such_option": 1}, "ignore_errors": True} for name in names]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    # Each task costs a second of a processor's time.
    done = run_playbook("play.yml", environment={}, directory=tmp_path, cold=True, seconds=60 * len(names))
    assert done.returncode == 0, done.stdout + done.stderr
    # How Ansible's half of a module refuses what it is given: all imports have succeeded then.
    wrong = ("Unsupported parameters for", "missing required arguments:", "the following is required:", "is .* but")
    refusals = re.findall(f'"msg": "[^"]*({"|".join(wrong)}) ', done.stdout)
    assert len(refusals) == len(names), re.findall('"msg": .*', done.stdout)
