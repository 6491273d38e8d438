# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads of one account that do not depend on each other, at the same time. No AWS, no Ansible.

This shortens the work on an account where the network is what takes the time. Where the processor is, it would only
cost more of it: then the reads are made one after another.
"""

from __future__ import annotations

import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

T = t.TypeVar("T")
Reads = t.Sequence[t.Callable[[], T]]

_BUSY = 0.7  # the part of one processor from which on it is what limits the work
_SAMPLE_SECONDS = 0.25
_LANES = 3


def in_turn(reads: Reads[T]) -> list[T]:
    """What the ``reads`` return, made one after another. What one raises ends it."""
    return [read() for read in reads]


class Overlap:
    """Makes reads at the same time, with up to ``helpers`` threads for all accounts."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._sampled = self._now()
        self._busy = False

    def close(self) -> None:
        """End the helpers; they begin again when they are needed. No read may be under way."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None

    def together(self, reads: Reads[T], most: int = _LANES) -> list[T]:
        """What the ``reads`` return, in their order. All have ended when this returns or raises.

        If some raise, the error of the first of them in the order is raised. The reads are dealt to ``most`` lanes:
        handing a lane to a helper takes processor time. The first lane is this thread's, and so is each that no helper
        has begun by then.
        """
        if self._is_busy() or len(reads) < 2:
            return in_turn(reads)
        count = min(most, len(reads))
        lanes = [reads[first::count] for first in range(count)]
        pool = self._helping()
        futures = [pool.submit(_attempt_all, lane) for lane in lanes[1:]]
        results: list[t.Any] = [None] * len(reads)
        results[::count] = _attempt_all(lanes[0])
        for first, (lane, future) in enumerate(zip(lanes[1:], futures, strict=True), 1):
            results[first::count] = _attempt_all(lane) if future.cancel() else future.result()
        for _value, error in results:
            if error:
                raise error
        return [value for value, _error in results]

    def _helping(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._helpers, thread_name_prefix="read")
            return self._pool

    def _is_busy(self) -> bool:
        """Whether this process used up a processor in the latest sample."""
        with self._lock:
            now, before = self._now(), self._sampled
            if now[0] - before[0] >= _SAMPLE_SECONDS:
                self._busy = (now[1] - before[1]) / (now[0] - before[0]) >= _BUSY
                self._sampled = now
            return self._busy

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.monotonic(), time.process_time()


def _attempt_all(reads: Reads[t.Any]) -> list[tuple[t.Any, BaseException | None]]:
    """What each of the reads returns or raises."""
    ended: list[tuple[t.Any, BaseException | None]] = []
    for read in reads:
        try:
            ended.append((read(), None))
        except BaseException as error:
            ended.append((None, error))
    return ended
