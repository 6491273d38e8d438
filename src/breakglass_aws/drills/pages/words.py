# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How durations, times, verdicts and sizes are written for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from breakglass_aws.drills.result import FAILED, INTERRUPTED, NOT_RUN, PASSED

EPOCH = datetime.fromtimestamp(0, UTC)
# The colour of a verdict, as a class of the style.
CLASSES = {PASSED: "clean", FAILED: "critical", INTERRUPTED: "high", NOT_RUN: "skipped"}


def duration(seconds: float) -> str:
    """A duration for people: "4.2 s", "48 s", "1 min 20 s", "2 h 5 min", "3 days"."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    units = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))
    first = next(index for index, (size, _name) in enumerate(units) if whole >= size)
    parts = []
    for size, name in units[first : first + 2]:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {name}{'s' if name == 'day' and count != 1 else ''}")
    return " ".join(parts)


def moment(text: str) -> datetime | None:
    """The time that a result has as text, in UTC; None when it is none, as in a scenario that was not run."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def clock(text: str) -> str:
    """The time of the day of a moment, in UTC: "14:25:57"; the text itself when it is no time."""
    found = moment(text)
    return f"{found:%H:%M:%S}" if found else text


def date_and_time(text: str) -> str:
    """A moment for people: "28 November 2026, 14:25 UTC"; the text itself when it is no time."""
    found = moment(text)
    return f"{found.day} {found:%B %Y, %H:%M} UTC" if found else text


def date(text: str) -> str:
    """The day of a moment: "2026-11-28"; the text itself when it is no time."""
    found = moment(text)
    return f"{found:%Y-%m-%d}" if found else text


def days(span: timedelta) -> str:
    """A number of whole days: "1 day", "90 days"."""
    return count(abs(span.days), "day")


def count(number: int, word: str, plural: str = "") -> str:
    """A number with its word: "1 scenario", "3 scenarios", "2 policies"."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def verdict_class(verdict: str) -> str:
    """The class of a verdict; that of what is unknown for any other word."""
    return CLASSES.get(verdict, "unknown")
