"""Markdown of the renderers as text for a terminal of any width."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator

_FENCE = "```"
_TAGS = re.compile(r"</?(details|summary)>")
_SPLIT = re.compile(r"(?<!\\)\|")


def text(markdown: str) -> str:
    """The same content: each row of a table as a block of names and values, code indented, no emphasis marks."""
    lines = itertools.chain.from_iterable(
        _blocks(list(group)) if table else group
        for table, group in itertools.groupby(markdown.split("\n"), lambda line: line.startswith("|"))
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_plain(lines))).strip()


def words(markdown: str) -> str:
    """A paragraph without emphasis marks and without Markdown's escapes."""
    unmarked = re.sub(r"(?<![\w*\\])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])", r"\2", markdown)
    return html.unescape(re.sub(r"\\([\\`*_\[\]|])", r"\1", unmarked))


def _plain(lines: Iterator[str]) -> Iterator[str]:
    literal = False
    for line in lines:
        if line.startswith(_FENCE):
            literal = not literal
        elif literal:
            yield f"    {line}"
        else:
            yield words(_TAGS.sub("", line))


def _blocks(table: list[str]) -> Iterator[str]:
    """A block for each row: `column: value`, one a line; lines of a cell stay lines."""
    columns, _, *rows = map(_cells, table)
    for row in rows:
        for column, cell in zip(columns, row, strict=False):
            first, *others = cell.split("<br>")
            label = f"{column}: " if column else ""
            yield f"  {label}{first}"
            yield from (f"  {' ' * len(label)}{other}" for other in others)
        yield ""


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _SPLIT.split(line)[1:-1]]
