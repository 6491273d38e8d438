# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours and inline styles of everything that is displayed.

The colours are readable on white and on a dark theme; backgrounds are translucent.
"""

from __future__ import annotations

GREEN, RED, AMBER, BLUE, GREY = "#1e7e45", "#c0362c", "#a65f00", "#2563ad", "#6b7280"

# The colour of each label that a badge, a notice or a bar can show; any other label is grey.
COLOURS = {
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
            "not stopped",
            "answers",
            "possible",
            "done",
            "does not block",
            "unlocked",
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
            "blocks",
            "denied",
            "does not answer",
            "not possible",
            "certain",
            "stopped",
            "locked",
            "would fail",
            "critical",
            "high",
        ),
        RED,
    ),
    **dict.fromkeys(
        (
            "skipped",
            "not reached",
            "for real",
            "unknown",
            "present",
            "denied for some",
            "denied when",
            "person needed",
            "will happen",
            "to be confirmed",
            "check this",
            "partial",
            "attention",
            "failed, ignored",
            "possibly locked",
            "unreadable",
            "unlisted",
            "medium",
        ),
        AMBER,
    ),
    **dict.fromkeys(("running", "plan only", "would change", "would be removed", "would be used"), BLUE),
}

FONT = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-size: 14px; line-height: 1.45;"
MONO = "font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 12.5px;"
LINE = "1px solid rgba(128,128,128,.3)"
CELL = f"text-align: left; vertical-align: top; padding: 5px 10px; border: none; border-bottom: {LINE};"
TABLE = f"{FONT} border-collapse: collapse; width: 100%; table-layout: auto; margin: 6px 0;"
WRAP = "overflow-wrap: anywhere; white-space: normal;"
CODE_WRAP = "white-space: pre-wrap; overflow-wrap: anywhere;"
ROW = '<tr style="background: transparent;">'  # JupyterLab and forges colour every other row otherwise
ADDED, REMOVED = "rgba(46,160,67,.20)", "rgba(248,81,73,.20)"  # backgrounds of lines in a diff


def colour(label: str) -> str:
    """The colour of a label."""
    return COLOURS.get(label, GREY)
