from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import DONE, Performed
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import email as addresses
from hypothesis import given
from hypothesis import strategies as st
from support.run_module import run

from breakglass_aws.sandbox import Box

INVITED, SECURITY = "888899990000", "222233334444"
NEW = "aws+invited-root@example.com"
SERVICE = {"ServicePrincipal": "account.amazonaws.com"}


@pytest.fixture
def trusted(sandbox: Box) -> Box:
    sandbox.client("organizations", "operator").enable_aws_service_access(**SERVICE)
    return sandbox


def ask(box: Box, who: str = "operator", *, check_mode: bool = False, **options) -> dict:
    return run("root_email", check_mode=check_mode, environment=box.environment(who), account_id=INVITED, **options)


def written(box: Box, since: int = 0) -> list[str]:
    return [event["operation"] for event in box.events()[since:] if event["write"]]


def code(box: Box) -> str:
    return box.look(NEW, "mailbox")[-1]["code"]


def address(box: Box) -> str:
    return box.look("invited")["email"]


def test_the_address_is_read(trusted):
    since = len(trusted.events())
    result = ask(trusted)
    assert (result["failed"], result["changed"], result["outcome"]) == (False, False, "unchanged")
    assert (result["email"], result["email_update"], result["undo"]) == (address(trusted), None, None)
    assert written(trusted, since) == []


def test_it_is_changed_in_two_runs_with_the_code_of_the_mail(trusted):
    old, since = address(trusted), len(trusted.events())
    sent = ask(trusted, email=NEW)
    assert (sent["changed"], sent["email"], sent["email_update"]["status"]) == (True, old, "PENDING")
    assert sent["next_steps"][0].startswith(f"Read AWS's mail to {NEW}")
    assert (sent["undo"], address(trusted)) == (None, old)

    waiting = ask(trusted, email=NEW)
    assert (waiting["changed"], len(waiting["next_steps"])) == (False, 3)

    otp = code(trusted)
    done = ask(trusted, email=NEW, otp=otp)
    assert done["failed"] is False, done["msg"]
    assert (done["changed"], done["email"], done["email_update"]["status"]) == (True, NEW, "COMPLETED")
    assert done["undo"] == {"account_id": INVITED, "email": old}
    assert done["diff"] == {"before": {"email": old}, "after": {"email": NEW}}
    assert address(trusted) == NEW

    again = ask(trusted, email=NEW.upper(), otp=otp)
    assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})
    assert written(trusted, since) == ["StartPrimaryEmailUpdate", "AcceptPrimaryEmailUpdate"]


def test_check_mode_foretells_and_writes_nothing(trusted):
    ask_for = [{"email": NEW}, {"email": NEW, "otp": "123456"}]
    for number, options in enumerate(ask_for):
        since = len(trusted.events())
        foretold = ask(trusted, check_mode=True, **options)
        assert foretold["changed"] is True
        assert written(trusted, since) == []
        options = {**options, "otp": code(trusted)} if number else options
        done = ask(trusted, **options)
        assert (foretold["diff"], foretold["actions"]) == (done["diff"], done["actions"])


def test_trusted_access_is_turned_on_where_that_is_asked_for(sandbox):
    foretold = ask(sandbox, check_mode=True, email=NEW, activate_trusted_access=True)
    assert foretold["actions"] == [
        "organizations:EnableAWSServiceAccess account.amazonaws.com",
        "account:StartPrimaryEmailUpdate",
    ]
    assert written(sandbox) == []
    done = ask(sandbox, email=NEW, activate_trusted_access=True)
    assert (done["actions"], done["diff"]) == (foretold["actions"], foretold["diff"])
    assert "account.amazonaws.com" in sandbox.snapshot()["organization"]["trusted_access"]


def test_without_trusted_access_it_says_what_to_do(sandbox):
    refused = ask(sandbox)
    assert refused["failed"] is True
    assert "Trusted access for account.amazonaws.com is off" in refused["cause"]
    assert "activate_trusted_access=true" in refused["fix"]


def test_another_code_is_sent_when_asked_for_or_when_the_first_is_too_old(trusted):
    ask(trusted, email=NEW)
    assert ask(trusted, email=NEW, resend=True)["changed"] is True
    assert ask(trusted, email=NEW)["changed"] is False
    trusted.advance("25 hours")
    assert ask(trusted, email=NEW)["changed"] is True
    assert len(trusted.look(NEW, "mailbox")) == 3


@pytest.mark.parametrize("otp", ["abcdef", "00000000"])  # the second is one AWS's own pattern refuses, repeating it
def test_a_wrong_code_is_refused_and_never_repeated(trusted, otp):
    ask(trusted, email=NEW)
    refused = ask(trusted, email=NEW, otp=otp)
    assert refused["failed"] is True
    assert "code works for the address it was sent to" in refused["fix"]
    assert otp not in json.dumps(refused)
    assert address(trusted) != NEW


def test_a_code_without_a_pending_change_is_refused(trusted):
    refused = ask(trusted, email=NEW, otp="123456")
    assert "run it without otp" in refused["fix"]


def test_an_address_in_use_is_refused(trusted):
    other = trusted.look("payments")["email"]
    refused = ask(trusted, email=other)
    assert refused["failed"] is True
    assert "ConflictException" in refused["cause"]
    assert "no other AWS account has" in refused["fix"]


def test_a_change_that_takes_aws_its_time_is_no_failure_but_a_warning(trusted, monkeypatch):
    from breakglass_aws.sandbox.services import account

    monkeypatch.setattr(account, "_finish_email", lambda *unused: None)
    ask(trusted, email=NEW)
    done = ask(trusted, email=NEW, otp=code(trusted), wait_timeout=0)
    assert (done["failed"], done["changed"], done["email_update"]["status"]) == (False, True, "ACCEPTED")
    assert "does not show" in str(done["warnings"])
    since = len(trusted.events())
    later = ask(trusted, email=NEW, otp="123456", wait_timeout=0)
    assert (later["failed"], later["changed"], written(trusted, since)) == (False, False, [])


def test_what_does_not_read_back_is_unverified(trusted, monkeypatch):
    monkeypatch.setattr(addresses.RootEmail, "start", lambda self, email: Performed(DONE))
    update = addresses.Update("COMPLETED", datetime.now(UTC))
    monkeypatch.setattr(addresses.RootEmail, "last_update", lambda self: update)
    result = ask(trusted, email=NEW)
    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", True)
    assert "AWS shows the change as COMPLETED" in result["msg"]


def test_the_delegated_administrator_for_addresses_can_do_it(trusted):
    """Whoever is delegate for IAM alone cannot; it is another delegation."""
    refused = ask(trusted, "delegate")
    assert "account.amazonaws.com" in refused["fix"]
    trusted.client("organizations", "operator").register_delegated_administrator(AccountId=SECURITY, **SERVICE)
    assert ask(trusted, "delegate", email=NEW)["changed"] is True


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "Give the caller permission for DescribeOrganization"),
        ("auditor", "Give the caller permission for GetPrimaryEmail"),
        ("payments-administrator", "the management account"),
    ],
)
def test_others_are_told_who_must(trusted, who, said):
    since = len(trusted.events())
    refused = ask(trusted, who, email=NEW)
    assert refused["failed"] is True
    assert said in refused["fix"]
    assert written(trusted, since) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"account_id": "111122223333"}, "never a target"),
        ({"account_id": "999999999999"}, "999999999999 is not in it"),
        ({"account_id": "666677778888"}, "SUSPENDED"),
        ({"account_id": "invited"}, "12 digits"),
        ({"account_id": 12345678901}, '"012345678901"'),
        ({"account_id": None}, "account_id"),
        ({"email": "a@b"}, "email: 'a@b'"),
        ({"email": ""}, "email: ''"),
        ({"email": "two words@example.com"}, "an e-mail address of 5 to 64 characters"),
        ({"email": f"{'x' * 60}@example.com"}, "5 to 64 characters"),
        ({"email": f"{NEW}\n"}, "an e-mail address"),
        ({"email": NEW, "expected_email": "old"}, "expected_email: 'old'"),
        ({"otp": "123456"}, "the new address, with otp"),
        ({"resend": True}, "the new address, with resend"),
        ({"email": NEW, "otp": "12345"}, "write it in quotes"),
        ({"email": NEW, "otp": 5349}, "write it in quotes"),
        ({"email": NEW, "otp": ""}, "otp"),
        ({"email": NEW, "otp": "12 456"}, "(not shown)"),
        ({"email": NEW, "otp": "123456", "resend": True}, "false, with otp"),
        ({"email": NEW, "wait_timeout": -1}, "wait_timeout: -1"),
        ({"email": NEW, "wait_timeout": 14_401}, "seconds from 0 to 14400"),
        ({"state": "absent"}, "state"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(sandbox, options, said):
    result = run("root_email", environment=sandbox.environment("operator"), **{"account_id": INVITED, **options})
    assert result["failed"] is True
    assert said in result["msg"]
    assert "Traceback" not in str(result)
    assert written(sandbox) == []
    if options.get("otp"):
        assert str(options["otp"]) not in json.dumps({**result, "invocation": None})


NOW = datetime(2026, 3, 1, tzinfo=UTC)
updates = st.none() | st.builds(
    addresses.Update,
    st.sampled_from(["PENDING", "ACCEPTED", "COMPLETED", "FAILED"]),
    st.none() | st.integers(0, 200).map(lambda hours: NOW - timedelta(hours=hours)),
)


@given(st.sampled_from(["a@b.cd", "A@b.cd", "x@y.zz"]), updates, st.booleans(), st.booleans())
def test_what_is_next_follows_from_what_is(wanted, update, otp, again):
    step = addresses.next_step("a@b.cd", wanted, update, otp, again, NOW)
    if wanted.lower() == "a@b.cd":
        assert step == addresses.NOTHING
    elif step == addresses.ACCEPT:
        assert otp
    elif step == addresses.START:
        assert not otp
        assert again or update is None or update.status != "PENDING" or not update.is_young(NOW, addresses.CODE_VALID)
    else:
        assert update.status in ("PENDING", "ACCEPTED")


# A network that breaks answers off

ONCE = {"aws_config": {"retries": {"total_max_attempts": 1}}}


@pytest.mark.parametrize("fault", ["lost_answer", "cut"])
@pytest.mark.parametrize("step", ["StartPrimaryEmailUpdate", "AcceptPrimaryEmailUpdate"])
def test_what_was_done_without_an_answer_is_read_back(trusted, fault, step):
    old, options = address(trusted), {"email": NEW}
    if step.startswith("Accept"):
        ask(trusted, email=NEW)
        options["otp"] = code(trusted)
    trusted.add_fault(fault, operation=step)
    result = ask(trusted, **options, **ONCE)
    assert (result["failed"], result["changed"], result["outcome"]) == (False, True, "changed"), result
    assert result["actions"] == [f"account:{step}"]
    assert address(trusted) == (NEW if step.startswith("Accept") else old)
    assert result["undo"] == ({"account_id": INVITED, "email": old} if step.startswith("Accept") else None)


@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
def test_without_an_answer_and_without_reading_back_it_is_unverified(trusted, fault):
    trusted.add_fault(fault, operation="StartPrimaryEmailUpdate")
    trusted.add_fault("reset", operation="GetPrimaryEmailUpdateStatus", skip=1)
    result = ask(trusted, email=NEW, **ONCE)
    assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "unverified")
    assert result["actions"] == ["account:StartPrimaryEmailUpdate"]
    assert "Reading back failed" in result["cause"]


def test_an_earlier_pending_change_does_not_confirm_a_call_without_an_answer(trusted):
    ask(trusted, email=NEW)
    trusted.add_fault("reset", operation="StartPrimaryEmailUpdate")
    result = ask(trusted, email=NEW, resend=True, **ONCE)
    assert (result["failed"], result["outcome"]) == (True, "unverified")
    assert len(trusted.look(NEW, "mailbox")) == 1


def test_trusted_access_that_was_turned_on_stays_in_the_result_of_a_later_failure(sandbox):
    sandbox.add_fault("refusal", operation="StartPrimaryEmailUpdate", code="ConflictException", status=409)
    result = ask(sandbox, email=NEW, activate_trusted_access=True)
    assert (result["failed"], result["changed"], result["outcome"]) == (True, True, "failed")
    assert result["actions"] == ["organizations:EnableAWSServiceAccess account.amazonaws.com"]
    assert "account.amazonaws.com" in sandbox.snapshot()["organization"]["trusted_access"]


@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
def test_trusted_access_without_an_answer_is_confirmed_by_reading(sandbox, fault, no_waiting):
    sandbox.add_fault(fault, operation="EnableAWSServiceAccess")
    result = ask(sandbox, activate_trusted_access=True, **ONCE)
    on = fault == "lost_answer"
    assert ("account.amazonaws.com" in sandbox.snapshot()["organization"]["trusted_access"]) is on
    assert (result["failed"], result["outcome"]) == (not on, "changed" if on else "unverified")
    assert result["changed"] is True
    assert result["actions"] == ["organizations:EnableAWSServiceAccess account.amazonaws.com"]


def test_a_refused_call_changes_nothing_and_says_so(trusted):
    trusted.add_fault("refusal", operation="StartPrimaryEmailUpdate", code="ConflictException", status=409)
    result = ask(trusted, email=NEW)
    assert (result["failed"], result["changed"], result.get("actions")) == (True, False, None)


def test_an_address_that_is_not_the_expected_one_is_not_changed(trusted):
    old, since = address(trusted), len(trusted.events())
    result = ask(trusted, email=NEW, expected_email="someone@example.com")
    assert (result["failed"], result["changed"], written(trusted, since)) == (True, False, [])
    assert f"The address is {old}, not someone@example.com" in result["cause"]
    assert ask(trusted, email=NEW, expected_email=old.upper())["changed"] is True
    done = ask(trusted, email=NEW, expected_email=old, otp=code(trusted))
    assert done["changed"] is True
    again = ask(trusted, email=NEW, expected_email=old)
    assert (again["failed"], again["changed"]) == (False, False)
