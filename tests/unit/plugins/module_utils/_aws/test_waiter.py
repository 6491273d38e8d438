"""Polling and retrying, by a clock that takes no time."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.waiting import InstantClock

seconds = st.floats(1, 100)


@pytest.fixture(autouse=True)
def clock(no_waiting: InstantClock) -> InstantClock:
    return no_waiting


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.floats(0, 1000), seconds, st.none() | seconds)
def test_pauses_fill_the_time_and_not_more(clock: InstantClock, timeout: float, first: float, longest: float | None):
    begun = clock.now()
    for pause in waiter.within(timeout, first, longest):
        assert 0 < pause <= max(first, longest or 0)
        waiter.pause(pause)
    assert clock.now() - begun == pytest.approx(timeout, abs=1e-6)


def test_it_reads_until_it_is_done_and_no_more(clock: InstantClock) -> None:
    values = iter("abcd")
    assert waiter.poll(lambda: next(values), lambda value: value == "c", (1, 2, 4)) == "c"
    assert clock.slept == [1, 2]
    assert next(values) == "d"


def test_the_last_value_is_returned_when_the_time_is_over(clock: InstantClock) -> None:
    values = iter("abcd")
    assert waiter.poll(lambda: next(values), lambda value: False, (1, 2)) == "c"
    assert clock.slept == [1, 2]


def test_without_pauses_it_reads_once() -> None:
    values = iter("ab")
    assert waiter.poll(lambda: next(values), lambda value: False, ()) == "a"


def test_errors_that_pass_are_retried_and_the_last_one_is_raised(clock: InstantClock) -> None:
    errors = [ValueError("1"), ValueError("2"), ValueError("3")]

    def call() -> None:
        raise errors.pop(0)

    with pytest.raises(ValueError, match="3"):
        waiter.retry(call, lambda error: isinstance(error, ValueError), (1, 2))
    assert clock.slept == [1, 2]


def test_other_errors_end_it_at_once(clock: InstantClock) -> None:
    with pytest.raises(ZeroDivisionError):
        waiter.retry(lambda: 1 // 0, lambda error: isinstance(error, ValueError), (1, 2))
    assert clock.slept == []


def test_no_pause_is_no_pause(clock: InstantClock) -> None:
    waiter.pause(0)
    waiter.pause(-1)
    assert clock.slept == []
