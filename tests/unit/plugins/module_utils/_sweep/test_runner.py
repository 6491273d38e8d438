from __future__ import annotations

import threading

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._errors import Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done, summarize, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from hypothesis import given
from hypothesis import strategies as st

BEHAVIOURS = ("absent", "unreachable", "bug", "skip")


def targets_of(behaviours) -> list[Target]:
    return [
        Target(Account(f"{number:012}", behaviour, "ACTIVE"), "protected" if behaviour == "skip" else "")
        for number, behaviour in enumerate(behaviours)
    ]


@given(st.lists(st.sampled_from(BEHAVIOURS), max_size=12), st.integers(1, 5))
def test_every_account_has_its_entry_in_order_whatever_happens(behaviours, workers):
    targets = targets_of(behaviours)
    names = {target.account.id: target.account.name for target in targets}

    def work(account_id, entry):
        entry["found"].append(account_id)
        if names[account_id] == "unreachable":
            raise Unreachable("Cause.", "Fix.")
        if names[account_id] == "bug":
            raise KeyError("surprise")
        entry["outcome"] = v.ABSENT

    entries = sweep(targets, work, blank={"found": []}, workers=workers)
    expected = {"absent": v.ABSENT, "unreachable": v.UNREACHABLE, "bug": v.FAILED, "skip": v.SKIPPED}
    assert [entry["account_id"] for entry in entries] == [target.account.id for target in targets]
    assert [entry["outcome"] for entry in entries] == [expected[behaviour] for behaviour in behaviours]
    assert all(bool(entry["reason"]) == (entry["outcome"] != v.ABSENT) for entry in entries)
    assert all(entry["found"] == ([] if entry["outcome"] == v.SKIPPED else [entry["account_id"]]) for entry in entries)
    assert sum(summarize(entries).values()) == len(entries)
    assert len(not_done(entries)) == behaviours.count("unreachable") + behaviours.count("bug")


def test_no_more_accounts_are_in_work_than_there_are_workers():
    running, most, lock = 0, 0, threading.Lock()

    def work(account_id, entry):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    sweep(targets_of(["absent"] * 12), work, blank={}, workers=3)
    assert most == 3


def test_an_interrupted_sweep_begins_no_account_more_and_returns_all_entries(monkeypatch):
    done, wait_for = [], runner._wait_for

    def interrupted(threads):
        monkeypatch.setattr(runner, "_wait_for", wait_for)
        while not done:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_wait_for", interrupted)

    def work(account_id, entry):
        if done:
            threading.Event().wait(0.2)
        done.append(account_id)
        entry["outcome"] = v.ABSENT

    entries = sweep(targets_of(["absent"] * 20), work, blank={}, workers=1)
    assert len(entries) == 20
    assert [entry["outcome"] for entry in entries].count(v.ABSENT) == len(done) < 4
    assert all("interrupted" in entry["reason"] for entry in entries if entry["outcome"] == v.FAILED)
    assert len(not_done(entries)) == 20 - len(done)


def test_several_interruptions_let_the_accounts_in_work_end_too(monkeypatch):
    wait_for, interruptions, go_on, ended = runner._wait_for, [1, 2, 3], threading.Event(), []

    def interrupted(threads):
        if interruptions:
            interruptions.pop()
            raise KeyboardInterrupt
        go_on.set()
        wait_for(threads)

    monkeypatch.setattr(runner, "_wait_for", interrupted)

    def work(account_id, entry):
        go_on.wait(20)
        ended.append(account_id)
        entry["outcome"] = v.ABSENT

    entries = sweep(targets_of(["absent"] * 5), work, blank={}, workers=1)
    assert [entry["account_id"] for entry in entries if entry["outcome"] == v.ABSENT] == ended


def test_finding_out_more_about_an_error_does_not_lose_it():
    def work(account_id, entry):
        raise Unreachable("Cause.", "Fix.")

    def fails(error):
        raise KeyError("surprise")

    [entry] = sweep(targets_of(["absent"]), work, blank={}, explain_error=fails)
    assert (entry["outcome"], entry["reason"]) == (v.UNREACHABLE, "Cause.")
