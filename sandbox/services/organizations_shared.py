"""What the operations of AWS Organizations share: refusals, looking up an account, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.errors import AwsError
from sandbox.state import Account, State

_PAGE = 20


def not_found(kind: str, what: str) -> AwsError:
    return AwsError(f"{kind}NotFoundException", f"You specified {what} that doesn't exist.")


def constraint(reason: str, message: str) -> AwsError:
    return AwsError("ConstraintViolationException", message, fields={"Reason": reason})


def invalid(reason: str, message: str) -> AwsError:
    return AwsError("InvalidInputException", message, fields={"Reason": reason})


def account(state: State, identifier: str | None) -> Account:
    if not re.fullmatch(r"\d{12}", identifier or ""):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
    found = state.organization.accounts.get(str(identifier))
    if found is None:
        raise not_found("Account", "an account")
    return found


def page(parameters: dict[str, Any], name: str, entries: Iterable[str], show: Callable[[str], Any]) -> dict[str, Any]:
    """One page of at most 20 entries; the token is the number of entries before it."""
    limit, token = parameters.get("MaxResults", _PAGE), parameters.get("NextToken") or "0"
    if not 1 <= limit <= _PAGE:
        raise invalid("MAX_LENGTH_EXCEEDED", "You provided a value for MaxResults that is not between 1 and 20.")
    if not token.isdigit():
        raise invalid("INVALID_NEXT_TOKEN", "You provided an invalid NextToken.")
    identifiers = list(entries)
    start = int(token)
    result = {name: [show(identifier) for identifier in identifiers[start : start + limit]]}
    if start + limit < len(identifiers):
        result["NextToken"] = str(start + limit)
    return result
