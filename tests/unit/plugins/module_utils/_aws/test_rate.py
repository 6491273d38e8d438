"""A sweep under a quota takes the quota's own time. Refusals at random hardly make one longer.

Each case is a simulation: workers, a service with a quota, and a clock that jumps to the next event.
"""

from __future__ import annotations

import heapq
import os
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.rate import PATIENCE, Rates, TokenBucket
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retry_policy import pause_before
from hypothesis import given, settings
from hypothesis import strategies as st

LATENCY, READS = 0.03, 0.06  # seconds of a call, and of the reads after it


class Clock(waiter.Clock):
    """Stands at the time of an event; a pause within it is remembered."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept = 0.0

    def at(self, time: float) -> None:
        self.time, self.slept = time, 0.0

    def now(self) -> float:
        return self.time + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass
class Service:
    """Accepts ``rate`` calls a second after ``burst`` calls, but for a random ``share``."""

    rate: float | None = None
    burst: float = 0
    share: float = 0
    fate: random.Random = field(default_factory=lambda: random.Random(1))
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def accepts(self, now: float) -> bool:
        if self.rate is not None:
            self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
            if self.tokens < 1:
                return False
            self.tokens -= 1
        return self.fate.random() >= self.share


@dataclass
class Course:
    """How a sweep went."""

    seconds: float = 0.0
    calls: int = 0
    refused: int = 0
    failed: int = 0


def sweep(clock: Clock, bucket: TokenBucket, service: Service, accounts: int, workers: int) -> Course:
    """``accounts`` calls that are repeated until they are accepted, or the bucket is exhausted."""
    course, begun, left = Course(), clock.time, accounts
    service.at = begun
    events: list[tuple[float, int, str, int]] = []

    def then(time: float, what: str, attempt: int = 1) -> None:
        heapq.heappush(events, (time, len(events) + course.calls * 1000, what, attempt))

    for _worker in range(workers):
        then(begun, "account")
    while events:
        time, _order, what, attempt = heapq.heappop(events)
        clock.at(time)
        if what == "account" and left:
            left -= 1
            what = "turn"
        if what == "turn":
            bucket.wait()
            then(clock.now(), "call", attempt)
        elif what == "call":
            course.calls += 1
            then(time + LATENCY, "accepted" if service.accepts(time) else "refused", attempt)
        elif what == "accepted":
            bucket.learn(accepted=True)
            course.seconds = time - begun
            then(time + READS, "account")
        elif what == "refused":
            course.refused += 1
            bucket.learn(accepted=False)
            if bucket.exhausted:
                course.failed += 1
                course.seconds = time - begun
                left = 0  # the error ends the run
            else:
                then(time + pause_before(1 if bucket.rate else attempt + 1), "turn", attempt + 1)
    return course


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiter, "clock", clock)
    return clock


def course_of(service: Service, accounts: int, workers: int) -> Course:
    clock, before = Clock(), waiter.clock
    waiter.clock = clock
    try:
        return sweep(clock, bucket_of(), service, accounts, workers)
    finally:
        waiter.clock = before


def bucket_of() -> TokenBucket:
    bucket = Rates().of("sts", "AssumeRoot")
    assert bucket is not None
    return bucket


EXAMPLES = min(200, int(os.environ.get("BREAKGLASS_EXAMPLES", 30)))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    rate=st.sampled_from([2, 5, 10, 20, 40]),
    burst=st.sampled_from([5, 20, 50]),
    workers=st.sampled_from([8, 16, 20, 32, 64]),
    seed=st.integers(0, 1000),
)
def test_a_sweep_under_a_quota_takes_the_quotas_own_time(rate: float, burst: float, workers: int, seed: int) -> None:
    random.seed(seed)
    accounts = 300
    course = course_of(Service(rate, burst), accounts, workers)
    own = (accounts - burst) / rate
    unlimited = accounts / workers * (LATENCY + READS)  # what the workers themselves take
    assert course.failed == 0
    assert course.seconds <= 1.1 * max(own, unlimited) + 1
    # A calm run makes 6.25 calls an account: 1.3 times as many are allowed.
    assert course.refused <= 0.3 * 6.25 * accounts


@settings(max_examples=EXAMPLES, deadline=None)
@given(workers=st.sampled_from([8, 16, 20, 64]), seed=st.integers(0, 1000))
def test_refusals_at_random_do_not_slow_a_sweep_down_for_long(workers: int, seed: int) -> None:
    random.seed(seed)
    calm = course_of(Service(), 300, workers)
    course = course_of(Service(share=0.2, fate=random.Random(seed)), 300, workers)
    assert course.failed == 0
    assert course.seconds <= 2.5 * calm.seconds + 5  # some account is refused many times in a row


def test_nothing_is_slowed_down_before_many_calls_are_refused(clock: Clock) -> None:
    bucket = bucket_of()
    for _call in range(100):
        bucket.wait()
        bucket.learn(accepted=True)
    bucket.learn(accepted=False)
    assert clock.slept == 0
    assert bucket.rate is None


@pytest.mark.parametrize("workers", [1, 8, 64])
def test_a_quota_that_never_recovers_ends_the_run(workers: int) -> None:
    course = course_of(Service(rate=0, burst=30), 1000, workers)
    assert course.failed >= 1
    assert PATIENCE <= course.seconds < 4 * PATIENCE
    assert course.calls < 3000


def test_a_quota_is_exhausted_after_a_minute_in_which_nothing_was_accepted(clock: Clock) -> None:
    """The options' documentation promises the minute."""
    bucket = bucket_of()
    bucket.learn(accepted=False)
    for seconds, exhausted in ((0, False), (59.9, False), (60, True), (600, True)):
        clock.at(1000 + seconds)
        assert bucket.exhausted is exhausted
    bucket.learn(accepted=True)
    assert not bucket.exhausted


def test_a_quota_that_recovers_is_used_again(clock: Clock) -> None:
    bucket, service = bucket_of(), Service(rate=1, burst=5)
    sweep(clock, bucket, service, 60, 16)
    slow = bucket.rate
    service.rate, service.burst = 1000, 1000
    course = sweep(clock, bucket, service, 600, 16)
    assert slow is not None
    assert slow < 6
    assert bucket.rate > 2 * slow
    assert course.failed == 0


def test_each_quota_has_a_bucket_of_its_own() -> None:
    rates: Any = Rates()
    assert rates.of("organizations", "ListAccounts") is rates.of("organizations", "DescribeAccount")
    assert rates.of("sts", "AssumeRoot") is not rates.of("sts", "AssumeRole")
    assert rates.of("sts", "GetCallerIdentity") is None
    assert rates.of("iam", "GetUser") is None


def test_processes_share_what_was_learned(clock: Clock) -> None:
    rates = Rates()
    rates.share()
    child = os.fork()
    if child == 0:
        for _call in range(40):
            clock.time += 0.05
            rates.of("sts", "AssumeRoot").learn(accepted=False)
        os._exit(0)
    os.waitpid(child, 0)
    assert rates.of("sts", "AssumeRoot").rate is not None
