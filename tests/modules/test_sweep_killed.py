"""A sweep that is killed resumes from its journal: nothing is done twice, nothing is lost, whatever the journal is."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import journal as sweep_journal
from support.run_module import run
from support.waiting import InstantClock

from breakglass_aws.sandbox import Box

processes = multiprocessing.get_context("spawn")
LEGACY, PAYMENTS = "444455556666", "333344445555"
OPTIONS = {"all_accounts": True, "protected_accounts": ["777788889999"], "workers": 1}


def work(environment: dict, journal: str) -> None:
    waiter.clock = InstantClock()
    run("root_credentials", environment=environment, journal=journal, **OPTIONS)


def opened(box: Box, since: int = 0) -> list[str]:
    return [event["resource"].split(":")[4] for event in box.events()[since:] if event["operation"] == "AssumeRoot"]


pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.mark.parametrize("deadly", ["AssumeRoot", "DeleteLoginProfile"])
def test_it_resumes_where_it_was_killed(sandbox: Box, tmp_path: Path, deadly: str) -> None:
    journal = str(tmp_path / "journal")
    child = processes.Process(target=work, args=(sandbox.environment("operator"), journal))
    met = []

    def kill(event: dict) -> None:
        if event["operation"] == deadly:
            met.append(event)
            if len(met) == (4 if deadly == "AssumeRoot" else 1):
                os.kill(child.pid, signal.SIGKILL)

    sandbox.on_event(kill)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    before = opened(sandbox)
    assert before

    since = len(sandbox.events())
    result = run("root_credentials", environment=sandbox.environment("operator"), journal=journal, **OPTIONS)
    assert result["failed"] is False, result["msg"]
    again = opened(sandbox, since)
    recalled = [entry["account_id"] for entry in result["accounts"] if entry["journal_time"]]
    kept = {entry["account_id"] for entry in result["accounts"] if entry["outcome"] == "skipped"}
    assert set(recalled) == set(before[:-1]) - kept
    assert before[-1] in again
    assert not set(recalled) & set(again)
    truth = sandbox.snapshot()["root_users"]
    for entry in result["accounts"]:
        if entry["outcome"] in ("removed", "absent"):
            assert not any(truth[entry["account_id"]].values())


def deletions(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"] and event["service"] == "iam"]


def test_a_full_disk_under_the_journal_loses_no_result(
    sandbox: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case S6: closing raised, and no account was in the result after twelve deletions."""

    def full(*unused: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sweep_journal.os, "write", full)
    result = run(
        "root_credentials", environment=sandbox.environment("operator"), journal=str(tmp_path / "journal"), **OPTIONS
    )
    monkeypatch.undo()
    assert result["failed"] is False, result["msg"]
    assert result["changed"] is True
    assert len(deletions(sandbox)) == sum(
        item["outcome"] == "removed" for account in result["accounts"] for item in account["credentials"]
    )
    assert "No space left on device" in str(result["warnings"])


@pytest.mark.parametrize(
    "altered", [{}, {"credentials": [{}]}, {"credentials": None}, {"before": {}}, {"changed": "yes"}]
)
def test_an_altered_entry_ends_the_task_before_anything_is_done(sandbox: Box, tmp_path: Path, altered: dict) -> None:
    """Case S6: a KeyError after six deletions."""
    environment, journal = sandbox.environment("operator"), tmp_path / "journal"
    run("root_credentials", environment=environment, journal=str(journal), account_ids=[LEGACY], workers=1)
    line = json.loads(journal.read_text())
    line["entry"] = {**line["entry"], **altered} if altered else {}
    journal.write_text(json.dumps(line, sort_keys=True) + "\n")
    sandbox.reset()
    accounts = [PAYMENTS, LEGACY]
    result = run("root_credentials", environment=environment, journal=str(journal), account_ids=accounts, workers=1)
    assert result["failed"] is True
    assert "was altered: line 1 has no valid entry" in result["cause"]
    assert "nothing was done" in result["fix"]
    assert deletions(sandbox) == []
