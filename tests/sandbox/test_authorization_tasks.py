"""The five task policies exactly as AWS publishes them (they ship with moto): what a root session may do in each."""

import json

import pytest
from moto.iam import aws_managed_policies

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

MEMBER, OTHER = "444455556666", "111122223333"
ROOT = f"arn:aws:iam::{MEMBER}:root"
USER = f"arn:aws:iam::{MEMBER}:user/alice"
BUCKET, QUEUE, FOREIGN_QUEUE = "arn:aws:s3:::b", f"arn:aws:sqs:eu-west-1:{MEMBER}:q", f"arn:aws:sqs:eu-west-1:{OTHER}:q"
NAMES = (
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
)


def published(name: str) -> dict:
    """The document of one managed policy, without reading the other 1,500."""
    data = aws_managed_policies.aws_managed_policies_data
    start = data.index("{", data.index(f'"{name}":'))
    return json.JSONDecoder().raw_decode(data, start)[0]["Document"]


DOCUMENTS = {name: published(name) for name in NAMES}
EVERYWHERE = ("iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListSigningCertificates", "iam:GetLoginProfile")
READS = (*EVERYWHERE, "iam:GetUser", "iam:GetAccessKeyLastUsed")
DELETIONS = (
    "iam:DeleteAccessKey", "iam:DeleteSigningCertificate", "iam:DeleteLoginProfile", "iam:DeactivateMFADevice",
)  # fmt: skip
BUCKET_CALLS = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
QUEUE_CALLS = ("sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:GetQueueUrl")

# (action, resource) that each task allows the root user; of everything below, all else is denied
ALLOWED = {
    "IAMAuditRootUserCredentials": {*((action, ROOT) for action in READS), ("iam:GetAccountSummary", "*")},
    "IAMCreateRootUserPassword": {("iam:CreateLoginProfile", ROOT), ("iam:GetLoginProfile", ROOT)},
    "IAMDeleteRootUserCredentials": {
        *((action, ROOT) for action in (*READS, *DELETIONS)),
        # Allowed by the policy, but its resource in IAM is the device, which the second statement denies.
        ("iam:DeleteVirtualMFADevice", ROOT),
    },
    "S3UnlockBucketPolicy": {*((action, BUCKET) for action in BUCKET_CALLS), ("s3:ListAllMyBuckets", "*")},
    "SQSUnlockQueuePolicy": {*((action, QUEUE) for action in QUEUE_CALLS), ("sqs:ListQueues", "*")},
}
CALLS = sorted(
    {call for calls in ALLOWED.values() for call in calls}
    | {(action, USER) for action in (*READS, *DELETIONS, "iam:CreateLoginProfile", "iam:GetLoginProfile")}
    | {
        ("iam:DeleteVirtualMFADevice", f"arn:aws:iam::{MEMBER}:mfa/root-account-mfa-device"),
        ("iam:CreateAccessKey", ROOT),
        ("iam:CreateUser", USER),
        ("iam:EnableMFADevice", ROOT),
        ("iam:PutUserPolicy", USER),
        ("organizations:LeaveOrganization", "*"),
        ("s3:DeleteBucket", BUCKET),
        ("s3:GetBucketLocation", BUCKET),
        ("s3:GetObject", f"{BUCKET}/k"),
        ("s3:ListBucket", BUCKET),
        ("s3:PutBucketAcl", BUCKET),
        ("s3:PutPublicAccessBlock", BUCKET),
        ("sqs:DeleteQueue", QUEUE),
        ("sqs:PurgeQueue", QUEUE),
        ("sqs:ReceiveMessage", QUEUE),
        ("sts:AssumeRole", f"arn:aws:iam::{MEMBER}:role/r"),
        ("sts:AssumeRoot", ROOT),
    }
)


def decide(task: str, action: str, resource: str, owner: str = MEMBER, policy: dict | None = None):
    principal = Principal(MEMBER, ROOT, "root")
    request = Request(principal, action, resource, owner, {"aws:AssumedRoot": "true"})
    return evaluate(request, Policies(task=DOCUMENTS[task], resource=policy))


@pytest.mark.parametrize("task", NAMES)
@pytest.mark.parametrize(("action", "resource"), CALLS)
def test_task(task, action, resource):
    decision = decide(task, action, resource)
    assert decision.allowed is ((action, resource) in ALLOWED[task])
    assert decision.source == ("root user" if decision.allowed else "task policy")


@pytest.mark.parametrize("task", NAMES)
def test_task_policies_only_deny(task):
    assert {statement["Effect"] for statement in DOCUMENTS[task]["Statement"]} == {"Deny"}


@pytest.mark.parametrize("action", BUCKET_CALLS)
def test_a_locked_bucket_is_unlocked_in_the_right_task(action):
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
    locked = {"Version": "2012-10-17", "Statement": everything}
    assert decide("S3UnlockBucketPolicy", action, BUCKET, policy=locked).allowed
    assert decide("SQSUnlockQueuePolicy", action, BUCKET, policy=locked).reason == "explicit_deny"


@pytest.mark.parametrize("action", QUEUE_CALLS)
def test_a_locked_queue_is_unlocked_in_the_right_task(action):
    locked = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}}
    assert decide("SQSUnlockQueuePolicy", action, QUEUE, policy=locked).allowed
    assert decide("S3UnlockBucketPolicy", action, QUEUE, policy=locked).reason == "explicit_deny"


def test_the_attributes_of_a_foreign_queue_stay_closed():
    invited = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"},
    }
    decision = decide("SQSUnlockQueuePolicy", "sqs:GetQueueAttributes", FOREIGN_QUEUE, OTHER, policy=invited)
    assert (decision.reason, decision.source) == ("explicit_deny", "task policy")
