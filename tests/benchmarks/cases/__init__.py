"""What is measured, a file a subject. Each case yields figures; CASES has them by name, in the order of a whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.cases import (
    other_sweeps,
    pages,
    policies,
    resilience,
    root_credentials,
    sandbox,
    scale,
    whole_processes,
)
from benchmarks.figures import Bench, Figure


@dataclass(frozen=True)
class Case:
    """``quick``: part of the quick selection."""

    name: str
    measure: Callable[[Bench], Iterable[Figure]]
    quick: bool = False


CASES = (
    Case("latency", root_credentials.latency, quick=True),
    Case("throughput", root_credentials.throughput, quick=True),
    Case("tls", root_credentials.tls),
    Case("peers", root_credentials.peers),
    Case("access-role", other_sweeps.access_role),
    Case("lockouts", other_sweeps.lockouts),
    Case("memory", scale.memory),
    Case("quota", resilience.quota),
    Case("faults", resilience.faults),
    Case("single-task", whole_processes.single_task, quick=True),
    Case("runbook", whole_processes.runbook),
    Case("policies", policies.analysis, quick=True),
    Case("posture-page", pages.posture_page, quick=True),
    Case("sandbox", sandbox.sandbox),
)
