# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that waits: reading again until a change is visible, and pausing between calls.

Tests replace ``clock`` (``support.waiting``), so that nothing waits in them.
"""

from __future__ import annotations

import time
import typing as t

T = t.TypeVar("T")


class Clock:
    """The machine's own clock, which no change of the date moves."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


clock = Clock()


def now() -> float:
    """Seconds since some moment in the past, by ``clock``."""
    return clock.now()


def pause(seconds: float) -> None:
    """Wait so many seconds; not at all for a number below zero."""
    if seconds > 0:
        clock.sleep(seconds)


def within(timeout: float, first: float, longest: float | None = None) -> t.Iterator[float]:
    """Pauses between readings for at most ``timeout`` seconds: ``first`` seconds each, or doubled up to ``longest``.

    The last pause is cut so that one reading happens right at the end of the time.
    """
    deadline = clock.now() + timeout
    seconds = first
    while (left := deadline - clock.now()) > 0:
        yield min(seconds, left)
        seconds = min(2 * seconds, longest) if longest else seconds


def poll(read: t.Callable[[], T], done: t.Callable[[T], bool], pauses: t.Iterable[float]) -> T:
    """Read until ``done`` accepts what was read, with a pause of so many seconds before each further reading.

    Returns the last value that was read, accepted or not: the caller knows what to make of it. What ``read`` raises
    ends it.
    """
    value = read()
    for seconds in pauses:
        if done(value):
            break
        pause(seconds)
        value = read()
    return value


def retry(call: t.Callable[[], T], passing: t.Callable[[Exception], bool], pauses: t.Iterable[float]) -> T:
    """What ``call`` returns, called again after a pause as long as ``passing`` holds of the error it raises.

    The error of the last call is raised as it is.
    """
    for seconds in pauses:
        try:
            return call()
        except Exception as error:
            if not passing(error):
                raise
        pause(seconds)
    return call()
