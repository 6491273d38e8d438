"""The root user of an account as principal of a root session: aws-facts 2.1 to 2.4."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from refusals import refused

LEGACY, PAYMENTS = "444455556666", "333344445555"
AUDIT, DELETE, CREATE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword"
NO_PROFILE = ("NoSuchEntity", 404, "Login Profile for User null cannot be found.")


def about(days: int, date: datetime) -> bool:
    return abs(datetime.now(UTC) - timedelta(days=days) - date) < timedelta(hours=1)


def test_get_user_names_no_user(root_session):
    """2.2, 3: UserName and Path are absent, PasswordLastUsed is there when the password was used."""
    user = root_session(LEGACY, AUDIT)("iam").get_user()["User"]
    assert user.keys() == {"UserId", "Arn", "CreateDate", "PasswordLastUsed"}
    assert (user["UserId"], user["Arn"]) == (LEGACY, f"arn:aws:iam::{LEGACY}:root")
    assert about(400, user["PasswordLastUsed"])
    unused = root_session("012345678901", AUDIT)("iam").get_user()["User"]
    assert unused.keys() == {"UserId", "Arn", "CreateDate"}
    assert unused["UserId"] == "012345678901"


def test_audit_of_a_full_root_user(root_session):
    """2.2: one read each."""
    iam = root_session(LEGACY, AUDIT)("iam")
    profile = iam.get_login_profile()["LoginProfile"]
    assert profile.keys() == {"CreateDate", "PasswordResetRequired"}
    assert profile["PasswordResetRequired"] is False
    used, unused = [
        iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        for key in iam.list_access_keys()["AccessKeyMetadata"]
    ]
    assert (used["ServiceName"], used["Region"], about(500, used["LastUsedDate"])) == ("s3", "us-east-1", True)
    assert unused == {"ServiceName": "N/A", "Region": "N/A"}
    (certificate,) = iam.list_signing_certificates()["Certificates"]
    assert certificate["CertificateBody"].startswith("-----BEGIN CERTIFICATE-----")
    virtual, hardware = [device["SerialNumber"] for device in iam.list_mfa_devices()["MFADevices"]]
    assert virtual == f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device"
    assert not hardware.startswith("arn:")
    summary = iam.get_account_summary()["SummaryMap"]
    assert [summary[f"Account{flag}"] for flag in ("PasswordPresent", "AccessKeysPresent", "MFAEnabled")] == [1, 1, 1]
    assert summary["AccountSigningCertificatesPresent"] == 1


def test_audit_of_a_clean_root_user(root_session):
    iam = root_session(PAYMENTS, AUDIT)("iam")
    assert refused(iam.get_login_profile) == NO_PROFILE
    assert iam.list_access_keys()["AccessKeyMetadata"] == []
    assert iam.list_signing_certificates()["Certificates"] == []
    assert iam.list_mfa_devices()["MFADevices"] == []
    summary = iam.get_account_summary()["SummaryMap"]
    assert [summary[f"Account{flag}"] for flag in ("PasswordPresent", "AccessKeysPresent", "MFAEnabled")] == [0, 0, 0]


def test_any_role_of_the_account_sees_the_same_flags(sandbox):
    """2.2: iam:GetAccountSummary needs no root session."""
    summary = sandbox.client("iam", "legacy-web-administrator").get_account_summary()["SummaryMap"]
    assert [summary[f"Account{flag}"] for flag in ("PasswordPresent", "AccessKeysPresent", "MFAEnabled")] == [1, 1, 1]


def test_delete_everything_and_read_it_back(sandbox, root_session):
    """2.3: one delete session reads, deletes and reads again."""
    before = sandbox.snapshot()
    iam = root_session(LEGACY, DELETE)("iam")
    for key in iam.list_access_keys()["AccessKeyMetadata"]:
        iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
        assert refused(lambda key=key: iam.delete_access_key(AccessKeyId=key["AccessKeyId"]))[0] == "NoSuchEntity"
    for certificate in iam.list_signing_certificates()["Certificates"]:
        iam.delete_signing_certificate(CertificateId=certificate["CertificateId"])
    iam.delete_login_profile()
    assert refused(iam.delete_login_profile) == NO_PROFILE
    for device in iam.list_mfa_devices()["MFADevices"]:
        iam.deactivate_mfa_device(SerialNumber=device["SerialNumber"])
    assert refused(iam.get_login_profile) == NO_PROFILE
    after = sandbox.snapshot()
    clean = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
    assert after["root_users"].pop(LEGACY) == clean
    before["root_users"].pop(LEGACY)
    assert after == before, "nothing else changed"


def test_deactivated_virtual_device_stays_as_an_entity(sandbox, root_session):
    """2.3: unassigned; an administrator of the account can remove it, the root session cannot."""
    serial = f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device"
    administrator = sandbox.client("iam", "legacy-web-administrator")
    (device,) = administrator.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert device["User"]["Arn"] == f"arn:aws:iam::{LEGACY}:root"
    assert refused(lambda: administrator.delete_virtual_mfa_device(SerialNumber=serial))[0] == "DeleteConflict"
    iam = root_session(LEGACY, DELETE)("iam")
    iam.deactivate_mfa_device(SerialNumber=serial)
    (device,) = administrator.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert device["SerialNumber"] == serial
    assert refused(lambda: iam.delete_virtual_mfa_device(SerialNumber=serial))[0] == "AccessDenied"
    administrator.delete_virtual_mfa_device(SerialNumber=serial)
    assert administrator.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_password_recovery(sandbox, root_session):
    """2.4: open, open again, read, close."""
    iam = root_session(PAYMENTS, CREATE)("iam")
    assert refused(iam.get_login_profile) == NO_PROFILE
    assert iam.create_login_profile()["LoginProfile"].keys() == {"CreateDate", "PasswordResetRequired"}
    assert refused(iam.create_login_profile) == (
        "EntityAlreadyExists",
        409,
        f"Login Profile for account {PAYMENTS} already exists.",
    )
    assert iam.get_login_profile()["LoginProfile"]["PasswordResetRequired"] is False
    summary = sandbox.client("iam", "payments-administrator").get_account_summary()["SummaryMap"]
    assert summary["AccountPasswordPresent"] == 1
    root_session(PAYMENTS, DELETE)("iam").delete_login_profile()
    assert sandbox.snapshot()["root_users"][PAYMENTS]["password"] is False


def test_a_password_may_not_be_given(root_session):
    iam = root_session(PAYMENTS, CREATE)("iam")
    assert refused(lambda: iam.create_login_profile(Password="Correct-Horse-1"))[0] == "ValidationError"


@pytest.mark.parametrize(
    ("task", "service", "operation", "parameters"),
    [
        pytest.param(AUDIT, "iam", "delete_login_profile", {}, id="2.1 audit deletes nothing"),
        pytest.param(AUDIT, "iam", "create_login_profile", {}, id="2.1 audit opens no recovery"),
        pytest.param(DELETE, "iam", "get_account_summary", {}, id="2.1 delete reads no summary"),
        pytest.param(DELETE, "iam", "list_access_keys", {"UserName": "someone"}, id="2.1 delete reads no users"),
        pytest.param(AUDIT, "iam", "get_user", {"UserName": "someone"}, id="2.1 audit reads no users"),
        pytest.param(CREATE, "iam", "list_access_keys", {}, id="2.1 create lists no keys"),
        pytest.param(DELETE, "iam", "create_user", {"UserName": "intruder"}, id="2.5 no users"),
        pytest.param(
            DELETE,
            "iam",
            "create_role",
            {"RoleName": "OrganizationAccountAccessRole", "AssumeRolePolicyDocument": "{}"},
            id="2.5 no roles",
        ),
        pytest.param(AUDIT, "s3", "list_buckets", {}, id="2.1 audit sees no buckets"),
        pytest.param("S3UnlockBucketPolicy", "iam", "list_access_keys", {}, id="2.1 unlock sees no keys"),
        pytest.param("S3UnlockBucketPolicy", "sqs", "list_queues", {}, id="2.1 bucket task sees no queues"),
        pytest.param(
            "S3UnlockBucketPolicy",
            "s3",
            "list_objects_v2",
            {"Bucket": "payments-exports-333344445555"},
            id="3.1 no objects",
        ),
        pytest.param(
            "S3UnlockBucketPolicy",
            "s3",
            "get_bucket_location",
            {"Bucket": "payments-exports-333344445555"},
            id="3.1 no location",
        ),
        pytest.param(
            "S3UnlockBucketPolicy",
            "s3",
            "delete_bucket",
            {"Bucket": "payments-exports-333344445555"},
            id="2.5 no bucket deletion",
        ),
        pytest.param("S3UnlockBucketPolicy", "organizations", "list_accounts", {}, id="2.1 no organization"),
    ],
)
def test_task_policies_are_the_ceiling(root_session, task, service, operation, parameters):
    client = root_session(PAYMENTS, task)(service)
    code, _, text = refused(lambda: getattr(client, operation)(**parameters))
    assert code in ("AccessDenied", "AccessDeniedException")
    assert f"arn:aws:iam::{PAYMENTS}:root is not authorized" in text


def test_the_wrong_session_is_dangerous(sandbox):
    """2.3: a call without UserName acts on whoever makes it."""
    engineer = sandbox.client("iam", "engineer")
    (key,) = engineer.list_access_keys()["AccessKeyMetadata"]
    assert key["AccessKeyId"] == sandbox.credentials("engineer")["access_key"]
    engineer.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert refused(engineer.list_access_keys) == (
        "InvalidClientTokenId",
        403,
        "The security token included in the request is invalid.",
    )


@pytest.mark.parametrize("operation", ["get_user", "list_access_keys", "get_login_profile", "list_mfa_devices"])
def test_sessions_of_roles_have_no_user(sandbox, operation):
    iam = sandbox.client("iam", "operator")
    assert refused(getattr(iam, operation)) == (
        "ValidationError",
        400,
        "Must specify userName when calling with non-User credentials",
    )


def test_task_policies_are_aws_s(sandbox):
    """2.1: the documents come from moto's copy of AWS's, and deny only."""
    iam = sandbox.client("iam", "operator")
    for task in (AUDIT, CREATE, DELETE, "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"):
        arn = f"arn:aws:iam::aws:policy/root-task/{task}"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        statements = (document if isinstance(document, dict) else json.loads(document))["Statement"]
        assert {statement["Effect"] for statement in statements} == {"Deny"}
        assert version == "v1"
