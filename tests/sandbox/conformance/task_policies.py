"""The five task policies, and what a root session may do under each (aws-facts 2.1)."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from conformance.facts import POLICIES, Fact, fact
from conformance.steps import ADMINISTRATOR, as_root
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, LEGACY = "333344445555", "444455556666"
AUDIT, DELETE, CREATE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword"
S3, SQS = "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"
TASKS = (AUDIT, CREATE, DELETE, S3, SQS)
EXPORTS = {"Bucket": f"payments-exports-{PAYMENTS}"}
Call = tuple[str, str, dict[str, Any]]


def arn(task: str) -> str:
    return f"arn:aws:iam::aws:policy/root-task/{task}"


def denied(box: Box, task: str, *calls: Call) -> None:
    """Each call is refused in a session of the task, as the root user's."""
    client = as_root(box, PAYMENTS, task)
    for service, operation, parameters in calls:
        code, _, text = refused(partial(getattr(client(service), operation), **parameters))
        assert code in ("AccessDenied", "AccessDeniedException")
        assert f"arn:aws:iam::{PAYMENTS}:root is not authorized" in text


@fact(FACTS, "2.1", "There are five, in version v1 under path /root-task/, and they deny only", source=POLICIES)
def documents(box: Box) -> None:
    iam = box.client("iam", "operator")
    for task in TASKS:
        policy = iam.get_policy(PolicyArn=arn(task))["Policy"]
        assert (policy["Path"], policy["DefaultVersionId"]) == ("/root-task/", "v1")
        document = iam.get_policy_version(PolicyArn=arn(task), VersionId="v1")["PolicyVersion"]["Document"]
        statements = (document if isinstance(document, dict) else json.loads(document))["Statement"]
        assert {statement["Effect"] for statement in statements} == {"Deny"}


@fact(FACTS, "2.1", "IsAttachable reads true, and yet they cannot be attached", verified=False, source=POLICIES)
def not_attachable(box: Box) -> None:
    iam = box.client("iam", "operator")
    assert iam.get_policy(PolicyArn=arn(S3))["Policy"]["IsAttachable"] is True
    got = refused(lambda: iam.attach_role_policy(RoleName="NoPermissions", PolicyArn=arn(S3)))
    assert got[0] == "PolicyNotAttachable"


@fact(
    FACTS,
    "2.1",
    "The audit task reads the root user's credentials and the account summary, and nothing more",
    source=POLICIES,
)
def audit(box: Box) -> None:
    iam = as_root(box, LEGACY, AUDIT)("iam")
    for read in ("get_user", "get_login_profile", "list_mfa_devices", "list_signing_certificates"):
        assert getattr(iam, read)()
    assert iam.get_account_summary()["SummaryMap"]
    [key, *_] = iam.list_access_keys()["AccessKeyMetadata"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    denied(
        box,
        AUDIT,
        ("iam", "delete_login_profile", {}),
        ("iam", "create_login_profile", {}),
        ("iam", "list_roles", {}),
        ("s3", "list_buckets", {}),
    )


@fact(FACTS, "2.1", "The audit and delete tasks do not read IAM users", source=POLICIES)
def no_users(box: Box) -> None:
    denied(box, AUDIT, ("iam", "get_user", {"UserName": "someone"}))
    denied(box, DELETE, ("iam", "list_access_keys", {"UserName": "someone"}))


@fact(FACTS, "2.1", "The delete task deletes and reads, but not the account summary", source=POLICIES)
def delete(box: Box) -> None:
    iam = as_root(box, LEGACY, DELETE)("iam")
    for read in ("get_user", "get_login_profile", "list_access_keys", "list_mfa_devices", "list_signing_certificates"):
        assert getattr(iam, read)()
    denied(
        box,
        DELETE,
        ("iam", "get_account_summary", {}),
        ("iam", "create_login_profile", {}),
        ("iam", "create_access_key", {}),
    )


@fact(
    FACTS,
    "2.1",
    "DeleteVirtualMFADevice is listed in the delete task, and denied: its resource is the device",
    verified=False,
)
def virtual_device(box: Box) -> None:
    iam, serial = as_root(box, LEGACY, DELETE)("iam"), f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device"
    iam.deactivate_mfa_device(SerialNumber=serial)
    assert refused(lambda: iam.delete_virtual_mfa_device(SerialNumber=serial))[0] == "AccessDenied"


@fact(FACTS, "2.1", "The password task makes and reads the login profile, and nothing else", source=POLICIES)
def create(box: Box) -> None:
    iam = as_root(box, PAYMENTS, CREATE)("iam")
    iam.create_login_profile()
    assert iam.get_login_profile()
    denied(
        box,
        CREATE,
        ("iam", "delete_login_profile", {}),
        ("iam", "list_access_keys", {}),
        ("iam", "get_user", {}),
        ("iam", "create_login_profile", {"UserName": "someone", "Password": "Correct-Horse-1"}),
    )


@fact(FACTS, "2.1", "The S3 task works on bucket policies and lists buckets, and nothing else", source=POLICIES)
def s3(box: Box) -> None:
    assert as_root(box, PAYMENTS, S3)("s3").list_buckets()["Buckets"]
    assert as_root(box, PAYMENTS, S3)("s3").get_bucket_policy(**EXPORTS)["Policy"]
    denied(
        box,
        S3,
        ("s3", "list_objects_v2", EXPORTS),
        ("s3", "delete_bucket", EXPORTS),
        ("s3", "put_object", {**EXPORTS, "Key": "x"}),
        ("iam", "list_access_keys", {}),
        ("sqs", "list_queues", {}),
        ("organizations", "list_accounts", {}),
    )


@fact(
    FACTS,
    "2.1",
    "The SQS task works on queue attributes of the account's own queues, and nothing else",
    source=POLICIES,
)
def sqs(box: Box) -> None:
    assert as_root(box, PAYMENTS, SQS)("sqs").list_queues()
    denied(box, SQS, ("s3", "list_buckets", {}), ("sqs", "create_queue", {"QueueName": "x"}), ("iam", "get_user", {}))


@fact(FACTS, "2.1", "The task is the ceiling whatever is attached anywhere: the root user's full access is the grant")
def ceiling(box: Box) -> None:
    box.client("iam", "payments-administrator").attach_role_policy(
        RoleName="OrganizationAccountAccessRole", PolicyArn=ADMINISTRATOR
    )
    denied(box, AUDIT, ("iam", "list_roles", {}))


@fact(FACTS, "2.1", "GetCallerIdentity, which needs no permission, answers inside a root session", verified=False)
def caller_identity(box: Box) -> None:
    assert as_root(box, PAYMENTS, AUDIT)("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{PAYMENTS}:root"


@fact(
    FACTS,
    "2.5",
    "A root session makes no user and no role: OrganizationAccountAccessRole cannot be made again with it",
    source=POLICIES,
)
def no_roles(box: Box) -> None:
    denied(
        box,
        DELETE,
        ("iam", "create_user", {"UserName": "intruder"}),
        ("iam", "create_role", {"RoleName": "OrganizationAccountAccessRole", "AssumeRolePolicyDocument": "{}"}),
    )
