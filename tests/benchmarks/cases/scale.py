"""Memory of sweeps over large organizations."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import sweeps
from benchmarks.figures import Bench, Figure, ratio
from benchmarks.stub import Stub


def memory(bench: Bench) -> Iterator[Figure]:
    """root_credentials_info with a journal over 1,000 and 10,000 accounts: the peak of all its processes at once."""
    peaks: dict[int, list[float]] = {}
    with Stub() as stub:
        for accounts in (1000, bench.size(10_000, 2000)):
            bench.progress(f"memory, {accounts:,} accounts")
            journal = str(bench.work / f"journal-{accounts}.jsonl")
            found = sweeps.module(bench.present, "root_credentials_info", stub, accounts, memory=True, journal=journal)
            if found.outcomes.get("unchanged") != accounts:
                raise RuntimeError(f"{accounts} accounts: {found.outcomes}")
            peaks[accounts] = [found.whole.peak]
    few, many = peaks
    yield Figure(f"memory, {many:,} accounts", "MiB", peaks[many], at_most=125)
    yield ratio(f"memory, {many:,} accounts / {few:,}", peaks[many], peaks[few], at_most=1.3)
