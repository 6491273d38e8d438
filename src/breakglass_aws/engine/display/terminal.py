# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markdown of the renderers as text for a terminal of any width."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator

from breakglass_aws.engine.display import safe_text

_FENCE = "```"
CODE, COMMANDS, DIFF, TABLE, TEXT = "code", "commands", "diff", "table", "text"
_FENCES = {"sh": COMMANDS, "diff": DIFF}
TAGS = re.compile(r"</?(details|summary)>")
# A code span, or a character with a backslash before it.
_LITERAL = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|\\([!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])")
_SPLIT = re.compile(r"(?<!\\)\|")


def text(markdown: str) -> str:
    """The same content: each row of a table as a block of names and values, no emphasis marks.

    Code is indented, except commands (```sh): people paste them into a shell.
    """
    lines = itertools.chain.from_iterable(_plain(kind, block) for kind, block in blocks(markdown))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def blocks(markdown: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the parts of Markdown: what each is (CODE, COMMANDS, DIFF, TABLE or TEXT), and its lines without fences."""
    for kind, group in itertools.groupby(_kinds(markdown.split("\n")), lambda line: line[0]):
        yield kind, [line for _, line in group]


def table(lines: list[str]) -> tuple[list[str], list[list[list[str]]]] | None:
    """Return the columns of a table, and of each row the cells, each as its lines; None for text like a table."""
    if len(lines) < 2 or set(lines[1]) - set("|-: "):
        return None
    columns, _, *rows = map(_cells, lines)
    return columns, [[cell.split("<br>") for cell in row] for row in rows]


def words(markdown: str) -> str:
    """A paragraph without emphasis marks and without Markdown's escapes. Code spans stay as they are."""
    literal: list[str] = []

    def keep(found: re.Match[str]) -> str:
        literal.append(found[2] or found[0].replace("\\|", "|"))
        return safe_text.mark(len(literal) - 1)

    unmarked = _EMPHASIS.sub(r"\2", _LITERAL.sub(keep, markdown))
    return safe_text.unmark(html.unescape(unmarked), literal)


def _kinds(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each line with its kind. Fences are left out."""
    literal = fence = ""
    for line in lines:
        if line.startswith(fence or _FENCE) and not (fence and line.strip("` ")):
            kind = _FENCES.get(line.strip("` "), CODE)
            fence, literal = ("", "") if fence else ("`" * (len(line) - len(line.lstrip("`"))), kind)
        else:
            yield literal or (TABLE if line.startswith("|") else TEXT), line


def _plain(kind: str, lines: list[str]) -> Iterable[str]:
    if kind in (TABLE, TEXT):
        return [words(TAGS.sub("", line)) for line in (_blocks(lines) if kind == TABLE else lines)]
    return lines if kind == COMMANDS else [f"    {line}" for line in lines]


def _blocks(lines: list[str]) -> Iterator[str]:
    """A block for each row: `column: value`, one a line; lines of a cell stay lines."""
    found = table(lines)
    if found is None:
        yield from lines
        return
    columns, rows = found
    for row in rows:
        for column, (first, *others) in zip(columns, row, strict=False):
            label = f"{column}: " if column else ""
            yield f"  {label}{first}"
            yield from (f"  {' ' * len(label)}{other}" for other in others)
        yield ""


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _SPLIT.split(line)[1:-1]]
