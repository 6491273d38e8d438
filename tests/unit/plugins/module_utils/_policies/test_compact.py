"""Repairs that would not fit in plain form: merged with the same meaning, or refused with what each choice frees.

The sandbox's own evaluator, which shares no code with the repair, compares the meaning.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
from ansible_collections.breakglass.aws.plugins.module_utils._policies.compact import merged
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import SIZE_LIMITS, size
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import effects
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import RepairError, repair
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

ACCOUNT = "333344445555"
BUCKET = "arn:aws:s3:::ledger"
WHERE = resource_of(BUCKET, ACCOUNT, "o-ours000001", region="eu-west-1")
ADMINISTRATORS = [f"arn:aws:iam::{ACCOUNT}:role/t{number:02}/Administrator" for number in range(50)]
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def session(role_arn: str) -> Principal:
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[1]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/someone"
    return Principal(account=account, arn=arn, kind="role_session", user_id="AROAX:someone", role_arn=role_arn)


def allowed(document: dict | None, role_arn: str, action: str, key: str = "", **context) -> bool:
    resource = f"{BUCKET}/{key}" if key else BUCKET
    request = Request(session(role_arn), action, resource, ACCOUNT, context)
    return evaluate(request, Policies(identity=[EVERYTHING], resource=document)).allowed


def counted(work: Callable[[], Any]) -> tuple[Any, int]:
    """What the work returns, and how many calls of Python functions it takes, whatever the machine."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event == "call"

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        result = work()
    finally:
        sys.setprofile(previous)
    return result, calls


def test_a_hundred_statements_and_fifty_administrators():
    """Ordinary, 16 KB: each team's folder is for the team, and the statements cover the bucket too."""
    statements = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [BUCKET, f"{BUCKET}/t{number:02}/*"] if number % 2 == 0 else BUCKET,
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/tm": f"t{number:02}"}},
        }
        for number in range(100)
    ]
    before = policy(*statements)
    assert 15_000 < size(before) < 17_000
    administrators = administrators_of(WHERE, ADMINISTRATORS)

    after, repairing = counted(lambda: repair(before, WHERE, administrators))
    rows, comparing = counted(lambda: effects(before, after, WHERE, administrators))

    assert after is not None
    assert size(after) < SIZE_LIMITS["s3"]
    assert find_lockouts(after, WHERE, administrators) == []
    assert {row["after"] for row in rows if row["what"] == "manage the policy" and row["who"] in ADMINISTRATORS} == {
        "not_denied"
    }
    other = f"arn:aws:iam::{ACCOUNT}:role/Other"
    for role in (ADMINISTRATORS[0], other):
        for team in ("t00", "t02", "none"):
            tag = {"aws:PrincipalTag/tm": team}
            for key in ("t00/x", "t02/x", "public/x"):
                assert allowed(before, role, "s3:GetObject", key, **tag) == allowed(
                    after, role, "s3:GetObject", key, **tag
                )
            assert allowed(after, role, "s3:PutBucketPolicy", **tag) is (role in ADMINISTRATORS)
            assert not allowed(after, role, "s3:DeleteBucket", **tag)
    assert repairing < 1_000_000  # calls; a few tenths of a second
    assert comparing < 2_000_000


def test_many_principals_fit_as_account_ids():
    """620 accounts by the ARNs of their root users: the repair adds a statement, and they fit by their IDs."""
    accounts = [f"arn:aws:iam::{100000000000 + number}:root" for number in range(440)]
    grant = {"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    guard = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:Put*", "s3:Delete*"],
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"StringNotEquals": {"aws:SourceVpce": [f"vpce-{number:017}" for number in range(120)]}},
    }
    before = policy(grant, guard)
    assert SIZE_LIMITS["s3"] - 3000 < size(before) < SIZE_LIMITS["s3"]
    after = repair(before, WHERE, administrators_of(WHERE))
    assert after is not None
    assert size(after) < 16_000
    assert after["Statement"][0]["Principal"]["AWS"][0] == "100000000000"
    assert not allowed(after, f"arn:aws:iam::{ACCOUNT}:role/X", "s3:DeleteBucket")


def test_what_cannot_be_made_to_fit_is_refused_with_what_would_be_freed():
    """Each statement has a condition of its own that cannot be merged with another one."""
    statements = [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:PutBucketPolicy", "s3:DeleteBucket"],
            "Resource": BUCKET,
            "Condition": {"StringNotLike": {f"aws:PrincipalTag/t{number}": f"team-{number}-*"}},
        }
        for number in range(90)
    ]
    before = policy(*statements)
    assert size(before) < SIZE_LIMITS["s3"]
    with pytest.raises(RepairError) as refused:
        repair(before, WHERE, administrators_of(WHERE, ADMINISTRATORS))
    assert "would not fit" in str(refused.value)
    assert "mode=delete" in str(refused.value)
    assert "s3:DeleteBucket" in str(refused.value)


def test_analysis_is_not_quadratic_in_named_principals():
    names = [f"arn:aws:iam::{ACCOUNT}:role/r{number}" for number in range(300)]
    statements = [
        {
            "Effect": "Deny",
            "Principal": {"AWS": names[number::100]},
            "Action": "s3:*",
            "Resource": [BUCKET, f"{BUCKET}/*"],
        }
        for number in range(100)
    ]
    assert principals_denied_by_name(policy(*statements), WHERE) == sorted(names)


KEYS = ("aws:PrincipalTag/a", "aws:PrincipalTag/b")
CONDITIONS = st.dictionaries(
    st.sampled_from(
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringNotEqualsIfExists", "Null"]
    ),
    st.dictionaries(
        st.sampled_from(KEYS),
        st.sampled_from(["x", "y", "x*", "true"])
        | st.lists(st.sampled_from(["x", "y", "z", "*"]), min_size=1, max_size=2),
        min_size=1,
        max_size=2,
    ),
    max_size=2,
)
PARTS = st.lists(
    st.builds(
        lambda condition, actions, principal: {
            "Effect": "Deny",
            "Principal": principal,
            "Action": actions,
            "Resource": BUCKET,
            **({"Condition": condition} if condition else {}),
        },
        CONDITIONS,
        st.sampled_from([["s3:PutBucketPolicy"], ["s3:GetBucketPolicy", "s3:PutBucketPolicy"]]),
        st.sampled_from(["*", {"AWS": ACCOUNT}]),
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(PARTS)
def test_merged_statements_mean_the_same(parts):
    after = merged(parts, WHERE)
    assert len(after) <= len(parts)
    role = f"arn:aws:iam::{ACCOUNT}:role/Some"
    for a in (None, "x", "y", "z", "xx"):
        for b in (None, "x", "q"):
            context = {key: value for key, value in zip(KEYS, (a, b), strict=True) if value is not None}
            for action in ("s3:GetBucketPolicy", "s3:PutBucketPolicy"):
                assert allowed(policy(*parts), role, action, **context) == allowed(
                    policy(*after), role, action, **context
                )
