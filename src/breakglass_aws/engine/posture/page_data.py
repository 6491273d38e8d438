# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the page for its script: every account, with what repeats kept once (see page.js for its form)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from breakglass_aws.engine.posture.causes import HERE, Cause, key_of
from breakglass_aws.engine.posture.frameworks import labels
from breakglass_aws.engine.posture.matrix import ordered
from breakglass_aws.engine.posture.model import NO_OU, Account, Posture


class _Table:
    """Values by number; a value that is added again keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def number(self, key: Hashable, value: Any) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def page_data(posture: Posture, causes: list[Cause]) -> dict[str, Any]:
    """Return the data: `accounts` has a row for each account, whose numbers are places in the other lists."""
    recoveries = posture.recoveries
    units, kinds, fixes, reasons, judged = _Table(), _Table(), _Table(), _Table(), _Table()
    numbers = {cause.key: number for number, cause in enumerate(causes)}

    def verdicts_of(account: Account, pattern: str) -> list[Any]:
        """The pattern, and for each recovery the numbers of its reasons."""
        of_recoveries = []
        for name in recoveries:
            found = account.recoveries.get(name, {})
            of_reasons = []
            for reason in found.get("reasons") or ():
                text = str(reason.get("text") or "").replace(account.account_id, HERE)
                key = key_of(reason, found["verdict"])
                of_reasons.append(reasons.number((key, text), [text, key[4], numbers.get(key, -1)]))
            of_recoveries.append(of_reasons)
        return [pattern, of_recoveries]

    rows = []
    for account, pattern in ordered(posture):
        verdicts = verdicts_of(account, pattern) if account.recoveries else ["", []]
        found = [
            [
                kinds.number(one.kind.name, [one.kind.name, one.kind.severity, one.kind.title, labels(one.kind.name)]),
                one.detail,
                fixes.number(one.fix or one.kind.advice, one.fix or one.kind.advice),
            ]
            for one in account.findings
        ]
        path = account.ou or NO_OU
        rows.append(
            [
                account.account_id,
                account.name,
                units.number(path, path),
                account.status,
                judged.number(repr(verdicts), verdicts),
                found,
                account.reason,
            ]
        )
    return {
        "recoveries": recoveries,
        "units": units.values,
        "kinds": kinds.values,
        "fixes": fixes.values,
        "reasons": reasons.values,
        "judged": judged.values,
        "accounts": rows,
    }
