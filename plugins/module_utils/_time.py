# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one format of times in results, journals and backups: ISO 8601, UTC, whole seconds, as AWS writes it."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    """The time by this machine's clock, aware of its zone."""
    return datetime.now(timezone.utc)


# fmt: off
@t.overload
def format_time(moment: datetime) -> str: ...


@t.overload
def format_time(moment: None) -> None: ...


# fmt: on
def format_time(moment: datetime | None) -> str | None:
    """A moment such as "2026-01-31T03:00:00Z"; None stays None. A moment without a zone is taken as local time."""
    return moment.astimezone(timezone.utc).strftime(FORMAT) if moment else None


def parse_time(text: str) -> datetime:
    """The reverse of :func:`format_time`. Raises ValueError for any other format."""
    return datetime.strptime(text, FORMAT).replace(tzinfo=timezone.utc)
