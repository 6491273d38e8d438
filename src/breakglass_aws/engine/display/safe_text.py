# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from AWS, from people and of errors, made safe for where it is read: a terminal, Markdown, HTML.

Account names, tags, policy values and error messages are free text. They stay text everywhere: no control character
reaches a terminal, no line separator hides part of a row, nothing becomes markup or a link.
"""

from __future__ import annotations

import html as _html
import re
from collections.abc import Sequence

from breakglass_aws.engine.evidence import redaction

# Inside a line, these start emphasis, code, links, HTML, strikethrough, mathematics and (as a whole) entities.
# Underscores inside a word, as in names of options, start nothing.
_INLINE = re.compile(r"\\(?=[()\[\]])|[\\`*\[\]<~$]|(?<![^\W_])_+|_+(?![^\W_])|&(?=#?\w+;)")
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
# At the start of a line, these start a heading, a quotation, a list, a table or a rule, or underline a heading.
_BLOCK = re.compile(r"^( {0,3})([#>+=:|-]|\d+(?=[.)]))", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]{4,}", re.MULTILINE)
# A bare address becomes a link.
_LINK = re.compile(r"(?i)\b(?:https?|ftp)(?=://)|\bwww(?=\.)")
_FENCE = re.compile(r"`{3,}")
# What `fill` replaces: characters that are not in use, around the number of a value.
_MARK = re.compile("\ue000(\\d+)\ue001")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def visible(text: object) -> str:
    """Return the text with every control, format and separator character as an escape; newlines and tabs stay."""
    return redaction.visible(str(text))


def one_line(text: object) -> str:
    """Return visible text on one line: each run of white space is one space."""
    return " ".join(visible(text).split())


def html(text: object) -> str:
    """Return visible text for the content or an attribute of an HTML element."""
    return _html.escape(visible(text))


def markdown(text: object) -> str:
    """Return visible text that Markdown shows as it is, in one or more lines."""
    return _BLOCK.sub(_escape_block, _INDENT.sub("   ", markdown_with_lists(text)))


def markdown_with_lists(text: object) -> str:
    """As `markdown`, but lists and indented code stay: the author of a task wrote them."""
    escaped = _INLINE.sub(_escape_inline, visible(text))
    return _LINK.sub(lambda match: f"{match[0]}\\", escaped)


def markdown_code(text: object) -> str:
    """Return visible text as a code span: on one line, in as many backticks as it needs."""
    words = one_line(text)
    runs = [len(run) for run in re.findall("`+", words)]
    ticks = "`" * next(number for number in range(1, len(runs) + 2) if number not in runs)
    pad = " " if words.startswith("`") or words.endswith("`") or not words else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def markdown_block(text: object, language: str = "") -> str:
    """Return visible text as a fenced code block, with a fence that the text does not contain."""
    words = visible(text)
    longest = max((len(run) for run in _FENCE.findall(words)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{words}\n{fence}"


def mark(number: int) -> str:
    """Return the mark of a value in a template, which `fill` replaces."""
    return f"\ue000{number}\ue001"


def unmark(text: str, values: Sequence[str]) -> str:
    """Return the text with each mark replaced by its value as it is."""
    return _MARK.sub(lambda match: values[int(match[1])], text)


def fill(template: str, values: Sequence[object]) -> str:
    """Return Markdown in which each mark is replaced by its value, on one line: as text, or literally inside code."""
    fenced, indented, lines = False, True, []
    for line in template.split("\n"):
        # After words, an indented line continues their paragraph and is no code.
        indented = not line.strip() or (indented and line.startswith("    "))
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced or indented:
            lines.append(_MARK.sub(lambda match: one_line(values[int(match[1])]), line))
            continue
        line = _SPAN.sub(lambda span: _MARK.sub(lambda match: _in_span(values[int(match[1])]), span[0]), line)
        lines.append(_MARK.sub(lambda match: markdown(one_line(values[int(match[1])])), line))
    return "\n".join(lines)


def _in_span(value: object) -> str:
    return one_line(value).replace("`", "'")


def _escape_inline(match: re.Match[str]) -> str:
    sign = match[0]
    if sign == "\\" and match.string[match.end() : match.end() + 1] in tuple("()[]"):
        return "&#92;"  # not \\\\( as JupyterLab's mathematics begins
    return _ENTITIES.get(sign, "".join(f"\\{one}" for one in sign))


def _escape_block(match: re.Match[str]) -> str:
    indent, start = match[1], match[2]
    return f"{indent}{start}\\" if start.isdigit() else f"{indent}\\{start}"
