# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan reports of the past, and the act does not depend on: when a credential was used, and how long ago.

It goes on changing while a plan waits for its approval. An approver must see it, and an attacker who uses a key once
more must not make the approval void. What would be removed or kept is no observation: if a use changes that, the plan
is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from breakglass_aws.engine.collection import module_util

# One observation: the credential, by account, kind and ID, and what was seen of it, in words.
Observation = dict[str, str]
_KEYS = ("account_id", "kind", "id")
_LAST_USED = "last_used"


def without(value: Any) -> Any:
    """Return a plan, or a part of it, without its observations, at every depth."""
    if isinstance(value, Mapping):
        # Why an item is removed or kept names the days since its last use.
        left_out = {_LAST_USED, "reason"} if {"kind", "id", "outcome"} <= value.keys() else {_LAST_USED}
        return {key: without(item) for key, item in value.items() if key not in left_out}
    if isinstance(value, list):
        return [without(item) for item in value]
    return value


def of(plan: Mapping[str, Any]) -> list[Observation]:
    """Return the observations of a plan, sorted by account, kind and ID."""
    accounts = plan["accounts"] if isinstance(plan.get("accounts"), list) else [plan]
    return sorted(
        (found for account in accounts if isinstance(account, Mapping) for found in _of_account(account)),
        key=_credential,
    )


def _of_account(account: Mapping[str, Any]) -> Iterator[Observation]:
    account_id = account.get("account_id")
    if not isinstance(account_id, str):
        return
    seen: dict[tuple[str, str], list[str]] = {}
    before = account.get("before")
    for kind, identifier, used in _uses(before if isinstance(before, Mapping) else {}):
        seen.setdefault((kind, identifier), []).append(used)
    for item in module_util("_earlier_names").with_present_names(account).get("credentials") or []:
        if item.get("reason"):
            seen.setdefault((str(item["kind"]), str(item["id"])), []).append(str(item["reason"]))
    for (kind, identifier), texts in seen.items():
        in_words = "; ".join(text.rstrip(".") for text in texts)
        yield {"account_id": account_id, "kind": kind, "id": identifier, "seen": in_words}


def _uses(before: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, ID and last use of each credential of a root user whose last use was read."""
    for key in before.get("access_keys") or []:
        if _LAST_USED in key:
            last = key[_LAST_USED] or {}
            where = [last[name] for name in ("region", "service") if last.get("date") and last.get(name)]
            yield "access_keys", str(key["id"]), ", ".join([_used(last.get("date")), *where])
    password = before.get("password")
    if isinstance(password, Mapping) and password.get("present") and _LAST_USED in password:
        words = _used(password[_LAST_USED])
        yield "password", "password", words if password[_LAST_USED] else f"{words}: it may be an open password recovery"
    if _LAST_USED in before and before.get("created"):
        yield "login_profile", str(before["created"]), _used(before[_LAST_USED])


def _used(when: Any) -> str:
    return f"last used {when}" if when else "never used"


def are_valid(value: Any) -> bool:
    """Whether a value is a list of observations."""
    return isinstance(value, list) and all(
        isinstance(one, dict) and one.keys() == {*_KEYS, "seen"} and all(isinstance(word, str) for word in one.values())
        for one in value
    )


def digest(observations: Iterable[Observation]) -> str:
    """Return the SHA-256 of observations."""
    return hashlib.sha256(json.dumps([*observations], sort_keys=True).encode()).hexdigest()


def words(one: Observation) -> str:
    """Return an observation as a line for a person."""
    return f"{one['account_id']} {one['kind']} {one['id']}: {one['seen']}"


def since(approved: Iterable[Observation], now: Iterable[Observation]) -> list[str]:
    """Return a line for each credential of which something else is seen now than when the plan was approved."""
    before = {_credential(one): one["seen"] for one in approved}
    return [
        f"{words(one)}. When it was approved: {earlier}"
        for one in now
        if (earlier := before.get(_credential(one))) is not None and earlier != one["seen"]
    ]


def _credential(one: Observation) -> tuple[str, ...]:
    return tuple(one[name] for name in _KEYS)
