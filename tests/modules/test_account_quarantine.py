"""account_quarantine: whom it stops is seen from outside, by the calls that these principals make."""

from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import retries
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine import steps
from botocore.exceptions import ClientError
from support.run_module import run

from breakglass_aws.sandbox import Box

REPORTS, MANAGEMENT, DELEGATE, VAULT = "555566667777", "111122223333", "222233334444", "777788889999"
NAME = f"breakglass-quarantine-{REPORTS}"
EVERYONE = {"scope": "all_principals", "exempt_principals": []}
RESPONDERS = {"scope": "all_principals", "exempt_principals": ["role/OrganizationAccountAccessRole"]}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, no_waiting: object) -> None:
    monkeypatch.setattr(retries, "PAUSES", (0,))
    monkeypatch.setattr(steps, "READ_BACK_PAUSES", (0,))


def quarantine(box: Box, state: str = "attached", account_id: str = REPORTS, identity: str = "operator", **options):
    environment = box.environment(identity)
    return run("account_quarantine", environment=environment, account_id=account_id, state=state, **options)


def attached(box: Box, account_id: str = REPORTS) -> list[str]:
    organizations = box.client("organizations", "operator")
    found = organizations.list_policies_for_target(TargetId=account_id, Filter="SERVICE_CONTROL_POLICY")
    return [policy["Name"] for policy in found["Policies"]]


def all_policies(box: Box) -> list[str]:
    found = box.client("organizations", "operator").list_policies(Filter="SERVICE_CONTROL_POLICY")
    return [policy["Name"] for policy in found["Policies"]]


def written(box: Box, since: int = 0) -> list[str]:
    return [event["operation"] for event in box.events()[since:] if event["write"]]


def is_denied(call) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return False


def stopped(box: Box) -> dict[str, bool]:
    """Who is stopped, by a call of each."""
    root = box.client("iam", "nightly-job")
    administrator = box.client("iam", "reports-administrator")
    sts, task = box.client("sts", "operator"), "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
    keys = sts.assume_root(TargetPrincipal=REPORTS, TaskPolicyArn={"arn": task})["Credentials"]
    session = box.client_with("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return {
        "root user": is_denied(root.list_users),
        "root session": is_denied(session.list_access_keys),
        "access role": is_denied(administrator.list_users),
    }


def test_the_root_user_is_stopped_and_nothing_else_until_it_is_lifted(sandbox):
    before = attached(sandbox)
    snapshot = sandbox.snapshot()
    assert stopped(sandbox) == {"root user": False, "root session": False, "access role": False}
    result = quarantine(sandbox)
    assert result["failed"] is False, result["msg"]
    assert (result["changed"], result["outcome"], result["name"]) == (True, "changed", "reports")
    assert result["actions"] == [f"organizations:CreatePolicy {NAME}", f"organizations:AttachPolicy {REPORTS}"]
    assert result["after"]["service_control_policies"] == attached(sandbox) == [*before, NAME]
    assert stopped(sandbox) == {"root user": True, "root session": False, "access role": False}
    leave = sandbox.client("organizations", "reports-administrator").leave_organization
    assert is_denied(leave)

    lifted = quarantine(sandbox, "lifted")
    assert lifted["actions"] == [f"organizations:DetachPolicy {REPORTS}", f"organizations:DeletePolicy {NAME}"]
    assert attached(sandbox) == before
    assert NAME not in all_policies(sandbox)
    assert stopped(sandbox) == {"root user": False, "root session": False, "access role": False}
    assert sandbox.snapshot()["organization"] == snapshot["organization"]


@pytest.mark.parametrize(("options", "role_is_stopped"), [(EVERYONE, True), (RESPONDERS, False)])
def test_with_all_principals_the_responders_and_root_sessions_go_on(sandbox, options, role_is_stopped):
    result = quarantine(sandbox, **options)
    assert result["failed"] is False, result["msg"]
    assert stopped(sandbox) == {"root user": True, "root session": False, "access role": role_is_stopped}
    foretold = {row["principal"]: row["stopped"] for row in result["stops"]}
    assert foretold["root user"] is True
    assert foretold["root sessions"] is False
    assert foretold["role/OrganizationAccountAccessRole"] is role_is_stopped
    assert foretold["other IAM users and roles"] is True


def test_check_mode_foretells_and_changes_nothing(sandbox):
    since = len(sandbox.events())
    plan = quarantine(sandbox, check_mode=True, diff=True, **RESPONDERS)
    assert written(sandbox, since) == []
    done = quarantine(sandbox, **RESPONDERS)
    for key in ("changed", "outcome", "actions", "stops", "diff"):
        assert plan[key] == done[key]
    assert plan["after"]["service_control_policies"] == done["after"]["service_control_policies"]
    lift = quarantine(sandbox, "lifted", check_mode=True)
    assert NAME in attached(sandbox)
    lifted = quarantine(sandbox, "lifted")
    for key in ("changed", "actions", "after", "diff"):
        assert lift[key] == lifted[key]


@pytest.mark.parametrize("state", ["attached", "lifted"])
def test_the_second_time_nothing_is_changed(sandbox, state):
    quarantine(sandbox)
    if state == "lifted":
        quarantine(sandbox, state)
    since = len(sandbox.events())
    again = quarantine(sandbox, state)
    assert (again["changed"], again["outcome"], again["actions"]) == (False, "unchanged", [])
    assert written(sandbox, since) == []


def test_another_scope_replaces_the_document_and_the_account_is_never_without(sandbox):
    quarantine(sandbox)
    result = quarantine(sandbox, **RESPONDERS)
    assert result["actions"] == [f"organizations:UpdatePolicy {NAME}"]
    assert attached(sandbox).count(NAME) == 1
    assert result["before"]["policy_id"] == result["after"]["policy_id"]


@pytest.mark.parametrize("operation", ["CreatePolicy", "AttachPolicy", "DetachPolicy", "DeletePolicy"])
@pytest.mark.parametrize("kind", ["refusal", "lost_answer"])
def test_a_run_that_ended_between_two_calls_is_continued(sandbox, operation, kind):
    """Refused at each call, and with each answer lost: running again ends where it should."""
    state = "attached" if operation in ("CreatePolicy", "AttachPolicy") else "lifted"
    before = attached(sandbox)
    if state == "lifted":
        quarantine(sandbox)
    code = {"code": "AccessDeniedException"} if kind == "refusal" else {}
    sandbox.add_fault(kind, operation=operation, **code)
    ended = quarantine(sandbox, state, aws_config={"retries": {"total_max_attempts": 1, "mode": "standard"}})
    assert ended["failed"] is (kind == "refusal")
    if operation in ("CreatePolicy", "DetachPolicy") and kind == "refusal":
        assert (ended["changed"], ended["outcome"]) == (False, "failed")
    elif kind == "refusal":
        assert (ended["changed"], ended["outcome"], len(ended["actions"])) == (True, "unverified", 1)
    else:
        assert "answer" in str(ended["warnings"])
    sandbox.clear_faults()
    assert quarantine(sandbox, state)["failed"] is False
    assert attached(sandbox) == ([*before, NAME] if state == "attached" else before)
    assert (NAME in all_policies(sandbox)) is (state == "attached")


def test_the_policy_of_another_person_is_not_touched(sandbox):
    organizations = sandbox.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
    organizations.create_policy(Name=NAME, Description="x", Type="SERVICE_CONTROL_POLICY", Content=content)
    since = len(sandbox.events())
    for state in ("attached", "lifted"):
        result = quarantine(sandbox, state)
        assert result["failed"] is True
        assert result["changed"] is False
        assert "did not make it" in result["cause"]
        assert result["other_policy"]["name"] == NAME
    assert written(sandbox, since) == []


def test_a_policy_that_is_attached_elsewhere_too_is_only_detached(sandbox):
    result = quarantine(sandbox)
    organizations = sandbox.client("organizations", "operator")
    organizations.attach_policy(PolicyId=result["after"]["policy_id"], TargetId=VAULT)
    lifted = quarantine(sandbox, "lifted")
    assert lifted["actions"] == [f"organizations:DetachPolicy {REPORTS}"]
    assert NAME in attached(sandbox, VAULT)


def test_the_last_policy_of_the_account_is_not_detached(sandbox):
    quarantine(sandbox)
    organizations = sandbox.client("organizations", "operator")
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=REPORTS)
    result = quarantine(sandbox, "lifted")
    assert result["failed"] is True
    assert "p-FullAWSAccess" in result["fix"]


def test_an_account_with_ten_policies_is_refused_before_any_write(sandbox):
    organizations = sandbox.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}})
    while len(attached(sandbox)) < 10:
        name = f"guardrail-{len(attached(sandbox))}"
        made = organizations.create_policy(Name=name, Description="x", Type="SERVICE_CONTROL_POLICY", Content=content)
        organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=REPORTS)
    since = len(sandbox.events())
    result = quarantine(sandbox)
    assert result["failed"] is True
    assert "guardrail-9" in result["cause"]
    assert written(sandbox, since) == []


def test_without_service_control_policies_it_says_how_to_enable_them(sandbox):
    organizations = sandbox.client("organizations", "operator")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    result = quarantine(sandbox)
    assert result["failed"] is True
    assert f"--root-id {root}" in result["fix"]


def test_policies_that_stop_root_sessions_already_are_named(sandbox):
    result = quarantine(sandbox, account_id=VAULT)
    assert result["changed"] is True
    assert "Root sessions are denied by another policy" in str(result["warnings"])


def test_the_delegated_administrator_is_warned_about_and_cannot_stop_itself(sandbox):
    plan = quarantine(sandbox, account_id=DELEGATE, check_mode=True)
    assert "delegated administrator" in str(plan["warnings"])
    refused = quarantine(sandbox, account_id=DELEGATE, identity="delegate", **EVERYONE)
    assert refused["failed"] is True
    assert "would stop you" in refused["cause"]


WRONG = [
    ({"account_id": "55556666777"}, "account_id"),
    ({"account_id": MANAGEMENT}, "management account"),
    ({"account_id": "999988887777"}, "not in it"),
    ({"protected_accounts": [REPORTS]}, "protected_accounts"),
    ({"exempt_principals": ["role/Responder"]}, "scope=all_principals"),
    ({"scope": "all_principals"}, "an empty list stops everyone"),
    ({"state": "lifted", "scope": "root_user"}, "state=attached"),
    *(
        ({"scope": "all_principals", "exempt_principals": [one]}, hint)
        for one, hint in (
            ("*", "exempt_principals"),
            ("OrganizationAccountAccessRole", "role/NAME"),
            ("arn:aws:iam::*:*", "the root user cannot be exempt"),
            ("arn:aws:iam::*:root", "the root user cannot be exempt"),
            ("role/*", "every role or user"),
            ("arn:aws:iam::*:user/*", "every role or user"),
            (f"arn:aws:sts::{REPORTS}:assumed-role/Responder/alice", "role/Responder"),
            (f"arn:aws:iam::{MANAGEMENT}:role/Responder", f"principals of {REPORTS} only"),
            ("arn:aws-cn:iam::*:role/Responder", "partition aws"),
        )
    ),
    ({"scope": "all_principals", "exempt_principals": [f"role/{'x' * 60}{n}" for n in range(120)]}, "10,240"),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_wrong_input_is_refused_before_any_write(sandbox, options, said):
    result = quarantine(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert not result.get("changed")
    assert written(sandbox) == []


def policy_of(box: Box, account_id: str = REPORTS) -> dict:
    found = box.client("organizations", "operator").list_policies_for_target(
        TargetId=account_id, Filter="SERVICE_CONTROL_POLICY"
    )
    return next(policy for policy in found["Policies"] if policy["Name"] != "FullAWSAccess")


def test_a_policy_that_was_renamed_is_found_by_its_tag(sandbox):
    quarantine(sandbox)
    renamed = {"PolicyId": policy_of(sandbox)["Id"], "Name": "renamed"}
    sandbox.client("organizations", "operator").update_policy(**renamed)
    again = quarantine(sandbox)
    assert (again["changed"], attached(sandbox)) == (False, ["FullAWSAccess", "renamed"])
    wider = quarantine(sandbox, **EVERYONE)
    assert wider["actions"] == ["organizations:UpdatePolicy renamed"]
    lifted = quarantine(sandbox, "lifted")
    assert lifted["actions"] == [f"organizations:DetachPolicy {REPORTS}", "organizations:DeletePolicy renamed"]
    assert attached(sandbox) == ["FullAWSAccess"]
    assert "renamed" not in all_policies(sandbox)


def test_without_a_scope_a_wider_quarantine_stays(sandbox):
    quarantine(sandbox, **RESPONDERS)
    again = quarantine(sandbox)
    assert (again["changed"], again["outcome"]) == (False, "unchanged")
    assert "stops all principals but arn:aws:iam::555566667777:role/OrganizationAccountAccessRole" in str(
        again["warnings"]
    )
    narrower = quarantine(sandbox, scope="root_user")
    assert narrower["changed"]
    assert "stays as it is" not in str(narrower.get("warnings"))


def test_a_policy_that_something_else_edited_is_detached_and_kept(sandbox):
    quarantine(sandbox)
    mine = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Mine", "Effect": "Deny", "Action": "ec2:*", "Resource": "*"}],
    }
    edited = {"PolicyId": policy_of(sandbox)["Id"], "Content": json.dumps(mine)}
    sandbox.client("organizations", "operator").update_policy(**edited)
    lifted = quarantine(sandbox, "lifted")
    assert lifted["actions"] == [f"organizations:DetachPolicy {REPORTS}"]
    assert f"delete-policy --policy-id {edited['PolicyId']}" in str(lifted["warnings"])
    assert attached(sandbox) == ["FullAWSAccess"]
    assert NAME in all_policies(sandbox)
    assert quarantine(sandbox, "lifted")["changed"] is False
