# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts by their tags in AWS Organizations."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._names import nearest

OPTION = "account_tags"
_ACCEPTED = "a tag's key with its value, or a list of values, each a text in quotes; null for any value"
_WORKERS = 8  # ListTagsForResource: 10 calls a second, bursts of 15 (aws-facts 6)

Wanted = dict[str, t.Optional[tuple[str, ...]]]


def check_tags(given: t.Mapping[t.Any, t.Any]) -> Wanted:
    """The option's tags: for each key the accepted values, None for any. InvalidInput for what is no text."""
    if not given:
        raise InvalidInput(OPTION, given, "at least one tag, or the option left out")
    wanted: Wanted = {}
    for key, value in given.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        # A number or a boolean in YAML may have lost zeros or letters on its way here: 0123 is 83.
        if not isinstance(key, str) or value == [] or not all(isinstance(one, str) for one in values):
            raise InvalidInput(OPTION, {key: value}, _ACCEPTED)
        wanted[key] = None if value is None else tuple(values)
    return wanted


def accounts_with_tags(
    organization: Organization, accounts: t.Sequence[Account], wanted: Wanted, warn: t.Callable[[str], t.Any]
) -> list[Account]:
    """Those of ``accounts`` that have all tags. One call for each account: AWS has no other list of these tags.

    Raises InvalidInput for a key that none of the accounts has, with the nearest one; a BreakglassError when an
    account's tags cannot be read, because then it is not known whether it is selected. Warns of values without account.
    """
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        tags = list(pool.map(lambda account: organization.tags_of(account.id), accounts))
    in_use: dict[str, set[str]] = {}
    for its in tags:
        for key, value in its.items():
            in_use.setdefault(key, set()).add(value)
    for key, values in wanted.items():
        if key not in in_use and accounts:
            hint = f"no account has a tag {key}{_did_you_mean(key, in_use)}"
            raise InvalidInput(OPTION, key, "the key of a tag that accounts have", hint=hint)
        for value in set(values or ()) - in_use.get(key, set()):
            text = f"{OPTION}: no account has {key}={value}{_did_you_mean(value, in_use.get(key, set()))}"
            warn(text if text.endswith("?") else f"{text}.")
    return [account for account, its in zip(accounts, tags, strict=True) if _has_all(its, wanted)]


def _has_all(tags: t.Mapping[str, str], wanted: Wanted) -> bool:
    return all(key in tags and (values is None or tags[key] in values) for key, values in wanted.items())


def _did_you_mean(name: str, known: t.Collection[str]) -> str:
    near = nearest(name, known)
    return f". Did you mean {near}?" if near else f". In use: {', '.join(sorted(known)[:10])}" if known else ""
