"""The access role of member accounts: how it stands, and bringing it back by ways that need no root user."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import methods, recovery, role_definition
from ansible_collections.breakglass.aws.plugins.module_utils._aws.direct_reads import DirectReads
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from support.run_module import run

from breakglass_aws.sandbox import Box

LOST, INVITED, PAYMENTS, VAULT, MANAGEMENT = (
    "999900001111",
    "888899990000",
    "333344445555",
    "777788889999",
    "111122223333",
)
ROLE = "OrganizationAccountAccessRole"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"
CENTER = {"permission_set": "BreakGlassAdministrator", "user_name": "on-call"}


@pytest.fixture(autouse=True)
def clock(no_waiting, request, monkeypatch):
    """A pause of the collection takes no time, and moves the sandbox's clock."""
    monkeypatch.setattr(recovery, "VERIFY_SECONDS", 6)
    monkeypatch.setattr(methods, "_SETTLING_SECONDS", 6)
    if "sandbox" in request.fixturenames:
        box, sleep = request.getfixturevalue("sandbox"), no_waiting.sleep
        monkeypatch.setattr(no_waiting, "sleep", lambda seconds: (sleep(seconds), box.advance(seconds)))


def look(box: Box, name: str = "engineer", **options) -> dict:
    return run("organization_access_role_info", environment=box.environment(name), **options)


def bring_back(box: Box, name: str = "operator", *, check_mode: bool = False, **options) -> dict:
    return run("organization_access_role", check_mode=check_mode, environment=box.environment(name), **options)


def entry(result: dict, account_id: str = LOST) -> dict:
    return next(one for one in result["accounts"] if one["account_id"] == account_id)


def written(box: Box, since: int = 0) -> list[str]:
    """Calls of our own that change something; what StackSets does in the account is not ours."""
    return [event["action"] for event in box.events()[since:] if event["write"]]


def administrator(box: Box, account_id: str, role: str = ROLE) -> Any:
    keys = box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/{role}", RoleSessionName="engineer"
    )["Credentials"]
    return box.client_with("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def activate(box: Box) -> Any:
    client = box.client("cloudformation", "operator")
    client.activate_organizations_access()
    return client


def attach_scp(box: Box, target: str, *statements: dict, name: str = "guard") -> str:
    organizations = box.client("organizations", "operator")
    made = organizations.create_policy(
        Name=name,
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=made, TargetId=target)
    return made


def distrust(box: Box, account_id: str = PAYMENTS, statements: list | None = None) -> None:
    """Have the role trust somebody else only."""
    other = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": statements or [other]}
    administrator(box, account_id).update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(document))


# --- looking ---


def test_all_accounts_are_told_as_they_are(sandbox):
    before = sandbox.snapshot()
    result = look(sandbox, all_accounts=True)
    assert result["failed"] is False
    states = {one["name"]: one["role"]["state"] for one in result["accounts"] if one["role"]}
    assert states.pop("lost-role") == "refused"
    assert states.pop("invited") == "missing"
    assert set(states.values()) == {"answers"}
    assert entry(result, MANAGEMENT)["outcome"] == entry(result, "666677778888")["outcome"] == "skipped"
    healthy = entry(result, PAYMENTS)
    assert (healthy["outcome"], healthy["role"]["certain"]) == ("unchanged", True)
    assert healthy["role"]["policies"] == [ADMINISTRATOR]
    assert healthy["role"]["trust_policy"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    assert "lost-role (999900001111) is unreachable" in str(result["warnings"])
    assert written(sandbox) == []
    assert sandbox.snapshot() == before


def test_what_aws_does_not_tell_is_said_to_be_unsure(sandbox):
    result = look(sandbox, account_ids=[LOST, INVITED])
    for account_id in (LOST, INVITED):
        one = entry(result, account_id)
        assert (one["outcome"], one["role"]["certain"]) == ("unreachable", False)
        assert "trust" in one["reason"]
        assert "organization_access_role" in one["fix"]
    assert "invitation" in entry(result, INVITED)["reason"]


def test_a_session_with_a_source_identity_is_told_why_it_is_refused(sandbox):
    one = entry(look(sandbox, "operator", account_ids=[PAYMENTS]), PAYMENTS)
    assert (one["outcome"], one["role"]["state"]) == ("unchanged", "refuses_source_identity")
    assert "source identity" in one["reason"]


def test_a_role_without_policies_is_stripped(sandbox):
    administrator(sandbox, PAYMENTS).detach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    one = entry(look(sandbox, account_ids=[PAYMENTS]), PAYMENTS)
    assert (one["outcome"], one["role"]["state"], one["role"]["certain"]) == ("unreachable", "stripped", True)


def test_a_role_under_a_policy_that_stops_it_is_stopped_and_no_way_helps(sandbox):
    attach_scp(sandbox, PAYMENTS, {"Sid": "Freeze", "Effect": "Deny", "Action": "*", "Resource": "*"})
    one = entry(look(sandbox, account_ids=[PAYMENTS]), PAYMENTS)
    assert (one["outcome"], one["role"]["state"], one["role"]["certain"]) == ("unreachable", "stopped", True)
    [policy] = one["role"]["service_control_policies"]
    assert (policy["policy_name"], policy["sid"]) == ("guard", "Freeze")
    assert "guard" in one["fix"]
    assert one["ways_back"] == []
    result = bring_back(sandbox, "engineer", account_ids=[PAYMENTS], activate_trusted_access=True)
    assert result["failed"] is True
    assert entry(result, PAYMENTS)["attempts"] == []
    assert STACK_SETS not in sandbox.snapshot()["organization"]["trusted_access"]


def test_each_way_back_says_whether_it_is_open(sandbox):
    ways = {one["method"]: one for one in entry(look(sandbox, account_ids=[LOST]))["ways_back"]}
    assert [one["possible"] for one in ways.values()] == [False, False, False]
    assert "activate_trusted_access" in ways["stackset"]["fix"]
    assert "identity_center" in ways["identity_center"]["fix"]
    assert "Control Tower" in ways["control_tower"]["reason"]
    activate(sandbox)
    ways = entry(look(sandbox, account_ids=[LOST], identity_center=CENTER))["ways_back"]
    assert {one["method"]: one["possible"] for one in ways} == {
        "stackset": True,
        "identity_center": True,
        "control_tower": False,
    }


# --- bringing back by StackSets ---


def test_the_lost_role_comes_back_and_stays_when_its_stack_set_goes(sandbox):
    result = bring_back(sandbox, account_ids=[LOST], activate_trusted_access=True)
    assert result["failed"] is False, result["msg"]
    one = entry(result)
    assert (one["outcome"], one["changed"], one["role"]["state"]) == ("changed", True, "answers")
    assert one["before"]["state"] == "refused"
    assert [(attempt["method"], attempt["outcome"]) for attempt in one["attempts"]] == [("stackset", "done")]
    assert [action.split(" ")[0] for action in one["actions"]] == [
        "cloudformation:ActivateOrganizationsAccess",
        "cloudformation:CreateStackSet",
        "cloudformation:CreateStackInstances",
        "cloudformation:DeleteStackInstances",
        "cloudformation:DeleteStackSet",
    ]
    iam = administrator(sandbox, LOST)
    role = iam.get_role(RoleName=ROLE)["Role"]
    assert (role["Path"], role["MaxSessionDuration"]) == ("/", 3600)
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    client = sandbox.client("cloudformation", "operator")
    assert client.list_stack_sets(Status="ACTIVE")["Summaries"] == []
    assert result["diff"]["before"][f"{LOST} lost-role"]["state"] == "refused"
    assert result["diff"]["after"][f"{LOST} lost-role"]["policies"] == [ADMINISTRATOR]

    since = len(sandbox.events())
    again = bring_back(sandbox, account_ids=[LOST], activate_trusted_access=True)
    assert (again["changed"], entry(again)["outcome"]) == (False, "unchanged")
    assert written(sandbox, since) == []


def test_check_mode_foretells_and_writes_nothing(sandbox):
    before = sandbox.snapshot()
    result = bring_back(sandbox, check_mode=True, account_ids=[LOST, PAYMENTS], activate_trusted_access=True)
    assert result["failed"] is False
    one = entry(result)
    assert (result["changed"], one["outcome"]) == (True, "changed")
    assert [(attempt["method"], attempt["outcome"]) for attempt in one["attempts"]] == [("stackset", "would be taken")]
    assert entry(result, PAYMENTS)["outcome"] == "unchanged"
    assert written(sandbox) == []
    assert sandbox.snapshot() == before


def test_many_accounts_are_done_by_one_stack_set_and_it_can_be_kept(sandbox):
    activate(sandbox)
    since = len(sandbox.events())
    result = bring_back(sandbox, account_ids=[LOST, INVITED, PAYMENTS], keep_stack_set=True, method="stackset")
    assert result["failed"] is False, result["msg"]
    assert result["summary"] == {"changed": 2, "unchanged": 1}
    ours = [event["operation"] for event in sandbox.events()[since:] if event["account"] == MANAGEMENT]
    assert ours.count("CreateStackInstances") == ours.count("CreateStackSet") == 1
    client = sandbox.client("cloudformation", "operator")
    [kept] = client.list_stack_sets(Status="ACTIVE")["Summaries"]
    assert kept["StackSetName"] == f"breakglass-{ROLE}"
    # Deleted by hand once more: the stack knows nothing of that, and the role comes back all the same.
    iam = administrator(sandbox, LOST)
    sandbox_role = administrator(sandbox, LOST)
    sandbox_role.create_user(UserName="cleaner")
    sandbox_role.attach_user_policy(UserName="cleaner", PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName="cleaner")["AccessKey"]
    cleaner = sandbox.client_with("iam", key["AccessKeyId"], key["SecretAccessKey"])
    cleaner.detach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    cleaner.delete_role(RoleName=ROLE)
    assert entry(look(sandbox, account_ids=[LOST]))["outcome"] == "unreachable"
    assert bring_back(sandbox, account_ids=[LOST], keep_stack_set=True)["failed"] is False
    assert entry(look(sandbox, account_ids=[LOST]))["outcome"] == "unchanged"


def test_a_role_that_distrusts_is_mended_and_keeps_its_other_ways_in(sandbox):
    activate(sandbox)
    distrust(sandbox)
    result = bring_back(sandbox, account_ids=[PAYMENTS])
    assert result["failed"] is False, result["msg"]
    one = entry(result, PAYMENTS)
    assert (one["outcome"], one["role"]["state"]) == ("changed", "answers")
    principals = [statement["Principal"] for statement in one["role"]["trust_policy"]["Statement"]]
    assert principals == [{"Service": "ec2.amazonaws.com"}, {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}]
    names = [role["RoleName"] for role in administrator(sandbox, PAYMENTS).list_roles()["Roles"]]
    assert not [name for name in names if "way-in" in name]
    assert sandbox.client("cloudformation", "operator").list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_a_stripped_role_gets_its_policy_back(sandbox):
    activate(sandbox)
    administrator(sandbox, PAYMENTS).detach_role_policy(RoleName=ROLE, PolicyArn=ADMINISTRATOR)
    result = bring_back(sandbox, "engineer", account_ids=[PAYMENTS])
    assert result["failed"] is False, result["msg"]
    assert entry(result, PAYMENTS)["before"]["state"] == "stripped"
    assert entry(result, PAYMENTS)["role"]["policies"] == [ADMINISTRATOR]


def test_source_identities_are_let_in_on_demand_only(sandbox):
    activate(sandbox)
    assert bring_back(sandbox, account_ids=[PAYMENTS])["changed"] is False
    result = bring_back(sandbox, account_ids=[PAYMENTS], source_identity=True)
    assert result["failed"] is False, result["msg"]
    assert entry(look(sandbox, "operator", account_ids=[PAYMENTS]), PAYMENTS)["role"]["state"] == "answers"
    assert bring_back(sandbox, account_ids=[PAYMENTS], source_identity=True)["changed"] is False


def test_a_policy_that_would_stop_stack_sets_is_named_before_anything_is_tried(sandbox):
    activate(sandbox)
    attach_scp(sandbox, LOST, {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"})
    since = len(sandbox.events())
    result = bring_back(sandbox, account_ids=[LOST])
    assert result["failed"] is True
    one = entry(result)
    assert one["outcome"] == "unreachable"
    refused = {attempt["method"]: attempt for attempt in one["attempts"]}
    assert "guard" in refused["stackset"]["reason"]
    assert "only the root user is left" in one["fix"]
    assert "root_password_recovery" in one["fix"]
    assert written(sandbox, since) == []


def test_when_the_deployment_fails_its_reason_is_told_and_nothing_is_left(sandbox):
    """A condition nobody can judge from here: whether it stops StackSets shows only when it is tried."""
    activate(sandbox)
    condition = {"StringNotEquals": {"aws:PrincipalTag/team": "security"}}
    statement = {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*", "Condition": condition}
    attach_scp(sandbox, LOST, statement)
    result = bring_back(sandbox, account_ids=[LOST], method="stackset")
    assert result["failed"] is True
    one = entry(result)
    assert (one["outcome"], one["attempts"][0]["outcome"]) == ("failed", "failed")
    assert "explicit deny in a service control policy" in one["reason"]
    assert sandbox.client("cloudformation", "operator").list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_a_stack_set_that_is_not_ours_is_left_alone(sandbox):
    client = activate(sandbox)
    other = {"RoleName": "other", "AssumeRolePolicyDocument": {}}
    body = json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": other}}})
    client.create_stack_set(
        StackSetName=f"breakglass-{ROLE}",
        TemplateBody=body,
        PermissionModel="SERVICE_MANAGED",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        AutoDeployment={"Enabled": False},
    )
    result = bring_back(sandbox, account_ids=[LOST], method="stackset")
    assert "stack_set_name" in entry(result)["attempts"][0]["fix"]
    assert client.describe_stack_set(StackSetName=f"breakglass-{ROLE}")["StackSet"]["TemplateBody"] == body
    assert bring_back(sandbox, account_ids=[LOST], stack_set_name="another")["failed"] is False


def test_a_deployment_that_takes_too_long_is_told(sandbox, monkeypatch):
    activate(sandbox)
    result = bring_back(sandbox, account_ids=[LOST], method="stackset", wait_timeout=0)
    assert result["failed"] is True
    assert "did not finish within 0 seconds" in entry(result)["reason"]


def test_what_reading_back_does_not_confirm_is_unverified(sandbox, monkeypatch):
    """The StackSet makes another role than it should: the task must see that the role does not answer."""
    activate(sandbox)
    template = role_definition.template
    monkeypatch.setattr(role_definition, "template", lambda name, *rest, **more: template(f"{name}-x", *rest, **more))
    result = bring_back(sandbox, account_ids=[LOST], method="stackset")
    assert result["failed"] is True
    assert (entry(result)["outcome"], result["changed"]) == ("unverified", True)


# --- an approved plan ---


def test_only_what_the_approved_plan_has_is_restored(sandbox):
    options = {"activate_trusted_access": True}
    plan = bring_back(sandbox, check_mode=True, account_ids=[LOST], **options)
    result = bring_back(sandbox, account_ids=[LOST, INVITED], plan=plan, **options)
    assert result["failed"] is False, result["msg"]
    assert entry(result)["outcome"] == "changed"
    assert (entry(result, INVITED)["outcome"], entry(result, INVITED)["changed"]) == ("skipped", False)
    assert "not part of the approved plan" in entry(result, INVITED)["reason"]


def test_an_account_or_a_method_that_is_not_as_in_the_plan_is_refused(sandbox):
    activate(sandbox)
    plan = bring_back(sandbox, check_mode=True, account_ids=[LOST, INVITED])
    plan["accounts"] = [{**one, "name": "renamed"} if one["account_id"] == LOST else one for one in plan["accounts"]]
    entry(plan, INVITED)["attempts"][-1]["method"] = "control_tower"
    since = len(sandbox.events())
    result = bring_back(sandbox, account_ids=[LOST, INVITED], plan=plan)
    assert (result["failed"], result["changed"]) == (True, False)
    assert "differs from the plan: name is 'lost-role', and was 'renamed'" in entry(result)["reason"]
    assert "The approved plan has the method control_tower" in entry(result, INVITED)["reason"]
    assert written(sandbox, since) == []
    assert "Expected the result of this module" in bring_back(sandbox, account_ids=[LOST], plan={})["msg"]


# --- answers that are lost, and roles that change meanwhile ---


# --- workers, waves, journal ---

BOTH = {"account_ids": [LOST, INVITED], "activate_trusted_access": True, "workers": 2}


def in_order(box: Box) -> list[str]:
    """Both accounts as a task comes to them, after the first was closed to StackSets."""
    planned = bring_back(box, check_mode=True, **BOTH)
    accounts = [one["account_id"] for one in planned["accounts"]]
    assert planned["plan_waves"] == [accounts]
    attach_scp(box, accounts[0], {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"})
    return accounts


def test_the_first_wave_is_a_canary(sandbox):
    canary, other = in_order(sandbox)
    since = len(sandbox.events())
    result = bring_back(sandbox, **BOTH, waves=["1", "100%"])
    assert result["failed"] is True
    assert entry(result, canary)["outcome"] == "unreachable"
    assert (entry(result, other)["outcome"], entry(result, other)["changed"]) == ("not_reached", False)
    assert "max_failures is 0" in entry(result, other)["reason"]
    assert result["stopped"] == entry(result, other)["reason"]
    assert result["waves"] == [{"account_ids": [canary], "summary": {"unreachable": 1}}]
    assert "The run stopped in wave 1: 1 accounts were not reached." in result["cause"]
    assert written(sandbox, since) == []


def test_a_failure_that_is_tolerated_lets_the_next_wave_begin(sandbox):
    canary, other = in_order(sandbox)
    result = bring_back(sandbox, **BOTH, waves=["1"], max_failures="1")
    assert (entry(result, canary)["outcome"], entry(result, other)["outcome"]) == ("unreachable", "changed")
    assert [wave["account_ids"] for wave in result["waves"]] == [[canary], [other]]
    assert result["stopped"] == ""


def test_each_wave_leaves_nothing_but_its_roles(sandbox):
    result = bring_back(sandbox, **BOTH, waves=["1"])
    assert (result["failed"], result["summary"], result["stopped"]) == (False, {"changed": 2}, "")
    assert [len(wave["account_ids"]) for wave in result["waves"]] == [1, 1]
    for account_id in (LOST, INVITED):
        actions = entry(result, account_id)["actions"]
        assert len(actions) == len(set(actions)), "an action of another wave"
        administrator(sandbox, account_id).list_roles()
    assert sandbox.client("cloudformation", "operator").list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_no_more_accounts_than_the_limit_are_changed_and_the_plan_says_so(sandbox):
    plan = bring_back(sandbox, check_mode=True, **BOTH, max_accounts=1)
    assert sorted(one["outcome"] for one in plan["accounts"]) == ["changed", "not_reached"]
    assert [len(wave) for wave in plan["plan_waves"]] == [1]
    done = bring_back(sandbox, **BOTH, max_accounts=1)
    assert (done["failed"], done["summary"]) == (False, {"not_reached": 1, "changed": 1})
    assert done["waves"][0]["account_ids"] == plan["plan_waves"][0]
    assert "max_accounts: 1 accounts were not reached" in str(done["warnings"])
    again = bring_back(sandbox, **BOTH, max_accounts=1)
    assert again["summary"] == {"changed": 1, "unchanged": 1}


def test_what_the_journal_has_as_done_is_not_done_again(sandbox, tmp_path):
    journal = str(tmp_path / "roles.jsonl")
    first = bring_back(sandbox, **BOTH, max_accounts=1, journal=journal)
    [done] = [one["account_id"] for one in first["accounts"] if one["outcome"] == "changed"]
    since = len(sandbox.events())
    second = bring_back(sandbox, **BOTH, journal=journal)
    assert (entry(second, done)["changed"], entry(second, done)["outcome"]) == (False, "changed")
    assert entry(second, done)["journal_time"]
    assert second["changed"] is True
    [other] = {LOST, INVITED} - {done}
    assert (entry(second, other)["outcome"], entry(second, other)["journal_time"]) == ("changed", None)
    asked = [event for event in sandbox.events()[since:] if event["operation"] == "AssumeRole"]
    assert all(done not in str(event) for event in asked)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"waves": ["none"]}, "waves"),
        ({"max_failures": "101%"}, "max_failures"),
        ({"max_accounts": 0}, "max_accounts"),
        ({"workers": 65}, "workers"),
    ],
)
def test_waves_and_workers_out_of_range_are_refused(sandbox, options, said):
    result = bring_back(sandbox, account_ids=[LOST], **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert written(sandbox) == []


@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
@pytest.mark.parametrize(
    "operation", ["CreateStackSet", "CreateStackInstances", "DeleteStackInstances", "DeleteStackSet"]
)
def test_a_lost_answer_of_stack_sets_hides_nothing_that_was_done(sandbox, kind, operation):
    activate(sandbox)
    since = len(sandbox.events())
    sandbox.add_fault(kind, operation=operation)
    result = bring_back(
        sandbox, account_ids=[LOST], method="stackset", aws_config={"retries": {"total_max_attempts": 1}}
    )
    sandbox.clear_faults()
    one = entry(result)
    done = [event["operation"] for event in sandbox.events()[since:] if event["write"] and not event["error"]]
    ours = [operation for operation in done if operation.startswith(("Create", "Delete")) and "Stack" in operation]
    assert [action.split(" ")[0].split(":")[1] for action in one["actions"]] == list(dict.fromkeys(ours))
    assert (one["changed"], result["changed"]) == (True, True)
    works = entry(look(sandbox, account_ids=[LOST]))["role"]["state"] == "answers"
    assert one["outcome"] == ("changed" if works else "unverified")
    if not works:
        assert "It is not known whether it was restored" in one["reason"]


@pytest.mark.parametrize("operation", ["UpdateAssumeRolePolicy", "AttachRolePolicy"])
def test_a_lost_answer_in_the_account_hides_nothing_that_was_done(sandbox, operation):
    """The role is repaired as a temporary role; the answer to a step of that is lost."""
    activate(sandbox)
    distrust(sandbox)
    sandbox.add_fault("lost_answer", operation=operation, service="iam")
    result = bring_back(sandbox, account_ids=[PAYMENTS], aws_config={"retries": {"total_max_attempts": 1}})
    sandbox.clear_faults()
    one = entry(result, PAYMENTS)
    assert (one["outcome"], one["changed"], one["role"]["state"]) == ("changed", True, "answers")


def test_a_role_that_cannot_be_read_back_is_unverified_and_the_others_go_on(sandbox):
    activate(sandbox)

    def no_reading(event):
        if event["operation"] == "DeleteStackSet":
            sandbox.add_fault("server_error", service="iam", operation="GetRole")

    sandbox.on_event(no_reading)
    result = bring_back(sandbox, account_ids=[LOST, INVITED], aws_config={"retries": {"total_max_attempts": 1}})
    sandbox.clear_faults()
    assert result["failed"] is True
    for account_id in (LOST, INVITED):
        one = entry(result, account_id)
        assert (one["outcome"], one["changed"]) == ("unverified", True)
        assert "The role was restored." in one["reason"]


@pytest.mark.parametrize("still_assumable", [False, True])
def test_a_role_that_vanishes_between_two_calls_is_missing(sandbox, monkeypatch, still_assumable):
    """STS lets the caller in, and IAM does not find the role a moment later: it was deleted, or IAM is late."""
    original, assumed = BaseClient._make_api_call, []

    def make(self, operation, arguments):
        if operation == "GetRole":
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "It cannot be found."}}, operation)
        if operation == "AssumeRole" and PAYMENTS in arguments["RoleArn"]:
            assumed.append(arguments)
            if len(assumed) > 1 and not still_assumable:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", make)
    monkeypatch.setattr(DirectReads, "takes", lambda reads, operation: False)
    one = entry(look(sandbox, account_ids=[PAYMENTS]), PAYMENTS)
    assert (one["outcome"], one["role"]["state"]) == ("unreachable", "missing")
    assert one["role"]["certain"] is not still_assumable
    assert "moments ago" in one["reason"]
    assert "connection options" not in one["reason"] + one["fix"]
    assert "organization_access_role" in one["fix"]


# --- bringing back by Identity Center and Control Tower ---


def test_identity_center_leaves_the_rest_to_a_person_and_says_so(sandbox):
    result = bring_back(sandbox, account_ids=[LOST], identity_center=CENTER)
    assert result["failed"] is True
    one = entry(result)
    assert (one["outcome"], one["changed"]) == ("unverified", True)
    assert [(attempt["method"], attempt["outcome"]) for attempt in one["attempts"]] == [
        ("stackset", "refused"),
        ("control_tower", "refused"),
        ("identity_center", "person needed"),
    ]
    assert one["actions"] == [f"sso:CreateAccountAssignment {LOST}"]
    assert "on-call" in one["fix"]
    assert "access portal" in one["fix"]
    since = len(sandbox.events())
    again = bring_back(sandbox, account_ids=[LOST], identity_center=CENTER)
    assert (entry(again)["outcome"], again["changed"]) == ("unverified", False)
    assert written(sandbox, since) == []


def test_identity_center_with_credentials_of_the_person_makes_the_role_and_cleans_up(sandbox):
    bring_back(sandbox, account_ids=[LOST], identity_center=CENTER)
    keys = sandbox.portal("on-call", LOST, CENTER["permission_set"])
    sign_in = {name: keys[name] for name in ("access_key", "secret_key", "session_token")}
    wrong = bring_back(
        sandbox, account_ids=[INVITED], method="identity_center", identity_center={**CENTER, "sign_in": sign_in}
    )
    assert "not an administrator of account" in entry(wrong, INVITED)["reason"]
    result = bring_back(
        sandbox, account_ids=[LOST], method="identity_center", identity_center={**CENTER, "sign_in": sign_in}
    )
    assert result["failed"] is False, result["msg"]
    assert entry(result)["outcome"] == "changed"
    assert [action.split(" ")[0] for action in entry(result)["actions"]] == ["iam:CreateRole", "iam:AttachRolePolicy"]
    shown = json.dumps(result)
    assert keys["secret_key"] not in shown
    assert keys["session_token"] not in shown


CONTROL_TOWER = {
    "organization": "o-exampleorg1",
    "management_account": "111111111111",
    "accounts": [
        {
            "id": "111111111111",
            "name": "management",
            "roles": [{"name": "Operator", "policies": ["AdministratorAccess"]}],
        },
        {"id": "222222222222", "name": "member", "administrator_role": False, "control_tower": "enrolled"},
    ],
    "identities": {"operator": {"account": "111111111111", "role": "Operator"}},
}


@pytest.fixture
def enrolled(tmp_path) -> Iterator[dict]:
    """Variables for a sandbox of another process (moto's state is global) with an account Control Tower manages."""
    file = tmp_path / "organization.yml"
    file.write_text(json.dumps(CONTROL_TOWER))
    serve = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", "--organization", str(file)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().split()[3].rpartition(":")[2]
            env = [sys.executable, "-m", "breakglass_aws.sandbox", "env", "--port", port, "--as", "operator"]
            lines = subprocess.run(env, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
            yield dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        finally:
            process.terminate()


def test_control_towers_role_tells_and_brings_the_role_back(enrolled):
    seen = run("organization_access_role_info", environment=enrolled, account_ids=["222222222222"])
    one = entry(seen, "222222222222")
    assert (one["role"]["state"], one["role"]["certain"]) == ("missing", True)
    assert [way["method"] for way in one["ways_back"] if way["possible"]] == ["control_tower"]
    result = run("organization_access_role", environment=enrolled, account_ids=["222222222222"])
    assert result["failed"] is False, result["msg"]
    one = entry(result, "222222222222")
    assert [(attempt["method"], attempt["outcome"]) for attempt in one["attempts"]] == [
        ("stackset", "refused"),
        ("control_tower", "done"),
    ]
    again = run("organization_access_role", environment=enrolled, account_ids=["222222222222"])
    assert again["changed"] is False


# --- who may, and wrong input ---


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("delegate", "Only the management account"),
        ("payments-administrator", "Only the management account"),
        ("nobody", "DescribeOrganization"),
    ],
)
def test_who_may_not_is_told_who_must(sandbox, name, said):
    for result in (look(sandbox, name, account_ids=[LOST]), bring_back(sandbox, name, account_ids=[LOST])):
        assert result["failed"] is True
        assert said in result["msg"]
        assert result["fix"]
    assert written(sandbox) == []


def test_who_may_not_assume_roles_is_told_that_this_may_be_the_cause(sandbox):
    result = look(sandbox, "auditor", account_ids=[PAYMENTS])
    one = entry(result, PAYMENTS)
    assert (one["outcome"], one["role"]["state"], one["role"]["certain"]) == ("unreachable", "refused", False)
    assert "RootAuditor/auditor may not call sts:AssumeRole" in one["reason"]
    assert bring_back(sandbox, "auditor", account_ids=[PAYMENTS])["failed"] is True
    assert written(sandbox) == []


WRONG = [
    ({}, "at least one account ID"),
    ({"account_ids": []}, "at least one account ID"),
    ({"account_ids": [1402433619]}, '"012345670123"'),
    ({"account_ids": ["lost-role"]}, "12 digits"),
    ({"account_ids": [LOST], "all_accounts": True}, "all_accounts"),
    ({"account_ids": ["999999999999"]}, "not in it"),
    ({"account_ids": [MANAGEMENT]}, "never a target"),
    ({"account_ids": [LOST], "role_name": f"arn:aws:iam::{LOST}:role/{ROLE}"}, "not its ARN"),
    ({"account_ids": [LOST], "role_name": ""}, "role_name"),
    ({"account_ids": [LOST], "role_name": "x" * 65}, "role_name"),
    ({"account_ids": [LOST], "role_name": "two words"}, "role_name"),
    ({"account_ids": [LOST], "identity_center": {"user_name": "on-call"}}, "permission_set"),
    ({"account_ids": [LOST], "identity_center": {"permission_set": "x"}}, "user_name"),
    ({"account_ids": [LOST], "identity_center": {**CENTER, "group_name": "people"}}, "mutually exclusive"),
    ({"account_ids": [LOST], "identity_center": {**CENTER, "region": "Europe"}}, "identity_center.region"),
]
WRONG_CHANGE = [
    ({"account_ids": [LOST], "method": "root"}, "method"),
    ({"account_ids": [LOST], "method": "identity_center"}, "identity_center"),
    ({"account_ids": [LOST], "stack_set_name": "9lives"}, "stack_set_name"),
    ({"account_ids": [LOST], "stack_set_region": "us east 1"}, "stack_set_region"),
    ({"account_ids": [LOST], "wait_timeout": -1}, "wait_timeout"),
    ({"account_ids": [LOST], "keep_stack_set": "perhaps"}, "keep_stack_set"),
    ({"account_ids": [LOST], "identity_center": {**CENTER, "sign_in": {}}}, "profile"),
    ({"account_ids": [LOST], "identity_center": {**CENTER, "sign_in": {"access_key": "AKIA"}}}, "secret_key"),
    (
        {"account_ids": [LOST, INVITED], "identity_center": {**CENTER, "sign_in": {"profile": "somebody"}}},
        "one account",
    ),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_what_cannot_be_meant_is_refused(sandbox, options, said):
    for result in (look(sandbox, **options), bring_back(sandbox, **options)):
        assert result["failed"] is True
        assert said in result["msg"]
    assert written(sandbox) == []


@pytest.mark.parametrize(("options", "said"), WRONG_CHANGE)
def test_what_cannot_be_meant_is_refused_before_any_call_that_writes(sandbox, options, said):
    result = bring_back(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert written(sandbox) == []


@pytest.mark.parametrize(
    ("center", "said"),
    [
        ({"permission_set": "Nothing"}, "one of: BreakGlassAdministrator"),
        ({"user_name": "nobody-there"}, "identity_center.user_name"),
        ({"region": "eu-west-1"}, "identity_center.region"),
    ],
)
def test_names_that_identity_center_does_not_have_are_told(sandbox, center, said):
    result = bring_back(sandbox, account_ids=[LOST], method="identity_center", identity_center={**CENTER, **center})
    assert result["failed"] is True
    assert said in entry(result)["attempts"][0]["fix"]
    assert written(sandbox) == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("cloudformation", "DescribeOrganizationsAccess"),
        ("cloudformation", "DescribeStackSet"),
        ("cloudformation", "CreateStackSet"),
        ("cloudformation", "CreateStackInstances"),
        ("cloudformation", "DescribeStackSetOperation"),
        ("cloudformation", "ListStackSetOperationResults"),
        ("sts", "AssumeRole"),
    ],
)
def test_a_failure_of_aws_is_told_with_cause_and_fix(sandbox, service, operation):
    activate(sandbox)
    sandbox.add_fault("server_error", service=service, operation=operation)
    result = bring_back(
        sandbox, account_ids=[LOST], method="stackset", aws_config={"retries": {"total_max_attempts": 1}}
    )
    sandbox.clear_faults()
    assert result["failed"] is True
    one = entry(result)
    # AWS may have carried out a call that changes something before it failed.
    assert one["outcome"] in (["unverified"] if operation.startswith("Create") else ["failed", "unreachable"])
    said = one["reason"] + str(one["attempts"])
    assert operation in said
    assert "Traceback" not in json.dumps(result)


def refuse(monkeypatch, refused: str, code: str) -> None:
    """Have AWS refuse a call, as the botocore client shows it."""
    original = BaseClient._make_api_call

    def make(self, operation, arguments):
        if operation == refused:
            raise ClientError({"Error": {"Code": code, "Message": "So it is."}}, operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", make)


CALLS = {
    "cloudformation": [
        "CreateStackInstances",
        "CreateStackSet",
        "DescribeStackSetOperation",
        "ListStackInstances",
        "ListStackSetOperationResults",
    ],
    "sso-admin": [
        "CreateAccountAssignment",
        "DescribeAccountAssignmentCreationStatus",
        "DescribePermissionSet",
        "ListAccountAssignments",
        "ListInstances",
        "ListPermissionSets",
    ],
    "identitystore": ["ListUsers"],
}


@pytest.mark.parametrize(("service", "operation"), [(service, one) for service, ops in CALLS.items() for one in ops])
def test_every_refusal_aws_models_ends_in_a_failed_task_with_cause_and_fix(sandbox, monkeypatch, service, operation):
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    method = "stackset" if service == "cloudformation" else "identity_center"
    for code in dict.fromkeys([*(shape.error_code for shape in model.error_shapes), "AccessDenied"]):
        sandbox.reset()
        activate(sandbox)
        with monkeypatch.context() as patched:
            refuse(patched, operation, code)
            result = bring_back(sandbox, account_ids=[LOST], method=method, identity_center=CENTER)
        assert result["failed"] is True
        [attempt] = entry(result)["attempts"]
        assert f"{operation}) ({code}" in attempt["reason"]
        assert attempt["fix"]
        assert "exception" not in result


@pytest.mark.parametrize("operation", ["DeleteStackInstances", "DeleteStackSet"])
def test_what_cannot_be_cleaned_up_is_a_warning_and_the_role_is_back(sandbox, monkeypatch, operation):
    activate(sandbox)
    with monkeypatch.context() as patched:
        refuse(patched, operation, "OperationInProgressException")
        result = bring_back(sandbox, account_ids=[LOST])
    assert result["failed"] is False
    assert entry(result)["outcome"] == "changed"
    assert "was not deleted" in str(result["warnings"])
    assert bring_back(sandbox, account_ids=[INVITED])["failed"] is False  # the StackSet that is left is used again


def test_throttling_is_retried(sandbox):
    activate(sandbox)
    sandbox.add_fault("throttling", service="cloudformation", share=0.3, seed=7)
    result = bring_back(sandbox, account_ids=[LOST])
    sandbox.clear_faults()
    assert result["failed"] is False, result["msg"]
