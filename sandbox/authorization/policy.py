"""What a policy document says: JSON into statements that can be asked whether they apply.

Documents are parsed once: the same text gives the same `Policy` object again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sandbox.authorization import matching
from sandbox.authorization.conditions import Condition, NullCondition, condition
from sandbox.authorization.matching import Named, Pieces, Principals
from sandbox.authorization.request import Context, Principal, text

# Policy variables came with 2012-10-17; without a Version element a document is 2008-10-17.
_VERSIONS = ("2008-10-17", "2012-10-17")
_POLICY_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
_PRINCIPAL_TYPES = {"AWS", "Service", "Federated", "CanonicalUser"}
_ACCOUNT = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?")


class PolicyError(ValueError):
    """What was given is no policy; the message says why, in AWS's words where they are known."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, ready to be matched."""

    index: int
    sid: str | None
    allows: bool
    actions: re.Pattern[str]
    inverted_actions: bool
    resources: re.Pattern[str]
    variable_resources: tuple[Pieces, ...]
    inverted_resources: bool
    principals: Principals | None
    inverted_principals: bool
    conditions: tuple[Condition | NullCondition, ...]

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether action, resource and conditions are those of the request."""
        return (
            (self.actions.fullmatch(action) is not None) is not self.inverted_actions
            and self._names_resource(resource, context) is not self.inverted_resources
            and all(condition.holds(context) for condition in self.conditions)
        )

    def names(self, principal: Principal, *, bounded: bool) -> Named:
        """How closely the statement names the principal; `bounded` when the principal has a permissions boundary.

        NotPrincipal spares nobody who has a boundary (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
        """
        if self.principals is None:
            return Named.NOT
        if not self.inverted_principals:
            return self.principals.name(principal)
        return Named.NOT if self.principals.exempt(principal) and not bounded else Named.ITSELF

    def _names_resource(self, resource: str, context: Context) -> bool:
        if self.resources.fullmatch(resource):
            return True
        resolved = (matching.resolve(parts, context) for parts in self.variable_resources)
        return any(parts is not None and matching.matches(parts, resource) for parts in resolved)


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy document."""

    version: str
    statements: tuple[Statement, ...]


Document = Mapping[str, Any] | str | bytes | Policy


def parse(document: Document) -> Policy:
    """Read a policy document, given as JSON text or as the object it describes. Raises PolicyError."""
    if isinstance(document, Policy):
        return document
    if isinstance(document, Mapping):
        document = json.dumps(document)
    return _parse(document)


@lru_cache(maxsize=16384)
def _parse(document: str | bytes) -> Policy:
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise PolicyError(f"Policies must be valid JSON: {error}") from None
    if not isinstance(policy, dict):
        raise PolicyError("A policy must be a JSON object.")
    _refuse_unknown(policy, _POLICY_ELEMENTS, "policy")
    version = policy.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError(f"Invalid policy version {version!r}; it must be one of {', '.join(_VERSIONS)}.")
    if "Statement" not in policy:
        raise PolicyError("Missing required field Statement")
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    variables = version != _VERSIONS[0]
    return Policy(version, tuple(_statement(index, each, variables) for index, each in enumerate(statements)))


def _statement(index: int, statement: Any, variables: bool) -> Statement:
    where = f"statement {index + 1}"
    if not isinstance(statement, dict):
        raise PolicyError(f"{where} must be a JSON object.")
    _refuse_unknown(statement, _STATEMENT_ELEMENTS, where)
    if "Effect" not in statement:
        raise PolicyError(f"Missing required field Effect in {where}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f"Invalid effect {statement['Effect']!r} in {where}; it must be Allow or Deny.")
    sid = statement.get("Sid")
    if not isinstance(sid, str | None):
        raise PolicyError(f"Sid in {where} must be a string.")
    actions, inverted_actions = _element(statement, "Action", where)
    if actions is None:
        raise PolicyError(f"Missing required field Action in {where}")
    resources, inverted_resources = _element(statement, "Resource", where)
    # A trust policy has no Resource, a queue policy needs none: it is about what it is attached to.
    split = [matching.pieces(resource, variables=variables) for resource in resources or ("*",)]
    principals, inverted_principals = _one_of(statement, "Principal", where)
    return Statement(
        index=index,
        sid=sid,
        allows=statement["Effect"] == "Allow",
        actions=matching.any_of(
            tuple(matching.pieces(action, variables=False) for action in actions), ignore_case=True
        ),
        inverted_actions=inverted_actions,
        resources=matching.any_of(tuple(parts for parts in split if not matching.has_variables(parts))),
        variable_resources=tuple(parts for parts in split if matching.has_variables(parts)),
        inverted_resources=inverted_resources,
        principals=None if principals is None else _principals(principals, where),
        inverted_principals=inverted_principals,
        conditions=_conditions(statement.get("Condition", {}), where, variables),
    )


def _refuse_unknown(element: dict, known: set[str], where: str) -> None:
    unknown = sorted(element.keys() - known)
    if unknown:
        raise PolicyError(f"Unknown field {unknown[0]} in {where}")


def _one_of(statement: dict, name: str, where: str) -> tuple[Any, bool]:
    """The value of an element or of its negation, and whether it was the negation."""
    if name in statement and f"Not{name}" in statement:
        raise PolicyError(f"{where} has both {name} and Not{name}.")
    inverted = f"Not{name}" in statement
    return statement.get(f"Not{name}" if inverted else name), inverted


def _element(statement: dict, name: str, where: str) -> tuple[tuple[str, ...] | None, bool]:
    """As `_one_of`, for an element that is a string or a list of strings."""
    value, inverted = _one_of(statement, name, where)
    if value is None:
        return None, inverted
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) for each in values):
        raise PolicyError(f"{name} in {where} must be a string or a list of strings, and not empty.")
    return tuple(values), inverted


def _principals(element: Any, where: str) -> Principals:
    """A Principal element: `"*"`, or names by type."""
    if element == "*":
        element = {"AWS": "*"}
    if not isinstance(element, dict) or not element or element.keys() - _PRINCIPAL_TYPES:
        raise PolicyError(f"Invalid principal in policy: {json.dumps(element)} in {where}")
    named = {kind: frozenset(_element(element, kind, where)[0] or ()) for kind in _PRINCIPAL_TYPES}
    return Principals(
        everyone="*" in named["AWS"],
        aws=frozenset(_account_or_name(name) for name in named["AWS"]),
        services=named["Service"],
        federated=named["Federated"],
        canonical_users=named["CanonicalUser"],
    )


def _account_or_name(name: str) -> str:
    """`111122223333` and `arn:aws:iam::111122223333:root` are the same principal: the account."""
    account = _ACCOUNT.fullmatch(name)
    return account[1] if account else name


def _conditions(block: Any, where: str, variables: bool) -> tuple[Condition | NullCondition, ...]:
    """A Condition element: operator, then key, then one or more values."""
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        raise PolicyError(f"Condition in {where} must be a JSON object of operators and keys.")
    try:
        return tuple(
            condition(operator, key, _values(values, where), variables=variables)
            for operator, keys in block.items()
            for key, values in keys.items()
        )
    except PolicyError:
        raise
    except ValueError as error:
        raise PolicyError(f"{error} in {where}") from None


def _values(value: Any, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str | int | float) for each in values):
        raise PolicyError(f"Condition values in {where} must be strings, numbers or booleans.")
    return tuple(map(text, values))
