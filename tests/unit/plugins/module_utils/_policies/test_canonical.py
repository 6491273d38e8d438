"""Policies by meaning: the same in every way to write it, and different when they mean something else."""

from __future__ import annotations

import copy
import random

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import (
    canonical,
    digest,
    equivalent,
    shows,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
A, B = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in "ab")
GRANT = {
    "Sid": "Grant",
    "Effect": "Allow",
    "Principal": {"AWS": [A, B, ROOT], "Service": "sns.amazonaws.com"},
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::b"],
    "Condition": {"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}, "Bool": {"aws:SecureTransport": True}},
}
DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b"}
POLICY = {"Version": "2012-10-17", "Statement": [GRANT, DENY]}


def edited(statement: int = 0, **elements) -> dict:
    policy = copy.deepcopy(POLICY)
    policy["Statement"][statement].update(elements)
    return policy


SAME = {
    "statements in another order": {**POLICY, "Statement": [DENY, GRANT]},
    "principals in another order, the account by its ID": edited(
        Principal={"Service": ["sns.amazonaws.com"], "AWS": [ACCOUNT, B, A]}
    ),
    "a principal twice": edited(Principal={"Service": "sns.amazonaws.com", "AWS": [A, B, A, ROOT, ACCOUNT]}),
    "actions in other letters and order": edited(Action=["S3:putobject", "s3:GETOBJECT"]),
    "resources in another order": edited(Resource=["arn:aws:s3:::b", "arn:aws:s3:::b/*"]),
    "operators and keys in other letters": edited(
        Condition={"bool": {"AWS:securetransport": "TRUE"}, "stringequals": {"aws:sourcevpce": ["vpce-2", "vpce-1"]}}
    ),
    "everyone as a dict": edited(1, Principal={"AWS": ["*"]}),
    "single values as lists": edited(1, Action=["s3:*"], Resource=["arn:aws:s3:::b"], Condition={}),
}
OTHER = {
    "another principal": edited(Principal={"AWS": [A, ROOT], "Service": "sns.amazonaws.com"}),
    "a user's ARN with the account's ID": edited(Principal={"AWS": [A, B, f"{ROOT}s"], "Service": "sns.amazonaws.com"}),
    "another action": edited(Action=["s3:GetObject", "s3:PutObjectAcl"]),
    "a value in other letters": edited(Condition={"StringEquals": {"aws:SourceVpce": ["VPCE-1", "vpce-2"]}}),
    "another operator": edited(1, Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
    "a statement twice": {**POLICY, "Statement": [GRANT, DENY, DENY]},
    "another Sid": edited(Sid="Other"),
    "another version": {**POLICY, "Version": "2008-10-17"},
    "a resource in other letters": edited(1, Resource="arn:aws:s3:::B"),
    "no policy": None,
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_in_other_words(kind):
    assert equivalent(POLICY, SAME[kind])
    assert digest(canonical(POLICY)) == digest(canonical(SAME[kind]))
    assert shows(SAME[kind], POLICY)


@pytest.mark.parametrize("kind", OTHER)
def test_something_else(kind):
    assert not equivalent(POLICY, OTHER[kind])
    assert digest(canonical(POLICY)) != digest(canonical(OTHER[kind]))
    assert not shows(OTHER[kind], POLICY)


def test_a_policy_without_a_version_has_the_oldest():
    assert equivalent({"Statement": DENY}, {"Version": "2008-10-17", "Statement": [DENY]})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
ELEMENTS = st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "Resource", "Condition", "Sid", "Other"])


@settings(deadline=None)
@given(st.lists(st.dictionaries(ELEMENTS, VALUES, max_size=4), max_size=3) | VALUES, st.integers())
def test_whatever_aws_may_show_has_a_canonical_form(statements, seed):
    policy = {"Version": "2012-10-17", "Statement": statements}
    assert equivalent(policy, copy.deepcopy(policy))
    if isinstance(statements, list):
        shuffled = random.Random(seed).sample(statements, len(statements))
        assert equivalent(policy, {**policy, "Statement": shuffled})


# --- canonical user IDs ---

USER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
IDENTITY = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE"


def granting(principal: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": [DENY, {**GRANT, "Principal": principal}]}


@pytest.mark.parametrize(
    ("found", "written", "expected"),
    [
        ({"AWS": IDENTITY}, {"CanonicalUser": USER}, True),
        ({"AWS": [A, IDENTITY]}, {"CanonicalUser": USER, "AWS": A}, True),
        ({"CanonicalUser": USER}, {"CanonicalUser": USER}, True),
        ({"AWS": [A, IDENTITY]}, {"CanonicalUser": USER}, False),
        ({"AWS": IDENTITY}, {"CanonicalUser": USER, "AWS": A}, False),
        ({"AWS": "*"}, {"CanonicalUser": USER}, False),
        ({"AWS": IDENTITY}, {"AWS": A}, False),
        ({"AWS": IDENTITY, "Service": "s3.amazonaws.com"}, {"CanonicalUser": USER}, False),
    ],
)
def test_a_canonical_user_is_shown_as_an_arn(found, written, expected):
    assert shows(granting(found), granting(written)) is expected
    assert equivalent(granting(found), granting(written)) is (found == written)
