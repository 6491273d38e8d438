"""The figures of earlier runs, and whether today's ratios are worse. Pure logic but for reading and appending the file.

A line of the file is a run: date, commit, selection ("whole" or "quick": they differ in size), load, and its figures.
Only runs that are recorded on purpose are added; the file is committed with the change that explains them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

FILE = Path(__file__).with_name("history.jsonl")
LEAST_NOISE = 0.1  # of a ratio
# Other work takes more from a process that waits for nothing than from one that sleeps, or from two.
LEAST_NOISE_UNDER_LOAD = 0.5
_EXACT = ("calls",)  # units that have no noise
_KEPT = ("case", "name", "unit", "at_most", "at_least", "ratio", "more_is_better", "note")


@dataclass(frozen=True)
class Recorded:
    """A figure of an earlier run, with that run's date, commit, load a processor and number of repetitions."""

    figure: Figure
    date: str
    commit: str
    load: float
    repeats: int

    @property
    def loaded(self) -> bool:
        """Whether the machine had other work."""
        return is_loaded(self.load)


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


def is_loaded(load: float) -> bool:
    """Whether a load (processes that want to run, for each processor) moves ratios."""
    return load > 0.5


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


def latest(runs: Iterable[Mapping[str, Any]], selection: str) -> dict[str, Recorded]:
    """What was recorded last of each figure, by its key."""
    found: dict[str, Recorded] = {}
    for run in runs:
        if run["selection"] == selection:
            for one in run["figures"]:
                figure = Figure(**one)
                found[figure.key] = Recorded(figure, run["date"], run["commit"], run["load"], run["repeats"])
    return found


def latest_of_cases(runs: Iterable[Mapping[str, Any]], selection: str) -> dict[str, list[Recorded]]:
    """The figures of each case, from the last run in which it was measured."""
    found: dict[str, list[Recorded]] = {}
    for run in runs:
        if run["selection"] == selection:
            of_run = latest([run], selection).values()
            found |= {case: [one for one in of_run if one.figure.case == case] for case in _cases(run)}
    return found


def noise(figure: Figure, loaded: bool = False) -> float:
    """Half the spread, as a share of the median; at least LEAST_NOISE, or more under load. None for what is counted."""
    if figure.unit in _EXACT:
        return 0.0
    least = LEAST_NOISE_UNDER_LOAD if loaded else LEAST_NOISE
    return max((max(figure.values) - min(figure.values)) / 2 / figure.median, least) if figure.median else least


def worse(figures: Iterable[Figure], recorded: Mapping[str, Recorded], loaded: bool = False) -> list[Worse]:
    """The ratios that are worse than the recorded ones by more than the noise of both; new ones are not compared."""
    found = []
    for figure in figures:
        before = recorded.get(figure.key)
        if not figure.ratio or before is None:
            continue
        share = noise(figure, loaded) + noise(before.figure, before.loaded)
        median = before.figure.median
        allowed = median / (1 + share) if figure.more_is_better else median * (1 + share)
        if (figure.median < allowed) if figure.more_is_better else (figure.median > allowed):
            found.append(Worse(figure.key, median, figure.median, allowed, before.commit))
    return found


def entry(
    figures: Iterable[Figure], *, date: str, commit: str, selection: str, load: float = 0.0, repeats: int = 1
) -> dict[str, Any]:
    """A run as a line of the file. ``load``: processes that wanted to run before it, for each processor."""
    return {
        "date": date,
        "commit": commit,
        "selection": selection,
        "load": round(load, 1),
        "repeats": repeats,
        "figures": [
            {
                **{name: getattr(figure, name) for name in _KEPT if getattr(figure, name) not in (None, "", False)},
                "values": [float(f"{value:.4g}") for value in figure.values],
            }
            for figure in figures
        ],
    }


def append(run: Mapping[str, Any], file: Path = FILE) -> None:
    """Add a run."""
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(run) + "\n")


def _cases(run: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["case"] for one in run["figures"]))
