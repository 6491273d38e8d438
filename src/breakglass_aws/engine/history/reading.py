# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read runs and what they found from the history."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.history import file, schema
from breakglass_aws.engine.history.records import POLICY, READINESS, Content, Found, Reason, Verdict


@dataclass(frozen=True)
class Run:
    """A run in the history."""

    run_id: int
    kind: str
    read_at: str
    with_root_sessions: bool
    accounts: int


def runs(path: Path) -> list[Run]:
    """Return the runs, the oldest first. Raises RunbookError when the file cannot be read."""
    with file.opened_to_read(path) as connection:
        return runs_in(connection)


def runs_in(connection: sqlite3.Connection) -> list[Run]:
    """Return the runs of an open history, the oldest first."""
    rows = connection.execute(
        "SELECT run_id, kind, read_at, with_root_sessions, "
        "(SELECT count(*) FROM run_accounts WHERE run_accounts.run_id = runs.run_id) AS accounts "
        "FROM runs ORDER BY read_at, run_id"
    )
    return [
        Run(row["run_id"], row["kind"], row["read_at"], bool(row["with_root_sessions"]), row["accounts"])
        for row in rows
    ]


def complete_runs(connection: sqlite3.Connection) -> list[Run]:
    """Return the runs that had every account of the organization, the oldest first."""
    if not schema.has_all_accounts(connection):
        return []
    complete = {row["run_id"] for row in connection.execute("SELECT run_id FROM runs WHERE all_accounts")}
    return [run for run in runs_in(connection) if run.run_id in complete]


def organization(path: Path) -> dict[str, str]:
    """Return the ID of the organization and of its management account."""
    with file.opened_to_read(path) as connection:
        row = connection.execute("SELECT id, management_account_id FROM organization").fetchone()
        return dict(row) if row else {"id": "", "management_account_id": ""}


def result_of(path: Path, run_id: int) -> dict[str, Any]:
    """Return a run in the form of a result of recovery_readiness_info, with its number and kind.

    Raises RunbookError for a run that is not in the history.
    """
    with file.opened_to_read(path) as connection:
        found = {run.run_id: run for run in runs_in(connection)}
        run = found.get(run_id)
        if run is None:
            raise RunbookError(f"There is no run {run_id} in {path}. `breakglass history list {path}` prints the runs.")
        organization = connection.execute("SELECT id, management_account_id FROM organization").fetchone()
        rows = connection.execute("SELECT content_id FROM run_accounts WHERE run_id = ?", (run_id,)).fetchall()
        contents = contents_of(connection, [row["content_id"] for row in rows])
        complete = run_id in {known.run_id for known in complete_runs(connection)}
    entries = [_entry(one) for one in sorted(contents.values(), key=lambda content: content.account_id)]
    return {
        "run_id": run_id,
        "kind": run.kind,
        "organization": dict(organization),
        "read_at": run.read_at,
        "with_root_sessions": run.with_root_sessions,
        "all_accounts": complete,
        "accounts": entries,
        "summary": _summary(entries) if run.kind == READINESS else {},
    }


def contents_of(connection: sqlite3.Connection, content_ids: Iterable[int]) -> dict[int, Content]:
    """Return contents by their numbers."""
    wanted = sorted(set(content_ids))
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (content_id INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM wanted")
    connection.executemany("INSERT INTO wanted VALUES (?)", [(one,) for one in wanted])
    parts: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute("SELECT content_id, part FROM parts JOIN wanted USING (content_id)"):
        parts[row["content_id"]].append(row["part"])
    reasons: dict[tuple[int, str], list[Reason]] = defaultdict(list)
    for row in connection.execute("SELECT * FROM reasons JOIN wanted USING (content_id) ORDER BY content_id, number"):
        policy = (row[f"policy_{key}"] for key in POLICY)
        reason = Reason(row["code"], row["text"], row["fix"], bool(row["certain"]), *policy)
        reasons[row["content_id"], row["recovery"]].append(reason)
    verdicts: dict[int, list[Verdict]] = defaultdict(list)
    for row in connection.execute("SELECT * FROM verdicts JOIN wanted USING (content_id)"):
        why = tuple(reasons.get((row["content_id"], row["recovery"]), ()))
        verdicts[row["content_id"]].append(Verdict(row["recovery"], row["verdict"], why))
    findings: dict[int, list[Found]] = defaultdict(list)
    for row in connection.execute("SELECT * FROM findings JOIN wanted USING (content_id) ORDER BY content_id, number"):
        found = Found(row["code"], row["severity"], row["title"], row["detail"], row["fix"])
        findings[row["content_id"]].append(found)
    return {
        row["content_id"]: Content(
            row["account_id"],
            row["name"],
            row["organizational_unit"],
            row["state"],
            row["outcome"],
            tuple(parts[row["content_id"]]),
            tuple(verdicts[row["content_id"]]),
            tuple(findings[row["content_id"]]),
        )
        for row in connection.execute("SELECT contents.* FROM contents JOIN wanted USING (content_id)")
    }


def _entry(content: Content) -> dict[str, Any]:
    return {
        "account_id": content.account_id,
        "name": content.name,
        "organizational_unit": content.organizational_unit,
        "state": content.state,
        "outcome": content.outcome,
        "recoveries": {
            one.recovery: {"verdict": one.verdict, "reasons": [_reason(reason) for reason in one.reasons]}
            for one in content.verdicts
        },
        "findings": [
            {"code": one.code, "severity": one.severity, "title": one.title, "detail": one.detail, "fix": one.fix}
            for one in content.findings
        ],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    policy = {key: getattr(reason, f"policy_{key}") for key in POLICY}
    return {
        "code": reason.code,
        "certain": reason.certain,
        "text": reason.text,
        "fix": reason.fix,
        "policy": policy if reason.policy_id else None,
    }


def _summary(entries: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for entry in entries:
        for recovery, found in entry["recoveries"].items():
            of_recovery = counts.setdefault(recovery, {})
            of_recovery[found["verdict"]] = of_recovery.get(found["verdict"], 0) + 1
    return counts
