"""Small renderers: each gives HTML with inline styles, and Markdown that says the same.

No stylesheet and no script: what is shown must survive a static export, a forge, a mail. Colours are chosen to be
readable on white and on a dark theme; backgrounds are translucent. Every cell wraps, so that a long ARN does not make
the page scroll sideways.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from breakglass_runbooks.errors import CODE_INDENT

GREEN, RED, AMBER, BLUE, GREY = "#1e7e45", "#c0362c", "#a65f00", "#2563ad", "#6b7280"

# Every word an outcome, a task or a file can have, and how it is meant.
TONES = {
    **dict.fromkeys(
        (
            "ok",
            "ready",
            "on",
            "yes",
            "removed",
            "changed",
            "absent",
            "unchanged",
            "not denied",
            "answers",
            "open",
            "done",
            "not in the way",
        ),
        GREEN,
    ),
    **dict.fromkeys(
        (
            "failed",
            "unreachable",
            "unverified",
            "not ready",
            "off",
            "blocking",
            "denied",
            "does not answer",
            "closed",
            "in the way",
        ),
        RED,
    ),
    **dict.fromkeys(
        ("skipped", "for real", "unknown", "present", "denied when", "person needed", "will happen", "to be confirmed"),
        AMBER,
    ),
    **dict.fromkeys(("running", "plan only", "would change", "would remove", "would be taken"), BLUE),
}

FONT = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-size: 14px; line-height: 1.45;"
MONO = "font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 12.5px;"
LINE = "1px solid rgba(128,128,128,.3)"
CELL = f"text-align: left; vertical-align: top; padding: 5px 10px; border: none; border-bottom: {LINE};"
TABLE = f"{FONT} border-collapse: collapse; width: 100%; table-layout: auto; margin: 6px 0;"
NOTHING = "-"
LONG_WORD = 32  # an access key ID and a Sid stay in one piece, an ARN or a digest may be broken
WRAP = "overflow-wrap: anywhere; white-space: normal;"
_CODE_WRAP = "white-space: pre-wrap; overflow-wrap: anywhere;"
_ROW = '<tr style="background: transparent;">'  # JupyterLab and forges give every other row a colour of their own
_GREEN_BACK, _RED_BACK = "rgba(46,160,67,.20)", "rgba(248,81,73,.20)"  # lines that come and go


@dataclass(frozen=True)
class Shown:
    """Something to show, as HTML and as Markdown."""

    html: str
    markdown: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/markdown": self.markdown, "text/plain": str(self)}

    def __str__(self) -> str:
        return re.sub(r"\\([\\`*_\[\]])", r"\1", self.markdown).replace("&lt;", "<")


def stack(parts: Iterable[Shown | None]) -> Shown:
    """Put parts below each other; None is left out."""
    kept = [part for part in parts if part is not None]
    return Shown("\n".join(part.html for part in kept), "\n\n".join(part.markdown for part in kept))


def text(words: Any) -> Shown:
    """A paragraph; line breaks and indentation stay."""
    words = str(words)
    return Shown(
        f'<div style="{FONT} {WRAP} margin: 6px 0; white-space: pre-wrap;">{escape(words)}</div>',
        _escape_markdown(words),
    )


def message(words: str) -> Shown:
    """What a task says: items of a list hang; lines indented by four or more are literal, as in Markdown."""
    parts = []
    for literal, group in itertools.groupby(words.splitlines(), lambda line: line.startswith(CODE_INDENT)):
        lines = textwrap.dedent("\n".join(group))
        parts.append(code(lines) if literal else _hanging(lines))
    return stack(parts)


def _hanging(words: str) -> Shown:
    """Lines of text; what does not fit into one goes on under the text of its item."""
    html = "".join(
        f'<div style="padding-left: {indent}em; text-indent: -{indent}em; min-height: 1.45em;">{escape(line)}</div>'
        for line in words.splitlines()
        for indent in [1.2 if re.match(r"\s*(-|\d+\.) ", line) else 0]
    )
    return Shown(f'<div style="{FONT} {WRAP} margin: 6px 0; white-space: pre-wrap;">{html}</div>', text(words).markdown)


def heading(words: str, tone: str | None = None) -> Shown:
    """A small heading, with a badge behind it when `tone` is given."""
    mark = badge(tone) if tone else Shown("", "")
    return Shown(
        f'<div style="{FONT} {WRAP} font-weight: 600; margin: 12px 0 4px;">{escape(words)} {mark.html}</div>',
        f"**{_escape_markdown(words)}**" + (f" {mark.markdown}" if tone else ""),
    )


def badge(word: str) -> Shown:
    """A word in the colour of what it means."""
    return Shown(
        f'<span style="display: inline-block; background: {TONES.get(word, GREY)}; color: #fff; border-radius: 9px; '
        f'padding: 0 9px; font-size: 12px; font-weight: 600; line-height: 18px; white-space: nowrap;">'
        f"{escape(word)}</span>",
        f"`{word}`",
    )


def notice(words: str, tone: str) -> Shown:
    """A sentence nobody may miss, with a coloured edge."""
    colour = TONES.get(tone, GREY)
    return Shown(
        f'<div style="{FONT} {WRAP} white-space: pre-wrap; border-left: 4px solid {colour}; '
        f'background: rgba(128,128,128,.09); padding: 8px 12px; margin: 8px 0;">{escape(words)}</div>',
        "\n".join(f"> {line}" for line in _lines_of_a_block(words)),
    )


def _lines_of_a_block(words: str) -> Iterator[str]:
    """The lines in Markdown: an indented one behind an empty one, as commands to copy are, is code, with no markup.

    Below a list it is not, so what could be more than a name with underscores is escaped there too.
    """
    code = True  # an indented line would be
    for line in words.splitlines():
        code = not line.strip() or (code and line.startswith(CODE_INDENT))
        yield line if code and not set(line) & set("<[`*") else _escape_markdown(line)


def code(words: str) -> Shown:
    """Literal text, wrapped."""
    return Shown(
        f'<pre style="{MONO} white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0; padding: 8px 10px; '
        f'border: {LINE}; border-radius: 4px; background: transparent;">{escape(words)}</pre>',
        f"```\n{words}\n```",
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str = "Nothing to show.") -> Shown:
    """A table; a cell is a Shown, or any value. A column in which nothing stands is left out."""
    rows = [[value if isinstance(value, Shown) else plain(value) for value in row] for row in rows]
    if not rows:
        return text(empty)
    used = [number for number in range(len(columns)) if any(row[number].markdown != NOTHING for row in rows)]
    columns, rows = [columns[number] for number in used], [[row[number] for number in used] for row in rows]
    head = "".join(
        f'<th style="{CELL} font-weight: 600; border-bottom-width: 2px;">{escape(name)}</th>' for name in columns
    )
    body = "".join(
        _ROW + "".join(f'<td style="{CELL} {_wrap(cell)}">{cell.html}</td>' for cell in row) + "</tr>" for row in rows
    )
    lines = [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(_one_line(cell.markdown) for cell in row)} |" for row in rows),
    ]
    return Shown(
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
        "\n".join(lines),
    )


def facts(pairs: Mapping[str, Any]) -> Shown:
    """Names and values below each other."""
    shown = {name: value if isinstance(value, Shown) else plain(value) for name, value in pairs.items()}
    rows = "".join(
        f'{_ROW}<td style="{CELL} color: {GREY}; width: 1%; white-space: nowrap;">'
        f'{escape(name)}</td><td style="{CELL} {WRAP}">{value.html}</td></tr>'
        for name, value in shown.items()
    )
    return Shown(
        f'<table style="{TABLE}"><tbody>{rows}</tbody></table>',
        # A list's item is read in a terminal, too, and a mail: no tag in it.
        "\n".join(f"- {name}: {_one_line(value.markdown).replace('<br>', '; ')}" for name, value in shown.items()),
    )


def plain(value: Any) -> Shown:
    """A value in words: yes and no, a dash for nothing, one item of a list a line."""
    if value is None or value == "" or value == []:
        return Shown(f'<span style="color: {GREY};">&ndash;</span>', NOTHING)
    if isinstance(value, bool):
        return Shown("yes" if value else "no", "yes" if value else "no")
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return Shown(
            "<br>".join(plain(item).html for item in value), "<br>".join(plain(item).markdown for item in value)
        )
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Shown(_whole_times(escape(words)), _escape_markdown(words))


def mono(words: Any) -> Shown:
    """An identifier."""
    if not words:
        return plain(None)
    wrap = WRAP if len(str(words)) > LONG_WORD else "white-space: nowrap;"
    style = f"{MONO} {wrap} background: transparent; padding: 0;"
    return Shown(f'<code style="{style}">{escape(str(words))}</code>', f"`{words}`")


def small(words: Any) -> Shown:
    """A remark that belongs to something more important."""
    return Shown(
        f'<span style="color: {GREY}; font-size: 12.5px;">{_whole_times(escape(str(words)))}</span>',
        f"({_escape_markdown(str(words))})",
    )


def lines(parts: Iterable[Shown]) -> Shown:
    """Short parts below each other inside a table's cell."""
    parts = list(parts)
    if not parts:
        return plain(None)
    html = "".join(f'<div style="margin: 0 0 3px;">{part.html}</div>' for part in parts)
    return Shown(html, "<br>".join(part.markdown for part in parts))


def words(*parts: Shown | str) -> Shown:
    """Short parts beside each other."""
    shown = [part if isinstance(part, Shown) else plain(part) for part in parts]
    return Shown(" ".join(part.html for part in shown), " ".join(part.markdown for part in shown))


def folded(summary: str, content: Shown) -> Shown:
    """Content that is out of the way until it is asked for."""
    return Shown(
        f'<details style="{FONT} margin: 6px 0;"><summary style="cursor: pointer; color: {GREY};">{escape(summary)}'
        f"</summary>{content.html}</details>",
        f"<details><summary>{escape(summary)}</summary>\n\n{content.markdown}\n\n</details>",
    )


def diff(before: str, after: str, title: str = "") -> Shown | None:
    """What is taken out and what is put in, with the lines around; None when nothing differs."""
    changes = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=40, lineterm=""))[2:]
    if not changes:
        return None
    if changes[0].startswith(("@@ -0,", "@@ -1,", "@@ -1 ")):
        del changes[0]  # it begins at the top: nothing is left out
    colours = {"+": _GREEN_BACK, "-": _RED_BACK, "@": "rgba(128,128,128,.15)"}
    rows = "".join(
        f'<div style="background: {colours.get(line[:1], "transparent")}; padding: 0 10px; '
        f'white-space: pre-wrap; overflow-wrap: anywhere;">{escape(_gap(line)) or " "}</div>'
        for line in changes
    )
    name = f'<div style="padding: 4px 10px; border-bottom: {LINE}; {WRAP}">{escape(title)}</div>' if title else ""
    body = "\n".join(changes)
    return Shown(
        f'<div style="{MONO} line-height: 1.4; border: {LINE}; border-radius: 4px; margin: 8px 0;">{name}{rows}</div>',
        (f"{_escape_markdown(title)}\n\n" if title else "") + f"```diff\n{body}\n```",
    )


def side_by_side(before: str, after: str, titles: tuple[str, str] = ("before", "after")) -> Shown | None:
    """Two texts beside each other, line by line; None when nothing differs. In Markdown, the lines that differ."""
    if before == after:
        return None
    old, new = before.splitlines(), after.splitlines()
    rows = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for left, right in itertools.zip_longest(old[a:b], new[c:d]):
            gone, come = kind != "equal" and left is not None, kind != "equal" and right is not None
            rows.append(
                f"{_ROW}{_side(left, _RED_BACK if gone else '')}{_side(right, _GREEN_BACK if come else '')}</tr>"
            )
    head = "".join(f'<th style="{CELL} {FONT} width: 50%; font-weight: 600;">{escape(title)}</th>' for title in titles)
    style = f"{MONO} line-height: 1.4; border-collapse: collapse; width: 100%; table-layout: fixed; margin: 8px 0;"
    html = (
        f'<table style="{style} border: {LINE};"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    compared = diff(before, after)
    return Shown(html, compared.markdown if compared else "")


def _side(line: str | None, background: str) -> str:
    """A line of one of them; what does not fit goes on two characters deeper than the line begins."""
    words = (line or "").lstrip()
    deep = len(line or "") - len(words) + 2
    style = f"text-align: left; vertical-align: top; border: none; border-right: {LINE};"
    # The indentation as padding: after spaces a long word would go on in a line of its own.
    indent = f"padding: 0 10px 0 calc(10px + {deep}ch); text-indent: -2ch;"
    return f'<td style="{style} {indent} background: {background or "transparent"}; {_CODE_WRAP}">{escape(words)}</td>'


def bar(parts: Mapping[str, int]) -> Shown:
    """Counts as one bar, each part as wide as its count, with a legend below."""
    parts = {name: count for name, count in parts.items() if count}
    total = sum(parts.values())
    if not total:
        return plain(None)
    pieces, left = [], 0.0
    for name, count in parts.items():
        width = 100 * count / total
        pieces.append(f'<rect x="{left:.2f}%" width="{width:.2f}%" height="10" fill="{TONES.get(name, GREY)}"/>')
        left += width
    legend = lines_beside([words(badge(name), str(count)) for name, count in parts.items()])
    return Shown(
        f'<svg role="img" aria-label="{escape(legend.markdown)}" width="100%" height="10" '
        f'style="display: block; border-radius: 5px; margin: 8px 0 6px;">{"".join(pieces)}</svg>{legend.html}',
        legend.markdown,
    )


def lines_beside(parts: Sequence[Shown]) -> Shown:
    """Short parts beside each other with room between."""
    return Shown(
        f'<div style="{FONT}">'
        + "".join(f'<span style="margin-right: 16px; white-space: nowrap;">{part.html}</span>' for part in parts)
        + "</div>",
        ", ".join(part.markdown for part in parts),
    )


def as_lines(document: Any) -> str:
    """A document as text that can be compared line by line; nothing for no document."""
    if document is None or document == "":
        return ""
    return document if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False)


def _whole_times(html: str) -> str:
    """Keep a browser from breaking a time at its hyphens."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", r'<span style="white-space: nowrap;">\g<0></span>', html)


def _wrap(cell: Shown) -> str:
    """Break words only in cells with long ones: where words may break, a browser makes the column narrow."""
    return WRAP if any(len(word) > LONG_WORD for word in re.split(r"[\s<>]", cell.markdown)) else ""


def _gap(line: str) -> str:
    """A readable sign for lines left out, instead of the numbers of a hunk."""
    return "⋯" if line.startswith("@@") else line


def _one_line(markdown: str) -> str:
    return markdown.replace("|", "\\|").replace("\n", "<br>")


def _escape_markdown(words: str) -> str:
    """Keep text from elsewhere from becoming markup: an account may be called <b>, or *."""
    for sign in "\\`*_[]":
        words = words.replace(sign, f"\\{sign}")
    return words.replace("<", "&lt;")
