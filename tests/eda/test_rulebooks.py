"""The rulebooks with ansible-rulebook itself, in its own environment, on the events of the sandbox.

`make nightly` runs this. It needs .venv-eda (`make .venv-eda/.ready`) and Java 17.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.watched_queue import ORGANIZATION, ROOT_USE, WatchedQueue

from breakglass_aws.sandbox import Box, in_process

CHECKOUT = Path(__file__).parents[2]
PROGRAMS = CHECKOUT / ".venv-eda/bin"
REPORTS = "555566667777"
AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
SECONDS = 600
# As docs/guide/watch.md shows it. Without the interpreter, Ansible looks for another Python.
INVENTORY = """
all:
  hosts:
    localhost:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with in_process() as started:
        yield started


@pytest.fixture
def sandbox(box: Box) -> Box:
    box.reset()
    return box


class Watch:
    """A running ansible-rulebook."""

    def __init__(self, box: Box, folder: Path, rulebook: str, **variables: str) -> None:
        self.box, self.evidence, self.log = box, folder / "evidence", folder / "log"
        self.evidence.mkdir()
        given = {"watch_evidence": str(self.evidence), "watch_seconds": 2, **variables}
        (folder / "vars.yml").write_text(json.dumps(given))
        (folder / "localhost.yml").write_text(INVENTORY)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
        command = [str(PROGRAMS / "ansible-rulebook"), "--rulebook", f"breakglass.aws.{rulebook}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--inventory", "localhost.yml", "--vars", "vars.yml", "--verbose"],
                cwd=folder,
                env={**kept, **box.environment("engineer"), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def until(self, happened: Callable[[], Any], what: str) -> Any:
        """What ``happened`` returns once it is true."""
        ends = time.monotonic() + SECONDS
        while not (found := happened()):
            assert self.process.poll() is None, f"ended before {what}: {self.said()[-3000:]}"
            assert time.monotonic() < ends, f"{what} did not happen: {self.said()[-3000:]}"
            time.sleep(0.5)
        return found

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def runs(self) -> dict[str, dict[str, Any]]:
        """The finished runs in the evidence folder, by runbook."""
        done = [
            json.loads(path.with_name("evidence.json").read_text()) for path in self.evidence.glob("*/manifest.json")
        ]
        return {one["runbook"]: one for one in done}

    def stop(self) -> None:
        if self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def start(sandbox: Box, tmp_path: Path) -> Iterator[Callable[..., Watch]]:
    running: list[Watch] = []

    def run(rulebook: str, **variables: str) -> Watch:
        running.append(Watch(sandbox, tmp_path, rulebook, **variables))
        return running[-1]

    yield run
    for one in running:
        one.stop()


def writes(box: Box, since: int) -> list[str]:
    ignored = ("sts", "sqs")
    return [one["operation"] for one in box.events()[since:] if one["write"] and one["service"] not in ignored]


def test_cloudtrail_starts_the_playbooks_and_they_change_nothing(sandbox: Box, start: Callable[..., Watch]) -> None:
    watch = start("watch_cloudtrail")
    polled = lambda: sum(one["operation"] == "LookupEvents" for one in sandbox.events()) > 10  # noqa: E731
    watch.until(lambda: "Waiting for events" in watch.said() and polled(), "the first readings")
    sandbox.client("sts", "operator").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn={"arn": AUDIT})
    organizations = sandbox.client("organizations", "operator")
    organizations.create_account(Email="new@example.com", AccountName="new")
    organizations.disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    since = len(sandbox.events())
    expected = {"compromised_root_user", "audit_root_credentials", "remove_root_credentials"}
    runs = watch.until(lambda: expected <= watch.runs().keys() and watch.runs(), "all plans")
    assert all(run["check_mode"] for run in runs.values())
    watch.until(lambda: "Respond to a change of the organization" in watch.said(), "the judgement")
    assert "ROOT USE THAT NO RUN EXPLAINS in 555566667777" in watch.said()
    # The plans opened root sessions. Their events come back, and start no further plan.
    watch.until(lambda: "A recorded run opened this root session" in watch.said(), "its own sessions")
    assert len(list(watch.evidence.iterdir())) == len(expected)
    assert writes(sandbox, since) == []


def test_a_sign_in_as_root_is_planned_for_by_the_rules_of_the_guide(sandbox: Box, start: Callable[..., Watch]) -> None:
    """From the sign-in page of a member account to the plan: CloudTrail, two event buses, a queue, the rulebook."""
    queue = WatchedQueue(sandbox)
    queue.add("reports-administrator", "root-use", ROOT_USE)
    queue.add("engineer", "organization", ORGANIZATION)
    watch = start("watch_queue", watch_queue="breakglass-events")
    watch.until(lambda: "Waiting for events" in watch.said(), "the first reading")
    sandbox.act("reports", "sign_in", mfa=f"arn:aws:iam::{REPORTS}:mfa/root-account-mfa-device")
    sandbox.client("organizations", "operator").disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    since = len(sandbox.events())
    runs = watch.until(lambda: "compromised_root_user" in watch.runs() and watch.runs(), "the plan")
    assert runs["compromised_root_user"]["check_mode"] is True
    assert f"ROOT USE THAT NO RUN EXPLAINS in {REPORTS}" in watch.said()
    watch.until(lambda: "Respond to a change of the organization" in watch.said(), "the judgement")
    assert writes(sandbox, since) == []


def test_a_source_that_cannot_connect_ends_it_with_a_status(sandbox: Box, start: Callable[..., Watch]) -> None:
    watch = start("watch_queue", watch_queue="not-there")
    assert watch.process.wait(SECONDS) == 1
    assert "One of the source plugins failed" in watch.said()
