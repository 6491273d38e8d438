from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import retries
from support.run_module import run

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.services import membership, organizations

SPIN_OFF, NEWCOMER, NO_CARD, SECURITY = "343434343434", "246824682468", "121212121212", "222233334444"
PAYMENTS, REPORTS, VAULT, CLOSED_SHOP = "333344445555", "555566667777", "777788889999", "666677778888"
LOOKED_AFTER = ["payment_method", "phone_verification", "support_plan", "agreement", "contact_information"]
EVERYTHING = [*LOOKED_AFTER, "root_credentials"]


@pytest.fixture(autouse=True)
def clock(no_waiting, sandbox, monkeypatch):
    """A pause of the collection takes no time, and moves the sandbox's clock."""
    monkeypatch.setattr(retries, "PAUSES", (1, 1))
    sleep = no_waiting.sleep
    monkeypatch.setattr(no_waiting, "sleep", lambda seconds: (sleep(seconds), sandbox.advance(seconds)))


def settle(box: Box, account_id: str, state: str, identity: str = "operator", **options) -> dict:
    return run(
        "organization_account", environment=box.environment(identity), account_id=account_id, state=state, **options
    )


def remove(box: Box, account_id: str = SPIN_OFF, confirmed: list = EVERYTHING, **options) -> dict:
    return settle(box, account_id, "removed", confirmed=confirmed, **options)


def written(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def shown(box: Box, account_id: str) -> dict:
    return box.client("organizations", "operator").describe_account(AccountId=account_id)["Account"]


def behave(box: Box, **spans: str) -> None:
    """How fast AWS is in this sandbox."""
    from breakglass_aws.sandbox.organization_file.schema import change_behaviour

    box._state.behaviour = change_behaviour(spans, box._state.behaviour)


def table_of(operation: str) -> dict:
    """The table in which the sandbox looks up what answers an operation."""
    membership_operations = organizations._MEMBERSHIP
    return membership_operations if operation in membership_operations else organizations._OPERATIONS


@pytest.fixture
def refusing(monkeypatch):
    """Have AWS refuse an operation in ways the sandbox's own state does not lead to."""

    def refuse(operation: str, error: AwsError, times: int = 1000) -> None:
        table = table_of(operation)
        left, real = [times], table[operation]

        def answer(*arguments):
            if left[0] > 0:
                left[0] -= 1
                raise error
            return real(*arguments)

        monkeypatch.setitem(table, operation, answer)

    return refuse


# Removing


def test_an_account_is_removed_and_the_way_back_is_told(sandbox):
    sandbox.client("organizations", "operator").tag_resource(
        ResourceId=SPIN_OFF, Tags=[{"Key": "buyer", "Value": "acquirer"}]
    )
    result = remove(sandbox, confirmed=LOOKED_AFTER, read_root_credentials=True)
    assert result["session"]["access_key_id"] in [event["access_key_id"] for event in sandbox.events()]
    assert result["failed"] is False, result["msg"]
    assert (result["changed"], result["outcome"]) == (True, "changed")
    assert result["actions"] == [f"organizations:RemoveAccountFromOrganization {SPIN_OFF}"]
    assert result["diff"] == {"before": result["before"], "after": result["after"]}
    assert (result["before"]["ou"], result["after"]["in_organization"]) == ("Root/Workloads/Divested", False)
    assert result["undo"]["ou"]["path"] == "Root/Workloads/Divested"
    assert result["undo"]["tags"] == {"buyer": "acquirer"}
    assert result["undo"]["delegations"] == []
    assert [policy["name"] for policy in result["undo"]["policies"]] == ["FullAWSAccess"]
    assert "Invite" in result["undo"]["how"]
    accounts = sandbox.client("organizations", "operator").get_paginator("list_accounts").paginate()
    assert SPIN_OFF not in [account["Id"] for page in accounts for account in page["Accounts"]]


def test_who_called_is_reported_in_check_mode_for_real_and_when_it_is_refused(sandbox):
    """The evidence of a run names who closed or removed an account."""
    arn = sandbox.client("sts", "operator").get_caller_identity()["Arn"]
    for result in (
        remove(sandbox, check_mode=True),
        remove(sandbox, NO_CARD),
        settle(sandbox, PAYMENTS, "closed", wait=False),
        remove(sandbox, "999988887777"),
    ):
        assert result["caller"]["arn"] == arn


def test_the_waiting_period_ends_by_the_clock_of_aws(sandbox):
    assert "waiting_period" in remove(sandbox, NEWCOMER)["cause"]
    sandbox.advance("4 days")
    assert remove(sandbox, NEWCOMER)["changed"] is True


def test_the_second_removal_changes_nothing_and_warns(sandbox):
    remove(sandbox)
    again = remove(sandbox)
    assert (again["changed"], again["outcome"], again["name"]) == (False, "unchanged", None)
    assert "not in the organization" in str(again["warnings"])
    assert written(sandbox).count("RemoveAccountFromOrganization") == 1


def test_an_account_that_leaves_meanwhile_is_no_failure(sandbox, refusing):
    gone = AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    refusing("RemoveAccountFromOrganization", gone)
    left = []

    def leave(event):
        if event["operation"] == "RemoveAccountFromOrganization" and not left:
            left.append(event)
            account = sandbox._state.organization.accounts[SPIN_OFF]
            membership.depart(sandbox._state, account, "LEFT", account.joined)

    sandbox.on_event(leave)
    result = remove(sandbox)
    assert (result["failed"], result["after"]["in_organization"]) == (False, False)


@pytest.mark.parametrize(
    ("account", "in_the_way"),
    [(NEWCOMER, "waiting_period"), (SECURITY, "delegated_administrator"), (CLOSED_SHOP, "account_state")],
)
def test_a_reason_that_stands_is_refused_whatever_is_confirmed(sandbox, account, in_the_way):
    result = remove(sandbox, account)
    assert result["failed"] is True
    assert f"in the way: {in_the_way}" in result["cause"]
    assert in_the_way in result["fix"]
    assert result["changed"] is False
    assert {"name": in_the_way, "holds": True}.items() <= next(
        finding for finding in result["findings"] if finding["name"] == in_the_way
    ).items()
    assert written(sandbox) == []


def test_what_nobody_confirmed_is_named_with_how_to_confirm_it(sandbox):
    result = settle(sandbox, SPIN_OFF, "removed")
    assert result["failed"] is True
    assert (
        "confirmed: [contact_information, phone_verification, payment_method, support_plan, agreement" in result["fix"]
    )
    assert "portal.aws.amazon.com" in result["fix"]
    assert written(sandbox) == []


def test_a_root_user_that_cannot_sign_in_keeps_the_account_here(sandbox):
    result = remove(sandbox, NO_CARD, confirmed=LOOKED_AFTER, read_root_credentials=True)
    assert result["failed"] is True
    assert "in the way: root_credentials" in result["cause"]
    assert "root_password_recovery" in result["fix"]
    assert "RemoveAccountFromOrganization" not in written(sandbox)


def test_what_was_confirmed_wrongly_is_refused_by_aws_with_what_to_do(sandbox):
    result = remove(sandbox, NO_CARD)
    assert (result["failed"], result["changed"], result["actions"]) == (True, False, [])
    assert "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED" in result["cause"]
    assert "enter a payment method" in result["fix"]


@pytest.mark.parametrize(
    ("step", "given", "reason"),
    [
        (None, {}, "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA"),
        ("choose_support_plan", {}, "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION"),
        ("verify_phone", {}, "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED"),
        ("add_payment_method", {"kind": "unsupported"}, "INVALID_PAYMENT_INSTRUMENT"),
    ],
)
def test_each_refusal_of_removal_comes_with_its_fix(sandbox, step, given, reason):
    steps = ["accept_agreement", "choose_support_plan", "verify_phone", "add_payment_method"]
    for one in steps[: steps.index(step) + 1] if step else []:
        sandbox.act("payments", one, **(given if one == step else {}))
    result = remove(sandbox, PAYMENTS)
    assert result["failed"] is True
    assert reason in result["cause"]
    assert "See this code" not in result["fix"]


# Closing


def test_an_account_is_closed_once_aws_shows_it(sandbox):
    behave(sandbox, closure_shows="1 second", closure="1 second")
    result = settle(sandbox, NEWCOMER, "closed")
    assert result["failed"] is False, result["msg"]
    assert (result["changed"], result["after"]["state"]) == (True, "CLOSED")
    assert shown(sandbox, NEWCOMER)["State"] == "CLOSED"
    assert result["undo"]["until"] > "2026"
    assert "Support" in result["undo"]["how"]
    again = settle(sandbox, NEWCOMER, "closed")
    assert (again["changed"], again["actions"]) == (False, [])
    assert written(sandbox).count("CloseAccount") == 1


def test_a_closure_that_does_not_show_in_time_is_no_success(sandbox):
    behave(sandbox, closure="1 hour")
    result = settle(sandbox, NEWCOMER, "closed", wait_timeout=0)
    assert (result["failed"], result["changed"]) == (True, True)
    assert "reading back does not confirm it: its state is PENDING_CLOSURE" in result["cause"]
    assert result["undo"]["ou"]["name"] == "Test"
    again = settle(sandbox, NEWCOMER, "closed", wait=False)
    assert (again["changed"], again["after"]["state"]) == (False, "PENDING_CLOSURE")


def test_a_closure_that_aws_does_not_show_yet_is_not_asked_for_as_if_it_were_new(sandbox):
    behave(sandbox, closure_shows="1 hour")
    first = settle(sandbox, NEWCOMER, "closed", wait=False)
    assert (first["changed"], first["after"]["state"]) == (True, "ACTIVE")
    again = settle(sandbox, NEWCOMER, "closed", wait=False)
    assert (again["failed"], again["changed"]) == (True, False)
    assert "closure is probably under way" in again["cause"]


def test_an_account_closed_meanwhile_is_no_failure(sandbox, refusing):

    def close(event):
        if event["operation"] == "CloseAccount" and event["error"]:
            sandbox._state.organization.accounts[NEWCOMER].state = "CLOSED"

    refusing("CloseAccount", AwsError("AccountAlreadyClosedException", "You attempted to close a closed account."))
    sandbox.on_event(close)
    result = settle(sandbox, NEWCOMER, "closed")
    assert (result["failed"], result["after"]["state"]) == (False, "CLOSED")


def test_three_closures_at_once_are_all_aws_does(sandbox):
    behave(sandbox, closure="1 hour")
    for account in (NEWCOMER, NO_CARD, SPIN_OFF):
        assert settle(sandbox, account, "closed", wait=False)["changed"] is True
    result = settle(sandbox, PAYMENTS, "closed", confirmed=["close_quota"])
    assert "in the way: close_quota" in result["cause"]
    assert "Wait until one of them is closed" in result["fix"]


# Moving


@pytest.mark.parametrize("ou", ["Workloads/Legacy", "/Workloads/Legacy/", "Root/Workloads/Legacy", "id"])
def test_an_account_is_moved_to_an_ou_by_path_or_id_and_back(sandbox, ou):
    client = sandbox.client("organizations", "operator")
    before = client.list_parents(ChildId=REPORTS)["Parents"][0]["Id"]
    legacy = client.list_parents(ChildId="444455556666")["Parents"][0]["Id"]
    result = settle(sandbox, REPORTS, "in_ou", ou=legacy if ou == "id" else ou)
    assert result["failed"] is False, result["msg"]
    assert client.list_parents(ChildId=REPORTS)["Parents"][0]["Id"] == legacy
    assert (result["before"]["ou"], result["after"]["ou"]) == ("Root/Workloads/Test", "Root/Workloads/Legacy")
    again = settle(sandbox, REPORTS, "in_ou", ou="Workloads/Legacy")
    assert (again["changed"], again["actions"]) == (False, [])
    assert before in result["undo"]["how"]
    settle(sandbox, REPORTS, "in_ou", ou=result["undo"]["ou"]["id"])
    assert client.list_parents(ChildId=REPORTS)["Parents"][0]["Id"] == before


def test_the_diff_shows_what_policies_come_and_go(sandbox):
    result = settle(sandbox, VAULT, "in_ou", ou="Root")
    assert result["diff"]["before"]["service_control_policies"] == ["FullAWSAccess", "deny-root-user"]
    assert result["diff"]["after"]["service_control_policies"] == ["FullAWSAccess"]


def test_closed_accounts_can_be_moved(sandbox):
    assert settle(sandbox, CLOSED_SHOP, "in_ou", ou="Workloads/Legacy")["changed"] is True


def test_names_that_may_mean_two_ous_are_refused_with_their_ids(sandbox):
    client = sandbox.client("organizations", "operator")
    root = client.list_roots()["Roots"][0]["Id"]
    made = client.create_organizational_unit(ParentId=root, Name="Workloads/Legacy")["OrganizationalUnit"]["Id"]
    result = settle(sandbox, REPORTS, "in_ou", ou="Workloads/Legacy")
    assert result["failed"] is True
    assert made in result["fix"]
    assert settle(sandbox, REPORTS, "in_ou", ou=made)["after"]["ou"] == "Root/Workloads/Legacy"


# All of them


@pytest.mark.parametrize(
    ("account", "options"),
    [
        (SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        (NEWCOMER, {"state": "closed"}),
        (VAULT, {"state": "in_ou", "ou": "Workloads"}),
    ],
)
def test_check_mode_foretells_and_calls_nothing_that_writes(sandbox, account, options):
    before = shown(sandbox, account)
    foretold = settle(sandbox, account, check_mode=True, diff=True, **options)
    assert written(sandbox) == []
    assert shown(sandbox, account) == before
    done = settle(sandbox, account, diff=True, **options)
    same = ("changed", "outcome", "actions", "before", "after", "diff", "name")
    assert [foretold[key] for key in same] == [done[key] for key in same]
    assert foretold["undo"]["ou"] == done["undo"]["ou"]


@pytest.mark.parametrize(
    ("operation", "account", "options"),
    [
        ("RemoveAccountFromOrganization", SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        ("MoveAccount", REPORTS, {"state": "in_ou", "ou": "Vault"}),
        ("CloseAccount", NEWCOMER, {"state": "closed", "wait_timeout": 0}),
    ],
)
def test_what_reading_back_does_not_show_is_no_success(sandbox, monkeypatch, operation, account, options):
    """AWS, or whoever answers in its place, says yes and does nothing."""
    monkeypatch.setitem(table_of(operation), operation, lambda *_: None)
    result = settle(sandbox, account, **options)
    assert (result["failed"], result["changed"]) == (True, True)
    assert "reading back does not confirm it" in result["cause"]
    assert result["undo"]


@pytest.mark.parametrize(
    ("operation", "account", "options"),
    [
        ("RemoveAccountFromOrganization", SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        ("MoveAccount", REPORTS, {"state": "in_ou", "ou": "Vault"}),
        ("CloseAccount", NEWCOMER, {"state": "closed"}),
    ],
)
def test_another_change_under_way_is_waited_for_but_not_forever(sandbox, refusing, operation, account, options):
    busy = AwsError("ConcurrentModificationException", "The target of the operation is being modified.")
    refusing(operation, busy)
    result = settle(sandbox, account, **options)
    assert result["failed"] is True
    assert "run it again" in result["fix"]
    assert written(sandbox).count(operation) == 3


def test_a_change_that_was_in_the_way_for_a_moment_is_no_failure(sandbox, refusing):
    refusing("MoveAccount", AwsError("ConcurrentModificationException", "It is being modified."), times=1)
    assert settle(sandbox, REPORTS, "in_ou", ou="Vault")["changed"] is True


@pytest.mark.parametrize(
    ("operation", "code", "fields"),
    [
        ("RemoveAccountFromOrganization", "MasterCannotLeaveOrganizationException", {}),
        ("RemoveAccountFromOrganization", "AWSOrganizationsNotInUseException", {}),
        ("RemoveAccountFromOrganization", "ConstraintViolationException", {"Reason": "WAIT_PERIOD_ACTIVE"}),
        (
            "RemoveAccountFromOrganization",
            "ConstraintViolationException",
            {"Reason": "ACCOUNT_CANNOT_LEAVE_ORGANIZATION"},
        ),
        (
            "RemoveAccountFromOrganization",
            "ConstraintViolationException",
            {"Reason": "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"},
        ),
        ("RemoveAccountFromOrganization", "AccessDeniedException", {}),
        ("CloseAccount", "ConstraintViolationException", {"Reason": "CLOSE_ACCOUNT_QUOTA_EXCEEDED"}),
        ("CloseAccount", "ConstraintViolationException", {"Reason": "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED"}),
        ("CloseAccount", "ConstraintViolationException", {"Reason": "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"}),
        ("CloseAccount", "UnsupportedAPIEndpointException", {}),
        ("CloseAccount", "AccountNotFoundException", {}),
        ("CloseAccount", "ConflictException", {}),
        ("MoveAccount", "SourceParentNotFoundException", {}),
        ("MoveAccount", "DestinationParentNotFoundException", {}),
        ("MoveAccount", "AccountNotFoundException", {}),
        ("MoveAccount", "InvalidInputException", {"Reason": "INVALID_PATTERN"}),
    ],
)
def test_every_refusal_ends_in_a_failed_task_with_cause_and_fix(sandbox, refusing, operation, code, fields):
    refusing(operation, AwsError(code, "No.", fields=fields))
    account, options = {
        "RemoveAccountFromOrganization": (SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        "CloseAccount": (NEWCOMER, {"state": "closed", "wait_timeout": 0}),
        "MoveAccount": (REPORTS, {"state": "in_ou", "ou": "Vault"}),
    }[operation]
    result = settle(sandbox, account, **options)
    assert (result["failed"], result["changed"], result["actions"]) == (True, False, [])
    assert code in result["cause"]
    assert fields.get("Reason", "") in result["cause"]
    assert result["error_code"] == code
    if code != "InvalidInputException":
        assert "See this code" not in result["fix"]


@pytest.mark.parametrize("kind", ["throttling", "server_error", "reset"])
def test_bad_weather_ends_in_words_or_in_success(sandbox, kind):
    sandbox.add_fault(kind, operation="MoveAccount", times=1)
    result = settle(sandbox, REPORTS, "in_ou", ou="Vault")
    assert result["failed"] is False, result["msg"]
    assert result["after"]["ou"] == "Root/Vault"


@pytest.mark.parametrize(
    ("operation", "account", "options"),
    [
        ("RemoveAccountFromOrganization", SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        ("MoveAccount", REPORTS, {"state": "in_ou", "ou": "Vault"}),
        ("CloseAccount", NEWCOMER, {"state": "closed"}),
    ],
)
def test_what_is_done_although_its_answer_was_lost_is_found_out_by_looking(sandbox, operation, account, options):
    """botocore sends the call again, and AWS refuses what is done already."""
    behave(sandbox, closure="1 second")
    sandbox.add_fault("lost_answer", operation=operation, times=1)
    result = settle(sandbox, account, **options)
    assert result["failed"] is False, result["msg"]
    assert result["changed"] is True
    assert settle(sandbox, account, **options)["changed"] is False


@pytest.mark.parametrize("change", ["none", "name", "ou", "state"])
def test_an_account_that_is_not_as_in_the_approved_plan_is_refused(sandbox, change):
    behave(sandbox, closure="1 second", closure_shows="1 second")
    plan = settle(sandbox, NEWCOMER, "closed", check_mode=True)
    organizations_ = sandbox.client("organizations", "operator")
    if change == "name":
        organizations_.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
        sandbox.client("account", "operator").put_account_name(AccountId=NEWCOMER, AccountName="another")
    elif change == "ou":
        settle(sandbox, NEWCOMER, "in_ou", ou="Vault")
    elif change == "state":
        plan["before"]["state"] = "SUSPENDED"
    result = settle(sandbox, NEWCOMER, "closed", plan=plan)
    if change == "none":
        assert (result["failed"], result["after"]["state"]) == (False, "CLOSED")
        return
    assert (result["failed"], result["changed"], result["actions"]) == (True, False, [])
    assert "differs from the plan" in result["cause"]
    assert "CloseAccount" not in written(sandbox)


CHANGES = [
    ("RemoveAccountFromOrganization", SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
    ("MoveAccount", REPORTS, {"state": "in_ou", "ou": "Vault"}),
    ("CloseAccount", NEWCOMER, {"state": "closed"}),
    ("CloseAccount", NEWCOMER, {"state": "closed", "wait": False}),
]


@pytest.mark.parametrize("kind", ["lost_answer", "cut", "appended"])
@pytest.mark.parametrize(("operation", "account", "options"), CHANGES)
def test_what_is_done_and_never_answered_is_read_back(sandbox, kind, operation, account, options):
    behave(sandbox, closure="1 second", closure_shows="1 second" if options.get("wait", True) else "0 seconds")
    sandbox.add_fault(kind, operation=operation)
    result = settle(sandbox, account, **options)
    assert (result["failed"], result["changed"]) == (False, True), result.get("msg")
    assert result["actions"] == [f"organizations:{operation} {account}"]
    if kind == "lost_answer":  # botocore does not read the body of an answer that has no members
        assert f"answer to organizations:{operation} {account} was lost" in str(result["warnings"])


@pytest.mark.parametrize(("operation", "account", "options"), CHANGES)
def test_what_reading_back_does_not_show_after_a_lost_answer_is_unverified(sandbox, operation, account, options):
    """Nothing says whether AWS will still carry it out."""
    sandbox.add_fault("reset", operation=operation)
    result = settle(sandbox, account, **{"wait_timeout": 60, **options})
    assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "unverified")
    assert result["actions"] == [f"organizations:{operation} {account}"]
    assert "It is not known whether AWS carried out organizations:" in result["cause"]
    assert result["before"]["in_organization"] is True
    assert result["undo"]["ou"]


@pytest.mark.parametrize(("operation", "account", "options"), CHANGES)
def test_a_failure_of_reading_back_loses_nothing_that_was_done(sandbox, operation, account, options):
    """The account is read before the call; from then on its state is not readable any more."""

    def no_reading(event):
        if event["operation"] == operation:
            sandbox.add_fault("refusal", operation="DescribeAccount", code="AccessDeniedException")

    sandbox.on_event(no_reading)
    result = settle(sandbox, account, **options)
    assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "unverified")
    assert result["actions"] == [f"organizations:{operation} {account}"]
    assert result["before"]["in_organization"] is True


@pytest.mark.parametrize(
    ("account", "options"),
    [
        (SPIN_OFF, {"state": "removed", "confirmed": EVERYTHING}),
        (NEWCOMER, {"state": "closed"}),
        (REPORTS, {"state": "in_ou", "ou": "Vault"}),
    ],
)
@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ("delegate", "Only the management account can do this"),
        ("payments-administrator", "neither the management account nor a delegated administrator"),
        ("nobody", "permission for DescribeOrganization"),
        ("auditor", "permission for "),
    ],
)
def test_who_may_not_is_told_who_must(sandbox, account, options, identity, said):
    result = settle(sandbox, account, identity=identity, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert not [event for event in sandbox.events() if event["write"] and not event["error"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"state": "removed"}, "account_id"),
        ({"account_id": SPIN_OFF}, "state"),
        ({"account_id": SPIN_OFF, "state": "gone"}, "state"),
        ({"account_id": "spin-off", "state": "removed"}, "12 digits"),
        ({"account_id": 12345678901, "state": "closed"}, '"012345678901"'),
        ({"account_id": "arn:aws:organizations::1:account/o-x/343434343434", "state": "closed"}, "12 digits"),
        ({"account_id": "111122223333", "state": "removed"}, "never a target"),
        ({"account_id": "111122223333", "state": "closed"}, "never a target"),
        ({"account_id": "111122223333", "state": "in_ou", "ou": "Vault"}, "never a target"),
        ({"account_id": "999999999999", "state": "closed"}, "is not in it"),
        ({"account_id": "999999999999", "state": "in_ou", "ou": "Vault"}, "is not in it"),
        ({"account_id": SPIN_OFF, "state": "closed", "protected_accounts": [SPIN_OFF]}, "protected_accounts"),
        ({"account_id": SPIN_OFF, "state": "closed", "protected_accounts": ["3434"]}, "protected_accounts"),
        ({"account_id": SPIN_OFF, "state": "in_ou"}, "ou"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": ""}, "ou"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": "Workloads/Producton"}, "no such OU"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": "Production"}, "no such OU"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": "ou-7689-00000000"}, "no such OU"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": "r-0000"}, "no such OU"),
        ({"account_id": SPIN_OFF, "state": "in_ou", "ou": "ou-"}, "no such OU"),
        ({"account_id": SPIN_OFF, "state": "closed", "ou": "Vault"}, "state=in_ou only"),
        ({"account_id": SPIN_OFF, "state": "closed", "read_root_credentials": True}, "state=removed only"),
        ({"account_id": SPIN_OFF, "state": "closed", "confirmed": ["waiting_period"]}, "confirmed"),
        ({"account_id": SPIN_OFF, "state": "closed", "wait_timeout": -1}, "wait_timeout"),
        ({"account_id": SPIN_OFF, "state": "closed", "wait": "perhaps"}, "wait"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call_that_writes(sandbox, options, said):
    result = run("organization_account", environment=sandbox.environment("operator"), **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert written(sandbox) == []
