"""A sweep that is killed in the middle goes on from its journal: nothing done is done again, nothing is forgotten."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import removal
from support.run_module import run

from sandbox import Box

processes = multiprocessing.get_context("spawn")
OPTIONS = {"all_accounts": True, "protected_accounts": ["777788889999"], "workers": 1}


def work(environment: dict, journal: str) -> None:
    removal.READ_BACK_PAUSES = (0,)
    run("root_credentials", environment=environment, journal=journal, **OPTIONS)


def opened(box: Box, since: int = 0) -> list[str]:
    return [event["resource"].split(":")[4] for event in box.events()[since:] if event["operation"] == "AssumeRoot"]


@pytest.mark.parametrize("deadly", ["AssumeRoot", "DeleteLoginProfile"])
def test_it_goes_on_where_it_was_killed(sandbox: Box, tmp_path: Path, monkeypatch, deadly: str) -> None:
    monkeypatch.setattr(removal, "READ_BACK_PAUSES", (0,))
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
