from __future__ import annotations

from dataclasses import replace

import botocore.session
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import retries
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import reconcile, steps
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from support.run_module import run

from breakglass_aws.sandbox import Box

EVERYTHING = {
    "trusted_access": True,
    "root_credentials_management": True,
    "root_sessions": True,
    "delegated_administrator": "222233334444",
}
NOTHING = {
    "trusted_access": False,
    "root_credentials_management": False,
    "root_sessions": False,
    "delegated_administrator": "",
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(reconcile, "POLL_SECONDS", 0.01)


@pytest.fixture
def switched_off(sandbox):
    """The default organization before anybody set centralized root access up."""
    iam, organizations = sandbox.client("iam", "operator"), sandbox.client("organizations", "operator")
    iam.disable_organizations_root_sessions()
    iam.disable_organizations_root_credentials_management()
    organizations.deregister_delegated_administrator(AccountId="222233334444", ServicePrincipal="iam.amazonaws.com")
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    return sandbox


def declare(box: Box, name: str = "operator", *, check_mode: bool = False, **options) -> dict:
    return run("root_access", check_mode=check_mode, environment=box.environment(name), **options)


def written(box: Box, since: int = 0) -> list[str]:
    return [event["action"] for event in box.events()[since:] if event["write"]]


def test_everything_is_turned_on_in_the_order_aws_demands(switched_off):
    since = len(switched_off.events())
    result = declare(switched_off, **EVERYTHING)
    assert result["changed"] is True
    assert result["actions"] == [
        "organizations:EnableAWSServiceAccess",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions",
        "organizations:RegisterDelegatedAdministrator 222233334444",
    ]
    assert [action.split(" ")[0] for action in result["actions"]] == written(switched_off, since)
    organization = switched_off.snapshot()["organization"]
    assert "iam.amazonaws.com" in organization["trusted_access"]
    assert sorted(organization["features"]) == ["RootCredentialsManagement", "RootSessions"]
    assert organization["delegated_administrators"]["iam.amazonaws.com"] == ["222233334444"]
    assert result["before"]["trusted_access"] is False
    assert (
        result["diff"]["after"]
        == result["after"]
        == {
            "trusted_access": True,
            "features": {"root_credentials_management": True, "root_sessions": True},
            "delegated_administrators": [{"account_id": "222233334444", "name": "security"}],
        }
    )


def test_the_second_run_changes_nothing(sandbox):
    for _ in range(2):
        result = declare(sandbox, **EVERYTHING)
        assert result["changed"] is False
        assert result["actions"] == []
        assert result["diff"]["before"] == result["diff"]["after"]
    assert written(sandbox) == []


def test_check_mode_foretells_and_calls_nothing_that_writes(switched_off):
    before, since = switched_off.snapshot(), len(switched_off.events())
    foretold = declare(switched_off, check_mode=True, **EVERYTHING)
    assert written(switched_off, since) == []
    assert switched_off.snapshot() == before
    done = declare(switched_off, **EVERYTHING)
    assert [foretold[key] for key in ("changed", "actions", "before", "after", "diff")] == [
        done[key] for key in ("changed", "actions", "before", "after", "diff")
    ]


def test_what_is_not_declared_is_left_alone(sandbox):
    before = sandbox.snapshot()["organization"]
    result = declare(sandbox, root_sessions=False)
    assert result["actions"] == ["iam:DisableOrganizationsRootSessions"]
    assert sandbox.snapshot()["organization"] == {**before, "features": ["RootCredentialsManagement"]}


def test_turning_off_warns_of_the_way_back_and_can_be_repeated(sandbox):
    result = declare(sandbox, **NOTHING, force=True)
    assert written(sandbox) == [
        "iam:DisableOrganizationsRootCredentialsManagement",
        "iam:DisableOrganizationsRootSessions",
        "organizations:DeregisterDelegatedAdministrator",
        "organizations:DisableAWSServiceAccess",
    ]
    assert "only recovery" in str(result["warnings"])
    organization = sandbox.snapshot()["organization"]
    assert "iam.amazonaws.com" not in organization["trusted_access"]
    assert not organization["delegated_administrators"].get("iam.amazonaws.com")
    again = declare(sandbox, **NOTHING)  # nothing is taken away any more, so nothing needs force
    assert again["changed"] is False
    assert "warnings" not in again


def test_the_old_delegated_administrator_goes_before_the_new_one_comes(sandbox):
    result = declare(sandbox, delegated_administrator="333344445555")
    assert result["actions"] == [
        "organizations:DeregisterDelegatedAdministrator 222233334444",
        "organizations:RegisterDelegatedAdministrator 333344445555",
    ]
    assert [one["name"] for one in result["before"]["delegated_administrators"]] == ["security"]
    assert [one["name"] for one in result["after"]["delegated_administrators"]] == ["payments"]
    delegates = sandbox.snapshot()["organization"]["delegated_administrators"]
    assert delegates["iam.amazonaws.com"] == ["333344445555"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "one of the following is required"),
        ({"trusted_access": False}, 'delegated_administrator=""'),
        ({"trusted_access": False, "root_sessions": True}, "root_sessions needs it"),
        ({"trusted_access": False, "delegated_administrator": "333344445555"}, "delegated_administrator needs it"),
        ({"delegated_administrator": "111122223333"}, "never a target"),
        ({"delegated_administrator": "999999999999"}, "not in it"),
        ({"delegated_administrator": "666677778888"}, "SUSPENDED"),
        ({"delegated_administrator": 12345678901}, '"012345678901"'),
        ({"delegated_administrator": "security"}, "12 digits"),
        ({"root_sessions": False, "wait_timeout": -1}, "wait_timeout"),
        ({"root_sessions": "perhaps"}, "root_sessions"),
        ({"root_sessions": True, "probe_account_id": "payments"}, "12 digits"),
        ({"root_sessions": True, "probe_account_id": "111122223333"}, "never a target"),
        ({"root_sessions": True, "probe_account_id": "666677778888"}, "SUSPENDED"),
        ({"root_sessions": True, "probe_account_id": "999999999999"}, "not in it"),
        ({"root_sessions": False, "probe_account_id": "333344445555"}, "together with a feature that is true"),
        ({"root_sessions": False, "force": "perhaps"}, "force"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call_that_writes(sandbox, options, said):
    result = declare(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert written(sandbox) == []


def test_features_without_trusted_access_are_refused_with_the_option_to_add(switched_off):
    since = len(switched_off.events())
    result = declare(switched_off, root_sessions=True)
    assert result["failed"] is True
    assert "trusted_access=true" in result["fix"]
    assert written(switched_off, since) == []


def test_a_delegated_administrator_can_turn_off_but_not_on(sandbox):
    assert declare(sandbox, "delegate", root_sessions=False)["changed"] is True
    since = len(sandbox.events())
    result = declare(sandbox, "delegate", root_sessions=True)
    assert result["failed"] is True
    assert "Only the management account may call iam:EnableOrganizationsRootSessions" in result["cause"]
    assert "management account" in result["fix"]
    assert written(sandbox, since) == []


@pytest.mark.parametrize("name", ["nobody", "payments-administrator"])
def test_who_may_not_is_told_so(sandbox, name):
    result = declare(sandbox, name, root_sessions=False)
    assert result["failed"] is True
    assert result["fix"]
    assert written(sandbox) == []


def test_who_may_look_but_not_change_fails_with_the_missing_permission(sandbox):
    result = declare(sandbox, "auditor", root_sessions=False)
    assert result["failed"] is True
    assert "DisableOrganizationsRootSessions" in result["fix"]
    assert result["changed"] is False
    assert sandbox.snapshot()["organization"]["features"] == ["RootCredentialsManagement", "RootSessions"]


def test_what_reading_back_does_not_show_is_no_success(sandbox, monkeypatch):
    """A module that says it is done without looking must not pass: here the call that changes is a mere look."""
    take = steps._feature

    def pretend(state, feature, on):
        step = take(state, feature, on)
        return replace(step, method="list_organizations_features")

    monkeypatch.setattr(steps, "_feature", pretend)
    result = declare(sandbox, root_sessions=False, wait_timeout=0)
    assert result["failed"] is True
    assert "Reading back did not show the change" in result["cause"]
    assert result["actions"] == ["iam:DisableOrganizationsRootSessions"]


def test_a_step_that_somebody_undoes_is_not_taken_again_and_again(switched_off):
    def undo(event):
        if event["operation"] == "RegisterDelegatedAdministrator":
            switched_off.client("iam", "operator").disable_organizations_root_sessions()

    switched_off.on_event(undo)
    result = declare(switched_off, **EVERYTHING)
    assert result["failed"] is True
    assert "iam:EnableOrganizationsRootSessions succeeded, and then something else undid it" in result["cause"]
    assert result["changed"] is True
    assert result["actions"].count("iam:EnableOrganizationsRootSessions") == 1


def test_what_takes_the_only_way_back_is_refused_without_force(sandbox):
    """The engineer's session has no source identity: the access roles answer, and tell who has a root password."""
    for options in ({"root_credentials_management": False}, NOTHING):
        for check_mode in (False, True):
            result = declare(sandbox, "engineer", check_mode=check_mode, **options)
            assert result["failed"] is True
            assert "only recovery" in result["cause"]
            assert "force=true" in result["fix"]
            truth = sandbox.snapshot()["root_users"]
            members = result["without_root_password"]
            assert members["none"] == [one for one in truth if one in members["none"] and not truth[one]["password"]]
            assert {"333344445555", "222233334444"} <= set(members["none"])
            assert set(members["unknown"]) == {"888899990000", "999900001111"}  # no role answers there
            assert not {"444455556666", "111122223333", "666677778888"} & {*members["none"], *members["unknown"]}
    assert written(sandbox) == []
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]
    forced = declare(sandbox, "engineer", root_credentials_management=False, force=True)
    assert forced["actions"] == ["iam:DisableOrganizationsRootCredentialsManagement"]
    assert forced["without_root_password"]["none"]


def test_what_cannot_be_known_counts_as_no_way_back(sandbox):
    """The roles refuse the operator's source identity; they trust no delegated administrator at all."""
    for name in ("operator", "delegate"):
        result = declare(sandbox, name, root_credentials_management=False)
        assert "it is not known whether" in result["cause"]
        assert result["without_root_password"]["none"] == []
        assert "333344445555" in result["without_root_password"]["unknown"]
    assert written(sandbox) == []


def test_it_waits_until_sts_has_followed(switched_off):
    switched_off.add_fault("sts_lag", seconds=3)
    result = declare(switched_off, **EVERYTHING, probe_account_id="333344445555")
    assert result["failed"] is False
    probes = [event for event in switched_off.events() if event["operation"] == "AssumeRoot"]
    answers = [event["status"] for event in probes]
    assert (answers[0], answers[-2:]) == (403, [200, 200])
    assert result["probe"]["account_id"] == "333344445555"
    assert len({session["access_key_id"] for session in result["probe"]["sessions"]}) == answers.count(200)
    assert "root" not in [event["principal"].rpartition(":")[2] for event in switched_off.events()]


def test_when_sts_does_not_follow_it_fails_and_says_what_was_done(switched_off):
    switched_off.add_fault("sts_lag", seconds=900)
    result = declare(switched_off, **EVERYTHING, probe_account_id="333344445555", wait_timeout=1)
    assert result["failed"] is True
    assert "has not reached STS yet" in result["cause"]
    assert "wait and try again" in result["fix"]
    assert len(result["actions"]) == 4


def test_drift_by_another_tool_is_shown_and_mended_once(sandbox):
    sandbox.client("iam", "engineer").disable_organizations_root_sessions()
    result = declare(sandbox, check_mode=True, **EVERYTHING)
    assert result["diff"]["before"]["features"] == {"root_credentials_management": True, "root_sessions": False}
    assert result["diff"]["after"]["features"] == {"root_credentials_management": True, "root_sessions": True}
    assert declare(sandbox, **EVERYTHING)["actions"] == ["iam:EnableOrganizationsRootSessions"]
    assert declare(sandbox, **EVERYTHING)["changed"] is False


def test_who_was_registered_meanwhile_is_no_failure(switched_off):
    """Another tool is quicker: AWS answers AccountAlreadyRegisteredException (idempotence map, aws-facts 8)."""

    def quicker(event):
        if event["operation"] == "EnableOrganizationsRootSessions":
            switched_off.client("organizations", "engineer").register_delegated_administrator(
                AccountId="222233334444", ServicePrincipal="iam.amazonaws.com"
            )

    switched_off.on_event(quicker)
    assert declare(switched_off, **EVERYTHING, wait=False)["failed"] is False


def refuse(monkeypatch, client_operation: str, code: str, times: int, reason: str | None = None) -> None:
    """Have AWS refuse a call so many times, as the botocore client shows it."""
    original, left = BaseClient._make_api_call, [times]

    def make(self, operation, arguments):
        if operation == client_operation and left[0]:
            left[0] -= 1
            error = {"Error": {"Code": code, "Message": "So it is."}, **({"Reason": reason} if reason else {})}
            raise ClientError(error, operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", make)


def test_what_is_busy_is_tried_again_within_bounds(sandbox, monkeypatch):
    monkeypatch.setattr(retries, "PAUSES", (0, 0, 0))
    move = {"delegated_administrator": "333344445555"}
    refuse(monkeypatch, "DeregisterDelegatedAdministrator", "ConcurrentModificationException", 3)
    assert declare(sandbox, **move)["failed"] is False
    refuse(monkeypatch, "DeregisterDelegatedAdministrator", "ConcurrentModificationException", 4)
    result = declare(sandbox, delegated_administrator="222233334444")
    assert result["failed"] is True
    assert "run it again" in result["fix"]


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("EnableAWSServiceAccess", {"trusted_access": True}),
        ("EnableOrganizationsRootCredentialsManagement", {"root_credentials_management": True}),
        ("EnableOrganizationsRootSessions", {"root_sessions": True}),
        ("RegisterDelegatedAdministrator", {"delegated_administrator": "333344445555"}),
    ],
)
def test_every_refusal_aws_models_ends_in_a_failed_task_with_cause_and_fix(
    switched_off, monkeypatch, operation, options
):
    """AWS's model lists the errors of each call; none may end in success or in a traceback."""
    monkeypatch.setattr(retries, "PAUSES", ())
    service = "iam" if "Organizations" in operation else "organizations"
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    codes = [shape.error_code for shape in model.error_shapes]
    for code in codes:
        if code in ("AccountAlreadyRegisteredException",):
            continue  # that is what was wanted
        with monkeypatch.context() as refusing:
            refuse(refusing, operation, code, 99)
            result = declare(switched_off, **{**EVERYTHING, **options}, wait=False)
        assert result["failed"] is True
        assert code in result["cause"]
        assert result["fix"]
        assert "exception" not in result
    assert codes


@pytest.mark.parametrize(
    "reason",
    [
        "SERVICE_ACCESS_NOT_ENABLED",
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
        "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
        "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
    ],
)
def test_the_reasons_of_a_constraint_have_fixes_of_their_own(sandbox, monkeypatch, reason):
    refuse(monkeypatch, "RegisterDelegatedAdministrator", "ConstraintViolationException", 1, reason)
    result = declare(sandbox, delegated_administrator="333344445555")
    assert result["failed"] is True
    assert reason in result["cause"]
    assert "its text says which" not in result["fix"]
    assert result["actions"] == ["organizations:DeregisterDelegatedAdministrator 222233334444"]


# A network that breaks answers off

ONCE = {"aws_config": {"retries": {"total_max_attempts": 1}}}
CALLS = [
    "EnableAWSServiceAccess",
    "EnableOrganizationsRootCredentialsManagement",
    "EnableOrganizationsRootSessions",
    "RegisterDelegatedAdministrator",
]


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("fault", ["lost_answer", "cut"])
def test_a_call_without_an_answer_is_read_back_and_the_rest_follows(switched_off, fault, operation):
    switched_off.add_fault(fault, operation=operation)
    result = declare(switched_off, **EVERYTHING, **ONCE)
    assert (result["failed"], result["changed"], result["unverified"]) == (False, True, None), result
    assert len(result["actions"]) == len(CALLS)
    # An answer of STS or Organizations without a body cannot be cut off.
    assert fault == "cut" or "Reading back shows the change" in str(result["warnings"])
    assert result["after"]["delegated_administrators"] == [{"account_id": "222233334444", "name": "security"}]


@pytest.mark.parametrize("operation", CALLS[1:])
def test_what_was_done_before_a_broken_connection_stays_in_the_result(switched_off, operation):
    since = len(switched_off.events())
    switched_off.add_fault("reset", operation=operation)
    result = declare(switched_off, **EVERYTHING, **ONCE, wait_timeout=0)
    assert (result["failed"], result["changed"]) == (True, True)
    assert [action.split(" ")[0] for action in result["actions"]] == written(switched_off, since)
    assert result["unverified"] == result["actions"][-1]
    assert operation in result["unverified"]
    assert "it may still come" in result["cause"]


def test_a_reading_that_fails_for_a_moment_is_repeated(switched_off):
    switched_off.on_event(
        lambda event: (
            event["operation"] == "EnableOrganizationsRootSessions"
            and switched_off.add_fault("server_error", operation="ListOrganizationsFeatures", times=2)
        )
    )
    result = declare(switched_off, **EVERYTHING, **ONCE)
    assert (result["failed"], len(result["actions"])) == (False, len(CALLS)), result


def test_what_another_caller_did_meanwhile_is_not_claimed(switched_off):
    def interfere(event):
        if event["operation"] == "EnableOrganizationsRootSessions":
            service = {"AccountId": "222233334444", "ServicePrincipal": "iam.amazonaws.com"}
            switched_off.client("organizations", "operator").register_delegated_administrator(**service)

    switched_off.on_event(interfere)
    result = declare(switched_off, **EVERYTHING, wait=False)
    assert result["failed"] is False, result
    assert [action.split(":")[1] for action in result["actions"]] == CALLS[:3]


def test_sessions_of_the_probe_stay_in_the_result_of_a_failure(sandbox):
    sandbox.add_fault("reset", operation="AssumeRoot", skip=1)
    result = declare(sandbox, root_sessions=True, probe_account_id="333344445555", wait_timeout=0, **ONCE)
    assert result["failed"] is True
    assert [session["task"] for session in result["probe"]["sessions"]] == ["unlock_s3_bucket"]


# Approved actions


def test_the_plan_is_the_approval_of_the_act(switched_off):
    plan = declare(switched_off, check_mode=True, **EVERYTHING)
    result = declare(switched_off, **EVERYTHING, approved_actions=plan["actions"])
    assert (result["failed"], result["actions"]) == (False, plan["actions"])


@pytest.mark.parametrize("approved", [[], ["iam:EnableOrganizationsRootSessions"]])
def test_what_is_not_approved_is_not_called(switched_off, approved):
    since = len(switched_off.events())
    result = declare(switched_off, **EVERYTHING, approved_actions=approved)
    assert (result["failed"], result["changed"], result["actions"]) == (True, False, [])
    assert "organizations:EnableAWSServiceAccess is needed" in result["cause"]
    assert written(switched_off, since) == []


def test_a_call_that_became_necessary_during_the_act_is_not_made(switched_off):
    plan = declare(switched_off, check_mode=True, **EVERYTHING)

    def interfere(event):
        if event["operation"] == "EnableOrganizationsRootSessions":
            service = {"AccountId": "333344445555", "ServicePrincipal": "iam.amazonaws.com"}
            switched_off.client("organizations", "operator").register_delegated_administrator(**service)

    switched_off.on_event(interfere)
    result = declare(switched_off, **EVERYTHING, approved_actions=plan["actions"])
    assert (result["failed"], result["changed"]) == (True, True)
    assert "DeregisterDelegatedAdministrator 333344445555 is needed" in result["cause"]
    assert result["actions"] == plan["actions"][:3]
