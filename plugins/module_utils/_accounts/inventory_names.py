# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts and groups for accounts, OUs and tags, whose own names are free text. No AWS, no Ansible.

A name from AWS must never select anything: not by the syntax of Ansible's patterns (``, : [ ] ! & ~ * ?`` and spaces),
not by being equal to another host or group, and not by two things sharing a name after invalid characters are replaced.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections import Counter
from dataclasses import dataclass

# What Ansible replaces in names of groups (constants.INVALID_VARIABLE_NAMES).
_INVALID = re.compile(r"^[\d\W]|[^\w]", re.ASCII)
# A host name that no pattern reads as anything else, and that is never an account ID.
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z", re.ASCII)
# Host and group names with a meaning of their own in Ansible.
_RESERVED = ("all", "ungrouped", "localhost")

ROOT_GROUP = "ou_root"
Key = t.TypeVar("Key", bound=t.Hashable)


def safe_group_name(text: str) -> str:
    """The text as the name of a group: ASCII letters, digits and underscores, no digit first."""
    return _INVALID.sub("_", text)


@dataclass(frozen=True)
class UniqueNames(t.Generic[Key]):
    """A name for each key, and the names that several keys wanted."""

    of: dict[Key, str]
    shared: list[str]


def unique_names(
    wanted: t.Mapping[Key, str], suffixes: t.Mapping[Key, str], taken: t.Collection[str] = ()
) -> UniqueNames[Key]:
    """A name for each key: the wanted one, or with its suffix where several keys want it or it is taken already.

    Suffixes differ. A wanted name may be the same as one with a suffix; then it gets its own suffix too.
    """
    names, shared = dict(wanted), set()
    while repeated := {name for name, count in Counter([*names.values(), *taken]).items() if count > 1}:
        again = {key for key, name in names.items() if name in repeated and name == wanted[key]}
        if not again:
            break
        shared |= {wanted[key] for key in again}
        names.update({key: safe_group_name(f"{wanted[key]}_{suffixes[key]}") for key in again})
    return UniqueNames(names, sorted(shared))


def unit_groups(paths: t.Mapping[str, t.Sequence[str]]) -> UniqueNames[str]:
    """The group of each OU, by its ID. ``paths`` has the names from the root (without it) down to each OU."""
    wanted = {unit_id: safe_group_name("_".join(["ou", *path]).lower()) for unit_id, path in paths.items()}
    return unique_names(wanted, {unit_id: unit_id for unit_id in wanted}, taken=(ROOT_GROUP,))


def tag_groups(tags: t.Iterable[tuple[str, str]]) -> UniqueNames[tuple[str, str]]:
    """The group of each tag, by key and value."""
    wanted = {tag: safe_group_name(f"tag_{tag[0]}_{tag[1]}") for tag in tags}
    return unique_names(wanted, {tag: _digest(tag) for tag in wanted})


def account_groups(names: t.Mapping[str, str]) -> UniqueNames[str]:
    """The group that has one account alone, by the account's ID. ``names`` has the accounts' names by ID."""
    wanted = {account_id: safe_group_name(f"account_{name}".lower()) for account_id, name in names.items()}
    return unique_names(wanted, {account_id: account_id for account_id in wanted})


def hosts_by_name(names: t.Mapping[str, str], groups: t.Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The host name of each account, by its ID, where accounts are to be named; and why some have their ID instead.

    ``names`` has the accounts' names by ID; ``groups`` are the names of all groups.
    """
    count = Counter(name.lower() for name in names.values())
    refused = {}
    for account_id, name in names.items():
        if not _HOST.match(name):
            refused[account_id] = "it has characters that Ansible's patterns use"
        elif name.lower() in _RESERVED:
            refused[account_id] = "it has a meaning of its own in Ansible"
        elif name in groups:
            refused[account_id] = "a group has this name"
        elif count[name.lower()] > 1:
            refused[account_id] = "several accounts have this name"
    return {account_id: account_id if account_id in refused else name for account_id, name in names.items()}, refused


def _digest(tag: tuple[str, str]) -> str:
    return hashlib.sha256(json.dumps(tag).encode()).hexdigest()[:8]
