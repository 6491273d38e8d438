"""A denied root session is taken apart into its cause: AWS has one text for many (aws-facts 1.2, 2.6)."""

from __future__ import annotations

import json

from support.run_module import run

from breakglass_aws.sandbox import Box

SECURITY, LEGACY, VAULT = "222233334444", "444455556666", "777788889999"


def audit(box: Box, name: str, account_id: str = LEGACY) -> dict:
    result = run("root_credentials_info", environment=box.environment(name), account_ids=[account_id])
    [entry] = result["accounts"]
    assert entry["outcome"] == "unreachable"
    return entry


def attach_scp(box: Box, target: str, **statement) -> None:
    organizations = box.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Resource": "*", **statement}})
    made = organizations.create_policy(Name="guard", Description="", Type="SERVICE_CONTROL_POLICY", Content=content)
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_a_policy_on_the_callers_side_is_named(sandbox):
    attach_scp(sandbox, SECURITY, Action="sts:AssumeRoot")
    entry = audit(sandbox, "delegate")
    assert "Service control policy guard on account security" in entry["reason"]
    assert "delegate" not in entry["fix"]
    assert "guard" in entry["fix"]


def test_a_policy_on_the_callers_side_that_lets_the_task_through_is_not_blamed(sandbox):
    other = {"StringNotLike": {"sts:TaskPolicyArn": "*/IAMAuditRootUserCredentials"}}
    attach_scp(sandbox, SECURITY, Action="sts:AssumeRoot", Condition=other)
    result = run("root_credentials_info", environment=sandbox.environment("delegate"), account_ids=[LEGACY])
    assert result["accounts"][0]["outcome"] == "unchanged"
    removal = run("root_credentials", environment=sandbox.environment("delegate"), account_ids=[LEGACY])
    assert "Service control policy guard on account security" in removal["accounts"][0]["reason"]


def test_a_policy_on_the_callers_side_that_may_be_the_cause_is_called_possible(sandbox):
    condition = {"StringNotEquals": {"aws:PrincipalTag/team": "security"}}
    attach_scp(sandbox, SECURITY, Action="sts:AssumeRoot", Condition=condition)
    entry = audit(sandbox, "delegate")
    assert "may not call sts:AssumeRoot" in entry["reason"]
    assert "Possibly: Service control policy guard" in entry["fix"]


def test_a_policy_on_the_targets_side_is_named_with_its_statement(sandbox):
    entry = audit(sandbox, "operator", VAULT)
    assert "Service control policy deny-root-user on OU Vault" in entry["reason"]
    assert "statement DenyRootUser of deny-root-user" in entry["fix"]


def test_a_switch_that_sts_has_not_noticed_yet_is_told_from_one_that_is_off(sandbox):
    iam = sandbox.client("iam", "operator")
    iam.disable_organizations_root_credentials_management()
    sandbox.add_fault("sts_lag", seconds=900)
    iam.enable_organizations_root_credentials_management()
    entry = audit(sandbox, "operator")
    sandbox.clear_faults()
    assert "a change has not reached STS yet" in entry["reason"]
    assert "wait and try again" in entry["fix"]


def test_a_missing_permission_is_what_remains(sandbox):
    removal = run("root_credentials", environment=sandbox.environment("auditor"), account_ids=[LEGACY])
    [entry] = removal["accounts"]
    assert "may not call sts:AssumeRoot" in entry["reason"]
    assert "IAMDeleteRootUserCredentials" in entry["fix"]
