"""Waves: their sizes, the stop at too many failures, the limit of accounts, and what is not reached."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import SweepOptions
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.waves import (
    Size,
    Waves,
    check_waves,
    limit_plan,
    sweep_in_waves,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from hypothesis import given
from hypothesis import strategies as st

BLANK = {"changed": False}
sizes = st.builds(Size, st.integers(1, 100), st.booleans())


def ids(number: int) -> list[str]:
    return [str(n).zfill(12) for n in range(number)]


def targets(number: int, skipped: int = 0) -> list[Target]:
    every = [Target(Account(one, f"name {one}", "ACTIVE")) for one in ids(number)]
    return [*every, *(Target(Account(f"9{n:011}", "", "CLOSED"), "closed") for n in range(skipped))]


def waves(*given: str, **options) -> Waves:
    return check_waves({"waves": list(given) or None, "max_failures": None, "max_accounts": None, **options})


class Accounts:
    """Work that removes something, except in accounts that fail or have nothing."""

    def __init__(self, fails: tuple = (), clean: tuple = (), unverified: tuple = ()) -> None:
        self.fails, self.clean, self.unverified = fails, clean, unverified
        self.begun: list[str] = []
        self._lock = threading.Lock()

    def work(self, account_id: str, entry: dict) -> None:
        with self._lock:
            self.begun.append(account_id)
        if account_id in self.fails:
            raise BreakglassError("AWS refused.", "Ask again.")
        if account_id in self.unverified:
            entry.update(outcome="unverified", changed=True)
            return
        changed = account_id not in self.clean
        entry.update(outcome="removed" if changed else "absent", changed=changed)

    def sweep(self, number: int, planned: Waves, workers: int = 4, skipped: int = 0, **arguments):
        return sweep_in_waves(
            targets(number, skipped), self.work, BLANK, planned, SweepOptions(workers=workers), **arguments
        )


@given(st.lists(sizes, max_size=5), st.integers(0, 300))
def test_waves_have_each_account_once_and_in_order(given_sizes, number):
    split = Waves(tuple(given_sizes)).split(ids(number))
    assert [one for wave in split for one in wave] == ids(number)
    assert all(split)


def test_the_last_size_repeats_and_a_share_is_of_all():
    assert [len(wave) for wave in waves("1", "10", "25%").split(ids(100))] == [1, 10, 25, 25, 25, 14]
    assert [len(wave) for wave in waves("1%").split(ids(3))] == [1, 1, 1]


def test_a_wave_begins_when_the_one_before_has_ended():
    accounts = Accounts()
    entries, course = accounts.sweep(30, waves("1", "4", "10"))
    assert [entry["outcome"] for entry in entries] == ["removed"] * 30
    assert accounts.begun[0] == ids(1)[0]
    assert set(accounts.begun[1:5]) == set(ids(5)[1:])
    assert set(accounts.begun[5:15]) == set(ids(15)[5:])
    assert [wave["account_ids"] for wave in course.waves] == waves("1", "4", "10").split(ids(30))
    assert course.stopped is None


def test_a_canary_that_fails_stops_everything():
    accounts = Accounts(fails=(ids(1)[0],))
    entries, course = accounts.sweep(20, waves("1", "10"), skipped=2)
    assert accounts.begun == ids(1)
    assert [entry["outcome"] for entry in entries] == ["failed", *["not_reached"] * 19, *["skipped"] * 2]
    assert "1 accounts are not done" in course.stopped.cause
    assert all(entry["reason"] and entry["fix"] for entry in entries[1:20])
    assert not any(entry["changed"] for entry in entries)


def test_an_unverified_account_is_a_failure_too():
    entries, course = Accounts(unverified=(ids(1)[0],)).sweep(5, waves("1"))
    assert [entry["outcome"] for entry in entries] == ["unverified", *["not_reached"] * 4]
    assert course.stopped


def test_a_number_of_failures_counts_over_all_waves():
    accounts = Accounts(fails=tuple(ids(20)[::4]))  # 0, 4, 8, 12, 16
    entries, _course = accounts.sweep(20, waves("5", max_failures="2"), workers=1)
    assert accounts.begun == ids(9)
    assert [entry["outcome"] for entry in entries].count("not_reached") == 11


def test_a_share_of_failures_counts_in_each_wave():
    accounts = Accounts(fails=tuple(ids(40)[::10]))
    entries, course = accounts.sweep(40, waves("10", max_failures="10%"), workers=1)
    assert course.stopped is None
    assert len(accounts.begun) == 40
    two = Accounts(fails=(ids(20)[11], ids(20)[13]))
    entries, course = two.sweep(40, waves("10", max_failures="10%"), workers=1)
    assert two.begun == ids(14)
    assert "2 accounts of 10 in this wave" in course.stopped.cause
    assert [entry["outcome"] for entry in entries].count("not_reached") == 26


def test_without_waves_a_stop_is_in_the_one_wave():
    accounts = Accounts(fails=(ids(3)[2],))
    entries, _course = accounts.sweep(10, waves(max_failures="0"), workers=1)
    assert accounts.begun == ids(3)
    assert [entry["outcome"] for entry in entries].count("not_reached") == 7


@pytest.mark.parametrize("workers", [1, 7])
def test_the_limit_counts_the_accounts_that_were_changed(workers):
    accounts = Accounts(clean=tuple(ids(30)[::2]))
    entries, course = accounts.sweep(30, waves(max_accounts=5), workers=workers)
    assert sum(entry["changed"] for entry in entries) == 5
    assert course.at_limit
    reached = [entry["account_id"] for entry in entries if entry["outcome"] != "not_reached"]
    assert sorted(accounts.begun) == reached == ids(10)


def test_accounts_that_are_only_read_come_last_and_in_no_wave():
    accounts = Accounts(clean=tuple(ids(10)[:5]))
    entries, course = accounts.sweep(10, waves("2"), changes=lambda account_id: account_id >= ids(10)[5])
    assert set(accounts.begun[5:]) == set(ids(5))
    assert [len(wave["account_ids"]) for wave in course.waves] == [2, 2, 1]
    assert [entry["account_id"] for entry in entries] == ids(10)


def test_an_interruption_reaches_no_other_wave():
    options = SweepOptions(workers=1)
    begun = []

    def work(account_id: str, entry: dict) -> None:
        begun.append(account_id)
        options.interrupted.set()
        entry.update(outcome="removed", changed=True)

    entries, course = sweep_in_waves(targets(6), work, BLANK, waves("1"), options)
    assert begun == ids(1)
    assert [entry["outcome"] for entry in entries] == ["removed", *["not_reached"] * 5]
    assert "interrupted" in course.stopped.cause


@given(
    number=st.integers(0, 40),
    fails=st.sets(st.integers(0, 40)),
    clean=st.sets(st.integers(0, 40)),
    given_sizes=st.lists(sizes, min_size=1, max_size=3),
    tolerated=st.one_of(st.none(), st.builds(Size, st.integers(0, 50), st.booleans())),
    limit=st.one_of(st.none(), st.integers(1, 20)),
)
def test_no_account_that_was_not_begun_is_reported_as_done(number, fails, clean, given_sizes, tolerated, limit):
    accounts = Accounts(fails=tuple(ids(41)[n] for n in fails), clean=tuple(ids(41)[n] for n in clean))
    entries, course = accounts.sweep(number, Waves(tuple(given_sizes), tolerated, limit))
    assert [entry["account_id"] for entry in entries] == ids(number)
    assert len(accounts.begun) == len(set(accounts.begun))
    for entry in entries:
        assert (entry["outcome"] == "not_reached") == (entry["account_id"] not in accounts.begun)
    assert any(entry["outcome"] == "not_reached" for entry in entries) <= bool(course.stopped)
    if limit:
        assert sum(entry["changed"] for entry in entries) <= limit


def test_a_plan_has_only_what_its_act_would_reach():
    item = {"kind": "password", "id": "password", "outcome": "removed", "reason": ""}
    before = {"password": {"present": True}}
    entries = [
        {
            "account_id": one,
            "outcome": "removed",
            "changed": True,
            "before": before,
            "after": {},
            "credentials": [item],
            "leftover_mfa_devices": ["arn"],
        }
        for one in ids(3)
    ]
    limit_plan(entries, waves(max_accounts=2))
    assert [entry["outcome"] for entry in entries] == ["removed", "removed", "not_reached"]
    assert entries[2]["credentials"][0]["outcome"] == "not_reached"
    assert entries[2]["after"] == before
    assert not entries[2]["changed"]
    assert entries[2]["leftover_mfa_devices"] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("waves", []),
        ("waves", ["0"]),
        ("waves", ["1", "0%"]),
        ("waves", ["101%"]),
        ("waves", ["-1"]),
        ("waves", ["1.5"]),
        ("waves", ["ten"]),
        ("waves", ["1"] * 101),
        ("max_failures", "-1"),
        ("max_failures", "101%"),
        ("max_failures", "%"),
        ("max_failures", ""),
        ("max_accounts", 0),
        ("max_accounts", -5),
        ("max_accounts", 50_001),
    ],
)
def test_values_out_of_range_are_refused(option, value):
    with pytest.raises(InvalidInput) as refused:
        waves(**{option: value})
    assert option in str(refused.value)


def test_an_error_that_ends_the_run_ends_the_waves_too():
    """Expired credentials fail every account: no other wave is begun, however many failures are tolerated."""
    begun = []

    def work(account_id: str, entry: dict) -> None:
        begun.append(account_id)
        error = BreakglassError("The credentials have expired.", "Sign in again.")
        error.ends_run = True
        raise error

    planned = waves("2", max_failures="100%")
    entries, course = sweep_in_waves(targets(8), work, BLANK, planned, SweepOptions(workers=1))
    assert begun == ids(1)
    assert "The credentials have expired." in course.stopped.cause
    assert len(course.waves) == 1
    assert [entry["outcome"] for entry in entries] == ["failed", "unreachable", *["not_reached"] * 6]
    assert "Sign in again." in entries[7]["fix"]
