# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a run to the history."""

from __future__ import annotations

import dataclasses
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.history import file, schema
from breakglass_aws.engine.history.records import Content, Record


@dataclass(frozen=True)
class Added:
    """A run that is in the history now: its number, whether it was there before, and where a damaged file is kept."""

    run_id: int
    new: bool
    kept_aside: Path | None = None


def add(path: Path, record: Record) -> Added:
    """Add a run; begin the file when it is missing. A damaged file is kept aside first.

    Raises RunbookError, with the cure, for a file of another organization or of a newer version, and for one that
    cannot be written. Nothing of the run is in the file then.
    """
    try:
        return _add(path, record)
    except file.Damaged:
        aside = file.keep_aside(path)
        added = _add(path, record)
        return Added(added.run_id, added.new, aside)


def _add(path: Path, record: Record) -> Added:
    with file.opened_to_change(path, begin=True) as connection:
        _require_organization(path, connection, record)
        found = connection.execute("SELECT run_id FROM runs WHERE digest = ?", (record.digest,)).fetchone()
        if found:
            return Added(found["run_id"], new=False)
        schema.complete(connection)
        run_id = connection.execute(
            "INSERT INTO runs (kind, read_at, with_root_sessions, digest, all_accounts) VALUES (?, ?, ?, ?, ?)",
            (record.kind, record.read_at, record.with_root_sessions, record.digest, record.all_accounts),
        ).lastrowid
        assert run_id is not None
        connection.executemany(
            "INSERT INTO run_accounts (run_id, account_id, content_id) VALUES (?, ?, ?)",
            [(run_id, content.account_id, _content_id(connection, content)) for content in record.contents],
        )
        return Added(run_id, new=True)


def _require_organization(path: Path, connection: sqlite3.Connection, record: Record) -> None:
    known = connection.execute("SELECT id, management_account_id FROM organization").fetchone()
    if known is None:
        connection.execute(
            "INSERT INTO organization VALUES (?, ?)", (record.organization_id, record.management_account_id)
        )
    elif known["id"] != record.organization_id:
        raise RunbookError(
            f"{path} is the history of the organization {known['id']}, and this result is of "
            f"{record.organization_id}. Nothing was added. Name another file: a history is of one organization."
        )
    elif record.management_account_id and not known["management_account_id"]:
        connection.execute("UPDATE organization SET management_account_id = ?", (record.management_account_id,))


def _content_id(connection: sqlite3.Connection, content: Content) -> int:
    """Return the number of the content; keep it when no run has found the same before."""
    digest = content.digest
    found = connection.execute("SELECT content_id FROM contents WHERE digest = ?", (digest,)).fetchone()
    if found:
        return int(found["content_id"])
    content_id = connection.execute(
        "INSERT INTO contents (digest, account_id, name, organizational_unit, state, outcome) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (digest, content.account_id, content.name, content.organizational_unit, content.state, content.outcome),
    ).lastrowid
    assert content_id is not None
    connection.executemany("INSERT INTO parts VALUES (?, ?)", [(part, content_id) for part in content.parts])
    connection.executemany(
        "INSERT INTO verdicts VALUES (?, ?, ?)",
        [(content_id, verdict.recovery, verdict.verdict) for verdict in content.verdicts],
    )
    connection.executemany(
        "INSERT INTO reasons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (content_id, verdict.recovery, number, *dataclasses.astuple(reason))
            for verdict in content.verdicts
            for number, reason in enumerate(verdict.reasons)
        ],
    )
    connection.executemany(
        "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(content_id, number, *dataclasses.astuple(finding)) for number, finding in enumerate(content.findings)],
    )
    return content_id
