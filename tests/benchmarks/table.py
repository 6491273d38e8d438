"""Figures as a table: on the terminal, and as Markdown for docs/reference/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.figures import Figure

_WIDTH = 150
COLUMNS = ("case", "figure", "unit", "median", "least", "most", "target", "met")


def number(value: float) -> str:
    """Three significant digits, in words that sort by eye."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def row(figure: Figure) -> tuple[str, ...]:
    """The cells of a figure."""
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    name = figure.name + (f" ({figure.note})" if figure.note else "")
    values = (figure.median, min(figure.values), max(figure.values))
    return (figure.case, name, figure.unit, *map(number, values), figure.required, met)


def show(figures: Sequence[Figure], title: str, console: Console | None = None) -> None:
    """Print the table: those with a target first in each case's order, the others dimmed."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("median", "least", "most") else "left")
    for figure in figures:
        style = {True: "green", False: "bold red", None: "dim"}[figure.met]
        cells = [Text(cell) for cell in row(figure)]
        cells[-1].stylize(style)
        table.add_row(*cells, style="dim" if figure.met is None else "")
    (console or terminal()).print(table)


def terminal() -> Console:
    """Standard output; wide where it is no terminal, so that a log has a figure a line."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def markdown(figures: Iterable[Figure]) -> str:
    """The table for the documentation."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|---|---|---:|---:|---:|---|---|"]
    lines += [f"| {' | '.join(row(figure))} |" for figure in figures]
    return "\n".join(lines) + "\n"
