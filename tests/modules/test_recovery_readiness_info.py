"""The module on an organization with defects that were written down before: it names all of them and nothing else."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import has_every_account
from support import readiness_organization as planted
from support.run_module import run

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.services import membership


@pytest.fixture(scope="module")
def organization(box: Box) -> Iterator[Box]:
    with box.serving(planted.ORGANIZATION):
        planted.plant(box)
        yield box


def look(box: Box, identity: str = "operator", **options: Any) -> dict[str, Any]:
    given = {"all_accounts": True, "own_domains": ["example.com"], "confirmed": planted.CONFIRMED}
    if "account_ids" in options:
        del given["all_accounts"]
    return run("recovery_readiness_info", environment=box.environment(identity), **{**given, **options})


@functools.cache
def judged(box: Box) -> dict[str, Any]:
    found = look(box)
    assert not found["failed"], found["msg"]
    return found


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in result["accounts"]}


def test_it_names_every_planted_defect_and_nothing_else(organization):
    found = by_name(judged(organization))
    assert list(found) == list(planted.NAMES)
    said = {
        name: (
            {
                recovery: (one["verdict"], one["reasons"][0]["code"])
                for recovery, one in entry["recoveries"].items()
                if one["verdict"] in ("fails", "unknown")
            },
            [finding["code"] for finding in entry["findings"]],
        )
        for name, entry in found.items()
    }
    assert said == {name: planted.expected(name) for name in planted.NAMES}
    assert len(planted.DEFECTS) == 20
    assert judged(organization)["unreadable"] == []


@pytest.mark.parametrize("defect", planted.DEFECTS, ids=lambda defect: defect.accounts[0])
def test_each_defect_has_its_reason_and_fix(organization, defect):
    for account in defect.accounts:
        entry = by_name(judged(organization))[account]
        reasons = [one for name in defect.recoveries for one in entry["recoveries"][name]["reasons"]]
        assert all(one["text"] and one["fix"] for one in (*reasons, *map(as_reason, entry["findings"])))
        assert defect.named in json.dumps([reasons, entry["findings"]])
        if defect.named and "policy" in str(defect.recoveries):
            assert {reason["policy"]["name"] for reason in reasons} == {defect.named}
            assert all(reason["policy"]["target"] and reason["policy"]["target_id"] for reason in reasons)


def as_reason(finding: dict[str, Any]) -> dict[str, Any]:
    return {"text": finding["title"], "fix": finding["fix"]}


def test_every_root_session_that_was_opened_is_in_the_result(organization):
    """Three an account: for the root user, for buckets, for queues. Evidence takes them from here."""
    since = len(organization.events())
    [entry] = look(organization, account_ids=[planted.IDS[planted.WELL[0]]], with_root_sessions=True)["accounts"]
    opened = [one["issued_access_key_id"] for one in organization.events()[since:] if one["operation"] == "AssumeRoot"]
    reported = [one["access_key_id"] for one in (entry["session"], *entry["sessions"]) if one]
    assert sorted(reported) == sorted(key for key in opened if key)
    assert len(reported) == 3


def test_what_a_policy_denies_to_root_sessions_has_the_fix_of_that_policy(organization):
    """The caller needs no further permission: the root session is denied."""
    found = look(organization, account_ids=[planted.IDS["vault"]], with_root_sessions=True)
    entries = {one["what"]: one for one in found["unreadable"]}
    assert {"root credentials", "buckets", "queues"} <= set(entries)
    for what in ("root credentials", "buckets", "queues"):
        assert entries[what]["permission"] is None
        assert "Give the caller" not in entries[what]["fix"]
        assert entries[what]["fix"] == entries["root credentials"]["fix"], what
        assert "Service control policy deny-root" in entries[what]["reason"], what


def test_it_takes_fewer_calls_than_to_describe_the_accounts(organization):
    since = len(organization.events())
    found = look(organization)
    calls = len(organization.events()) - since
    assert sum(found["calls"].values()) == calls
    assert not [event for event in organization.events()[since:] if event["write"] or "Assume" in event["operation"]]
    since = len(organization.events())
    run("organization_account_info", environment=organization.environment("operator"), all_accounts=True)
    assert calls <= len(organization.events()) - since + len(planted.NAMES)
    each = {"account:GetContactInformation": 26, "account:GetAlternateContact": 78}
    assert {name: count for name, count in found["calls"].items() if count > 20} == each


# Every permission that is needed, and the recoveries that are not known without it.
SESSIONS = set(planted.SESSIONS) | set(planted.UNLOCKS) | {"remove_account"}
PERMISSIONS = {
    "account:GetContactInformation": {"remove_account"},
    "account:GetAlternateContact": set(),
    "cloudformation:DescribeOrganizationsAccess": {"lost_access_role"},
    "iam:ListOrganizationsFeatures": SESSIONS,
    "organizations:DescribeOrganizationalUnit": SESSIONS | {"lost_access_role"},
    "organizations:DescribePolicy": SESSIONS | {"lost_access_role"},
    "organizations:ListAWSServiceAccessForOrganization": {"remove_account"},
    "organizations:ListDelegatedAdministrators": {"remove_account"},
    "organizations:ListPolicies": SESSIONS | {"lost_access_role"},
    "organizations:ListRoots": SESSIONS | {"lost_access_role"},
    "organizations:ListTargetsForPolicy": SESSIONS | {"lost_access_role"},
}


@pytest.fixture
def limited(organization) -> Iterator[Any]:
    """Connection options of a user who may do everything but this."""
    iam = organization.client("iam", "operator")
    iam.create_user(UserName="limited")
    iam.attach_user_policy(UserName="limited", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="limited")["AccessKey"]

    def without(*actions: str) -> dict[str, str]:
        denied = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": denied})
        iam.put_user_policy(UserName="limited", PolicyName="Limits", PolicyDocument=document)
        return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"], "session_token": ""}

    yield without
    iam.delete_access_key(UserName="limited", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="limited", PolicyName="Limits")
    iam.detach_user_policy(UserName="limited", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_user(UserName="limited")


def test_each_missing_permission_is_named_with_its_statement_and_makes_unknown_what_needs_it(organization, limited):
    for permission, recoveries in PERMISSIONS.items():
        found = look(organization, **limited(permission))
        assert not found["failed"], (permission, found["msg"])
        named = [(one["permission"], json.loads(one["statement"])) for one in found["unreadable"] if one["permission"]]
        granting = {"Effect": "Allow", "Action": permission, "Resource": "*"}
        assert named == [(permission, granting)]  # once, however many OUs and accounts need it
        unknown = {
            name for name, one in by_name(found)["payments"]["recoveries"].items() if one["verdict"] == "unknown"
        }
        assert unknown == recoveries, permission


def test_a_caller_without_assume_role_is_one_missing_permission_and_no_finding(organization, limited):
    """STS answers alike for a role that is missing and for a caller without permission (aws-facts 5b, 6)."""
    found = look(organization, with_role_sessions=True, **limited("sts:AssumeRole"))
    [entry] = [one for one in found["unreadable"] if one["what"] == "access role"]
    assert entry["permission"] == "sts:AssumeRole"
    assert json.loads(entry["statement"]) == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::*:role/OrganizationAccountAccessRole",
    }
    assert entry["accounts"] > 15
    assert {one["code"] for one in refusals(found)} <= {"access_role"}
    assert all("Most likely" not in one["detail"] for one in refusals(found))
    assert len(refusals(found)) < 4  # those of which a policy says so


def test_a_role_that_refuses_where_others_answer_is_a_finding(organization):
    found = look(organization, with_role_sessions=True)
    assert [one for one in found["unreadable"] if one["what"] == "access role"] == []
    assert refusals(found)


def refusals(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for entry in found["accounts"] for one in entry["findings"] if one["code"] == "access_role"]


def test_without_the_list_of_accounts_it_fails_and_names_the_statement(organization, limited):
    found = look(organization, **limited("organizations:ListAccounts"))
    assert found["failed"]
    assert json.loads(found["unreadable"][0]["statement"])["Action"] == "organizations:ListAccounts"
    assert found["unreadable"][0]["statement"] in found["fix"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"own_domains": ["root@example.com"]}, "without @"),
        ({"role_name": "arn:aws:iam::111122223333:role/x"}, "role_name"),
        ({"regions": ["nowhere"]}, "regions"),
        ({"account_ids": ["123"]}, "12 digits"),
        ({"confirmed": ["good_weather"]}, "confirmed"),
    ],
)
def test_wrong_input_is_refused_before_any_call(organization, options, said):
    since = len(organization.events())
    found = look(organization, **options)
    assert found["failed"]
    assert said in found["msg"]
    assert [event for event in organization.events()[since:] if event["operation"] != "GetCallerIdentity"] == []


def test_the_result_says_whether_it_has_every_account(organization):
    """The history relies on it: an account without an entry has left the organization."""
    assert judged(organization)["all_accounts"] is True
    assert look(organization, exclude_accounts=[planted.IDS["vault"]])["all_accounts"] is True
    assert look(organization, account_ids=[planted.IDS["vault"]])["all_accounts"] is False
    assert not has_every_account({"all_accounts": True, "account_tags": {"stage": "production"}})


def test_an_account_that_leaves_meanwhile_is_said_to_have_left(organization):
    """It is in the list of accounts, and gone when its contacts are asked for."""
    leaving = organization._state.organization.accounts[planted.IDS["twin-east"]]

    def leave(event: dict[str, Any]) -> None:
        if event["operation"] == "ListTargetsForPolicy" and leaving.id in organization._state.organization.accounts:
            membership.depart(organization._state, leaving, "LEFT", leaving.joined)

    organization.on_event(leave)  # the last test of the organization: the account does not return
    found = by_name(look(organization))
    assert (found["twin-east"]["outcome"], found["twin-east"]["state"]) == ("skipped", None)
    assert "left the organization" in found["twin-east"]["reason"]
    assert {one["verdict"] for one in found["twin-east"]["recoveries"].values()} == {"not_applicable"}
    assert found["twin-west"]["outcome"] == "unchanged"
