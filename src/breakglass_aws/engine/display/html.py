# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small renderers: each returns HTML with inline styles, and Markdown with the same content.

There is no stylesheet and no script, because the output must survive a static export, a forge and an e-mail. Every cell
wraps, so that a long ARN does not make the page scroll sideways.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from breakglass_aws.engine.display import safe_text, terminal
from breakglass_aws.engine.display.safe_text import html as escape
from breakglass_aws.engine.display.styles import (
    ADDED,
    CELL,
    CODE_WRAP,
    FONT,
    GREY,
    LINE,
    MONO,
    REMOVED,
    ROW,
    TABLE,
    WRAP,
    colour,
)
from breakglass_aws.engine.errors import CODE_INDENT

NOTHING = "-"
LONG_WORD = 32  # an access key ID or a Sid stays in one piece; an ARN or a digest may be broken


@dataclass(frozen=True)
class RichOutput:
    """Output of a cell, as HTML and as Markdown."""

    html: str
    markdown: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/markdown": self.markdown, "text/plain": str(self)}

    def __str__(self) -> str:
        return terminal.words(self.markdown)


def stack(parts: Iterable[RichOutput | None]) -> RichOutput:
    """Parts one below the other; None is left out."""
    kept = [part for part in parts if part is not None]
    return RichOutput("\n".join(part.html for part in kept), "\n\n".join(part.markdown for part in kept))


def text(words: Any) -> RichOutput:
    """A paragraph that keeps its line breaks and indentation."""
    words = str(words)
    return RichOutput(
        f'<div style="{FONT} {WRAP} margin: 6px 0; white-space: pre-wrap;">{escape(words)}</div>',
        safe_text.markdown(words),
    )


def message(words: str) -> RichOutput:
    """The message of a task. List items have a hanging indent; lines indented by four are code, as in Markdown."""
    parts = []
    lines = safe_text.visible(words).splitlines()
    for literal, group in itertools.groupby(lines, lambda line: line.startswith(CODE_INDENT)):
        block = textwrap.dedent("\n".join(group))
        parts.append(code(block) if literal else _hanging(block))
    return stack(parts)


def _hanging(words: str) -> RichOutput:
    """Lines of text; a list item that wraps continues under its own text."""
    items = "".join(
        f'<div style="padding-left: {indent}em; text-indent: -{indent}em; min-height: 1.45em;">{escape(line)}</div>'
        for line in words.splitlines()
        for indent in [1.2 if re.match(r"\s*(-|\d+\.) ", line) else 0]
    )
    return RichOutput(
        f'<div style="{FONT} {WRAP} margin: 6px 0; white-space: pre-wrap;">{items}</div>',
        safe_text.markdown_with_lists(words),
    )


def heading(words: str, label: str | None = None) -> RichOutput:
    """A small heading, with a badge after it when `label` is given."""
    mark = badge(label) if label else RichOutput("", "")
    return RichOutput(
        f'<div style="{FONT} {WRAP} font-weight: 600; margin: 12px 0 4px;">{escape(words)} {mark.html}</div>',
        f"**{safe_text.markdown(safe_text.one_line(words))}**" + (f" {mark.markdown}" if label else ""),
    )


def badge(word: str) -> RichOutput:
    """A word on the colour of its meaning."""
    return RichOutput(
        f'<span style="display: inline-block; background: {colour(word)}; color: #fff; border-radius: 9px; '
        f'padding: 0 9px; font-size: 12px; font-weight: 600; line-height: 18px; white-space: nowrap;">'
        f"{escape(word)}</span>",
        safe_text.markdown_code(word),
    )


def notice(words: str, label: str) -> RichOutput:
    """An important sentence, with an edge in the colour of `label`."""
    return RichOutput(
        f'<div style="{FONT} {WRAP} white-space: pre-wrap; border-left: 4px solid {colour(label)}; '
        f'background: rgba(128,128,128,.09); padding: 8px 12px; margin: 8px 0;">{escape(words)}</div>',
        "\n".join(f"> {line}" for line in _lines_of_a_block(words)),
    )


def _lines_of_a_block(words: str) -> Iterator[str]:
    """The lines in Markdown. An indented line after an empty line, such as a command to copy, is code without markup.

    Below a list it is not code, so whatever could be markup is escaped there too.
    """
    code = True  # whether an indented line here is code
    for line in safe_text.visible(words).splitlines():
        code = not line.strip() or (code and line.startswith(CODE_INDENT))
        if code and not set(line) & set("<[`*"):
            yield line
        else:
            indent = line[: len(line) - len(line.lstrip())]
            yield indent + safe_text.markdown_with_lists(line.lstrip())


def code(words: str) -> RichOutput:
    """Literal text that wraps."""
    return RichOutput(
        f'<pre style="{MONO} white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0; padding: 8px 10px; '
        f'border: {LINE}; border-radius: 4px; background: transparent;">{escape(words)}</pre>',
        safe_text.markdown_block(words),
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "Nothing to show.") -> RichOutput:
    """A table. A cell is a RichOutput or any value. An empty column is left out.

    The page shows a row's cells one below the other on a telephone, each with its `data-label`.
    """
    rows = [[value if isinstance(value, RichOutput) else plain(value) for value in row] for row in rows]
    if not rows:
        return text(empty)
    used = [number for number in range(len(columns)) if any(row[number].markdown != NOTHING for row in rows)]
    columns, rows = [columns[number] for number in used], [[row[number] for number in used] for row in rows]
    head = "".join(
        f'<th style="{CELL} font-weight: 600; border-bottom-width: 2px;">{escape(name)}</th>' for name in columns
    )
    body = "".join(
        ROW
        + "".join(
            f'<td data-label="{escape(name)}" style="{CELL} {_wrap(cell)}">{cell.html}</td>'
            for name, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    lines = [
        f"| {' | '.join(_one_line(safe_text.markdown(name)) for name in columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(_one_line(cell.markdown) for cell in row)} |" for row in rows),
    ]
    return RichOutput(
        f'<table class="breakglass" style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
        "\n".join(lines),
    )


def facts(pairs: Mapping[str, Any]) -> RichOutput:
    """Names and values, one pair a line."""
    shown = {name: value if isinstance(value, RichOutput) else plain(value) for name, value in pairs.items()}
    rows = "".join(
        f'{ROW}<td style="{CELL} color: {GREY}; width: 1%; white-space: nowrap;">'
        f'{escape(name)}</td><td style="{CELL} {WRAP}">{value.html}</td></tr>'
        for name, value in shown.items()
    )
    return RichOutput(
        f'<table class="breakglass" style="{TABLE}"><tbody>{rows}</tbody></table>',
        # People read list items in terminals and e-mails too, so they contain no tag.
        "\n".join(
            f"- {safe_text.markdown(name)}: {_one_line(value.markdown).replace('<br>', '; ')}"
            for name, value in shown.items()
        ),
    )


def plain(value: Any) -> RichOutput:
    """A value: yes or no, a dash for nothing, a list with one item a line."""
    if value is None or value == "" or value == []:
        return RichOutput(f'<span style="color: {GREY};">&ndash;</span>', NOTHING)
    if isinstance(value, bool):
        return RichOutput("yes" if value else "no", "yes" if value else "no")
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return RichOutput(
            "<br>".join(plain(item).html for item in value), "<br>".join(plain(item).markdown for item in value)
        )
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return RichOutput(_whole_times(escape(words)), safe_text.markdown(words))


def mono(words: Any) -> RichOutput:
    """An identifier."""
    if not words:
        return plain(None)
    wrap = WRAP if len(str(words)) > LONG_WORD else "white-space: nowrap;"
    style = f"{MONO} {wrap} background: transparent; padding: 0;"
    return RichOutput(f'<code style="{style}">{escape(words)}</code>', safe_text.markdown_code(words))


def small(words: Any) -> RichOutput:
    """A remark on something more important."""
    return RichOutput(
        f'<span style="color: {GREY}; font-size: 12.5px;">{_whole_times(escape(words))}</span>',
        f"({safe_text.markdown(words)})",
    )


def lines(parts: Iterable[RichOutput]) -> RichOutput:
    """Short parts one below the other, inside a table's cell."""
    parts = list(parts)
    if not parts:
        return plain(None)
    html = "".join(f'<div style="margin: 0 0 3px;">{part.html}</div>' for part in parts)
    return RichOutput(html, "<br>".join(part.markdown for part in parts))


def words(*parts: RichOutput | str) -> RichOutput:
    """Short parts side by side."""
    shown = [part if isinstance(part, RichOutput) else plain(part) for part in parts]
    return RichOutput(" ".join(part.html for part in shown), " ".join(part.markdown for part in shown))


def folded(summary: str, content: RichOutput) -> RichOutput:
    """Content that is hidden until the reader opens it."""
    return RichOutput(
        f'<details style="{FONT} margin: 6px 0;"><summary style="cursor: pointer; color: {GREY};">{escape(summary)}'
        f"</summary>{content.html}</details>",
        f"<details><summary>{escape(summary)}</summary>\n\n{content.markdown}\n\n</details>",
    )


def diff(before: str, after: str, title: str = "") -> RichOutput | None:
    """Removed and added lines with the lines around them; None when the texts are equal."""
    before, after = safe_text.visible(before), safe_text.visible(after)
    changes = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=40, lineterm=""))[2:]
    if not changes:
        return None
    if changes[0].startswith(("@@ -0,", "@@ -1,", "@@ -1 ")):
        del changes[0]  # the hunk begins at the first line: nothing is left out before it
    colours = {"+": ADDED, "-": REMOVED, "@": "rgba(128,128,128,.15)"}
    rows = "".join(
        f'<div style="background: {colours.get(line[:1], "transparent")}; padding: 0 10px; '
        f'white-space: pre-wrap; overflow-wrap: anywhere;">{escape(_gap(line)) or " "}</div>'
        for line in changes
    )
    name = f'<div style="padding: 4px 10px; border-bottom: {LINE}; {WRAP}">{escape(title)}</div>' if title else ""
    body = "\n".join(changes)
    return RichOutput(
        f'<div style="{MONO} line-height: 1.4; border: {LINE}; border-radius: 4px; margin: 8px 0;">{name}{rows}</div>',
        (f"{safe_text.markdown(title)}\n\n" if title else "") + safe_text.markdown_block(body, "diff"),
    )


def side_by_side(before: str, after: str, titles: tuple[str, str] = ("before", "after")) -> RichOutput | None:
    """Two texts side by side, line by line; None when they are equal. In Markdown, a diff."""
    if before == after:
        return None
    old, new = safe_text.visible(before).splitlines(), safe_text.visible(after).splitlines()
    rows = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for left, right in itertools.zip_longest(old[a:b], new[c:d]):
            removed, added = kind != "equal" and left is not None, kind != "equal" and right is not None
            rows.append(f"{ROW}{_side(left, REMOVED if removed else '')}{_side(right, ADDED if added else '')}</tr>")
    head = "".join(f'<th style="{CELL} {FONT} width: 50%; font-weight: 600;">{escape(title)}</th>' for title in titles)
    style = f"{MONO} line-height: 1.4; border-collapse: collapse; width: 100%; table-layout: fixed; margin: 8px 0;"
    html = (
        f'<table style="{style} border: {LINE};"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    compared = diff(before, after)
    return RichOutput(html, compared.markdown if compared else "")


def _side(line: str | None, background: str) -> str:
    """A line of one side; it wraps two characters deeper than it begins."""
    words = (line or "").lstrip()
    deep = len(line or "") - len(words) + 2
    style = f"text-align: left; vertical-align: top; border: none; border-right: {LINE};"
    # The indentation is padding: after spaces, a long word would start a line of its own.
    indent = f"padding: 0 10px 0 calc(10px + {deep}ch); text-indent: -2ch;"
    return f'<td style="{style} {indent} background: {background or "transparent"}; {CODE_WRAP}">{escape(words)}</td>'


def bar(parts: Mapping[str, int]) -> RichOutput:
    """Counts as one bar, each part as wide as its count, with a legend."""
    parts = {name: count for name, count in parts.items() if count}
    total = sum(parts.values())
    if not total:
        return plain(None)
    pieces, left = [], 0.0
    for name, count in parts.items():
        width = 100 * count / total
        pieces.append(f'<rect x="{left:.2f}%" width="{width:.2f}%" height="10" fill="{colour(name)}"/>')
        left += width
    legend = lines_beside([words(badge(name), str(count)) for name, count in parts.items()])
    return RichOutput(
        f'<svg role="img" aria-label="{escape(legend.markdown)}" width="100%" height="10" '
        f'style="display: block; border-radius: 5px; margin: 8px 0 6px;">{"".join(pieces)}</svg>{legend.html}',
        legend.markdown,
    )


def lines_beside(parts: Sequence[RichOutput]) -> RichOutput:
    """Short parts side by side, with space between them."""
    return RichOutput(
        f'<div style="{FONT}">'
        + "".join(f'<span style="margin-right: 16px; white-space: nowrap;">{part.html}</span>' for part in parts)
        + "</div>",
        ", ".join(part.markdown for part in parts),
    )


def as_lines(document: Any) -> str:
    """A document as text that can be compared line by line; empty for no document."""
    if document is None or document == "":
        return ""
    return document if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False)


def _whole_times(html: str) -> str:
    """Prevent a browser from breaking a time at its hyphens."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", r'<span style="white-space: nowrap;">\g<0></span>', html)


def _wrap(cell: RichOutput) -> str:
    """Break words only in cells with long words: a browser makes a column narrow if its words may break."""
    return WRAP if any(len(word) > LONG_WORD for word in re.split(r"[\s<>]", cell.markdown)) else ""


def _gap(line: str) -> str:
    """A sign for omitted lines, instead of the numbers of a hunk."""
    return "⋯" if line.startswith("@@") else line


def _one_line(markdown: str) -> str:
    return markdown.replace("|", "\\|").replace("\n", "<br>").replace("\t", " ")
