"""Statements about a bucket or queue of which nothing is known but that it is one."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies import unknown_resources
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT = "333344445555"
BUCKET = ("arn:aws:s3:::", unknown_resources.BUCKET_NAME)
QUEUE = ("arn:aws:sqs:", unknown_resources.REGION, f":{ACCOUNT}:", unknown_resources.QUEUE_NAME)


def concerns(kind: unknown_resources.Kind, element: str, *patterns: str) -> bool | None:
    return unknown_resources.concerns({element: list(patterns)}, kind, lambda key: None, True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws*:s3:::*", True),
        ("arn:*", True),
        ("arn:aws:s3:::???*", True),
        ("arn:aws:s3:::????*", None),
        ("arn:aws*:s3:::locked-*", None),
        ("arn:???:s3:::locked-*", None),
        ("arn:aws:s3*:::locked-*", None),
        ("*locked-*", None),
        ("arn:aws:s3:::a*", None),
        ("arn:aws:s3:::*bucket*", None),
        ("arn:aws:s3:::${aws:PrincipalAccount}-*", None),
        ("arn:aws:s3:::*/*", False),
        ("arn:aws:s3:::locked/*", False),
        ("arn:aws-cn:s3:::*", False),
        ("arn:aws:sqs:*:*:*", False),
        ("arn:aws:s3:::", False),
        ("", False),
    ],
)
def test_patterns_of_buckets(pattern: str, expected: bool | None) -> None:
    assert concerns(BUCKET, "Resource", pattern) is expected
    opposite = None if expected is None else not expected
    assert concerns(BUCKET, "NotResource", pattern) is opposite


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:sqs:*:*:*", True),
        (f"arn:aws:sqs:*:{ACCOUNT}:*", True),
        ("arn:aws:sqs:eu-central-1:*:*", None),
        ("arn:aws*:sqs:*:*:locked", None),
        ("*:locked", None),
        ("arn:aws:sqs:*:*:n*", None),
        ("arn:aws:sqs:*:444455556666:*", False),
        ("arn:aws:s3:::*", False),
    ],
)
def test_patterns_of_queues(pattern: str, expected: bool | None) -> None:
    assert concerns(QUEUE, "Resource", pattern) is expected


def test_of_several_patterns_one_is_enough() -> None:
    assert concerns(BUCKET, "Resource", "arn:aws:s3:::a*", "arn:aws:s3:::*") is True
    assert concerns(BUCKET, "NotResource", "arn:aws:s3:::a*", "arn:aws:sqs:*:*:*") is None


_PIECES = st.sampled_from(["*", "?", "a", "b", "-", "arn:aws:s3:::", "arn:", ":s3:", ":::", "/", "aws", "s3"])


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=8).map("".join), st.text("ab-", min_size=3, max_size=8))
def test_a_certain_answer_is_right_for_every_bucket(pattern: str, name: str) -> None:
    answer = concerns(BUCKET, "Resource", pattern)
    if answer is not None:
        assert like(f"arn:aws:s3:::{name}", pattern) is answer


def test_listing_buckets_is_about_no_bucket() -> None:
    request = judge.Request("root_session", f"arn:aws:iam::{ACCOUNT}:root", "o-a/r-1/", "s3:ListAllMyBuckets")
    of = lambda resource: {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": resource}]}  # noqa: E731
    assert judge.allows(of("arn:aws:s3:::*"), request) is True
    assert judge.allows(of("arn:aws:s3:::a*"), request) is False
