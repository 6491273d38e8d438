"""What a runbook ends with: a message for a person, never a Python traceback."""

from __future__ import annotations

import textwrap

WIDTH = 100  # what JupyterLab shows beside its file browser on a laptop; it would break longer lines inside words
CODE_INDENT = " " * 4  # lines that are to be copied as they are


class RunbookError(Exception):
    """Something the reader must know about, said in words that tell the cause and the way out."""

    def _render_traceback_(self) -> list[str]:
        """Show the message where Jupyter, nbclient and papermill would show a traceback (IPython's own hook)."""
        return [part for line in str(self).splitlines() for part in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    """The line in lines that fit, between words; a list's items hang, and what is to be copied stays in one piece."""
    if line.startswith(CODE_INDENT):
        return [line]
    text = line.lstrip(" -")
    hang = " " * (len(line) - len(text))
    return textwrap.wrap(line, WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False) or [""]


class Waiting(RunbookError):
    """A person must do or decide something before the run can go on."""


class Blocked(RunbookError):
    """Something that must be put right first stands in the way; nothing was done."""


class Partial(RunbookError):
    """Some of what was to be done is done, some could not be."""


class Interrupted(RunbookError):
    """Somebody stopped the run; what was running has come to its end."""
