"""EventBridge: CloudTrail's events reach a queue by the rules and policies of docs/guide/watch.md, and by no others."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.refusals import refused
from support.watched_queue import (
    BUS,
    MANAGEMENT,
    ORGANIZATION,
    QUEUE,
    QUEUE_POLICY,
    ROLE_POLICY,
    ROOT_USE,
    WatchedQueue,
)

from breakglass_aws.sandbox import Box

REPORTS = "555566667777"
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}


@pytest.fixture
def watching(sandbox: Box) -> WatchedQueue:
    return WatchedQueue(sandbox)


def sign_in(box: Box) -> None:
    box.act("reports", "sign_in", mfa=f"arn:aws:iam::{REPORTS}:mfa/root-account-mfa-device")


def test_assume_root_arrives_as_cloudtrail_has_it(watching: WatchedQueue) -> None:
    watching.add("engineer", "root-use", ROOT_USE)
    watching.box.client("sts", "operator").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn=AUDIT)
    [event] = watching.received()
    assert (event["source"], event["detail-type"]) == ("aws.sts", "AWS API Call via CloudTrail")
    assert (event["account"], event["region"]) == (MANAGEMENT, "us-east-1")
    attribute = {"AttributeKey": "EventName", "AttributeValue": "AssumeRoot"}
    [logged] = watching.box.client("cloudtrail", "operator").lookup_events(LookupAttributes=[attribute])["Events"]
    assert event["detail"] == json.loads(logged["CloudTrailEvent"])
    assert event["time"] == event["detail"]["eventTime"]


def test_a_sign_in_and_what_a_root_session_reads_arrive_from_the_member_account(watching: WatchedQueue) -> None:
    watching.add("reports-administrator", "root-use", ROOT_USE)
    sign_in(watching.box)
    [event] = watching.received()
    assert (event["source"], event["account"], event["detail"]["eventName"]) == ("aws.signin", REPORTS, "ConsoleLogin")
    issued = watching.box.client("sts", "operator").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn=AUDIT)
    keys = issued["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    watching.box.client_with("iam", *session).list_access_keys()
    assert watching.names() == ["ListAccessKeys"]


def test_a_rule_that_is_only_enabled_gets_no_reads_and_a_disabled_one_nothing(watching: WatchedQueue) -> None:
    watching.add("reports-administrator", "root-use", ROOT_USE, state="ENABLED")
    root = watching.box.client("iam", "nightly-job")
    root.list_access_keys()
    sign_in(watching.box)
    assert watching.names() == ["ConsoleLogin"]
    watching.box.client("events", "reports-administrator").disable_rule(Name="root-use")
    sign_in(watching.box)
    assert watching.names() == []


def test_accounts_and_changes_of_the_organization_arrive(watching: WatchedQueue) -> None:
    watching.add("engineer", "organization", ORGANIZATION)
    organizations = watching.box.client("organizations", "operator")
    organizations.disable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
    organizations.create_account(Email="new@example.com", AccountName="new")
    organizations.list_accounts()
    watching.box.advance(timedelta(minutes=10))
    found = {one["detail"]["eventName"]: one["detail-type"] for one in watching.received()}
    assert found == {
        "DisableAWSServiceAccess": "AWS API Call via CloudTrail",
        "CreateAccountResult": "AWS Service Event via CloudTrail",
        "AccountJoinedOrganization": "AWS Service Event via CloudTrail",
    }


def test_the_pattern_of_the_guide_has_what_the_rulebooks_act_on() -> None:
    code = (Path(__file__).parents[2] / "extensions/eda/plugins/event_filter/watch.py").read_text(encoding="utf-8")
    module: dict[str, Any] = {}
    exec(compile(code, "watch.py", "exec"), module)
    acted_on = {
        *module["_JOINED"],
        module["_DEPARTED"],
        *(name for names in module["_CHANGES"].values() for name in names),
    }
    assert set(json.loads(ORGANIZATION)["detail"]["eventName"]) == acted_on


@pytest.mark.parametrize("missing", ["role", "bus", "queue"])
def test_nothing_arrives_where_a_policy_is_missing(watching: WatchedQueue, missing: str) -> None:
    policy = ROLE_POLICY.replace("event-bus/breakglass", "event-bus/other") if missing == "role" else ROLE_POLICY
    watching.add("reports-administrator", "root-use", ROOT_USE, policy=policy)
    if missing == "bus":
        watching.events.remove_permission(EventBusName="breakglass", RemoveAllPermissions=True)
    if missing == "queue":
        other = QUEUE_POLICY.replace("rule/breakglass/breakglass-watch", "rule/other")
        watching.sqs.set_queue_attributes(QueueUrl=watching.queue, Attributes={"Policy": other})
    sign_in(watching.box)
    assert watching.received() == []


def test_an_event_goes_on_to_another_bus_once(watching: WatchedQueue) -> None:
    """EventBridge User Guide: an event that a bus got from another one is not sent on."""
    events = watching.events
    events.put_targets(Rule="breakglass-watch", EventBusName="breakglass", Targets=[{"Id": "itself", "Arn": BUS}])
    watching.add("engineer", "root-use", ROOT_USE)
    watching.box.client("sts", "operator").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn=AUDIT)
    assert len(watching.received()) == 1


def test_a_pattern_is_tried_without_a_rule(sandbox: Box) -> None:
    events = sandbox.client("events", "engineer")
    event = {"source": "aws.sts", "detail": {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoot"}}
    assert events.test_event_pattern(EventPattern=ROOT_USE, Event=json.dumps(event))["Result"] is True
    assert events.test_event_pattern(EventPattern=ORGANIZATION, Event=json.dumps(event))["Result"] is False


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("put_rule", {"Name": "x", "EventPattern": "{", "State": "ENABLED"}, "InvalidEventPatternException"),
        ("put_rule", {"Name": "x", "EventPattern": "{}", "State": "ON"}, "ValidationException"),
        ("put_rule", {"Name": "x", "ScheduleExpression": "rate(1 day)"}, "NotImplemented"),
        ("put_targets", {"Rule": "x", "Targets": [{"Id": "1", "Arn": "arn:aws:sns:us-east-1:1:x"}]}, "NotImplemented"),
        ("put_targets", {"Rule": "x", "Targets": [{"Id": "1", "Arn": QUEUE, "Input": "{}"}]}, "NotImplemented"),
        ("put_targets", {"Rule": "x", "Targets": [{"Id": "1", "Arn": QUEUE}]}, "ResourceNotFoundException"),
        ("put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}, "NotImplemented"),
        ("test_event_pattern", {"EventPattern": "{}", "Event": "{"}, "ValidationException"),
        ("test_event_pattern", {"EventPattern": '{"a": 1}', "Event": "{}"}, "InvalidEventPatternException"),
    ],
)
def test_what_cannot_be_done_is_refused(sandbox: Box, operation: str, arguments: dict[str, Any], code: str) -> None:
    client = sandbox.client("events", "engineer")
    assert refused(lambda: getattr(client, operation)(**arguments))[0] == code


def test_who_may_not_make_rules_is_refused(sandbox: Box) -> None:
    client = sandbox.client("events", "nobody")
    code, _, text = refused(lambda: client.put_rule(Name="x", EventPattern=ROOT_USE))
    assert code == "AccessDeniedException"
    assert f"events:PutRule on resource: arn:aws:events:us-east-1:{MANAGEMENT}:rule/x " in text
