# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's time: real time, moved forward on request. Only a reset moves it back.

moto stamps what it makes itself (users, queues, objects) with real time; it has no hook for another one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
    "year": 365 * 86400,
}
SPAN = "a time span: '4 days', '90 seconds', or a number of seconds"
_FARTHEST = timedelta(days=100 * 365)

# moto's state is global to a process, hence the time as well.
_ahead = timedelta()


class ClockError(ValueError):
    """What was given is no time span the clock can be moved by; the text says what is accepted."""


def now() -> datetime:
    """The sandbox's time."""
    return datetime.now(UTC) + _ahead


def real() -> datetime:
    """The time clients sign with."""
    return datetime.now(UTC)


def ahead() -> timedelta:
    """How far the clock has been moved."""
    return _ahead


def advance(by: timedelta) -> None:
    """Move the clock forward.

    Raises:
        ClockError: Back, or farther than a century.
    """
    global _ahead
    if by < timedelta() or _ahead + by > _FARTHEST:
        raise ClockError(f"advance: '{by}' is not accepted; accepted: {SPAN}, forward, up to 100 years")
    _ahead += by


def reset() -> None:
    """Back to real time."""
    global _ahead
    _ahead = timedelta()


def span(value: object) -> timedelta:
    """A time span, as people write it ('10 minutes') or in seconds.

    Raises:
        ClockError: Anything else.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _FARTHEST.total_seconds():
        return timedelta(seconds=value)
    if isinstance(value, str):
        found = re.fullmatch(r"(\d{1,9}) ?(second|minute|hour|day|week|year)s?", value.strip())
        seconds = int(value) if re.fullmatch(r"\d{1,9}", value) else int(found[1]) * _UNITS[found[2]] if found else None
        if seconds is not None and seconds < _FARTHEST.total_seconds():
            return timedelta(seconds=seconds)
    raise ClockError(f"{value!r} is not accepted; accepted: {SPAN}")
