"""What scanners and command lines of others look at: answers that once differed from AWS's."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from support.refusals import refused

from breakglass_aws.sandbox import Box

PAYMENTS, EXPORTS = "333344445555", "payments-exports-333344445555"
BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def test_account_authorization_details_name_their_policies(sandbox: Box) -> None:
    iam = sandbox.client("iam", "payments-administrator")
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    made = iam.create_policy(PolicyName="Own", PolicyDocument=document)["Policy"]
    policies = iam.get_account_authorization_details()["Policies"]
    assert all({"PolicyName", "PolicyId", "Arn", "PolicyVersionList"} <= policy.keys() for policy in policies)
    [own] = [policy for policy in policies if policy["Arn"] == made["Arn"]]
    assert (own["PolicyName"], own["PolicyId"]) == ("Own", made["PolicyId"])


def test_ids_of_groups(sandbox: Box) -> None:
    iam = sandbox.client("iam", "payments-administrator")
    made = iam.create_group(GroupName="Readers")["Group"]["GroupId"]
    assert re.fullmatch(r"AGPA[A-Z2-7]{17}", made)
    assert [group["GroupId"] for group in iam.list_groups()["Groups"]] == [made]
    assert iam.get_group(GroupName="Readers")["Group"]["GroupId"] == made


def test_times_of_queues_are_whole_seconds(sandbox: Box) -> None:
    sqs = sandbox.client("sqs", "payments-administrator")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
        assert re.fullmatch(r"\d{10}", attributes[name]), name


def s3(box: Box) -> Any:
    return box.client("s3", "payments-administrator", region="eu-west-1")


@pytest.mark.parametrize("bucket", ["payments-ledger-333344445555", "fresh"])
def test_every_bucket_is_encrypted(sandbox: Box, bucket: str) -> None:
    client = s3(sandbox)
    client.create_bucket(Bucket="fresh", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    keys = sandbox.client("sts", "operator").assume_root(
        TargetPrincipal=PAYMENTS, TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    )["Credentials"]
    root = sandbox.client_with(
        "s3", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region="eu-west-1"
    )
    root.delete_bucket_policy(Bucket="payments-ledger-333344445555")
    [rule] = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_new_buckets_block_public_access_and_have_no_acls(sandbox: Box) -> None:
    """As S3 has set it for new buckets since April 2023."""
    client = s3(sandbox)
    client.create_bucket(Bucket="fresh", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert client.get_public_access_block(Bucket="fresh")["PublicAccessBlockConfiguration"] == BLOCKED
    [rule] = client.get_bucket_ownership_controls(Bucket="fresh")["OwnershipControls"]["Rules"]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"


def test_public_access_may_be_unblocked(sandbox: Box) -> None:
    client = s3(sandbox)
    client.create_bucket(Bucket="fresh", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.delete_public_access_block(Bucket="fresh")
    assert refused(lambda: client.get_public_access_block(Bucket="fresh"))[0] == "NoSuchPublicAccessBlockConfiguration"


def s3_control(box: Box, name: str = "payments-administrator") -> Any:
    keys = box.credentials(name)
    client = boto3.session.Session().client(
        "s3control",
        region_name="eu-west-1",
        endpoint_url=box.url,
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        aws_session_token=keys["session_token"],
    )

    def without_account(request: Any, **_: Any) -> None:
        """Not every resolver knows names such as 333344445555.127.0.0.1."""
        request.url = re.sub(r"//\d{12}\.", "//", request.url)

    client.meta.events.register("before-sign.s3-control", without_account)
    return client


def test_s3_control_is_not_s3(sandbox: Box) -> None:
    code, status, text = refused(lambda: s3_control(sandbox).list_access_points(AccountId=PAYMENTS))
    assert (code, status) == ("NotImplemented", 501)
    assert text == "The sandbox does not implement s3control:ListAccessPoints."


def test_block_public_access_of_an_account(sandbox: Box) -> None:
    control = s3_control(sandbox)
    missing = refused(lambda: control.get_public_access_block(AccountId=PAYMENTS))
    assert missing[:2] == ("NoSuchPublicAccessBlockConfiguration", 404)
    control.put_public_access_block(AccountId=PAYMENTS, PublicAccessBlockConfiguration=BLOCKED)
    assert control.get_public_access_block(AccountId=PAYMENTS)["PublicAccessBlockConfiguration"] == BLOCKED
    control.delete_public_access_block(AccountId=PAYMENTS)
    assert refused(lambda: control.get_public_access_block(AccountId=PAYMENTS))[0] == missing[0]
    assert [event["action"] for event in sandbox.events()][1:4] == [
        "s3:PutAccountPublicAccessBlock",
        "s3:GetAccountPublicAccessBlock",
        "s3:PutAccountPublicAccessBlock",
    ]
    assert refused(lambda: control.get_public_access_block(AccountId="444455556666"))[0] == "AccessDenied"


def test_a_request_has_one_id(sandbox: Box) -> None:
    """In the body, in the header and in CloudTrail."""
    client = sandbox.client("iam", "engineer")
    sandbox.client("sts", "engineer").get_caller_identity()
    for call in (
        sandbox.client("sts", "engineer").get_caller_identity,
        lambda: client.create_group(GroupName="Readers"),
        lambda: client.get_account_summary(),
        lambda: sandbox.client("organizations", "engineer").describe_organization(),
        lambda: sandbox.client("sqs", "engineer").create_queue(QueueName="work"),
    ):
        metadata = call()["ResponseMetadata"]
        identifier = metadata["RequestId"]
        assert re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", identifier)
        assert metadata["HTTPHeaders"]["x-amzn-requestid"] == identifier
        assert sandbox.events()[-1]["request_id"] == identifier
    pages = sandbox.client("cloudtrail", "engineer").get_paginator("lookup_events").paginate()
    records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    known = {event["request_id"] for event in sandbox.events()}
    assert records
    assert {record["requestID"] for record in records} <= known


def test_a_request_to_s3_has_one_id(sandbox: Box) -> None:
    metadata = s3(sandbox).create_bucket(Bucket="fresh", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})[
        "ResponseMetadata"
    ]
    assert re.fullmatch(r"[0-9A-F]{16}", metadata["RequestId"])
    assert sandbox.events()[-1]["request_id"] == metadata["RequestId"]


def test_regions_as_scanners_ask_for_them(sandbox: Box) -> None:
    ec2 = sandbox.client("ec2", "payments-administrator")
    names = {region["RegionName"] for region in ec2.describe_regions()["Regions"]}
    assert {"us-east-1", "eu-west-1", "eu-central-1"} <= names
    assert "me-south-1" not in names
    everything = ec2.describe_regions(AllRegions=True)["Regions"]
    assert ("me-south-1", "not-opted-in") in {(one["RegionName"], one["OptInStatus"]) for one in everything}
    assert ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"] == [
        {"RegionName": "eu-west-1", "Endpoint": "ec2.eu-west-1.amazonaws.com", "OptInStatus": "opt-in-not-required"}
    ]
    assert refused(lambda: ec2.describe_regions(RegionNames=["xx-west-1"]))[0] == "InvalidParameterValue"
    code, status, _ = refused(sandbox.client("ec2", "nobody").describe_regions)
    assert (code, status) == ("UnauthorizedOperation", 403)


def test_tagged_resources_as_scanners_ask_for_them(sandbox: Box) -> None:
    client = s3(sandbox)
    client.create_bucket(Bucket="fresh", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_tagging(Bucket="fresh", Tagging={"TagSet": [{"Key": "team", "Value": "ledger"}]})
    sandbox.client("sqs", "payments-administrator", region="eu-west-1").create_queue(
        QueueName="work", tags={"team": "other"}
    )
    tagging = sandbox.client("resourcegroupstaggingapi", "payments-administrator", region="eu-west-1")
    found = {one["ResourceARN"]: one["Tags"] for one in tagging.get_resources()["ResourceTagMappingList"]}
    assert found == {
        "arn:aws:s3:::fresh": [{"Key": "team", "Value": "ledger"}],
        f"arn:aws:sqs:eu-west-1:{PAYMENTS}:work": [{"Key": "team", "Value": "other"}],
    }
    only = tagging.get_resources(TagFilters=[{"Key": "team", "Values": ["ledger"]}])["ResourceTagMappingList"]
    assert [one["ResourceARN"] for one in only] == ["arn:aws:s3:::fresh"]
    assert len(tagging.get_resources(ResourceTypeFilters=["sqs"])["ResourceTagMappingList"]) == 1
    refusal = refused(sandbox.client("resourcegroupstaggingapi", "nobody").get_resources)
    assert refusal[0] == "AccessDeniedException"


def test_a_session_policy_that_does_not_allow_is_named(sandbox: Box) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    keys = sandbox.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole",
        RoleSessionName="narrow",
        Policy=json.dumps(policy),
    )["Credentials"]
    clients = [
        sandbox.client_with(service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        for service in ("iam", "sts", "sqs")
    ]
    role = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    for action, call in (
        ("iam:ListRoles", clients[0].list_roles),
        ("sts:AssumeRole", lambda: clients[1].assume_role(RoleArn=role, RoleSessionName="again")),
        ("sqs:listqueues", clients[2].list_queues),
    ):
        assert refused(call)[2].endswith(f"because no session policy allows the {action} action")


@pytest.mark.parametrize("element", [{"Principal": "*"}, {"NotPrincipal": {"AWS": "*"}}])
def test_service_control_policies_name_no_principals(sandbox: Box, element: dict[str, Any]) -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", **element}
    organizations = sandbox.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    refusal = refused(
        lambda: organizations.create_policy(
            Name="wrong", Description="wrong", Type="SERVICE_CONTROL_POLICY", Content=content
        )
    )
    assert refusal[:2] == ("MalformedPolicyDocumentException", 400)


@pytest.mark.parametrize("action", ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:*MFA*", "*"])
def test_a_service_control_policy_stops_the_enrolment_of_mfa(sandbox: Box, action: str) -> None:
    organizations = sandbox.client("organizations", "operator")
    sandbox.act("legacy-web", "reset_password")
    sandbox.act("legacy-web", "sign_in", mfa="GAHT55556666")
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    made = organizations.create_policy(
        Name="no-mfa",
        Description="no MFA",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId="444455556666")
    before = sandbox.snapshot()["root_users"]["444455556666"]
    with pytest.raises(Exception, match="with an explicit deny in a service control policy"):
        sandbox.act("legacy-web", "enrol_mfa", name="new")
    assert sandbox.snapshot()["root_users"]["444455556666"] == before
    organizations.detach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId="444455556666")
    assert sandbox.act("legacy-web", "enrol_mfa", name="new")["serial"].endswith(":mfa/new")


def denial(guard: dict[str, Any]) -> str:
    resources = [f"arn:aws:s3:::{EXPORTS}", f"arn:aws:s3:::{EXPORTS}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources, "Condition": guard}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "guard",
    [
        {"StringNotEquals": {"s3:authType": "REST-HEADER"}},
        {"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}},
        {"StringNotEquals": {"s3:ResourceAccount": "333344445555"}},
        {"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}},
    ],
)
def test_a_guard_on_what_s3_adds_to_each_request_lets_ordinary_requests_in(sandbox: Box, guard: dict[str, Any]) -> None:
    s3 = sandbox.client("s3", "payments-administrator")
    s3.put_bucket_policy(Bucket=EXPORTS, Policy=denial(guard))
    assert s3.get_bucket_policy(Bucket=EXPORTS)["Policy"]


def test_a_presigned_request_has_another_authentication_type(sandbox: Box) -> None:
    variables = sandbox.environment("payments-administrator")
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
        config=Config(signature_version="s3v4"),
    )
    s3.put_object(Bucket=EXPORTS, Key="report", Body=b"figures")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": EXPORTS, "Key": "report"})
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"figures"
    s3.put_bucket_policy(Bucket=EXPORTS, Policy=denial({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url, timeout=10)
    assert s3.get_object(Bucket=EXPORTS, Key="report")["Body"].read() == b"figures"
