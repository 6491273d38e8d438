# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a statement apply to a resource of which only the kind is known, such as some bucket? No network, no Ansible.

Answers are three-valued: True for every resource of the kind, False for none, None for some of them.
"""

from __future__ import annotations

import functools
import operator
import string
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    Facts,
    expanded,
    has_variable,
    opposite,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import (
    Patterns,
    Tokens,
    Wildcard,
    tokens,
)

_OPAQUE = "\x02"  # a character that no pattern names: only a wildcard matches it


@dataclass(frozen=True)
class Part:
    """A part of an ARN that is not known: its characters, and how many there are at least and at most."""

    characters: frozenset[str]
    least: int
    most: int


Kind = t.Tuple[t.Union[str, Part], ...]

_LETTERS = string.ascii_letters + string.digits
# Names as AWS allows them, and of buckets as it once did (S3 user guide, "General purpose bucket naming rules";
# SQS developer guide, "Queue name"; IAM user guide, "Names").
BUCKET_NAME = Part(frozenset(f"{_LETTERS}.-_"), 3, 255)
QUEUE_NAME = Part(frozenset(f"{_LETTERS}-_."), 1, 80)
REGION = Part(frozenset(f"{string.ascii_lowercase}{string.digits}-"), 5, 30)
DEVICE_NAME = Part(frozenset(f"{_LETTERS}+=,.@-_"), 1, 226)
ANYTHING = Part(frozenset(string.printable), 1, 1000)


def concerns(statement: Statement, kind: Kind, facts: Facts, variables: bool) -> bool | None:
    """Does the statement apply to the resources of the kind? The arguments are those of ``concerns_resource``."""
    element = "NotResource" if "NotResource" in statement else "Resource"
    covered = some(_covers(str(text), kind, facts, variables) for text in as_list(statement[element]))
    return opposite(covered) if element == "NotResource" else covered


def _covers(text: str, kind: Kind, facts: Facts, variables: bool) -> bool | None:
    if text == "*":
        return True
    pattern = expanded(text, facts) if variables and has_variable(text) else tokens(text)
    if pattern is None:
        return None
    shortest, longest = (_example(kind, longest) for longest in (False, True))
    matcher = Patterns([pattern])
    if matcher.match(shortest) and matcher.match(longest):
        return True
    return None if _meets(pattern, kind) else False


def _example(kind: Kind, longest: bool) -> str:
    return "".join(part if isinstance(part, str) else _OPAQUE * (part.most if longest else part.least) for part in kind)


def _meets(pattern: Tokens, kind: Kind) -> bool:
    """Does the pattern match some ARN of the kind? How long a part is does not count: it may be of any length."""
    reached = _beyond_stars(pattern, {0})
    for part in kind:
        if isinstance(part, str):
            for character in part:
                reached = _after(pattern, reached, functools.partial(operator.eq, character))
        else:
            found: set[int] = set()
            new = _after(pattern, reached, part.characters.__contains__)
            while not new <= found:
                found |= new
                new = _after(pattern, new, part.characters.__contains__)
            reached = found
        if not reached:
            return False
    return len(pattern) in reached


def _after(pattern: Tokens, reached: set[int], takes: t.Callable[[t.Any], bool]) -> set[int]:
    """The positions after one more character, which a text token takes if ``takes`` says so."""
    found = set()
    for position in reached:
        if position == len(pattern):
            continue
        token = pattern[position]
        if token is Wildcard.ANY:
            found.add(position)
        elif token is Wildcard.ONE or takes(token):
            found.add(position + 1)
    return _beyond_stars(pattern, found)


def _beyond_stars(pattern: Tokens, reached: set[int]) -> set[int]:
    """The positions, and those after a * that matches nothing."""
    found = set(reached)
    for position in reached:
        while position < len(pattern) and pattern[position] is Wildcard.ANY:
            position += 1
            found.add(position)
    return found
