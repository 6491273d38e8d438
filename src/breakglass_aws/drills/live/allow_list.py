# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-list of live drills: which accounts may be used, who says so, and until when. Read before any call."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from breakglass_aws.drills.scenario_file import values
from breakglass_aws.drills.scenario_file.values import ScenarioError
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.sandbox.organization_file import yaml_source
from breakglass_aws.sandbox.organization_file.values import ConfigNode

LONGEST = 366  # days; a permission without an end is forgotten
_EXAMPLE = '- {id: "333344445555", name: drills, who: Ada Lovelace, expires: 2027-01-31}'


class Refused(RunbookError):
    """A live drill that is not allowed; the text says why. Nothing was called."""


@dataclass(frozen=True)
class Entry:
    """An account that may be used: its name in AWS Organizations, who allowed it, and the last day."""

    id: str
    name: str
    who: str
    expires: date


def allowed(file: Path, account: str) -> Entry:
    """The entry of an account. Raises Refused for an account that is not in the list, or not any more.

    Raises ScenarioError, with the line, for a file that is not an allow-list.
    """
    entries = read(file)
    if account not in entries:
        known = ", ".join(entries) or "none"
        raise Refused(f"Account {account} is not in the allow-list {file}. Accounts in it: {known}. Add it: {_EXAMPLE}")
    entry = entries[account]
    if entry.expires < _today():
        raise Refused(
            f"Account {account} was allowed until {entry.expires} ({file}, by {entry.who}). Have it allowed again."
        )
    return entry


def read(file: Path) -> dict[str, Entry]:
    """All entries by account ID. Raises Refused for a file that others can change, ScenarioError for a wrong one."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise Refused(f"The allow-list {file} cannot be read: {error.strerror}. Expected a list of accounts.") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Refused(f"Others can write the allow-list {file}, so it allows nothing: chmod go-w {file}")
    try:
        value, source = yaml_source.read(file, "an allow-list")
    except yaml_source.OrganizationError as error:
        raise ScenarioError(str(error)) from None
    top = ConfigNode(value, (), source, datetime.now(UTC))
    found: dict[str, Entry] = {}
    for node in values.items(values.keys(top, "accounts", required=("accounts",))["accounts"]):
        entry = _entry(node)
        if entry.id in found:
            raise values.refuse(node, f"account {entry.id} is there twice")
        found[entry.id] = entry
    return found


def _entry(node: ConfigNode) -> Entry:
    given = values.keys(node, "id", "name", "who", "expires", required=("id", "name", "who", "expires"))
    expires = given["expires"]
    accepted = f"a date such as 2027-01-31, at most {LONGEST} days ahead"
    try:
        last = date.fromisoformat(values.text(expires, r"\d{4}-\d\d-\d\d", accepted))
    except ValueError as error:
        if isinstance(error, ScenarioError):
            raise
        raise values.refuse(expires, f"{expires.value!r} is not accepted. Expected {accepted}.") from None
    if (last - _today()).days > LONGEST:
        raise values.refuse(expires, f"{expires.value} is too far ahead. Expected {accepted}.")
    account = values.text(given["id"], r"\d{12}", 'an account ID: 12 digits, in quotes ("012345678901")')
    return Entry(account, values.text(given["name"]), values.text(given["who"]), last)


def _today() -> date:
    return datetime.now(UTC).date()
