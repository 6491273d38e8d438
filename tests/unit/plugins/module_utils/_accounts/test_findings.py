"""What is said of an account before it is taken out of the organization: facts in, findings out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import findings as f
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.blockers import WAITING_PERIOD
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import Closures
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.finding import (
    BLOCKING,
    NOT_CHECKABLE,
    Finding,
)
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import CONTACT_REQUIRED
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 31, tzinfo=UTC)
OLD = NOW - timedelta(days=700)
NOT_READ = Unread("Nobody may read it.", "Give permission.")
READY = f.Facts(
    account=Account("343434343434", "spin-off", "ACTIVE", "", "CREATED", OLD),
    management_account_id="111122223333",
    now=NOW,
    created=OLD,
    organization_created=OLD,
    delegations=[],
    contact={**dict.fromkeys(CONTACT_REQUIRED, "x"), "phone_verification": "VERIFIED"},
    tags={},
    trusted_services=[],
    policies=[],
    resource_policies=[],
    documents={},
    stack_sets=[],
    permission_sets=[],
    root_credentials={"password": {"present": True}, "mfa_devices": [{"serial": "x"}]},
    closures=Closures(closed=0, pending=0, quota=250),
)
UNREADABLE = (
    "created",
    "delegations",
    "contact",
    "tags",
    "trusted_services",
    "policies",
    "resource_policies",
    "documents",
    "stack_sets",
    "permission_sets",
    "root_credentials",
    "closures",
)


def named(purpose: str, facts: f.Facts, name: str) -> Finding:
    return next(one for one in f.findings(purpose, facts) if one.name == name)


@pytest.mark.parametrize("purpose", f.PURPOSES)
def test_nothing_stands_once_everything_is_seen_or_confirmed(purpose):
    found = f.findings(purpose, READY, f.CONFIRMABLE)
    assert not [one for one in found if one.stands]
    assert f.verdict(purpose, found).startswith("The account can be ")


@given(st.sampled_from(f.PURPOSES), st.sets(st.sampled_from(UNREADABLE)), st.sets(st.sampled_from(f.CONFIRMABLE)))
def test_what_was_not_read_is_never_taken_for_fine(purpose, unread, confirmed):
    facts = replace(READY, **dict.fromkeys(unread, NOT_READ))
    for one in f.findings(purpose, facts, confirmed):
        assert one.text
        if one.status == NOT_CHECKABLE and one.holds is False:
            assert one.name in confirmed
        assert one.stands == (one.kind == BLOCKING and one.holds is not False)


@given(st.floats(min_value=0, max_value=10))
def test_the_waiting_period_is_four_days_to_the_second(days):
    facts = replace(READY, created=NOW - timedelta(days=days))
    assert named(f.REMOVE, facts, "waiting_period").holds is (timedelta(days=days) < WAITING_PERIOD)
    invited = replace(facts, account=replace(facts.account, joined_method="INVITED"))
    assert named(f.REMOVE, invited, "waiting_period").holds is False


def test_an_organization_must_be_seven_days_old_for_a_transfer():
    young = replace(READY, organization_created=NOW - timedelta(days=6))
    assert named(f.TRANSFER, young, "organization_age").holds is True
    assert named(f.TRANSFER, replace(READY, organization_created=None), "organization_age").holds is None


def test_a_reason_that_was_seen_to_stand_is_not_confirmed_away():
    facts = replace(READY, contact={**READY.contact, "phone_verification": "PENDING", "city": ""})
    found = f.findings(f.REMOVE, facts, f.CONFIRMABLE)
    assert f.verdict(f.REMOVE, found) == (
        "The account cannot be removed yet; in the way: contact_information, phone_verification."
    )


@pytest.mark.parametrize(
    ("closures", "holds"),
    [
        (Closures(0, 0, 250), False),
        (Closures(0, 2, 250), False),
        (Closures(0, 3, 250), True),
        (Closures(249, 0, 250), False),
        (Closures(250, 0, 250), None),  # AWS does not tell when they were closed
    ],
)
def test_the_quota_of_closures_is_judged_as_far_as_it_can_be_known(closures, holds):
    assert named(f.CLOSE, replace(READY, closures=closures), "close_quota").holds is holds
