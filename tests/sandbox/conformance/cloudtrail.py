"""CloudTrail: which account and Region has which event, and what is in it (aws-facts 4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from conformance.facts import Fact, fact
from conformance.steps import MANAGEMENT, clients_of, records, root_session, settle
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
LEGACY, PAYMENTS, DATA_LAKE, SPIN_OFF = "444455556666", "333344445555", "012345678901", "343434343434"
LEDGER = "payments-ledger-333344445555"


@fact(FACTS, "4.1", "AssumeRoot is logged in the caller's account, in the Region of the STS endpoint")
def caller_account_has_assume_root(box: Box) -> None:
    root_session(box, LEGACY, "IAMAuditRootUserCredentials", region="eu-central-1")
    assert records(box.client("cloudtrail", "operator"), EventName="AssumeRoot") == []
    [record] = records(box.client("cloudtrail", "operator", region="eu-central-1"), EventName="AssumeRoot")
    assert (record["eventSource"], record["awsRegion"], record["recipientAccountId"]) == (
        "sts.amazonaws.com",
        "eu-central-1",
        MANAGEMENT,
    )


@fact(
    FACTS, "4.1", "AssumeRoot's event names target, task and the issued key; the resources entry is the member's root"
)
def assume_root_shape(box: Box) -> None:
    issued = root_session(box, LEGACY, "IAMAuditRootUserCredentials")
    [record] = records(box.client("cloudtrail", "operator"), EventName="AssumeRoot")
    task = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
    assert record["requestParameters"] == {"targetPrincipal": LEGACY, "taskPolicyArn": {"arn": task}}
    assert record["responseElements"]["credentials"]["accessKeyId"] == issued["AccessKeyId"]
    [resource] = record["resources"]
    assert (resource["accountId"], resource["ARN"]) == (LEGACY, f"arn:aws:iam::{LEGACY}:root")
    identity = record["userIdentity"]
    assert (identity["type"], identity["sessionContext"]["sourceIdentity"]) == ("AssumedRole", "operator")
    assert record["eventType"] == "AwsApiCall"
    assert record["managementEvent"] is True


@fact(FACTS, "4.1", "The sandbox writes no secret and no session token into an event (AWS's sample shows the token)")
def no_secrets(box: Box) -> None:
    issued = root_session(box, LEGACY, "IAMAuditRootUserCredentials")
    box.client("iam", "legacy-web-administrator").create_user(UserName="someone")
    box.client("iam", "legacy-web-administrator").create_login_profile(UserName="someone", Password="Correct-Horse-9")
    key = box.client("iam", "legacy-web-administrator").create_access_key(UserName="someone")["AccessKey"]
    texts = json.dumps(
        [box.client("cloudtrail", name).lookup_events()["Events"] for name in ("operator", "legacy-web-administrator")],
        default=str,
    )
    assert key["AccessKeyId"] in texts
    for secret in (issued["SecretAccessKey"], issued["SessionToken"], key["SecretAccessKey"], "Correct-Horse-9"):
        assert secret not in texts


@fact(FACTS, "4.1", "Calls of a root session are in the member account, type Root, with the key AssumeRoot issued")
def member_account_has_session_calls(box: Box) -> None:
    issued = root_session(box, LEGACY, "IAMAuditRootUserCredentials")
    clients_of(box, issued)("iam").get_user()
    [record] = records(box.client("cloudtrail", "legacy-web-administrator"), AccessKeyId=issued["AccessKeyId"])
    identity = record["userIdentity"]
    assert (record["eventName"], record["eventSource"], record["recipientAccountId"]) == (
        "GetUser",
        "iam.amazonaws.com",
        LEGACY,
    )
    assert {key: identity[key] for key in ("type", "arn", "principalId", "accountId", "accessKeyId")} == {
        "type": "Root",
        "arn": f"arn:aws:iam::{LEGACY}:root",
        "principalId": LEGACY,
        "accountId": LEGACY,
        "accessKeyId": issued["AccessKeyId"],
    }
    assert identity["sessionContext"]["sourceIdentity"] == "operator"
    assert records(box.client("cloudtrail", "operator"), EventName="GetUser") == []


@fact(FACTS, "4.1", 'A root session\'s events carry sessionContext.assumedRoot as the text "true"')
def assumed_root_is_text(box: Box) -> None:
    issued = root_session(box, LEGACY, "IAMAuditRootUserCredentials")
    clients_of(box, issued)("iam").get_account_summary()
    [record] = records(box.client("cloudtrail", "legacy-web-administrator"), EventName="GetAccountSummary")
    assert record["userIdentity"]["sessionContext"]["assumedRoot"] == "true"


@fact(FACTS, "4.1", "The member's own account has no copy of AssumeRoot", verified=False)
def no_copy_in_the_member(box: Box) -> None:
    root_session(box, LEGACY, "IAMAuditRootUserCredentials")
    assert records(box.client("cloudtrail", "legacy-web-administrator"), EventName="AssumeRoot") == []


@fact(FACTS, "4.1", "IAM's events are in us-east-1, whatever Region the client signs for")
def iam_is_in_us_east_1(box: Box) -> None:
    box.client("iam", "legacy-web-administrator", region="eu-west-1").list_users()
    assert len(records(box.client("cloudtrail", "legacy-web-administrator"), EventName="ListUsers")) == 1
    elsewhere = box.client("cloudtrail", "legacy-web-administrator", region="eu-west-1")
    assert records(elsewhere, EventName="ListUsers") == []


@fact(FACTS, "4.1", "S3's bucket policy calls of a root session are in the bucket's Region, with the policy")
def s3_is_in_the_buckets_region(box: Box) -> None:
    root = clients_of(box, root_session(box, PAYMENTS, "S3UnlockBucketPolicy"))("s3", region="eu-west-1")
    policy = root.get_bucket_policy(Bucket=LEDGER)["Policy"]
    root.put_bucket_policy(Bucket=LEDGER, Policy=policy)
    trail = box.client("cloudtrail", "payments-administrator", region="eu-west-1")
    [record] = records(trail, EventName="PutBucketPolicy")
    assert (record["userIdentity"]["type"], record["awsRegion"], record["readOnly"]) == ("Root", "eu-west-1", False)
    assert record["requestParameters"]["bucketName"] == LEDGER
    assert record["requestParameters"]["bucketPolicy"] == json.loads(policy)
    assert records(box.client("cloudtrail", "payments-administrator"), EventName="PutBucketPolicy") == []


@fact(FACTS, "4.1", "S3's object calls are data events, which Event history does not list")
def data_events_are_not_listed(box: Box) -> None:
    s3 = box.client("s3", "reports-administrator")
    s3.put_object(Bucket="reports-555566667777", Key="a", Body=b"a")
    s3.get_object(Bucket="reports-555566667777", Key="a")
    s3.list_objects_v2(Bucket="reports-555566667777")
    s3.list_buckets()
    events = box.client("cloudtrail", "reports-administrator").lookup_events()["Events"]
    assert [event["EventName"] for event in events] == ["ListBuckets"]


@fact(FACTS, "4.1", "Feature switches and trusted access are in the management account, us-east-1")
def switches_are_in_the_management_account(box: Box) -> None:
    box.client("iam", "delegate", region="eu-west-1").list_organizations_features()
    box.client("iam", "operator", region="eu-west-1").disable_organizations_root_sessions()
    box.client("organizations", "operator", region="eu-west-1").enable_aws_service_access(
        ServicePrincipal="account.amazonaws.com"
    )
    trail = box.client("cloudtrail", "operator")
    [switch] = records(trail, EventName="DisableOrganizationsRootSessions")
    [access] = records(trail, EventName="EnableAWSServiceAccess")
    assert (switch["eventSource"], switch["awsRegion"], switch["readOnly"]) == ("iam.amazonaws.com", "us-east-1", False)
    assert (access["eventSource"], access["requestParameters"]) == (
        "organizations.amazonaws.com",
        {"servicePrincipal": "account.amazonaws.com"},
    )


@fact(
    FACTS,
    "4.1",
    "A refused call is an event with errorCode and errorMessage; IAM's codes are the model's names",
    verified=False,
)
def refused_calls(box: Box) -> None:
    root = clients_of(box, root_session(box, LEGACY, "IAMAuditRootUserCredentials"))("iam")
    code, _, text = refused(root.delete_login_profile)
    trail = box.client("cloudtrail", "legacy-web-administrator")
    [denied] = records(trail, EventName="DeleteLoginProfile")
    assert (denied["errorCode"], denied["errorMessage"]) == (code, text) == ("AccessDenied", text)
    refused(lambda: box.client("iam", "legacy-web-administrator").get_role(RoleName="none"))
    [missing] = records(trail, EventName="GetRole")
    assert missing["errorCode"] == "NoSuchEntityException"
    assert missing["responseElements"] is None


@fact(FACTS, "4.1", "AssumeRole into another account is an event in both, joined by sharedEventID")
def assume_role_is_in_both(box: Box) -> None:
    box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{LEGACY}:role/OrganizationAccountAccessRole", RoleSessionName="engineer"
    )
    [ours] = records(box.client("cloudtrail", "operator"), EventName="AssumeRole")
    [theirs] = records(box.client("cloudtrail", "legacy-web-administrator"), EventName="AssumeRole")
    assert ours["userIdentity"]["userName"] == "engineer"
    assert theirs["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": ours["userIdentity"]["principalId"],
        "accountId": MANAGEMENT,
    }
    assert ours["sharedEventID"] == theirs["sharedEventID"]
    assert ours["eventID"] != theirs["eventID"]


@fact(FACTS, "4.1", "PasswordRecoveryRequested and ConsoleLogin of a root user are in the member account, us-east-1")
def sign_in_is_in_the_member(box: Box) -> None:
    box.act(DATA_LAKE, "request_password_reset")
    box.act(DATA_LAKE, "sign_in")
    events = box.client("cloudtrail", "data-lake-administrator").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": "signin.amazonaws.com"}]
    )["Events"]
    assert [(event["EventName"], event["Username"]) for event in events] == [
        ("ConsoleLogin", "root"),
        ("PasswordRecoveryRequested", "root"),
    ]
    for event in events:
        record = json.loads(event["CloudTrailEvent"])
        assert (record["userIdentity"]["type"], record["awsRegion"]) == ("Root", "us-east-1")


@fact(FACTS, "4.2", "Root use that came from a sign-in differs from AssumeRoot's by the missing assumedRoot")
def signed_in_root_is_not_assumed(box: Box) -> None:
    keys = box.act(DATA_LAKE, "sign_in")
    clients_of(box, keys)("iam").get_user()
    [record] = records(box.client("cloudtrail", "data-lake-administrator"), EventName="GetUser")
    assert record["userIdentity"]["type"] == "Root"
    assert "assumedRoot" not in record["userIdentity"]["sessionContext"]


@fact(FACTS, "4.1", "An account's departure is a service event of the management account")
def departure_is_told_to_the_management_account(box: Box) -> None:
    box.client("organizations", "operator").remove_account_from_organization(AccountId=SPIN_OFF)
    [record] = records(box.client("cloudtrail", "operator"), EventName="AccountDepartedOrganization")
    assert (record["eventType"], record["serviceEventDetails"]["departureMethod"]) == ("AwsServiceEvent", "REMOVED")


@fact(FACTS, "4.1", "LookupEvents answers 50 events a page, newest first, and steadily while new ones come")
def pages(box: Box) -> None:
    iam, trail = box.client("iam", "reports-administrator"), box.client("cloudtrail", "reports-administrator")
    for number in range(60):
        iam.list_groups(MaxItems=number + 1)
    first = trail.lookup_events()
    assert len(first["Events"]) == 50
    iam.list_users()
    second = trail.lookup_events(NextToken=first["NextToken"])
    asked = [
        json.loads(event["CloudTrailEvent"])["requestParameters"]["maxItems"]
        for event in first["Events"] + second["Events"]
    ]
    assert asked == list(range(60, 0, -1))
    assert "NextToken" not in second


@fact(FACTS, "4.1", "Lookup attributes select; the API takes one at a time [B]", verified=False)
def attributes(box: Box) -> None:
    iam = box.client("iam", "reports-administrator")
    iam.create_user(UserName="someone")
    iam.list_users()
    trail = box.client("cloudtrail", "reports-administrator")
    [created] = trail.lookup_events(LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}])[
        "Events"
    ]
    assert created["EventName"] == "CreateUser"
    for key, value in (
        ("EventId", created["EventId"]),
        ("EventName", "CreateUser"),
        ("ResourceName", "someone"),
        ("ResourceType", "AWS::IAM::User"),
    ):
        [found] = trail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])["Events"]
        assert found["EventId"] == created["EventId"]
    by_name = [{"AttributeKey": "Username", "AttributeValue": "reports-administrator"}]
    assert len(trail.lookup_events(LookupAttributes=by_name)["Events"]) > 2
    code, _, _ = refused(lambda: trail.lookup_events(LookupAttributes=by_name * 2))
    assert code == "InvalidLookupAttributesException"


@fact(
    FACTS,
    "4.1",
    "The time range selects; a range that ends before it starts, a foreign token, are refused [B]",
    verified=False,
)
def ranges_and_tokens(box: Box) -> None:
    iam, trail = box.client("iam", "reports-administrator"), box.client("cloudtrail", "reports-administrator")
    iam.list_users()
    iam.list_users()
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert len(trail.lookup_events(StartTime=now - hour, EndTime=now + hour)["Events"]) == 2
    assert trail.lookup_events(EndTime=now - hour)["Events"] == []
    assert refused(lambda: trail.lookup_events(StartTime=now, EndTime=now - hour))[0] == "InvalidTimeRangeException"
    token = trail.lookup_events(MaxResults=1)["NextToken"]
    for other in ({"NextToken": "nonsense"}, {"NextToken": token, "StartTime": now - hour}):
        with pytest.raises(ClientError, match="InvalidNextTokenException"):
            trail.lookup_events(**other)
    assert refused(lambda: trail.lookup_events(MaxResults=51))[0] == "InvalidMaxResultsException"


@fact(FACTS, "4.1", "Events show with a delay (off by default, switchable), and reading needs cloudtrail:LookupEvents")
def delay_and_permission(box: Box) -> None:
    iam, trail = box.client("iam", "reports-administrator"), box.client("cloudtrail", "reports-administrator")
    iam.list_users()
    settle(box, event_history="15 minutes")
    assert trail.lookup_events()["Events"] == []
    settle(box, event_history="0 seconds")
    assert "ListUsers" in [event["EventName"] for event in trail.lookup_events()["Events"]]
    code, status, text = refused(box.client("cloudtrail", "nobody").lookup_events)
    assert (code, status) == ("AccessDeniedException", 400)
    assert "is not authorized to perform: cloudtrail:LookupEvents" in text
