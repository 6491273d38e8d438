# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A badge for a wiki: a small SVG that says whether the drills are up to date, and the line that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from breakglass_aws.drills.history.due import CURRENT, LATE, SOON, Item
from breakglass_aws.engine.web_page import text

LABEL = "recovery drills"
GREEN, AMBER, RED, GREY = "#1a7f37", "#9a6700", "#cf222e", "#59636e"
FONT = "Verdana,DejaVu Sans,sans-serif"
CHARACTER, PADDING = 6.6, 8  # pixels of a character at 11 pixels, as wide as a wide font has it


def status(items: Sequence[Item]) -> tuple[str, str]:
    """What the badge says, and its colour."""
    states = Counter(item.state for item in items)
    late = sum(states[state] for state in LATE)
    if not items:
        return "nothing scheduled", GREY
    if late:
        return f"{late} of {len(items)} overdue", RED
    if states[SOON]:
        return f"{states[SOON]} of {len(items)} due soon", AMBER
    return f"{states[CURRENT]} of {len(items)} up to date", GREEN


def as_svg(items: Sequence[Item]) -> str:
    """The badge. It needs no font of its own: text is fitted into its room."""
    words, colour = status(items)
    left, right = (round(len(one) * CHARACTER + 2 * PADDING) for one in (LABEL, words))
    parts = ((LABEL, left / 2, left), (words, left + right / 2, right))
    shown = "".join(
        f'<text x="{middle:g}" y="14" textLength="{width - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">'
        f"{text(one)}</text>"
        for one, middle, width in parts
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{text(f"{LABEL}: {words}")}"><title>{text(f"{LABEL}: {words}")}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#444d56"/><rect x="{left}" width="{right}" height="20" '
        f'fill="{colour}"/></g><g fill="#fff" text-anchor="middle" font-family="{FONT}" font-size="11">{shown}</g>'
        "</svg>\n"
    )


def as_markdown(items: Sequence[Item]) -> str:
    """The line for a wiki page that is beside badge.svg and index.html, or above them with their folder added."""
    return f"[![{LABEL}: {status(items)[0]}](badge.svg)](index.html)"
