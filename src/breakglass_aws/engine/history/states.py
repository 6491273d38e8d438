# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was known of each account at a time: of each part, from the newest run that read this part of the account.

A run without root sessions does not read root credentials, and an audit reads nothing else. So the parts are compared
one by one: a root key is not gone because the last run did not look for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from breakglass_aws.engine.history.reading import contents_of
from breakglass_aws.engine.history.records import Content
from breakglass_aws.engine.posture import kinds

READINESS, CREDENTIALS, RESOURCES = "readiness", "root_credentials", "resources"
PARTS = {  # of each part: the runs that read it
    READINESS: "kind = 'readiness'",
    CREDENTIALS: "with_root_sessions",
    RESOURCES: "kind = 'readiness' AND with_root_sessions",
}
_OF_CODES = {
    **dict.fromkeys((kind.name for kind in kinds.ROOT_CREDENTIALS), CREDENTIALS),
    kinds.LOCKED.name: RESOURCES,
    kinds.POSSIBLY_LOCKED.name: RESOURCES,
}
ALWAYS = "9999"  # after any time
_COLUMNS = "account_id, run_id, read_at, with_root_sessions, content_id"
# Outcomes (of an audit: statuses) of accounts that a run did not read.
NOT_READ = ("failed", "unreachable", "unverified", "not_reached", "skipped", "unknown")


def part_of(code: str) -> str:
    """Return the part that a finding belongs to."""
    return _OF_CODES.get(code, READINESS)


@dataclass(frozen=True)
class Known:
    """What a run found in an account, and when it was read."""

    run_id: int
    read_at: str
    with_root_sessions: bool
    content: Content


def known_at(connection: sqlite3.Connection, part: str, time: str = ALWAYS) -> dict[str, Known]:
    """Return what was known of a part of each account at a time, or is now.

    Where nothing was known then, it is what was found first after it: a history cannot say more of the time before it.
    Only runs that read the account count.
    """
    rows = connection.execute(
        f"SELECT * FROM (SELECT {_COLUMNS}, row_number() OVER (PARTITION BY account_id ORDER BY "
        "read_at > ?1, CASE WHEN read_at > ?1 THEN read_at END, read_at DESC, run_id DESC) AS place "
        f"FROM account_history WHERE {_reads(part)}) WHERE place = 1",
        (time,),
    ).fetchall()
    return {row["account_id"]: known for row, known in _known(connection, rows)}


def read_since(connection: sqlite3.Connection, part: str, before: Mapping[str, Known]) -> dict[str, list[Known]]:
    """Return what later runs found in these accounts, the oldest first."""
    rows = [
        row
        for row in connection.execute(
            f"SELECT {_COLUMNS} FROM account_history WHERE {_reads(part)} ORDER BY read_at, run_id"
        )
        if row["account_id"] in before
        and (row["read_at"], row["run_id"]) > (before[row["account_id"]].read_at, before[row["account_id"]].run_id)
    ]
    found: dict[str, list[Known]] = {account_id: [] for account_id in before}
    for row, known in _known(connection, rows):
        found[row["account_id"]].append(known)
    return found


def not_read_now(connection: sqlite3.Connection) -> dict[str, Known]:
    """Return the accounts that the newest run of `ready` with them could not read."""
    rows = connection.execute(
        f"SELECT * FROM (SELECT {_COLUMNS}, outcome, row_number() OVER (PARTITION BY account_id "
        f"ORDER BY read_at DESC, run_id DESC) AS place FROM account_history WHERE {PARTS[READINESS]}) "
        "WHERE place = 1 AND outcome NOT IN ('unchanged', 'skipped')"
    ).fetchall()
    not_read = [row for row in rows if row["outcome"] in NOT_READ]
    return {row["account_id"]: known for row, known in _known(connection, not_read)}


def _reads(part: str) -> str:
    """Return the SQL condition for runs that read this part of an account."""
    outcomes = ", ".join(f"'{outcome}'" for outcome in NOT_READ)
    return f"{PARTS[part]} AND outcome NOT IN ({outcomes})"


def _known(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> Iterator[tuple[sqlite3.Row, Known]]:
    contents = contents_of(connection, [row["content_id"] for row in rows])
    for row in rows:
        yield (
            row,
            Known(row["run_id"], row["read_at"], bool(row["with_root_sessions"]), contents[row["content_id"]]),
        )
