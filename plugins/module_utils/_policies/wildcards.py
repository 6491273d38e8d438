# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM's wildcards, matched in linear time whatever the pattern. No network, no Ansible.

Patterns come from policies that other people wrote. A regular expression made from one can take exponential time, so
a short policy could block the recovery of its own bucket. The matcher here reads each character of the value once: it
keeps the set of all positions in the pattern that the value so far can have reached, as the bits of one number.
"""

from __future__ import annotations

import enum
import functools
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
    return _matcher(tokens(pattern)).matches(value)


def matches(value: str, pattern: Tokens) -> bool:
    """Does the whole value match a pattern that was taken apart?"""
    return _matcher(pattern).matches(value)


def arn_like(value: str, pattern: str | Tokens) -> bool | None:
    """ARNs are compared part by part: a wildcard does not reach across a colon, except in the last of the six parts.

    None where a pattern with wildcards has fewer than six parts, as ``*`` has. AWS documents that each of the six parts
    is compared (IAM user guide, "Amazon Resource Name (ARN) condition operators"), and does not document this case.
    """
    taken_apart = tokens(pattern) if isinstance(pattern, str) else pattern
    patterns = _parts(taken_apart)
    if len(patterns) < 6:
        return None if any(isinstance(token, Wildcard) for token in taken_apart) else False
    parts = value.split(":", 5)
    return len(parts) == 6 and all(map(matches, parts, patterns))


def has_wildcard(pattern: str) -> bool:
    """Does the pattern have a wildcard?"""
    return "*" in pattern or "?" in pattern


@functools.lru_cache(maxsize=4096)
def tokens(pattern: str) -> Tokens:
    """The pattern's characters and wildcards."""
    return tuple(_WILDCARDS.get(character, character) for character in pattern)


def _parts(pattern: Tokens) -> list[Tokens]:
    """The pattern's parts between colons, at most six."""
    parts: list[list[Token]] = [[]]
    for token in pattern:
        if token == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts]


class _Matcher:
    """One pattern, ready to match. ``matches`` takes one step for each character of the value."""

    def __init__(self, pattern: Tokens) -> None:
        # Bit n of a set: the first n single-character tokens of the pattern are matched.
        self._repeating = 0  # positions with a * after them
        self._matching: dict[str, int] = {}  # character -> positions before a token that takes it
        self._matching_any = 0  # positions before a ?
        self._end = 0
        for token in pattern:
            position = 1 << self._end
            if token is Wildcard.ANY:
                self._repeating |= position
                continue
            if token is Wildcard.ONE:
                self._matching_any |= position
            else:
                self._matching[token] = self._matching.get(token, 0) | position
            self._end += 1

    def matches(self, value: str) -> bool:
        reached = 1
        for character in value:
            taking = self._matching.get(character, 0) | self._matching_any
            reached = ((reached & taking) << 1) | (reached & self._repeating)
            if not reached:
                return False
        return bool(reached >> self._end & 1)


@functools.lru_cache(maxsize=4096)
def _matcher(pattern: Tokens) -> _Matcher:
    return _Matcher(pattern)
