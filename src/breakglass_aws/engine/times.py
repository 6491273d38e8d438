# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as AWS writes them: UTC, with a Z at the end."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def text(time: datetime | None = None, precision: str = "seconds") -> str:
    """Return a time in UTC, by default the present one, as text; `precision` is "seconds" or "milliseconds"."""
    return (time or now()).isoformat(timespec=precision).replace("+00:00", "Z")
