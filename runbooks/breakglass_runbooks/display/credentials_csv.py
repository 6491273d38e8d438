"""What root users have, as a list for a spreadsheet: one line an account, those that were not reached included."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_runbooks.display import html

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
# A spreadsheet takes text that begins like this for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_list(found: Mapping[str, Any], folder: str) -> html.Shown:
    """Write the result of root_credentials_info into `folder`, readable for its owner only; say what was written.

    A result of a task that was not run writes nothing.
    """
    if found.get("skipped"):
        return html.text("No list was written, because nobody has looked yet.")
    path = Path(folder) / FILE
    with open(path, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(as_csv(found["accounts"]))
    return html.text(f"{len(found['accounts'])} accounts are listed in {path}")


def as_csv(accounts: Iterable[Mapping[str, Any]]) -> str:
    """The list as text. What was not looked at stays empty: it is not known to be none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for account in accounts:
        writer.writerow({column: _cell(value) for column, value in _row(account).items()})
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
    keys, password = found["access_keys"], found["password"]
    used = [key["last_used"]["date"] for key in keys if (key["last_used"] or {}).get("date")]
    return {
        **row,
        "password": "yes" if password["present"] else "no",
        "password_created": password["created"],
        "password_last_used": password["last_used"],
        "access_keys": len(keys),
        "access_keys_active": sum(key["status"] == "Active" for key in keys),
        "access_keys_last_used": max(used, default=None),
        "signing_certificates": len(found["signing_certificates"]),
        "mfa_devices": len(found["mfa_devices"]),
    }


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front; an account may be called anything."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
