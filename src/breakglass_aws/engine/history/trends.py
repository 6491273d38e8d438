# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of each run, for the pictures of how the organization develops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from breakglass_aws.engine.history import file
from breakglass_aws.engine.history.reading import runs_in
from breakglass_aws.engine.posture import codes


@dataclass
class Point:
    """A run in numbers. `root_credentials` is None for a run that did not read them."""

    read_at: str
    kind: str
    accounts: int
    verdicts: dict[str, dict[str, int]] = field(default_factory=dict)  # recovery -> verdict -> accounts
    ready: int = 0  # accounts in which each recovery works that applies
    not_ready: int = 0  # accounts in which at least one would fail
    root_credentials: int | None = None  # accounts whose root user has at least one

    @property
    def counts(self) -> Mapping[str, int]:
        """How many accounts are ready, not ready, and neither of both for certain."""
        of_recoveries = {"ready": self.ready, "not_ready": self.not_ready}
        return {**of_recoveries, "unknown": self.accounts - self.ready - self.not_ready}


_VERDICTS = "SELECT run_id, recovery, verdict, count(*) AS n FROM verdict_history GROUP BY run_id, recovery, verdict"
_ACCOUNTS = """
SELECT run_id, sum(fails > 0) AS not_ready, sum(fails = 0 AND unknown = 0 AND works > 0) AS ready FROM (
  SELECT run_id, account_id, sum(verdict = 'fails') AS fails, sum(verdict = 'unknown') AS unknown,
    sum(verdict = 'works') AS works
  FROM verdict_history GROUP BY run_id, account_id)
GROUP BY run_id
"""


def trend(path: Path) -> list[Point]:
    """Return the numbers of each run, the oldest first. Raises RunbookError when the file cannot be read."""
    names = codes.ROOT_CREDENTIALS
    with file.opened_to_read(path) as connection:
        found = runs_in(connection)
        points = {
            run.run_id: Point(
                run.read_at, run.kind, run.accounts, root_credentials=0 if run.with_root_sessions else None
            )
            for run in found
        }
        for row in connection.execute(_VERDICTS):
            points[row["run_id"]].verdicts.setdefault(row["recovery"], {})[row["verdict"]] = row["n"]
        for row in connection.execute(_ACCOUNTS):
            points[row["run_id"]].ready, points[row["run_id"]].not_ready = row["ready"], row["not_ready"]
        rows = connection.execute(
            "SELECT run_id, count(DISTINCT account_id) AS n FROM finding_history "
            f"WHERE code IN ({', '.join('?' * len(names))}) GROUP BY run_id",
            names,
        )
        for row in rows:
            if points[row["run_id"]].root_credentials is not None:
                points[row["run_id"]].root_credentials = row["n"]
    return list(points.values())
