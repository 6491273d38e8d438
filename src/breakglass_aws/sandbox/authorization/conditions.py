# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Condition element: operators, set operators, IfExists and Null.

IAM User Guide, "Condition operators" and "Set operators for multivalued context keys". Conditions of a statement are
ANDed; values of one condition are ORed (NORed for a negated operator).
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any

from breakglass_aws.sandbox.authorization import matching
from breakglass_aws.sandbox.authorization.matching import Pieces
from breakglass_aws.sandbox.authorization.request import Context

# Whether one value of the request satisfies one value of the policy.
Test = Callable[[str, Any], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator without its prefix and suffix."""

    test: Test
    negated: bool = False
    # String and ARN operators resolve policy variables; their values are patterns taken apart.
    variables: bool = False


def _string(parts: Pieces) -> str:
    """The text of a pattern whose wildcards are no wildcards."""
    return "".join(piece.value if isinstance(piece, matching.Wildcard) else str(piece) for piece in parts)


def _equals(value: str, wanted: Pieces) -> bool:
    return value == _string(wanted)


def _equals_ignoring_case(value: str, wanted: Pieces) -> bool:
    return value.casefold() == _string(wanted).casefold()


def _like(value: str, wanted: Pieces) -> bool:
    return matching.matches(wanted, value)


def _arn_like(value: str, wanted: Pieces) -> bool:
    return matching.arn_matches(wanted, value)


def _bool(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _binary(value: str, wanted: str) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except ValueError:
        return False


def _in_network(value: str, wanted: str) -> bool:
    address, network = _network(value), _network(wanted)
    if isinstance(address, ipaddress.IPv4Network) and isinstance(network, ipaddress.IPv4Network):
        return address.subnet_of(network)
    if isinstance(address, ipaddress.IPv6Network) and isinstance(network, ipaddress.IPv6Network):
        return address.subnet_of(network)
    return False


@lru_cache(maxsize=4096)
def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def _compared(comparison: Callable[[float, float], bool], convert: Callable[[str], float | None]) -> Test:
    """A test that compares two values as numbers; what is no number satisfies nothing."""

    def test(value: str, wanted: str) -> bool:
        left, right = convert(value), convert(wanted)
        return left is not None and right is not None and comparison(left, right)

    return test


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _moment(value: str) -> float | None:
    """Seconds since 1970 of a date: ISO 8601 (a date alone is midnight UTC) or the seconds themselves."""
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _comparisons(name: str, convert: Callable[[str], float | None]) -> dict[str, Operator]:
    equals = _compared(eq, convert)
    return {
        f"{name}equals": Operator(equals),
        f"{name}notequals": Operator(equals, negated=True),
        f"{name}lessthan": Operator(_compared(lt, convert)),
        f"{name}lessthanequals": Operator(_compared(le, convert)),
        f"{name}greaterthan": Operator(_compared(gt, convert)),
        f"{name}greaterthanequals": Operator(_compared(ge, convert)),
    }


OPERATORS: dict[str, Operator] = {
    "stringequals": Operator(_equals, variables=True),
    "stringnotequals": Operator(_equals, negated=True, variables=True),
    "stringequalsignorecase": Operator(_equals_ignoring_case, variables=True),
    "stringnotequalsignorecase": Operator(_equals_ignoring_case, negated=True, variables=True),
    "stringlike": Operator(_like, variables=True),
    "stringnotlike": Operator(_like, negated=True, variables=True),
    # ArnEquals and ArnLike behave identically, as do their negations.
    "arnequals": Operator(_arn_like, variables=True),
    "arnlike": Operator(_arn_like, variables=True),
    "arnnotequals": Operator(_arn_like, negated=True, variables=True),
    "arnnotlike": Operator(_arn_like, negated=True, variables=True),
    **_comparisons("numeric", _number),
    **_comparisons("date", _moment),
    "bool": Operator(_bool),
    "binaryequals": Operator(_binary),
    "ipaddress": Operator(_in_network),
    "notipaddress": Operator(_in_network, negated=True),
}

_SET_OPERATORS = {"forallvalues": all, "foranyvalue": any}


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one context key; `values` are patterns taken apart when the operator knows variables."""

    key: str
    operator: Operator
    values: tuple[str, ...] | tuple[Pieces, ...]
    quantifier: Callable[[Any], bool] | None = None
    if_exists: bool = False

    def holds(self, context: Context) -> bool:
        """Whether the request satisfies this condition."""
        values = context.get(self.key)
        if self.quantifier:
            # An empty string is no value to a set operator ("resolves to a null data set").
            values = tuple(filter(None, values))
        if not values:
            return self._holds_without_values()
        wanted = self._resolved(context)
        test = self.operator.test
        if self.quantifier:
            return self.quantifier(
                any(test(value, one) for one in wanted) is not self.operator.negated for value in values
            )
        return any(test(value, one) for value in values for one in wanted) is not self.operator.negated

    def _holds_without_values(self) -> bool:
        if self.if_exists or self.quantifier is all:
            return True
        return self.operator.negated and self.quantifier is None

    def _resolved(self, context: Context) -> Sequence[str | Pieces]:
        if not self.operator.variables:
            return self.values
        resolved = (matching.resolve(parts, context) for parts in self.values if not isinstance(parts, str))
        return [parts for parts in resolved if parts is not None]


@dataclass(frozen=True, slots=True)
class NullCondition:
    """The Null operator: `true` is satisfied when the key is absent, `false` when it has a value."""

    key: str
    absent: frozenset[bool]

    def holds(self, context: Context) -> bool:
        """Whether the key is absent or present, as wanted."""
        return (not context.get(self.key)) in self.absent


def condition(operator: str, key: str, values: tuple[str, ...], *, variables: bool) -> Condition | NullCondition:
    """Parse one condition. Operator and key names are case-insensitive. Raises ValueError for an unknown operator."""
    prefix, separator, name = operator.lower().rpartition(":")
    if name == "null" and not separator:
        return NullCondition(key.lower(), frozenset(value.lower() == "true" for value in values))
    name, if_exists = name.removesuffix("ifexists"), name.endswith("ifexists")
    if name not in OPERATORS or (separator and prefix not in _SET_OPERATORS):
        raise ValueError(f"Invalid Condition type : {operator}")
    known = OPERATORS[name]
    wanted = tuple(matching.pieces(value, variables=variables) for value in values) if known.variables else values
    return Condition(key.lower(), known, wanted, _SET_OPERATORS.get(prefix), if_exists)
