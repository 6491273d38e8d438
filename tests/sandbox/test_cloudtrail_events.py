"""What CloudTrail remembers stays bounded; the oldest go first, everywhere at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from breakglass_aws.sandbox.authorization import Principal
from breakglass_aws.sandbox.model import event_history
from breakglass_aws.sandbox.model.sessions import Caller

TRACE = event_history.Trace(
    number=0,
    time=datetime.now(UTC),
    recipients=("1", "2"),
    region="us-east-1",
    service="iam",
    operation="ListUsers",
    protocol="query",
    caller=Caller(Principal("1", "arn", "user")),
    request_id="0" * 32,
    parameters={},
    body=b"",
    resource=None,
    write=False,
    status=200,
    error=None,
    response=b"",
    host="",
    network={},
    user_agent="",
    invoked_by=None,
)


def numbers(kept, account="1", region="us-east-1"):
    return [one.number for one in kept.of(account, region)]


def test_the_oldest_go_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(event_history, "_MAX_TRACES", 3)
    kept = event_history.Trail()
    for number in range(5):
        kept.add(replace(TRACE, number=number, region="us-east-1" if number % 2 else "eu-west-1"))
    assert numbers(kept) == numbers(kept, "2") == [3]
    assert numbers(kept, region="eu-west-1") == [2, 4]


@pytest.mark.parametrize("field", ["body", "response"])
def test_the_oldest_go_when_they_are_too_big(monkeypatch, field):
    monkeypatch.setattr(event_history, "_MAX_BYTES", 10_000)
    kept = event_history.Trail()
    for number in range(20):
        kept.add(replace(TRACE, number=number, **{field: b"x" * 1000}))
    assert 1 < len(numbers(kept)) < 10
    assert numbers(kept)[-1] == 19


def test_places_without_traces_are_forgotten(monkeypatch):
    monkeypatch.setattr(event_history, "_MAX_TRACES", 1)
    kept = event_history.Trail()
    for account in ("1", "2", "3"):
        kept.add(replace(TRACE, recipients=(account,)))
    assert list(kept._by_place) == [("3", "us-east-1")]
