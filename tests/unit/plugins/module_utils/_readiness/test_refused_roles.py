"""Where access roles refuse the caller: when that is said to be the caller's permission, and when it is a finding."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import MISSING, REFUSED, RoleStatus
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import refused_roles, sessions
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.findings import findings
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings

MANAGEMENT = "999999999999"
CALLER = SimpleNamespace(arn=f"arn:aws:iam::{MANAGEMENT}:user/reader", partition="aws")
ARN = "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"
ANSWERED = None
UNKNOWN = (REFUSED, False, f"AWS refused assuming {ARN} (AccessDenied: no).")
INVITED = (MISSING, False, f"Most likely the role never existed. AWS refused assuming {ARN} (AccessDenied: no).")
STRIPPED = ("stripped", False, "It can be assumed, but has no policy.")
STOPPED = ("stopped", True, f"AWS refused assuming {ARN} (AccessDenied: no). A resource control policy denies it.")


def account(number: int, status: Any) -> SimpleNamespace:
    joined = "INVITED" if status is INVITED else "CREATED"
    return SimpleNamespace(id=f"{number:012d}", state="ACTIVE", email="", joined_method=joined)


def facts(status: Any) -> AccountFacts:
    found = AccountFacts({}, {}, [], 0, {}, {}, [])
    found.role = RoleStatus(ARN, *status) if status else None
    found.contact = found.alternate_contacts = sessions.Unread("not read", "")
    return found


def judged(*statuses: Any) -> list[dict[str, Any]]:
    accounts = [account(number, status) for number, status in enumerate(statuses, 1)]
    entries = [
        {
            "account_id": one.id,
            "outcome": v.UNCHANGED,
            "unread": [],
            "findings": findings(one, facts(status), (), {}),
        }
        for one, status in zip(accounts, statuses, strict=True)
    ]
    by_id = {one.id: one for one in accounts}
    return list(refused_roles.blaming_caller(entries, by_id, MANAGEMENT, CALLER, "OrganizationAccountAccessRole"))


@pytest.mark.parametrize(
    "statuses",
    [
        (UNKNOWN,),
        (UNKNOWN, UNKNOWN, ANSWERED),
        (UNKNOWN, UNKNOWN, STRIPPED),
        (INVITED, INVITED),
        (STOPPED, STOPPED),
    ],
)
def test_they_are_findings_where_the_caller_may_not_be_the_cause(statuses):
    entries = judged(*statuses)
    assert [len(entry["findings"]) for entry in entries] == [int(status is not ANSWERED) for status in statuses]
    assert all(entry["unread"] == [] for entry in entries)


def test_they_are_the_callers_permission_where_no_role_let_it_in():
    entries = judged(UNKNOWN, UNKNOWN, INVITED, STOPPED)
    assert [len(entry["findings"]) for entry in entries] == [0, 0, 0, 1]
    assert [[one["permission"] for one in entry["unread"]] for entry in entries] == [["sts:AssumeRole"]] * 3 + [[]]
    assert CALLER.arn in entries[0]["unread"][0]["reason"]


def test_a_role_that_trusts_the_caller_and_refuses_it_is_the_callers_permission(monkeypatch):
    """Read as AWSControlTowerExecution: then the cause is certain, in one account alone too."""
    status = RoleStatus(ARN, REFUSED, True, "The role exists and trusts the management account.")
    monkeypatch.setattr(sessions, "inspect_role", lambda *_given: status)
    known = SimpleNamespace(caller=CALLER, management_account_id=MANAGEMENT, role=v.MANAGEMENT_ACCOUNT)
    options = sessions.SessionOptions(root=False, role=True, role_name="Access", regions=None)
    monkeypatch.setattr(sessions, "AccountManagement", lambda *_given: None)
    reader = sessions.SessionReader(SimpleNamespace(connection=None, organization=None), known, options, None)
    readings, found = Readings(), facts(ANSWERED)
    reader.add(account(1, UNKNOWN), found, readings, {})
    [entry] = readings.unread
    assert json.loads(entry["statement"])["Resource"] == "arn:aws:iam::*:role/Access"
    assert found.role is None


def test_an_account_whose_role_refused_is_read_again_after_an_interruption():
    [entry] = judged(UNKNOWN)
    assert refused_roles.is_uncertain(entry)
    [entry] = judged(STOPPED)
    assert not refused_roles.is_uncertain(entry)
