"""Which steps may be run: behind one that failed, only that one, or one before it once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from breakglass_runbooks.errors import RunbookError


class CellOrder:
    """The steps of a run, known by their text, as far as people have run them."""

    def __init__(self) -> None:
        self._through: list[str] = []
        self._failed: str | None = None  # and has not been run again with success

    def require(self, step: str = "") -> None:
        """Raise RunbookError when a step that failed stands before `step`."""
        if self._failed is not None and step != self._failed and step not in self._through:
            raise RunbookError(
                "Not run, because an earlier step failed. Put right what it says, run that cell again and go on from\n"
                "there. A gate before it may be answered again first. If you change a cell, start again from the top."
            )

    @contextmanager
    def running(self, step: str) -> Iterator[None]:
        """Run a step. What was run after it the last time counts no more: it stood on what this one found."""
        self.require(step)
        if step in self._through:
            del self._through[self._through.index(step) :]
        later, self._failed = self._failed, step
        yield
        self._through.append(step)
        self._failed = None if later == step else later
