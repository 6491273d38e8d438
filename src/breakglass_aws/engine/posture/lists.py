# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture for programs: CSV for a spreadsheet, one line an account, and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from breakglass_aws.engine.posture.frameworks import controls_of
from breakglass_aws.engine.posture.model import Account, Posture

FORMAT = "breakglass.aws/posture/1"
COLUMNS = (
    "account_id",
    "name",
    "ou",
    "status",
    "findings",
    "password",
    "password_created",
    "password_last_used",
    "access_keys",
    "access_keys_active",
    "access_keys_last_used",
    "signing_certificates",
    "mfa_devices",
    "details",
    "reason",
)
# A spreadsheet runs text with these beginnings as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(posture: Posture) -> str:
    """The posture as JSON; its keys stay, additions are possible."""
    content = {
        "format": FORMAT,
        "made": posture.made,
        "organization": posture.organization or None,
        "summary": posture.counts(),
        "accounts": [
            {
                "account_id": account.account_id,
                "name": account.name,
                "ou": account.ou or None,
                "status": account.status,
                "reason": account.reason,
                "findings": [
                    {
                        "kind": finding.kind.name,
                        "severity": finding.kind.severity,
                        "title": finding.kind.title,
                        "detail": finding.detail,
                        "fix": finding.fix or finding.kind.advice,
                        "controls": {name: list(ids) for name, ids in controls_of(finding.kind.name).items()},
                    }
                    for finding in account.findings
                ],
                **({"readiness": account.readiness, "recoveries": account.recoveries} if account.recoveries else {}),
                # As they were read, without anything secret: a model of the organization takes them.
                "root_credentials": account.sweeps.get("root_credentials", {}).get("root_credentials"),
            }
            for account in posture.accounts
        ],
    }
    return json.dumps(content, indent=2) + "\n"


def as_csv(posture: Posture) -> str:
    """One line for each account, those that could not be read included. Values that are not known are empty."""
    text = io.StringIO()
    columns = [*COLUMNS, *(["readiness", *posture.recoveries, "why_not_ready"] if posture.recoveries else [])]
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    for account in posture.accounts:
        cells = {**_row(account), **_readiness(account)}
        writer.writerow({column: spreadsheet_cell(value) for column, value in cells.items()})
    return text.getvalue()


def _row(account: Account) -> dict[str, Any]:
    root = account.sweeps.get("root_credentials", {}).get("root_credentials")
    return {
        "account_id": account.account_id,
        "name": account.name,
        "ou": account.ou,
        "status": account.status,
        "findings": len(account.findings),
        "details": "; ".join(f"{finding.kind.title}: {finding.detail}" for finding in account.findings),
        "reason": account.reason,
        **(credentials(root) if root else {}),
    }


def _readiness(account: Account) -> dict[str, Any]:
    """The columns of readiness: the verdict on each recovery, and why some would fail or are not known to work."""
    if not account.recoveries:
        return {}
    reasons = dict.fromkeys(
        str(reason.get("text") or reason["code"])
        for found in account.recoveries.values()
        if found["verdict"] in ("fails", "unknown")
        for reason in found["reasons"]
    )
    verdicts = {name: found["verdict"] for name, found in account.recoveries.items()}
    return {"readiness": account.readiness, **verdicts, "why_not_ready": " ".join(reasons)}


def credentials(found: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of root credentials that were read."""
    keys, password = found["access_keys"], found["password"]
    used = [key["last_used"]["date"] for key in keys if (key["last_used"] or {}).get("date")]
    return {
        "password": "yes" if password["present"] else "no",
        "password_created": password["created"],
        "password_last_used": password["last_used"],
        "access_keys": len(keys),
        "access_keys_active": sum(key["status"] == "Active" for key in keys),
        "access_keys_last_used": max(used, default=None),
        "signing_certificates": len(found["signing_certificates"]),
        "mfa_devices": len(found["mfa_devices"]),
    }


def spreadsheet_cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front: account names are free text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
