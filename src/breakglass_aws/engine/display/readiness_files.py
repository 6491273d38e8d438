# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a check of readiness: the result as JSON, a list for a spreadsheet, a page, and findings for a SIEM.

Each has all accounts, those that could not be read included.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, posture, times
from breakglass_aws.engine.display import html
from breakglass_aws.engine.posture.lists import spreadsheet_cell

FILES = DOCUMENT, LIST, PAGE, EVENTS = "readiness.json", "readiness.csv", "readiness.html", "readiness.ocsf.json"
COLUMNS = (
    "account_id",
    "name",
    "organizational_unit",
    "state",
    "recovery",
    "verdict",
    "code",
    "text",
    "fix",
    "policy_id",
    "policy_name",
    "policy_target",
)
# What of the result of the module is its answer, and not about the task.
_KEYS = (
    "organization",
    "caller",
    "read_at",
    "with_root_sessions",
    "with_role_sessions",
    "own_domains",
    "all_accounts",
    "unreadable",
    "summary",
    "calls",
    "accounts",
)


def write_readiness(found: Mapping[str, Any], folder: str) -> html.RichOutput:
    """Write the result of recovery_readiness_info into `folder`, with mode 0600; return what was written, as output.

    Raises RunbookError when a file cannot be written.
    """
    content = {key: found[key] for key in _KEYS}
    assessed = posture.assess([found], made=times.text(), title="Recovery readiness")
    pages = {PAGE: posture.as_html(assessed), EVENTS: posture.as_ocsf(assessed)}
    for name, text in {DOCUMENT: json.dumps(content, indent=1), LIST: as_csv(content), **pages}.items():
        files.write(Path(folder) / name, text)
    return html.text(f"Wrote {len(found['accounts'])} accounts to {', '.join(FILES)} in {folder}.")


def as_csv(found: Mapping[str, Any]) -> str:
    """The list as CSV text: a row for each account, recovery and reason, and for each finding."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for account in found["accounts"]:
        place = {column: account[column] for column in ("account_id", "name", "organizational_unit", "state")}
        for row in _rows(account):
            writer.writerow({column: spreadsheet_cell(value) for column, value in {**place, **row}.items()})
    return text.getvalue()


def _rows(account: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, one in account["recoveries"].items():
        for reason in one["reasons"] or [{"code": "", "text": "", "fix": "", "policy": None}]:
            policy = reason["policy"] or {}
            yield {
                "recovery": name,
                "verdict": one["verdict"],
                "code": reason["code"],
                "text": reason["text"],
                "fix": reason["fix"],
                "policy_id": policy.get("id"),
                "policy_name": policy.get("name"),
                "policy_target": policy.get("target"),
            }
    for finding in account["findings"]:
        text = ": ".join(filter(None, (finding["title"], finding["detail"])))
        yield {"verdict": finding["severity"], "code": finding["code"], "text": text, "fix": finding["fix"]}
