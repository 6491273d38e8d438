# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that people give: an age such as 30d, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from breakglass_aws.engine import times
from breakglass_aws.engine.errors import RunbookError

ACCEPTED = "Expected an age such as 12h, 30d or 8w, or a date such as 2026-01-31 (UTC)."
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_AGE = re.compile(r"([0-9]{1,6})([hdw])")


def moment(given: str, option: str = "since", now: datetime | None = None) -> str:
    """Return the time that is meant, as text in UTC, such as "2026-01-31T00:00:00Z".

    Raises RunbookError, with the name of the option and what is accepted, for anything else and for the future.
    """
    now = now or times.now()
    found = _parse(given.strip(), now)
    if found is None:
        raise RunbookError(f"Invalid value for {option}: {given!r}. {ACCEPTED}")
    if found > now:
        raise RunbookError(f"Invalid value for {option}: {given!r} is in the future. {ACCEPTED}")
    return times.text(found)


def _parse(given: str, now: datetime) -> datetime | None:
    if age := _AGE.fullmatch(given):
        try:
            return now - int(age[1]) * _UNITS[age[2]]
        except OverflowError:
            return None
    try:
        found = datetime.fromisoformat(given)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
