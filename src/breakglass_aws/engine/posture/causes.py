# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why recoveries would fail, or are not known to work: each cause once, with the accounts and recoveries it concerns.

One policy stops hundreds of accounts alike. Its repair is one change, so it is one cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from breakglass_aws.engine.posture.model import Account, Posture

HERE = "\u27e6account\u27e7"  # in the text of a reason, instead of the ID of the account; page.js puts it back


Key = tuple[bool, str, str, str, str]


@dataclass
class Cause:
    """A cause, with the accounts that it concerns and the recoveries in each."""

    code: str
    certain: bool
    key: Key
    text: str
    fix: str
    policy: Mapping[str, Any] | None
    accounts: dict[str, Account] = field(default_factory=dict)
    recoveries: dict[str, int] = field(default_factory=dict)  # in how many accounts it stops each
    same_text: bool = True  # whether the reason reads the same in all accounts

    @property
    def title(self) -> str:
        """The policy and where it is attached, or the code in words."""
        if self.policy:
            return (
                f"{self.policy.get('name') or self.policy['id']} on {self.policy.get('target') or 'an unknown target'}"
            )
        return self.code.replace("_", " ").capitalize()


def key_of(reason: Mapping[str, Any], verdict: str) -> Key:
    """What reasons of the same cause have in common."""
    policy = reason.get("policy") or {}
    place = str(policy.get("target_id") or policy.get("target") or "")
    certain = bool(reason.get("certain", verdict == "fails"))
    return certain, str(reason["code"]), str(policy.get("id") or ""), place, str(reason.get("fix") or "")


def causes(posture: Posture) -> list[Cause]:
    """Return the causes: certain ones first, then those that concern most accounts."""
    found: dict[Key, Cause] = {}
    for account in posture.accounts:
        for recovery, judged in account.recoveries.items():
            if judged["verdict"] in ("fails", "unknown"):
                for reason in judged["reasons"]:
                    _add(found, account, recovery, judged["verdict"], reason)
    return sorted(found.values(), key=lambda one: (not one.certain, -len(one.accounts), one.code))


def _add(found: dict[Key, Cause], account: Account, recovery: str, verdict: str, reason: Mapping[str, Any]) -> None:
    key = key_of(reason, verdict)
    text = str(reason.get("text") or "").replace(account.account_id, HERE)
    cause = found.setdefault(key, Cause(key[1], key[0], key, text, key[4], reason.get("policy")))
    cause.same_text = cause.same_text and cause.text == text
    cause.accounts[account.account_id] = account
    cause.recoveries[recovery] = cause.recoveries.get(recovery, 0) + 1


def names(accounts: Iterable[Account], most: int = 6) -> str:
    """Return the names of the first accounts, and how many more there are."""
    listed = list(accounts)
    shown = ", ".join(f"{account.name or '(no name)'} ({account.account_id})" for account in listed[:most])
    return shown + (f" and {len(listed) - most:,} more" if len(listed) > most else "")
