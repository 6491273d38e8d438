"""Accounts that come and go: created, invited, transferred, removed, closed (aws-facts 5c, 1.5, 2.5, 4.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance.facts import Fact, fact
from conformance.steps import DELEGATE, MANAGEMENT, attach_scp, clients_of, control, records, serving, settle
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
NEWCOMER, NO_CARD, SPIN_OFF = "246824682468", "121212121212", "343434343434"
CLOSED_SHOP, REPORTS, DATA_LAKE, PAYMENTS = "666677778888", "555566667777", "012345678901", "333344445555"
MISSING = (
    "The member account is missing one or more of the prerequisites required to operate as a standalone account. "
    "To add what is missing, sign-in to the member account using the AWS Organizations console, then select to leave "
    "the organization. You will then be prompted to enter any missing information."
)
NOT_IN_USE = ("AWSOrganizationsNotInUseException", 400, "Your account is not a member of an organization.")
DENIED = ("AccessDeniedException", 400, "You don't have permissions to access this resource.")


def manager(box: Box) -> Any:
    return box.client("organizations", "operator")


def reason(call: Callable[[], Any]) -> str:
    """The Reason of the ConstraintViolationException a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Reason"])


def create(box: Box, name: str = "fresh", **options: Any) -> str:
    organizations = manager(box)
    asked = organizations.create_account(AccountName=name, Email=f"{name}@example.com", **options)
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["CreateAccountStatus"]["Id"])
    return str(status["CreateAccountStatus"]["AccountId"])


def person(box: Box, who: str, step: str, **given: str) -> Any:
    return control(box, "POST", f"person/{who}/{step}", given)


def state_of(box: Box, account: str) -> str:
    return str(manager(box).describe_account(AccountId=account)["Account"]["State"])


def service_event(box: Box, name: str, client: str = "operator") -> dict[str, Any]:
    return dict(records(box.client("cloudtrail", client), EventName=name)[0])


# Creating


@fact(FACTS, "5c", "CreateAccount is asynchronous: IN_PROGRESS, then SUCCEEDED with the account's ID")
def creation(sandbox: Box) -> None:
    organizations = manager(sandbox)
    asked = organizations.create_account(AccountName="fresh", Email="fresh@example.com")["CreateAccountStatus"]
    assert (asked["State"], "AccountId" in asked) == ("IN_PROGRESS", False)
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
    account = organizations.describe_account(AccountId=status["AccountId"])["Account"]
    assert (status["State"], account["Name"], account["JoinedMethod"]) == ("SUCCEEDED", "fresh", "CREATED")
    assert organizations.list_create_account_status(States=["SUCCEEDED"])["CreateAccountStatuses"] == [status]
    assert organizations.list_parents(ChildId=account["Id"])["Parents"][0]["Type"] == "ROOT"


@fact(FACTS, "5c", "An account's creation takes as long as it takes")
def slow_creation(sandbox: Box) -> None:
    settle(sandbox, account_creation="1 hour")
    organizations = manager(sandbox)
    asked = organizations.create_account(AccountName="fresh", Email="fresh@example.com")["CreateAccountStatus"]
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
    assert (status["State"], "AccountId" in status) == ("IN_PROGRESS", False)


@fact(FACTS, "5b", "A created account has OrganizationAccountAccessRole, or the role named in CreateAccount")
def access_role(sandbox: Box) -> None:
    for options, role in (({}, "OrganizationAccountAccessRole"), ({"RoleName": "Rescue"}, "Rescue")):
        account = create(sandbox, f"with-{role.lower()}", **options)
        credentials = sandbox.client("sts", "engineer").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="engineer"
        )["Credentials"]
        iam = clients_of(sandbox, credentials)("iam")
        assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == [role]


@fact(FACTS, "2.5", "An account created through Organizations has no root credentials")
def created_without_root_credentials(sandbox: Box) -> None:
    account = create(sandbox)
    assert sandbox.snapshot()["root_users"][account] == {
        "password": False,
        "access_keys": [],
        "signing_certificates": [],
        "mfa_devices": [],
    }


@fact(FACTS, "5c", "An e-mail address that has an account makes the creation fail with EMAIL_ALREADY_EXISTS")
def creation_fails(sandbox: Box) -> None:
    organizations = manager(sandbox)
    asked = organizations.create_account(AccountName="again", Email="aws+payments@example.com")["CreateAccountStatus"]
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
    assert (status["State"], status["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")


@fact(FACTS, "5c", "A created account's contact is the management account's, with the account's name")
def created_contact(sandbox: Box) -> None:
    account = create(sandbox)
    manager(sandbox).enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    client = sandbox.client("account", "operator")
    ours, its = (client.get_contact_information(**who)["ContactInformation"] for who in ({}, {"AccountId": account}))
    assert its == {**ours, "FullName": "fresh"}


@fact(FACTS, "4.1", "The management account's trail has CreateAccountResult and AccountJoinedOrganization (CREATED)")
def creation_events(sandbox: Box) -> None:
    account = create(sandbox)
    result = service_event(sandbox, "CreateAccountResult")
    assert result["eventType"] == "AwsServiceEvent"
    status = result["serviceEventDetails"]["createAccountStatus"]
    assert (status["state"], status["accountId"]) == ("SUCCEEDED", account)
    joined = service_event(sandbox, "AccountJoinedOrganization")["serviceEventDetails"]
    assert (joined["joinedMethod"], joined["memberAccountId"]) == ("CREATED", account)
    assert joined["joinedTime"]


@fact(FACTS, "5c", "At most five accounts may be in creation at once", verified=False)
def creations_at_once(sandbox: Box) -> None:
    settle(sandbox, account_creation="1 hour")
    for number in range(5):
        manager(sandbox).create_account(AccountName="fresh", Email=f"fresh{number}@example.com")
    sixth = partial(manager(sandbox).create_account, AccountName="fresh", Email="fresh5@example.com")
    assert reason(sixth) == "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"


@fact(FACTS, "6", "An organization has a quota of accounts", verified=False)
def account_quota(sandbox: Box) -> None:
    control(sandbox, "POST", "behaviour", {"account_quota": 13})
    assert refused(lambda: create(sandbox)) == (
        "ConstraintViolationException",
        400,
        "You have exceeded the allowed number of AWS accounts.",
    )
    assert reason(lambda: create(sandbox)) == "ACCOUNT_NUMBER_LIMIT_EXCEEDED"


# Removing and leaving


@fact(FACTS, "5c", "Removing an account that has all it needs: it is not found afterwards, and reported as REMOVED")
def removal(sandbox: Box) -> None:
    assert manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF).keys() == {"ResponseMetadata"}
    code, status, _ = refused(lambda: manager(sandbox).describe_account(AccountId=SPIN_OFF))
    assert (code, status) == ("AccountNotFoundException", 400)
    departed = service_event(sandbox, "AccountDepartedOrganization")["serviceEventDetails"]
    assert (departed["departureMethod"], departed["memberAccountId"]) == ("REMOVED", SPIN_OFF)
    assert departed["departureTime"]


@fact(FACTS, "5c", "A member may leave by itself: reported as LEFT, and then in no organization")
def leaving(sandbox: Box) -> None:
    member = sandbox.client("organizations", "spin-off-administrator")
    assert member.leave_organization().keys() == {"ResponseMetadata"}
    assert refused(member.describe_organization) == NOT_IN_USE
    assert refused(member.leave_organization) == NOT_IN_USE
    departed = service_event(sandbox, "AccountDepartedOrganization")["serviceEventDetails"]
    assert departed["departureMethod"] == "LEFT"


@fact(FACTS, "5c", "The role still trusts the old management account after the account has left")
def role_stays(sandbox: Box) -> None:
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)
    role = {"RoleArn": f"arn:aws:iam::{SPIN_OFF}:role/OrganizationAccountAccessRole", "RoleSessionName": "engineer"}
    credentials = sandbox.client("sts", "engineer").assume_role(**role)["Credentials"]
    assert clients_of(sandbox, credentials)("sts").get_caller_identity()["Account"] == SPIN_OFF


@fact(FACTS, "5c", "An account outside of the organization cannot be reached by AssumeRoot", verified=False)
def no_root_session_after_leaving(sandbox: Box) -> None:
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    code, status, text = refused(
        lambda: sandbox.client("sts", "operator").assume_root(TargetPrincipal=SPIN_OFF, TaskPolicyArn=task)
    )
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith(f"sts:AssumeRoot on resource: arn:aws:iam::{SPIN_OFF}:root")


@fact(FACTS, "5c", "Policies and tags of the account object go with it")
def leaving_loses(sandbox: Box) -> None:
    manager(sandbox).tag_resource(ResourceId=SPIN_OFF, Tags=[{"Key": "team", "Value": "sold"}])
    statement = {"Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}
    attach_scp(sandbox, SPIN_OFF, statement)
    iam = sandbox.client("iam", "spin-off-administrator")
    assert refused(iam.list_roles)[0] == "AccessDenied"
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)
    assert iam.list_roles()["Roles"]
    assert refused(lambda: manager(sandbox).list_tags_for_resource(ResourceId=SPIN_OFF))[0] == "TargetNotFoundException"


@fact(FACTS, "5c", "An account created less than 4 days ago must wait: WAIT_PERIOD_ACTIVE")
def wait_period(sandbox: Box) -> None:
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=NEWCOMER)
    text = "This operation requires a wait period.  Try again later."
    assert refused(remove) == ("ConstraintViolationException", 400, text)
    assert reason(remove) == "WAIT_PERIOD_ACTIVE"
    assert reason(sandbox.client("organizations", "newcomer-administrator").leave_organization) == "WAIT_PERIOD_ACTIVE"


@fact(FACTS, "5c", "The wait is 4 days, and not for invited accounts")
def wait_period_ends(_: Box) -> None:
    ready = {"payment_method": "valid", "phone_verified": True, "support_plan": "basic", "agreement": True}
    organization = {
        "organization": "o-exampleorg1",
        "management_account": "111111111111",
        "accounts": [
            {
                "id": "111111111111",
                "name": "management",
                "roles": [{"name": "Op", "policies": ["AdministratorAccess"]}],
            },
            {"id": "222222222222", "name": "old-enough", "joined": "97 hours ago", **ready},
            {"id": "333333333333", "name": "too-young", "joined": "95 hours ago", **ready},
            {"id": "444444444444", "name": "invited", "joined": "1 hour ago", "joined_method": "INVITED"},
        ],
        "identities": {"operator": {"account": "111111111111", "role": "Op"}},
    }
    with serving(organization) as box:
        organizations = box.client("organizations", "operator")
        organizations.remove_account_from_organization(AccountId="222222222222")
        organizations.remove_account_from_organization(AccountId="444444444444")
        young = partial(organizations.remove_account_from_organization, AccountId="333333333333")
        assert reason(young) == "WAIT_PERIOD_ACTIVE"


@fact(FACTS, "5c", "Without a payment method: MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED, until a person adds one")
def payment_method(sandbox: Box) -> None:
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=NO_CARD)
    text = "The member account must be configured with a valid payment method, such as a credit card."
    assert refused(remove) == ("ConstraintViolationException", 400, text)
    assert reason(remove) == "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"
    person(sandbox, "no-card", "add_payment_method")
    remove()


@fact(FACTS, "5c", "A card AWS does not take: INVALID_PAYMENT_INSTRUMENT")
def unsupported_payment_method(sandbox: Box) -> None:
    person(sandbox, "no-card", "add_payment_method", kind="unsupported")
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=NO_CARD)
    assert reason(remove) == "INVALID_PAYMENT_INSTRUMENT"


@fact(FACTS, "5c", "An account created in the organization has none of what a standalone account needs")
def nothing_collected(sandbox: Box) -> None:
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=PAYMENTS)
    assert refused(remove) == ("ConstraintViolationException", 400, MISSING)


@fact(
    FACTS,
    "5c",
    "Without agreement or support plan ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA, without a verified phone "
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION, and then the payment method",
    verified=False,
)
def prerequisites_one_by_one(sandbox: Box) -> None:
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=PAYMENTS)
    assert reason(remove) == "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA"
    person(sandbox, "payments", "accept_agreement")
    assert reason(remove) == "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA"
    person(sandbox, "payments", "choose_support_plan", plan="basic")
    assert reason(remove) == "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION"
    person(sandbox, "payments", "verify_phone")
    assert reason(remove) == "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"
    person(sandbox, "payments", "add_payment_method")
    remove()


@fact(FACTS, "5c", "A delegated administrator cannot leave before it is deregistered")
def delegated_administrator(sandbox: Box) -> None:
    remove = partial(manager(sandbox).remove_account_from_organization, AccountId=DELEGATE)
    text = "You cannot remove a delegated administrator from the organization without de-registering the account."
    assert refused(remove) == ("ConstraintViolationException", 400, text)
    assert reason(remove) == "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
    manager(sandbox).deregister_delegated_administrator(AccountId=DELEGATE, ServicePrincipal="iam.amazonaws.com")
    assert reason(remove) == "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA"


@fact(FACTS, "5c", "The management account can never leave: MasterCannotLeaveOrganizationException")
def management_stays(sandbox: Box) -> None:
    organizations = manager(sandbox)
    for call in (
        organizations.leave_organization,
        lambda: organizations.remove_account_from_organization(AccountId=MANAGEMENT),
    ):
        assert refused(call)[:2] == ("MasterCannotLeaveOrganizationException", 400)


@fact(FACTS, "1.5", "Removing, inviting and closing accounts are the management account's alone")
def management_alone(sandbox: Box) -> None:
    for who in ("delegate", "payments-administrator"):
        organizations = sandbox.client("organizations", who)
        target = {"Id": "someone@example.com", "Type": "EMAIL"}
        for call in (
            partial(organizations.remove_account_from_organization, AccountId=SPIN_OFF),
            partial(organizations.close_account, AccountId=SPIN_OFF),
            partial(organizations.invite_account_to_organization, Target=target),
            partial(organizations.create_account, AccountName="x", Email="x@example.com"),
        ):
            assert refused(call) == DENIED


@fact(FACTS, "5c", "An SCP can keep a member from leaving by itself, not the management account from removing it")
def leaving_denied(sandbox: Box) -> None:
    attach_scp(sandbox, SPIN_OFF, {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
    code, status, text = refused(sandbox.client("organizations", "spin-off-administrator").leave_organization)
    assert (code, status) == ("AccessDeniedException", 400)
    assert text.endswith("with an explicit deny in a service control policy")
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)


# Invitations and transfer


@fact(FACTS, "5c", "A standalone account is invited, accepts and is in the root; reported as INVITED")
def invitation(sandbox: Box) -> None:
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)
    asked = manager(sandbox).invite_account_to_organization(
        Target={"Id": SPIN_OFF, "Type": "ACCOUNT"}, Notes="come back"
    )["Handshake"]
    assert (asked["State"], asked["Action"]) == ("OPEN", "INVITE")
    assert (asked["ExpirationTimestamp"] - asked["RequestedTimestamp"]).days == 15
    assert {"Type": "NOTES", "Value": "come back"} in asked["Resources"]
    mails = control(sandbox, "GET", "person/spin-off/mailbox")
    assert mails[-1]["code"] == asked["Id"]
    member = sandbox.client("organizations", "spin-off-administrator")
    assert asked in member.list_handshakes_for_account()["Handshakes"]
    assert member.accept_handshake(HandshakeId=asked["Id"])["Handshake"]["State"] == "ACCEPTED"
    account = manager(sandbox).describe_account(AccountId=SPIN_OFF)["Account"]
    assert (account["JoinedMethod"], account["State"]) == ("INVITED", "ACTIVE")
    assert manager(sandbox).list_parents(ChildId=SPIN_OFF)["Parents"][0]["Type"] == "ROOT"
    joined = service_event(sandbox, "AccountJoinedOrganization")["serviceEventDetails"]
    assert joined["joinedMethod"] == "INVITED"
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)  # no wait for invited accounts


@fact(FACTS, "5c", "An invitation is declined by who got it, cancelled by who sent it, and done with then")
def invitation_ends(sandbox: Box) -> None:
    manager(sandbox).remove_account_from_organization(AccountId=SPIN_OFF)
    member = sandbox.client("organizations", "spin-off-administrator")
    target = {"Id": "aws+spin-off@example.com", "Type": "EMAIL"}
    first = manager(sandbox).invite_account_to_organization(Target=target)["Handshake"]["Id"]
    again = refused(lambda: manager(sandbox).invite_account_to_organization(Target=target))
    assert again[:2] == ("DuplicateHandshakeException", 400)
    assert refused(lambda: member.cancel_handshake(HandshakeId=first))[0] == "AWSOrganizationsNotInUseException"
    assert refused(lambda: manager(sandbox).accept_handshake(HandshakeId=first)) == DENIED
    assert member.decline_handshake(HandshakeId=first)["Handshake"]["State"] == "DECLINED"
    assert refused(lambda: member.decline_handshake(HandshakeId=first))[0] == "HandshakeAlreadyInStateException"
    assert refused(lambda: member.accept_handshake(HandshakeId=first))[0] == "InvalidHandshakeTransitionException"
    second = manager(sandbox).invite_account_to_organization(Target=target)["Handshake"]["Id"]
    assert manager(sandbox).cancel_handshake(HandshakeId=second)["Handshake"]["State"] == "CANCELED"
    assert refused(lambda: member.accept_handshake(HandshakeId=second))[0] == "InvalidHandshakeTransitionException"
    sent = manager(sandbox).list_handshakes_for_organization()["Handshakes"]
    assert {one["Id"]: one["State"] for one in sent} == {first: "DECLINED", second: "CANCELED"}


@fact(FACTS, "5c", "A member of this organization cannot be invited to it: ALREADY_IN_AN_ORGANIZATION")
def already_in(sandbox: Box) -> None:
    target = {"Id": PAYMENTS, "Type": "ACCOUNT"}
    call = partial(manager(sandbox).invite_account_to_organization, Target=target)
    assert refused(call)[0] == "HandshakeConstraintViolationException"
    assert reason(call) == "ALREADY_IN_AN_ORGANIZATION"


@fact(FACTS, "5c", "A handshake that does not exist: HandshakeNotFoundException")
def no_handshake(sandbox: Box) -> None:
    call = partial(manager(sandbox).describe_handshake, HandshakeId="h-0123456789ab")
    assert refused(call)[:2] == ("HandshakeNotFoundException", 400)


def invited_elsewhere(box: Box, who: str = "spin-off") -> tuple[Any, str]:
    member = box.client("organizations", f"{who}-administrator")
    [handshake] = member.list_handshakes_for_account()["Handshakes"]
    return member, str(handshake["Id"])


@fact(FACTS, "5c", "Direct transfer: the member accepts another organization's invitation, and has left ours (LEFT)")
def transfer(sandbox: Box) -> None:
    member, handshake = invited_elsewhere(sandbox)
    shown = member.describe_handshake(HandshakeId=handshake)["Handshake"]
    assert {"Id": "o-acquirer0001", "Type": "ORGANIZATION"} in shown["Parties"]
    assert refused(lambda: manager(sandbox).describe_handshake(HandshakeId=handshake)) == DENIED
    member.accept_handshake(HandshakeId=handshake)
    assert refused(lambda: manager(sandbox).describe_account(AccountId=SPIN_OFF))[0] == "AccountNotFoundException"
    assert member.describe_organization()["Organization"]["MasterAccountId"] == "565656565656"
    assert refused(member.list_accounts) == DENIED
    departed = service_event(sandbox, "AccountDepartedOrganization")["serviceEventDetails"]
    assert (departed["departureMethod"], departed["memberAccountId"]) == ("LEFT", SPIN_OFF)
    [call] = records(sandbox.client("cloudtrail", "spin-off-administrator"), EventName="AcceptHandshake")
    assert call["recipientAccountId"] == SPIN_OFF
    assert records(sandbox.client("cloudtrail", "operator"), EventName="AcceptHandshake") == []


@fact(FACTS, "5c", "A direct transfer needs no payment method")
def transfer_without_payment_method(sandbox: Box) -> None:
    person(sandbox, "no-card", "invite_elsewhere")
    member, handshake = invited_elsewhere(sandbox, "no-card")
    assert member.accept_handshake(HandshakeId=handshake)["Handshake"]["State"] == "ACCEPTED"


@fact(FACTS, "5c", "A direct transfer is refused to accounts younger than 4 days and to delegated administrators")
def transfer_conditions(sandbox: Box) -> None:
    for who, why in (
        ("newcomer", "WAIT_PERIOD_ACTIVE"),
        ("security", "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"),
    ):
        person(sandbox, who, "invite_elsewhere")
        member, handshake = invited_elsewhere(sandbox, who)
        assert reason(partial(member.accept_handshake, HandshakeId=handshake)) == why
        assert member.describe_handshake(HandshakeId=handshake)["Handshake"]["State"] == "OPEN"


@fact(FACTS, "5c", "A direct transfer needs a source organization of 7 days", verified=False)
def young_organization(_: Box) -> None:
    organization = {
        "organization": "o-exampleorg1",
        "created": "6 days ago",
        "management_account": "111111111111",
        "accounts": [
            {"id": "111111111111", "name": "management"},
            {"id": "222222222222", "name": "member"},
        ],
        "other_organization": {
            "organization": "o-otherorg001",
            "management_account": "999999999999",
            "invites": ["222222222222"],
        },
    }
    with serving(organization) as box:
        member = box.client("organizations", "member-administrator")
        [handshake] = member.list_handshakes_for_account()["Handshakes"]
        code, _status, _text = refused(lambda: member.accept_handshake(HandshakeId=handshake["Id"]))
        assert code == "HandshakeConstraintViolationException"


@fact(FACTS, "5c", "An SCP against LeaveOrganization blocks a direct transfer too", verified=False)
def transfer_denied(sandbox: Box) -> None:
    attach_scp(sandbox, SPIN_OFF, {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"})
    member, handshake = invited_elsewhere(sandbox)
    assert refused(lambda: member.accept_handshake(HandshakeId=handshake))[0] == "AccessDeniedException"
    assert state_of(sandbox, SPIN_OFF) == "ACTIVE"


# Closing


@fact(FACTS, "5c", "CloseAccount is asynchronous: PENDING_CLOSURE, then CLOSED; the retired Status says SUSPENDED then")
def closure(sandbox: Box) -> None:
    settle(sandbox, closure="1 hour")
    assert manager(sandbox).close_account(AccountId=DATA_LAKE).keys() == {"ResponseMetadata"}
    account = manager(sandbox).describe_account(AccountId=DATA_LAKE)["Account"]
    assert (account["State"], account["Status"]) == ("PENDING_CLOSURE", "PENDING_CLOSURE")
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=REPORTS)
    account = manager(sandbox).describe_account(AccountId=REPORTS)["Account"]
    assert (account["State"], account["Status"]) == ("CLOSED", "SUSPENDED")


@fact(FACTS, "5c", "DescribeAccount may go on saying ACTIVE for minutes after CloseAccount")
def slow_state(sandbox: Box) -> None:
    settle(sandbox, closure_shows="10 minutes")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    assert state_of(sandbox, DATA_LAKE) == "ACTIVE"


@fact(FACTS, "2.5", "PENDING_CLOSURE still works; a CLOSED account is unusable")
def closed_is_unusable(sandbox: Box) -> None:
    settle(sandbox, closure="1 hour")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    iam = sandbox.client("iam", "data-lake-administrator")
    assert iam.list_roles()["Roles"]
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=REPORTS)
    state_of(sandbox, REPORTS)
    assert refused(sandbox.client("iam", "reports-administrator").list_roles)[0] == "InvalidClientTokenId"


@fact(FACTS, "5c", "A closed account: AccountAlreadyClosedException")
def closed_already(sandbox: Box) -> None:
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    assert refused(lambda: manager(sandbox).close_account(AccountId=DATA_LAKE)) == (
        "AccountAlreadyClosedException",
        400,
        "You attempted to close an account that is already closed.",
    )


@fact(FACTS, "5c", "An account whose closure is under way: ConflictException", verified=False)
def closing_already(sandbox: Box) -> None:
    settle(sandbox, closure="1 hour")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    assert refused(lambda: manager(sandbox).close_account(AccountId=DATA_LAKE))[0] == "ConflictException"


@fact(FACTS, "5c", "The management account cannot be closed: CANNOT_CLOSE_MANAGEMENT_ACCOUNT")
def management_not_closed(sandbox: Box) -> None:
    assert reason(lambda: manager(sandbox).close_account(AccountId=MANAGEMENT)) == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"


@fact(FACTS, "5c", "Three closures at once: CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED")
def closures_at_once(sandbox: Box) -> None:
    settle(sandbox, closure="1 hour")
    for account in (DATA_LAKE, REPORTS, PAYMENTS):
        manager(sandbox).close_account(AccountId=account)
    fourth = partial(manager(sandbox).close_account, AccountId=SPIN_OFF)
    assert reason(fourth) == "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED"


@fact(FACTS, "5c", "250 closures in 30 days: CLOSE_ACCOUNT_QUOTA_EXCEEDED")
def closure_quota(sandbox: Box) -> None:
    settle(sandbox, closure="0 seconds")
    organizations = manager(sandbox)
    for number in range(250):
        asked = organizations.create_account(AccountName=f"a{number}", Email=f"a{number}@example.org")
        status = organizations.describe_create_account_status(CreateAccountRequestId=asked["CreateAccountStatus"]["Id"])
        organizations.close_account(AccountId=status["CreateAccountStatus"]["AccountId"])
    last = partial(manager(sandbox).close_account, AccountId=SPIN_OFF)
    text = "You have exceeded close account quota for the past 30 days."
    assert refused(last) == ("ConstraintViolationException", 400, text)
    assert reason(last) == "CLOSE_ACCOUNT_QUOTA_EXCEEDED"


@fact(FACTS, "4.1", "CloseAccountResult is reported when an account is closed, not when it was asked for")
def closure_event(sandbox: Box) -> None:
    settle(sandbox, closure="1 hour")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    assert records(sandbox.client("cloudtrail", "operator"), EventName="CloseAccountResult") == []
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=REPORTS)
    status = service_event(sandbox, "CloseAccountResult")["serviceEventDetails"]["closeAccountStatus"]
    assert (status["state"], status["accountId"]) == ("SUCCEEDED", REPORTS)


@fact(FACTS, "5c", "AWS Support reopens a closed account")
def reopening(sandbox: Box) -> None:
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    assert state_of(sandbox, DATA_LAKE) == "CLOSED"
    person(sandbox, "data-lake", "reopen")
    assert state_of(sandbox, DATA_LAKE) == "ACTIVE"


@fact(FACTS, "5c", "A closed account keeps its e-mail address")
def closed_keeps_email(sandbox: Box) -> None:
    settle(sandbox, closure="0 seconds")
    manager(sandbox).close_account(AccountId=DATA_LAKE)
    organizations = manager(sandbox)
    asked = organizations.create_account(AccountName="again", Email="aws+data-lake@example.com")["CreateAccountStatus"]
    status = organizations.describe_create_account_status(CreateAccountRequestId=asked["Id"])["CreateAccountStatus"]
    assert status["FailureReason"] == "EMAIL_ALREADY_EXISTS"


@fact(FACTS, "2.5", "Accounts have State beside the retired Status, and their Paths")
def shown_account(sandbox: Box) -> None:
    for account in (
        manager(sandbox).describe_account(AccountId=CLOSED_SHOP)["Account"],
        next(one for one in manager(sandbox).list_accounts()["Accounts"] if one["Id"] == CLOSED_SHOP),
    ):
        assert (account["State"], account["Status"]) == ("SUSPENDED", "SUSPENDED")
        [path] = account["Paths"]
        assert path.startswith("o-breakglass1/r-")
        assert path.endswith(f"/{CLOSED_SHOP}/")


@fact(FACTS, "2.5", "Status was to be retired on 2026-09-09: accounts may have State alone")
def no_status(sandbox: Box) -> None:
    control(sandbox, "POST", "behaviour", {"retired_status": False})
    account = manager(sandbox).describe_account(AccountId=CLOSED_SHOP)["Account"]
    assert ("Status" in account, account["State"]) == (False, "SUSPENDED")
