# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found, as SARIF 2.1.0, which code scanning of forges and other CI systems read.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from breakglass_aws.cli.lint.findings import RULES, Checked, Finding
from breakglass_aws.cli.lint.policy_file import STDIN, Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOOL, HOME = "breakglass-lint-policy", "https://breakglass.example/aws"


def log(checked: Sequence[Checked], version: str, status: int) -> dict[str, Any]:
    """Return the SARIF log of one run, which ends with this exit status."""
    failures = [_notification(one) for one in checked if one.failure]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": TOOL,
                        "version": version,
                        "informationUri": HOME,
                        "rules": [
                            {
                                "id": rule.id,
                                "shortDescription": {"text": f"{rule.title}."},
                                "fullDescription": {"text": rule.text},
                                "help": {"text": rule.text},
                                "defaultConfiguration": {"level": rule.level},
                            }
                            for rule in RULES
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not failures,
                        "exitCode": status,
                        "toolExecutionNotifications": failures,
                    }
                ],
                "results": list(_results(checked)),
            }
        ],
    }


def _results(checked: Iterable[Checked]) -> Iterable[dict[str, Any]]:
    for one in checked:
        for finding in one.findings:
            yield {
                "ruleId": finding.rule.id,
                "ruleIndex": RULES.index(finding.rule),
                "level": finding.rule.level,
                "message": {"text": finding.message},
                "locations": [_location(one.name, finding.place)],
                "properties": _properties(one, finding),
            }


def _properties(one: Checked, finding: Finding) -> dict[str, Any]:
    found = {"resource": one.resource, "account_id": one.account_id, "actions": list(finding.actions)}
    return found | {"conditions": list(finding.conditions), "statement": finding.index, "sid": finding.sid}


def _notification(one: Checked) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": one.failure},
        "locations": [_location(one.name, one.failed_at)],
    }


def _location(name: str, place: Place | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(name)}}
    if place:
        physical["region"] = {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        }
    return {"physicalLocation": physical}


def _uri(name: str) -> str:
    """Return the address of a file: relative to this folder, as CI systems expect it, where the file is in it."""
    if name == STDIN:
        return "stdin"
    path = Path(name).absolute()
    try:
        return quote(path.relative_to(Path.cwd()).as_posix())
    except ValueError:
        return path.as_uri()
