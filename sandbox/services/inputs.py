"""What operations of several services check of their parameters, and how they cut lists into pages."""

from __future__ import annotations

from typing import Any

from sandbox.errors import AwsError
from sandbox.wire import Call


def require(call: Call, code: str) -> None:
    """Refuse a call that lacks a parameter its model requires, as AWS does when no SDK has looked first."""
    shape = call.model.input_shape if call.model else None
    missing = [name for name in shape.required_members if name not in call.parameters] if shape else []
    if missing:
        broken = "; ".join(
            f"Value null at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
            for name in missing
        )
        errors = "error" if len(missing) == 1 else "errors"
        raise AwsError(code, f"{len(missing)} validation {errors} detected: {broken}")


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
