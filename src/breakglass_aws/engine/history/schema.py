# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of the history, their version, and how they are read with SQL.

What was found in an account is a row of `contents` with its verdicts, reasons and findings, and with
the parts of the account that were read at all. It is kept once, however
many runs found the same: `run_accounts` has what each run found. So a daily run of an organization in which little
changes adds about 25 bytes for each account.

The views `account_history`, `verdict_history`, `reason_history` and `finding_history` have rows for each run: they are
for people and notebooks, and stay as they are when the tables change.
"""

from __future__ import annotations

import sqlite3

APPLICATION_ID = 0x62726B67  # "brkg", in the header of the file: the file is a history of breakglass.aws
VERSION = 1

_TABLES = """
CREATE TABLE organization (
  id TEXT PRIMARY KEY,
  management_account_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
  run_id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('readiness', 'audit')),
  read_at TEXT NOT NULL,
  with_root_sessions INTEGER NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  all_accounts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_time ON runs (read_at);
CREATE TABLE contents (
  content_id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL,
  name TEXT NOT NULL,
  organizational_unit TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX contents_by_account ON contents (account_id);
CREATE TABLE run_accounts (
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  account_id TEXT NOT NULL,
  content_id INTEGER NOT NULL REFERENCES contents,
  PRIMARY KEY (run_id, account_id)
) WITHOUT ROWID;
CREATE INDEX run_accounts_by_content ON run_accounts (content_id);
CREATE TABLE parts (
  part TEXT NOT NULL,
  content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
  PRIMARY KEY (part, content_id)
) WITHOUT ROWID;
CREATE TABLE verdicts (
  content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
  recovery TEXT NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (content_id, recovery)
) WITHOUT ROWID;
CREATE TABLE reasons (
  content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
  recovery TEXT NOT NULL,
  number INTEGER NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  fix TEXT NOT NULL,
  certain INTEGER NOT NULL,
  policy_id TEXT,
  policy_name TEXT,
  policy_type TEXT,
  policy_target TEXT,
  policy_target_id TEXT,
  PRIMARY KEY (content_id, recovery, number)
) WITHOUT ROWID;
CREATE TABLE findings (
  content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
  number INTEGER NOT NULL,
  code TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  fix TEXT NOT NULL,
  PRIMARY KEY (content_id, number)
) WITHOUT ROWID;
CREATE VIEW account_history AS
  SELECT run_id, kind, read_at, with_root_sessions, content_id, contents.account_id, name, organizational_unit, state,
    outcome
  FROM runs JOIN run_accounts USING (run_id) JOIN contents USING (content_id);
CREATE VIEW verdict_history AS
  SELECT run_id, read_at, content_id, account_id, name, organizational_unit, recovery, verdict
  FROM account_history JOIN verdicts USING (content_id);
CREATE VIEW reason_history AS
  SELECT run_id, read_at, account_id, name, organizational_unit, recovery, verdict, number, code, text, fix, certain,
    policy_id, policy_name, policy_type, policy_target, policy_target_id
  FROM verdict_history JOIN reasons USING (content_id, recovery);
CREATE VIEW finding_history AS
  SELECT run_id, kind, read_at, account_id, name, organizational_unit, code, severity, title, detail, fix
  FROM account_history JOIN findings USING (content_id);
"""


def has_all_accounts(connection: sqlite3.Connection) -> bool:
    """Whether the file says of each run if it has all accounts of the organization. Earlier versions did not."""
    return any(row[1] == "all_accounts" for row in connection.execute("PRAGMA table_info(runs)"))


def complete(connection: sqlite3.Connection) -> None:
    """Add what later versions added to the tables, inside the transaction of the caller.

    Earlier versions can still use the file: they leave out a column that has a default.
    """
    if not has_all_accounts(connection):
        connection.execute("ALTER TABLE runs ADD COLUMN all_accounts INTEGER NOT NULL DEFAULT 0")


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file, inside the transaction of the caller."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
