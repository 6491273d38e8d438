"""Puts the table of a run into docs/reference/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from benchmarks import table
from benchmarks.figures import Figure
from benchmarks.trees import CHECKOUT

PAGE = CHECKOUT / "docs/reference/performance.md"
BEGIN, END = "<!-- figures: written by `make bench RECORD=1` -->", "<!-- end of figures -->"


def write(figures: Sequence[Figure], date: str, commit: str, repeats: int) -> None:
    """Replace the figures of the page by those of a whole run."""
    text = PAGE.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{PAGE} has no place for the figures: {BEGIN} … {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{section(figures, date, commit, repeats)}\n{END}{after}", encoding="utf-8")


def section(figures: Sequence[Figure], date: str, commit: str, repeats: int) -> str:
    """The run in words, the targets, and all other figures."""
    targets = [figure for figure in figures if figure.met is not None]
    others = [figure for figure in figures if figure.met is None]
    met = sum(bool(figure.met) for figure in targets)
    return (
        f"Run of {date}, commit {commit}, Python {platform.python_version()}, {os.cpu_count()} processors, {repeats} "
        f"repetitions: {met} of {len(targets)} targets met.\n\n{table.markdown(targets)}\n"
        f"The measurements of which the ratios are made, and others:\n\n{table.markdown(others)}"
    )
