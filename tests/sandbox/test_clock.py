"""The clock that can be moved: what waits for time happens, and clients that live in real time still get in."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from breakglass_aws.sandbox import clock
from breakglass_aws.sandbox.client import CONTROL_HEADER
from breakglass_aws.sandbox.clock import ClockError

DATA_LAKE = "012345678901"


def ask(box, method="GET", body=None):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{box.url}/_sandbox/clock", data=data, headers={CONTROL_HEADER: "1"}, method=method
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_it_is_real_time_to_begin_with(sandbox):
    told = ask(sandbox)
    assert abs(datetime.fromisoformat(told["now"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert told["ahead_seconds"] == 0


@pytest.mark.parametrize(
    ("by", "seconds"),
    [("4 days", 345600), ("90 seconds", 90), ("1 hour", 3600), (90, 90), (0.5, 0.5), ("15", 15), ("2 weeks", 1209600)],
)
def test_it_moves_by_a_time_span(sandbox, by, seconds):
    assert ask(sandbox, "POST", {"advance": by})["ahead_seconds"] == seconds
    sandbox.advance(by)
    assert ask(sandbox)["ahead_seconds"] == 2 * seconds


@pytest.mark.parametrize(
    "body",
    [
        {"advance": "-4 days"},
        {"advance": -1},
        {"advance": "tomorrow"},
        {"advance": True},
        {"advance": None},
        {"advance": "101 years"},
        {"advance": 1e300},
        {"advance": [4]},
        {"by": "4 days"},
        {},
        [],
        "4 days",
        b"{",
        b"",
        b'{"advance": NaN}',
        b'{"advance": Infinity}',
    ],
    ids=str,
)
def test_it_refuses_anything_else_and_stays(sandbox, body):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sandbox, "POST", body)
    assert caught.value.code == 400
    text = json.load(caught.value)["error"]
    assert "accepted:" in text or "not JSON" in text
    assert ask(sandbox)["ahead_seconds"] == 0


def test_it_never_goes_farther_than_a_century(sandbox):
    sandbox.advance("99 years")
    with pytest.raises(ClockError, match="up to 100 years"):
        sandbox.advance("2 years")
    assert sandbox.client("sts", "engineer").get_caller_identity()


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_a_span_is_one_or_is_refused(value):
    with suppress(ClockError):
        assert isinstance(clock.span(value), timedelta)


def test_sessions_expire(sandbox, root_session):
    iam = root_session("444455556666", "IAMAuditRootUserCredentials", DurationSeconds=600)("iam")
    sandbox.advance("9 minutes")
    assert iam.get_user()
    sandbox.advance("61 seconds")
    assert refused(iam.get_user) == ("ExpiredToken", 403, "The security token included in the request is expired")


def test_signatures_of_real_time_are_good_at_any_time(sandbox):
    sandbox.advance("3 years")
    assert sandbox.client("sts", "operator").get_caller_identity()
    keys = sandbox.credentials("reports-administrator")
    s3 = boto3.client(
        "s3",
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        aws_session_token=keys["session_token"],
        region_name="us-east-1",
        endpoint_url=sandbox.url,
        config=Config(signature_version="s3v4"),
    )
    url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": "reports-555566667777"}, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200


def test_new_sessions_live_in_the_sandboxs_time(sandbox):
    sandbox.advance("30 days")
    opened = sandbox.client("sts", "operator").assume_root(
        TargetPrincipal="444455556666",
        TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
    )
    assert opened["Credentials"]["Expiration"] > datetime.now(UTC) + timedelta(days=29)
    assert sandbox.events()[-1]["time"] > (datetime.now(UTC) + timedelta(days=29)).isoformat()


def test_what_is_due_happens_once_in_its_order(sandbox):
    organizations = sandbox.client("organizations", "operator")
    organizations.close_account(AccountId=DATA_LAKE)
    sandbox.advance("89 days")
    assert organizations.describe_account(AccountId=DATA_LAKE)["Account"]["State"] == "CLOSED"
    sandbox.advance("2 days")
    describe = organizations.describe_account
    assert refused(lambda: describe(AccountId=DATA_LAKE))[0] == "AccountNotFoundException"


def test_a_new_account_may_leave_after_four_days(sandbox):
    organizations = sandbox.client("organizations", "operator")
    remove = organizations.remove_account_from_organization
    code, _, text = refused(lambda: remove(AccountId="246824682468"))
    assert (code, "wait" in text.lower() or "days" in text.lower()) == ("ConstraintViolationException", True)
    sandbox.advance("4 days")
    remove(AccountId="246824682468")


def test_a_reset_brings_real_time_back(sandbox):
    sandbox.advance("1 year")
    sandbox.reset()
    assert ask(sandbox)["ahead_seconds"] == 0
