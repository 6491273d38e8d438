"""Resource control policies are read and judged like service control policies: readiness, unlock, explanation."""

from __future__ import annotations

import json

import pytest
from support.least_privilege import operator_of
from support.run_module import run

from breakglass_aws.sandbox import Box

PAYMENTS, LEDGER = "333344445555", "payments-ledger-333344445555"
QUEUE = "arn:aws:sqs:eu-central-1:012345678901:ingest-events"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def attach(box: Box, target: str = PAYMENTS, kind: str = RCP, name: str = "keep-policies", **elements) -> None:
    organizations = box.client("organizations", "operator")
    root = organizations.list_roots()["Roots"][0]
    if kind not in [enabled["Type"] for enabled in root["PolicyTypes"]]:
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind)
    whose = {"Principal": "*"} if kind == RCP else {}
    statement = {"Sid": "Keep", "Effect": "Deny", **whose, "Resource": "*", **elements}
    made = organizations.create_policy(
        Name=name,
        Description="",
        Type=kind,
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


@pytest.mark.parametrize("kind", [SCP, RCP])
def test_the_policy_that_denies_it_is_judged_on_the_resource_that_aws_names(sandbox, tmp_path, kind):
    attach(sandbox, kind=kind, Action="s3:PutBucketPolicy", Resource="arn:aws:s3:::payments-*")
    where = {"account_id": PAYMENTS, "bucket": LEDGER, "backup_dir": str(tmp_path / "backups")}
    result = run("s3_bucket_policy_unlock", environment=sandbox.environment("operator"), **where)
    assert "keep-policies on account" in result["cause"]
    assert "not known" not in result["cause"]


def test_a_policy_for_another_region_is_not_blamed(sandbox, tmp_path):
    here, elsewhere = ({"StringEquals": {"aws:RequestedRegion": one}} for one in ("eu-central-1", "us-west-2"))
    lake = "012345678901"
    attach(sandbox, lake, SCP, "elsewhere", Action="sqs:SetQueueAttributes", Condition=elsewhere)
    attach(sandbox, lake, SCP, "here", Action="sqs:SetQueueAttributes", Condition=here)
    where = {"account_id": lake, "queue": QUEUE, "backup_dir": str(tmp_path / "backups")}
    result = run("sqs_queue_policy_unlock", environment=sandbox.environment("operator"), **where)
    assert "aws:RequestedRegion is eu-central-1" in result["cause"]
    assert "us-west-2" not in result["cause"]
    assert "not known" not in result["cause"]


def plan(box: Box, **options) -> dict:
    options = {"account_id": PAYMENTS, "bucket": LEDGER, "mode": "repair", **options}
    return run("s3_bucket_policy_unlock", check_mode=True, environment=box.environment("operator"), **options)


def test_the_plan_of_an_unlock_foretells_the_refusal(guarded, tmp_path):
    result = plan(guarded, backup_dir=str(tmp_path))
    [found] = result["stopped_by"]
    assert (found["policy_name"], found["policy_type"], found["certain"]) == ("keep-policies", RCP, True)
    assert found["actions"] == ["s3:PutBucketPolicy"]
    [warning] = map(str, result["warnings"])
    assert "AWS will refuse s3:PutBucketPolicy. Resource control policy keep-policies on account" in warning
    assert found["fix"].split('"')[0] in warning
    assert "AWS will refuse s3:PutBucketPolicy" in result["msg"]


def test_the_plan_of_a_queue_foretells_the_refusal(sandbox, tmp_path):
    attach(sandbox, "012345678901", Action="sqs:SetQueueAttributes", Resource=QUEUE)
    environment, where = sandbox.environment("operator"), str(tmp_path)
    asked = {"account_id": "012345678901", "queue": QUEUE, "backup_dir": where}
    result = run("sqs_queue_policy_unlock", check_mode=True, environment=environment, **asked)
    assert [found["actions"] for found in result["stopped_by"]] == [["sqs:SetQueueAttributes"]]
    assert "AWS will refuse sqs:SetQueueAttributes." in str(result["warnings"])


@pytest.mark.parametrize(
    ("mode", "elements", "says"),
    [
        ("repair", {"Action": "s3:PutBucketPolicy"}, "AWS will refuse s3:PutBucketPolicy."),
        ("repair", {"Action": "s3:DeleteBucketPolicy"}, None),
        ("delete", {"Action": "s3:DeleteBucketPolicy"}, "AWS will refuse s3:DeleteBucketPolicy."),
        ("delete", {"Action": "s3:PutBucketPolicy"}, None),
        ("delete", {"Action": "s3:*", "Resource": "arn:aws:s3:::another"}, None),
        ("delete", {"Action": "s3:Delete*", "Condition": {"Null": {"aws:AssumedRoot": "true"}}}, None),
        (
            "delete",
            {"Action": "s3:Delete*", "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
            "AWS may refuse s3:DeleteBucketPolicy.",
        ),
    ],
)
def test_the_plan_asks_about_the_call_that_it_plans(sandbox, tmp_path, mode, elements, says):
    attach(sandbox, kind=SCP, **elements)
    result = plan(sandbox, mode=mode, backup_dir=str(tmp_path))
    assert [found["policy_type"] for found in result["stopped_by"]] == ([SCP] if says else [])
    assert [says in str(warning) for warning in result.get("warnings", [])] == ([True] if says else [])


def test_where_the_policies_may_not_be_read_the_plan_says_so(guarded, tmp_path):
    environment = operator_of(guarded, "unlock_s3_bucket", without=("organizations:ListPoliciesForTarget",))
    options = {"account_id": PAYMENTS, "bucket": LEDGER, "backup_dir": str(tmp_path)}
    result = run("s3_bucket_policy_unlock", check_mode=True, environment=environment, **options)
    assert (result["failed"], result["stopped_by"]) == (False, None)
    [warning] = map(str, result["warnings"])
    assert "Whether a service or resource control policy denies s3:PutBucketPolicy is not known." in warning
    assert "organizations:ListPoliciesForTarget" in warning


def test_the_policies_are_read_for_a_change_that_is_planned_only(sandbox, tmp_path):
    def reads(**options) -> list[str]:
        seen = len(sandbox.events())
        options = {"account_id": PAYMENTS, "bucket": LEDGER, "backup_dir": str(tmp_path), **options}
        result = run("s3_bucket_policy_unlock", environment=sandbox.environment("operator"), **options)
        assert ("stopped_by" in result) is options.get("check_mode", False)
        return [event["operation"] for event in sandbox.events()[seen:] if "Polic" in event["operation"]]

    assert "ListPoliciesForTarget" in reads(check_mode=True)
    assert "ListPoliciesForTarget" not in reads()
    assert "ListPoliciesForTarget" not in reads(check_mode=True)  # nothing is left to change


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
