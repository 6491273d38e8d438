"""The judge's comparison of evidence and CloudTrail: what only one of them has is said, in both directions."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakglass_aws.drills.judge import PEOPLE
from breakglass_aws.drills.judge.calls import member_account, of_runbook, resource, since
from breakglass_aws.drills.judge.connection import USER_AGENT
from breakglass_aws.drills.judge.evidence import Evidence
from breakglass_aws.drills.judge.ledger import disagreements

ACCOUNT = "333344445555"


def call(number: int, operation: str, key: str = "ASIAOPERATOR", **details: Any) -> dict[str, Any]:
    """A call as CloudTrail has it."""
    made = {"id": f"e{number}", "request_id": f"r{number}", "time": "2026-11-28T14:00:00Z", "service": "iam"}
    made |= {"operation": operation, "region": "us-east-1", "account": ACCOUNT, "principal": "p", "access_key_id": key}
    made |= {
        "issued_access_key_id": None,
        "error": None,
        "parameters": "{}",
        "user_agent": "Boto3",
        "by_service": False,
    }
    return {**made, **details}


def opened(number: int, key: str) -> dict[str, Any]:
    parameters = json.dumps({"targetPrincipal": ACCOUNT})
    return call(number, "AssumeRoot", service="sts", parameters=parameters, issued_access_key_id=key)


def entry(of: dict[str, Any], **details: Any) -> dict[str, Any]:
    """The same call as the evidence lists it."""
    listed = {name: of[name] for name in ("service", "operation", "access_key_id", "request_id", "error")}
    return {**listed, "target": None, "status": "refused" if of["error"] else "done", "attempts": 1, **details}


MADE = [
    opened(1, "ASIAROOT1"),
    call(2, "DeleteAccessKey", "ASIAROOT1", parameters='{"accessKeyId": "AKIA1"}'),
    call(3, "DeleteLoginProfile", "ASIAROOT1", error="AccessDenied"),
    opened(4, "ASIAROOT2"),
]


def evidence(calls: list[dict[str, Any]], sessions: tuple[str, ...] = ("ASIAROOT1", "ASIAROOT2")) -> Evidence:
    listed = [{"access_key_id": key, "account_id": ACCOUNT} for key in sessions]
    return Evidence(Path(), {"sessions": listed}, reported=calls, noted=copy.deepcopy(calls))


def listed() -> list[dict[str, Any]]:
    return [entry(MADE[0]), entry(MADE[1], target="AKIA1"), entry(MADE[2]), entry(MADE[3])]


def test_evidence_that_has_it_all_agrees() -> None:
    assert list(disagreements(evidence(listed()), MADE)) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_missing_or_different_is_said(data: st.DataObject) -> None:
    found, made = evidence(listed()), copy.deepcopy(MADE)
    number = data.draw(st.integers(0, 3))
    where = data.draw(st.sampled_from([found.reported, found.noted]))
    what = data.draw(
        st.sampled_from(["left out", "invented", "key", "operation", "status", "not in CloudTrail", "target"])
    )
    if what == "left out":
        del where[number]
    elif what == "invented":
        where.insert(number, entry(call(9, "DeleteAccessKey", "ASIAROOT1")))
    elif what == "key":
        where[number]["access_key_id"] = "ASIAOTHER"
    elif what == "operation":
        where[number]["operation"] = "DeactivateMFADevice"
    elif what == "status":
        where[number]["status"] = "done" if where[number]["status"] == "refused" else "refused"
    elif what == "target":
        where[number]["target"] = "AKIA2"
    else:
        number = data.draw(st.sampled_from([0, 1, 3]))  # a refused call need not be there
        del made[number]
    assert list(disagreements(found, made)), what


def test_a_service_has_the_name_of_its_events() -> None:
    made = [call(1, "CreateAccountAssignment", service="sso")]
    assert list(disagreements(evidence([entry(made[0], service="sso-admin")], ()), made)) == []


def test_a_session_left_out_or_invented_is_said() -> None:
    assert list(disagreements(evidence(listed(), ("ASIAROOT1",)), MADE)) == [
        f"evidence.json does not have the root session ASIAROOT2 in account {ACCOUNT}."
    ]
    assert list(disagreements(evidence(listed(), ("ASIAROOT1", "ASIAROOT2", "ASIAROOT3")), MADE)) == [
        "evidence.json has a root session that was never opened: ASIAROOT3."
    ]
    other = evidence(listed())
    other.content["sessions"][0]["account_id"] = "111122223333"
    [line] = disagreements(other, MADE)
    assert "ASIAROOT1 in account 111122223333; it was in 333344445555" in line


def test_attempts_without_an_answer_are_known_by_what_they_were() -> None:
    twice = [*MADE, call(5, "DeleteAccessKey", "ASIAROOT1", parameters='{"accessKeyId": "AKIA1"}')]
    calls = listed()
    assert any("does not have a call" in line for line in disagreements(evidence(calls), twice))
    calls[1]["attempts"] = 2
    assert list(disagreements(evidence(calls), twice)) == []


def test_a_call_without_an_answer_may_be_there_or_not() -> None:
    calls = listed()
    calls[1] |= {"request_id": None, "status": "unknown"}
    assert list(disagreements(evidence(calls), MADE)) == []
    assert list(disagreements(evidence(calls), [MADE[0], *MADE[2:]])) == []


def test_a_session_whose_answer_a_killed_run_never_got_is_no_disagreement() -> None:
    calls = [*listed()[:3], entry(MADE[3], request_id=None, status="unknown", target=ACCOUNT)]
    assert list(disagreements(evidence(calls, ("ASIAROOT1",)), MADE)) == []


def test_calls_of_the_runbook_are_those_of_its_keys_and_of_the_keys_they_issued() -> None:
    others = [
        call(5, "CreateUser", "AKIAATTACKER"),
        call(6, "AttachPolicy", "ASIAOPERATOR", user_agent=f"Boto3 {PEOPLE}"),
        call(7, "CreateRole", "ASIAROOT1", by_service=True),
        call(8, "LookupEvents", "ASIAOPERATOR", user_agent=f"Boto3 {USER_AGENT}"),
        call(0, "PutBucketPolicy", "ASIAOPERATOR"),
    ]
    meanwhile = since([others[-1]], [*MADE, *others])
    assert of_runbook(meanwhile, ["ASIAOPERATOR"]) == MADE


@pytest.mark.parametrize("target", [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"])
def test_the_account_of_a_root_session(target: str) -> None:
    assert member_account(call(1, "AssumeRoot", parameters=json.dumps({"targetPrincipal": target}))) == ACCOUNT


def test_what_a_call_is_about() -> None:
    assert resource(MADE[1]) == "AKIA1"
    assert resource(MADE[2]) == f"account {ACCOUNT}"
    assert resource(call(1, "X", parameters='["queue", "arn"]')) == "queue"
