"""Resource control policies are read and judged like service control policies: readiness, unlock, explanation."""

from __future__ import annotations

import json

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

PAYMENTS, LEDGER, MANAGEMENT = "333344445555", "payments-ledger-333344445555", "111122223333"


def attach(box: Box, target: str = PAYMENTS, **elements) -> None:
    organizations = box.client("organizations", "operator")
    root = organizations.list_roots()["Roots"][0]
    if "RESOURCE_CONTROL_POLICY" not in [kind["Type"] for kind in root["PolicyTypes"]]:
        organizations.enable_policy_type(RootId=root["Id"], PolicyType="RESOURCE_CONTROL_POLICY")
    statement = {"Sid": "Keep", "Effect": "Deny", "Principal": "*", "Resource": "*", **elements}
    made = organizations.create_policy(
        Name="keep-policies",
        Description="",
        Type="RESOURCE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


@pytest.fixture
def guarded(sandbox) -> Box:
    attach(sandbox, Action=["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
    return sandbox


def test_readiness_reports_the_policy(guarded):
    result = run("root_access_info", environment=guarded.environment("operator"), account_id=PAYMENTS)
    [found] = result["target"]["service_control_policies"]
    assert (found["policy_name"], found["policy_type"]) == ("keep-policies", "RESOURCE_CONTROL_POLICY")
    assert found["actions"] == ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    assert found["certain"]
    assert "Resource control policy keep-policies on account" in str(result["reasons"])
    assert result["ready"] is False


def test_an_account_that_leaves_loses_what_protects_its_resources(guarded):
    result = run(
        "organization_account_info",
        environment=guarded.environment("operator"),
        account_ids=[PAYMENTS],
        purpose="remove",
    )
    [account] = result["accounts"]
    found = {one["name"]: one for one in account["findings"]}["rcp_protections"]
    assert (found["kind"], found["status"], found["holds"]) == ("consequence", "checked", True)
    assert "keep-policies" in found["text"]
    assert found["fix"]


def test_without_resource_control_policies_nothing_is_lost(sandbox):
    result = run(
        "organization_account_info",
        environment=sandbox.environment("operator"),
        account_ids=[PAYMENTS],
        purpose="remove",
    )
    found = {one["name"]: one for one in result["accounts"][0]["findings"]}["rcp_protections"]
    assert (found["status"], found["holds"]) == ("checked", False)


def test_a_move_shows_which_of_them_come_and_go(sandbox):
    organizations = sandbox.client("organizations", "operator")
    [parent] = organizations.list_parents(ChildId=PAYMENTS)["Parents"]
    attach(sandbox, parent["Id"], Action="s3:*")
    result = run(
        "organization_account",
        environment=sandbox.environment("operator"),
        check_mode=True,
        account_id=PAYMENTS,
        state="in_ou",
        ou="Root",
    )
    before, after = (result["diff"][side]["resource_control_policies"] for side in ("before", "after"))
    assert sorted(set(before) - set(after)) == ["keep-policies"]
    assert "RCPFullAWSAccess" in after


def test_the_unlock_names_the_policy_that_denies_it(guarded, tmp_path):
    result = run(
        "s3_bucket_policy_unlock",
        environment=guarded.environment("operator"),
        account_id=PAYMENTS,
        bucket=LEDGER,
        backup_dir=str(tmp_path / "backups"),
    )
    assert result["failed"]
    assert "explicit deny in a resource control policy" in result["cause"]
    assert "Resource control policy keep-policies" in result["cause"]
    assert "Service control policy" not in result["cause"]
    assert "keep-policies" in result["fix"]
    assert not result.get("changed")


def test_the_access_role_is_stopped_by_the_policy_that_aws_names(sandbox):
    attach(sandbox, Action="sts:AssumeRole", Resource="arn:aws:iam::*:role/OrganizationAccountAccessRole")
    environment = sandbox.environment("operator")
    result = run("organization_access_role_info", environment=environment, account_ids=[PAYMENTS])
    [entry] = result["accounts"]
    assert "Resource control policy keep-policies on account" in str(entry)
    assert (entry["role"]["state"], entry["role"]["certain"]) == ("stopped", True)


@pytest.mark.parametrize(
    ("elements", "stops"),
    [
        ({"Action": "iam:*"}, False),  # not a service that resource control policies apply to
        ({"Action": "s3:GetObject"}, False),
        ({"Action": "s3:*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-breakglass1"}}}, False),
        ({"Action": "sqs:*", "Condition": {"Null": {"aws:AssumedRoot": "true"}}}, False),
        ({"Action": "sqs:SetQueueAttributes"}, True),
        ({"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, False),
    ],
)
def test_what_stops_a_root_session_and_what_does_not(sandbox, elements, stops):
    attach(sandbox, **elements)
    result = run("root_access_info", environment=sandbox.environment("operator"), account_id=PAYMENTS)
    assert bool(result["target"]["service_control_policies"]) is stops
    assert result["ready"] is not stops
