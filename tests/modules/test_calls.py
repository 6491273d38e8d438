"""The ledger in the result: the calls that opened a session or changed something, as in CloudTrail, and their end."""

from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import Calls
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from botocore.exceptions import CredentialRetrievalError
from support.run_module import run

from breakglass_aws.sandbox import Box

LEGACY, REPORTS = "444455556666", "555566667777"
ASKED = {"debug_botocore_endpoint_logs": True}


def known(box: Box, who: str) -> dict[str, tuple]:
    """What CloudTrail has of an account's calls that are no reads, by request ID."""
    pages = box.client("cloudtrail", who).get_paginator("lookup_events").paginate()
    records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    return {
        record["requestID"]: (record["eventName"], record["userIdentity"].get("accessKeyId"))
        for record in records
        if not record["readOnly"] or record["eventName"] == "AssumeRoot"
    }


def test_each_call_is_in_cloudtrail_with_its_request_id_and_key(sandbox):
    result = run("root_credentials", environment=sandbox.environment("operator"), account_ids=[LEGACY], **ASKED)
    told = {call["request_id"]: (call["operation"], call["access_key_id"]) for call in result["aws_calls"]}
    assert len(told) == 1 + len(result["accounts"][0]["credentials"])
    seen = known(sandbox, "engineer") | known(sandbox, "legacy-web-administrator")
    assert told.items() <= seen.items()
    assert {call["status"] for call in result["aws_calls"]} == {"done"}
    assert {(call["attempts"], call["answer_lost"]) for call in result["aws_calls"]} == {(1, False)}
    opened, *removed = result["aws_calls"]
    assert (opened["service"], opened["target"], opened["error"]) == ("sts", LEGACY, None)
    assert {call["access_key_id"] for call in removed} == {result["accounts"][0]["session"]["access_key_id"]}
    assert {item["id"] for item in result["accounts"][0]["credentials"]} - {"password"} <= {
        call["target"] for call in removed
    }


def test_a_refused_call_and_one_without_an_answer_are_recorded_too(sandbox):
    once = {"retries": {"total_max_attempts": 1}}
    sandbox.add_fault("refusal", operation="DeleteAccessKey", code="ServiceFailure", status=500, times=1)
    sandbox.add_fault("lost_answer", operation="DeactivateMFADevice", times=1)
    result = run(
        "root_credentials",
        environment=sandbox.environment("operator"),
        account_ids=[LEGACY],
        aws_config=once,
        **ASKED,
    )
    assert result["failed"] is True
    ends = {
        (call["operation"], call["error"], bool(call["request_id"]), call["status"]) for call in result["aws_calls"]
    }
    # Reading back showed that the first was not done, and that the second was.
    assert ("DeleteAccessKey", "ServiceFailure", True, "refused") in ends
    assert ("DeactivateMFADevice", "ConnectionClosedError", False, "done") in ends


def test_reads_are_not_recorded_and_nothing_is_returned_unasked(sandbox):
    as_operator = {"environment": sandbox.environment("operator"), "account_ids": [REPORTS]}
    assert [call["operation"] for call in run("root_credentials_info", **as_operator, **ASKED)["aws_calls"]] == [
        "AssumeRoot"
    ]
    assert "aws_calls" not in run("root_credentials_info", **as_operator)


def test_a_key_that_cannot_be_loaded_stops_a_call_before_it_is_made(sandbox):
    """Were it asked for afterwards, something done would be reported as failed."""

    def unknown() -> str:
        raise CredentialRetrievalError(provider="sso", error_msg="expired")

    calls, iam = Calls(), sandbox.client("iam", "legacy-web-administrator")
    calls.watch(iam, unknown)
    since = len(sandbox.events())
    with pytest.raises(CredentialRetrievalError):
        iam.create_user(UserName="somebody")
    assert (sandbox.events()[since:], calls.made) == ([], [])


def test_nothing_is_changed_once_the_process_that_started_the_task_has_ended(sandbox):
    """A module in the middle of a sweep must not outlive a cancelled job; see `_started_by`."""
    ended = {"BREAKGLASS_STARTED_BY": "999999999:1"}
    since = len(sandbox.events())
    result = run("root_credentials", environment=sandbox.environment("operator") | ended, account_ids=[LEGACY])
    assert result["failed"] is True
    assert "the process that started this task has ended" in json.dumps(result)
    assert [event["action"] for event in sandbox.events()[since:] if event["write"]] == []
    assert result["changed"] is False
    assert {item["outcome"] for account in result.get("accounts", []) for item in account["credentials"]} <= {"failed"}


def test_what_was_not_sent_was_not_done(sandbox, monkeypatch):
    """The process that started the task ends in the middle of it: the rest is `failed`, never `unverified`."""
    from ansible_collections.breakglass.aws.plugins.module_utils import _started_by

    opened = 2  # looks until the root session is open: before its call, and before the attempt
    looks = iter([None] * (opened + 2))  # and as many for the first deletion
    monkeypatch.setattr(_started_by, "missing", lambda: next(looks, "gone"))
    result = run("root_credentials", environment=sandbox.environment("operator"), account_ids=[LEGACY], **ASKED)
    outcomes = [item["outcome"] for item in result["accounts"][0]["credentials"]]
    assert outcomes.count("removed") == 1
    assert set(outcomes) <= {"removed", "failed", "skipped"}
    assert result["changed"] is True
    assert {call["status"] for call in result["aws_calls"]} <= {"done", "refused"}


def test_a_call_is_not_sent_again_once_the_process_that_started_the_task_has_ended(sandbox, monkeypatch):
    """Not by botocore's own retries either."""
    from ansible_collections.breakglass.aws.plugins.module_utils import _started_by

    answers = iter([None, None])  # before the call, and before its first attempt
    monkeypatch.setattr(_started_by, "missing", lambda: next(answers, "gone"))
    client = sandbox.client("iam", "legacy-web-administrator")
    calls = Calls()
    calls.watch(client, lambda: None)
    sandbox.add_fault("refusal", operation="CreateUser", code="ServiceFailure", status=500)
    since = len(sandbox.events())
    with pytest.raises(BreakglassError, match="Stopped before iam:CreateUser"):
        client.create_user(UserName="x")
    assert len(sandbox.events()[since:]) == 1
    assert calls.made[0]["error"] == "NotSent"
