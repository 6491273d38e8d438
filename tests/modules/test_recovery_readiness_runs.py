"""Verdicts against reality: each recovery that is said to work or to fail is run in each account of the sandbox.

With BREAKGLASS_EVERY_VERDICT, which `make nightly` sets, all of them are run; else one that works and one that fails
of each recovery.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import readiness_organization as planted
from support.readiness_runs import Recovery
from support.run_module import run

from breakglass_aws.sandbox import Box, in_process

FULL = "BREAKGLASS_EVERY_VERDICT" in os.environ
CERTAIN = ("works", "fails")
Verdicts = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def working() -> Iterator[Box]:
    """The organization with defects, and with something to recover in each account."""
    with in_process(planted.with_work()) as box:
        yield box


@pytest.fixture(autouse=True)
def clock(no_waiting: Any, working: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause of the collection takes no time, and moves the sandbox's clock."""
    sleep = no_waiting.sleep
    monkeypatch.setattr(no_waiting, "sleep", lambda seconds: (sleep(seconds), working.advance(seconds)))


def verdicts(box: Box, identity: str = "operator", **options: Any) -> Verdicts:
    """What is said of each account, by name, and each recovery."""
    given = {"all_accounts": True, "confirmed": planted.CONFIRMED, "own_domains": ["example.com"], **options}
    found = run("recovery_readiness_info", environment=box.environment(identity), **given)
    assert not found["failed"], found["msg"]
    return {
        entry["name"]: {recovery: one["verdict"] for recovery, one in entry["recoveries"].items()}
        for entry in found["accounts"]
    }


def as_planted(box: Box) -> Box:
    box.reset()
    planted.plant(box)
    return box


def trials(said: Verdicts, full: bool) -> list[tuple[str, str, str]]:
    """The certain verdicts to try: name, recovery, verdict. Unless ``full``, the first of each recovery and verdict."""
    found = [
        (name, recovery, verdict)
        for name, recoveries in said.items()
        for recovery, verdict in recoveries.items()
        if verdict in CERTAIN
    ]
    return (
        found
        if full
        else list({(recovery, verdict): (name, recovery, verdict) for name, recovery, verdict in found}.values())
    )


def lies(box: Box, said: Verdicts, folder: Path, prepare: Callable[[Box], Box], full: bool, identity: str) -> list[str]:
    """The certain verdicts that running the recovery shows to be wrong."""
    wrong = []
    for name, recovery, verdict in trials(said, full):
        prepare(box)
        worked = getattr(Recovery(box, planted.IDS[name], name, folder, identity), recovery)()
        if worked != (verdict == "works"):
            wrong.append(f"{recovery} in {name} {verdict}, it is said, and it {'works' if worked else 'fails'}")
    return wrong


@pytest.mark.parametrize("with_root_sessions", [False, True])
def test_every_certain_verdict_is_right(working, tmp_path, with_root_sessions):
    said = verdicts(as_planted(working), with_root_sessions=with_root_sessions, with_role_sessions=with_root_sessions)
    assert lies(working, said, tmp_path, as_planted, FULL, "operator") == []
    counts = [verdict for recoveries in said.values() for verdict in recoveries.values()]
    judged = len(counts) - counts.count("not_applicable")
    assert counts.count("unknown") / judged < 0.1
    print(json.dumps({verdict: counts.count(verdict) for verdict in dict.fromkeys(counts)}), judged)
