# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was known of each account at a time: of each part, from the newest run that read this part of the account."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from breakglass_aws.engine.history.reading import complete_runs, contents_of
from breakglass_aws.engine.history.records import Content

ALWAYS = "9999"  # after any time
_COLUMNS = "account_id, run_id, read_at, content_id"
_READ = f"SELECT {_COLUMNS} FROM account_history JOIN parts USING (content_id) WHERE part = ?"


@dataclass(frozen=True)
class Place:
    """Where the history has what a run found in an account."""

    account_id: str
    run_id: int
    read_at: str
    content_id: int

    @property
    def order(self) -> tuple[str, int]:
        """Its place in the order of the runs."""
        return self.read_at, self.run_id


@dataclass(frozen=True)
class Known:
    """What a run found in an account, and when it was read."""

    read_at: str
    content: Content


def known_at(connection: sqlite3.Connection, part: str, time: str = ALWAYS) -> dict[str, Place]:
    """Return where there is what was known of a part of each account at a time, or is now.

    Where nothing was known then, it is what was found first after it: a history cannot say more of the time before it.
    Only runs that read this part of the account count.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT {_COLUMNS}, row_number() OVER (PARTITION BY account_id ORDER BY "
        "read_at > ?2, CASE WHEN read_at > ?2 THEN read_at END, read_at DESC, run_id DESC) AS place "
        "FROM account_history JOIN parts USING (content_id) WHERE part = ?1) WHERE place = 1",
        (part, time),
    )
    return {row["account_id"]: Place(*row) for row in rows}


def accounts_that_varied(connection: sqlite3.Connection, part: str, time: str) -> set[str]:
    """Return the accounts in which runs since a time did not all find the same."""
    rows = connection.execute(
        "SELECT account_id FROM account_history JOIN parts USING (content_id) WHERE part = ? AND read_at > ? "
        "GROUP BY account_id HAVING count(DISTINCT content_id) > 1",
        (part, time),
    )
    return {row["account_id"] for row in rows}


def steps_since(
    connection: sqlite3.Connection, part: str, before: Mapping[str, Place]
) -> Iterator[tuple[str, list[Known]]]:
    """Yield for each of these accounts what was known, and what each later run found: the steps, the oldest first."""
    places: dict[str, list[Place]] = {account_id: [place] for account_id, place in before.items()}
    for row in connection.execute(f"{_READ} ORDER BY read_at, run_id", (part,)):
        place = Place(*row)
        if place.account_id in before and place.order > before[place.account_id].order:
            places[place.account_id].append(place)
    found = contents_of(connection, {place.content_id for listed in places.values() for place in listed})
    for account_id, listed in places.items():
        yield account_id, [Known(place.read_at, found[place.content_id]) for place in listed]


def load(connection: sqlite3.Connection, places: Sequence[Place]) -> list[Known]:
    """Return what runs found at these places."""
    found = contents_of(connection, {place.content_id for place in places})
    return [Known(place.read_at, found[place.content_id]) for place in places]


def departed_since(connection: sqlite3.Connection, time: str) -> list[tuple[Place, str]]:
    """Return the accounts that left since a time: where each was last seen, and when it was first not there.

    Only a run with every account of the organization shows that one is not there, or a run during which it left.
    """
    absences = {account_id: [place.order for place in found] for account_id, found in _left_during(connection).items()}
    complete = [(run.read_at, run.run_id) for run in complete_runs(connection)]
    if not absences and not complete:
        return []
    found = []
    for place in _last_seen(connection):
        later = [order for order in (*complete, *absences.get(place.account_id, ())) if order > place.order]
        if later and min(later)[0] > time:
            found.append((place, min(later)[0]))
    return found


_LEFT = "SELECT content_id FROM reasons WHERE code = 'account_left'"  # found out while the run read the account


def _left_during(connection: sqlite3.Connection) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for row in connection.execute(f"SELECT {_COLUMNS} FROM account_history WHERE content_id IN ({_LEFT})"):
        found.setdefault(row["account_id"], []).append(Place(*row))
    return found


def _last_seen(connection: sqlite3.Connection) -> list[Place]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT {_COLUMNS}, row_number() OVER (PARTITION BY account_id "
        f"ORDER BY read_at DESC, run_id DESC) AS place FROM account_history WHERE content_id NOT IN ({_LEFT})) "
        "WHERE place = 1"
    )
    return [Place(*row) for row in rows]


def not_read_now(connection: sqlite3.Connection) -> list[Place]:
    """Return the accounts that the newest run of `ready` with them could not read."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT {_COLUMNS}, outcome, row_number() OVER (PARTITION BY account_id "
        "ORDER BY read_at DESC, run_id DESC) AS place FROM account_history WHERE kind = 'readiness') "
        "WHERE place = 1 AND outcome NOT IN ('unchanged', 'skipped')"
    )
    return [Place(*row) for row in rows]
