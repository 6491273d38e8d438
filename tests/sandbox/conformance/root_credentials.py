"""The root user's credentials: audit, deletion, password recovery, and the traps (aws-facts 2.2 to 2.5)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.facts import ENABLE, LOST_MFA, MODEL, RECORDED, ROOT_USER, TASKS, Fact, fact
from conformance.steps import MANAGEMENT, as_root, control, records
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
LEGACY, PAYMENTS, DATA_LAKE = "444455556666", "333344445555", "012345678901"
AUDIT, DELETE, CREATE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword"
NO_PROFILE = ("NoSuchEntity", 404, "Login Profile for User null cannot be found.")
FLAGS = ("PasswordPresent", "AccessKeysPresent", "SigningCertificatesPresent", "MFAEnabled")
VIRTUAL = f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device"


def about(days: int, date: datetime) -> bool:
    return abs(datetime.now(UTC) - timedelta(days=days) - date) < timedelta(hours=1)


def flags(iam: Any) -> list[int]:
    summary = iam.get_account_summary()["SummaryMap"]
    return [summary[f"Account{flag}"] for flag in FLAGS]


def report(box: Box) -> dict[str, str]:
    """The root user's row of the credential report, read by the account's administrator."""
    iam = box.client("iam", "payments-administrator")
    iam.generate_credential_report()
    [row, *_] = csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))
    assert row["user"] == "<root_account>"
    return row


# 2.2: audit


@fact(FACTS, "2.2", "GetUser answers UserId, Arn and CreateDate; UserName and Path are absent", source=RECORDED)
def get_user(box: Box) -> None:
    user = as_root(box, DATA_LAKE, AUDIT)("iam").get_user()["User"]
    assert user.keys() == {"UserId", "Arn", "CreateDate"}
    assert (user["UserId"], user["Arn"]) == (DATA_LAKE, f"arn:aws:iam::{DATA_LAKE}:root")


@fact(FACTS, "2.2", "PasswordLastUsed is there only when the password was used", source=MODEL)
def password_last_used(box: Box) -> None:
    assert about(400, as_root(box, LEGACY, AUDIT)("iam").get_user()["User"]["PasswordLastUsed"])


@fact(
    FACTS, "2.2", "GetLoginProfile answers CreateDate and PasswordResetRequired false, and no UserName", source=RECORDED
)
def login_profile(box: Box) -> None:
    profile = as_root(box, LEGACY, AUDIT)("iam").get_login_profile()["LoginProfile"]
    assert profile.keys() == {"CreateDate", "PasswordResetRequired"}
    assert profile["PasswordResetRequired"] is False


@fact(
    FACTS, "2.2", "Without a login profile: NoSuchEntity, Login Profile for User null cannot be found.", source=RECORDED
)
def no_login_profile(box: Box) -> None:
    assert refused(as_root(box, PAYMENTS, AUDIT)("iam").get_login_profile) == NO_PROFILE


@fact(
    FACTS,
    "2.2",
    "GetAccountSummary's four flags answer whether there is a password, a key, a certificate, an MFA device",
)
def account_summary(box: Box) -> None:
    assert flags(as_root(box, LEGACY, AUDIT)("iam")) == [1, 1, 1, 1]
    assert flags(as_root(box, PAYMENTS, AUDIT)("iam")) == [0, 0, 0, 0]


@fact(FACTS, "2.2", "Any role of the account that may call GetAccountSummary sees the same flags", source=ENABLE)
def same_flags(box: Box) -> None:
    assert flags(box.client("iam", "legacy-web-administrator")) == [1, 1, 1, 1]


@fact(
    FACTS,
    "2.2",
    "ListAccessKeys needs no UserName in a root session; empty lists are answered as such",
    source=RECORDED,
)
def empty_lists(box: Box) -> None:
    iam = as_root(box, PAYMENTS, AUDIT)("iam")
    assert iam.list_access_keys()["AccessKeyMetadata"] == []
    assert iam.list_signing_certificates()["Certificates"] == []
    assert iam.list_mfa_devices()["MFADevices"] == []


@fact(FACTS, "2.2", "Entries of a root user's keys, certificates and MFA devices have no UserName", verified=False)
def entries(box: Box) -> None:
    iam = as_root(box, LEGACY, AUDIT)("iam")
    for entry in (
        *iam.list_access_keys()["AccessKeyMetadata"],
        *iam.list_signing_certificates()["Certificates"],
        *iam.list_mfa_devices()["MFADevices"],
    ):
        assert "UserName" not in entry


@fact(FACTS, "2.2", "GetAccessKeyLastUsed: a key that was never used has N/A and no date", source=MODEL)
def key_last_used(box: Box) -> None:
    iam = as_root(box, LEGACY, AUDIT)("iam")
    used, unused = [
        iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        for key in iam.list_access_keys()["AccessKeyMetadata"]
    ]
    assert (used["ServiceName"], used["Region"], about(500, used["LastUsedDate"])) == ("s3", "us-east-1", True)
    assert unused == {"ServiceName": "N/A", "Region": "N/A"}


@fact(FACTS, "2.2", "Use of a root access key shows in its LastUsed: when, which service, which Region", source=MODEL)
def key_use_shows(box: Box) -> None:
    box.client("s3", "nightly-job").list_buckets()
    iam = as_root(box, "555566667777", AUDIT)("iam")
    [key] = iam.list_access_keys()["AccessKeyMetadata"]
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"], about(0, used["LastUsedDate"])) == ("s3", "us-east-1", True)


@fact(FACTS, "2.2", "ListSigningCertificates answers the certificate's body", source=MODEL)
def certificates(box: Box) -> None:
    [certificate] = as_root(box, LEGACY, AUDIT)("iam").list_signing_certificates()["Certificates"]
    assert certificate["CertificateBody"].startswith("-----BEGIN CERTIFICATE-----")


@fact(
    FACTS,
    "2.2",
    "AccountPasswordPresent is 1 after CreateLoginProfile although no person knows a password",
    source=RECORDED,
)
def password_present(box: Box) -> None:
    as_root(box, PAYMENTS, CREATE)("iam").create_login_profile()
    assert flags(as_root(box, PAYMENTS, AUDIT)("iam"))[0] == 1


@fact(
    FACTS,
    "2.2",
    "The credential report's root row: after CreateLoginProfile password_last_used is no_information",
    source=RECORDED,
)
def credential_report(box: Box) -> None:
    assert report(box)["password_enabled"] == "false"
    made = as_root(box, PAYMENTS, CREATE)("iam").create_login_profile()["LoginProfile"]["CreateDate"]
    row = report(box)
    assert (row["password_enabled"], row["password_last_used"], row["mfa_active"]) == (
        "true",
        "no_information",
        "false",
    )
    assert datetime.fromisoformat(row["password_last_changed"]) == made


# 2.3: deletion


@fact(FACTS, "2.3", "One session of the delete task reads, deletes and reads again; nothing else changes", source=TASKS)
def delete_everything(box: Box) -> None:
    before = box.snapshot()
    iam = as_root(box, LEGACY, DELETE)("iam")
    for key in iam.list_access_keys()["AccessKeyMetadata"]:
        iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    for certificate in iam.list_signing_certificates()["Certificates"]:
        iam.delete_signing_certificate(CertificateId=certificate["CertificateId"])
    iam.delete_login_profile()
    for device in iam.list_mfa_devices()["MFADevices"]:
        iam.deactivate_mfa_device(SerialNumber=device["SerialNumber"])
    assert refused(iam.get_login_profile) == NO_PROFILE
    after = box.snapshot()
    clean = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
    assert after["root_users"].pop(LEGACY) == clean
    before["root_users"].pop(LEGACY)
    assert after == before


@fact(FACTS, "2.3", "What is gone already answers NoSuchEntity", source=MODEL)
def gone_already(box: Box) -> None:
    iam = as_root(box, PAYMENTS, DELETE)("iam")
    assert refused(iam.delete_login_profile) == NO_PROFILE
    for call in (
        lambda: iam.delete_access_key(AccessKeyId="AKIAQQQQQQQQQQQQQQQQ"),
        lambda: iam.delete_signing_certificate(CertificateId="A" * 24),
        lambda: iam.deactivate_mfa_device(SerialNumber=VIRTUAL),
    ):
        assert refused(call)[:2] == ("NoSuchEntity", 404)


@fact(FACTS, "2.3", "The account is the session's: a call without UserName acts on its caller", source=MODEL)
def wrong_session(box: Box) -> None:
    engineer = box.client("iam", "engineer")
    [key] = engineer.list_access_keys()["AccessKeyMetadata"]
    assert key["AccessKeyId"] == box.credentials("engineer")["access_key"]
    engineer.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert refused(engineer.list_access_keys)[0] == "InvalidClientTokenId"


@fact(FACTS, "2.3", "A session of a role has no user to act on: ValidationError", source="public reports")
def role_sessions(box: Box) -> None:
    iam = box.client("iam", "operator")
    text = "Must specify userName when calling with non-User credentials"
    for operation in ("get_user", "list_access_keys", "get_login_profile", "list_mfa_devices"):
        assert refused(getattr(iam, operation)) == ("ValidationError", 400, text)


@fact(
    FACTS,
    "2.3",
    "Nothing brings deleted credentials back: a new login profile has neither old password nor MFA",
    source=ENABLE,
)
def no_restore(box: Box) -> None:
    iam = as_root(box, LEGACY, DELETE)("iam")
    iam.delete_login_profile()
    for device in iam.list_mfa_devices()["MFADevices"]:
        iam.deactivate_mfa_device(SerialNumber=device["SerialNumber"])
    as_root(box, LEGACY, CREATE)("iam").create_login_profile()
    assert "PasswordLastUsed" not in iam.get_user()["User"]
    assert iam.list_mfa_devices()["MFADevices"] == []


@fact(FACTS, "2.3", "A virtual device's serial is its ARN; a hardware token has its vendor's", verified=False)
def serials(box: Box) -> None:
    devices = as_root(box, LEGACY, AUDIT)("iam").list_mfa_devices()["MFADevices"]
    assert [device["SerialNumber"].startswith("arn:") for device in devices] == [True, False]
    assert devices[0]["SerialNumber"] == VIRTUAL


@fact(
    FACTS,
    "2.3",
    "A deactivated virtual device stays as an entity, which an administrator of the account can delete",
    source=LOST_MFA,
)
def leftover_device(box: Box) -> None:
    administrator = box.client("iam", "legacy-web-administrator")
    [device] = administrator.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert device["User"]["Arn"] == f"arn:aws:iam::{LEGACY}:root"
    as_root(box, LEGACY, DELETE)("iam").deactivate_mfa_device(SerialNumber=VIRTUAL)
    [device] = administrator.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert device["SerialNumber"] == VIRTUAL
    administrator.delete_virtual_mfa_device(SerialNumber=VIRTUAL)
    assert administrator.list_virtual_mfa_devices()["VirtualMFADevices"] == []


@fact(FACTS, "2.3", "A device that is still enabled cannot be deleted: DeleteConflict", source=MODEL)
def device_in_use(box: Box) -> None:
    administrator = box.client("iam", "legacy-web-administrator")
    assert refused(lambda: administrator.delete_virtual_mfa_device(SerialNumber=VIRTUAL))[:2] == ("DeleteConflict", 409)


# 2.4: password recovery


@fact(FACTS, "2.4", "CreateLoginProfile without a name and a password; the answer has no UserName", source=RECORDED)
def allow_recovery(box: Box) -> None:
    iam = as_root(box, PAYMENTS, CREATE)("iam")
    assert refused(iam.get_login_profile) == NO_PROFILE
    assert iam.create_login_profile()["LoginProfile"].keys() == {"CreateDate", "PasswordResetRequired"}
    assert iam.get_login_profile()["LoginProfile"]["PasswordResetRequired"] is False


@fact(FACTS, "2.4", "A password must be omitted in a root session", source=MODEL)
def no_password(box: Box) -> None:
    iam = as_root(box, PAYMENTS, CREATE)("iam")
    assert refused(lambda: iam.create_login_profile(Password="Correct-Horse-1"))[0] == "ValidationError"


@fact(
    FACTS,
    "2.4",
    "It is there already: EntityAlreadyExists, Login Profile for account ... already exists.",
    source=RECORDED,
)
def recovery_allowed_already(box: Box) -> None:
    iam = as_root(box, PAYMENTS, CREATE)("iam")
    iam.create_login_profile()
    text = f"Login Profile for account {PAYMENTS} already exists."
    assert refused(iam.create_login_profile) == ("EntityAlreadyExists", 409, text)


@fact(
    FACTS, "2.4", "The condition is that there is no login profile; keys and MFA devices do not matter", verified=False
)
def recovery_beside_keys(box: Box) -> None:
    as_root(box, LEGACY, DELETE)("iam").delete_login_profile()
    assert as_root(box, LEGACY, CREATE)("iam").create_login_profile()["LoginProfile"]


@fact(FACTS, "2.4", "The delete task undoes it", source=RECORDED)
def recovery_undone(box: Box) -> None:
    as_root(box, PAYMENTS, CREATE)("iam").create_login_profile()
    as_root(box, PAYMENTS, DELETE)("iam").delete_login_profile()
    assert box.snapshot()["root_users"][PAYMENTS]["password"] is False


# 2.5: the traps


@fact(FACTS, "2.5", "ListAccounts has the management account among the others", source=MODEL)
def management_is_listed(box: Box) -> None:
    accounts = box.client("organizations", "operator").list_accounts()["Accounts"]
    assert MANAGEMENT in {account["Id"] for account in accounts}


@fact(FACTS, "2.5", "A suspended account cannot be reached, whatever is in it", verified=False)
def suspended(box: Box) -> None:
    assert refused(lambda: as_root(box, "666677778888", AUDIT))[0] == "AccessDenied"


@fact(FACTS, "2.5", "Root sessions still open in an account in PENDING_CLOSURE")
def pending_closure(box: Box) -> None:
    control(box, "POST", "behaviour", {"closure": "1 hour"})
    box.client("organizations", "operator").close_account(AccountId=LEGACY)
    account = box.client("organizations", "operator").describe_account(AccountId=LEGACY)["Account"]
    assert account["State"] == "PENDING_CLOSURE"
    assert as_root(box, LEGACY, AUDIT)("iam").get_user()


@fact(
    FACTS,
    "2.5",
    "A root access key is the root user: everything in its account, until an SCP says otherwise",
    source=ROOT_USER,
)
def root_access_key(box: Box) -> None:
    iam = box.client("iam", "nightly-job")
    assert iam.get_user()["User"]["UserId"] == "555566667777"
    iam.create_user(UserName="made-by-root")
    assert iam.list_users()["Users"]


@fact(
    FACTS, "4.1", "Calls by a root access key are type Root with that key, and have no sessionContext", source=ROOT_USER
)
def root_key_events(box: Box) -> None:
    box.client("iam", "nightly-job").list_roles()
    [event] = records(box.client("cloudtrail", "reports-administrator"), EventName="ListRoles")
    identity = event["userIdentity"]
    assert (identity["type"], identity["principalId"]) == ("Root", "555566667777")
    assert identity["accessKeyId"] == box.credentials("nightly-job")["access_key"]
    assert "sessionContext" not in identity
