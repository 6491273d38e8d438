"""The other sweeps beside the code before."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import sweeps
from benchmarks.figures import Bench, Figure, ratio
from benchmarks.stub import Stub


def access_role(bench: Bench) -> Iterator[Figure]:
    """organization_access_role_info, no delay."""
    yield from _beside_before(bench, "organization_access_role_info", bench.size(300, 60), 40, 12)


def lockouts(bench: Bench) -> Iterator[Figure]:
    """resource_policy_lockout_info over 17 regions, two buckets and a queue an account, no delay."""
    yield from _beside_before(bench, "resource_policy_lockout_info", bench.size(120, 20), 20, 8)


def _beside_before(bench: Bench, module: str, accounts: int, accounts_before: int, at_least: float) -> Iterator[Figure]:
    ours = []
    before = []
    with Stub() as stub:
        for number in range(bench.repeats):
            bench.progress(f"{module}, {accounts} accounts, {number + 1} of {bench.repeats}")
            ours.append(sweeps.module(bench.present, module, stub, accounts, memory=True))
            if bench.before:
                before.append(sweeps.module(bench.before, module, stub, accounts_before, memory=True))
    rates = [one.rate for one in ours]
    if bench.before:
        profile = sweeps.profiled(bench.present, module, accounts)
        note = f"before: {accounts_before} accounts, present: {accounts}"
        rates_before = [one.rate for one in before]
        yield ratio(
            f"{module}: accounts/s / before's", rates, rates_before, at_least=at_least, note=note, profile=profile
        )
    for name, measured in (("present", ours), ("before", before)):
        if measured:
            yield Figure(f"{module}: {name}", "accounts/s", [one.rate for one in measured])
            yield Figure(f"{module}: processor, {name}", "ms/account", [one.processor_ms for one in measured])
            yield Figure(f"{module}: memory, {name}", "MiB", [one.whole.peak for one in measured])
