"""root_credentials_info beside the floor, the code before, an Ansible loop and boto3 with a session an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import sweeps
from benchmarks.cases.ansible_loop import seconds_an_account
from benchmarks.figures import Bench, Figure, ratio
from benchmarks.stub import Stub
from benchmarks.sweeps import Sweep

MODULE = "root_credentials_info"
DELAY = 0.03
# Six calls an account, and one for each access key: every fourth account of the stub has one.
CALLS = 6.25


def latency(bench: Bench) -> Iterator[Figure]:
    """30 ms an answer, as AWS from near by; 8 and 20 workers."""
    accounts = bench.size(300, 60)
    floor: dict[int, list[Sweep]] = {8: [], 20: []}
    ours: dict[int, list[Sweep]] = {8: [], 20: []}
    before: list[Sweep] = []
    with Stub(delay=DELAY) as stub:
        for number in range(bench.repeats):
            bench.progress(f"{MODULE}, 30 ms, {accounts} accounts, {number + 1} of {bench.repeats}")
            for workers in (8, 20):
                floor[workers].append(sweeps.client("floor", stub, accounts, workers))
                ours[workers].append(sweeps.module(bench.present, MODULE, stub, accounts, workers=workers))
            if bench.before:
                before.append(sweeps.module(bench.before, MODULE, stub, accounts, workers=8))
    at_20, at_8 = (sweeps.profiled(bench.present, MODULE, accounts, {"delay": DELAY}, workers=n) for n in (20, 8))
    yield ratio(
        "30 ms, 20 workers: time / floor's", _seconds(ours[20]), _seconds(floor[20]), at_most=1.1, profile=at_20
    )
    yield ratio("30 ms, 8 workers: time / floor's", _seconds(ours[8]), _seconds(floor[8]), at_most=0.65, profile=at_8)
    if before:
        name = "30 ms, 8 workers: time / before's"
        yield ratio(name, _seconds(ours[8]), _seconds(before), at_most=0.42, profile=at_8)
    yield from _processor("30 ms, 8 workers", ours[8], floor[8], before, at_8)
    calls = [one.calls / accounts for one in ours[8]]
    yield Figure("calls an account", "calls", calls, at_most=CALLS, ratio=True, profile=at_8)
    everything = [("floor", 8, floor[8]), ("floor", 20, floor[20]), ("present", 8, ours[8]), ("present", 20, ours[20])]
    for name, workers, measured in [*everything, *([("before", 8, before)] if before else [])]:
        yield Figure(f"30 ms, {workers} workers: {name}", "accounts/s", [one.rate for one in measured])


def throughput(bench: Bench) -> Iterator[Figure]:
    """No delay: what the processors allow, each code with its own number of workers."""
    accounts = bench.size(1000, 200)
    floor: list[Sweep] = []
    ours: list[Sweep] = []
    before: list[Sweep] = []
    with Stub() as stub:
        for number in range(bench.repeats):
            bench.progress(f"{MODULE}, 0 ms, {accounts} accounts, {number + 1} of {bench.repeats}")
            floor.append(sweeps.client("floor", stub, accounts, 8))
            ours.append(sweeps.module(bench.present, MODULE, stub, accounts))
            if bench.before:
                before.append(sweeps.module(bench.before, MODULE, stub, accounts))
    profile = sweeps.profiled(bench.present, MODULE, accounts)
    if before:
        yield ratio("0 ms: accounts/s / before's", _rates(ours), _rates(before), at_least=6, profile=profile)
    yield from _processor("0 ms", ours, floor, before, profile)
    for name, measured in (("floor", floor), ("present", ours), ("before", before)):
        if measured:
            yield Figure(f"0 ms: {name}", "accounts/s", _rates(measured))
            yield Figure(f"0 ms: processor, {name}", "ms/account", [one.processor_ms for one in measured])
            start = [one.whole.processor - one.processor for one in measured]
            yield Figure(f"start and imports: processor, {name}", "s", start)


def tls(bench: Bench) -> Iterator[Figure]:
    """Connections over TLS."""
    accounts = bench.size(300, 60)
    floor: list[Sweep] = []
    ours: list[Sweep] = []
    with Stub(tls=True) as stub:
        for number in range(bench.repeats):
            bench.progress(f"{MODULE}, TLS, {accounts} accounts, {number + 1} of {bench.repeats}")
            floor.append(sweeps.client("floor", stub, accounts, 8))
            ours.append(sweeps.module(bench.present, MODULE, stub, accounts, workers=8))
    profile = sweeps.profiled(bench.present, MODULE, accounts, {"tls": True}, workers=8)
    yield ratio(
        "TLS, 8 workers: processor / floor's", _processors(ours), _processors(floor), at_most=1.7, profile=profile
    )
    yield Figure("TLS, 8 workers: connections", "connections", [one.stats["connections"] for one in ours])
    for name, measured in (("floor", floor), ("present", ours)):
        yield Figure(f"TLS, 8 workers: processor, {name}", "ms/account", [one.processor_ms for one in measured])


def peers(bench: Bench) -> Iterator[Figure]:
    """What is written without this module: a loop of tasks, a script. Few accounts, and extrapolated."""
    accounts, few, workers = bench.size(300, 60), 20, 20
    ours: list[float] = []
    loop: list[float] = []
    sessions: list[float] = []
    with Stub(delay=DELAY) as stub:
        for number in range(bench.repeats):
            bench.progress(f"{MODULE} beside peers, 30 ms, {number + 1} of {bench.repeats}")
            ours.append(sweeps.module(bench.present, MODULE, stub, accounts, workers=workers).rate)
            loop.append(1 / seconds_an_account(bench.present, stub, few, bench.work / f"loop-{number}"))
            sessions.append(sweeps.client("sessions", stub, 2 * few, workers).rate)
    note = f"extrapolated from {few} accounts"
    yield ratio("30 ms, 20 workers: accounts/s / Ansible loop's", ours, loop, at_least=60, note=note)
    note = f"extrapolated from {2 * few} accounts"
    yield ratio("30 ms, 20 workers: accounts/s / boto3 sessions'", ours, sessions, at_least=30, note=note)
    yield Figure("30 ms: Ansible loop", "accounts/s", loop)
    yield Figure("30 ms, 20 workers: boto3, a session an account", "accounts/s", sessions)


def _processor(
    name: str, ours: list[Sweep], floor: list[Sweep], before: list[Sweep], profile: Callable[[], str]
) -> Iterator[Figure]:
    compared = f"{name}: processor / floor's"
    yield ratio(compared, _processors(ours), _processors(floor), at_most=1.5, profile=profile)
    if before:
        compared = f"{name}: processor / before's"
        yield ratio(compared, _processors(ours), _processors(before), at_most=0.35, profile=profile)


def _seconds(measured: list[Sweep]) -> list[float]:
    return [one.seconds for one in measured]


def _rates(measured: list[Sweep]) -> list[float]:
    return [one.rate for one in measured]


def _processors(measured: list[Sweep]) -> list[float]:
    return [one.processor_ms for one in measured]
