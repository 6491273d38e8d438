"""The report of a run, for people who were not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.engine import outcomes
from breakglass_aws.engine.display import report
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.evidence.record import Record
from breakglass_aws.engine.gates import approval_gate


@pytest.fixture
def record(tmp_path: Path) -> Record:
    record = Record("unlock_s3_bucket", tmp_path, {"account_id": "012345678901", "check_mode": False})
    record.before, record.after, record.planned = {"Sid": "Locks"}, None, None
    record.add(
        {
            "event": "changed",
            "task": "Unlock | it",
            "action": "breakglass.aws.s3_bucket_policy_unlock",
            "check_mode": False,
            "result": {
                "account_id": "012345678901",
                "session": {"access_key_id": "ASIA1", "expiration": "2026-01-31T03:15:00Z"},
                "backup": {"path": "/evidence/policy.json", "sha256": "ab12"},
            },
        }
    )
    record.answer("confirmed", "012345678901")
    return record


def of(record: Record, outcome: str = outcomes.CHANGED, failure: str = "") -> str:
    record.write()
    written = report.write(record.folder, outcome, failure)
    assert written
    return written.read_text()


def test_it_tells_what_was_done(record: Record) -> None:
    text = of(record)
    assert text.startswith("# unlock_s3_bucket: changed\n\nRunbook finished: changes were made.")
    for said in ("012345678901", "ASIA1", "/evidence/policy.json", "ab12", '-  "Sid": "Locks"', "Unlock \\| it"):
        assert said in text


def test_of_a_run_that_waits_it_tells_what_is_changed_until_now(record: Record) -> None:
    record.before = None
    waiting = of(record, outcomes.WAITING)
    assert "Nothing" not in waiting
    assert waiting.count("Unlock \\| it") == 3  # what changed, the list of all steps, and what the session was for
    record.steps.clear()
    assert "**What changed**\n\nNothing so far." in of(record, outcomes.WAITING)
    record.parameters["check_mode"] = True
    assert "**What would change**\n\nNot known" in of(record, outcomes.FAILED)


@pytest.mark.parametrize(
    ("approval", "said"),
    [
        ({"plan": "p", "not_configured": approval_gate.UNAPPROVED}, "> NO SECOND PERSON APPROVED THIS"),
        (
            {"plan": "p", "approver": "olga", "emergency": "nobody answers", "review_by": "2026-02-03"},
            "> EMERGENCY: olga continued without an approval. Reason: nobody answers.",
        ),
        (
            {"plan": "p", "approver": "ada", "approved": "t", "expires": "u", "requester": ["olga"]},
            "ada, t, valid until u",
        ),
    ],
)
def test_who_approved_stands_before_what_was_done(record: Record, approval: dict[str, Any], said: str) -> None:
    record.approve(approval)
    text = of(record)
    assert said in text.partition("Parameters")[0]


def test_a_run_that_failed_says_why_first(record: Record) -> None:
    text = of(record, outcomes.PARTIAL, "AccessDenied.\nExempt root sessions.")
    assert "> AccessDenied." in text.partition("Parameters")[0]


def test_a_plan_is_not_told_as_done(record: Record) -> None:
    record.parameters["check_mode"], record.planned = True, {"Sid": "Kept"}
    text = of(record, outcomes.PLANNED)
    assert "What would change" in text
    assert '+  "Sid": "Kept"' in text


def test_what_never_began_has_no_report(tmp_path: Path) -> None:
    assert report.write(tmp_path, outcomes.FAILED) is None


def test_the_journal_tells_which_calls_a_module_made(record: Record) -> None:
    result = {
        "actions": ["iam:EnableOrganizationsRootSessions"],
        "accounts": [{"account_id": "012345678901", "actions": ["organizations:CloseAccount"]}],
        "lockout_statements": [{"actions": ["s3:*"]}],  # what a policy denies is no call
    }
    calls = [{"service": "iam", "operation": "EnableOrganizationsRootSessions", "request_id": "1"}]
    event = {"event": "changed", "task": "x", "action": "y", "check_mode": False, "result": result, "calls": calls}
    record.add(event)
    entry = Journal(record.folder).entries()[-1]
    assert entry["actions"] == ["iam:EnableOrganizationsRootSessions", "organizations:CloseAccount"]
    assert entry["calls"] == calls


def test_a_step_tells_what_it_changed(record: Record) -> None:
    items = [
        {"kind": "access_keys", "id": "AKIA1", "outcome": "removed"},
        {"kind": "mfa_devices", "id": "arn:aws:iam::012345678901:mfa/kept", "outcome": "kept"},
        {"kind": "password", "id": "password", "outcome": "removed"},
    ]
    result = {"actions": ["iam:DeleteAccessKey"], "accounts": [{"account_id": "012345678901", "credentials": items}]}
    event = {"event": "changed", "task": "Remove", "action": "y", "check_mode": False, "result": result}
    record.add(event)
    assert record.steps[-1]["message"] == "iam:DeleteAccessKey, access key AKIA1, password"
    assert "iam:DeleteAccessKey, access key AKIA1, password" in of(record)


def test_what_is_read_again_at_a_resume_stands_once(record: Record) -> None:
    for _ in range(2):
        record.approve({"plan": "p", "approver": "ada", "requester": ["olga"]})
        record.answer("approval", "approved by ada", found=True)
    record.approve({"plan": "q", "approver": "ada", "requester": ["olga"]})
    assert [approval["plan"] for approval in record.approvals] == ["p", "q"]
    assert [answer["answer"] for answer in record.answers] == ["012345678901", "approved by ada"]


def test_the_same_answer_to_a_gate_that_asks_again_stands_there_again(record: Record) -> None:
    """What is shown is another thing, and this answer is what allowed it."""
    record.refuse("confirmed", "confirmed must be the account ID, typed again; 'yes' is not.")
    record.answer("confirmed", "012345678901")
    record.write()
    answers = report.markdown(json.loads((record.folder / "evidence.json").read_text()), outcomes.CHANGED)
    answers = answers.partition("**Answers**")[2].partition("**Steps**")[0]
    rows = [line.split(" | ")[2].rstrip(" |") for line in answers.splitlines() if line.startswith("| 20")]
    refused = "not accepted: confirmed must be the account ID, typed again; 'yes' is not."
    assert rows == ["012345678901", refused, "012345678901"]


@pytest.mark.parametrize(
    ("journal", "said"),
    [
        ([], "ended without a report"),
        ([{"event": "started"}, {"event": "ended", "outcome": "waiting"}], "waited for a person"),
        (
            [{"event": "ended", "outcome": "waiting"}, {"event": "resumed"}, {"event": "task"}],
            "ended without a report",
        ),
        ([{"event": "started"}, {"event": "ended", "outcome": "interrupted"}], "was interrupted"),
    ],
)
def test_a_run_that_goes_on_tells_how_it_stopped(record: Record, journal: list[dict[str, str]], said: str) -> None:
    record.resumed(None, journal)
    assert f"Resumed. Before, the run {said}." in of(record)


ACCOUNT = {"account_id": "012345678901"}
RECOVERY = {"kind": "recovery", "created": "2026-01-31T03:00:00Z", "last_used": None}
OPENED = {**ACCOUNT, "outcome": "changed", "after": RECOVERY}
TAKEN = {
    **ACCOUNT,
    "outcome": "removed",
    "before": {"password": {"present": True, "last_used": None}},
    "after": {"password": {"present": False}},
    "credentials": [{"kind": "password", "id": "password", "outcome": "removed"}],
}


def test_of_a_recovery_that_was_opened_and_closed_it_tells_though_nothing_is_left(record: Record) -> None:
    record.before, record.after = {"password": None}, {"password": None}
    for task, account in (("Open", OPENED), ("Take away", TAKEN)):
        result = {"accounts": [account]}
        record.add({"event": "changed", "task": task, "action": "y", "check_mode": False, "result": result})
        assert record.recovery_open_in == (["012345678901"] if task == "Open" else [])
        stopped = of(record, outcomes.INTERRUPTED)
        assert ("PASSWORD RECOVERY IS OPEN in 012345678901" in stopped) == (task == "Open")
    changed = of(record).partition("**What changed**")[2].partition("**Answers**")[0]
    assert "The state after the run is the same as before. In between:" in changed
    assert "| Open | password recovery opened |" in changed
    assert "| Take away | password (never used to sign in) |" in changed


def test_a_recovery_that_is_only_planned_is_not_open(record: Record) -> None:
    result = {"accounts": [OPENED]}
    record.add({"event": "changed", "task": "Open", "action": "y", "check_mode": True, "result": result})
    assert record.recovery_open_in == []


def test_what_a_run_that_went_on_found_as_before_is_told_once(record: Record) -> None:
    def took(task: str, outcome: str = "ok") -> None:
        record.add({"event": outcome, "task": task, "action": "y", "check_mode": False, "result": {}})

    took("Look")
    took("Act", "changed")
    assert report.OMITTED not in of(record)
    record.resumed(None)
    took("Look")
    took("Look", "changed")
    took("Act", "changed")
    steps = of(record).partition("**Steps**")[2].partition("**Root sessions**")[0]
    assert report.OMITTED in steps
    rows = [line.split(" | ")[1:4] for line in steps.splitlines() if line.startswith("| 20")]
    went_on = "Resumed. Before, the run ended without a report."
    assert [row[0] for row in rows[1:]] == ["Look", "Act", went_on, "Look", "Act"]
    assert len(record.steps) == 7


def test_a_command_in_a_failure_can_be_copied(record: Record) -> None:
    text = of(record, outcomes.FAILED, "Put_right.\n\n    breakglass resume /evidence/lost_root_mfa")
    assert ">     breakglass resume /evidence/lost_root_mfa\n" in text
    assert "> Put_right." in text


def test_what_a_run_that_went_on_found_otherwise_is_told_again(record: Record) -> None:
    def look(**result: Any) -> None:
        record.add({"event": "ok", "task": "Look", "action": "y", "check_mode": False, "result": result})

    look(left=["password"], session={"access_key_id": "ASIA1"}, sessions=[{"access_key_id": "ASIA1"}])
    record.resumed(None)
    look(left=["password"], session={"access_key_id": "ASIA2"}, sessions=[{"access_key_id": "ASIA2"}])
    look(left=[], session={"access_key_id": "ASIA3"}, sessions=[])
    steps = of(record).partition("**Steps**")[2].partition("**Root sessions**")[0]
    assert steps.count("| Look |") == 2
