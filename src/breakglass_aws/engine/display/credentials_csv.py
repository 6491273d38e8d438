"""Root credentials as a list for a spreadsheet: one line for each account, unreachable accounts included."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine.display import html

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
# A spreadsheet runs text with these beginnings as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_list(found: Mapping[str, Any], folder: str) -> html.RichOutput:
    """Write the result of root_credentials_info into `folder`, with mode 0600; return what was written, as output.

    The result of a skipped task writes nothing.
    """
    if found.get("skipped"):
        return html.text("No list was written: the accounts were not read.")
    path = Path(folder) / FILE
    with open(path, "w", encoding="utf-8", newline="", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(as_csv(found["accounts"]))
    return html.text(f"Wrote {len(found['accounts'])} accounts to {path}.")


def as_csv(accounts: Iterable[Mapping[str, Any]]) -> str:
    """The list as CSV text. Values that are not known are empty."""
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
    """Text that a spreadsheet would run gets an apostrophe in front: account names are free text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
