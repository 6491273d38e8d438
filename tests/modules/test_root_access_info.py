from __future__ import annotations

import json

import botocore.session
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._constants import AUDIT_ROOT_CREDENTIALS, TASKS
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scps
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import readiness
from support.run_module import run

from breakglass_aws.sandbox import Box

# The policy simulator takes policies of an organization level by level. Older releases of botocore do not know that.
SIMULATE = botocore.session.get_session().get_service_model("iam").operation_model("SimulateCustomPolicy")
ASKS_SIMULATOR = "OrderedOrganizationPolicyInputList" in SIMULATE.input_shape.members
only_with_the_simulator = pytest.mark.skipif(not ASKS_SIMULATOR, reason="this botocore cannot ask the policy simulator")
TASK = AUDIT_ROOT_CREDENTIALS.name
ROOT_ACTIONS = {action for task in TASKS.values() for action in task.actions}


def look(box: Box, name: str = "operator", **options) -> dict:
    return run("root_access_info", environment=box.environment(name), **options)


def blocking(result: dict) -> str:
    return " ".join(f"{reason['problem']} {reason['fix']}" for reason in result["reasons"] if reason["blocking"])


def test_a_ready_organization_is_ready(sandbox):
    result = look(sandbox, account_id="333344445555")
    assert result["ready"] is True
    assert result["reasons"] == []
    assert result["caller"]["account_id"] == "111122223333"
    assert result["caller"]["partition"] == "aws"
    assert result["organization"]["management_account_id"] == "111122223333"
    assert result["organization"]["feature_set"] == "ALL"
    assert result["trusted_access"] is True
    assert result["features"] == {"root_credentials_management": True, "root_sessions": True}
    assert result["delegated_administrators"] == [{"account_id": "222233334444", "name": "security"}]
    assert result["caller"]["region"] == "us-east-1"
    assert result["target"] == {
        "account_id": "333344445555",
        "name": "payments",
        "state": "ACTIVE",
        "service_control_policies": [],
        "denies_root_user": [],
        "second_opinion": {"decisions": dict.fromkeys(ROOT_ACTIONS, "allowed"), "disagrees": {}}
        if ASKS_SIMULATOR
        else None,
    }


def test_the_policy_that_would_stop_a_root_session_is_named_with_its_fix(sandbox):
    result = look(sandbox, account_id="777788889999")
    assert result["ready"] is False
    [policy] = result["target"]["service_control_policies"]
    assert (policy["policy_name"], policy["attached_to"]["name"], policy["certain"]) == (
        "deny-root-user",
        "Vault",
        True,
    )
    assert "Service control policy deny-root-user on OU Vault" in blocking(result)
    assert "aws:AssumedRoot" in blocking(result)


def attach_scp(box: Box, target: str, **statement) -> None:
    organizations = box.client("organizations", "operator")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Resource": "*", **statement}}
    made = organizations.create_policy(
        Name="guard", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(document)
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_a_policy_stands_in_the_way_of_the_tasks_it_stops_only(sandbox):
    attach_scp(sandbox, "333344445555", Action="s3:PutBucketPolicy")
    assert look(sandbox, account_id="333344445555")["ready"] is False
    assert look(sandbox, account_id="333344445555", task="unlock_s3_bucket")["ready"] is False
    assert look(sandbox, account_id="333344445555", task="audit_root_credentials")["ready"] is True


def test_a_policy_that_may_stop_it_is_told_and_does_not_block(sandbox):
    attach_scp(sandbox, "333344445555", Action="*", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    result = look(sandbox, account_id="333344445555")
    assert result["ready"] is True
    assert "aws:SourceIp" in str(result["reasons"])


def test_a_policy_on_the_delegated_administrators_account_binds_the_caller(sandbox):
    attach_scp(sandbox, "222233334444", Action="sts:AssumeRoot")
    assert "on account security" in blocking(look(sandbox, "delegate", account_id="333344445555"))
    assert look(sandbox, account_id="333344445555")["ready"] is True


def test_policies_that_may_not_be_read_are_not_taken_for_none(sandbox):
    keys = limited(sandbox, "organizations:ListPoliciesForTarget")
    result = run("root_access_info", environment=sandbox.environment("operator"), **keys, account_id="333344445555")
    assert result["ready"] is False
    assert result["target"]["service_control_policies"] is None
    assert "ListPoliciesForTarget" in blocking(result)


def limited(box: Box, *denied: str) -> dict:
    """Connection options of a user of the management account who may do everything but this."""
    iam = box.client("iam", "operator")
    iam.create_user(UserName="limited")
    iam.attach_user_policy(UserName="limited", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": list(denied), "Resource": "*"}}
    iam.put_user_policy(UserName="limited", PolicyName="Limits", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="limited")["AccessKey"]
    return {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"], "session_token": ""}


def test_a_feature_the_task_does_not_need_does_not_block(sandbox):
    sandbox.client("iam", "operator").disable_organizations_root_sessions()
    assert look(sandbox, task="audit_root_credentials")["ready"] is True
    assert look(sandbox, task="unlock_sqs_queue")["ready"] is False


def test_looking_writes_nothing_opens_no_session_and_shows_our_name(sandbox):
    look(sandbox, account_id="333344445555")
    events = sandbox.events()
    assert events
    assert not [event for event in events if event["write"] or event["operation"] == "AssumeRoot"]
    assert all("breakglass.aws/" in event["user_agent"] for event in events)


@pytest.mark.parametrize(
    ("name", "role", "ready"),
    [
        ("operator", "management_account", True),
        ("auditor", "management_account", True),
        ("delegate", "delegated_administrator", True),
        ("payments-administrator", "neither", False),
        ("nobody", "unknown", False),
    ],
)
def test_what_the_caller_is(sandbox, name, role, ready):
    result = look(sandbox, name)
    assert result["failed"] is False
    assert (result["caller"]["role"], result["ready"]) == (role, ready)
    assert bool(result["reasons"]) is not ready
    assert all(reason["problem"] and reason["fix"] for reason in result["reasons"])


@pytest.mark.parametrize(
    ("method", "feature"),
    [
        ("disable_organizations_root_sessions", "root_sessions"),
        ("disable_organizations_root_credentials_management", "root_credentials_management"),
    ],
)
def test_a_feature_that_is_off_is_told_without_doubting_the_other(sandbox, method, feature):
    getattr(sandbox.client("iam", "operator"), method)()
    result = look(sandbox)
    assert {name for name, on in result["features"].items() if not on} == {feature}
    assert result["ready"] is False
    assert f"The feature {feature} is off. breakglass.aws.root_access, {feature}=true." in blocking(result)


def test_without_trusted_access_the_features_are_unknown(sandbox):
    organizations = sandbox.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId="222233334444", ServicePrincipal="iam.amazonaws.com")
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    result = look(sandbox)
    assert result["trusted_access"] is False
    assert result["features"] == {"root_credentials_management": None, "root_sessions": None}
    assert "trusted_access=true" in blocking(result)
    assert [reason["blocking"] for reason in result["reasons"] if "delegated" in reason["problem"]] == [False]


@pytest.mark.parametrize(
    ("account_id", "said"),
    [
        ("111122223333", "never a target"),
        ("999999999999", "not in the organization"),
        ("666677778888", "SUSPENDED"),
    ],
)
def test_a_target_that_can_be_none_is_told(sandbox, account_id, said):
    result = look(sandbox, account_id=account_id)
    assert result["ready"] is False
    assert said in blocking(result)
    assert result["target"]["account_id"] == account_id


def test_without_credentials_it_fails_and_says_what_to_set(sandbox):
    result = run("root_access_info", endpoint_url=sandbox.url)
    assert result["failed"] is True
    assert "credentials" in result["cause"]
    assert "AWS_PROFILE" in result["fix"]


def test_when_nothing_answers_it_fails_soon_and_names_the_endpoint(sandbox):
    result = run(
        "root_access_info", environment={**sandbox.environment("operator"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    )
    assert result["failed"] is True
    assert "http://127.0.0.1:9" in result["cause"]
    assert "endpoint_url" in result["fix"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"endpoint_url": "127.0.0.1:5599"}, "endpoint_url"),
        ({"region": "us east 1"}, "region"),
        ({"aws_config": {"retrys": 3}}, "retrys"),
        ({"profile": "nowhere", "access_key": "", "secret_key": "", "session_token": ""}, "nowhere"),
    ],
)
def test_unusable_connection_options_are_told_in_words(sandbox, options, said):
    result = look(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert result["fix"]
    assert "exception" not in result


def test_a_defect_of_ours_is_a_failed_task_too(sandbox, monkeypatch):
    monkeypatch.setattr(readiness.Readiness, "inspect", lambda _: {}["defect"])
    result = look(sandbox)
    assert result["failed"] is True
    assert "KeyError: 'defect'" in result["msg"]


def test_with_wrong_credentials_it_fails_and_says_so(sandbox):
    wrong = {**sandbox.environment("operator"), "AWS_ACCESS_KEY_ID": "ASIAWRONGWRONGWRONG0"}
    result = run("root_access_info", environment=wrong)
    assert result["failed"] is True
    assert "not valid here" in result["fix"]


def test_a_malformed_account_id_is_refused_before_any_call(sandbox):
    result = look(sandbox, account_id=1402433619)
    assert result["failed"] is True
    assert '"012345670123"' in result["msg"]
    assert sandbox.events() == []


@only_with_the_simulator
@pytest.mark.parametrize(
    ("condition", "decision", "certain"),
    [
        ({}, "explicitDeny", [True]),
        ({"Null": {"aws:AssumedRoot": "true"}}, "allowed", []),
        ({"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}, "explicitDeny", [True]),
        ({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}, "allowed", []),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}, "explicitDeny", [True]),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, "allowed", [False]),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-breakglass1/*"}}, "explicitDeny", [True]),
    ],
)
def test_the_policy_simulator_is_asked_too(sandbox, condition, decision, certain):
    attach_scp(sandbox, "333344445555", Action="iam:*", Condition=condition)
    result = look(sandbox, account_id="333344445555", task=TASK)
    opinion = result["target"]["second_opinion"]
    assert opinion["decisions"]["iam:ListAccessKeys"] == decision
    assert opinion["disagrees"] == {}
    assert [one["certain"] for one in result["target"]["service_control_policies"]] == certain
    [asked] = [event for event in sandbox.events() if event["operation"] == "SimulateCustomPolicy"]
    assert asked["error"] is None
    assert asked["write"] is False


def test_without_permission_for_the_simulator_there_is_no_second_opinion(sandbox):
    result = look(sandbox, "auditor", account_id="333344445555", task=TASK)
    assert result["target"]["second_opinion"] is None
    assert result["ready"] is True
    assert result["reasons"] == []


@only_with_the_simulator
def test_a_disagreement_is_a_reason_that_does_not_block(sandbox, monkeypatch):
    monkeypatch.setattr(scps.ServiceControlPolicies, "stopping", lambda *_given, **_options: [])
    attach_scp(sandbox, "333344445555", Action="iam:ListAccessKeys")
    result = look(sandbox, account_id="333344445555", task=TASK)
    assert result["target"]["second_opinion"]["disagrees"] == {"iam:ListAccessKeys": "explicitDeny"}
    [reason] = result["reasons"]
    assert "iam:ListAccessKeys explicitDeny" in reason["problem"]
    assert reason["blocking"] is False
    assert result["ready"] is True
