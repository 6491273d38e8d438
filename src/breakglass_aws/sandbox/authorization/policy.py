# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
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

from breakglass_aws.sandbox.authorization import matching
from breakglass_aws.sandbox.authorization.conditions import Condition, NullCondition, condition
from breakglass_aws.sandbox.authorization.matching import Named, Names, Pieces, Principals
from breakglass_aws.sandbox.authorization.request import Context, text
from breakglass_aws.sandbox.model.principals import Principal

# Policy variables came with 2012-10-17; without a Version element a document is 2008-10-17.
_VERSIONS = ("2008-10-17", "2012-10-17")
_POLICY_ELEMENTS = {"Version", "Id", "Statement"}
_STATEMENT_ELEMENTS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
_PRINCIPAL_TYPES = {"AWS", "Service", "Federated", "CanonicalUser"}
_ACCOUNT = re.compile(r"(\d{12})|arn:[\w-]+:iam::(\d{12}):root")


class PolicyError(ValueError):
    """What was given is no policy. The message is AWS's (Amazon S3's where services differ, as it says most).

    `statement` is the place of the offending statement, counted from 0, when it is one of them.
    """

    statement: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, ready to be matched."""

    index: int
    sid: str | None
    allows: bool
    actions: Names  # in lower case: action names are case-insensitive
    inverted_actions: bool
    resources: Names
    variable_resources: tuple[Pieces, ...]
    inverted_resources: bool
    principals: Principals | None
    inverted_principals: bool
    conditions: tuple[Condition | NullCondition, ...]

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether action (in lower case), resource and conditions are those of the request."""
        return (
            self.actions.match(action) is not self.inverted_actions
            and self._names_resource(resource, context) is not self.inverted_resources
            and all(condition.holds(context) for condition in self.conditions)
        )

    def names(self, principal: Principal, *, bounded: bool) -> Named:
        """How closely the statement names the principal; `bounded` when the principal has a permissions boundary.

        NotPrincipal exempts no principal with a permissions boundary (IAM User Guide, "AWS JSON
        policy elements: NotPrincipal").
        """
        if self.principals is None:
            return Named.NOT
        if not self.inverted_principals:
            return self.principals.name(principal)
        return Named.NOT if self.principals.exempt(principal) and not bounded else Named.ITSELF

    def _names_resource(self, resource: str, context: Context) -> bool:
        if self.resources.match(resource):
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
        # An unquoted Version in YAML is a date; as text it is what was meant.
        document = json.dumps(dict(document), default=str)
    return _parse(document)


def load(text: str | bytes) -> dict[str, Any]:
    """The JSON object of a policy, otherwise unchecked."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyError("This policy contains invalid Json") from None
    if not isinstance(policy, dict):
        raise PolicyError("Policies must be valid JSON and the first byte must be '{'")
    return policy


def as_list(value: Any) -> list[Any]:
    """Wherever a policy takes a list, one value may stand for itself."""
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=16384)
def _parse(document: str | bytes) -> Policy:
    policy = load(document)
    _refuse_unknown(policy, _POLICY_ELEMENTS)
    version = policy.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError("The policy must contain a valid version string")
    if "Statement" not in policy:
        raise PolicyError("Missing required field Statement")
    statements = []
    for index, statement in enumerate(as_list(policy["Statement"])):
        try:
            statements.append(_statement(index, statement, variables=version != _VERSIONS[0]))
        except PolicyError as error:
            error.statement = index
            raise
    sids = [statement.sid for statement in statements if statement.sid]
    if len(sids) != len(set(sids)):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")
    return Policy(version, tuple(statements))


def _statement(index: int, statement: Any, *, variables: bool) -> Statement:
    if not isinstance(statement, dict):
        raise PolicyError("Invalid policy syntax.")
    _refuse_unknown(statement, _STATEMENT_ELEMENTS)
    if "Effect" not in statement:
        raise PolicyError("Missing required field Effect")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise PolicyError(f"Invalid effect: {statement['Effect']}")
    if not isinstance(statement.get("Sid", ""), str):
        raise PolicyError("Invalid policy syntax.")
    actions, inverted_actions = _choice(statement, "Action")
    if actions is None:
        raise PolicyError("Missing required field Action")
    # A trust policy has no Resource, and a queue policy needs none: they are about what they are attached to.
    resources, inverted_resources = _choice(statement, "Resource")
    named = [
        matching.pieces(resource, variables=variables)
        for resource in _strings("*" if resources is None else resources, "Policy has invalid resource")
    ]
    principals, inverted_principals = _choice(statement, "Principal")
    return Statement(
        index=index,
        sid=statement.get("Sid"),
        allows=statement["Effect"] == "Allow",
        actions=Names.of(
            matching.pieces(action.lower(), variables=False)
            for action in _strings(actions, "Policy has invalid action")
        ),
        inverted_actions=inverted_actions,
        resources=Names.of(parts for parts in named if not matching.has_variables(parts)),
        variable_resources=tuple(parts for parts in named if matching.has_variables(parts)),
        inverted_resources=inverted_resources,
        principals=None if principals is None else _principals(principals),
        inverted_principals=inverted_principals,
        conditions=_conditions(statement.get("Condition", {}), variables=variables),
    )


def _refuse_unknown(element: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(element.keys() - known)
    if unknown:
        raise PolicyError(f"Unknown field {unknown[0]}")


def _choice(statement: dict[str, Any], name: str) -> tuple[Any, bool]:
    """The value of an element or of its negation, which exclude each other, and whether it was the negation."""
    if name in statement and f"Not{name}" in statement:
        raise PolicyError("Invalid policy syntax.")
    inverted = f"Not{name}" in statement
    return statement.get(f"Not{name}" if inverted else name), inverted


def _strings(value: Any, complaint: str) -> tuple[str, ...]:
    """One or more strings."""
    values = as_list(value)
    if not values or not all(isinstance(each, str) for each in values):
        raise PolicyError(complaint)
    return tuple(values)


def _principals(element: Any) -> Principals:
    """A Principal element: `"*"`, or names by type."""
    complaint = "Invalid principal in policy"
    if element == "*":
        element = {"AWS": "*"}
    if not isinstance(element, dict) or not element or element.keys() - _PRINCIPAL_TYPES:
        raise PolicyError(complaint)
    named = {kind: frozenset(_strings(names, complaint)) for kind, names in element.items()}
    aws = named.get("AWS", frozenset())
    return Principals(
        everyone="*" in aws,
        aws=frozenset(map(_account_or_name, aws)),
        services=named.get("Service", frozenset()),
        federated=named.get("Federated", frozenset()),
        canonical_users=named.get("CanonicalUser", frozenset()),
    )


def _account_or_name(name: str) -> str:
    """`111122223333` and `arn:aws:iam::111122223333:root` are the same principal: the account."""
    account = _ACCOUNT.fullmatch(name)
    return account[1] or account[2] if account else name


def _conditions(block: Any, *, variables: bool) -> tuple[Condition | NullCondition, ...]:
    """A Condition element: operator, then key, then one or more values."""
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        raise PolicyError("Invalid policy syntax.")
    return tuple(
        _condition(operator, key, as_list(values), variables=variables)
        for operator, keys in block.items()
        for key, values in keys.items()
    )


def _condition(operator: str, key: str, values: list[Any], *, variables: bool) -> Condition | NullCondition:
    if not all(isinstance(value, str | int | float) for value in values):
        raise PolicyError("Invalid policy syntax.")
    try:
        return condition(operator, key, tuple(map(text, values)), variables=variables)
    except ValueError as error:
        raise PolicyError(str(error)) from None
