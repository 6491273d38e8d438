# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a Condition hold for a request of which not everything is known? No network, no Ansible.

Answers are three-valued: True, False, and None for "it depends on what is not known here". The rules are those of the
IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys" and "Variables and tags".
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies import wildcards
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import Tokens

# What is known of a request: a lower-case condition key -> its values. Empty: the key is absent. None: unknown.
Facts = t.Callable[[str], "t.Optional[t.Tuple[str, ...]]"]

# An address no policy lists. It lies in a list of networks only when they are the whole Internet.
UNLISTED_ADDRESS = "an address the policy does not name"
# Ends a value of which only the beginning is known.
UNKNOWN_REST = "\0unknown"

_QUALIFIERS = ("forallvalues", "foranyvalue")
_IF_EXISTS = "ifexists"


def holds(condition: dict[str, t.Any], facts: Facts, variables: bool) -> bool | None:
    """Does the whole Condition block hold? ``variables``: are policy variables expanded (Version 2012-10-17 only)."""
    return every(entry_holds(*entry, facts, variables) for entry in entries_of(condition))


def entries_of(condition: dict[str, t.Any]) -> list[tuple[str, str, t.Any]]:
    """Each ``operator: {key: values}`` of a Condition block."""
    return [(operator, key, values) for operator, keys in condition.items() for key, values in keys.items()]


def entry_holds(operator: str, key: str, values: t.Any, facts: Facts, variables: bool) -> bool | None:
    """Does one ``operator: {key: values}`` hold?"""
    wanted = [text_of(value) for value in (values if isinstance(values, list) else [values])]
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
    if not qualifier and len(actual) > 1:
        return None  # AWS does not document a key of several values without a set operator
    takes_variables = variables and name.startswith(("string", "arn"))
    patterns = [expanded(value, facts) if takes_variables else wildcards.tokens(value) for value in wanted]
    match, negated = _MATCHES[name]
    answers = [match(value, patterns) for value in actual]
    if negated:
        answers = [opposite(answer) for answer in answers]
    return every(answers) if qualifier == "forallvalues" else some(answers)


def split_operator(operator: str) -> tuple[str, str, bool]:
    """``ForAnyValue:StringLikeIfExists`` -> ("foranyvalue", "stringlike", True)."""
    qualifier, colon, name = operator.lower().partition(":")
    if not colon or qualifier not in _QUALIFIERS:
        qualifier, name = "", operator.lower()
    return qualifier, name.removesuffix(_IF_EXISTS), name.endswith(_IF_EXISTS)


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


def text_of(value: t.Any) -> str:
    """A value of a policy as text: AWS takes true and "true", 5 and "5" alike."""
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- policy variables ---


def has_variable(text: str) -> bool:
    """May the text contain a policy variable?"""
    return "${" in text


def expanded(text: str, facts: Facts) -> Tokens | None:
    """A pattern with its policy variables replaced; None when the value of one of them is not known.

    A variable's value is plain text, wildcards in it are not wildcards. ``${*}``, ``${?}`` and ``${$}`` are the
    characters themselves. A default applies when the key is absent (IAM user guide, "Variables and tags"); a variable
    without one whose key is absent counts as unknown, because AWS does not document what a negated operator does then.
    """
    if not has_variable(text):
        return wildcards.tokens(text)
    result: list[wildcards.Token] = []
    position = 0
    while True:
        start = text.find("${", position)
        end = text.find("}", start)
        if start < 0 or end < 0:
            return (*result, *wildcards.tokens(text[position:]))
        value = _value_of(text[start + 2 : end], facts)
        if value is None:
            return None
        result.extend(wildcards.tokens(text[position:start]))
        result.extend(value)  # character by character: text, not wildcards
        position = end + 1


def _value_of(variable: str, facts: Facts) -> str | None:
    """The text that a policy variable is replaced with; None when it is not known."""
    if variable in ("*", "?", "$"):
        return variable
    key, comma, default = variable.partition(",")
    values = facts(key.strip().lower())
    if values is not None and len(values) == 1:
        return values[0]
    default = default.strip()
    if values == () and comma and len(default) >= 2 and default[0] == default[-1] == "'":
        return default[1:-1]
    return None


# --- operators: does a value match any of the wanted ones? ---

_Match = t.Callable[[str, "t.Sequence[t.Optional[Tokens]]"], "t.Optional[bool]"]


def _any_of(match: t.Callable[[str, Tokens], bool | None]) -> _Match:
    """Compare with each wanted value on its own; an unknown one may match."""

    def match_any(value: str, wanted: t.Sequence[Tokens | None]) -> bool | None:
        if value.endswith(UNKNOWN_REST):
            by_pattern = match is wildcards.matches
            return some(None if one is None else _match_beginning(value, one, by_pattern) for one in wanted)
        return some(None if one is None else match(value, one) for one in wanted)

    return match_any


def _match_beginning(value: str, wanted: Tokens, by_pattern: bool) -> bool | None:
    """Does a value match of which only the beginning is known? True when any end would do, False when none would."""
    known = value.removesuffix(UNKNOWN_REST)
    if not by_pattern:
        return None if _plain(wanted).startswith(known) else False
    length = next((index for index, token in enumerate(wanted) if not isinstance(token, str)), len(wanted))
    head = "".join(token for token in wanted[:length] if isinstance(token, str))
    if wanted[length:] == (wildcards.Wildcard.ANY,) and known.startswith(head):
        return True
    return None if head.startswith(known) or known.startswith(head) else False


def _plain(wanted: Tokens) -> str:
    return "".join(token if isinstance(token, str) else token.value for token in wanted)


def _equal(value: str, wanted: Tokens) -> bool:
    return value == _plain(wanted)


def _equal_ignoring_case(value: str, wanted: Tokens) -> bool:
    return value.lower() == _plain(wanted).lower()


_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?\Z")


def _number(compare: t.Callable[[float, float], bool]) -> _Match:
    def match(value: str, wanted: Tokens) -> bool | None:
        text = _plain(wanted)
        if not _NUMBER.match(value) or not _NUMBER.match(text):
            return None
        return compare(float(value), float(text))

    return _any_of(match)


_DATE = re.compile(
    r"(\d{4})-(\d{2})(?:-(\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2}))?)?\Z", re.ASCII
)
_SECONDS = re.compile(r"[0-9]{5,12}\Z")


def parse_date(text: str) -> datetime.datetime | None:
    """A date of a policy: the W3C's profile of ISO 8601 or seconds since 1970; None when it is neither.

    (IAM user guide, "Date condition operators".) A date without a time is midnight UTC.
    """
    found = _DATE.match(text)
    try:
        if found:
            day, time = found.group(3) or "01", found.group(4) or "T00:00Z"
            return datetime.datetime.fromisoformat(f"{found.group(1)}-{found.group(2)}-{day}{time}")
        if _SECONDS.match(text):
            return datetime.datetime.fromtimestamp(int(text), datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _date(compare: t.Callable[[datetime.datetime, datetime.datetime], bool]) -> _Match:
    def match(value: str, wanted: Tokens) -> bool | None:
        is_at, limit = parse_date(value), parse_date(_plain(wanted))
        return None if is_at is None or limit is None else compare(is_at, limit)

    return _any_of(match)


def _in_networks(value: str, wanted: t.Sequence[Tokens | None]) -> bool | None:
    """Is the address in one of the networks? The networks together may be the whole Internet."""
    networks = [None if one is None else parse_network(_plain(one)) for one in wanted]
    known = [network for network in networks if network is not None]
    if value == UNLISTED_ADDRESS:
        found = any(network.prefixlen == 0 for network in _collapsed(known))
    else:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return None
        found = any(address in network for network in known)
    return True if found else (None if None in networks else False)


_Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def parse_network(text: str) -> _Network | None:
    """A network or address in CIDR notation; None when it is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _collapsed(networks: t.Iterable[_Network]) -> list[_Network]:
    """The fewest networks that hold the same addresses, for each version of IP."""
    listed = list(networks)
    fourth = [network for network in listed if isinstance(network, ipaddress.IPv4Network)]
    sixth = [network for network in listed if isinstance(network, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(fourth), *ipaddress.collapse_addresses(sixth)]


# Operator -> (does a value match one of the wanted ones, is the operator a negation). BinaryEquals is left out: no key
# that is known here has a binary value.
_MATCHES: dict[str, tuple[_Match, bool]] = {
    "stringequals": (_any_of(_equal), False),
    "stringnotequals": (_any_of(_equal), True),
    "stringequalsignorecase": (_any_of(_equal_ignoring_case), False),
    "stringnotequalsignorecase": (_any_of(_equal_ignoring_case), True),
    "stringlike": (_any_of(wildcards.matches), False),
    "stringnotlike": (_any_of(wildcards.matches), True),
    "arnequals": (_any_of(wildcards.arn_like), False),
    "arnnotequals": (_any_of(wildcards.arn_like), True),
    "arnlike": (_any_of(wildcards.arn_like), False),
    "arnnotlike": (_any_of(wildcards.arn_like), True),
    "bool": (_any_of(_equal_ignoring_case), False),
    "numericequals": (_number(lambda value, wanted: value == wanted), False),
    "numericnotequals": (_number(lambda value, wanted: value == wanted), True),
    "numericlessthan": (_number(lambda value, wanted: value < wanted), False),
    "numericlessthanequals": (_number(lambda value, wanted: value <= wanted), False),
    "numericgreaterthan": (_number(lambda value, wanted: value > wanted), False),
    "numericgreaterthanequals": (_number(lambda value, wanted: value >= wanted), False),
    "dateequals": (_date(lambda value, wanted: value == wanted), False),
    "datenotequals": (_date(lambda value, wanted: value == wanted), True),
    "datelessthan": (_date(lambda value, wanted: value < wanted), False),
    "datelessthanequals": (_date(lambda value, wanted: value <= wanted), False),
    "dategreaterthan": (_date(lambda value, wanted: value > wanted), False),
    "dategreaterthanequals": (_date(lambda value, wanted: value >= wanted), False),
    "ipaddress": (_in_networks, False),
    "notipaddress": (_in_networks, True),
}
