# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retention: delete old runs, one run, or an account from all runs. The newest run of each kind stays in a retention.

What is deleted is overwritten in the file (SQLite's secure_delete), and the file is made smaller.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.history import file
from breakglass_aws.engine.history.reading import Run, runs_in


def old_runs(path: Path, before: str) -> list[Run]:
    """Return the runs that `prune` deletes. Raises RunbookError when the file cannot be read."""
    with file.opened_to_read(path) as connection:
        return _old(connection, before)


def prune(path: Path, before: str) -> list[Run]:
    """Delete the runs before a time ("2026-01-31T00:00:00Z"); return them. The newest run of each kind stays.

    Raises RunbookError when the file cannot be changed.
    """
    with file.opened_to_change(path) as connection:
        old = _old(connection, before)
        _delete(connection, old)
    if old:
        file.shrink(path)
    return old


def delete_run(path: Path, run_id: int) -> None:
    """Delete a run. Raises RunbookError for one that is not there, and when the file cannot be changed."""
    with file.opened_to_change(path) as connection:
        found = [run for run in runs_in(connection) if run.run_id == run_id]
        if not found:
            raise RunbookError(f"There is no run {run_id} in {path}. `breakglass history list {path}` prints the runs.")
        _delete(connection, found)
    file.shrink(path)


def delete_account(path: Path, account_id: str) -> int:
    """Delete an account from all runs; return from how many.

    Raises RunbookError for an account that no run has, and when the file cannot be changed.
    """
    with file.opened_to_change(path) as connection:
        deleted = connection.execute("DELETE FROM run_accounts WHERE account_id = ?", (account_id,)).rowcount
        if not deleted:
            raise RunbookError(f"No run in {path} has an account {account_id}. Expected 12 digits of an account.")
        _delete_orphans(connection)
    file.shrink(path)
    return deleted


def _old(connection: sqlite3.Connection, before: str) -> list[Run]:
    found = runs_in(connection)
    newest = {run.kind: run.run_id for run in found}
    return [run for run in found if run.read_at < before and newest[run.kind] != run.run_id]


def _delete(connection: sqlite3.Connection, old: list[Run]) -> None:
    connection.executemany("DELETE FROM runs WHERE run_id = ?", [(run.run_id,) for run in old])
    _delete_orphans(connection)


def _delete_orphans(connection: sqlite3.Connection) -> None:
    """Delete contents that no run has any more, with their verdicts, reasons and findings."""
    connection.execute("DELETE FROM contents WHERE content_id NOT IN (SELECT content_id FROM run_accounts)")
