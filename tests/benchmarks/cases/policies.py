"""Analysis and repair of policies: time for large ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.figures import Bench, Figure
from benchmarks.trees import CHECKOUT

_TESTS = Path(__file__).parents[2]
_WORKER = _TESTS / "benchmarks/policy_worker.py"


def analysis(bench: Bench) -> Iterator[Figure]:
    """A usual policy of 20 KB with 100 statements for 50 administrators, and the slowest within AWS's limits."""
    environment = bench.present.environment
    environment["PYTHONPATH"] += f"{os.pathsep}{_TESTS}"
    usual: list[float] = []
    slowest: list[tuple[float, str]] = []
    count = 0
    for number in range(bench.repeats):
        bench.progress(f"policies, {number + 1} of {bench.repeats}")
        ended = processes.run([sys.executable, str(_WORKER), str(CHECKOUT)], environment, timeout=300)
        if ended.status:
            raise RuntimeError(f"{ended.output[-2000:]} {ended.errors[-2000:]}")
        (name, seconds), *others = json.loads(ended.output).items()
        usual.append(seconds)
        slowest.append(max((seconds, name) for name, seconds in others))
        count = len(others)
    yield Figure(name, "s of processor", usual, at_most=1)
    note = sorted(slowest)[len(slowest) // 2][1]
    yield Figure(f"the slowest of {count}", "s of processor", [seconds for seconds, _ in slowest], at_most=3, note=note)
