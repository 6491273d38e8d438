"""Times as they are written everywhere here and as AWS writes them: UTC, ending in Z."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def text(time: datetime | None = None, precision: str = "seconds") -> str:
    """A time in UTC as text, without one: now; `precision` is "seconds" or "milliseconds"."""
    return (time or now()).isoformat(timespec=precision).replace("+00:00", "Z")
