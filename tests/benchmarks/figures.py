"""What a case measures with, and the figures it gives."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.trees import Tree


@dataclass
class Figure:
    """A figure of several repetitions, and what its median must be.

    ``ratio``: made of two measurements of one run, so that it can be compared between runs and machines; the history
    keeps these. ``note``: how it was made, where that is not plain. ``profile``: measures where the time goes, for a
    target that is not met. ``case`` is filled in by the run.
    """

    name: str
    unit: str
    values: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    ratio: bool = False
    more_is_better: bool = False
    note: str = ""
    profile: Callable[[], str] | None = None
    case: str = ""

    @property
    def key(self) -> str:
        """The name in the history."""
        return f"{self.case}: {self.name}"

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def required(self) -> str:
        """The target in words; empty without one."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    @property
    def met(self) -> bool | None:
        """Whether the median is what is required; None where nothing is."""
        if self.at_most is not None:
            return self.median <= self.at_most
        return self.median >= self.at_least if self.at_least is not None else None


def ratio(
    name: str,
    of: Sequence[float],
    to: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    more_is_better: bool | None = None,
    note: str = "",
    profile: Callable[[], str] | None = None,
) -> Figure:
    """The quotients of what was measured in the same repetitions."""
    better = at_least is not None if more_is_better is None else more_is_better
    values = [one / other for one, other in zip(of, to, strict=True)]
    return Figure(
        name, "times", values, at_most, at_least, ratio=True, more_is_better=better, note=note, profile=profile
    )


@dataclass
class Bench:
    """The conditions of a run. ``before`` is None where this repository has no such commit (a shallow clone)."""

    present: Tree
    before: Tree | None
    work: Path
    repeats: int = 3
    quick: bool = False
    skipped: list[str] = field(default_factory=list)

    def size(self, whole: int, quick: int) -> int:
        """A number of accounts, for a whole run or a quick one."""
        return quick if self.quick else whole

    def skip(self, what: str) -> None:
        """Report, at once and at the end, something that is not measured and why."""
        self.skipped.append(what)
        self.progress(f"SKIPPED: {what}")

    def progress(self, text: str) -> None:
        """A line about what is being done, on standard error."""
        print(f"  {text}", file=sys.stderr, flush=True)
