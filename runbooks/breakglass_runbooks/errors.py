"""The one exception a runbook ends with: a message for a person, never a Python traceback."""

from __future__ import annotations


class RunbookError(Exception):
    """Something the reader must know about, said in words that tell the cause and the way out."""

    def _render_traceback_(self) -> list[str]:
        """Show the message where Jupyter, nbclient and papermill would show a traceback (IPython's own hook)."""
        return str(self).splitlines()
