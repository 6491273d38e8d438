# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markdown of the renderers for a terminal that a person sits at: tables, colored differences, styled words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from breakglass_aws.engine.display import styles, terminal
from breakglass_aws.engine.evidence import redaction

# A terminal has colours of its own; these names follow its theme.
_COLOURS = {styles.GREEN: "green", styles.RED: "red", styles.AMBER: "yellow", styles.BLUE: "cyan"}
_DIFF = {"+": "green", "-": "red", "@": "cyan"}
CONTEXT = 3  # unchanged lines that are shown around a change
NARROWEST = 12  # characters of a column, below which a table is shown row by row

# A code span, an escaped character, strong and emphasized words.
_INLINE = re.compile(
    r"(?P<ticks>(?<!`)`+(?!`))(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|\\(?P<literal>[!-/:-@\[-`{-~])"
    r"|(?<![\w*])(?P<stars>\*{1,2})(?=\S)(?P<marked>(?:\\.|[^*\n\\])+?)(?<=\S)(?P=stars)(?![\w*])"
)
_ITEM = re.compile(r"( *)([-*]|\d+[.)])\s+(.*)")


def show(console: Console, markdown: str, *, whole: bool = False) -> None:
    """Print Markdown on a terminal of any width. `whole` leaves out no unchanged line of a difference.

    Commands stay on one line, however long, because people copy them. Secrets and control characters do not get there.
    """
    for kind, lines in terminal.blocks(redaction.safe(markdown).strip()):
        if kind == terminal.TABLE and (found := terminal.table(lines)):
            _show_table(console, *found)
        elif kind == terminal.DIFF:
            for line, style in _difference(lines, whole):
                console.print(Text(f"  {line}", style=style), soft_wrap=True)
        elif kind in (terminal.CODE, terminal.COMMANDS):
            indent = "" if kind == terminal.COMMANDS else "    "
            for line in lines:
                console.print(Text(f"{indent}{line}"), soft_wrap=True)
        else:
            for line in _without_repeated_blanks(_paragraphs([terminal.TAGS.sub("", line) for line in lines])):
                _show_line(console, line)


def words(markdown: str, style: str = "") -> Text:
    """Return a line of Markdown as styled text: labels have the colour that they have on the page."""
    text, end = Text(style=style), 0
    for found in _INLINE.finditer(markdown):
        text.append(html.unescape(markdown[end : found.start()]))
        end = found.end()
        if found["code"]:
            label = found["code"].strip().replace("\\|", "|")
            text.append(label, f"bold {_COLOURS.get(styles.colour(label), '')}".strip())
        elif found["literal"]:
            text.append(found["literal"])
        else:
            text.append_text(words(found["marked"], "bold" if len(found["stars"]) == 2 else "italic"))
    text.append(html.unescape(markdown[end:]))
    return text


def _show_line(console: Console, line: str) -> None:
    """Print a line of text; a list's items and quotations keep their indentation where they are wrapped."""
    item = _ITEM.fullmatch(line)
    if line.startswith("    "):
        console.print(Text(line), soft_wrap=True)
    elif max(map(len, line.split()), default=0) > console.width - NARROWEST:  # such as a path, which people copy
        console.print(words(line), soft_wrap=True)
    elif item:
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(item[2], words(item[3]))
        console.print(Padding(grid, (0, 0, 0, len(item[1]))))
    elif line.startswith(">"):
        console.print(words(line.lstrip("> "), "bold yellow"))
    else:
        console.print(words(line.lstrip("# "), "bold") if line.startswith("#") else words(line))


def _show_table(console: Console, columns: list[str], rows: list[list[list[str]]]) -> None:
    """Print a table where its columns are wide enough to be read, else a block of names and values for each row."""
    cells = [[Text("\n").join(words(line) for line in cell) for cell in row] for row in rows]
    if _fits(console.width, [words(column).plain for column in columns], cells):
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in columns:
            table.add_column(words(column), overflow="fold")
        for row in cells:
            table.add_row(*row)
        console.print(table)
        return
    for number, row in enumerate(cells):
        if number:
            console.print()
        for column, cell in zip(columns, row, strict=False):
            _show_value(console, words(column, "dim"), cell)


def _show_value(console: Console, name: Text, value: Text) -> None:
    """Print a name and a value side by side where they fit, else the lines of the value below the name."""
    if "\n" not in value.plain and len(name) + len(value) + 4 <= console.width:
        console.print(Padding(Text.assemble(name, ": " if name.plain else "", value), (0, 0, 0, 2)))
        return
    if name.plain:
        console.print(Padding(Text.assemble(name, ":"), (0, 0, 0, 2)))
    for line in value.split("\n"):
        if max(map(len, line.plain.split()), default=0) > console.width - 4:
            console.print(line, soft_wrap=True)
        else:
            console.print(Padding(line, (0, 0, 0, 4)))


def _fits(width: int, columns: list[str], rows: list[list[Text]]) -> bool:
    """Return whether each column can have its longest word and a readable width, side by side."""
    needed = 0
    for index, column in enumerate(columns):
        texts = [column, *(row[index].plain for row in rows if index < len(row))]
        lines = [line for text in texts for line in text.splitlines()]
        longest_word = max((len(word) for line in lines for word in line.split()), default=0)
        longest_line = max(map(len, lines), default=0)
        needed += max(longest_word, min(longest_line, NARROWEST)) + 2
    return needed <= width


def _difference(lines: list[str], whole: bool) -> Iterator[tuple[str, str]]:
    """Yield the lines of a difference with their styles; unchanged ones only around a change, unless it is `whole`."""
    changed = [index for index, line in enumerate(lines) if line[:1] in _DIFF]
    near = {number for index in changed for number in range(index - CONTEXT, index + CONTEXT + 1)}
    hidden = 0
    for index, line in enumerate([*lines, ""]):
        is_shown = whole or not changed or index in near
        if hidden and (is_shown or index == len(lines)):
            yield f"... {hidden} unchanged line{'s' * (hidden != 1)}", "dim"
            hidden = 0
        if index == len(lines):
            return
        if is_shown:
            yield line, _DIFF.get(line[:1], "")
        else:
            hidden += 1


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Yield the paragraphs and items of text, each on one line, with one empty line where there are several.

    As on the page, a line break in a paragraph is a space. Two spaces or a backslash at the end of a line keep it, and
    lines that are indented by four spaces below an empty line are code.
    """
    current, is_code = "", False
    for line in lines:
        is_code = line.startswith("    ") and (is_code or not current)
        starts = not line.strip() or is_code or _ITEM.fullmatch(line) or line.startswith((">", "#", "<"))
        if starts or not current or current.endswith(("  ", "\\")):
            if current:
                yield current.removesuffix("\\").rstrip()
            current = line
        else:
            current = f"{current} {line.lstrip()}"
        if not line.strip() or is_code:
            yield current.rstrip()
            current = ""
    if current:
        yield current.rstrip()


def _without_repeated_blanks(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines; of several empty ones, one."""
    before = None
    for line in lines:
        if line or before != "":
            yield line
        before = line
