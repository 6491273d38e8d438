# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operations of several services check of their parameters, and how they cut lists into pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.model import ListShape, MapShape, Shape, StructureShape

from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.wire.messages import Request


def require(request: Request, code: str) -> None:
    """Refuse a call that lacks a parameter its model requires, as AWS does when no SDK has looked first."""
    absent = missing(request)
    if absent:
        broken = "; ".join(
            f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
            for name in (".".join(f"{part[:1].lower()}{part[1:]}" for part in path) for path in absent)
        )
        errors = "error" if len(absent) == 1 else "errors"
        raise AwsError(code, f"{len(absent)} validation {errors} detected: {broken}")


def missing(request: Request) -> list[tuple[str, ...]]:
    """The paths of what the model requires and a call lacks, in whatever it gives too."""
    shape = request.model.input_shape if request.model else None
    return list(_missing(shape, request.parameters)) if shape else []


def _missing(shape: Shape, value: Any) -> Iterator[tuple[str, ...]]:
    inner: list[tuple[tuple[str, ...], Shape, Any]] = []
    if isinstance(shape, StructureShape):
        yield from ((name,) for name in shape.required_members if name not in value)
        inner = [((name,), shape.members[name], value[name]) for name in value if name in shape.members]
    elif isinstance(shape, ListShape):
        inner = [((str(number), "member"), shape.member, one) for number, one in enumerate(value, 1)]
    elif isinstance(shape, MapShape):
        inner = [((str(key), "member"), shape.value, one) for key, one in value.items()]
    for path, member, one in inner:
        yield from ((*path, *rest) for rest in _missing(member, one))


def page(parameters: dict[str, Any], name: str, entries: list[Any], code: str, limit: int = 100) -> dict[str, Any]:
    """One page of a list; the token is the number of entries before it."""
    size, token = parameters.get("MaxResults", limit), parameters.get("NextToken") or "0"
    if not 1 <= size <= limit:
        raise AwsError(
            code,
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
            f"Member must be between 1 and {limit}",
        )
    if not token.isdigit():
        raise AwsError(code, "The NextToken is invalid.")
    start = int(token)
    result: dict[str, Any] = {name: entries[start : start + size]}
    if start + size < len(entries):
        result["NextToken"] = str(start + size)
    return result
