"""Verdicts under policies of every shape: about some resources, about listing, about other parts of a recovery.

One account for each policy. What must not be certain is as important as what must be found.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from support.readiness_organization import MANAGEMENT
from support.run_module import run

from breakglass_aws.sandbox import Box

S3, SQS, MFA = "unlock_s3_bucket", "unlock_sqs_queue", "lost_root_mfa"
ROOT_USER = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
# Where an account has this ID, a comparison of numbers is true of some accounts and not of others.
FIRST = 300000000001


def deny(action: str | list[str], resource: str | None = "*", **more: Any) -> dict[str, Any]:
    named = {"Resource": resource} if resource else {}
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, **named, **more}]}


CASES: list[tuple[dict[str, Any], str, str]] = [
    (deny("s3:*BucketPolicy", "arn:aws*:s3:::locked-*"), S3, "unknown"),
    (deny("s3:*BucketPolicy", "arn:???:s3:::locked-*"), S3, "unknown"),
    (deny("s3:*BucketPolicy", "*locked-*"), S3, "unknown"),
    (deny("s3:*BucketPolicy", "arn:aws:s3:::*bucket*"), S3, "unknown"),
    (deny("s3:*BucketPolicy", "arn:aws:s3:::*/*"), S3, "works"),
    (deny("s3:*BucketPolicy", "arn:aws*:s3:::*"), S3, "fails"),
    (deny("s3:*BucketPolicy", None, NotResource="arn:aws:s3:::locked-*"), S3, "unknown"),
    (deny("s3:ListAllMyBuckets"), S3, "fails"),
    (deny("s3:ListBucket"), S3, "works"),
    (deny("sqs:SetQueueAttributes", "arn:aws*:sqs:*:*:locked"), SQS, "unknown"),
    (deny("sqs:SetQueueAttributes", "*:locked"), SQS, "unknown"),
    (deny("sqs:*", "arn:aws:sqs:*:*:n*"), SQS, "unknown"),
    (deny("sqs:*", None, NotResource="arn:aws:sqs:*:*:locked"), SQS, "unknown"),
    (deny("sqs:ListQueues"), SQS, "works"),
    (deny(["iam:CreateRole", "iam:AttachRolePolicy"]), MFA, "works"),
    (deny("iam:*", "arn:aws:iam::*:role/OrganizationAccountAccessRole"), MFA, "works"),
    (deny("iam:EnableMFADevice", Condition=ROOT_USER), MFA, "fails"),
    (deny("iam:ListMFADevices", Condition=ROOT_USER), MFA, "unknown"),
    (deny("s3:*", Condition={"NumericLessThan": {"aws:PrincipalAccount": str(FIRST)}}), S3, "works"),
    (deny("s3:*", Condition={"NumericGreaterThan": {"aws:PrincipalAccount": str(FIRST)}}), S3, "fails"),
]
IDS = [str(FIRST + number) for number in range(len(CASES))]
ORGANIZATION: dict[str, Any] = {
    "organization": "o-shapes00001",
    "management_account": MANAGEMENT,
    "trusted_access": ["iam.amazonaws.com", "account.amazonaws.com"],
    "features": ["RootCredentialsManagement", "RootSessions"],
    "accounts": [
        {
            "id": MANAGEMENT,
            "name": "management",
            "email": "root@management.example.com",
            "roles": [{"name": "BreakGlassOperator", "policies": ["AdministratorAccess"]}],
        },
        *({"id": one, "name": f"case-{one}", "email": f"root@{one}.example.com", "ou": "Workloads"} for one in IDS),
    ],
    "service_control_policies": {
        f"case-{one}": {"targets": [one], "document": document} for one, (document, *_) in zip(IDS, CASES, strict=True)
    },
    "identities": {"operator": {"account": MANAGEMENT, "role": "BreakGlassOperator"}},
}


@pytest.fixture(scope="module")
def organization(box: Box) -> Iterator[Box]:
    with box.serving(ORGANIZATION):
        yield box


def look(box: Box, **options: Any) -> dict[str, Any]:
    found = run("recovery_readiness_info", environment=box.environment("operator"), **options)
    assert not found["failed"], found["msg"]
    return {entry["account_id"]: entry["recoveries"] for entry in found["accounts"]}


@functools.cache
def judged(box: Box) -> dict[str, Any]:
    return look(box, all_accounts=True)


@pytest.mark.parametrize("number", range(len(CASES)))
def test_the_verdict_is_as_certain_as_the_policy(organization: Box, number: int) -> None:
    document, recovery, expected = CASES[number]
    found = judged(organization)[IDS[number]][recovery]
    assert found["verdict"] == expected, (document, found)


def test_an_allow_that_is_limited_to_some_buckets_is_not_certain(organization: Box) -> None:
    client = organization.client("organizations", "operator")
    content = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","sqs:*","sts:*","s3:ListAll*"],'
        '"Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*bucket*"}]}'
    )
    kind = "SERVICE_CONTROL_POLICY"
    made = client.create_policy(Name="some-buckets", Description="", Type=kind, Content=content)
    account = IDS[8]
    client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=account)
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account)
    assert look(organization, account_ids=[account])[account][S3]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"kind": "server_error", "operation": "AssumeRoot"}, "unknown"),
        ({"kind": "refusal", "operation": "AssumeRoot", "code": "ServiceUnavailable", "status": 503}, "unknown"),
        ({"kind": "refusal", "operation": "AssumeRoot", "code": "AccessDenied", "status": 403}, "fails"),
    ],
)
def test_only_a_denied_session_is_certain_to_fail_again(organization: Box, fault: dict[str, Any], verdict: str) -> None:
    """An outage is no verdict; and what the session for buckets met counts for buckets."""
    account = IDS[14]
    given = dict(fault)
    organization.add_fault(given.pop("kind"), **given)
    try:
        found = look(organization, account_ids=[account], with_root_sessions=True)[account]
    finally:
        organization.clear_faults()
    for recovery in ("audit_root_credentials", S3, SQS):
        assert found[recovery]["verdict"] == verdict, recovery
        assert found[recovery]["reasons"][0]["code"] == "root_session_failed"
