"""The ratios of earlier runs, and whether today's are worse. Pure logic but for reading and appending the file.

A line of the file is a run: date, commit, selection ("whole" or "quick": they differ in size) and its ratios with
median, least and most. Only runs that are recorded on purpose are added; the file is committed with the change that
explains them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

FILE = Path(__file__).with_name("history.jsonl")
LEAST_NOISE = 0.1  # of a ratio: a machine with other work is never quieter
_EXACT = ("calls",)  # units that have no noise


@dataclass(frozen=True)
class Worse:
    """A ratio that is worse than the recorded one by more than the noise of both."""

    name: str
    recorded: float
    now: float
    allowed: float
    commit: str

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.now:.3g}, recorded {self.recorded:.3g} (commit {self.commit}); "
            f"noise explains no more than {self.allowed:.3g}"
        )


def read(file: Path = FILE) -> list[dict[str, Any]]:
    """The recorded runs, oldest first. Raises ValueError with the number of a line that cannot be read."""
    if not file.exists():
        return []
    runs = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            runs.append(json.loads(line))
        except ValueError as error:
            raise ValueError(f"{file}, line {number}: {error}") from error
    return runs


def latest(runs: Iterable[Mapping[str, Any]], selection: str) -> dict[str, dict[str, Any]]:
    """What was recorded last of each ratio, by its name, with the commit."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        if run["selection"] == selection:
            for name, one in run["ratios"].items():
                found[name] = {**one, "commit": run["commit"]}
    return found


def noise(least: float, median: float, most: float) -> float:
    """Half the spread, as a share of the median; at least LEAST_NOISE."""
    return max((most - least) / 2 / median, LEAST_NOISE) if median else LEAST_NOISE


def worse(figures: Iterable[Figure], recorded: Mapping[str, Mapping[str, Any]]) -> list[Worse]:
    """The ratios that are worse than the recorded ones by more than the noise of both; new ones are not compared."""
    found = []
    for figure in figures:
        before = recorded.get(figure.key)
        if not figure.ratio or before is None:
            continue
        share = 0.0
        if figure.unit not in _EXACT:
            share = noise(min(figure.values), figure.median, max(figure.values))
            share += noise(before["least"], before["median"], before["most"])
        median = before["median"]
        allowed = median / (1 + share) if figure.more_is_better else median * (1 + share)
        if (figure.median < allowed) if figure.more_is_better else (figure.median > allowed):
            found.append(Worse(figure.key, median, figure.median, allowed, before["commit"]))
    return found


def entry(figures: Iterable[Figure], date: str, commit: str, selection: str, load: float = 0.0) -> dict[str, Any]:
    """A run as a line of the file. ``load``: what else the machine had to do, as processes that wanted to run."""
    return {
        "date": date,
        "commit": commit,
        "selection": selection,
        "load": load,
        "ratios": {
            figure.key: {
                "median": round(figure.median, 4),
                "least": round(min(figure.values), 4),
                "most": round(max(figure.values), 4),
            }
            for figure in figures
            if figure.ratio
        },
    }


def append(run: Mapping[str, Any], file: Path = FILE) -> None:
    """Add a run."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(run) + "\n")
