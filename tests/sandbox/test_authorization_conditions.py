"""Condition operators, row by row, after the IAM User Guide ("Condition operators", "Multivalued context keys")."""

import pytest

from breakglass_aws.sandbox.authorization import Policies, PolicyError, Principal, Request, evaluate

USER = Principal("111122223333", "arn:aws:iam::111122223333:user/staff/alice", "user", "AIDAEXAMPLE")
KEY = "test:Key"


def holds(condition: dict, context: dict, version: str = "2012-10-17") -> bool:
    """Whether a statement with this condition applies to a request with this context."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    policies = Policies(identity=[{"Version": version, "Statement": statement}])
    return evaluate(Request(USER, "test:Do", "*", None, context), policies).allowed


# operator, value or values in the policy, value or values in the request (None: the key is absent), satisfied
OPERATORS = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a", "b", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a", None, False),
    ("StringEquals", "a*", "a*", True),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "", "", True),
    ("StringEquals", "5", 5, True),
    ("StringEquals", 5, "5", True),
    ("StringNotEquals", "a", "a", False),
    ("StringNotEquals", "a", "A", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringNotEquals", "a", None, True),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringEqualsIgnoreCase", "a", "b", False),
    ("StringEqualsIgnoreCase", "a", None, False),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringNotEqualsIgnoreCase", "a", "b", True),
    ("StringNotEqualsIgnoreCase", "a", None, True),
    ("StringLike", "home/*", "home/alice", True),
    ("StringLike", "home/*", "Home/alice", False),
    ("StringLike", "home/*", "home/", True),
    ("StringLike", "home/?", "home/", False),
    ("StringLike", "home/?", "home/a", True),
    ("StringLike", "*/a/*", "x/y/a/z", True),
    ("StringLike", "a.c", "abc", False),
    ("StringLike", "a*", None, False),
    ("StringLike", "*", "", True),
    ("StringNotLike", "home/*", "home/alice", False),
    ("StringNotLike", "home/*", "away", True),
    ("StringNotLike", "home/*", None, True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericEquals", "10", "11", False),
    ("NumericEquals", "10", "ten", False),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "10", False),
    ("NumericNotEquals", "10", None, True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThan", "10", "-3", True),
    ("NumericLessThan", "9", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "10.5", False),
    ("NumericLessThanEquals", "10", None, False),
    ("NumericGreaterThan", "10", "11", True),
    ("NumericGreaterThan", "10", "10", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("NumericGreaterThan", ["10", "100"], "50", True),
    ("DateEquals", "2026-06-30T00:00:00Z", "2026-06-30T02:00:00+02:00", True),
    ("DateEquals", "2026-06-30", "2026-06-30T00:00:00Z", True),
    ("DateNotEquals", "2026-06-30T00:00:00Z", "2026-06-30T00:00:01Z", True),
    ("DateNotEquals", "2026-06-30T00:00:00Z", None, True),
    ("DateLessThan", "2026-06-30T00:00:00Z", "2026-06-29T23:59:59Z", True),
    ("DateLessThan", "2026-06-30T00:00:00Z", "2026-06-30T00:00:00Z", False),
    ("DateLessThanEquals", "2026-06-30T00:00:00Z", "2026-06-30T00:00:00Z", True),
    ("DateGreaterThan", "2026-06-30T00:00:00Z", "2026-07-01T00:00:00Z", True),
    ("DateGreaterThan", "2026-06-30T00:00:00Z", None, False),
    ("DateGreaterThanEquals", "2026-06-30T00:00:00Z", "2026-06-29T00:00:00Z", False),
    ("DateLessThan", "1782777600", "1782777599", True),
    ("DateLessThan", "2026-06-30T00:00:00Z", "1782777599", True),
    ("DateLessThan", "2026-06-30T00:00:00Z", "yesterday", False),
    ("Bool", "true", "true", True),
    ("Bool", True, "true", True),
    ("Bool", "true", True, True),
    ("Bool", "true", "false", False),
    ("Bool", "false", "false", True),
    ("Bool", "TRUE", "true", True),
    ("Bool", "false", None, False),
    ("BoolIfExists", "false", None, True),
    ("BoolIfExists", "false", "true", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "b3RoZXI=", False),
    ("BinaryEquals", "QmluYXJ5", "not base64!", False),
    ("BinaryEquals", "QmluYXJ5", None, False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.77", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.1", False),
    ("IpAddress", "203.0.113.5", "203.0.113.5", True),
    ("IpAddress", "203.0.113.5/32", "203.0.113.6", False),
    ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8:1234::1", True),
    ("IpAddress", "2001:db8::/32", "10.0.0.1", False),
    ("IpAddress", "203.0.113.0/24", None, False),
    ("IpAddress", "203.0.113.0/24", "nowhere", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.77", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
    ("NotIpAddress", ["203.0.113.0/24", "198.51.100.0/24"], "198.51.100.1", False),
    ("NotIpAddress", "203.0.113.0/24", None, True),
    ("ArnEquals", "arn:aws:sns:eu-west-1:111122223333:topic", "arn:aws:sns:eu-west-1:111122223333:topic", True),
    ("ArnEquals", "arn:aws:sns:*:111122223333:*", "arn:aws:sns:eu-west-1:111122223333:topic", True),
    ("ArnLike", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:root", True),
    ("ArnLike", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:user/root", False),
    ("ArnLike", "arn:*:iam::*:root", "arn:aws-us-gov:iam::111122223333:root", True),
    ("ArnLike", "arn:aws:iam::11112222????:role/*", "arn:aws:iam::111122223333:role/path/name", True),
    ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::111122223333:role/b", False),
    ("ArnLike", "arn:aws:*:role/a", "arn:aws:iam::111122223333:role/a", False),
    ("ArnLike", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a:b", True),
    ("ArnLike", "arn:aws:s3:::bucket/*:b", "arn:aws:s3:::bucket/a:b", True),
    ("ArnLike", "arn:aws:iam::*:root", "root", False),
    ("ArnLike", "arn:aws:iam::*:root", None, False),
    ("ArnLike", "*", "arn:aws:iam::111122223333:root", True),
    ("ArnNotEquals", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:root", False),
    ("ArnNotLike", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:user/alice", True),
    ("ArnNotLike", "arn:aws:iam::*:root", None, True),
    ("Null", "true", None, True),
    ("Null", "true", "x", False),
    ("Null", "false", "x", True),
    ("Null", False, "x", True),
    ("Null", "false", None, False),
    ("Null", ["true", "false"], None, True),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEqualsIfExists", "a", None, True),
    ("StringNotEqualsIfExists", "a", "a", False),
    ("StringLikeIfExists", "a*", "b", False),
    ("NumericLessThanIfExists", "3600", None, True),
    ("NumericLessThanIfExists", "3600", "7200", False),
    ("IpAddressIfExists", "203.0.113.0/24", None, True),
    ("ArnLikeIfExists", "arn:aws:iam::*:root", None, True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a", "b"], [], True),
    ("ForAllValues:StringEquals", ["a", "b"], None, True),
    ("ForAllValues:StringEquals", ["a", "b"], "", True),
    ("ForAllValues:StringLike", "key1*", ["key1", "key1:x"], True),
    ("ForAllValues:StringLike", "key1*", ["key1", "key2"], False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"], False),
    ("ForAllValues:StringNotEquals", "a", None, True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], False),
    ("ForAnyValue:StringEquals", ["a", "b"], [], False),
    ("ForAnyValue:StringEquals", ["a", "b"], None, False),
    ("ForAnyValue:StringEquals", ["a", "b"], "", False),
    ("ForAnyValue:StringLike", "o-1/r-1/ou-1/*", ["o-1/r-1/ou-1/ou-2/"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
    ("ForAnyValue:StringNotEquals", "a", None, False),
    ("ForAnyValue:StringEqualsIfExists", "a", None, True),
    ("ForAnyValue:ArnLike", "arn:aws:iam::*:role/*", ["x", "arn:aws:iam::111122223333:role/r"], True),
    ("forallvalues:stringequals", "a", "a", True),
    ("StringEquals", "a", ["b", "a"], True),
    ("StringNotEquals", "a", ["b", "a"], False),
]


@pytest.mark.parametrize(("operator", "wanted", "given", "satisfied"), OPERATORS)
def test_operator(operator, wanted, given, satisfied):
    context = {} if given is None else {KEY: given}
    assert holds({operator: {KEY: wanted}}, context) is satisfied


# condition block, context, satisfied
BLOCKS = [
    ({}, {}, True),
    ({"StringEquals": {"test:a": "1", "test:b": "2"}}, {"test:a": "1", "test:b": "2"}, True),
    ({"StringEquals": {"test:a": "1", "test:b": "2"}}, {"test:a": "1"}, False),
    ({"StringEquals": {"test:a": "1"}, "Bool": {"test:b": "true"}}, {"test:a": "1", "test:b": "false"}, False),
    ({"StringEquals": {"AWS:sourceVPCE": "vpce-1"}}, {"aws:SourceVpce": "vpce-1"}, True),
    ({"Null": {"test:Tags": "false"}, "ForAllValues:StringEquals": {"test:Tags": "a"}}, {}, False),
    # Deny unless MFA, as AWS recommends it: the key is absent for long-term keys.
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}, True),
    # Keys that follow from the request need not be given.
    ({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, {}, True),
    ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/staff/*"}}, {}, True),
    ({"StringEquals": {"aws:PrincipalType": "User"}}, {}, True),
    ({"StringEquals": {"aws:userid": "AIDAEXAMPLE"}}, {}, True),
    ({"StringEquals": {"aws:username": "alice"}}, {}, True),
    ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, {}, True),
    ({"Null": {"aws:ResourceAccount": "true"}}, {}, True),
    ({"StringEquals": {"aws:PrincipalAccount": "444455556666"}}, {"AWS:PrincipalAccount": "444455556666"}, True),
    # Policy variables
    ({"StringEquals": {KEY: "${aws:username}"}}, {KEY: "alice"}, True),
    ({"StringEquals": {KEY: "${AWS:UserName}"}}, {KEY: "alice"}, True),
    ({"StringLike": {KEY: ["home/${aws:username}/*"]}}, {KEY: "home/alice/x"}, True),
    ({"StringLike": {KEY: ["home/${aws:username}/*"]}}, {KEY: "home/bob/x"}, False),
    (
        {"ArnLike": {KEY: "arn:aws:iam::${aws:PrincipalAccount}:role/*"}},
        {KEY: "arn:aws:iam::111122223333:role/r"},
        True,
    ),
    ({"ArnEquals": {KEY: "${aws:PrincipalArn}"}}, {KEY: USER.arn}, True),
    ({"StringEquals": {KEY: "${test:Missing}"}}, {KEY: ""}, False),
    ({"StringEquals": {KEY: "${test:Missing, 'nobody'}"}}, {KEY: "nobody"}, True),
    ({"StringEquals": {KEY: "${test:Tag, 'nobody'}"}}, {KEY: "blue", "test:Tag": "blue"}, True),
    ({"StringNotEquals": {KEY: "${test:Missing}"}}, {KEY: "x"}, True),
    ({"StringNotEqualsIfExists": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, {}, True),
    ({"StringLike": {KEY: "${test:Tag}"}}, {KEY: "ab", "test:Tag": "a*"}, False),
    ({"StringLike": {KEY: "a${*}"}}, {KEY: "a*"}, True),
    ({"StringLike": {KEY: "a${*}"}}, {KEY: "ab"}, False),
    ({"StringLike": {KEY: "a${?}"}}, {KEY: "ab"}, False),
    ({"StringEquals": {KEY: "${$}{aws:username}"}}, {KEY: "${aws:username}"}, True),
    ({"StringEquals": {KEY: "${test:Tags}"}}, {KEY: "a", "test:Tags": ["a", "b"]}, False),
]


@pytest.mark.parametrize(("block", "context", "satisfied"), BLOCKS)
def test_block(block, context, satisfied):
    assert holds(block, context) is satisfied


ROLE = "arn:aws:iam::111122223333:role/path/admin"
# principal, keys that follow from it (None: absent)
DERIVED = [
    (
        Principal("111122223333", "arn:aws:iam::111122223333:root", "root"),
        {"aws:PrincipalType": "Account", "aws:userid": "111122223333", "aws:username": None},
    ),
    (
        Principal("111122223333", "arn:aws:sts::111122223333:assumed-role/admin/s", "role_session", "AROAX:s", ROLE),
        {"aws:PrincipalArn": ROLE, "aws:PrincipalType": "AssumedRole", "aws:userid": "AROAX:s", "aws:username": None},
    ),
    (
        Principal("", "", "anonymous"),
        {"aws:PrincipalType": "Anonymous", "aws:userid": "anonymous", "aws:PrincipalArn": None},
    ),
    (
        Principal("", "config.amazonaws.com", "service"),
        {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": "config.amazonaws.com",
            "aws:PrincipalAccount": None,
            "aws:ResourceAccount": "444455556666",
        },
    ),
]


@pytest.mark.parametrize(
    ("principal", "key", "value"),
    [(principal, key, value) for principal, keys in DERIVED for key, value in keys.items()],
)
def test_key_that_follows_from_the_request(principal, key, value):
    condition = {"Null": {key: "true"}} if value is None else {"StringEquals": {key: value}}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    policies = Policies(resource={"Version": "2012-10-17", "Statement": statement})
    decision = evaluate(Request(principal, "test:Do", "arn:aws:test:::x", "444455556666"), policies)
    assert decision.reason == "explicit_deny"


def test_version_2008_has_no_variables():
    block = {"StringEquals": {KEY: "${aws:username}"}}
    assert not holds(block, {KEY: "alice"}, version="2008-10-17")
    assert holds(block, {KEY: "${aws:username}"}, version="2008-10-17")


@pytest.mark.parametrize(
    "operator", ["StringMatches", "ForSomeValues:StringEquals", "NullIfExists", "ForAnyValue:Null"]
)
def test_unknown_operator(operator):
    with pytest.raises(PolicyError, match=operator):
        holds({operator: {KEY: "a"}}, {})
