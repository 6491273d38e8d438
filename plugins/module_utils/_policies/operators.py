# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The condition operators, and the values a policy compares with. No network, no Ansible.

A condition may have thousands of values, and is asked about many requests. So its values are prepared once, and then
compared with a request's value all together. Answers are three-valued, as in ``conditions``.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import operator
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies import wildcards
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import Tokens

# An address no policy lists. It lies in a list of networks only when they are the whole Internet.
UNLISTED_ADDRESS = "an address the policy does not name"
# Ends a value of which only the beginning is known.
UNKNOWN_REST = "\0unknown"

# Does a value match one of the values that were prepared?
Match = t.Callable[[str], "t.Optional[bool]"]
_Prepare = t.Callable[[t.Sequence[Tokens]], Match]


class Wanted:
    """The values of a condition for one operator; those that are not known here may match anything."""

    def __init__(self, name: str, values: t.Sequence[Tokens | None]) -> None:
        self._values = [one for one in values if one is not None]
        self._unknown: bool | None = None if len(self._values) < len(values) else False
        self._by_pattern = name in ("stringlike", "stringnotlike")
        self._in_part = not name.endswith("ipaddress")  # may match a value of which only the beginning is known
        self._match = OPERATORS[name](self._values)

    def match(self, value: str) -> bool | None:
        """Does the value match one of them?"""
        if self._in_part and value.endswith(UNKNOWN_REST):
            found = some(_match_beginning(value, one, self._by_pattern) for one in self._values)
        else:
            found = self._match(value)
        return found or (None if found is None else self._unknown)


def some(answers: t.Iterable[bool | None]) -> bool | None:
    """Three-valued 'or'."""
    answers = list(answers)
    if True in answers:
        return True
    return None if None in answers else False


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


# --- texts ---


def _equal(values: t.Sequence[Tokens]) -> Match:
    texts = {_plain(one) for one in values}
    return lambda value: value in texts


def _equal_ignoring_case(values: t.Sequence[Tokens]) -> Match:
    texts = {_plain(one).lower() for one in values}
    return lambda value: value.lower() in texts


def _like(values: t.Sequence[Tokens]) -> Match:
    return wildcards.Patterns(values).match


def _arn_like(values: t.Sequence[Tokens]) -> Match:
    return wildcards.ArnPatterns(values).match


# --- numbers and dates ---

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?\Z")
_Compare = t.Callable[[t.Any, t.Any], bool]


def parse_number(text: str) -> float | None:
    """A number of a policy; None when it is none."""
    return float(text) if _NUMBER.match(text) else None


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


def _compared(parse: t.Callable[[str], t.Any], compare: _Compare) -> _Prepare:
    """Values that are compared as numbers or dates. What is neither may match."""

    def prepare(values: t.Sequence[Tokens]) -> Match:
        parsed = [parse(_plain(one)) for one in values]
        limits = [one for one in parsed if one is not None]

        def match(value: str) -> bool | None:
            given = parse(value)
            if given is None:
                return None if values else False
            if any(compare(given, limit) for limit in limits):
                return True
            return None if len(limits) < len(parsed) else False

        return match

    return prepare


# --- addresses ---

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


def _in_networks(values: t.Sequence[Tokens]) -> Match:
    """Is the address in one of the networks? The networks together may be the whole Internet."""
    parsed = [parse_network(_plain(one)) for one in values]
    networks = [one for one in parsed if one is not None]
    whole = any(network.prefixlen == 0 for network in _collapsed(networks))
    otherwise = None if len(networks) < len(parsed) else False

    def match(value: str) -> bool | None:
        if value == UNLISTED_ADDRESS:
            return whole or otherwise
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            return None
        return any(address in network for network in networks) or otherwise

    return match


_number, _date = functools.partial(_compared, parse_number), functools.partial(_compared, parse_date)

# BinaryEquals is left out: no key that is known here has a binary value.
OPERATORS: dict[str, _Prepare] = {
    "stringequals": _equal,
    "stringnotequals": _equal,
    "stringequalsignorecase": _equal_ignoring_case,
    "stringnotequalsignorecase": _equal_ignoring_case,
    "stringlike": _like,
    "stringnotlike": _like,
    "arnequals": _arn_like,
    "arnnotequals": _arn_like,
    "arnlike": _arn_like,
    "arnnotlike": _arn_like,
    "bool": _equal_ignoring_case,
    "numericequals": _number(operator.eq),
    "numericnotequals": _number(operator.eq),
    "numericlessthan": _number(operator.lt),
    "numericlessthanequals": _number(operator.le),
    "numericgreaterthan": _number(operator.gt),
    "numericgreaterthanequals": _number(operator.ge),
    "dateequals": _date(operator.eq),
    "datenotequals": _date(operator.eq),
    "datelessthan": _date(operator.lt),
    "datelessthanequals": _date(operator.le),
    "dategreaterthan": _date(operator.gt),
    "dategreaterthanequals": _date(operator.ge),
    "ipaddress": _in_networks,
    "notipaddress": _in_networks,
}
