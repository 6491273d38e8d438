from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import session
from support.run_module import run

from breakglass_aws.sandbox import Box


def audit(box: Box, name: str = "operator", **options) -> dict:
    return run("root_credentials_info", environment=box.environment(name), **options)


def by_account(result: dict) -> dict[str, dict]:
    return {entry["account_id"]: entry for entry in result["accounts"]}


def as_in_snapshot(credentials: dict) -> dict:
    return {
        "password": credentials["password"]["present"],
        "access_keys": sorted(key["id"] for key in credentials["access_keys"]),
        "signing_certificates": sorted(one["id"] for one in credentials["signing_certificates"]),
        "mfa_devices": sorted(device["serial"] for device in credentials["mfa_devices"]),
    }


def test_the_whole_organization_is_told_as_it_is(sandbox):
    result = audit(sandbox, all_accounts=True)
    assert result["failed"] is False
    entries = by_account(result)
    cases = {
        "111122223333": "skipped",
        "222233334444": "absent",
        "333344445555": "absent",
        "444455556666": "unchanged",
        "012345678901": "unchanged",
        "555566667777": "unchanged",
        "666677778888": "skipped",
        "777788889999": "unreachable",
        "888899990000": "unchanged",
    }
    assert {account_id: entries[account_id]["outcome"] for account_id in cases} == cases
    assert sum(result["summary"].values()) == len(entries)
    truth = sandbox.snapshot()["root_users"]
    assert set(entries) == set(truth)
    for account_id, entry in entries.items():
        if entry["outcome"] in ("unchanged", "absent"):
            assert as_in_snapshot(entry["root_credentials"]) == truth[account_id]
            assert entry["session"]["access_key_id"].startswith("ASIA")
        else:
            assert entry["root_credentials"] is None
            assert entry["reason"]


def test_an_account_that_cannot_be_looked_into_is_never_clean(sandbox):
    """A service control policy denies the root user everything in the account vault (peers: U1, U7)."""
    entry = audit(sandbox, account_ids=["777788889999"])
    assert entry["failed"] is False
    assert "vault (777788889999) is unreachable" in str(entry["warnings"])
    [entry] = entry["accounts"]
    assert entry["outcome"] == "unreachable"
    assert entry["root_credentials"] is None
    assert "service control policy" in entry["reason"]
    assert "aws:AssumedRoot" in entry["fix"]


def test_looking_writes_nothing_and_takes_the_task_that_can_only_look(sandbox, monkeypatch):
    tasks = []
    monkeypatch.setattr(
        session.RootSession, "__repr__", lambda self: pytest.fail("a session was printed"), raising=True
    )
    opened = session.RootSession.__init__
    monkeypatch.setattr(
        session.RootSession,
        "__init__",
        lambda self, connection, account_id, task, credentials: (
            tasks.append(task.policy),
            opened(self, connection, account_id, task, credentials),
        )[1],
    )
    before = sandbox.snapshot()
    audit(sandbox, all_accounts=True)
    assert set(tasks) == {"IAMAuditRootUserCredentials"}
    assert not [event for event in sandbox.events() if event["write"]]
    assert sandbox.snapshot() == before


def test_last_use_is_told(sandbox):
    [entry] = audit(sandbox, account_ids=["444455556666"])["accounts"]
    used, unused = entry["root_credentials"]["access_keys"]
    assert used["last_used"]["date"].endswith("Z")
    assert used["last_used"]["service"]
    assert unused["last_used"] == {"date": None, "service": None, "region": None}
    [entry] = audit(sandbox, account_ids=["012345678901"])["accounts"]
    assert entry["root_credentials"]["password"]["present"] is True
    assert entry["root_credentials"]["password"]["last_used"] is None


def test_named_accounts_come_in_their_order_and_once(sandbox):
    result = audit(sandbox, account_ids=["888899990000", "012345678901", "8888-9999-0000"])
    assert [entry["account_id"] for entry in result["accounts"]] == ["888899990000", "012345678901"]
    assert "more than once" in str(result["warnings"])


@pytest.mark.parametrize("name", ["delegate", "auditor"])
def test_others_who_may_can(sandbox, name):
    [entry] = audit(sandbox, name, account_ids=["444455556666"])["accounts"]
    assert entry["outcome"] == "unchanged"


def test_no_secret_of_a_session_is_in_the_result(sandbox, monkeypatch):
    secrets = []
    opened = session.RootSession.__init__

    def remember(self, connection, account_id, task, credentials):
        secrets.extend([credentials["SecretAccessKey"], credentials["SessionToken"]])
        opened(self, connection, account_id, task, credentials)

    monkeypatch.setattr(session.RootSession, "__init__", remember)
    result = audit(sandbox, all_accounts=True)
    shown = json.dumps(result)
    assert len(secrets) == 2 * len([entry for entry in result["accounts"] if entry["session"]]) > 0
    assert not [secret for secret in secrets if secret in shown]
    assert "BEGIN CERTIFICATE" not in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "at least one account ID"),
        ({"account_ids": []}, "at least one account ID"),
        ({"account_ids": ["444455556666"], "all_accounts": True}, "all_accounts"),
        ({"account_ids": [1402433619]}, '"012345670123"'),
        ({"account_ids": [12345678901]}, '"012345678901"'),
        ({"account_ids": ["legacy-web"]}, "12 digits"),
        ({"account_ids": ["444455556666", ""]}, "12 digits"),
        ({"account_ids": {"id": "444455556666"}}, "account_ids"),
        ({"account_ids": ["999999999999"]}, "999999999999 is not in it"),
        ({"account_ids": ["444455556666", "111122223333"]}, "never a target"),
    ],
)
def test_wrong_accounts_are_refused_before_any_session_is_opened(sandbox, options, said):
    result = audit(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]


def denied(box: Box, name: str, account_id: str = "444455556666") -> str:
    result = audit(box, name, account_ids=[account_id])
    if result["failed"]:
        return result["msg"]
    [entry] = result["accounts"]
    assert entry["outcome"] == "unreachable"
    assert entry["session"] is None
    return f"{entry['reason']} {entry['fix']}"


def test_a_denied_session_is_put_down_to_the_feature_that_is_off(sandbox):
    sandbox.client("iam", "operator").disable_organizations_root_credentials_management()
    assert "root_credentials_management=true" in denied(sandbox, "operator")


def test_a_denied_session_is_put_down_to_trusted_access_that_is_off(sandbox):
    organizations = sandbox.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId="222233334444", ServicePrincipal="iam.amazonaws.com")
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    assert "trusted_access=true" in denied(sandbox, "operator")


def test_a_denied_session_is_put_down_to_the_missing_permission(sandbox):
    """The auditor may open sessions that can only look; a session that can delete is refused it."""
    result = run("root_credentials", environment=sandbox.environment("auditor"), account_ids=["444455556666"])
    assert result["failed"] is True
    [entry] = result["accounts"]
    assert entry["outcome"] == "unreachable"
    assert "may not call sts:AssumeRoot" in entry["reason"]
    assert "IAMDeleteRootUserCredentials" in entry["fix"]


def test_what_could_not_be_checked_of_a_denial_is_named(sandbox):
    denial = {"Effect": "Deny", "Action": ["sts:AssumeRoot", "iam:ListOrganizationsFeatures"], "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam = sandbox.client("iam", "engineer")
    iam.put_role_policy(RoleName="BreakGlassOperator", PolicyName="less", PolicyDocument=text)
    [entry] = audit(sandbox, account_ids=["444455556666"])["accounts"]
    assert "may not call sts:AssumeRoot" in entry["reason"]
    assert "Not checked (no permission): the organization's features." in entry["fix"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("payments-administrator", "neither the management account"), ("nobody", "DescribeOrganization")],
)
def test_who_may_not_look_at_the_organization_is_told_who_may(sandbox, name, said):
    assert said in denied(sandbox, name)


def test_without_credentials_and_without_an_endpoint_it_fails_in_words(sandbox):
    nobody = run("root_credentials_info", endpoint_url=sandbox.url, all_accounts=True)
    assert nobody["failed"] is True
    assert "credentials" in nobody["cause"]
    nowhere = {**sandbox.environment("operator"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    assert "http://127.0.0.1:9" in run("root_credentials_info", environment=nowhere, all_accounts=True)["cause"]


def test_what_the_journal_knows_is_not_looked_at_again(sandbox, tmp_path):
    options = {"account_ids": ["444455556666", "777788889999"], "journal": str(tmp_path / "journal"), "workers": 2}
    first = audit(sandbox, **options)
    since = len(sandbox.events())
    again = audit(sandbox, **options)
    targets = [event["resource"] for event in sandbox.events()[since:] if event["operation"] == "AssumeRoot"]
    assert targets == ["arn:aws:iam::777788889999:root"]  # it could not be looked into: never taken for done
    assert again["accounts"][0]["journal_time"]
    assert again["accounts"][0]["root_credentials"] == first["accounts"][0]["root_credentials"]
    assert again["summary"] == first["summary"]
