from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    UNLISTED_ADDRESS,
    arn_like,
    holds,
    like,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.authorization import Policies, Principal, Request, evaluate

KNOWN = {
    "aws:principalarn": ("arn:aws:iam::111122223333:role/path/Admin",),
    "aws:sourceip": ("203.0.113.7",),
    "aws:sourcevpce": (),
    "aws:tagkeys": ("a", "b"),
    "aws:username": ("clerk",),
    "aws:multifactorauthage": ("60",),
    "aws:securetransport": ("true",),
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("Bool", "aws:SecureTransport", True, True),
        ("bool", "AWS:securetransport", "FALSE", False),
        ("StringEquals", "aws:SourceVpce", "vpce-1", False),
        ("StringNotEquals", "aws:SourceVpce", "vpce-1", True),
        ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", True),
        ("Null", "aws:SourceVpce", "true", True),
        ("Null", "aws:SourceVpce", ["false"], False),
        ("Null", "aws:username", False, True),
        ("StringLike", "aws:username", ["x*", "cl?rk"], True),
        ("StringNotLike", "aws:username", ["x*", "cl?rk"], False),
        ("StringEqualsIgnoreCase", "aws:username", "CLERK", True),
        ("StringLike", "aws:username", "${aws:username}", True),
        ("StringLike", "aws:username", "${aws:nobody-knows}", None),
        ("StringEquals", "aws:username", "${aws:username, 'default'}", None),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/path/*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:*:role/path/*", False),
        ("StringLike", "aws:PrincipalArn", "arn:aws:*:role/path/*", True),
        ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "203.0.113.0/24"], True),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", False),
        ("NotIpAddress", "aws:SourceIp", "no network", None),
        ("NumericLessThanEquals", "aws:MultiFactorAuthAge", 60, True),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", "sixty", None),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], False),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], True),
        ("ForAllValues:StringEquals", "aws:SourceVpce", ["a"], True),
        ("ForAnyValue:StringNotEquals", "aws:SourceVpce", ["a"], False),
        ("StringEquals", "acme:Unknown", "x", None),
        ("StringRhymes", "aws:username", "jerk", None),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01", None),
    ],
)
def test_operators(operator, key, values, expected):
    assert holds({operator: {key: values}}, KNOWN.get, variables=True) is expected


def test_all_must_hold_and_false_beats_unknown():
    unknown, true, false = ({"StringEquals": {key: "clerk"}} for key in ("x", "aws:username", "aws:sourcevpce"))
    assert holds({**unknown, "StringLike": true["StringEquals"]}, KNOWN.get, True) is None
    assert holds({**unknown, "StringLike": false["StringEquals"]}, KNOWN.get, True) is False
    assert holds({}, KNOWN.get, True) is True


def test_variables_are_text_in_the_old_version():
    condition = {"StringEquals": {"aws:username": "${aws:username}"}}
    assert holds(condition, KNOWN.get, variables=False) is False


def test_an_unlisted_address_lies_in_the_whole_internet_only():
    def know(key):
        return (UNLISTED_ADDRESS,)

    assert holds({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, know, True) is True
    assert holds({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}}, know, True) is False


@settings(deadline=None)
@given(st.text("ab:*?[.\n", max_size=6), st.text("ab:*?[.\n", max_size=8))
def test_wildcards_are_those_of_iam(value, pattern):
    def matches(v: str, p: str) -> bool:
        if not p:
            return not v
        if p[0] == "*":
            return any(matches(v[cut:], p[1:]) for cut in range(len(v) + 1))
        return bool(v) and p[0] in ("?", v[0]) and matches(v[1:], p[1:])

    assert like(value, pattern) is matches(value, pattern)


def test_arn_wildcards_stop_at_colons_but_in_the_last_part():
    assert arn_like("arn:aws:iam::1:role/a:b", "arn:aws:iam::1:*")
    assert not arn_like("arn:aws:iam::1:role/a", "arn:*:role/a")
    assert not arn_like("role/a", "arn:aws:iam::1:role/a")


OPERATORS = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "ArnLike",
    "ArnNotEquals",
    "Bool",
    "Null",
]


@settings(deadline=None)
@given(
    st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from(OPERATORS),
    st.booleans(),
    st.lists(st.sampled_from(["a", "a*", "true", "false", "arn:aws:iam::*:role/?"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["a", "ab", "true", "arn:aws:iam::1:role/x"]), max_size=3, unique=True),
)
def test_known_keys_hold_as_the_sandbox_says(qualifier, operator, if_exists, wanted, actual):
    if operator == "Null":
        qualifier, if_exists = "", False
    elif not qualifier:
        actual = actual[:1]  # without a qualifier a key has one value
    operator = qualifier + operator + ("IfExists" if if_exists else "")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    condition = {operator: {"acme:Key": wanted}}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
    request = Request(Principal("1" * 12, f"arn:aws:iam::{'1' * 12}:user/u", "user"), "s3:GetObject", "*")
    context = Request(
        request.principal, request.action, request.resource, context={"acme:Key": actual} if actual else {}
    )

    denied = evaluate(context, Policies(resource=policy)).reason == "explicit_deny"
    assert holds(condition, {"acme:key": tuple(actual)}.get, variables=True) is denied
