# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history as it is read, and the files made of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakglass_aws.drills import result
from breakglass_aws.drills.history import badge, due, listing, page, reading, schedule
from breakglass_aws.drills.history.due import Item
from breakglass_aws.drills.history.reading import PastDrills
from breakglass_aws.drills.history.schedule import Schedule, ScheduleError
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.engine import files

PAGE, BADGE = "index.html", "badge.svg"


@dataclass(frozen=True)
class History:
    """What a folder of drills and a schedule say at a time."""

    folder: Path
    past: PastDrills
    schedule: Schedule
    items: list[Item]
    now: datetime

    @property
    def is_late(self) -> bool:
        """Whether something must be rehearsed now."""
        return any(item.is_late for item in self.items)

    @property
    def to_run(self) -> list[str]:
        """The names of the scenarios that rehearse what is late."""
        return due.to_run(self.items)

    @property
    def data(self) -> dict[str, Any]:
        """What is due as data, for programs such as one that notifies."""
        return listing.as_data(self.items, self.past.skipped, self.schedule.file, str(self.folder), self.now)

    @property
    def badge(self) -> str:
        """The line that shows the badge in Markdown."""
        return badge.as_markdown(self.items)


def read(
    folder: Path, schedule_file: Path | None, scenarios: Collection[Scenario], now: datetime | None = None
) -> History:
    """Read a folder of drills and a schedule.

    Args:
        folder: It has a folder for each drill. One that does not exist holds no drill.
        schedule_file: None for drill-schedule.yml of the working directory, or without one for every 90 days.
        scenarios: Those that can be run; the schedule may name them and their runbooks.

    Raises:
        ScheduleError: The schedule cannot be used, or `folder` is the report of one drill.
    """
    if (folder / result.FILE).exists():
        raise ScheduleError(f"{folder} is the report of one drill. Expected the folder that holds the reports.")
    beside = Path(schedule.FILE)
    file = schedule_file or (beside if beside.exists() else None)
    used = schedule.read(file, scenarios) if file else schedule.default(scenarios)
    moment = now or datetime.now(UTC)
    past = reading.read(folder)
    return History(folder, past, used, due.items(used, scenarios, past.rehearsals, moment), moment)


def write(history: History) -> Path:
    """Write page and badge into the folder of drills; return the path of the page.

    Raises RunbookError when a file cannot be written.
    """
    history.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(history.folder / BADGE, badge.as_svg(history.items))
    path = history.folder / PAGE
    files.write(path, page.as_html(history.past, history.items, history.schedule, history.now))
    return path
