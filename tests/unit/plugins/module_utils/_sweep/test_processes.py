"""Work in processes: all of it is done once, and a process that is killed is seen."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import processes, runner
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import Journal
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import SweepOptions, not_done, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

TERMS = {"do": "test"}


@pytest.fixture(autouse=True)
def two_processes(monkeypatch):
    """As if the first accounts had kept the interpreter busy."""
    monkeypatch.setattr(runner, "_BUSY", -1.0)
    monkeypatch.setattr(runner, "_TRIAL", 4)
    monkeypatch.setattr(runner, "_WORTH_PROCESSES", 4)
    monkeypatch.setattr(processes, "available", lambda: 2)


def targets(number):
    return [Target(Account(f"{place:012}", f"account-{place}", "ACTIVE")) for place in range(number)]


def read(account_id, entry):
    entry.update(outcome=v.UNCHANGED, pid=os.getpid())


def test_each_account_has_its_entry_from_one_of_the_processes(tmp_path):
    path = str(tmp_path / "journal")
    with Journal(path, TERMS, (v.UNCHANGED,)) as journal:
        entries = sweep(targets(60), read, {"pid": None}, options=SweepOptions(8, journal=journal), read_only=True)
    assert [entry["account_id"] for entry in entries] == [f"{place:012}" for place in range(60)]
    assert {entry["outcome"] for entry in entries} == {v.UNCHANGED}
    others = {entry["pid"] for entry in entries} - {os.getpid()}
    assert 1 <= len(others) <= 2
    with Journal(path, TERMS, (v.UNCHANGED,)) as journal:
        assert all(journal.recall(f"{place:012}") for place in range(60))


@pytest.mark.parametrize("seed", range(6))
def test_the_accounts_of_a_process_that_is_killed_are_unreachable_and_never_clean(tmp_path, seed):
    fate, parent = random.Random(seed), os.getpid()
    deadly = {f"{fate.randrange(4, 40):012}" for _number in range(fate.randrange(1, 4))}

    def work(account_id, entry):
        if account_id in deadly and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        read(account_id, entry)

    path = str(tmp_path / "journal")
    with Journal(path, TERMS, (v.UNCHANGED,)) as journal:
        options = SweepOptions(fate.choice([2, 6]), journal=journal)
        entries = sweep(targets(40), work, {"pid": None}, options=options, read_only=True)
    outcomes = {entry["account_id"]: entry["outcome"] for entry in entries}
    assert len(outcomes) == 40
    assert set(outcomes.values()) <= {v.UNCHANGED, v.UNREACHABLE}
    assert v.UNREACHABLE in outcomes.values()
    for entry in entries:  # clean means that it was read
        assert (entry["pid"] is None) == (entry["outcome"] == v.UNREACHABLE)
    for account_id in deadly:  # read here, after both processes had ended, or lost
        pid = next(entry["pid"] for entry in entries if entry["account_id"] == account_id)
        assert pid in (None, parent)
    assert all("ended too early (signal 9" in line for line in not_done(entries))
    with Journal(path, TERMS, (v.UNCHANGED,)) as journal:
        assert {one for one in outcomes if journal.recall(one)} == {
            one for one, outcome in outcomes.items() if outcome == v.UNCHANGED
        }


def test_an_error_that_ends_the_run_stops_all_processes():
    def work(account_id, entry):
        if int(account_id) >= 10:
            error = BreakglassError("The credentials have expired.", "Sign in again.")
            error.ends_run = True
            raise error
        read(account_id, entry)

    entries = sweep(targets(500), work, {"pid": None}, options=SweepOptions(4), read_only=True)
    unreached = [entry for entry in entries if entry["reason"].startswith("Not reached: ")]
    assert len(unreached) > 100
    assert all(entry["outcome"] == v.UNREACHABLE and "expired" in entry["reason"] for entry in unreached)
    assert all("With journal" in entry["fix"] for entry in unreached)
    assert sum(entry["outcome"] == v.UNCHANGED for entry in entries) == 10


def test_an_interruption_lets_the_accounts_in_work_end(monkeypatch):
    receive = processes._receive
    interrupted = []

    def once(readers, results):
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        receive(readers, results)

    monkeypatch.setattr(processes, "_receive", once)

    def work(account_id, entry):
        threading.Event().wait(0.02)
        read(account_id, entry)

    entries = sweep(targets(300), work, {"pid": None}, options=SweepOptions(2), read_only=True)
    outcomes = [entry["outcome"] for entry in entries]
    assert set(outcomes) == {v.UNCHANGED, v.FAILED}
    assert all("interrupted" in entry["reason"] for entry in entries if entry["outcome"] == v.FAILED)


def test_what_a_message_cannot_hold_is_sent_as_json():
    class Text(str):
        pass

    def work(account_id, entry):
        entry.update(outcome=v.UNCHANGED, pid=Text("here"))

    entries = sweep(targets(20), work, {"pid": None}, options=SweepOptions(2), read_only=True)
    assert [entry["pid"] for entry in entries] == ["here"] * 20


def test_a_sweep_that_may_change_something_stays_in_this_process():
    entries = sweep(targets(30), read, {"pid": None}, options=SweepOptions(4))
    assert {entry["pid"] for entry in entries} == {os.getpid()}


@pytest.mark.parametrize(("seen", "forks"), [([2, 2, 1], True), ([2] * 99, False)])
def test_no_process_is_forked_beside_a_thread_that_is_ending(monkeypatch, seen, forks):
    tasks = iter(seen)
    times = iter([0.0, 0.1, 0.2, 5.0])
    monkeypatch.setattr(processes.os, "listdir", lambda _folder: ["1"] * next(tasks))
    monkeypatch.setattr(processes.time, "monotonic", lambda: next(times))
    assert processes._is_alone() is forks


def test_a_garbage_collection_copies_nothing_that_the_processes_share():
    def work(account_id, entry):
        entry.update(outcome=v.UNCHANGED, frozen=gc.get_freeze_count())

    entries = sweep(targets(20), work, {"frozen": 0}, options=SweepOptions(2), read_only=True)
    assert all(entry["frozen"] for entry in entries[4:])
    assert not gc.get_freeze_count()
