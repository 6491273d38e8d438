"""Markdown of the renderers as text for a terminal of any width."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator

from breakglass_aws.engine.display import safe_text

_FENCE = "```"
_CODE, _COMMANDS, _TABLE, _TEXT = "code", "commands", "table", "text"
_TAGS = re.compile(r"</?(details|summary)>")
# A code span, or a character with a backslash before it.
_LITERAL = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\\([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])")
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
    """A paragraph without emphasis marks and without Markdown's escapes. Code spans stay as they are."""
    literal: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literal.append(found[2] or found[0].replace("\\|", "|"))
        return safe_text.mark(len(literal) - 1)

    unmarked = _EMPHASIS.sub(r"\2", _LITERAL.sub(keep, markdown))
    return safe_text.unmark(html.unescape(unmarked), literal)


def _kinds(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line with its kind: _CODE, _COMMANDS, _TABLE or _TEXT. Fences are left out."""
    literal = fence = ""
    for line in lines:
        if line.startswith(fence or _FENCE) and not (fence and line.strip("` ")):
            kind = _COMMANDS if line.strip("` ") == "sh" else _CODE
            fence, literal = ("", "") if fence else ("`" * (len(line) - len(line.lstrip("`"))), kind)
        else:
            yield literal or (_TABLE if line.startswith("|") else _TEXT), line


def _plain(kind: str, numbered: list[tuple[str, str]]) -> Iterable[str]:
    lines = [line for _, line in numbered]
    if kind in (_TABLE, _TEXT):
        return [words(_TAGS.sub("", line)) for line in (_blocks(lines) if kind == _TABLE else lines)]
    return lines if kind == _COMMANDS else [f"    {line}" for line in lines]


def _blocks(table: list[str]) -> Iterator[str]:
    """A block for each row: `column: value`, one a line; lines of a cell stay lines."""
    if len(table) < 2 or set(table[1]) - set("|-: "):  # text that begins like a table
        yield from table
        return
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
