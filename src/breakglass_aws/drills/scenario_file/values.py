# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a scenario file, with their lines: what is unknown is refused with the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from breakglass_aws.sandbox.organization_file.values import ConfigNode
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError


class ScenarioError(ValueError):
    """A scenario cannot be used; the text names file, line, key and what is accepted."""


def nearest(name: object, known: Collection[str]) -> str:
    """Return a sentence with the known name that is nearest to a given one; empty when none is near."""
    found = difflib.get_close_matches(str(name), known, n=1)
    return f"Did you mean {found[0]}?" if found else ""


def refuse(node: ConfigNode, problem: str) -> ScenarioError:
    """The error of a value: file, line, path, what is wrong."""
    return ScenarioError(str(node.source.error(node.path, problem)))


def refuse_name(node: ConfigNode, kind: str, known: Collection[str]) -> ScenarioError:
    """The error of an unknown name of some kind."""
    hint = nearest(node.value, known) or f"There are: {', '.join(known)}."
    return refuse(node, f"there is no {kind} {node.value!r}. {hint}")


def keys(node: ConfigNode, *known: str, required: tuple[str, ...] = ()) -> dict[str, ConfigNode]:
    """The keys of a mapping that are there and not null.

    Raises:
        ScenarioError: It is no mapping, has an unknown key, or lacks a required one.
    """
    if not isinstance(node.value, dict):
        raise refuse(node, f"expected a mapping with the keys {', '.join(known)}")
    for key in node.value:
        if key not in known:
            hint = nearest(key, known) or f"Accepted: {', '.join(known)}."
            raise refuse(node.child(key, None), f"unknown key. {hint}")
    for key in required:
        if node.value.get(key) is None:
            raise refuse(node, f"the key {key!r} is missing")
    return {key: node.child(key, value) for key, value in node.value.items() if value is not None}


def text(node: ConfigNode, pattern: str = ".+", accepted: str = "text") -> str:
    """Text that matches a pattern."""
    return _checked(lambda: node.text(pattern, accepted))


def choice(node: ConfigNode, known: Collection[str], kind: str) -> str:
    """One of some words."""
    if node.value not in known:
        raise refuse_name(node, kind, known)
    return str(node.value)


def number(node: ConfigNode, least: int = 0) -> int:
    """A whole number."""
    if not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < least:
        raise refuse(node, f"{node.value!r} is not accepted. Expected a whole number of at least {least}.")
    return node.value


def flag(node: ConfigNode) -> bool:
    """True or false."""
    if not isinstance(node.value, bool):
        raise refuse(node, f"{node.value!r} is not accepted. Expected true or false.")
    return node.value


def items(node: ConfigNode) -> list[ConfigNode]:
    """The items of a list."""
    if not isinstance(node.value, list):
        raise refuse(node, "expected a list")
    return [node.child(index, value) for index, value in enumerate(node.value)]


def mapping(node: ConfigNode) -> dict[str, ConfigNode]:
    """The values of a mapping whose keys are names of the writer's own."""
    if not isinstance(node.value, Mapping):
        raise refuse(node, "expected a mapping")
    return {str(key): node.child(key, value) for key, value in node.value.items()}


def seconds(node: ConfigNode) -> float:
    """A time span such as '5 minutes', in seconds."""
    return float(_checked(node.duration).total_seconds())


def line(node: ConfigNode) -> int:
    """The line of a value."""
    return node.source.line_of(node.path) or 0


def _checked(read: Any) -> Any:
    try:
        return read()
    except OrganizationError as error:
        raise ScenarioError(str(error)) from None
