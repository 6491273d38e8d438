"""Analysis and repair of policies: time for large ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.figures import Bench, Figure
from benchmarks.trees import CHECKOUT

_WORKER = Path(__file__).parents[1] / "policy_worker.py"


def analysis(bench: Bench) -> Iterator[Figure]:
    """A policy of 20 KB with 100 statements for 50 administrators, and the worst ones known within AWS's limits."""
    common: list[float] = []
    worst: dict[str, list[float]] = {}
    for number in range(bench.repeats):
        bench.progress(f"policies, {number + 1} of {bench.repeats}")
        ended = processes.run([sys.executable, str(_WORKER), str(CHECKOUT)], bench.present.environment, timeout=300)
        if ended.status:
            raise RuntimeError(f"{ended.output[-2000:]} {ended.errors[-2000:]}")
        seconds = json.loads(ended.output)
        common.append(seconds.pop("common"))
        for name, one in seconds.items():
            worst.setdefault(name, []).append(one)
    yield Figure("20 KB, 100 statements, 50 administrators", "s of processor", common, at_most=1)
    for name, values in worst.items():
        yield Figure(name, "s of processor", values, at_most=3)
