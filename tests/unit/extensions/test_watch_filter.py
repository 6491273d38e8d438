"""The event filter of the rulebooks: what an event is about, and no text that another person wrote."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

CHECKOUT = Path(__file__).parents[3]
EDA = CHECKOUT / "extensions/eda"
REPORTS, MANAGEMENT = "555566667777", "111122223333"
KEY = "ASIAEXAMPLEEXAMPLE00"


def load() -> Any:
    """The filter as ansible-rulebook loads it: from its file, without the collection's Python."""
    spec = importlib.util.spec_from_file_location("watch", EDA / "plugins/event_filter/watch.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WATCH = load()


def record(name: str, source: str = "organizations.amazonaws.com", **more: Any) -> dict[str, Any]:
    return {
        "eventName": name,
        "eventSource": source,
        "eventID": "c0ffee00-0000-4000-8000-000000000000",
        "requestID": "ab12cd34",
        "eventTime": "2026-01-31T03:00:00Z",
        "recipientAccountId": MANAGEMENT,
        "userIdentity": {"type": "AssumedRole", "accountId": MANAGEMENT, "accessKeyId": KEY},
        **more,
    }


ROOT = {"type": "Root", "accountId": REPORTS}
ASSUMED = record(
    "AssumeRoot",
    "sts.amazonaws.com",
    requestParameters={"targetPrincipal": REPORTS},
    responseElements={"credentials": {"accessKeyId": "ASIAISSUED0000000000"}},
)
CREATED = {"createAccountStatus": {"state": "SUCCEEDED", "accountId": REPORTS}}
LEFT = {"memberAccountId": REPORTS, "departureMethod": "LEFT"}
FAILED = {"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}}
EVENTS = [
    (ASSUMED, "root_use", REPORTS),
    (ASSUMED | {"errorCode": "AccessDenied", "responseElements": None}, "root_use", REPORTS),
    (ASSUMED | {"requestParameters": {"targetPrincipal": f"arn:aws:iam::{REPORTS}:root"}}, "root_use", REPORTS),
    (
        record("ConsoleLogin", "signin.amazonaws.com", userIdentity=ROOT, eventType="AwsConsoleSignIn"),
        "root_use",
        REPORTS,
    ),
    (record("CreateAccessKey", "iam.amazonaws.com", userIdentity={**ROOT, "accessKeyId": KEY}), "root_use", REPORTS),
    (record("Decrypt", "kms.amazonaws.com", userIdentity={**ROOT, "invokedBy": "s3.amazonaws.com"}), "none", ""),
    (record("CreateAccountResult", serviceEventDetails=CREATED), "account", REPORTS),
    (record("CreateAccountResult", serviceEventDetails=FAILED), "none", ""),
    (record("AccountJoinedOrganization", serviceEventDetails={"memberAccountId": REPORTS}), "account", REPORTS),
    (record("AccountDepartedOrganization", serviceEventDetails=LEFT), "departure", REPORTS),
    (record("AccountDepartedOrganization", serviceEventDetails=LEFT | {"departureMethod": "CLEANED"}), "none", ""),
    (record("AccountDepartedOrganization", serviceEventDetails={}), "none", ""),
    (record("DetachPolicy", requestParameters={"targetId": REPORTS, "policyId": "p-1"}), "organization", REPORTS),
    (record("DetachPolicy", requestParameters={"targetId": "ou-ab12-11112222"}), "organization", ""),
    (record("MoveAccount", requestParameters={"accountId": REPORTS}), "organization", REPORTS),
    (record("RegisterDelegatedAdministrator", requestParameters={"accountId": REPORTS}), "organization", ""),
    (record("DisableOrganizationsRootSessions", "iam.amazonaws.com"), "organization", ""),
    (record("DetachPolicy", errorCode="AccessDeniedException"), "none", ""),
    (record("DetachPolicy", "iam.amazonaws.com"), "none", ""),
    (record("DescribeAccount"), "none", ""),
]


@pytest.mark.parametrize(("found", "concern", "account_id"), EVENTS)
def test_each_source_gives_the_same(found: dict[str, Any], concern: str, account_id: str) -> None:
    bridge = {"detail-type": "AWS API Call via CloudTrail", "detail": found}
    seen = [
        load().main(event)["watch"]
        for event in (
            {"EventName": "x", "CloudTrailEvent": found},
            {"EventName": "x", "CloudTrailEvent": json.dumps(found)},
            {"body": bridge, "meta": {"MessageId": "1"}},
            {"body": {"Type": "Notification", "Message": json.dumps(bridge)}},
        )
    ]
    assert all(one == seen[0] for one in seen)
    assert (seen[0]["concern"], seen[0]["account_id"]) == (concern, account_id)


def test_an_assume_root_has_the_key_that_was_issued_and_a_call_the_one_that_signed() -> None:
    assert load().main({"CloudTrailEvent": ASSUMED})["watch"]["access_key_id"] == "ASIAISSUED0000000000"
    call = record("CreateAccessKey", "iam.amazonaws.com", userIdentity={**ROOT, "accessKeyId": KEY})
    assert load().main({"CloudTrailEvent": call})["watch"]["access_key_id"] == KEY


def test_an_event_that_came_before_concerns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """aws_cloudtrail reads two events of one second again and again; SQS may deliver a message twice."""
    watch = load()
    monkeypatch.setattr(watch, "_MOST_REMEMBERED", 2)
    events = [ASSUMED | {"eventID": f"id-{number}"} for number in range(3)]
    concerns = [watch.main({"CloudTrailEvent": one})["watch"]["concern"] for one in [*events, events[2], events[0]]]
    assert concerns == ["root_use", "root_use", "root_use", "none", "root_use"]  # the first one is forgotten
    copy = ASSUMED | {"eventID": "id-0", "recipientAccountId": REPORTS}  # of another account
    assert watch.main({"CloudTrailEvent": copy})["watch"]["concern"] == "root_use"
    unnamed = ASSUMED | {"eventID": None}
    assert [watch.main({"CloudTrailEvent": unnamed})["watch"]["concern"] for _ in range(2)] == ["root_use", "root_use"]


TEMPLATE = "{{ lookup('pipe', 'id') }}"
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(TEMPLATE) | st.just(REPORTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({field for found, _, _ in EVENTS for field in found})


@settings(deadline=None)
@given(st.sampled_from([found for found, _, _ in EVENTS]), st.dictionaries(st.sampled_from(FIELDS), ANYTHING), ANYTHING)
def test_no_text_of_an_event_can_become_a_template(found: dict[str, Any], changed: dict[str, Any], body: Any) -> None:
    for event in (
        {"CloudTrailEvent": {**found, **changed}},
        {"body": body},
        {"body": {"detail": {**found, **changed}}},
    ):
        watch = WATCH.main(event)["watch"]
        assert watch["concern"] in ("root_use", "account", "departure", "organization", "none")
        assert all(re.fullmatch(r"[A-Za-z0-9 :.+-]*", value) for name, value in watch.items() if name != "concern")


@pytest.mark.parametrize("event", [{}, {"body": "text"}, {"CloudTrailEvent": "{"}, {"body": {"Message": "[" * 10_000}}])
def test_what_is_no_event_of_cloudtrail_concerns_nothing(event: dict[str, Any]) -> None:
    assert WATCH.main(event)["watch"]["concern"] == "none"


def rulebooks() -> list[dict[str, Any]]:
    found = sorted((EDA / "rulebooks").glob("*.yml"))
    assert len(found) == 2
    return [ruleset for path in found for ruleset in yaml.safe_load(path.read_text())]


def test_both_rulebooks_have_the_same_rules_and_their_playbooks_are_there() -> None:
    one, other = rulebooks()
    assert one["rules"] == other["rules"]
    for rule in one["rules"]:
        play = rule["action"]["run_playbook"]
        [name] = re.findall(r"breakglass\.aws\.(\w+)", play["name"])
        [content] = yaml.safe_load((CHECKOUT / f"playbooks/{name}.yml").read_text())
        spec = content["tasks"][0]["breakglass.aws.check_variables"]["argument_spec"]
        assert set(play["extra_vars"]) <= set(spec)
        for value in play["extra_vars"].values():
            assert re.fullmatch(r"\{\{ (event\.watch\.\w+|watch_evidence) \}\}", value)
