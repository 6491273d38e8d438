# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM's wildcards, matched in linear time whatever the patterns. No network, no Ansible.

Patterns come from policies that other people wrote. A regular expression made from one can take exponential time, so
a short policy could block the recovery of its own bucket; and a policy of 20 KB has room for thousands of patterns. The
matcher here reads each character of the value once, for all the patterns together: it keeps the set of all positions
in the patterns that the value so far can have reached, as the bits of one number.
"""

from __future__ import annotations

import enum
import functools
import operator
import typing as t


class Wildcard(enum.Enum):
    """The two wildcards of the policy language (IAM user guide, "Using wildcards")."""

    ANY = "*"  # any run of characters, also an empty one
    ONE = "?"  # exactly one character


# A pattern taken apart. A wildcard character that is meant literally is a text of one character.
Token = t.Union[str, Wildcard]
Tokens = t.Tuple[Token, ...]

_WILDCARDS = {wildcard.value: wildcard for wildcard in Wildcard}


@functools.lru_cache(maxsize=65536)
def like(value: str, pattern: str) -> bool:
    """Does the whole value match? ``*`` is any run of characters, ``?`` any one character, nothing else is special."""
    if not has_wildcard(pattern):
        return value == pattern
    return Patterns([tokens(pattern)]).match(value)


def arn_like(value: str, pattern: str) -> bool | None:
    """ARNs are compared part by part: see :class:`ArnPatterns`."""
    return ArnPatterns([tokens(pattern)]).match(value)


def has_wildcard(pattern: str) -> bool:
    """Does the pattern have a wildcard?"""
    return "*" in pattern or "?" in pattern


@functools.lru_cache(maxsize=4096)
def tokens(pattern: str) -> Tokens:
    """The pattern's characters and wildcards."""
    return tuple(_WILDCARDS.get(character, character) for character in pattern)


class Patterns:
    """Several patterns, asked at once whether one of them matches a value."""

    def __init__(self, patterns: t.Iterable[Tokens]) -> None:
        self._texts: set[str] = set()
        wild = dict.fromkeys(patterns)
        for pattern in list(wild):
            if not any(isinstance(token, Wildcard) for token in pattern):
                self._texts.add("".join(map(str, pattern)))
                del wild[pattern]
        self._matcher = _Matcher(wild) if wild else None

    def match(self, value: str) -> bool:
        """Does one of the patterns match the whole value?"""
        return value in self._texts or (self._matcher is not None and self._matcher.matches(value))


def matched(patterns: t.Sequence[Tokens], values: t.Iterable[str]) -> list[bool]:
    """Which of the patterns match one of the values?"""
    return _Matcher(patterns).which(values)


def begun(patterns: t.Sequence[Tokens], prefix: str) -> list[bool]:
    """Which of the patterns match some value that begins with the prefix?"""
    return _Matcher(patterns).begun(prefix)


class ArnPatterns:
    """The same for patterns of ARNs, each of the six parts for itself.

    A wildcard does not reach across a colon, except in the last part. AWS documents that each of the six parts is
    compared (IAM user guide, "Amazon Resource Name (ARN) condition operators"), and does not document what a pattern
    with wildcards matches that has fewer, as ``*`` has.
    """

    def __init__(self, patterns: t.Iterable[Tokens]) -> None:
        whole: dict[Tokens, None] = {}
        self._unclear = False
        for pattern in patterns:
            if pattern.count(":") >= 5:
                whole[pattern] = None
            elif any(isinstance(token, Wildcard) for token in pattern):
                self._unclear = True
        self._matcher = _Matcher(whole, by_part=True)

    def match(self, value: str) -> bool | None:
        """Does one of the patterns match the ARN? None: only one that has fewer than six parts may."""
        if value.count(":") >= 5 and self._matcher.matches(value):
            return True
        return None if self._unclear else False


class _Matcher:
    """Patterns, ready to match. ``matches`` takes one step for each character of the value.

    ``by_part``: wildcards before the fifth colon of a pattern do not match a colon.
    """

    def __init__(self, patterns: t.Iterable[Tokens], by_part: bool = False) -> None:
        # Bit n of a set: position n is reached. Each pattern has a position before each token that takes a character,
        # and one at its end.
        begins: list[int] = []
        ends: list[int] = []
        repeating: list[int] = []  # positions with a * after them
        taking_any: list[int] = []  # positions before a ?
        taking: dict[str, list[int]] = {}  # character -> positions before it
        within_part: set[int] = set()  # positions whose wildcards do not match a colon
        position = 0
        for pattern in patterns:
            begins.append(position)
            colons = 0
            for token in pattern:
                if by_part and colons < 5:
                    within_part.add(position)
                if token is Wildcard.ANY:
                    repeating.append(position)
                    continue
                if token is Wildcard.ONE:
                    taking_any.append(position)
                else:
                    taking.setdefault(str(token), []).append(position)
                    colons += token == ":"
                position += 1
            ends.append(position)
            position += 1
        self._each_begin, self._each_end = begins, ends
        self._begins, self._ends = _bits(begins, position), _bits(ends, position)
        self._wild = _bits(repeating, position), _bits(taking_any, position)
        self._wild_at_colon = (
            _bits([one for one in repeating if one not in within_part], position),
            _bits([one for one in taking_any if one not in within_part], position),
        )
        self._taking = {character: _bits(found, position) for character, found in taking.items()}

    def matches(self, value: str) -> bool:
        return self._ends_reached(value) != 0

    def which(self, values: t.Iterable[str]) -> list[bool]:
        """Which patterns, in their order, match one of the values?"""
        reached = functools.reduce(operator.or_, map(self._ends_reached, values), 0)
        return [bool(reached >> end & 1) for end in self._each_end]

    def begun(self, prefix: str) -> list[bool]:
        """Which patterns, in their order, match some value that begins with the prefix?"""
        reached = self._reached(prefix)
        bounds = zip(self._each_begin, self._each_end, strict=True)
        return [bool(reached >> begin & ((2 << end - begin) - 1)) for begin, end in bounds]

    def _ends_reached(self, value: str) -> int:
        return self._reached(value) & self._ends

    def _reached(self, value: str) -> int:
        reached = self._begins
        for character in value:
            repeating, taking = self._wild_at_colon if character == ":" else self._wild
            taking |= self._taking.get(character, 0)
            reached = ((reached & taking) << 1) | (reached & repeating)
            if not reached:
                return 0
        return reached


def _bits(positions: t.Sequence[int], length: int) -> int:
    """The set as a number; made in one go, because a number of many bits is copied at each change."""
    found = bytearray(length // 8 + 1)
    for position in positions:
        found[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(found, "little")
