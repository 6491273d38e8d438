"""What people do in a browser: reset the root password, sign in, register MFA, complete an account (aws-facts 2.4, 5a).

The texts of AWS's sign-in pages are from a public test protocol of root access removal (2026-09-06).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError

import pytest
from conformance.facts import LOST_MFA, Fact, fact
from conformance.steps import attach_scp, clients_of, control, records, root_session
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, DATA_LAKE, LEGACY, SPIN_OFF, VAULT = (
    "333344445555",
    "012345678901",
    "444455556666",
    "343434343434",
    "777788889999",
)
FAILED = (
    "Authentication failed. Your root user credentials are not valid or sign-in as root is currently disabled for this "
    "account. Please reach out to your administrator for further assistance."
)
NO_RECOVERY = (
    "Password recovery failed. Password recovery is disabled for your AWS account. "
    "Please contact your administrator for further assistance."
)


def person(box: Box, who: str, step: str, **given: str) -> Any:
    return control(box, "POST", f"person/{who}/{step}", given)


def turned_away(box: Box, who: str, step: str, **given: str) -> dict[str, Any]:
    """What a person is shown who is refused."""
    with pytest.raises(HTTPError) as caught:
        person(box, who, step, **given)
    assert caught.value.code == 403
    return dict(json.load(caught.value))


def allow_recovery(box: Box, account: str) -> None:
    """Create a login profile without a password, as the task IAMCreateRootUserPassword does."""
    session = root_session(box, account, "IAMCreateRootUserPassword")
    clients_of(box, session)("iam").create_login_profile()


def reset(box: Box, who: str) -> None:
    person(box, who, "request_password_reset")
    person(box, who, "set_password", password="a new one")


def console(box: Box, who: str, **given: str) -> Any:
    """Clients of a root user who signed in."""
    return clients_of(box, person(box, who, "sign_in", **given))


@fact(FACTS, "2.4", "Without a login profile the reset mail comes, and its link is refused")
def no_recovery(sandbox: Box) -> None:
    answer = person(sandbox, "payments", "request_password_reset")
    assert answer["message"].startswith("Password email sent. ")
    [mail] = control(sandbox, "GET", "person/aws+payments@example.com/mailbox")
    assert mail["code"]
    assert turned_away(sandbox, "payments", "set_password")["error"] == NO_RECOVERY
    assert sandbox.snapshot()["root_users"][PAYMENTS]["password"] is False


@fact(FACTS, "2.4", "CreateLoginProfile in a root session allows password recovery, and is no password anybody knows")
def recovery(sandbox: Box) -> None:
    allow_recovery(sandbox, PAYMENTS)
    assert turned_away(sandbox, "payments", "sign_in")["error"] == FAILED
    reset(sandbox, "payments")
    client = console(sandbox, "payments", password="a new one")
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{PAYMENTS}:root"


@fact(FACTS, "2.4", "A reset link is good once; without a mail there is none")
def one_link_one_reset(sandbox: Box) -> None:
    allow_recovery(sandbox, PAYMENTS)
    assert "request one first" in turned_away(sandbox, "payments", "set_password")["error"]
    reset(sandbox, "payments")
    assert "request one first" in turned_away(sandbox, "payments", "set_password")["error"]


@fact(FACTS, "2.4", "An account without a root password, and a wrong password, are refused with one and the same text")
def sign_in_refused(sandbox: Box) -> None:
    assert turned_away(sandbox, "payments", "sign_in", password="guess")["error"] == FAILED
    assert turned_away(sandbox, "data-lake", "sign_in", password="guess")["error"] == FAILED


@fact(FACTS, "2.5", "A suspended account's root user cannot sign in", verified=False)
def suspended(sandbox: Box) -> None:
    assert turned_away(sandbox, "closed-shop", "sign_in")["error"] == FAILED


@fact(FACTS, "7.8", "An SCP that denies root users everything keeps them from signing in", verified=False)
def denied_by_scp(sandbox: Box) -> None:
    assert turned_away(sandbox, "vault", "sign_in")["error"] == FAILED


@fact(FACTS, "7.8", "An SCP that denies Regions and exempts IAM leaves the root user its sign-in", verified=False)
def denied_regions(sandbox: Box) -> None:
    condition = {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}
    exempt = ["iam:*", "organizations:*", "sts:*"]
    attach_scp(sandbox, DATA_LAKE, {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": condition})
    assert console(sandbox, "data-lake")("iam").list_roles()["Roles"]


@fact(FACTS, "7.8", "An SCP that exempts sessions of AssumeRoot still blocks a person's root sign-in", verified=False)
def denied_but_for_sessions(sandbox: Box) -> None:
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
    attach_scp(sandbox, DATA_LAKE, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})
    assert turned_away(sandbox, "data-lake", "sign_in")["error"] == FAILED
    session = root_session(sandbox, DATA_LAKE, "IAMAuditRootUserCredentials")
    assert clients_of(sandbox, session)("iam").get_login_profile()["LoginProfile"]


@fact(FACTS, "7.8", "SCPs bind the sessions of root users who are signed in, at each request", verified=False)
def denied_at_each_request(sandbox: Box) -> None:
    client = console(sandbox, "data-lake")
    assert client("iam").list_roles()["Roles"]
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}
    attach_scp(sandbox, DATA_LAKE, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})
    assert refused(client("iam").list_roles)[0] == "AccessDenied"


@fact(FACTS, "2.6", "A person's root session has no aws:AssumedRoot, a session of AssumeRoot has")
def no_assumed_root(sandbox: Box) -> None:
    client = console(sandbox, "data-lake")
    condition = {"Null": {"aws:AssumedRoot": "true"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}
    attach_scp(sandbox, DATA_LAKE, {"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*", "Condition": condition})
    assert refused(client("iam").get_user)[0] == "AccessDenied"
    session = root_session(sandbox, DATA_LAKE, "IAMAuditRootUserCredentials")
    assert clients_of(sandbox, session)("iam").get_user()["User"]["UserId"] == DATA_LAKE


@fact(FACTS, "5a", "Where MFA devices are registered, the code of one is asked for")
def mfa_asked(sandbox: Box) -> None:
    asked = turned_away(sandbox, "spin-off", "sign_in")
    [serial] = asked["mfa_devices"]
    assert asked["error"].startswith("Multi-factor authentication")
    assert "incorrect" in turned_away(sandbox, "spin-off", "sign_in", mfa="arn:aws:iam::1:mfa/x")["error"]
    assert console(sandbox, "spin-off", mfa=serial)("iam").get_user()["User"]["UserId"] == SPIN_OFF


@fact(FACTS, "5a", "No one signs in with a lost device, until a root session has removed it")
def mfa_lost(sandbox: Box) -> None:
    [serial] = turned_away(sandbox, "spin-off", "sign_in")["mfa_devices"]
    person(sandbox, "spin-off", "lose_mfa")
    assert "incorrect" in turned_away(sandbox, "spin-off", "sign_in", mfa=serial)["error"]
    session = root_session(sandbox, SPIN_OFF, "IAMDeleteRootUserCredentials")
    clients_of(sandbox, session)("iam").deactivate_mfa_device(SerialNumber=serial)
    assert console(sandbox, "spin-off")("sts").get_caller_identity()["Account"] == SPIN_OFF


@fact(FACTS, "5a", "A root user who is signed in registers a new MFA device; no one else can")
def enrolment(sandbox: Box) -> None:
    assert "sign in" in turned_away(sandbox, "data-lake", "enrol_mfa")["error"]
    client = console(sandbox, "data-lake")
    serial = person(sandbox, "data-lake", "enrol_mfa", name="phone")["serial"]
    assert serial == f"arn:aws:iam::{DATA_LAKE}:mfa/phone"
    assert [one["SerialNumber"] for one in client("iam").list_mfa_devices()["MFADevices"]] == [serial]
    assert turned_away(sandbox, "data-lake", "sign_in")["mfa_devices"] == [serial]


@fact(FACTS, "2.3", "A deactivated device's entity stays and collides with a new one of its name", verified=False)
def leftover_entity(sandbox: Box) -> None:
    serial = turned_away(sandbox, "spin-off", "sign_in")["mfa_devices"][0]
    client = console(sandbox, "spin-off", mfa=serial)
    client("iam").deactivate_mfa_device(SerialNumber=serial)
    assert "already exists" in turned_away(sandbox, "spin-off", "enrol_mfa")["error"]
    sandbox.client("iam", "spin-off-administrator").delete_virtual_mfa_device(SerialNumber=serial)
    assert person(sandbox, "spin-off", "enrol_mfa")["serial"] == serial


@fact(FACTS, "2.3", "A root user has 8 MFA devices at most", source=LOST_MFA)
def device_limit(sandbox: Box) -> None:
    person(sandbox, "data-lake", "sign_in")
    for number in range(8):
        person(sandbox, "data-lake", "enrol_mfa", name=f"key-{number}")
    assert "up to 8" in turned_away(sandbox, "data-lake", "enrol_mfa", name="key-8")["error"]


@fact(FACTS, "5b", "A root user who signed in can do what no task policy allows, such as making an administrator role")
def root_only_task(sandbox: Box) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = console(sandbox, "data-lake")("iam")
    iam.create_role(RoleName="Rescue", AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName="Rescue", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    role = f"arn:aws:iam::{DATA_LAKE}:role/Rescue"
    assert sandbox.client("sts", "engineer").assume_role(RoleArn=role, RoleSessionName="engineer")["Credentials"]


@fact(FACTS, "5h", "A root user who signed in makes access keys, two at most; a root session cannot")
def root_keys(sandbox: Box) -> None:
    session = root_session(sandbox, DATA_LAKE, "IAMDeleteRootUserCredentials")
    assert refused(clients_of(sandbox, session)("iam").create_access_key)[0] == "AccessDenied"
    iam = console(sandbox, "data-lake")("iam")
    key = iam.create_access_key()["AccessKey"]
    used = sandbox.client_with("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert used.get_caller_identity()["Arn"] == f"arn:aws:iam::{DATA_LAKE}:root"
    iam.create_access_key()
    assert refused(iam.create_access_key)[:2] == ("LimitExceeded", 409)


@fact(FACTS, "2.2", "Signing in is seen in GetUser's PasswordLastUsed")
def last_used(sandbox: Box) -> None:
    iam = console(sandbox, "data-lake")("iam")
    assert iam.get_user()["User"]["PasswordLastUsed"]


@fact(
    FACTS, "4.1", "The member's trail has PasswordRecoveryRequested and ConsoleLogin of the root user, refused ones too"
)
def sign_in_events(sandbox: Box) -> None:
    allow_recovery(sandbox, PAYMENTS)
    turned_away(sandbox, "payments", "sign_in", password="guess")
    reset(sandbox, "payments")
    console(sandbox, "payments")
    trail = sandbox.client("cloudtrail", "payments-administrator")
    [asked] = records(trail, EventName="PasswordRecoveryRequested")
    assert (asked["eventSource"], asked["userIdentity"]["type"]) == ("signin.amazonaws.com", "Root")
    logins = records(trail, EventName="ConsoleLogin")
    assert [one["responseElements"]["ConsoleLogin"] for one in logins] == ["Success", "Failure"]
    assert logins[0]["additionalEventData"]["MFAUsed"] == "No"


@fact(FACTS, "5c", "Where IAM has no access to billing, the root user alone adds a payment method")
def billing_access(sandbox: Box) -> None:
    made = sandbox.client("organizations", "operator")
    asked = made.create_account(AccountName="strict", Email="strict@example.com", IamUserAccessToBilling="DENY")
    status = made.describe_create_account_status(CreateAccountRequestId=asked["CreateAccountStatus"]["Id"])
    account = status["CreateAccountStatus"]["AccountId"]
    assert "billing" in turned_away(sandbox, account, "add_payment_method")["error"]
    allow_recovery(sandbox, account)
    reset(sandbox, account)
    assert "root user" in turned_away(sandbox, account, "activate_billing_access")["error"]
    console(sandbox, account)
    person(sandbox, account, "activate_billing_access")
    assert person(sandbox, account, "add_payment_method")["payment_method"] == "valid"


@fact(
    FACTS, "5a", "The whole of a lost MFA: delete what is left, allow recovery, reset by mail, sign in, register anew"
)
def lost_mfa(sandbox: Box) -> None:
    person(sandbox, "legacy-web", "lose_mfa")
    session = clients_of(sandbox, root_session(sandbox, LEGACY, "IAMDeleteRootUserCredentials"))("iam")
    session.delete_login_profile()
    for device in session.list_mfa_devices()["MFADevices"]:
        session.deactivate_mfa_device(SerialNumber=device["SerialNumber"])
    allow_recovery(sandbox, LEGACY)
    reset(sandbox, "legacy-web")
    console(sandbox, "legacy-web", password="a new one")
    serial = person(sandbox, "legacy-web", "enrol_mfa", name="new-phone")["serial"]
    assert console(sandbox, "legacy-web", mfa=serial)("sts").get_caller_identity()["Account"] == LEGACY


@fact(
    FACTS,
    "5a",
    "A signed-in person stays root when the password is deleted, until they sign out or 12 hours pass",
    verified=False,
)
def a_sign_in_outlives_the_password(sandbox: Box) -> None:
    browser = console(sandbox, "data-lake")
    deleter = clients_of(sandbox, root_session(sandbox, DATA_LAKE, "IAMDeleteRootUserCredentials"))("iam")
    deleter.delete_login_profile()
    assert browser("sts").get_caller_identity()["Account"] == DATA_LAKE
    person(sandbox, "data-lake", "sign_out")
    assert refused(browser("sts").get_caller_identity)[0] == "ExpiredToken"
    assert "sign in as the root user first" in turned_away(sandbox, "data-lake", "sign_out")["error"]
