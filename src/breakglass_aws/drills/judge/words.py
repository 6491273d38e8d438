# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths and values of the state in plain words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_LONGEST = 160
# The first keys of a path -> what it is; {} stands for the keys that follow, in their order.
_PLACES: dict[tuple[str, ...], str] = {
    ("bucket_policies",): "The policy of bucket {}",
    ("queue_policies",): "The policy of queue {}",
    ("buckets",): "Bucket {}",
    ("queues",): "Queue {}",
    ("accounts",): "Account {}",
    ("root_users",): "The root user of account {}",
    ("iam",): "IAM of account {}",
    ("organization", "policies"): "The policy {}",
    ("organization", "units"): "The organizational unit {}",
    ("organization", "features"): "The enabled features of root access",
    ("organization", "trusted_access"): "The services with trusted access",
    ("organization", "delegated_administrators"): "The delegated administrators",
    ("stack_sets",): "The StackSet {}",
    ("invitations",): "The invitation {}",
    ("identity_center",): "IAM Identity Center",
}
# Kinds of entities: the key after one of these is a name.
_KINDS = {"roles": "role", "users": "user", "groups": "group", "access_keys": "access key"}
_MEMBERS = {
    "trust_policy": "trust policy",
    "mfa_devices": "MFA devices",
    "signing_certificates": "signing certificates",
    "attached_policies": "attached policies",
    "public_access_block": "Block Public Access",
}


def place(path: Sequence[str]) -> str:
    """Return a path in words, the beginning of a sentence: `IAM of account 1234...: trust policy of role Admin`."""
    for length in (2, 1):
        words = _PLACES.get(tuple(path[:length]))
        if words:
            break
    else:
        return " > ".join(path) or "The organization"
    rest = list(path[length:])
    if "{}" in words:
        words = words.format(rest.pop(0)) if rest else words.replace(" {}", "s")
    return f"{words}: {_inner(rest)}" if rest else words


def _inner(rest: list[str]) -> str:
    if rest[0] in _KINDS and len(rest) > 1:
        name = f"{_KINDS[rest[0]]} {rest[1]}"
        return f"{_members(rest[2:])} of {name}" if rest[2:] else name
    return _members(rest)


def _members(rest: list[str]) -> str:
    return " ".join(_MEMBERS.get(part, part.replace("_", " ") if part.islower() else part) for part in rest)


def described(value: Any) -> str:
    """Return a value in words; long ones are cut."""
    if value is None:
        return "nothing"
    if value is True or value is False:
        return "yes" if value else "no"
    if value in ([], {}, ""):
        return "empty"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
