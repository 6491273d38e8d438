"""Access roles restored in waves, by a task that is killed again and again: in the end it is as if it never was.

`make nightly` (BREAKGLASS_EVERY_KILL) kills it 50 times at random moments; other runs kill a few.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from botocore.exceptions import ClientError
from support.run_module import run
from support.waiting import InstantClock

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.organization_file.generator import generate

processes = multiprocessing.get_context("spawn")
ACCOUNTS, BROKEN = 16, 8
KILLS = 50 if os.environ.get("BREAKGLASS_EVERY_KILL") else 2
MOST_EVENTS = 60  # between two kills; a whole task has some 150
ROLE = "OrganizationAccountAccessRole"
STACK_SETS, STACK_SET = "cloudformation", f"breakglass-{ROLE}"
OPTIONS: dict[str, Any] = {
    "all_accounts": True,
    "activate_trusted_access": True,
    "waves": ["1", "2", "50%"],
    "max_failures": "100%",
    "workers": 4,
}
DONE = ("changed", "unchanged")


@pytest.fixture(scope="module")
def organization(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    described = yaml.safe_load(generate(ACCOUNTS, seed=7))
    for account in described["accounts"][-BROKEN:]:
        account["administrator_role"] = False
    file = tmp_path_factory.mktemp("organization") / "organization.yml"
    file.write_text(yaml.safe_dump(described), encoding="utf-8")
    with box.serving(file):
        yield box


def work(environment: dict[str, str], journal: str) -> None:
    waiter.clock = InstantClock()
    run("organization_access_role", environment=environment, journal=journal, **OPTIONS)


def restore(box: Box, journal: Path) -> dict[str, Any]:
    return run("organization_access_role", environment=box.environment("operator"), journal=str(journal), **OPTIONS)


def ends(result: dict[str, Any]) -> dict[str, str]:
    """By account. A role that was restored right before a kill works in the next run: it is unchanged there."""
    return {
        entry["account_id"]: "done" if entry["outcome"] in DONE else entry["outcome"] for entry in result["accounts"]
    }


def roles(box: Box) -> dict[str, Any]:
    """By account: the policy that says who may assume its role, None where the operator cannot."""
    found: dict[str, Any] = {}
    for account_id in box.snapshot()["root_users"]:
        try:
            keys = box.client("sts", "operator").assume_role(
                RoleArn=f"arn:aws:iam::{account_id}:role/{ROLE}", RoleSessionName="probe"
            )["Credentials"]
        except ClientError:
            found[account_id] = None
        else:
            iam = box.client_with("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            found[account_id] = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    return found


def stack_sets(box: Box) -> list[str]:
    summaries = box.client("cloudformation", "operator").list_stack_sets(Status="ACTIVE")["Summaries"]
    return [one["StackSetName"] for one in summaries]


def journal_of(path: Path) -> set[str]:
    """The accounts that a journal has as done."""
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {line["account_id"] for line in lines if line["outcome"] in DONE}


def attempt(box: Box, journal: Path, moment: int) -> bool:
    """Start the task and kill it after so many events, if it has as many; whether it was killed."""
    child = processes.Process(target=work, args=(box.environment("operator"), str(journal)))
    left = [moment]

    def count(event: dict[str, Any]) -> None:
        left[0] -= 1
        if left[0] == 0 and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)

    box.on_event(count)
    child.start()
    child.join(300)
    left[0] = -1
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode == -signal.SIGKILL


def test_the_end_is_that_of_a_run_that_was_not_disturbed(
    organization: Box, tmp_path: Path, no_waiting: InstantClock
) -> None:
    def let_time_pass(event: dict[str, Any]) -> None:
        if event["service"] == STACK_SETS:
            organization.advance(5)

    organization.on_event(let_time_pass)
    undisturbed = tmp_path / "undisturbed"
    expected = restore(organization, undisturbed)
    state = organization.snapshot(), roles(organization)
    assert stack_sets(organization) == []
    assert sum(entry["changed"] for entry in expected["accounts"]) >= BROKEN - 1
    chance = random.Random(5)
    kills, tasks = 0, 0
    while kills < KILLS:
        journal = tmp_path / f"journal-{tasks}"
        tasks += 1
        organization.reset()
        organization.on_event(let_time_pass)
        while kills < KILLS and attempt(organization, journal, chance.randrange(1, MOST_EVENTS)):
            kills += 1
        # An operation of a StackSet goes on after a kill, and AWS refuses others meanwhile: the task says to wait.
        organization.advance("15 minutes")
        assert ends(restore(organization, journal)) == ends(expected)
        again = restore(organization, journal)
        assert not again["changed"]
        assert (ends(again), journal_of(journal)) == (ends(expected), journal_of(undisturbed))
        assert (organization.snapshot(), roles(organization)) == state
        # Known: a kill after the last role works and before its StackSet is deleted leaves that StackSet.
        assert set(stack_sets(organization)) <= {STACK_SET}
