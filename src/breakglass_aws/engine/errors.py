# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that end a cell: a message for a person, never a Python traceback."""

from __future__ import annotations

import textwrap

WIDTH = 100  # of JupyterLab next to its file browser on a laptop; it breaks longer lines inside words
CODE_INDENT = " " * 4  # of lines that are copied as they are


class RunbookError(Exception):
    """An error whose message has the cause and what to do about it."""

    def _render_traceback_(self) -> list[str]:
        """Return the message for Jupyter, nbclient and papermill, in place of a traceback (IPython's own hook)."""
        return [part for line in str(self).splitlines() for part in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    """Wrap a line between words; continuation lines of list items are indented, lines to be copied stay whole."""
    if line.startswith(CODE_INDENT):
        return [line]
    text = line.lstrip(" -")
    hang = " " * (len(line) - len(text))
    return textwrap.wrap(line, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False) or [""]


class Waiting(RunbookError):
    """A person must do or decide something before the run can go on."""


class Blocked(RunbookError):
    """The run cannot continue until its user has fixed something. This step changed nothing."""


class Partial(RunbookError):
    """Some of the work was done, some could not be done."""


class Interrupted(RunbookError):
    """The run was stopped; the running task has ended."""
