"""A cancelled job changes nothing more: ansible-playbook, its process group, or the launcher is killed with SIGKILL.

`make nightly` (BREAKGLASS_EVERY_KILL) kills 30 runs at random moments; other runs kill a few.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from breakglass_aws.engine.evidence import manifest, record
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.sandbox import Box

LEGACY, DATA_LAKE, REPORTS = "444455556666", "012345678901", "555566667777"
ACCOUNTS = [LEGACY, DATA_LAKE, REPORTS]
# Requests that a run of the runbook sends until it has removed everything; about half of them are sent before the act.
LAST_REQUEST = 60
MOMENTS = (
    sorted(random.Random(20).choices(range(1, LAST_REQUEST), k=30))
    if "BREAKGLASS_EVERY_KILL" in os.environ
    else [2, 45]
)
PLAY = f"""\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - breakglass.aws.runbook:
        name: remove_root_credentials
        parameters: {{account_ids: {json.dumps(ACCOUNTS)}, check_mode: false}}
        answers: {{confirmed: "3"}}
        output_dir: "{{{{ playbook_dir }}}}/run"
"""


def run_of(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """All processes of a run: those that know the one that started it."""
    name = f"{process.pid}:"
    found = []
    for one in psutil.process_iter():
        try:
            if any(part.startswith(name) for part in one.environ().get("BREAKGLASS_STARTED_BY", "").split(",")):
                found.append(one)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            pass
    return found


def wait_for_all(process: subprocess.Popen[Any]) -> None:
    """Wait until no process of a killed run is left, so that what it changes is final."""
    while left := run_of(process):
        psutil.wait_procs(left, timeout=60)


def writes(box: Box, since: int) -> list[str]:
    return [event["action"] for event in box.events()[since:] if event["write"] and event["service"] != "sts"]


def wait_for_requests(box: Box, process: subprocess.Popen[Any], number: int) -> None:
    while len(box.events()) < number and process.poll() is None:
        time.sleep(0.01)


@pytest.mark.parametrize("moment", MOMENTS)
def test_when_the_process_group_of_ansible_playbook_is_killed_nothing_more_is_changed(
    moment: int, box: Box, make_workplace: Callable[..., Any]
) -> None:
    """As ansible-runner and AWX cancel a job. The runbook's own processes are in other groups, and survive."""
    box.reset()
    place = make_workplace(box.environment("operator"))
    (place.folder / "play.yml").write_text(PLAY)
    with subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", "play.yml"],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_for_requests(box, process, moment)
        os.killpg(process.pid, signal.SIGKILL)
    done = writes(box, 0)
    wait_for_all(process)
    # A request of each account may have been on its way.
    assert len(writes(box, 0)) - len(done) <= len(ACCOUNTS)
    if moment < 10:
        assert writes(box, 0) == []
    check_evidence(place.folder / "run", process, len(writes(box, 0)))


MODULE = f"""\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - breakglass.aws.root_credentials:
        account_ids: {json.dumps(ACCOUNTS)}
        workers: 1
"""


def test_a_module_does_not_outlive_ansible_playbook(box: Box, make_workplace: Callable[..., Any]) -> None:
    """A sweep without a runbook: the worker of ansible-playbook, in a group of its own, survives and so does it."""
    box.reset()
    box.add_fault("slow", operation="DeleteAccessKey", seconds=1)  # else the account may be done before this sees it
    place = make_workplace(box.environment("operator"))
    (place.folder / "play.yml").write_text(MODULE)
    with subprocess.Popen(
        [sys.executable, "-m", "ansible", "playbook", "play.yml"],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        while not writes(box, 0) and process.poll() is None:
            time.sleep(0.01)
        started = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
    done = writes(box, 0)
    psutil.wait_procs(started, timeout=120)
    assert len(writes(box, 0)) - len(done) <= 1  # one may have been on its way
    assert "iam:DeactivateMFADevice" not in writes(box, 0)  # which comes last in each account


def check_evidence(folder: Path, process: subprocess.Popen[Any], changes: int) -> None:
    """The evidence is complete, and reports what was changed and where the run stopped."""
    if not (folder / record.FILE).exists():  # killed before the run began
        assert changes == 0
        return
    content = json.loads((folder / record.FILE).read_text())
    ended = [entry for entry in Journal(folder).entries() if entry["event"] == "ended"]
    assert [entry["outcome"] for entry in ended] == (["changed"] if process.returncode == 0 else ["interrupted"])
    assert content["changed"] is (changes > 0)
    assert manifest.problems(folder) == []


def test_when_the_launcher_is_killed_its_step_ends_and_is_recorded(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    """The kernel survives its launcher until the running task has ended, and records where the run stopped."""
    place = make_workplace(sandbox.environment("operator"))
    given = [f"account_ids={','.join(ACCOUNTS)}", "check_mode=false", "evidence_dir=run"]
    options = [word for value in given for word in ("-p", value)]
    with place.start(
        "breakglass_aws.engine", "run", "remove_root_credentials", *options, "--answer", "confirmed=3"
    ) as process:
        wait_for_requests(sandbox, process, 3)
        process.kill()
    wait_for_all(process)
    assert writes(sandbox, 0) == []
    folder = place.folder / "run"
    assert json.loads((folder / record.FILE).read_text())["outcome"] == "interrupted"
    last = Journal(folder).entries()[-1]
    assert (last["event"], last["outcome"], last["changed"]) == ("ended", "interrupted", False)
    assert "the process that started this run has ended" in last["reason"]
    assert "the process that started this run has ended" in (folder / "report.md").read_text()
    assert manifest.problems(folder) == []
    resumed = place.run("breakglass_aws.engine", "resume", "run", "--answer", "confirmed=3")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "was interrupted" in (folder / "report.md").read_text()


def test_a_removal_that_was_stopped_with_its_launcher_goes_on_when_it_is_resumed(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    """The module ends early, with a result: the step is not done by that."""
    place = make_workplace(sandbox.environment("operator"))
    sandbox.add_fault("slow", operation="DeleteAccessKey", seconds=2, times=1)
    given = [f"account_ids={LEGACY},{DATA_LAKE}", "check_mode=false", "evidence_dir=run"]
    options = [word for value in given for word in ("-p", value)]
    with place.start(
        "breakglass_aws.engine", "run", "remove_root_credentials", *options, "--answer", "confirmed=2"
    ) as process:
        while "iam:DeleteAccessKey" not in writes(sandbox, 0) and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    wait_for_all(process)
    assert sandbox.snapshot()["root_users"][DATA_LAKE]["password"]
    resumed = place.run("breakglass_aws.engine", "resume", "run")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert resumed.stdout.endswith("Outcome: changed\n")
    for account in (LEGACY, DATA_LAKE):
        assert not any(sandbox.snapshot()["root_users"][account].values())


def test_a_killed_module_leaves_the_call_that_it_had_sent(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    """Its result is lost. The call was written down before it was sent: sent, and its answer not known."""
    place = make_workplace(sandbox.environment("operator"))
    sandbox.add_fault("slow", operation="DeleteAccessKey", seconds=20, times=1)
    given = [f"account_ids={LEGACY}", "check_mode=false", "evidence_dir=run"]
    options = [word for value in given for word in ("-p", value)]
    with place.start(
        "breakglass_aws.engine", "run", "remove_root_credentials", *options, "--answer", f"confirmed={LEGACY}"
    ) as process:
        while "iam:DeleteAccessKey" not in writes(sandbox, 0) and process.poll() is None:
            time.sleep(0.01)
        # The executor forks the module's process and names it, in the 15 characters that the kernel keeps.
        modules = [one for one in run_of(process) if one.name().startswith("AnsiballZ_root_")]
        assert modules, [one.name() for one in run_of(process)] + [process.poll()]
        for one in modules:
            one.kill()
        process.communicate()
    wait_for_all(process)
    folder = place.folder / "run"
    assert (folder / "calls.jsonl").stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    sent = [line for line in lines if line["operation"] == "DeleteAccessKey"]
    assert [(line["event"], line["status"]) for line in sent] == [("intended", "intended")]
    assert [line["event"] for line in lines if line["operation"] == "AssumeRoot"][-2:] == ["intended", "ended"]
    task = [entry for entry in Journal(folder).entries() if entry["event"] == "task"][-1]
    assert [call["status"] for call in task["calls"] if call["id"] == sent[0]["id"]] == ["unknown"]
    content = json.loads((folder / record.FILE).read_text())
    assert (content["outcome"], content["changed"]) == ("partial", True)
    sealed = json.loads((folder / manifest.FILE).read_text())
    assert "calls.jsonl" in sealed["files"]
    assert manifest.problems(folder) == []
