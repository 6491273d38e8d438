# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was known of each account at a time: of each part, from the newest run that read this part of the account."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from breakglass_aws.engine.history.reading import contents_of
from breakglass_aws.engine.history.records import Content

ALWAYS = "9999"  # after any time
_COLUMNS = "account_id, run_id, read_at, content_id"
_READ = f"SELECT {_COLUMNS} FROM account_history JOIN parts USING (content_id) WHERE part = ?"


@dataclass(frozen=True)
class Known:
    """What a run found in an account, and when it was read."""

    run_id: int
    read_at: str
    content: Content

    @property
    def place(self) -> tuple[str, int]:
        """Its place in the order of the runs."""
        return self.read_at, self.run_id


def known_at(connection: sqlite3.Connection, part: str, time: str = ALWAYS) -> dict[str, Known]:
    """Return what was known of a part of each account at a time, or is now.

    Where nothing was known then, it is what was found first after it: a history cannot say more of the time before it.
    Only runs that read this part of the account count.
    """
    rows = connection.execute(
        f"SELECT * FROM (SELECT {_COLUMNS}, row_number() OVER (PARTITION BY account_id ORDER BY "
        "read_at > ?2, CASE WHEN read_at > ?2 THEN read_at END, read_at DESC, run_id DESC) AS place "
        "FROM account_history JOIN parts USING (content_id) WHERE part = ?1) WHERE place = 1",
        (part, time),
    ).fetchall()
    return {known.content.account_id: known for known in _known(connection, rows)}


def read_since(connection: sqlite3.Connection, part: str, before: Mapping[str, Known]) -> dict[str, list[Known]]:
    """Return what later runs found in these accounts, the oldest first."""
    rows = [row for row in connection.execute(f"{_READ} ORDER BY read_at, run_id", (part,)) if row[0] in before]
    later = [row for row in rows if (row["read_at"], row["run_id"]) > before[row["account_id"]].place]
    found: dict[str, list[Known]] = {account_id: [] for account_id in before}
    for known in _known(connection, later):
        found[known.content.account_id].append(known)
    return found


def not_read_now(connection: sqlite3.Connection) -> list[Known]:
    """Return the accounts that the newest run of `ready` with them could not read."""
    rows = connection.execute(
        f"SELECT * FROM (SELECT {_COLUMNS}, outcome, row_number() OVER (PARTITION BY account_id "
        "ORDER BY read_at DESC, run_id DESC) AS place FROM account_history WHERE kind = 'readiness') "
        "WHERE place = 1 AND outcome NOT IN ('unchanged', 'skipped')"
    ).fetchall()
    return list(_known(connection, rows))


def _known(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> Iterator[Known]:
    contents = contents_of(connection, [row["content_id"] for row in rows])
    for row in rows:
        yield Known(row["run_id"], row["read_at"], contents[row["content_id"]])
