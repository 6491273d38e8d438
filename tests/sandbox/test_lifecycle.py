"""Accounts over time, the keys of the organization file that are about it, and what people may be asked to do."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from urllib.error import HTTPError

import pytest
from conformance.steps import control, settle
from support.refusals import refused

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.model.lifecycle import Schedule
from breakglass_aws.sandbox.organization_file.schema import load
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError
from breakglass_aws.sandbox.people.console import Refused, Unknown
from breakglass_aws.sandbox.services.account_closure import closure_quota

DATA_LAKE, SPIN_OFF = "012345678901", "343434343434"
MANAGEMENT = {"id": "111111111111", "name": "management"}


def described(**more: Any) -> dict[str, Any]:
    return {"organization": "o-exampleorg1", "management_account": "111111111111", "accounts": [MANAGEMENT], **more}


def with_account(**keys: Any) -> dict[str, Any]:
    return described(accounts=[MANAGEMENT, {"id": "222222222222", "name": "member", **keys}])


# Time


def test_what_is_due_is_done_in_its_order_and_once():
    schedule, done, start = Schedule(), [], now()
    schedule.at(start + timedelta(days=2), lambda moment: done.append(("later", moment - start)))
    schedule.at(start + timedelta(days=1), lambda moment: done.append(("sooner", moment - start)))
    schedule.at(start + timedelta(days=1), lambda _: schedule.at(start, lambda _: done.append(("led to", None))))
    schedule.run(start)
    assert done == []
    schedule.run(start + timedelta(days=3))
    schedule.run(start + timedelta(days=3))
    assert done == [("sooner", timedelta(days=1)), ("led to", None), ("later", timedelta(days=2))]


def test_a_closed_account_is_gone_after_90_days(sandbox):
    settle(sandbox, closure="0 seconds")
    organizations = sandbox.client("organizations", "operator")
    organizations.close_account(AccountId=DATA_LAKE)
    state = sandbox._state
    state.schedule.run(now() + timedelta(days=89))
    assert organizations.describe_account(AccountId=DATA_LAKE)["Account"]["State"] == "CLOSED"
    state.schedule.run(now() + timedelta(days=91))
    assert refused(partial(organizations.describe_account, AccountId=DATA_LAKE))[0] == "AccountNotFoundException"
    [departed] = [one for one in state.service_events if one["eventName"] == "AccountDepartedOrganization"]
    assert departed["serviceEventDetails"]["departureMethod"] == "CLEANED"


def test_a_reopened_account_is_not_gone_after_90_days(sandbox):
    settle(sandbox, closure="0 seconds")
    organizations = sandbox.client("organizations", "operator")
    organizations.close_account(AccountId=DATA_LAKE)
    organizations.list_roots()
    sandbox.act("data-lake", "reopen")
    sandbox._state.schedule.run(now() + timedelta(days=91))
    assert organizations.describe_account(AccountId=DATA_LAKE)["Account"]["State"] == "ACTIVE"


def test_an_invitation_expires_and_is_forgotten(sandbox):
    member = sandbox.client("organizations", "spin-off-administrator")
    [handshake] = member.list_handshakes_for_account()["Handshakes"]
    kept = sandbox._state.handshakes[handshake["Id"]]
    kept.requested -= timedelta(days=15)
    kept.expires -= timedelta(days=15)
    shown = member.describe_handshake(HandshakeId=handshake["Id"])["Handshake"]
    assert shown["State"] == "EXPIRED"
    accept = partial(member.accept_handshake, HandshakeId=handshake["Id"])
    assert refused(accept)[0] == "InvalidHandshakeTransitionException"
    kept.changed -= timedelta(days=30)
    assert member.list_handshakes_for_account()["Handshakes"] == []


@pytest.mark.parametrize(("members", "quota"), [(1, 250), (1250, 250), (1300, 260), (5000, 1000), (9999, 1000)])
def test_how_many_accounts_may_be_closed(members, quota):
    assert closure_quota(members) == quota


def test_resetting_brings_everybody_back(sandbox):
    organizations = sandbox.client("organizations", "operator")
    before = organizations.describe_account(AccountId=SPIN_OFF)["Account"]
    organizations.remove_account_from_organization(AccountId=SPIN_OFF)
    sandbox.act("no-card", "add_payment_method")
    sandbox.reset()
    assert organizations.describe_account(AccountId=SPIN_OFF)["Account"] == before
    assert sandbox.look("no-card")["standing"]["payment_method"] == "none"


# The organization file


def test_an_account_outside_of_the_organization():
    organization = load(described(accounts=[MANAGEMENT, {"id": "222222222222", "name": "alone", "member": False}]))
    built = organization.build()
    assert list(built.accounts) == ["111111111111"]
    [outsider] = organization.outsiders(built)
    assert (outsider.id, outsider.standing.payment_method, outsider.standing.phone) == (
        "222222222222",
        "valid",
        "VERIFIED",
    )


def test_what_an_account_has_when_nothing_is_said():
    built = load(with_account()).build()
    assert built.accounts["222222222222"].standing.payment_method == "none"
    assert built.accounts["111111111111"].standing.payment_method == "valid"
    invited = load(with_account(joined_method="INVITED")).build().accounts["222222222222"]
    assert invited.standing.agreement is True


def test_an_account_may_hold_delegations():
    organization = load(
        {
            **with_account(delegated_administrator_for=["account.amazonaws.com"]),
            "trusted_access": ["account.amazonaws.com"],
        }
    )
    assert organization.build().is_delegate("222222222222", "account.amazonaws.com")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            with_account(payment_method="gold"),
            '.payment_method: "gold" is not accepted; accepted: none, valid, unsupported',
        ),
        (with_account(phone_verified="yes"), '.phone_verified: "yes" is not accepted; accepted: true, false'),
        (with_account(support_plan="free"), "accepted: basic, developer, business, enterprise"),
        (with_account(joined="soon"), '.joined: "soon" is not accepted'),
        (with_account(contact={"fax": "1"}), ".contact.fax: unknown key; accepted: full_name, address"),
        (with_account(alternate_contacts={"security": {"name": "x"}}), "the key 'title' is missing"),
        (with_account(alternate_contacts={"legal": {}}), ".alternate_contacts.legal: unknown key; accepted: billing"),
        (with_account(delegated_administrator_for=["iam.amazonaws.com"]), "delegated_administrator_for[0]"),
        (described(behaviour={"closure": "soon"}), 'behaviour.closure: "soon" is not accepted; accepted: a time span'),
        (described(behaviour={"account_quota": 0}), "accepted: a whole number of at least 1"),
        (described(behaviour={"speed": 1}), "behaviour.speed: unknown key; accepted: account_creation"),
        (described(other_organization={"organization": "o-otherorg001"}), "the key 'management_account' is missing"),
        (
            described(other_organization={"organization": "o-otherorg001", "management_account": "111111111111"}),
            "accepted: the ID of an account that is not in this file",
        ),
        (
            described(
                other_organization={
                    "organization": "o-otherorg001",
                    "management_account": "999999999999",
                    "invites": ["222222222222"],
                }
            ),
            "other_organization.invites[0]",
        ),
        (
            described(accounts=[{**MANAGEMENT, "member": False}]),
            "accepted: the ID of an account that is a member of the organization",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_named(file, said):
    with pytest.raises(OrganizationError) as caught:
        load(file)
    assert said in str(caught.value)


# People


def test_steps_are_listed_with_what_they_take(sandbox):
    steps = control(sandbox, "GET", "person")["steps"]
    assert steps["sign_in"] == {"password": "", "mfa": ""}
    assert steps["choose_support_plan"] == {"plan": "basic"}


def test_a_person_is_found_by_account_and_by_name(sandbox):
    assert sandbox.look(SPIN_OFF) == sandbox.look("spin-off")
    assert sandbox.look("spin-off")["email"] == "aws+spin-off@example.com"


def test_the_password_its_owner_keeps_is_the_one_that_signs_in(sandbox):
    password = sandbox.look("data-lake")["password"]
    assert sandbox.act("data-lake", "sign_in", password=password)["access_key"].startswith("ASIA")
    with pytest.raises(Refused):
        sandbox.act("data-lake", "sign_in", password=f"{password}!")


def test_a_sign_in_ends(sandbox):
    keys = sandbox.act("data-lake", "sign_in")
    session = sandbox._state.sessions[keys["access_key"]]
    assert session.expires - now() > timedelta(hours=11)


@pytest.mark.parametrize(
    ("who", "step", "given", "said"),
    [
        ("nowhere", "sign_in", {}, "no account 'nowhere'"),
        ("payments", "fly", {}, "no step 'fly'; there are: request_password_reset"),
        ("payments", "sign_in", {"user": "x"}, "sign_in takes no user; accepted: password, mfa"),
        ("payments", "sign_in", {"mfa": 6}, "mfa must be text"),
        ("payments", "choose_support_plan", {"plan": "gold"}, "accepted: basic, developer, business, enterprise"),
        ("payments", "add_payment_method", {"kind": "none"}, "accepted: valid, unsupported"),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(sandbox, who, step, given, said):
    with pytest.raises(Unknown) as caught:
        sandbox.act(who, step, **given)
    assert said in str(caught.value)


def test_reopening_what_is_not_closed_is_refused(sandbox):
    with pytest.raises(Refused, match="not closed"):
        sandbox.act("payments", "reopen")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "person/nowhere", None, 404),
        ("GET", "person/payments/garage", None, 404),
        ("GET", "person/payments/phone/1", None, 404),
        ("POST", "person/payments", {}, 404),
        ("POST", "person/payments/fly", {}, 404),
        ("POST", "person/payments/sign_in", ["password"], 400),
        ("POST", "behaviour", {"closure": 5}, 400),
        ("POST", "behaviour", ["closure"], 400),
    ],
)
def test_the_control_api_refuses_in_words(sandbox: Box, method, path, body, status):
    with pytest.raises(HTTPError) as caught:
        control(sandbox, method, path, body)
    assert caught.value.code == status
    assert b"error" in caught.value.read()
