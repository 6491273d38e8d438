from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import CONFIRMABLE
from support.run_module import run

from breakglass_aws.sandbox import Box

SPIN_OFF, NEWCOMER, NO_CARD, SECURITY = "343434343434", "246824682468", "121212121212", "222233334444"
LOOKED_AFTER = ["payment_method", "phone_verification", "support_plan", "agreement", "contact_information"]


def look(box: Box, identity: str = "operator", **options) -> dict:
    return run("organization_account_info", environment=box.environment(identity), **options)


def one(box: Box, account_id: str, identity: str = "operator", **options) -> dict:
    """The entry of an account."""
    since = len(box.events())
    result = look(box, identity, account_ids=[account_id], **options)
    assert not result["failed"], result["msg"]
    # Opening a root session is no mere read in CloudTrail's eyes.
    assert {event["operation"] for event in box.events()[since:] if event["write"]} <= {"AssumeRoot"}
    [entry] = result["accounts"]
    return entry


def findings(entry: dict) -> dict[str, dict]:
    return {finding["name"]: finding for finding in entry["findings"]}


@pytest.fixture
def trusted(sandbox: Box) -> Box:
    """The organization once it trusts AWS Account Management."""
    sandbox.client("organizations", "operator").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    return sandbox


def attach(box: Box, target: str, statement: dict, name: str = "guard") -> None:
    organizations = box.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Resource": "*", **statement}]})
    made = organizations.create_policy(Name=name, Description=name, Type="SERVICE_CONTROL_POLICY", Content=content)
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_an_account_is_described(trusted):
    trusted.client("organizations", "operator").tag_resource(
        ResourceId=SPIN_OFF, Tags=[{"Key": "buyer", "Value": "acquirer"}]
    )
    entry = one(trusted, SPIN_OFF)
    assert (entry["name"], entry["state"], entry["joined_method"]) == ("spin-off", "ACTIVE", "CREATED")
    assert (entry["age_days"], entry["email"]) == (700, "aws+spin-off@example.com")
    assert entry["ou"]["path"] == "Root/Workloads/Divested"
    assert entry["ou"]["path_ids"].startswith("o-breakglass1/r-")
    assert entry["ou"]["path_ids"].endswith(f"/{entry['ou']['id']}/")
    assert entry["tags"] == {"buyer": "acquirer"}
    assert entry["delegations"] == []
    assert entry["contact"]["company_name"] == "Spin-off Ltd"
    assert entry["contact"]["phone_verification"] == "VERIFIED"
    assert entry["alternate_contacts"]["security"]["email"] == "security@example.net"
    assert entry["alternate_contacts"]["billing"] is None
    assert entry["not_read"] == []
    assert (entry["findings"], entry["ready"], entry["verdict"]) == ([], None, None)


def test_what_may_not_be_read_is_null_with_the_reason_and_never_empty(sandbox):
    entry = one(sandbox, SPIN_OFF)
    assert entry["contact"] is None
    assert entry["alternate_contacts"] is None
    assert entry["created"]  # as old as its membership: it was created in the organization
    told = {unread["what"]: unread for unread in entry["not_read"]}
    assert told.keys() == {"contact", "alternate_contacts"}
    assert "does not trust AWS Account Management" in told["contact"]["reason"]
    assert "account.amazonaws.com" in told["contact"]["fix"]


def test_the_age_of_an_invited_account_is_not_guessed(sandbox):
    entry = one(sandbox, "888899990000")
    assert (entry["created"], entry["age_days"]) == (None, None)
    assert "created" in [unread["what"] for unread in entry["not_read"]]


def test_all_accounts_are_described_in_whatever_state(sandbox):
    result = look(sandbox, all_accounts=True, include=[])
    states = {entry["name"]: entry["state"] for entry in result["accounts"]}
    assert states["closed-shop"] == "SUSPENDED"
    assert "management" in states
    assert result["summary"] == {"unchanged": len(states)}
    assert result["changed"] is False
    asked = [event["operation"] for event in sandbox.events()]
    assert asked.count("ListAccounts") == 1
    assert not {"ListTagsForResource", "ListDelegatedServicesForAccount"} & set(asked)
    assert asked.count("DescribeOrganizationalUnit") == 8  # each OU once, not each account


def test_delegations_are_asked_of_delegates_only(sandbox):
    """AWS allows one ListDelegatedServicesForAccount a second."""
    result = look(sandbox, all_accounts=True, include=["delegations"])
    assert {entry["name"]: entry["delegations"] for entry in result["accounts"]}["security"] == ["iam.amazonaws.com"]
    asked = [event["operation"] for event in sandbox.events()]
    assert asked.count("ListDelegatedServicesForAccount") == 1


def test_an_account_ready_to_be_removed(trusted):
    entry = one(
        trusted,
        SPIN_OFF,
        purpose="remove",
        read_root_credentials=True,
        confirmed=["payment_method", "support_plan", "agreement"],
    )
    assert entry["ready"] is True, entry["verdict"]
    assert entry["verdict"] == "The account can be removed."
    found = findings(entry)
    for name in ("waiting_period", "delegated_administrator", "contact_information", "phone_verification"):
        assert (found[name]["status"], found[name]["holds"]) == ("checked", False)
    assert found["root_credentials"]["status"] == "checked"
    assert "a password and 1 MFA device" in found["root_credentials"]["text"]
    assert "Confirmed" in found["payment_method"]["text"]
    kinds = [finding["kind"] for finding in entry["findings"]]
    assert kinds == sorted(kinds)  # what blocks comes first


def test_what_no_api_tells_is_a_persons_job_with_the_page_where(trusted):
    entry = one(trusted, NO_CARD, purpose="remove")
    assert entry["ready"] is False
    assert "to be checked and confirmed: " in entry["verdict"]
    payment = findings(entry)["payment_method"]
    assert (payment["kind"], payment["status"], payment["holds"]) == ("blocking", "person", None)
    assert "portal.aws.amazon.com" in payment["fix"]
    root = findings(entry)["root_credentials"]
    assert (root["status"], root["holds"]) == ("not_checkable", None)
    assert "read_root_credentials=true" in root["fix"]


def test_reading_root_credentials_is_root_activity_and_so_only_done_when_asked(sandbox):
    assert one(sandbox, SPIN_OFF, purpose="remove")["session"] is None
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]
    entry = one(sandbox, NO_CARD, purpose="remove", read_root_credentials=True)
    assert entry["session"]["access_key_id"] in [event["access_key_id"] for event in sandbox.events()]
    gone = findings(entry)["root_credentials"]
    assert gone["holds"] is True
    assert "no password and no MFA devices" in gone["text"]
    assert "root_password_recovery" in gone["fix"]


def test_a_root_session_that_was_denied_is_no_answer(sandbox):
    entry = one(sandbox, "777788889999", purpose="remove", read_root_credentials=True)
    assert entry["session"]["access_key_id"]  # it was opened all the same
    root = findings(entry)["root_credentials"]
    assert (root["status"], root["holds"]) == ("not_checkable", None)
    assert "AccessDenied" in root["text"]


@pytest.mark.parametrize("purpose", ["remove", "transfer"])
def test_a_young_account_waits(sandbox, purpose):
    entry = one(sandbox, NEWCOMER, purpose=purpose, confirmed=list(CONFIRMABLE))
    assert entry["verdict"].endswith(" yet; in the way: waiting_period.")
    assert findings(entry)["waiting_period"]["fix"].startswith("Wait until 20")
    assert "waiting_period" not in findings(one(sandbox, NEWCOMER, purpose="close"))


def test_invited_accounts_do_not_wait(sandbox):
    assert findings(one(sandbox, "888899990000", purpose="remove"))["waiting_period"]["holds"] is False


@pytest.mark.parametrize("purpose", ["remove", "transfer", "close"])
def test_a_delegated_administrator_stays(sandbox, purpose):
    entry = one(sandbox, SECURITY, purpose=purpose, confirmed=list(CONFIRMABLE))
    assert "in the way: delegated_administrator" in entry["verdict"]
    assert "iam.amazonaws.com" in findings(entry)["delegated_administrator"]["text"]


def test_the_management_account_and_accounts_out_of_use_stay(sandbox):
    assert "management_account" in one(sandbox, "111122223333", purpose="close")["verdict"]
    assert "account_state" in one(sandbox, "666677778888", purpose="close")["verdict"]


def test_what_was_seen_to_stand_cannot_be_confirmed_away(trusted):
    trusted.client("account", "operator").put_contact_information(
        AccountId=SPIN_OFF,
        ContactInformation={
            "FullName": "x",
            "AddressLine1": "x",
            "City": "x",
            "PostalCode": "1",
            "CountryCode": "US",
            "PhoneNumber": "+1 2065550199",
            "StateOrRegion": "WA",
        },
    )
    entry = one(trusted, SPIN_OFF, purpose="remove", confirmed=list(CONFIRMABLE))
    assert entry["verdict"] == "The account cannot be removed yet; in the way: phone_verification."


def test_consequences_are_looked_up(trusted):
    trusted.client("organizations", "operator").tag_resource(
        ResourceId="777788889999", Tags=[{"Key": "a", "Value": "b"}]
    )
    found = findings(one(trusted, "777788889999", purpose="remove"))
    assert found["tags"]["holds"] is True
    assert "deny-root-user" in found["scp_protections"]["text"]
    assert "111122223333" in found["access_role"]["text"]
    assert {"ram_shares", "cost_history", "services_end", "conditions", "stack_sets", "identity_center"} < found.keys()
    assert found["identity_center"]["holds"] is False
    assert found["stack_sets"]["holds"] is False
    assert all(finding["holds"] is not False or not finding["fix"] for finding in found.values())


def test_what_only_the_management_account_sees_is_no_answer_for_a_delegate(sandbox):
    found = findings(one(sandbox, SPIN_OFF, "delegate", purpose="remove"))
    assert (found["stack_sets"]["status"], found["stack_sets"]["holds"]) == ("not_checkable", None)
    assert found["identity_center"]["holds"] is None


def test_control_tower_shows_by_its_guardrails(sandbox):
    organizations = sandbox.client("organizations", "operator")
    organizations.enable_aws_service_access(ServicePrincipal="controltower.amazonaws.com")
    told = findings(one(sandbox, SPIN_OFF, purpose="remove"))["control_tower"]
    assert (told["status"], told["holds"]) == ("person", None)
    attach(sandbox, SPIN_OFF, {"Effect": "Deny", "Action": "cloudtrail:StopLogging"}, "aws-guardrails-AbCdEf")
    told = findings(one(sandbox, SPIN_OFF, purpose="close"))["control_tower"]
    assert told["holds"] is True
    assert "aws-guardrails-AbCdEf" in told["text"]
    assert "Unmanage" in told["fix"]


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        ({"Effect": "Deny", "Action": "organizations:LeaveOrganization"}, True),
        ({"Effect": "Deny", "NotAction": "s3:*"}, True),
        ({"Effect": "Deny", "Action": "organizations:Leave*", "Condition": {"StringEquals": {"a:b": "c"}}}, None),
        ({"Effect": "Deny", "Action": "s3:*"}, False),
    ],
)
def test_a_policy_that_denies_leaving_stops_a_transfer(sandbox, statement, holds):
    attach(sandbox, SPIN_OFF, statement)
    entry = one(sandbox, SPIN_OFF, purpose="transfer")
    assert findings(entry)["leave_denied"]["holds"] is holds
    assert findings(entry)["organization_age"]["holds"] is False
    assert findings(entry)["invitation"]["status"] == "person"
    assert "payment_method" not in findings(entry)  # a direct transfer needs none


def test_closures_under_way_count(sandbox):
    for account in (NEWCOMER, NO_CARD, SPIN_OFF):
        sandbox.client("organizations", "operator").close_account(AccountId=account)
    quota = findings(one(sandbox, "333344445555", purpose="close"))["close_quota"]
    assert quota["holds"] is True
    assert "3 accounts are being closed" in quota["text"]


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ("payments-administrator", "neither the management account nor a delegated administrator"),
        ("nobody", "permission for DescribeOrganization"),
    ],
)
def test_who_may_not_look_is_told_who_must(sandbox, identity, said):
    result = look(sandbox, identity, account_ids=[SPIN_OFF])
    assert result["failed"] is True
    assert said in result["msg"]


@pytest.mark.parametrize("identity", ["delegate", "auditor"])
def test_who_may_read_the_organization_may_look(sandbox, identity):
    assert one(sandbox, SPIN_OFF, identity)["ou"]["name"] == "Divested"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "at least one account ID"),
        ({"account_ids": []}, "at least one account ID"),
        ({"account_ids": [SPIN_OFF], "all_accounts": True}, "false, when account_ids names accounts"),
        ({"account_ids": ["34343434343"]}, "12 digits"),
        ({"account_ids": [12345678901]}, '"012345678901"'),
        ({"account_ids": ["arn:aws:iam::343434343434:root"]}, "12 digits"),
        ({"account_ids": ["spin-off"]}, "12 digits"),
        ({"account_ids": ["999999999999"]}, "is not in it"),
        ({"account_ids": [SPIN_OFF], "include": ["costs"]}, "include"),
        ({"account_ids": [SPIN_OFF], "purpose": "sell"}, "purpose"),
        ({"account_ids": [SPIN_OFF], "purpose": "remove", "confirmed": ["waiting_period"]}, "confirmed"),
        ({"account_ids": [SPIN_OFF], "confirmed": ["agreement"]}, "together with purpose"),
        ({"account_ids": [SPIN_OFF], "read_root_credentials": True}, "together with purpose"),
        ({"account_ids": [SPIN_OFF], "purpose": "remove", "read_root_credentials": "perhaps"}, "read_root_credentials"),
    ],
)
def test_what_cannot_be_meant_is_refused(sandbox, options, said):
    result = look(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert not [event for event in sandbox.events() if event["write"]]


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        ("ListTagsForResource", "tags"),
        ("ListDelegatedAdministrators", "delegations"),
        ("GetAlternateContact", "alternate_contacts"),
    ],
)
def test_a_call_that_fails_costs_its_field_only(trusted, operation, missing):
    trusted.add_fault("server_error", operation=operation)
    entry = one(trusted, SPIN_OFF)
    assert entry[missing] is None
    assert [unread["what"] for unread in entry["not_read"]] == [missing]
    assert entry["ou"]["name"] == "Divested"


def test_an_account_that_cannot_be_placed_fails_alone(sandbox):
    sandbox.add_fault("server_error", operation="DescribeOrganizationalUnit")
    result = look(sandbox, account_ids=[SPIN_OFF, "888899990000"], include=[])
    assert [entry["outcome"] for entry in result["accounts"]] == ["failed", "unchanged"]
    assert "spin-off (343434343434) is failed" in str(result["warnings"])
