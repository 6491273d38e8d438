"""The judge's comparison: nothing that differs goes unsaid, and an expected change excuses nothing but itself."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from breakglass_aws.drills.judge import Change
from breakglass_aws.drills.judge.comparison import (
    differences,
    is_same_policy,
    leaves_that_differ,
    resolve,
    value_at,
)

GUARD = {"Sid": "Guard", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
LOCK = {**GUARD, "Sid": "Lock", "Action": "*"}
BUCKET = "a.bucket.with.dots"
PATH = f"bucket_policies.{BUCKET}"


def text(*statements: dict[str, Any], **others: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **others})


def state(policy: str | None, **others: Any) -> dict[str, Any]:
    return {"bucket_policies": {BUCKET: policy, "other": text(GUARD)}, **others}


def found(after: str | None, **change: Any) -> list[str]:
    before = state(text(GUARD, LOCK))
    return list(differences(before, state(after), [Change(PATH, **change)] if change else []))


names = st.text(st.characters(codec="utf-8"), max_size=8)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(names, trees, max_size=5), st.dictionaries(names, trees, max_size=5))
def test_equal_states_and_only_these_have_no_difference(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(differences(one, copy.deepcopy(one), [])) == []
    assert bool(list(differences(one, other, []))) == (
        json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(names, trees, min_size=1, max_size=5), st.data())
def test_each_changed_value_is_found_at_its_path(before: dict[str, Any], data: st.DataObject) -> None:
    after = copy.deepcopy(before)
    key = data.draw(st.sampled_from(sorted(before)))
    after[key] = data.draw(trees)
    assume(after[key] != before[key])
    assert {path[0] for path, _, _ in leaves_that_differ(before, after)} == {key}


def test_true_and_one_are_not_the_same() -> None:
    assert list(differences({"root_users": {"1": {"password": True}}}, {"root_users": {"1": {"password": 1}}}, []))


def test_a_path_is_resolved_with_names_that_have_dots() -> None:
    before = state(text(GUARD), iam={"1": {"roles": {"a.b": {"trust_policy": "x"}}}})
    assert resolve(before, PATH) == ("bucket_policies", BUCKET)
    assert value_at(before, resolve(before, "iam.1.roles.a.b.trust_policy")) == "x"
    assert resolve(before, "queue_policies.arn:aws:sqs:r:1:q.fifo") == ("queue_policies", "arn:aws:sqs:r:1:q.fifo")


def test_the_expected_repair_is_no_difference() -> None:
    assert found(text(GUARD), without_statements=["Lock"]) == []
    narrowed = {**LOCK, "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "1"}}}
    assert found(text(GUARD, narrowed), statements={"Lock": {"Condition": narrowed["Condition"]}}) == []
    assert found(text(LOCK), becomes={"Version": "2012-10-17", "Statement": [LOCK]}) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (None, "The policy of bucket a.bucket.with.dots is gone"),
        (text(), "statement Guard is missing"),
        (text({**GUARD, "Action": "s3:Get*"}), "statement Guard differs in Action"),
        (text(GUARD, {**GUARD, "Sid": "More"}), "statement More was added"),
        (text(GUARD, LOCK), "statement Lock was added"),
        (text(GUARD, Id="x"), "Id differs"),
        ("no policy", "it is no policy"),
    ],
)
def test_another_repair_than_the_expected_one_is_said(after: str | None, words: str) -> None:
    [line] = found(after, without_statements=["Lock"])
    assert words in line


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (None, "was removed"),
        (text(LOCK, GUARD), "the order of its statements differs"),
        (text(GUARD, LOCK).replace(": ", ":"), "the same content, in another text"),
        (text(GUARD), "statement Lock is missing"),
    ],
)
def test_without_an_expected_change_one_byte_is_a_difference(after: str | None, words: str) -> None:
    [line] = found(after)
    assert words in line


def test_an_expected_change_excuses_no_other() -> None:
    before = state(text(GUARD, LOCK))
    after = {"bucket_policies": {BUCKET: text(GUARD), "other": None}}
    [line] = differences(before, after, [Change(PATH, without_statements=["Lock"])])
    assert line == "The policy of bucket other was removed [bucket_policies.other]"


def test_a_change_that_cannot_be_as_expected_is_said() -> None:
    [line] = found(text(GUARD), without_statements=["NoSuch"])
    assert "the policy before has no statement NoSuch" in line


def test_what_is_added_removed_or_optional() -> None:
    before = {"iam": {"1": {"roles": {}}}}
    after = {"iam": {"1": {"roles": {"Access": {"trust_policy": "x"}}}}}
    path = "iam.1.roles.Access"
    assert list(differences(before, after, [Change(path, added=True)])) == []
    assert list(differences(before, before, [Change(path, added=True, optional=True)])) == []
    assert list(differences(after, before, [Change(path, removed=True)])) == []
    assert list(differences(before, before, [Change(path, added=True)])) == [
        "IAM of account 1: role Access was not made"
    ]
    assert list(differences(after, after, [Change(path, removed=True)])) == [
        "IAM of account 1: role Access is still there"
    ]
    assert list(differences(before, before, [Change(path, removed=True)])) == [
        "IAM of account 1: role Access was not there before, so it cannot have been removed"
    ]
    assert list(differences(before, before, [Change(path, removed=True, optional=True)])) == []
    assert list(differences(after, after, [Change(path, added=True)])) == [
        "IAM of account 1: role Access was there before already"
    ]
    assert list(differences(after, after, [Change(path)])) == ["IAM of account 1: role Access did not change"]


def test_nothing_is_compared_below_what_could_not_be_read() -> None:
    assert list(differences({"accounts": {"1": {}}}, {"accounts": {}}, [], ["accounts"])) == []


def test_one_new_entry_of_any_name() -> None:
    before = {"root_users": {"1": {"access_keys": {"AKIAOLD": "Active"}}}}
    keys = {"AKIAOLD": "Active", "AKIANEW": "Active"}
    changes = [
        Change("root_users.1.access_keys.*", added=True),
        Change("root_users.1.access_keys.AKIAOLD", removed=True),
    ]

    def found(**after: str) -> list[str]:
        return list(differences(before, {"root_users": {"1": {"access_keys": after}}}, changes))

    assert found(AKIANEW="Active") == []
    assert found(**keys) == ["The root user of account 1: access key AKIAOLD is still there"]
    assert found() == ["The root user of account 1: access keys: expected one that is new"]
    assert len(found(AKIANEW="Active", AKIAMORE="Active")) == 3


def test_what_differs_in_an_entity_is_named() -> None:
    trust = {"Version": "2012-10-17", "Statement": [GUARD]}
    change = Change("iam.1.roles.Access", becomes={"path": "/", "trust_policy": trust, "policies": []})

    def found(**role: Any) -> list[str]:
        return list(differences({"iam": {"1": {"roles": {}}}}, {"iam": {"1": {"roles": {"Access": role}}}}, [change]))

    assert found(path="/", trust_policy=text(GUARD), policies={}) == []
    [line] = found(path="/", trust_policy=text(GUARD, LOCK), more=1)
    assert line.endswith("not as expected: more was added; policies is missing; trust_policy: statement Lock was added")


def test_names_in_an_expected_policy_have_no_order_and_statements_have_one() -> None:
    def guard(*actions: str) -> dict[str, Any]:
        return {**GUARD, "Action": list(actions), "Condition": {"ArnLike": {"aws:PrincipalArn": list(actions)}}}

    before = state(text(guard("a", "b"), LOCK, {**GUARD, "Sid": "Last"}))
    change = [Change(PATH, without_statements=["Lock"])]
    assert list(differences(before, state(text(guard("b", "a"), {**GUARD, "Sid": "Last"})), change)) == []
    [line] = differences(before, state(text(guard("b", "c"), {**GUARD, "Sid": "Last"})), change)
    assert "statement Guard differs in Action, Condition" in line
    [line] = differences(before, state(text({**GUARD, "Sid": "Last"}, guard("a", "b"))), change)
    assert "the order of its statements differs" in line
    [line] = differences(before, state(text(guard("b", "a"), LOCK, {**GUARD, "Sid": "Last"})), [])
    assert "statement Guard differs in Action, Condition" in line


def test_a_backup_may_have_names_in_another_order_and_nothing_else() -> None:
    policy = text({**GUARD, "Action": ["a", "b"]})
    assert is_same_policy(policy, policy)
    assert is_same_policy(text({**GUARD, "Action": ["b", "a"]}), policy)
    assert not is_same_policy(text({**GUARD, "Action": ["b", "c"]}), policy)
    assert not is_same_policy(policy.replace(": ", ":"), policy)
    assert not is_same_policy("no policy", policy)
    assert not is_same_policy("None", "none")
