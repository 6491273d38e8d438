# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps may run: after one that failed, only that one, or an earlier one again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from breakglass_aws.engine.errors import RunbookError


class CellOrder:
    """The steps of a run in the order in which a person ran them, identified by their source."""

    def __init__(self) -> None:
        self._passed: list[str] = []
        self._failed: str | None = None  # and has not passed since

    def require(self, step: str = "") -> None:
        """Raise RunbookError when an earlier step failed, and `step` is neither that step nor one before it."""
        if self._failed is not None and step != self._failed and step not in self._passed:
            raise RunbookError(
                "Not run, because an earlier step failed. Fix what its message names, run that cell again, and continue"
                "\nfrom there. A gate before it may be answered again first. After changing a cell, start a new run."
            )

    def is_last(self, step: str) -> bool:
        """Whether `step` passed, and no other step was run after it."""
        return self._failed is None and self._passed[-1:] == [step]

    @contextmanager
    def running(self, step: str) -> Iterator[None]:
        """Run a step. The steps that ran after it before no longer count: they relied on its earlier result."""
        self.require(step)
        if step in self._passed:
            del self._passed[self._passed.index(step) :]
        later, self._failed = self._failed, step
        yield
        self._passed.append(step)
        self._failed = None if later == step else later
