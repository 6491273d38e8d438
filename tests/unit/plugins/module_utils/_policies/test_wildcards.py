"""Wildcards are matched as IAM does, and no pattern makes it slow.

BREAKGLASS_EXAMPLES says how many hundred pairs are compared with the regular expression (200,000 in `make nightly`).
"""

from __future__ import annotations

import os
import random
import re
import sys

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies import wildcards
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import arn_like, like
from hypothesis import given, settings
from hypothesis import strategies as st

PAIRS = 20 * int(os.environ.get("BREAKGLASS_EXAMPLES", "250"))


def by_regular_expression(value: str, pattern: str) -> bool:
    """The matcher this one took the place of: right, and exponential."""
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def test_random_pairs_match_as_the_regular_expression_says():
    chance = random.Random(21)
    matching = 0
    for _unused in range(PAIRS):
        value = "".join(chance.choices("ab:", k=chance.randint(0, 12)))
        pattern = "".join(chance.choices("ab:*?", weights=(4, 4, 2, 2, 1), k=chance.randint(0, 10)))
        assert like(value, pattern) is by_regular_expression(value, pattern), (value, pattern)
        matching += like(value, pattern)
    assert matching > PAIRS / 100


@settings(deadline=None)
@given(st.text(max_size=8), st.text("ab*?[.\n\u2028\U0001f511", max_size=8))
def test_every_character_is_a_character(value, pattern):
    assert like(value, pattern) is by_regular_expression(value, pattern)
    assert like(pattern, pattern)
    assert like(value + pattern, value.replace("*", "?") + "*")


def steps_of(call) -> int:
    """How many lines of the module run, whatever the time of day and the machine."""
    count = 0

    def trace(frame, event, _argument):
        nonlocal count
        if frame.f_code.co_filename != wildcards.__file__:
            return None
        count += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(previous)
    return count


WORST = {
    "seven stars": ("a" * 220, "*a" * 7 + "*b"),
    "a hundred stars": ("a" * 2000, "*a" * 100 + "*b"),
    "stars and question marks": ("a" * 2000, "*?" * 200 + "b"),
    "stars around question marks": ("a" * 2000, "*?a?*" * 100 + "b"),
    "nothing but stars": ("a" * 2000, "*" * 5000 + "b"),
    "a long run after a star": ("a" * 2000, "*" + "a" * 1000 + "b" + "*"),
    "a long run of question marks": ("a" * 2000, "*" + "?" * 1000 + "b" + "*"),
    "a whole policy": ("a" * 2000, "*a?" * 6000 + "b"),
    "an action name": ("s3:getbucketpolicy", "*?" * 6000 + "b"),
}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_patterns_take_a_bounded_number_of_steps(kind):
    value, pattern = WORST[kind]
    found = []
    steps = steps_of(lambda: found.append(like(value, pattern)))
    assert found == [False]
    assert steps < 20 * (len(value) + len(pattern)) + 100


@settings(deadline=None, max_examples=50)
@given(st.text("ab", max_size=200), st.text("ab*?", max_size=400))
def test_no_generated_pattern_takes_more_steps_than_it_is_long(value, pattern):
    assert steps_of(lambda: like(value, pattern)) < 20 * (len(value) + len(pattern)) + 100


def test_many_patterns_take_no_more_steps_than_one():
    made = [wildcards.tokens(f"*{number}?b*") for number in range(3000)]
    one, all_of_them = wildcards.Patterns(made[:1]), wildcards.Patterns(made)
    value = "a" * 2000
    assert steps_of(lambda: all_of_them.match(value)) <= steps_of(lambda: one.match(value)) + 10


@settings(deadline=None)
@given(st.lists(st.text("ab:*?", max_size=8), max_size=6), st.lists(st.text("ab:", max_size=10), max_size=4))
def test_patterns_together_match_as_each_alone(texts, values):
    made = [wildcards.tokens(text) for text in texts]
    for value in values:
        assert wildcards.Patterns(made).match(value) is any(by_regular_expression(value, text) for text in texts)
        by_part = [arn_like(value, text) for text in texts]
        expected = True if True in by_part else None if None in by_part else False
        assert wildcards.ArnPatterns(made).match(value) is expected
    expected = [any(by_regular_expression(value, text) for value in values) for text in texts]
    assert wildcards.matched(made, values) == expected


@given(st.lists(st.text("ab*?", max_size=4), min_size=6, max_size=7), st.lists(st.text("ab", max_size=4), min_size=6))
def test_parts_of_arns_are_compared_one_by_one(patterns, values):
    value, pattern = ":".join(values), ":".join(patterns)
    parts = zip(value.split(":", 5), pattern.split(":", 5), strict=True)
    assert arn_like(value, pattern) is all(by_regular_expression(one, other) for one, other in parts)


def test_arn_wildcards_stop_at_colons_but_in_the_last_part():
    assert arn_like("arn:aws:iam::1:role/a:b", "arn:aws:iam::1:*")
    assert arn_like("arn:aws:iam::1:role/a", "arn:*:*:*:*:*")
    assert arn_like("arn:aws:iam::1:role/a", "arn:aws:*:::role/a") is False
    assert arn_like("role/a", "arn:aws:iam::1:role/a") is False


@pytest.mark.parametrize("pattern", ["*", "arn:*", "arn:*:role/a"])
def test_an_arn_pattern_without_six_parts_is_unknown(pattern):
    assert arn_like("arn:aws:iam::1:role/a", pattern) is None
    assert arn_like("arn:aws:iam::1:role/a", pattern.replace("*", "")) is False


@settings(deadline=None, max_examples=30)
@given(st.text("ab:", max_size=60), st.text("ab:*?", max_size=300))
def test_arn_patterns_take_a_bounded_number_of_steps(value, pattern):
    assert steps_of(lambda: arn_like(value, pattern)) < 60 * (len(value) + len(pattern)) + 500
