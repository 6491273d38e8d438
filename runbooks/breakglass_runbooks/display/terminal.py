"""Markdown of the renderers as text for a terminal of any width."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator

_FENCE = "```"
_CODE, _COMMANDS, _TABLE, _TEXT = "code", "commands", "table", "text"
_TAGS = re.compile(r"</?(details|summary)>")
_SPLIT = re.compile(r"(?<!\\)\|")


def text(markdown: str) -> str:
    """The same content: each row of a table as a block of names and values, no emphasis marks.

    Code is indented, except commands (```sh): people paste them into a shell.
    """
    lines = itertools.chain.from_iterable(
        _plain(kind, list(group))
        for kind, group in itertools.groupby(_kinds(markdown.split("\n")), lambda line: line[0])
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def words(markdown: str) -> str:
    """A paragraph without emphasis marks and without Markdown's escapes."""
    unmarked = re.sub(r"(?<![\w*\\])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])", r"\2", markdown)
    return html.unescape(re.sub(r"\\([\\`*_\[\]|])", r"\1", unmarked))


def _kinds(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line with its kind: _CODE, _COMMANDS, _TABLE or _TEXT. Fences are left out."""
    literal = ""
    for line in lines:
        if line.startswith(_FENCE):
            literal = "" if literal else _COMMANDS if line.removeprefix(_FENCE).strip() == "sh" else _CODE
        else:
            yield literal or (_TABLE if line.startswith("|") else _TEXT), line


def _plain(kind: str, numbered: list[tuple[str, str]]) -> Iterable[str]:
    lines = [line for _, line in numbered]
    if kind in (_TABLE, _TEXT):
        return [words(_TAGS.sub("", line)) for line in (_blocks(lines) if kind == _TABLE else lines)]
    return lines if kind == _COMMANDS else [f"    {line}" for line in lines]


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
