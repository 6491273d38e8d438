"""Which bucket policies S3 Block Public Access calls public (Amazon S3 user guide, "The meaning of 'public'")."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.public_access import public_statements

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def is_public(**elements) -> bool:
    return public_statements({"Version": "2012-10-17", "Statement": [{**ALLOW, **elements}]}) == [0]


def when(operator: str, key: str, value) -> dict:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"Principal": {"AWS": ["*"]}},
        when("StringLike", "aws:SourceVpc", "vpc-*"),
        when("StringEquals", "aws:SourceVpce", "${aws:PrincipalTag/vpce}"),
        when("IpAddress", "aws:SourceIp", "0.0.0.0/1"),
        when("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "0.0.0.0/0"]),
        when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
        when("StringNotEquals", "aws:SourceVpce", "vpce-1"),
        when("StringEqualsIfExists", "aws:SourceVpce", "vpce-1"),
        when("Bool", "aws:SecureTransport", "true"),
        when("ArnLike", "aws:SourceArn", "arn:aws:cloudfront::*:distribution/E1"),
    ],
)
def test_public(elements):
    assert is_public(**elements)


@pytest.mark.parametrize(
    "elements",
    [
        {"Effect": "Deny"},
        {"Principal": {"AWS": "111122223333"}},
        {"Principal": {"Service": "logging.s3.amazonaws.com"}},
        when("StringEquals", "aws:SourceVpce", "vpce-1"),
        when("StringEquals", "AWS:PrincipalOrgID", ["o-ours000001"]),
        when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-ours000001/*"),
        when("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]),
        when("ArnLike", "aws:SourceArn", "arn:aws:cloudfront::111122223333:distribution/*"),
        when("StringLike", "aws:userid", "AROAEXAMPLE1234567890:*"),
    ],
)
def test_not_public(elements):
    assert not is_public(**elements)
