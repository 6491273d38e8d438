# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many accounts are worked on at a time: at most as many as the user allows, fewer while AWS throttles."""

from __future__ import annotations

import threading
import time

# Refusals of one burst come together: they slow us down once.
BURST_SECONDS = 1.0


class ConcurrencyLimiter:
    """Admits at most ``allowed`` threads at a time; use it as a context manager around the work on one account.

    A throttled call halves ``allowed``, down to one; a round of accounts without one raises it by one, up to ``most``.
    Botocore's adaptive retries control the rate of calls; this limits how many open sessions wait for their calls and
    may expire meanwhile.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.allowed = most
        self._running = 0
        self._calm = 0  # accounts done since the last refusal or raise
        self._slowed = -BURST_SECONDS
        self._turn = threading.Condition()

    def slow_down(self) -> None:
        """AWS has throttled a call."""
        with self._turn:
            self._calm = 0
            if time.monotonic() - self._slowed >= BURST_SECONDS:
                self._slowed = time.monotonic()
                self.allowed = max(1, self.allowed // 2)

    def __enter__(self) -> ConcurrencyLimiter:
        with self._turn:
            self._turn.wait_for(lambda: self._running < self.allowed)
            self._running += 1
        return self

    def __exit__(self, *unused: object) -> None:
        with self._turn:
            self._running -= 1
            self._calm += 1
            if self._calm >= self.allowed:
                self._calm = 0
                self.allowed = min(self.most, self.allowed + 1)
            self._turn.notify_all()
