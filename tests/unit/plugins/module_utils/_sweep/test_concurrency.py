from __future__ import annotations

import threading

from ansible_collections.breakglass.aws.plugins.module_utils._sweep import concurrency
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.concurrency import ConcurrencyLimiter
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 20), st.lists(st.sampled_from(["throttled", "done"]), max_size=80))
def test_it_stays_between_one_and_the_most(most, events):
    limiter = ConcurrencyLimiter(most)
    limiter._slowed = -concurrency.BURST_SECONDS
    for event in events:
        if event == "throttled":
            limiter._slowed -= concurrency.BURST_SECONDS  # as if in another burst
            limiter.slow_down()
        else:
            with limiter:
                pass
        assert 1 <= limiter.allowed <= most


def test_one_burst_of_refusals_halves_it_once_and_calm_brings_it_back():
    limiter = ConcurrencyLimiter(8)
    for _ in range(5):
        limiter.slow_down()
    assert limiter.allowed == 4
    for _ in range(4 + 5 + 6 + 7):
        with limiter:
            pass
    assert limiter.allowed == 8


def test_no_more_are_admitted_than_allowed():
    limiter = ConcurrencyLimiter(2)
    limiter.slow_down()
    entered = threading.Event()

    def second() -> None:
        with limiter:
            entered.set()

    with limiter:
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    thread.join()
