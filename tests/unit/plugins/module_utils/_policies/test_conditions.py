from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import holds
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import UNLISTED_ADDRESS
from hypothesis import given, settings
from hypothesis import strategies as st

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

KNOWN = {
    "aws:principalarn": ("arn:aws:iam::111122223333:role/path/Admin",),
    "aws:sourceip": ("203.0.113.7",),
    "aws:sourcevpce": (),
    "aws:tagkeys": ("a", "b"),
    "aws:username": ("clerk",),
    "aws:multifactorauthage": ("60",),
    "aws:securetransport": ("true",),
    "aws:currenttime": ("2026-06-01T10:00:00Z",),
    "aws:epochtime": ("1780308000",),
    "aws:vpcsourceip": (UNLISTED_ADDRESS,),
    "acme:star": ("*",),
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
        ("StringEquals", "aws:username", "${aws:username, 'default'}", True),
        ("StringEquals", "aws:username", "${aws:SourceVpce, 'clerk'}", True),
        ("StringEquals", "aws:username", "${aws:SourceVpce}", None),
        ("StringLike", "aws:username", "${*}", False),
        ("StringLike", "acme:Star", "${*}", True),
        ("StringLike", "aws:username", "${acme:Star}", False),
        ("StringLike", "aws:username", "${" * 9000, False),
        ("ArnLike", "aws:PrincipalArn", "*", None),
        ("ArnNotLike", "aws:PrincipalArn", "*", None),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/path/${aws:username}", False),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/path/*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:*:role/path/*", None),
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
        ("IpAddress", "aws:VpcSourceIp", ["0.0.0.0/1", "128.0.0.0/1"], True),
        ("NotIpAddress", "aws:VpcSourceIp", ["0.0.0.0/1", "128.0.0.0/1"], False),
        ("NotIpAddress", "aws:VpcSourceIp", ["0.0.0.0/1", "10.0.0.0/8"], True),
        ("NotIpAddress", "aws:VpcSourceIp", ["0.0.0.0/1", "rubbish"], None),
        ("NumericEquals", "aws:MultiFactorAuthAge", "6_0", None),
        ("NumericEquals", "aws:MultiFactorAuthAge", "nan", None),
        ("String\nEquals", "aws:username", "clerk", None),
        ("StringEquals", "aws:TagKeys", "a", None),
        ("DateLessThan", "acme:Unknown", "2026-01-01", None),
        ("DateLessThan", "aws:CurrentTime", "2026-01-01", False),
        ("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", "aws:CurrentTime", "2026-06-01T12:00:00+02:00", False),
        ("DateGreaterThanEquals", "aws:CurrentTime", "2026-06-01T12:00:00+02:00", True),
        ("DateLessThan", "aws:CurrentTime", "2026-07", True),
        ("DateNotEquals", "aws:CurrentTime", "1780308000", False),
        ("DateEquals", "aws:EpochTime", "2026-06-01T10:00Z", True),
        ("NumericGreaterThan", "aws:EpochTime", 1780307999, True),
        ("DateLessThan", "aws:CurrentTime", "2026-13-01", None),
        ("DateLessThan", "aws:CurrentTime", "next week", None),
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
    found = holds(condition, {"acme:key": tuple(actual)}.get, variables=True)
    undocumented = "Arn" in operator and "a*" in wanted  # an ARN pattern without six parts
    assert found is denied or (found is None and undocumented)
