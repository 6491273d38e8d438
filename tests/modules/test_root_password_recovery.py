from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import password_recovery as recovering
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import removal
from support.run_module import run

from breakglass_aws.sandbox import Box

PAYMENTS, LEGACY, LAKE, VAULT = "333344445555", "444455556666", "012345678901", "777788889999"
RECOVERER = [
    {
        "Effect": "Allow",
        "Action": "sts:AssumeRoot",
        "Resource": "arn:aws:iam::*:root",
        "Condition": {
            "StringEquals": {"sts:TaskPolicyArn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"}
        },
    },
    {"Effect": "Allow", "Action": ["organizations:Describe*", "organizations:List*"], "Resource": "*"},
]


pytestmark = pytest.mark.usefixtures("no_waiting")


def recover(box: Box, state: str, *account_ids: str, who: str = "operator", check_mode: bool = False, **more) -> dict:
    options = {"state": state, "account_ids": list(account_ids), **more}
    return run("root_password_recovery", check_mode=check_mode, environment=box.environment(who), **options)


def written(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def has_password(box: Box, account_id: str) -> bool:
    return box.snapshot()["root_users"][account_id]["password"]


def test_it_opens_and_nothing_else_changes(sandbox):
    before = sandbox.snapshot()
    result = recover(sandbox, "open", PAYMENTS)
    assert result["failed"] is False, result["msg"]
    [entry] = result["accounts"]
    assert (entry["outcome"], result["changed"], result["summary"]) == ("changed", True, {"changed": 1})
    assert (entry["before"]["kind"], entry["after"]["kind"]) == ("none", "recovery")
    assert written(sandbox) == ["CreateLoginProfile"]
    after = sandbox.snapshot()
    assert after["root_users"][PAYMENTS].pop("password") is True
    before["root_users"][PAYMENTS].pop("password")
    assert after == before
    assert [session["task"] for session in entry["sessions"]] == ["audit_root_credentials", "open_password_recovery"]


def test_the_person_told_what_to_do_gets_in(sandbox):
    [entry] = recover(sandbox, "open", PAYMENTS)["accounts"]
    assert entry["mail"]["address"] in entry["next_steps"][0]
    assert entry["mail"]["address"] == sandbox.look("payments")["email"]
    assert entry["mail"]["source"] == "organizations:DescribeAccount"
    assert "GetPrimaryEmail" in entry["mail"]["reason"]
    assert "register an MFA device" in " ".join(entry["next_steps"])
    sandbox.act("payments", "reset_password")
    sandbox.act("payments", "sign_in")


def test_the_address_comes_from_account_management_when_that_is_allowed(sandbox):
    sandbox.client("organizations", "operator").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    [entry] = recover(sandbox, "open", PAYMENTS)["accounts"]
    assert (entry["mail"]["source"], entry["mail"]["reason"]) == ("account:GetPrimaryEmail", "")


def test_the_second_run_changes_nothing_and_says_since_when(sandbox):
    recover(sandbox, "open", PAYMENTS)
    result = recover(sandbox, "open", PAYMENTS)
    [entry] = result["accounts"]
    assert (entry["outcome"], result["changed"]) == ("unchanged", False)
    assert "open already, since" in entry["reason"]
    assert written(sandbox) == ["CreateLoginProfile"]
    assert result["diff"] == {"before": {}, "after": {}}


def test_a_password_in_use_will_do_and_is_told_from_a_recovery(sandbox):
    [entry] = recover(sandbox, "open", LEGACY)["accounts"]
    assert (entry["outcome"], entry["after"]["kind"]) == ("unchanged", "password")
    assert "last used at" in entry["reason"]
    assert len(entry["mfa_devices"]) == 2
    assert "GAHT55556666" in " ".join(entry["next_steps"])
    assert written(sandbox) == []


def test_it_closes_what_nobody_used_and_does_so_once(sandbox):
    recover(sandbox, "open", PAYMENTS)
    result = recover(sandbox, "closed", PAYMENTS)
    [entry] = result["accounts"]
    assert (entry["outcome"], entry["after"]["kind"]) == ("removed", "none")
    assert has_password(sandbox, PAYMENTS) is False
    again = recover(sandbox, "closed", PAYMENTS)
    assert (again["summary"], again["changed"]) == ({"absent": 1}, False)
    assert written(sandbox) == ["CreateLoginProfile", "DeleteLoginProfile"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_password_in_use_is_not_closed(sandbox, check_mode):
    result = recover(sandbox, "closed", LEGACY, check_mode=check_mode)
    assert result["failed"] is True
    assert result["accounts"][0]["outcome"] == "skipped"
    assert "breakglass.aws.root_credentials" in result["msg"]
    assert has_password(sandbox, LEGACY) is True


def test_a_recovery_somebody_used_is_not_closed(sandbox):
    recover(sandbox, "open", PAYMENTS)
    sandbox.act("payments", "reset_password")
    sandbox.act("payments", "sign_in")
    result = recover(sandbox, "closed", PAYMENTS)
    assert result["accounts"][0]["outcome"] == "skipped"
    assert has_password(sandbox, PAYMENTS) is True


@pytest.mark.parametrize(("state", "account_id"), [("open", PAYMENTS), ("open", LAKE), ("closed", LAKE)])
def test_check_mode_foretells_and_writes_nothing(sandbox, state, account_id):
    before = sandbox.snapshot()
    foretold = recover(sandbox, state, account_id, check_mode=True)
    assert sandbox.snapshot() == before
    assert written(sandbox) == []
    assert {task["task"] for task in foretold["accounts"][0]["sessions"]} == {"audit_root_credentials"}
    done = recover(sandbox, state, account_id)
    for key in ("changed", "summary", "diff", "failed"):
        assert foretold[key] == done[key]


def test_the_diff_shows_what_opens(sandbox):
    result = recover(sandbox, "open", PAYMENTS, LEGACY, allow_bulk=True)
    assert result["diff"] == {
        "before": {f"{PAYMENTS} payments": "no login profile, password recovery closed"},
        "after": {f"{PAYMENTS} payments": "password recovery open"},
    }


def test_who_may_open_but_not_look_is_served_too(sandbox):
    """Two people: who opens recovery may not look or delete (AWS facts 7.4)."""
    iam = sandbox.client("iam", "operator")
    iam.put_role_policy(
        RoleName="NoPermissions",
        PolicyName="Recover",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": RECOVERER}),
    )
    result = recover(sandbox, "open", PAYMENTS, who="nobody")
    assert result["failed"] is False, result["msg"]
    [entry] = result["accounts"]
    assert (entry["outcome"], entry["mfa_devices"]) == ("changed", None)
    assert "a lost MFA device" in " ".join(entry["next_steps"])
    [entry] = recover(sandbox, "open", PAYMENTS, who="nobody")["accounts"]
    assert (entry["outcome"], entry["after"]["kind"]) == ("unchanged", "unknown")


def test_a_policy_that_would_stop_the_person_is_pointed_out(sandbox):
    organizations = sandbox.client("organizations", "operator")
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}},
    }
    policy = organizations.create_policy(
        Name="no-root-user",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=PAYMENTS)
    result = recover(sandbox, "open", PAYMENTS)
    [entry] = result["accounts"]
    assert entry["outcome"] == "changed"  # root sessions are exempt
    assert [found["policy_name"] for found in entry["stopped_by"]] == ["no-root-user"]
    assert "once signed in, the root user is stopped. Service control policy no-root-user" in str(result["warnings"])
    assert "no-root-user" in entry["next_steps"][0]


def test_an_account_shut_off_by_policy_is_unreachable(sandbox):
    result = recover(sandbox, "open", VAULT)
    assert result["failed"] is True
    assert result["accounts"][0]["outcome"] == "unreachable"
    assert "deny-root-user" in result["msg"]


def test_a_suspended_account_is_not_done_and_fails(sandbox):
    result = recover(sandbox, "open", "666677778888")
    assert result["failed"] is True
    assert "SUSPENDED" in result["msg"]


@pytest.mark.parametrize(
    ("state", "account_id", "task"),
    [("open", PAYMENTS, "open_password_recovery"), ("closed", LAKE, "delete_root_credentials")],
)
def test_a_session_that_is_not_the_targets_root_writes_nothing(sandbox, monkeypatch, state, account_id, task):
    """The task that opens has no GetUser: STS says whose its sessions are."""
    opened = recovering.open_root_session

    def elsewhere(connection, organization, account_id, wanted):
        return opened(connection, organization, "222233334444" if wanted.name == task else account_id, wanted)

    monkeypatch.setattr(recovering, "open_root_session", elsewhere)
    result = recover(sandbox, state, account_id)
    assert f"not as arn:aws:iam::{account_id}:root" in result["msg"]
    assert written(sandbox) == []


def test_a_denial_that_names_whom_it_denies_counts_as_an_answer(sandbox, monkeypatch):
    """Should AWS's task policy deny GetCallerIdentity: the denial names the root user."""
    from breakglass_aws.sandbox.errors import AwsError
    from breakglass_aws.sandbox.services import sts

    def deny(state, call):
        if call.caller.is_root:
            arn = call.caller.principal.arn
            raise AwsError("AccessDenied", f"User: {arn} is not authorized to perform: sts:GetCallerIdentity", 403)
        return answer(state, call)

    answer = sts.get_caller_identity
    monkeypatch.setitem(sts._OPERATIONS, "GetCallerIdentity", deny)
    assert recover(sandbox, "open", PAYMENTS)["summary"] == {"changed": 1}


@pytest.mark.parametrize(("state", "account_id"), [("open", PAYMENTS), ("closed", LAKE)])
def test_what_does_not_read_back_is_unverified(sandbox, monkeypatch, state, account_id):
    monkeypatch.setattr(recovering, "_read_until_open", lambda iam, account_id: None)
    monkeypatch.setitem(removal._REMOVAL, "password", ("get_login_profile", None))
    result = recover(sandbox, state, account_id)
    assert result["failed"] is True
    assert result["accounts"][0]["outcome"] == "unverified"
    assert result["changed"] is True


def test_done_but_not_readable_is_unverified_too(sandbox):
    sandbox.on_event(
        lambda event: (
            event["write"] and event["service"] == "iam" and sandbox.add_fault("root_denied", account=PAYMENTS)
        )
    )
    result = recover(sandbox, "open", PAYMENTS)
    assert result["failed"] is True
    [entry] = result["accounts"]
    assert (entry["outcome"], entry["changed"]) == ("unverified", True)
    assert "Reading back failed" in entry["reason"]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("delegate", None),
        ("nobody", "DescribeOrganization"),
        ("payments-administrator", "neither the management account"),
        ("auditor", "IAMCreateRootUserPassword"),
    ],
)
def test_who_may_and_who_is_told_who_must(sandbox, who, said):
    result = recover(sandbox, "open", PAYMENTS, who=who)
    assert result["failed"] is bool(said)
    assert (said or "") in result.get("msg", "")
    assert has_password(sandbox, PAYMENTS) is not bool(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"account_ids": [PAYMENTS, LEGACY]}, "one account, unless allow_bulk=true"),
        ({"account_ids": []}, "at least one account ID"),
        ({"account_ids": ["111122223333"]}, "never a target"),
        ({"account_ids": ["999999999999"]}, "999999999999 is not in it"),
        ({"account_ids": ["payments"]}, "12 digits"),
        ({"account_ids": [12345678901]}, '"012345678901"'),
        ({"account_ids": [PAYMENTS], "protected_accounts": [PAYMENTS]}, "protected_accounts"),
        ({"account_ids": [PAYMENTS], "protected_accounts": ["x"]}, "protected_accounts: 'x'"),
        ({"account_ids": [PAYMENTS], "state": "present"}, "state"),
        ({"account_ids": [PAYMENTS], "state": None}, "state"),
        ({"account_ids": [PAYMENTS], "allow_bulk": "maybe"}, "allow_bulk"),
        ({"account_ids": None}, "account_ids"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_session_is_opened(sandbox, options, said):
    options = {"state": "open", **options}
    result = run("root_password_recovery", environment=sandbox.environment("operator"), **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]


def test_the_same_account_twice_is_one(sandbox):
    assert recover(sandbox, "open", PAYMENTS, "3333-4444-5555")["summary"] == {"changed": 1}


def test_policies_that_cannot_be_read_are_never_none(sandbox):
    sandbox.add_fault(
        "refusal", service="organizations", operation="ListPoliciesForTarget", code="AccessDeniedException"
    )
    result = recover(sandbox, "open", PAYMENTS)
    [entry] = result["accounts"]
    assert (entry["outcome"], entry["stopped_by"]) == ("changed", None)
    assert "could not be read" in entry["next_steps"][0]
    assert "could not be read" in str(result["warnings"])


# A network that breaks answers off

ONCE = {"aws_config": {"retries": {"total_max_attempts": 1}}}


@pytest.mark.parametrize("fault", ["lost_answer", "cut"])
@pytest.mark.parametrize(("state", "account_id", "after"), [("open", PAYMENTS, "recovery"), ("closed", LAKE, "none")])
def test_what_was_done_without_an_answer_is_reported(sandbox, state, account_id, after, fault):
    operation = {"open": "CreateLoginProfile", "closed": "DeleteLoginProfile"}[state]
    sandbox.add_fault(fault, operation=operation)
    result = recover(sandbox, state, account_id, **ONCE)
    assert has_password(sandbox, account_id) is (state == "open")
    [entry] = result["accounts"]
    assert (result["failed"], result["changed"], entry["changed"]) == (False, True, True)
    assert entry["outcome"] == {"open": "changed", "closed": "removed"}[state]
    assert entry["after"]["kind"] == after
    assert "Reading back shows that it is" in entry["reason"]


@pytest.mark.parametrize(("state", "account_id"), [("open", PAYMENTS), ("closed", LAKE)])
def test_the_retry_after_a_lost_answer_counts_as_this_runs(sandbox, state, account_id, monkeypatch):
    """Botocore repeats the call by itself, and AWS then answers that there is nothing left to do."""
    operation = {"open": "CreateLoginProfile", "closed": "DeleteLoginProfile"}[state]
    sandbox.add_fault("lost_answer", operation=operation, times=1)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    result = recover(sandbox, state, account_id)
    assert (result["failed"], result["changed"]) == (False, True), result
    assert result["accounts"][0]["outcome"] == {"open": "changed", "closed": "removed"}[state]
    assert has_password(sandbox, account_id) is (state == "open")


@pytest.mark.parametrize("state", ["open", "closed"])
def test_without_an_answer_and_without_reading_back_it_is_unverified(sandbox, state):
    account_id = {"open": PAYMENTS, "closed": LAKE}[state]
    operation = {"open": "CreateLoginProfile", "closed": "DeleteLoginProfile"}[state]
    sandbox.on_event(
        lambda event: event["operation"] == operation and sandbox.add_fault("reset", operation="GetLoginProfile")
    )
    sandbox.add_fault("lost_answer", operation=operation)
    result = recover(sandbox, state, account_id, **ONCE)
    [entry] = result["accounts"]
    assert (result["failed"], result["changed"], entry["outcome"], entry["after"]) == (True, True, "unverified", None)
    assert has_password(sandbox, account_id) is (state == "open")
    assert entry["sessions"]


def test_a_refused_call_changes_nothing_and_says_so(sandbox):
    sandbox.add_fault("refusal", operation="CreateLoginProfile", code="LimitExceeded", status=409)
    result = recover(sandbox, "open", PAYMENTS)
    assert (result["failed"], result["changed"], result["accounts"][0]["changed"]) == (True, False, False)
    assert has_password(sandbox, PAYMENTS) is False


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_nothing_after_it_hides_that_recovery_is_open(sandbox, fault):
    sandbox.client("organizations", "operator").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    sandbox.add_fault(fault, operation="GetPrimaryEmail")
    sandbox.add_fault(fault, operation="ListPoliciesForTarget")
    result = recover(sandbox, "open", PAYMENTS, **ONCE)
    [entry] = result["accounts"]
    assert (result["failed"], entry["outcome"], entry["after"]["kind"]) == (False, "changed", "recovery")
    assert entry["mail"]["address"]
    assert entry["policies_unread"]
    assert entry["next_steps"]


# Approved items


@pytest.mark.parametrize(("state", "account_id"), [("open", PAYMENTS), ("closed", LAKE)])
def test_the_plan_is_the_approval_of_the_act(sandbox, state, account_id):
    plan = recover(sandbox, state, account_id, check_mode=True)
    assert [(item["account_id"], item["kind"]) for item in plan["plan_items"]] == [(account_id, "login_profile")]
    result = recover(sandbox, state, account_id, approved_items=plan["plan_items"])
    assert (result["failed"], result["changed"]) == (False, True)
    assert has_password(sandbox, account_id) is (state == "open")


def test_a_recovery_that_was_created_after_the_plan_is_not_closed(sandbox):
    approved = recover(sandbox, "closed", LAKE, check_mode=True)["plan_items"]
    recover(sandbox, "closed", LAKE)
    sandbox.advance("1 hour")
    recover(sandbox, "open", LAKE)
    result = recover(sandbox, "closed", LAKE, approved_items=approved)
    assert (result["failed"], result["changed"], result["accounts"][0]["outcome"]) == (True, False, "skipped")
    assert f"that of {approved[0]['id']}" in result["msg"]
    assert has_password(sandbox, LAKE) is True


@pytest.mark.parametrize(
    "approved", [[], [{"account_id": PAYMENTS, "kind": "login_profile", "id": "2026-01-31T03:00:00Z"}]]
)
def test_what_is_not_approved_is_not_opened(sandbox, approved):
    result = recover(sandbox, "open", PAYMENTS, approved_items=approved)
    assert (result["failed"], result["changed"], result["accounts"][0]["outcome"]) == (True, False, "skipped")
    assert written(sandbox) == []


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"account_id": LEGACY}, "an account that this task is for"),
        ({"kind": "password"}, "one of login_profile"),
        ({"id": "yesterday"}, "approved_items[0].id: 'yesterday'"),
        ({"outcome": "changed"}, "outcome"),
    ],
)
def test_an_invalid_approved_item_is_refused_before_any_session_is_opened(sandbox, item, said):
    approved = [{"account_id": PAYMENTS, "kind": "login_profile", "id": "none", **item}]
    result = recover(sandbox, "open", PAYMENTS, approved_items=approved)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]
