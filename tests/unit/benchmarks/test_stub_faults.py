"""The benchmark stub's quotas and faults: pure logic, the time is an argument."""

from __future__ import annotations

import pytest
from benchmarks.stub.config import Config
from benchmarks.stub.faults import Fate, Faults, TokenBucket
from hypothesis import given
from hypothesis import strategies as st

OPERATION = "sts:AssumeRoot"


def fates(config: Config, calls: int, operation: str = OPERATION) -> list[Fate]:
    faults = Faults(config)
    return [faults.decide(operation, float(number)) for number in range(calls)]


def test_without_faults_every_call_is_answered():
    assert set(fates(Config(), 100)) == {Fate.ANSWERED}


def test_the_burst_goes_at_once_and_the_next_call_waits_for_its_token():
    bucket = TokenBucket(rate=10, burst=20)
    assert [bucket.take(5.0) for _ in range(21)] == [True] * 20 + [False]
    assert not bucket.take(5.09)
    assert bucket.take(5.1)
    assert not bucket.take(5.1)


def test_a_long_pause_gives_no_more_than_the_burst():
    bucket = TokenBucket(rate=10, burst=3)
    assert all(bucket.take(0.0) for _ in range(3))
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


@given(st.floats(0.5, 100), st.integers(1, 50), st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_never_more_than_burst_and_rate_allow(rate, burst, pauses):
    bucket, now, taken = TokenBucket(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= burst + (now - pauses[0]) * rate + 0.01


def test_a_quota_is_of_one_operation():
    quotas = {OPERATION: (1.0, 1.0)}
    faults = Faults(Config(quotas=quotas))
    assert [faults.decide(OPERATION, 0.0) for _ in range(2)] == [Fate.ANSWERED, Fate.THROTTLED]
    assert faults.decide("iam:GetUser", 0.0) is Fate.ANSWERED


def test_shares_of_random_faults():
    found = fates(Config(throttle=0.2, reset=0.02), 20_000)
    assert found.count(Fate.THROTTLED) == pytest.approx(4000, rel=0.1)
    assert found.count(Fate.RESET_BEFORE) == pytest.approx(200, rel=0.3)
    assert found.count(Fate.RESET_AFTER) == pytest.approx(200, rel=0.3)


def test_faults_may_be_limited_to_operations():
    config = Config(throttle=1.0, operations=("iam:GetUser",))
    assert set(fates(config, 5)) == {Fate.ANSWERED}
    assert set(fates(config, 5, "iam:GetUser")) == {Fate.THROTTLED}


def test_the_same_seed_has_the_same_faults():
    assert fates(Config(throttle=0.5, seed=7), 50) == fates(Config(throttle=0.5, seed=7), 50)
    assert fates(Config(throttle=0.5, seed=7), 50) != fates(Config(throttle=0.5, seed=8), 50)


def test_an_unknown_setting_is_refused():
    with pytest.raises(TypeError, match="dela"):
        Config().updated({"dela": 1})
