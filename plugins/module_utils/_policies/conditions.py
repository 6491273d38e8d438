# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a Condition hold for a request of which not everything is known? No network, no Ansible.

Answers are three-valued: True, False, and None for "it depends on what is not known here". The rules are those of the
IAM user guide, "IAM JSON policy elements: Condition operators", "Multivalued context keys" and "Variables and tags".
"""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies import wildcards
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import OPERATORS, Wanted, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import Tokens

# What is known of a request: a lower-case condition key -> its values. Empty: the key is absent. None: unknown.
Facts = t.Callable[[str], "t.Optional[t.Tuple[str, ...]]"]

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
    return Entry(operator, key, _texts(values), variables).holds(facts)


def entries(condition: dict[str, t.Any], variables: bool) -> tuple[Entry, ...]:
    """The entries of a Condition block, prepared for many requests."""
    return _prepared(json.dumps(condition), variables)


@functools.lru_cache(maxsize=256)
def _prepared(condition: str, variables: bool) -> tuple[Entry, ...]:
    found = entries_of(json.loads(condition))
    return tuple(Entry(operator, key, _texts(values), variables) for operator, key, values in found)


class Entry:
    """One ``operator: {key: values}``."""

    def __init__(self, operator: str, key: str, texts: tuple[str, ...], variables: bool) -> None:
        self._key, self._texts = key.lower(), texts
        self._qualifier, self._name, if_exists = split_operator(operator)
        self._negated = is_negated(operator)
        self._when_absent = if_exists or self._qualifier == "forallvalues" or (self._negated and not self._qualifier)
        takes_variables = variables and self._name.startswith(("string", "arn"))
        self._values = Values(self._name, texts, takes_variables) if self._name in OPERATORS else None

    def holds(self, facts: Facts) -> bool | None:
        """Does it hold for a request?"""
        actual = facts(self._key)
        if actual is None:
            return None
        if self._name == "null":
            return any((text.lower() == "true") == (not actual) for text in self._texts)
        if self._values is None:
            return None
        if not actual:
            return self._when_absent
        if not self._qualifier and len(actual) > 1:
            return None  # AWS does not document a key of several values without a set operator
        answers = [self._values.match(value, facts) for value in actual]
        if self._negated:
            answers = [opposite(answer) for answer in answers]
        return every(answers) if self._qualifier == "forallvalues" else some(answers)


def _texts(values: t.Any) -> tuple[str, ...]:
    return tuple(text_of(value) for value in (values if isinstance(values, list) else [values]))


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


_MOST_ANSWERS = 4096  # that are remembered for one list of values


class Values:
    """The values of a condition, or the patterns of resources, with policy variables in some of them.

    The comparison with a request's value depends on nothing but that value and those of the variables, so its answers
    are remembered.
    """

    def __init__(self, name: str, texts: t.Sequence[str], variables: bool) -> None:
        self._name = name
        self._open = [text for text in texts if variables and has_variable(text)]
        self._fixed = Wanted(name, [wildcards.tokens(text) for text in texts if not (variables and has_variable(text))])
        self._keys = tuple(dict.fromkeys(key for text in self._open for key in _keys_of(text)))
        self._answers: dict[t.Any, bool | None] = {}

    def match(self, value: str, facts: Facts) -> bool | None:
        """Does the value match one of them?"""
        asked = (value, *map(facts, self._keys))
        if asked not in self._answers:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[asked] = self._compare(value, facts)
        return self._answers[asked]

    def _compare(self, value: str, facts: Facts) -> bool | None:
        found = self._fixed.match(value)
        if found or not self._open:
            return found
        return some([found, Wanted(self._name, [expanded(text, facts) for text in self._open]).match(value)])


@functools.lru_cache(maxsize=512)
def patterns(texts: tuple[str, ...], variables: bool) -> Values:
    """Patterns of resources, prepared for many requests."""
    return Values("stringlike", texts, variables)


@functools.lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[tuple[Tokens, str | None], ...]:
    """A pattern as pieces of text, each with the policy variable after it; the last one has none."""
    found: list[tuple[Tokens, str | None]] = []
    position = 0
    while True:
        start = text.find("${", position)
        end = text.find("}", start) if start >= 0 else -1
        if end < 0:
            return (*found, (wildcards.tokens(text[position:]), None))
        found.append((wildcards.tokens(text[position:start]), text[start + 2 : end]))
        position = end + 1


def expanded(text: str, facts: Facts) -> Tokens | None:
    """A pattern with its policy variables replaced; None when the value of one of them is not known.

    A variable's value is plain text, wildcards in it are not wildcards. ``${*}``, ``${?}`` and ``${$}`` are the
    characters themselves. A default applies when the key is absent (IAM user guide, "Variables and tags"); a variable
    without one whose key is absent counts as unknown, because AWS does not document what a negated operator does then.
    """
    result: list[wildcards.Token] = []
    for piece, variable in _pieces(text):
        result.extend(piece)
        if variable is not None:
            value = _value_of(variable, facts)
            if value is None:
                return None
            result.extend(value)  # character by character: text, not wildcards
    return tuple(result)


_CHARACTERS = ("*", "?", "$")


def _keys_of(text: str) -> list[str]:
    """The condition keys that the policy variables of a pattern name."""
    named = (variable for _piece, variable in _pieces(text) if variable is not None)
    return [variable.partition(",")[0].strip().lower() for variable in named if variable not in _CHARACTERS]


def _value_of(variable: str, facts: Facts) -> str | None:
    """The text that a policy variable is replaced with; None when it is not known."""
    if variable in _CHARACTERS:
        return variable
    key, comma, default = variable.partition(",")
    values = facts(key.strip().lower())
    if values is not None and len(values) == 1:
        return values[0]
    default = default.strip()
    if values == () and comma and len(default) >= 2 and default[0] == default[-1] == "'":
        return default[1:-1]
    return None
