"""The sandbox beside stock moto_server, and its start and memory."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import sandbox_speed
from benchmarks.figures import Bench, Figure


def sandbox(bench: Bench) -> Iterator[Figure]:
    """All figures of sandbox_speed.py, which can also be run alone."""
    bench.progress("the sandbox beside stock moto_server")
    measured = [
        *sandbox_speed.starts(min(bench.repeats, 2), 10_000),
        *sandbox_speed.speed(bench.repeats, seconds=1.0, connections=4),
    ]
    for one in measured:
        if one.values:
            is_ratio = one.unit == "times"
            yield Figure(
                one.name,
                one.unit,
                one.values,
                at_most=one.below,
                at_least=one.at_least,
                ratio=is_ratio,
                more_is_better=is_ratio,
            )
