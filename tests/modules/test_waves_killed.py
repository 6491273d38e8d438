"""A removal in waves, with faults, that is killed again and again: in the end it is as if it never was."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from support.run_module import run
from support.waiting import InstantClock

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.organization_file.generator import generate

processes = multiprocessing.get_context("spawn")
ACCOUNTS = 60
KILLS = 50 if os.environ.get("BREAKGLASS_EVERY_KILL") else 6
OPTIONS = {
    "all_accounts": True,
    "recently_used_days": 0,
    "waves": ["1", "5", "25%"],
    "max_failures": "100%",
    "workers": 4,
}
DONE = ("removed", "absent")


@pytest.fixture(scope="module")
def organization(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("organization") / "organization.yml"
    file.write_text(generate(ACCOUNTS, seed=7), encoding="utf-8")
    with box.serving(file):
        yield box


def work(environment: dict, journal: str) -> None:
    waiter.clock = InstantClock()
    run("root_credentials", environment=environment, journal=journal, **OPTIONS)


def removal(box: Box, journal: Path) -> dict[str, Any]:
    return run("root_credentials", environment=box.environment("operator"), journal=str(journal), **OPTIONS)


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    """By account. What was removed right before a kill is absent in the next run."""
    return {
        entry["account_id"]: "done" if entry["outcome"] in DONE else entry["outcome"] for entry in result["accounts"]
    }


def test_the_end_is_that_of_a_run_that_was_not_disturbed(organization: Box, tmp_path: Path, no_waiting: None) -> None:
    expected = removal(organization, tmp_path / "undisturbed")
    state = organization.snapshot()
    organization.reset()
    organization.add_fault("throttling", operation="AssumeRoot", share=0.2)
    organization.add_fault("reset", share=0.02)
    chance = random.Random(11)
    journal = tmp_path / "journal"
    killed = 0
    for _attempt in range(KILLS):
        child = processes.Process(target=work, args=(organization.environment("operator"), str(journal)))
        left = [chance.randrange(5, 120)]

        def count(event: dict, child: Any = child, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0 and child.is_alive():
                os.kill(child.pid, signal.SIGKILL)

        organization.on_event(count)
        child.start()
        child.join(300)
        killed += child.exitcode == -signal.SIGKILL
        left[0] = -1
    assert killed
    result = removal(organization, journal)
    assert outcomes(result) == outcomes(expected)
    assert organization.snapshot()["root_users"] == state["root_users"]
    again = removal(organization, journal)
    assert not again["changed"]
    assert outcomes(again) == outcomes(expected)
    for entry in again["accounts"]:
        if entry["outcome"] in DONE:
            assert not any(state["root_users"][entry["account_id"]].values())
