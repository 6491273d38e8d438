# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due, for a terminal and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table

from breakglass_aws.drills.history import due
from breakglass_aws.drills.history.due import Item
from breakglass_aws.drills.history.reading import Skipped
from breakglass_aws.drills.pages import words
from breakglass_aws.engine import times

SCHEMA = 1
COLOURS = {due.NEVER: "red", due.OVERDUE: "red", due.SOON: "yellow", due.CURRENT: "green"}


def as_table(items: Sequence[Item], now: datetime) -> Table:
    """The schedule on a terminal of 80 columns, the worst first."""
    table = Table()
    table.add_column("runbook or scenario", no_wrap=True)  # a name that is cut cannot be copied
    table.add_column("state", no_wrap=True)
    for column in ("last passed", "by", "due"):
        table.add_column(column, overflow="fold")
    for item in items:
        state = f"[{COLOURS[item.state]}]{item.state}[/]"
        last = words.date(item.last.started) if item.last else "-"
        by = item.last.by or "-" if item.last else "-"
        table.add_row(item.name, state, last, by, when(item, now))
    return table


def when(item: Item, now: datetime) -> str:
    """When it is due, or for how long it has been."""
    if item.due is None:
        return "now"
    return (
        f"{words.days(now - item.due)} ago" if item.is_late else f"in {words.count(_days_until(item.due, now), 'day')}"
    )


def _days_until(due_at: datetime, now: datetime) -> int:
    """Whole days, rounded up: 90 right after a drill that is due again in 90 days; negative when it is late."""
    return math.ceil((due_at - now) / timedelta(days=1))


def as_data(
    items: Sequence[Item], skipped: Sequence[Skipped], schedule: str, folder: str, now: datetime
) -> dict[str, Any]:
    """The schedule for programs, such as one that notifies: times are ISO 8601 in UTC, time spans are days."""
    return {
        "schema": SCHEMA,
        "made": times.text(now),
        "folder": folder,
        "schedule": schedule or None,
        "overdue": sum(item.is_late for item in items),
        "due_soon": sum(item.state == due.SOON for item in items),
        "scenarios_to_run": due.to_run(items),
        "items": [_item(item, now) for item in items],
        "skipped": [{"file": one.file, "problem": one.problem} for one in skipped],
    }


def _item(item: Item, now: datetime) -> dict[str, Any]:
    last = item.last
    return {
        "kind": item.kind,
        "name": item.name,
        "title": item.title,
        "state": item.state,
        "overdue": item.is_late,
        "every_days": item.every.days,
        "due": times.text(item.due) if item.due else None,
        "days_until_due": _days_until(item.due, now) if item.due else None,
        "last_passed": times.text(words.moment(last.started)) if last else None,
        "by": last.by or None if last else None,
        "scenarios": list(item.scenarios),
    }
