"""What a plan observed: it is shown to the approver, and is no part of what the approval is for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine import observations, results

ACCOUNT = "444455556666"


def planned(last_used: str | None, reason: str = "", key: str = "AKIA1", outcome: str = "removed") -> dict[str, Any]:
    """A plan to remove one key of one account; a password stays."""
    keys = [{"id": key, "status": "Active", "created": "2026-01-01T03:00:00Z", "last_used": {"date": last_used}}]
    items = [
        {"kind": "access_keys", "id": key, "outcome": outcome, "reason": reason},
        {"kind": "password", "id": "password", "outcome": "skipped", "reason": "Used 3 days ago."},
    ]
    password = {"present": True, "created": "2026-01-01T03:00:00Z", "last_used": None}
    before = {"access_keys": keys, "password": password}
    return {"accounts": [{"account_id": ACCOUNT, "reason": "", "items": items, "before": before}]}


def test_each_credential_has_its_last_use_and_the_reason_of_its_outcome() -> None:
    assert [observations.words(one) for one in observations.of(planned("2026-02-01T03:00:00Z", "Used today."))] == [
        f"{ACCOUNT} access_keys AKIA1: last used 2026-02-01T03:00:00Z; Used today",
        f"{ACCOUNT} password password: never used: it may be an open password recovery; Used 3 days ago",
    ]
    profile = {"kind": "password", "created": "2026-01-01T03:00:00Z", "last_used": "2026-01-02T03:00:00Z"}
    [found] = observations.of({"accounts": [{"account_id": ACCOUNT, "before": profile, "items": []}]})
    assert found["seen"] == "last used 2026-01-02T03:00:00Z"
    assert observations.of({"accounts": [{"account_id": ACCOUNT, "before": None, "items": None}]}) == []
    assert observations.of({"changed": True}) == []


@given(st.none() | st.text(max_size=30), st.text(max_size=30))
def test_the_digest_of_a_plan_is_that_of_what_it_would_do(last_used: str | None, reason: str) -> None:
    known = results.plan_digest(planned(None))
    assert results.plan_digest(planned(last_used, reason)) == known
    assert results.plan_digest(planned(last_used, reason, key="AKIA2")) != known
    assert results.plan_digest(planned(last_used, reason, outcome="skipped")) != known


def test_the_reason_of_an_account_is_part_of_its_plan() -> None:
    other = planned(None)
    other["accounts"][0]["reason"] = "A policy denies it."
    assert results.plan_digest(other) != results.plan_digest(planned(None))
