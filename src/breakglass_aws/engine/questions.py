# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the person at the terminal. What was typed before a question never answers it."""

from __future__ import annotations

import contextlib
import getpass
import sys
import termios


def discard_typed() -> None:
    """Throw away what was typed and not read yet. Does nothing where standard input is no terminal.

    A line that was typed or pasted while steps ran would otherwise confirm a plan that was not shown at that time.
    """
    # A stream that is not a file has no descriptor: the input of a notebook, or none at all.
    with contextlib.suppress(termios.error, OSError, ValueError, AttributeError):
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def ask(question: str) -> str:
    """Print a question on standard error; return the line that is typed after it, without spaces at its ends."""
    discard_typed()
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def prompt(text: str, *, secret: bool = False) -> str:
    """Prompt on standard output; return the line that is typed after it. A secret is not shown.

    Raises EOFError at the end of the input, and in a notebook what its front end raises when it cannot ask.
    """
    discard_typed()
    return getpass.getpass(text) if secret else input(text)
