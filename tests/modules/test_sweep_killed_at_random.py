"""A removal over 60 accounts with faults that is killed at random moments: its end is that of an undisturbed run.

A sweep is killed until it is done, then begun anew with a fresh organization and journal, until there were enough
kills: 50 with BREAKGLASS_EVERY_KILL, which `make nightly` sets, and a few else.
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
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from support.run_module import run
from support.waiting import InstantClock

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.organization_file.generator import generate

processes = multiprocessing.get_context("spawn")
ACCOUNTS = 60
KILLS = 50 if os.environ.get("BREAKGLASS_EVERY_KILL") else 4
MOST_EVENTS = 90  # between two kills; a whole sweep has some 500
OPTIONS = {"all_accounts": True, "recently_used_days": 0, "workers": 8}
DONE = ("removed", "absent")


@pytest.fixture(scope="module")
def organization(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    file = tmp_path_factory.mktemp("organization") / "organization.yml"
    file.write_text(generate(ACCOUNTS, seed=3), encoding="utf-8")
    with box.serving(file):
        yield box


def work(environment: dict[str, str], journal: str) -> None:
    waiter.clock = InstantClock()
    run("root_credentials", environment=environment, journal=journal, **OPTIONS)


def fresh(box: Box) -> None:
    box.reset()
    box.add_fault("throttling", share=0.1, seed=5)
    box.add_fault("reset", share=0.02, seed=6)
    box.add_fault("lost_answer", share=0.02, seed=7)


def ends_of(entries: list[dict[str, Any]]) -> dict[str, str]:
    """By account. What was removed right before a kill is absent in the next run."""
    return {entry["account_id"]: "done" if entry["outcome"] in DONE else entry["outcome"] for entry in entries}


def journal_of(path: Path) -> dict[str, str]:
    """The newest entry of each account that a journal has as done."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["account_id"]: "done" for line in lines if line["outcome"] in DONE}


def attempt(box: Box, journal: Path, moment: int) -> bool:
    """Start a sweep and kill it after so many events, if it has as many; whether it was killed."""
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


def test_the_end_is_that_of_an_undisturbed_run(organization: Box, tmp_path: Path, no_waiting: InstantClock) -> None:
    chance = random.Random(23)
    undisturbed = tmp_path / "undisturbed"
    expected = run(
        "root_credentials", environment=organization.environment("operator"), journal=str(undisturbed), **OPTIONS
    )
    state = organization.snapshot()["root_users"]
    kills, sweeps = 0, 0
    while kills < KILLS:
        journal = tmp_path / f"journal-{sweeps}"
        sweeps += 1
        fresh(organization)
        while kills < KILLS and attempt(organization, journal, chance.randrange(1, MOST_EVENTS)):
            kills += 1
        result = run(
            "root_credentials", environment=organization.environment("operator"), journal=str(journal), **OPTIONS
        )
        # A fault may be the end of an account for one run, as a repeated refusal is: the next one does it.
        organization.clear_faults()
        again = run(
            "root_credentials", environment=organization.environment("operator"), journal=str(journal), **OPTIONS
        )
        assert {entry["account_id"] for entry in result["accounts"]} == set(ends_of(expected["accounts"]))
        assert ends_of(again["accounts"]) == ends_of(expected["accounts"])
        assert journal_of(journal) == journal_of(undisturbed)
        assert organization.snapshot()["root_users"] == state
