"""Sweeps under a quota, and under random throttling and resets."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import sweeps
from benchmarks.figures import Bench, Figure, ratio
from benchmarks.stub import Stub

MODULE, DELAY, WORKERS = "root_credentials_info", 0.03, 8
RATE, BURST = 10.0, 20.0
THROTTLE, RESET = 0.2, 0.02


def quota(bench: Bench) -> Iterator[Figure]:
    """AssumeRoot limited to 10 calls a second, 20 at once."""
    accounts = bench.size(300, 60)
    allowed = (accounts - BURST) / RATE  # seconds until the quota lets the last call pass
    seconds, calls, calm_calls, accounted = [], [], [], []
    with Stub(delay=DELAY) as stub:
        for number in range(min(bench.repeats, 2)):
            bench.progress(f"AssumeRoot {RATE:g}/s, {accounts} accounts, {number + 1} of {min(bench.repeats, 2)}")
            stub.configure(quotas={})
            calm = sweeps.module(bench.present, MODULE, stub, accounts)
            stub.configure(quotas={"sts:AssumeRoot": (RATE, BURST)})
            limited = sweeps.module(bench.present, MODULE, stub, accounts)
            seconds.append(limited.seconds)
            calls.append(float(limited.stats["total"]))
            calm_calls.append(float(calm.stats["total"]))
            accounted.append(limited.outcomes.get("unchanged", 0) / accounts)
    settings = {"delay": DELAY, "quotas": {"sts:AssumeRoot": (RATE, BURST)}}
    profile = sweeps.profiled(bench.present, MODULE, accounts, settings)
    yield ratio("time / the quota's own", seconds, [allowed] * len(seconds), at_most=1.1, profile=profile)
    yield ratio("calls / calls without one", calls, calm_calls, at_most=1.3)
    yield Figure("accounts read", "share", accounted, at_least=1)


def faults(bench: Bench) -> Iterator[Figure]:
    """A fifth of all calls throttled at random, and 2 % of the connections reset."""
    accounts = bench.size(100, 40)
    seconds, calm_seconds, calm_before, true, read = [], [], [], [], []
    with Stub(delay=DELAY) as stub:
        for number in range(bench.repeats):
            bench.progress(f"20 % throttled, 2 % reset, {accounts} accounts, {number + 1} of {bench.repeats}")
            stub.configure(throttle=0.0, reset=0.0)
            calm_seconds.append(sweeps.module(bench.present, MODULE, stub, accounts, workers=WORKERS).seconds)
            if bench.before:
                calm_before.append(sweeps.module(bench.before, MODULE, stub, accounts, workers=WORKERS).seconds)
            stub.configure(throttle=THROTTLE, reset=RESET, seed=number + 1)
            found = sweeps.module(bench.present, MODULE, stub, accounts, workers=WORKERS)
            seconds.append(found.seconds)
            # Every account of the stub has root credentials: "absent" would be untrue.
            true.append((accounts - found.outcomes.get("absent", 0)) / accounts)
            read.append(found.outcomes.get("unchanged", 0) / accounts)
    settings = {"delay": DELAY, "throttle": THROTTLE, "reset": RESET}
    profile = sweeps.profiled(bench.present, MODULE, accounts, settings, workers=WORKERS)
    yield ratio("time / time without", seconds, calm_seconds, at_most=3.5, profile=profile)
    if calm_before:
        yield ratio("time / before's time without", seconds, calm_before)
    yield Figure("true outcomes", "share", true, at_least=1)
    yield Figure("accounts read", "share", read)
