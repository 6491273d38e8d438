"""What a runbook ends with: a message for a person, never a Python traceback."""

from __future__ import annotations


class RunbookError(Exception):
    """Something the reader must know about, said in words that tell the cause and the way out."""

    def _render_traceback_(self) -> list[str]:
        """Show the message where Jupyter, nbclient and papermill would show a traceback (IPython's own hook)."""
        return str(self).splitlines()


class Waiting(RunbookError):
    """A person must do or decide something before the run can go on."""


class Blocked(RunbookError):
    """Something that must be put right first stands in the way; nothing was done."""


class Partial(RunbookError):
    """Some of what was to be done is done, some could not be."""
