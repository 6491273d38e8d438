"""Sweeps that only read may use other processes: their results are those of one process, and their calls are known."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

MODULES = {
    "root_credentials_info": {},
    "organization_access_role_info": {},
    "resource_policy_lockout_info": {"regions": ["eu-central-1", "us-east-1"]},
    "organization_account_info": {},
}
# A process of its own, because one with a server's threads is not forked. The first account is the trial.
SCRIPT = """
import importlib, json, os, sys
from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import processes, runner
name, options = sys.argv[1:]
runner._TRIAL, runner._WORTH_PROCESSES, runner._BUSY = 1, 1, 0.0
runs, real = [], processes.run
os.sched_getaffinity = lambda process: {0, 1, 2}
processes.run = lambda count, *arguments: runs.append(count) or real(count, *arguments)
module = importlib.import_module(f"ansible_collections.breakglass.aws.plugins.modules.{name}")
_internal.is_controller = False
with patch_module_args(json.loads(options)):
    try:
        module.main()
    finally:
        assert runs == [3], runs
"""


def in_processes(box: Box, name: str, **options) -> dict:
    command = [sys.executable, "-c", SCRIPT, name, json.dumps(options)]
    environment = {"PATH": "", "PYTHONPATH": "", **box.environment("engineer"), "AWS_EC2_METADATA_DISABLED": "true"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("name", MODULES)
def test_the_results_are_those_of_one_process(sandbox, name):
    options = {"all_accounts": True, **MODULES[name]}
    expected = run(name, environment=sandbox.environment("engineer"), **options)
    result = in_processes(sandbox, name, debug_botocore_endpoint_logs=True, **options)
    for one in (expected, result):
        for entry in one["accounts"]:
            entry.pop("session", None)
    assert result["accounts"] == expected["accounts"]
    assert result["summary"] == expected["summary"]
    sessions = [event for event in sandbox.events() if event["operation"] in ("AssumeRoot", "AssumeRole")]
    logged = [call for call in result["aws_calls"] if call["operation"] in ("AssumeRoot", "AssumeRole")]
    assert 2 * len(logged) == len(sessions)


@pytest.mark.parametrize("name", MODULES)
def test_the_journal_has_what_the_processes_did(sandbox, tmp_path, name):
    journal = str(tmp_path / "journal")
    first = in_processes(sandbox, name, all_accounts=True, journal=journal, **MODULES[name])
    lines = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    worked_on = [entry["account_id"] for entry in first["accounts"] if entry["outcome"] != "skipped"]
    assert sorted(line["account_id"] for line in lines) == sorted(worked_on)
    again = run(name, environment=sandbox.environment("engineer"), all_accounts=True, journal=journal, **MODULES[name])
    assert [entry["outcome"] for entry in again["accounts"]] == [entry["outcome"] for entry in first["accounts"]]
