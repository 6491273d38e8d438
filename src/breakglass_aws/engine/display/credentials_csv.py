# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an audit of root credentials: a list for a spreadsheet, a page by severity and OU, and JSON.

Each has all accounts, those that could not be read included.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, posture, times
from breakglass_aws.engine.display import html
from breakglass_aws.engine.posture.lists import credentials, spreadsheet_cell

FILE = "root_credentials.csv"
COLUMNS = (
    "account_id",
    "name",
    "outcome",
    "password",
    "password_created",
    "password_last_used",
    "access_keys",
    "access_keys_active",
    "access_keys_last_used",
    "signing_certificates",
    "mfa_devices",
    "reason",
)
POSTURE = ("posture.html", "posture.json", "posture.ocsf.json")


def write_list(found: Mapping[str, Any], folder: str, accounts: Mapping[str, Any] | None = None) -> html.RichOutput:
    """Write the result of root_credentials_info into `folder`, with mode 0600; return what was written, as output.

    `accounts` is a result of organization_account_info: the page has the OUs from it. The result of a skipped task
    writes nothing. Raises RunbookError when a file cannot be written.
    """
    if found.get("skipped"):
        return html.text("No list was written: the accounts were not read.")
    assessed = posture.assess([found, *([accounts] if accounts else [])], made=times.text())
    contents = {FILE: as_csv(found["accounts"]), **{name: posture.FILES[name](assessed) for name in POSTURE}}
    for name, content in contents.items():
        files.write(Path(folder) / name, content)
    return html.text(f"Wrote {len(found['accounts'])} accounts to {', '.join(contents)} in {folder}.")


def as_csv(accounts: Iterable[Mapping[str, Any]]) -> str:
    """The list as CSV text. Values that are not known are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for account in accounts:
        writer.writerow({column: spreadsheet_cell(value) for column, value in _row(account).items()})
    return text.getvalue()


def _row(account: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "account_id": account["account_id"],
        "name": account.get("name"),
        "outcome": {"unchanged": "present"}.get(account["outcome"], account["outcome"]),
        "reason": account.get("reason"),
    }
    found = account.get("root_credentials")
    if found is None:
        return row
    return {**row, **credentials(found)}
