"""remove_account: alone, closed, or to another organization; refused while a reason stands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from support.executed import cells, denials, opened, recorded_sessions, resume, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box

NEWCOMER, NO_CARD, SPIN_OFF = "246824682468", "121212121212", "343434343434"
LOOKED_AFTER = "payment_method,phone_verification,support_plan,agreement,contact_information"


def members(box: Box) -> dict[str, str]:
    """The accounts of the organization with their states."""
    pages = box.client("organizations", "engineer").get_paginator("list_accounts").paginate()
    return {account["Id"]: account["State"] for page in pages for account in page["Accounts"]}


def test_a_reason_stops_it_and_the_root_user_is_restored_before_the_account_goes(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    operator = operator_of(sandbox, "remove_account")
    place, since = make_workplace(operator), len(sandbox.events())
    given = {"account_id": NEWCOMER, "purpose": "remove", "check_mode": "false"}
    blocked = run(place, "remove_account", "blocked", **given)
    assert blocked.returncode == 5, blocked.stdout + blocked.stderr
    for reason in (
        "waiting_period: ",
        "payment_method (to be confirmed)",
        "root_credentials: ",
        "-p restore_root=true",
    ):
        assert reason in blocked.stdout
    assert (writes(sandbox, since), denials(sandbox, since)) == ([], [])

    sandbox.advance("4 days")
    place.environment |= operator_of(sandbox, "remove_account", again=True)
    since = len(sandbox.events())
    typed = (f"account_typed={NEWCOMER}",)
    given |= {"confirmed": LOOKED_AFTER, "restore_root": "true"}
    untyped = run(place, "remove_account", "untyped", **given)
    assert untyped.returncode == 3, untyped.stdout + untyped.stderr
    assert "Type the account ID" in untyped.stdout
    assert writes(sandbox, since) == []  # above all, password recovery is not open
    waiting = run(place, "remove_account", "done", answers=typed, **given)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "Password recovery is open" in waiting.stdout
    assert NEWCOMER in members(sandbox)

    for step in ("reset_password", "sign_in", "enrol_mfa"):
        sandbox.act("newcomer", step)
    done = resume(place, "done", "root_restored=done", *typed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert NEWCOMER not in members(sandbox)
    # Nobody may ask that here, because the organization does not trust AWS Account Management.
    assert denials(sandbox, since) == ["account:GetPrimaryEmail"]
    assert sandbox.act("newcomer", "sign_in", mfa=f"arn:aws:iam::{NEWCOMER}:mfa/root-account-mfa-device")
    shown = cells(place.folder / "done/remove_account.ipynb")
    assert "Confirmed. The account is not in the organization any more." in shown["verify"]
    assert "Invite the account" in shown["hand-back"]
    evidence = json.loads((place.folder / "done/evidence.json").read_text())
    assert (evidence["outcome"], evidence["after"]["in_organization"]) == ("changed", False)
    # Who did it: the caller of AWS in evidence, report and journal, and the user who ran it.
    assert evidence["actor"].startswith("arn:aws:sts::")
    assert "@" in evidence["user"]
    report = (place.folder / "done/report.md").read_text()
    assert evidence["actor"] in report
    assert f"started by: `{evidence['user']}`" in report
    lines = (place.folder / "done/journal.jsonl").read_text().splitlines()
    tasks = [entry for entry in map(json.loads, lines) if str(entry.get("module")).startswith("breakglass.aws.")]
    assert {entry["actor"] for entry in tasks} == {evidence["actor"]}
    earlier = recorded_sessions(place.folder / "blocked") | recorded_sessions(place.folder / "untyped")
    assert recorded_sessions(place.folder / "done") == opened(sandbox) - earlier


def test_what_was_confirmed_but_is_not_so_is_refused_by_aws(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(sandbox.environment("operator"))
    refused = run(
        place,
        "remove_account",
        "refused",
        answers=(f"account_typed={NO_CARD}",),
        account_id=NO_CARD,
        purpose="remove",
        confirmed=f"{LOOKED_AFTER},root_credentials",
        look_at_root_user="false",
        check_mode="false",
    )
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "valid payment method" in refused.stdout
    assert NO_CARD in members(sandbox)


def test_an_account_is_closed(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "remove_account"))
    since = len(sandbox.events())
    given = {"account_id": NO_CARD, "purpose": "close", "check_mode": "false"}
    done = run(place, "remove_account", "done", answers=(f"account_typed={NO_CARD}",), **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert members(sandbox)[NO_CARD] == "CLOSED"
    assert (writes(sandbox, since), denials(sandbox, since)) == (["organizations:CloseAccount"], [])
    shown = cells(place.folder / "done/remove_account.ipynb")
    assert "never be used for another AWS account" in shown["preflight-reasons"]
    assert "Have AWS Support reopen it" in shown["hand-back"]


def test_a_second_person_approves_before_an_account_is_closed(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "remove_account"))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place.folder / "ada"], check=True)
    (place.folder / "signers").write_text(f"ada {(place.folder / 'ada.pub').read_text()}")
    given = {"account_id": NO_CARD, "purpose": "close", "check_mode": "false"}
    approved = {"allowed_signers": "signers", "requester": "olga"}
    waiting = run(place, "remove_account", "run", answers=(f"account_typed={NO_CARD}",), **given, **approved)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "A second person must approve" in waiting.stdout
    assert members(sandbox)[NO_CARD] == "ACTIVE"
    signed = place.run("breakglass_aws.engine", "approve", "run", "--key", "ada", "--as", "ada", "--yes")
    assert signed.returncode == 0, signed.stdout + signed.stderr
    done = resume(place, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert members(sandbox)[NO_CARD] == "CLOSED"
    evidence = json.loads((place.folder / "run/evidence.json").read_text())
    assert [approval["approver"] for approval in evidence["approvals"]] == ["ada"]
    assert ":assumed-role/Operator-remove_account/" in evidence["actor"]
    assert evidence["actor"] in (place.folder / "run/report.md").read_text()
    entries = [json.loads(line) for line in (place.folder / "run/journal.jsonl").read_text().splitlines()]
    [closing] = [entry for entry in entries if entry.get("actions") and not entry["check_mode"]]
    assert closing["actor"] == evidence["actor"]


def test_in_a_transfer_it_waits_for_the_accounts_own_people(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "remove_account"))
    since = len(sandbox.events())
    given = {"account_id": SPIN_OFF, "purpose": "transfer", "confirmed": "invitation", "check_mode": "false"}
    waiting = run(place, "remove_account", "transfer", **given)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert (writes(sandbox, since), denials(sandbox, since)) == ([], [])
    assert "invite-account-to-organization" in cells(place.folder / "transfer/remove_account.ipynb")["plan"]

    member = sandbox.client("organizations", "spin-off-administrator")
    [invitation] = member.list_handshakes_for_account()["Handshakes"]
    member.accept_handshake(HandshakeId=invitation["Id"])
    done = resume(place, "transfer", "accepted=done")
    assert done.returncode == 0, done.stdout + done.stderr
    assert SPIN_OFF not in members(sandbox)
    assert "Outcome: changed" in done.stdout
    shown = cells(place.folder / "transfer/remove_account.ipynb")
    assert "Confirmed. The account is not in the organization any more." in shown["verify"]
    assert "It was in Root/" in shown["hand-back"]
    evidence = json.loads((place.folder / "transfer/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)
    assert [evidence[when]["in_organization"] for when in ("before", "after")] == [True, False]


@pytest.mark.parametrize("purpose", ["transfer", "remove", "close"])
def test_an_account_that_was_never_here_is_a_mistake(
    purpose: str, sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(sandbox.environment("operator"))
    given = {"account_id": "246824682469", "purpose": purpose, "check_mode": "false"}
    blocked = run(place, "remove_account", "blocked", answers=("account_typed=246824682469",), **given)
    assert blocked.returncode == 5, blocked.stdout + blocked.stderr
    for said in ("account_id is 246824682469", "not in the organization", "of a member account", "list-accounts"):
        assert said in blocked.stdout
    assert writes(sandbox) == []
