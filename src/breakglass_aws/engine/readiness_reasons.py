# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reasons in a result of recovery_readiness_info: one policy of an OU is one reason for all accounts below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NOT_WORKING = ("fails", "unknown")


@dataclass
class Group:
    """A reason, with the recoveries and the accounts (by ID) that it is a reason for."""

    code: str
    certain: bool
    text: str
    fix: str
    policy: Mapping[str, Any] | None
    recoveries: dict[str, None] = field(default_factory=dict)
    accounts: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def groups(accounts: Iterable[Mapping[str, Any]]) -> list[Group]:
    """The reasons why recoveries do not work: certain ones first, then those of most accounts.

    The text of a policy's reason is that of the first account.
    """
    found: dict[tuple[Any, ...], Group] = {}
    for account in accounts:
        for name, one in account["recoveries"].items():
            for reason in one["reasons"] if one["verdict"] in NOT_WORKING else []:
                group = found.setdefault(
                    _key(reason), Group(*(reason[key] for key in ("code", "certain", "text", "fix", "policy")))
                )
                group.recoveries[name] = None
                group.accounts[account["account_id"]] = account
    return sorted(found.values(), key=lambda group: (not group.certain, -len(group.accounts)))


def _key(reason: Mapping[str, Any]) -> tuple[Any, ...]:
    policy = reason["policy"]
    distinct = (policy["id"], policy["target_id"]) if policy else (reason["text"], reason["fix"])
    return reason["code"], reason["certain"], *distinct
