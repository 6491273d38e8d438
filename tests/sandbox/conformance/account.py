"""Account Management: who may ask about whom, contacts, the root user's e-mail address (aws-facts 5c, 5i, 1.5).

"Recorded" facts are answers of AWS a third party recorded (stackd, testdata/aws/account, 2026-09-12).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance.facts import Fact, fact
from conformance.steps import DELEGATE, MANAGEMENT, attach_scp, control, settle
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
MEMBER, SPIN_OFF, NO_CARD = "333344445555", "343434343434", "121212121212"
OPERATOR = "arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator"
SERVICE = "account.amazonaws.com"
NEW = "payments-root@example.com"


def trusted(box: Box) -> Any:
    """A client of the management account, once trusted access for Account Management is on."""
    box.client("organizations", "operator").enable_aws_service_access(ServicePrincipal=SERVICE)
    return box.client("account", "operator")


def own(box: Box, who: str = "payments-administrator") -> Any:
    return box.client("account", who)


def denied(who: str, operation: str, why: str = "") -> tuple[str, int, str]:
    text = f"User: {who} is not authorized to perform: account:{operation}"
    return "AccessDeniedException", 403, f"{text} ({why})" if why else text


def administrator(account: str, name: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/{name}-administrator"


# Who may ask


@fact(FACTS, "5i", "Without trusted access the management account cannot ask about members (recorded)")
def no_trusted_access(sandbox: Box) -> None:
    client = sandbox.client("account", "operator")
    why = "Your organization must first enable trusted access with AWS Account Management."
    assert refused(partial(client.get_primary_email, AccountId=MEMBER)) == denied(OPERATOR, "GetPrimaryEmail", why)
    expected = denied(OPERATOR, "GetContactInformation", why)
    assert refused(partial(client.get_contact_information, AccountId=MEMBER)) == expected


@fact(FACTS, "5i", "With trusted access it can")
def trusted_access(sandbox: Box) -> None:
    assert trusted(sandbox).get_primary_email(AccountId=MEMBER)["PrimaryEmail"] == "aws+payments@example.com"


@fact(FACTS, "5i", "The management account cannot name itself; without AccountId it asks about itself (recorded)")
def management_itself(sandbox: Box) -> None:
    client = trusted(sandbox)
    why = "The management account can only be managed using the standalone context from the management account."
    expected = denied(OPERATOR, "GetContactInformation", why)
    assert refused(partial(client.get_contact_information, AccountId=MANAGEMENT)) == expected
    assert client.get_account_information()["AccountId"] == MANAGEMENT
    expected = denied(OPERATOR, "GetPrimaryEmail", "Access Denied")
    assert refused(partial(client.get_primary_email, AccountId=MANAGEMENT)) == expected


@fact(FACTS, "5i", "A member asks about itself without AccountId; with its own it is refused (recorded)")
def member_itself(sandbox: Box) -> None:
    trusted(sandbox)
    client, who = own(sandbox), administrator(MEMBER, "payments")
    assert client.get_account_information()["AccountName"] == "payments"
    expected = denied(who, "GetAccountInformation")
    assert refused(partial(client.get_account_information, AccountId=MEMBER)) == expected
    assert refused(partial(client.get_primary_email, AccountId=MEMBER)) == denied(who, "GetPrimaryEmail")


@fact(
    FACTS, "1.5", "Only the delegate for account.amazonaws.com may change members' e-mail beside the management account"
)
def delegate(sandbox: Box) -> None:
    client = trusted(sandbox)
    theirs, who = (
        own(sandbox, "delegate"),
        "arn:aws:sts::222233334444:assumed-role/OrganizationAccountAccessRole/delegate",
    )
    start = partial(theirs.start_primary_email_update, AccountId=MEMBER, PrimaryEmail=NEW)
    assert refused(start) == denied(who, "StartPrimaryEmailUpdate")  # delegate for IAM alone
    organizations = sandbox.client("organizations", "operator")
    organizations.register_delegated_administrator(AccountId=DELEGATE, ServicePrincipal=SERVICE)
    assert start()["Status"] == "PENDING"
    assert client.get_primary_email_update_status(AccountId=MEMBER)["Status"] == "PENDING"
    assert theirs.get_account_information(AccountId=DELEGATE)["AccountId"] == DELEGATE  # itself too (recorded)


@fact(FACTS, "5i", "An account outside of the organization cannot be asked about", verified=False)
def outsider(sandbox: Box) -> None:
    client = trusted(sandbox)
    expected = denied(OPERATOR, "GetPrimaryEmail")
    assert refused(partial(client.get_primary_email, AccountId="999988887777")) == expected


@fact(
    FACTS,
    "7.7",
    "IAM sees a member as account/<organization>/<id> of the management account, one's own as account (recorded)",
)
def resources(sandbox: Box) -> None:
    trusted(sandbox)
    nobody = sandbox.client("account", "nobody")
    _, _, text = refused(nobody.get_account_information)
    assert f"account:GetAccountInformation on resource: arn:aws:account::{MANAGEMENT}:account because" in text
    code, status, text = refused(partial(nobody.get_account_information, AccountId=MEMBER))
    assert (code, status) == ("AccessDeniedException", 403)
    assert f"on resource: arn:aws:account::{MANAGEMENT}:account/o-breakglass1/{MEMBER} because" in text


@fact(FACTS, "5h", "An SCP can deny account:* to a member, whose contacts an intruder would change")
def account_denied(sandbox: Box) -> None:
    attach_scp(sandbox, MEMBER, {"Effect": "Deny", "Action": "account:*", "Resource": "*"})
    _, _, text = refused(own(sandbox).get_contact_information)
    assert text.endswith("with an explicit deny in a service control policy")
    assert trusted(sandbox).get_contact_information(AccountId=MEMBER)["ContactInformation"]


# Name and contacts


@fact(FACTS, "5c", "GetAccountInformation says when an account was created, and its state")
def information(sandbox: Box) -> None:
    client = trusted(sandbox)
    answer = client.get_account_information(AccountId=NO_CARD)
    joined = sandbox.client("organizations", "operator").describe_account(AccountId=NO_CARD)["Account"]
    assert (answer["AccountState"], answer["AccountName"]) == ("ACTIVE", "no-card")
    assert answer["AccountCreatedDate"] == joined["JoinedTimestamp"]


@fact(
    FACTS, "5c", "A new name is trimmed, and is Organizations' name too; a blank one or brackets are refused (recorded)"
)
def name(sandbox: Box) -> None:
    client = own(sandbox)
    client.put_account_name(AccountName="  Ledger  ")
    assert client.get_account_information()["AccountName"] == "Ledger"
    described = sandbox.client("organizations", "operator").describe_account(AccountId=MEMBER)["Account"]
    assert described["Name"] == "Ledger"
    blank = ("400", 400, "The input AccountName must not be null or only whitespace.")
    assert refused(partial(client.put_account_name, AccountName=" ")) == blank
    text = '[ECMA 262 regex "^[ -;=?-~]+$" does not match input string "Ledger <new>"]'
    assert refused(partial(client.put_account_name, AccountName="Ledger <new>")) == ("ValidationException", 400, text)


@fact(FACTS, "5c", "PutContactInformation, by the management account too; a new phone has to be verified again")
def contact(sandbox: Box) -> None:
    client = trusted(sandbox)
    answer = client.get_contact_information(AccountId=SPIN_OFF)
    assert answer["VerificationStatus"] == "VERIFIED"
    changed = {**answer["ContactInformation"], "PhoneNumber": "+44 20 7946 0999"}
    client.put_contact_information(AccountId=SPIN_OFF, ContactInformation=changed)
    answer = own(sandbox, "spin-off-administrator").get_contact_information()
    assert (answer["ContactInformation"], answer["VerificationStatus"]) == (changed, "UNVERIFIED")


@fact(FACTS, "5c", "Contact fields are trimmed, the country is put in capitals, blanks are refused (recorded)")
def contact_fields(sandbox: Box) -> None:
    client = own(sandbox)
    before = client.get_contact_information()["ContactInformation"]

    def put(**fields: str) -> None:
        client.put_contact_information(ContactInformation={**before, **fields})

    put(City=" Seattle ", CountryCode="us")
    assert client.get_contact_information()["ContactInformation"] == before
    expected = ("ValidationException", 400, "the argument City can not be empty")
    assert refused(partial(put, City=" ")) == expected
    text = '[ECMA 262 regex "^[+][\\s0-9()-]+$" does not match input string " "]'
    assert refused(partial(put, PhoneNumber=" ")) == ("ValidationException", 400, text)


@fact(FACTS, "5c", "The phone is verified by a code sent to it")
def phone(sandbox: Box) -> None:
    client = own(sandbox)
    assert client.get_contact_information()["VerificationStatus"] == "UNVERIFIED"
    assert client.send_phone_number_verification()["Status"] == "PENDING"
    assert client.get_contact_information()["VerificationStatus"] == "PENDING"
    code = control(sandbox, "GET", "person/payments/phone")[-1]["code"]
    assert client.verify_phone_number(Otp=code)["Status"] == "VERIFIED"


@fact(FACTS, "5c", "A wrong code and a second verification are refused", verified=False)
def phone_refused(sandbox: Box) -> None:
    client = own(sandbox)
    assert refused(partial(client.verify_phone_number, Otp="000000"))[0] == "ResourceNotFoundException"
    client.send_phone_number_verification()
    code = control(sandbox, "GET", "person/payments/phone")[-1]["code"]
    wrong = "111111" if code != "111111" else "222222"
    assert refused(partial(client.verify_phone_number, Otp=wrong))[0] == "ValidationException"
    client.verify_phone_number(Otp=code)
    assert refused(client.send_phone_number_verification)[0] == "ConflictException"


@fact(FACTS, "5h", "Alternate contacts are put, read and deleted, their mail address trimmed (recorded)")
def alternate_contacts(sandbox: Box) -> None:
    client = own(sandbox)
    missing = ("ResourceNotFoundException", 404, "No contact of the inputted alternate contact type found.")
    kind = {"AlternateContactType": "OPERATIONS"}
    assert refused(partial(client.get_alternate_contact, **kind)) == missing
    assert refused(partial(client.delete_alternate_contact, **kind)) == missing
    entry = {
        "Name": "  Desk ",
        "Title": "On call",
        "EmailAddress": " Ops@example.com ",
        "PhoneNumber": "+1 206 555 0199",
    }
    client.put_alternate_contact(**kind, **entry)
    read = client.get_alternate_contact(**kind)["AlternateContact"]
    assert read == {**kind, **entry, "EmailAddress": "Ops@example.com"}
    client.delete_alternate_contact(**kind)
    assert refused(partial(client.get_alternate_contact, **kind)) == missing


@fact(FACTS, "5h", "A wrong type of contact is answered as a lack of permission (recorded)")
def alternate_contact_type(sandbox: Box) -> None:
    expected = denied(OPERATOR, "GetAlternateContact", "You specified an invalid Alternate Contact type.")
    client = sandbox.client("account", "operator")
    assert refused(partial(client.get_alternate_contact, AlternateContactType="operations")) == expected


# The root user's e-mail address


def start(box: Box, email: str = NEW) -> tuple[Any, str]:
    """Start a change; the code as the new mailbox's owner reads it."""
    client = trusted(box)
    assert client.start_primary_email_update(AccountId=MEMBER, PrimaryEmail=email)["Status"] == "PENDING"
    return client, str(control(box, "GET", f"person/{email}/mailbox")[-1]["code"])


@fact(FACTS, "5i", "The change: PENDING, a code of 6 to the new address, ACCEPTED, and then COMPLETED")
def email_change(sandbox: Box) -> None:
    client, code = start(sandbox)
    assert len(code) == 6
    assert client.get_primary_email(AccountId=MEMBER)["PrimaryEmail"] == "aws+payments@example.com"
    accepted = client.accept_primary_email_update(AccountId=MEMBER, PrimaryEmail=NEW, Otp=code)
    assert accepted["Status"] == "ACCEPTED"
    status = client.get_primary_email_update_status(AccountId=MEMBER)
    assert status["Status"] == "COMPLETED"
    assert status["UpdatedAt"]
    assert client.get_primary_email(AccountId=MEMBER)["PrimaryEmail"] == NEW
    described = sandbox.client("organizations", "operator").describe_account(AccountId=MEMBER)["Account"]
    assert described["Email"] == NEW


@fact(FACTS, "5i", "The change may take hours to be seen")
def slow_email_change(sandbox: Box) -> None:
    settle(sandbox, email_update="4 hours")
    client, code = start(sandbox)
    client.accept_primary_email_update(AccountId=MEMBER, PrimaryEmail=NEW, Otp=code)
    assert client.get_primary_email_update_status(AccountId=MEMBER)["Status"] == "ACCEPTED"
    assert client.get_primary_email(AccountId=MEMBER)["PrimaryEmail"] == "aws+payments@example.com"


@fact(FACTS, "5i", "The old mailbox plays no part")
def old_mailbox(sandbox: Box) -> None:
    start(sandbox)
    assert control(sandbox, "GET", "person/payments/mailbox") == []


@fact(FACTS, "5i", "Password and MFA stay as they were")
def credentials_stay(sandbox: Box) -> None:
    client = trusted(sandbox)
    before = sandbox.snapshot()["root_users"][SPIN_OFF]
    client.start_primary_email_update(AccountId=SPIN_OFF, PrimaryEmail=NEW)
    code = control(sandbox, "GET", f"person/{NEW}/mailbox")[-1]["code"]
    client.accept_primary_email_update(AccountId=SPIN_OFF, PrimaryEmail=NEW, Otp=code)
    assert client.get_primary_email(AccountId=SPIN_OFF)["PrimaryEmail"] == NEW
    assert sandbox.snapshot()["root_users"][SPIN_OFF] == before


@fact(FACTS, "5i", "An address that is in use: ConflictException")
def email_in_use(sandbox: Box) -> None:
    client = trusted(sandbox)
    call = partial(client.start_primary_email_update, AccountId=MEMBER, PrimaryEmail="aws+vault@example.com")
    assert refused(call)[:2] == ("ConflictException", 409)


@fact(
    FACTS,
    "5i",
    "A wrong code is refused with ValidationException, another address with ResourceNotFoundException",
    verified=False,
)
def wrong_code(sandbox: Box) -> None:
    client, code = start(sandbox)
    wrong = "111111" if code != "111111" else "222222"
    accept = partial(client.accept_primary_email_update, AccountId=MEMBER)
    assert refused(partial(accept, PrimaryEmail=NEW, Otp=wrong))[:2] == ("ValidationException", 400)
    other = partial(accept, PrimaryEmail="other@example.com", Otp=code)
    assert refused(other)[:2] == ("ResourceNotFoundException", 404)
    assert accept(PrimaryEmail=NEW, Otp=code)["Status"] == "ACCEPTED"


@fact(FACTS, "5i", "Where no change was asked for there is no status of one (recorded)")
def no_update(sandbox: Box) -> None:
    expected = ("ValidationException", 400, "No email update found for account")
    client = trusted(sandbox)
    assert refused(partial(client.get_primary_email_update_status, AccountId=MEMBER)) == expected
    assert refused(client.get_primary_email_update_status) == expected


# Regions


@fact(FACTS, "2.5", "ListRegions and GetRegionOptStatus: Regions on by default, and those to opt in to (recorded)")
def regions(sandbox: Box) -> None:
    client = own(sandbox)
    page = client.list_regions()
    assert len(page["Regions"]) == 20
    every = [one for pages in client.get_paginator("list_regions").paginate() for one in pages["Regions"]]
    assert [one["RegionName"] for one in every] == sorted(one["RegionName"] for one in every)
    off = client.list_regions(RegionOptStatusContains=["DISABLED"])["Regions"]
    assert {"RegionName": "af-south-1", "RegionOptStatus": "DISABLED"} in off
    assert client.get_region_opt_status(RegionName="us-east-1")["RegionOptStatus"] == "ENABLED_BY_DEFAULT"


@fact(FACTS, "2.5", "A Region AWS does not know is no valid one; one in capitals is a lack of permission (recorded)")
def unknown_region(sandbox: Box) -> None:
    client = own(sandbox)
    text = "cn-north-1 is not a valid region for opt-in or opt-out."
    assert refused(partial(client.get_region_opt_status, RegionName="cn-north-1")) == ("ValidationException", 400, text)
    expected = denied(
        administrator(MEMBER, "payments"), "GetRegionOptStatus", "You specified an invalid target region."
    )
    assert refused(partial(client.get_region_opt_status, RegionName="US-EAST-1")) == expected
    possible = '["ENABLED","ENABLING","DISABLING","DISABLED","ENABLED_BY_DEFAULT"]'
    text = f'[instance value ("enabled") not found in enum (possible values: {possible})]'
    call = partial(client.list_regions, RegionOptStatusContains=["enabled"])
    assert refused(call) == ("ValidationException", 400, text)
