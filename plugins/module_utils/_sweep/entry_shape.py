# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shape of an account's entry: what a journal must hold to be believed. No AWS, no Ansible.

A shape is a type (``str``), a dict of shapes by key ("key?" may be missing), a list with the shape of its elements, a
tuple of alternatives, None, or ``ANY``.
"""

from __future__ import annotations

import typing as t

Shape = t.Any
ANY = object()

# What each entry has, whatever the work.
BASE: dict[str, Shape] = {
    "account_id": str,
    "name": str,
    "outcome": str,
    "reason": str,
    "fix": str,
    "journal_time": None,
}
SESSION: Shape = (None, {"access_key_id": str, "expiration": str})


def shape_of(blank: dict[str, t.Any]) -> dict[str, Shape]:
    """The shape that a blank entry suggests: the same keys, and the types of values that are not None."""
    return {key: ANY if value is None else type(value) for key, value in blank.items()}


def mismatch(value: t.Any, shape: Shape, name: str = "entry") -> str:
    """How a value does not fit its shape, in words; empty when it fits."""
    if shape is ANY:
        return ""
    if isinstance(shape, tuple):
        return "" if any(not mismatch(value, one, name) for one in shape) else f"{name} has the wrong type"
    if shape is None:
        return "" if value is None else f"{name} is not null"
    if isinstance(shape, dict):
        return _mismatch_of_dict(value, shape, name)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} is no list"
        return next((problem for one in value if (problem := mismatch(one, shape[0], name))), "")
    fits = isinstance(value, shape) and not (isinstance(value, bool) and shape is not bool)
    return "" if fits else f"{name} has the wrong type"


def _mismatch_of_dict(value: t.Any, shape: dict[str, Shape], name: str) -> str:
    if not isinstance(value, dict):
        return f"{name} is no mapping"
    for key, inner in shape.items():
        plain = key.removesuffix("?")
        if plain not in value:
            if plain == key:
                return f"{name}: {key} is missing"
        elif problem := mismatch(value[plain], inner, f"{name}.{plain}"):
            return problem
    unknown = set(value) - {key.removesuffix("?") for key in shape}
    return f"{name}: {min(unknown)!r} is unknown" if unknown else ""
