"""Puts the recorded figures into docs/reference/performance.md: of each case those of its last whole run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks import history, table
from benchmarks.history import Recorded
from benchmarks.trees import CHECKOUT

PAGE = CHECKOUT / "docs/reference/performance.md"
BEGIN, END = "<!-- figures: written by `make bench RECORD=1` -->", "<!-- end of figures -->"


def write(runs: Iterable[Mapping[str, Any]], cases: Iterable[str]) -> None:
    """Replace the figures of the page by the latest of ``runs``, in the order of ``cases``."""
    text = PAGE.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{PAGE} has no place for the figures: {BEGIN} … {END}")
    by_case = history.latest_of_cases(runs, "whole")
    shown = [one for case in cases for one in by_case.get(case, [])]
    PAGE.write_text(f"{before}{BEGIN}\n\n{section(shown)}\n{END}{after}", encoding="utf-8")


def section(recorded: list[Recorded]) -> str:
    """The runs, the targets, and all other figures."""
    targets = [one.figure for one in recorded if one.figure.met is not None]
    others = [one.figure for one in recorded if one.figure.met is None]
    met = sum(bool(figure.met) for figure in targets)
    return (
        f"{met} of {len(targets)} targets met.\n\n{table.markdown(targets)}\n"
        f"The measurements of which the ratios are made, and others:\n\n{table.markdown(others)}\n"
        f"When each case was recorded:\n\n{_runs(recorded)}"
    )


def _runs(recorded: list[Recorded]) -> str:
    rows: dict[tuple[str, str, float, int], list[str]] = {}
    for one in recorded:
        cases = rows.setdefault((one.date, one.commit, one.load, one.repeats), [])
        if one.figure.case not in cases:
            cases.append(one.figure.case)
    lines = ["| cases | date | commit | repetitions | load a processor |", "|---|---|---|---:|---:|"]
    lines += [
        f"| {', '.join(cases)} | {date} | {commit} | {repeats} | {load:g} |"
        for (date, commit, load, repeats), cases in rows.items()
    ]
    return "\n".join(lines) + "\n"
