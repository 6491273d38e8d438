# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a Condition hold for a request of which not everything is known? No network, no Ansible.

Answers are three-valued: True, False, and None for "it depends on what cannot be known from here". The rules are those
of the IAM user guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
"""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t

# What is known of a request: a lower-case condition key -> its values. Empty: the key is absent. None: unknown.
Facts = t.Callable[[str], "t.Optional[t.Tuple[str, ...]]"]

# An address no policy lists. It lies in a network only when that network is the whole Internet.
UNLISTED_ADDRESS = "an address the policy does not name"

_QUALIFIER = re.compile(r"^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def holds(condition: dict, facts: Facts, variables: bool) -> bool | None:
    """Does the whole Condition block hold? ``variables``: are policy variables expanded (Version 2012-10-17 only)."""
    answers = [
        entry_holds(operator, key, values, facts, variables)
        for operator, keys in condition.items()
        for key, values in keys.items()
    ]
    return every(answers)


def entry_holds(operator: str, key: str, values: t.Any, facts: Facts, variables: bool) -> bool | None:
    """Does one ``operator: {key: values}`` hold?"""
    wanted = [_text(value) for value in (values if isinstance(values, list) else [values])]
    qualifier, name, if_exists = split_operator(operator)
    actual = facts(key.lower())
    if actual is None:
        return None
    if name == "null":
        return any((value.lower() == "true") == (not actual) for value in wanted)
    if name not in _MATCHES:
        return None
    if not actual:
        return if_exists or qualifier == "forallvalues" or (is_negated(operator) and not qualifier)
    if variables:
        wanted = [_expanded(value, facts) for value in wanted]
    answers = [_value_matches(name, value, wanted) for value in actual]
    return every(answers) if qualifier == "forallvalues" else some(answers)


def split_operator(operator: str) -> tuple[str, str, bool]:
    """``ForAnyValue:StringLikeIfExists`` -> ("foranyvalue", "stringlike", True)."""
    qualifier, name, if_exists = _QUALIFIER.match(operator).groups()
    return (qualifier or "").lower(), name.lower(), bool(if_exists)


def is_negated(operator: str) -> bool:
    """Is it an operator that holds when the values differ?"""
    return "not" in split_operator(operator)[1]


def every(answers: t.Iterable[bool | None]) -> bool | None:
    """Three-valued 'and'."""
    answers = list(answers)
    if False in answers:
        return False
    return None if None in answers else True


def some(answers: t.Iterable[bool | None]) -> bool | None:
    """Three-valued 'or'."""
    answers = list(answers)
    if True in answers:
        return True
    return None if None in answers else False


def opposite(answer: bool | None) -> bool | None:
    """Three-valued 'not'."""
    return None if answer is None else not answer


def like(value: str, pattern: str) -> bool:
    """IAM's wildcards: * is any run of characters, ? any one; nothing else is special."""
    return _pattern(pattern).match(value) is not None


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(letter, re.escape(letter)) for letter in pattern) + r"\Z", re.DOTALL)


def arn_like(value: str, pattern: str) -> bool:
    """ARNs are compared part by part: a wildcard does not reach across a colon, except in the last of the six."""
    parts, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(map(like, parts, patterns))


def in_network(value: str, network: str) -> bool | None:
    """Is the address in the network (or equal to the address)? None when either cannot be read."""
    try:
        listed = ipaddress.ip_network(network, strict=False)
        return listed.prefixlen == 0 if value == UNLISTED_ADDRESS else ipaddress.ip_address(value) in listed
    except ValueError:
        return None


def _value_matches(name: str, value: str, wanted: list) -> bool | None:
    """One value of the request against all values of the policy: any may match, or with a negation none may."""
    match, negated = _MATCHES[name]
    found = some(None if pattern is None else match(value, pattern) for pattern in wanted)
    return opposite(found) if negated else found


def _number(compare: t.Callable[[float, float], bool]) -> t.Callable[[str, str], bool | None]:
    def match(value: str, wanted: str) -> bool | None:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return None

    return match


def _expanded(value: str, facts: Facts) -> str | None:
    """The value with its policy variables replaced; None when one of them is unknown (or has a default)."""
    unknown = False

    def replace(found: re.Match) -> str:
        nonlocal unknown
        name = found.group(1)
        if name in ("*", "?", "$"):
            return name
        values = facts(name.lower())
        unknown = unknown or values is None or len(values) != 1
        return values[0] if values else ""

    text = _VARIABLE.sub(replace, value)
    return None if unknown else text


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same_ignoring_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


# Operator -> (does one value match one wanted value, is the operator a negation). Operators on dates and binary data
# are left out: their keys are never known from here.
_MATCHES: dict[str, tuple[t.Callable[[str, str], bool | None], bool]] = {
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_same_ignoring_case, False),
    "stringnotequalsignorecase": (_same_ignoring_case, True),
    "stringlike": (like, False),
    "stringnotlike": (like, True),
    "arnequals": (arn_like, False),
    "arnnotequals": (arn_like, True),
    "arnlike": (arn_like, False),
    "arnnotlike": (arn_like, True),
    "bool": (_same_ignoring_case, False),
    "numericequals": (_number(lambda value, wanted: value == wanted), False),
    "numericnotequals": (_number(lambda value, wanted: value == wanted), True),
    "numericlessthan": (_number(lambda value, wanted: value < wanted), False),
    "numericlessthanequals": (_number(lambda value, wanted: value <= wanted), False),
    "numericgreaterthan": (_number(lambda value, wanted: value > wanted), False),
    "numericgreaterthanequals": (_number(lambda value, wanted: value >= wanted), False),
    "ipaddress": (in_network, False),
    "notipaddress": (in_network, True),
}
