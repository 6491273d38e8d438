"""Requests from a place: policies that guard a network let those in who are there, and nobody else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.wire import network_origin

LAKE, BUCKET, ENDPOINT = "data-lake-administrator", "data-lake-raw-012345678901", "vpce-0a1b2c3d4e5f67890"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/012345678901/ingest-errors"


def test_a_bucket_guarded_by_its_vpc_endpoint_is_open_to_those_behind_it(sandbox: Box):
    for outside in ("", "203.0.113.7", "vpce-0else", "vpc-0a1b2c3d,10.0.0.7"):
        with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
            sandbox.client("s3", LAKE, place=outside).get_bucket_policy(Bucket=BUCKET)
    behind = sandbox.client("s3", LAKE, place=f"{ENDPOINT},vpc-0a1b2c3d,10.0.0.7")
    assert ENDPOINT in behind.get_bucket_policy(Bucket=BUCKET)["Policy"]
    behind.put_object(Bucket=BUCKET, Key="a path/ä+b%20.txt", Body=b"from inside")
    assert behind.get_object(Bucket=BUCKET, Key="a path/ä+b%20.txt")["Body"].read() == b"from inside"


@pytest.mark.parametrize(
    ("service", "call", "who"),
    [
        ("account", lambda client: client.get_contact_information(), "engineer"),
        ("cloudformation", lambda client: client.list_stack_sets(), "engineer"),
        ("cloudtrail", lambda client: client.lookup_events(), "engineer"),
        ("iam", lambda client: client.list_roles(), "engineer"),
        ("organizations", lambda client: client.describe_organization(), "engineer"),
        ("sqs", lambda client: client.list_queues(), LAKE),
        ("sso-admin", lambda client: client.list_instances(), "engineer"),
        ("sts", lambda client: client.get_caller_identity(), "engineer"),
    ],
)
def test_every_service_is_there_for_those_in_a_place(sandbox: Box, service, call, who):
    assert call(sandbox.client(service, who, place="198.51.100.9"))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_address_is_the_one_policies_and_cloudtrail_see(sandbox: Box):
    office = {"Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}
    office["Condition"] = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    text = json.dumps({"Version": "2012-10-17", "Statement": [office]})
    organizations = sandbox.client("organizations", "engineer")
    policy = organizations.create_policy(Name="office", Description="", Type="SERVICE_CONTROL_POLICY", Content=text)
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId="012345678901")

    assert sandbox.client("iam", LAKE, place="203.0.113.7").list_roles()
    for elsewhere in ("203.0.114.7", ""):
        with pytest.raises(ClientError, match="explicit deny in a service control policy"):
            sandbox.client("iam", LAKE, place=elsewhere).list_roles()

    seen = sandbox.client("cloudtrail", LAKE).lookup_events()["Events"]
    records = [json.loads(event["CloudTrailEvent"]) for event in seen if event["EventName"] == "ListRoles"]
    assert {record["sourceIPAddress"] for record in records} == {"203.0.113.7", "203.0.114.7", "127.0.0.1"}
    sandbox.client("sts", LAKE, place=f"{ENDPOINT},10.0.0.7").get_caller_identity()
    [latest] = [
        json.loads(event["CloudTrailEvent"])
        for event in sandbox.client("cloudtrail", LAKE).lookup_events()["Events"]
        if event["EventName"] == "GetCallerIdentity"
    ]
    assert (latest["sourceIPAddress"], latest["vpcEndpointId"]) == ("10.0.0.7", ENDPOINT)


@pytest.mark.parametrize("nowhere", ["home", "vpce-", "10.0.0.256", "vpce-0a,,", "igw-0a1b"])
def test_no_place_is_said_to_be_none(sandbox: Box, nowhere):
    with pytest.raises(ClientError, match="is no place; accepted: an IP address, vpce-ID or vpc-ID"):
        sandbox.client("sts", "operator", place=nowhere).get_caller_identity()


def test_the_signature_covers_the_place(sandbox: Box):
    def go_elsewhere(request, **_):
        request.url = request.url.replace(sandbox.url, f"{sandbox.url}{network_origin.PREFIX}{ENDPOINT}")

    client = sandbox.client("s3", LAKE)
    client.meta.events.register("before-send.s3", go_elsewhere)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.get_bucket_policy(Bucket=BUCKET)


def test_the_command_line_puts_people_in_a_place(sandbox: Box):
    port = sandbox.url.rpartition(":")[2]
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "env", "--port", port, "--as", LAKE, "--from"]
    printed = subprocess.run([*command, ENDPOINT], capture_output=True, text=True, check=True).stdout
    assert f"export AWS_ENDPOINT_URL={sandbox.url}/_from/{ENDPOINT}\n" in printed
    refused = subprocess.run([*command, "home"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert "'home' is no place; accepted: an IP address, vpce-ID or vpc-ID" in refused.stderr
