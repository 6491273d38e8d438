"""What the rulebooks start: plans for root use that no run explains, and none for what a run has recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.playbooks import run_playbook
from support.run_module import run

from breakglass_aws.sandbox import Box

REPORTS, LEGACY, PAYMENTS = "555566667777", "444455556666", "333344445555"
AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"


def play(box: Box, folder: Path, name: str, identity: str = "engineer", **variables):
    return run_playbook(
        f"breakglass.aws.{name}",
        "-e",
        json.dumps(variables),
        environment=box.environment(identity),
        directory=folder,
    )


def written(box: Box, since: int) -> list[str]:
    return [event["operation"] for event in box.events()[since:] if event["write"] and event["service"] != "sts"]


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    (tmp_path / "evidence").mkdir()
    return tmp_path / "evidence"


def recorded_session(box: Box, evidence: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A module of ours opens a root session with a ledger; what CloudTrail's event has of it."""
    (evidence / "audit").mkdir()
    ledger = evidence / "audit/calls.jsonl"
    ledger.touch(mode=0o600)
    monkeypatch.setenv("BREAKGLASS_CALL_LEDGER", str(ledger))
    result = run("root_credentials_info", environment=box.environment("engineer"), account_ids=[REPORTS])
    monkeypatch.delenv("BREAKGLASS_CALL_LEDGER")
    [opened] = [event for event in box.events() if event["operation"] == "AssumeRoot"]
    assert opened["issued_access_key_id"] == result["accounts"][0]["session"]["access_key_id"]
    return {"access_key_id": opened["issued_access_key_id"], "request_id": opened["request_id"], "event_id": "e-1"}


@pytest.mark.parametrize("left_out", [{"access_key_id"}, {"request_id"}, {"access_key_id", "request_id", "event_id"}])
def test_what_a_run_recorded_is_explained_by_its_key_its_request_or_cloudtrail(
    sandbox, evidence, tmp_path, monkeypatch, left_out
):
    event = recorded_session(sandbox, evidence, monkeypatch)
    given = {name: value for name, value in event.items() if name not in left_out}
    sessions = len([one for one in sandbox.events() if one["operation"] == "AssumeRoot"])
    done = play(sandbox, tmp_path, "watch_root_use", account_id=REPORTS, evidence=str(evidence), **given)
    assert done.returncode == 0, done.stdout
    assert "NO RUN EXPLAINS" not in done.stdout
    assert ("A recorded run opened" if given else "Recorded runs explain all") in done.stdout
    assert [path.name for path in evidence.iterdir()] == ["audit"]
    assert len([one for one in sandbox.events() if one["operation"] == "AssumeRoot"]) == sessions


def test_a_session_of_another_tool_is_planned_for_and_the_plan_is_explained(sandbox, evidence, tmp_path):
    sandbox.client("sts", "engineer").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn={"arn": AUDIT})
    [event] = [one for one in sandbox.events() if one["operation"] == "AssumeRoot"]
    since = len(sandbox.events())
    ids = {"request_id": event["request_id"], "access_key_id": event["issued_access_key_id"], "event_id": "e-1"}
    given = {"account_id": REPORTS, "evidence": str(evidence)}
    done = play(sandbox, tmp_path, "watch_root_use", **given, **ids, event_name="AssumeRoot")
    assert done.returncode == 0, done.stdout
    assert "ROOT USE THAT NO RUN EXPLAINS" in done.stdout
    assert written(sandbox, since) == []
    [folder] = evidence.iterdir()
    plan = json.loads((folder / "evidence.json").read_text())
    assert (plan["runbook"], plan["check_mode"]) == ("compromised_root_user", True)

    # The plan opened a session itself. Its event starts the playbook again, which must not plan for ever.
    own = [one for one in sandbox.events()[since:] if one["operation"] == "AssumeRoot"][-1]
    ids = {"request_id": own["request_id"], "access_key_id": own["issued_access_key_id"], "event_id": "e-2"}
    again = play(sandbox, tmp_path, "watch_root_use", **given, **ids)
    assert again.returncode == 0, again.stdout
    assert "A recorded run opened" in again.stdout
    assert len(list(evidence.iterdir())) == 1


def test_the_attackers_key_in_the_evidence_of_a_plan_explains_nothing(sandbox, evidence, tmp_path):
    """Evidence reports what the attacker did. That must not turn it into something that a run did."""
    (evidence / "plan").mkdir()
    attackers = [{"access_key_id": "AKIAATTACKERATTACKER", "event_id": "e-1"}]
    text = json.dumps({"sessions": [{"access_key_id": "ASIAOURSOURSOURSOURS"}], "activity": {"unexplained": attackers}})
    (evidence / "plan/evidence.json").write_text(text)
    given = {"account_id": REPORTS, "evidence": str(evidence), "event_id": "e-1", "event_name": "CreateUser"}
    done = play(sandbox, tmp_path, "watch_root_use", **given, access_key_id="AKIAATTACKERATTACKER")
    assert "ROOT USE THAT NO RUN EXPLAINS" in done.stdout


def test_what_could_not_be_read_is_not_explained(sandbox, evidence, tmp_path):
    done = play(sandbox, tmp_path, "watch_root_use", "operator", account_id=REPORTS, evidence=str(evidence))
    assert done.returncode == 2
    assert "NOT READ: 555566667777" in done.stdout
    assert "is not known" in done.stdout
    assert list(evidence.iterdir()) == []


def test_on_a_schedule_all_accounts_are_read_and_nothing_is_planned(sandbox, evidence, tmp_path):
    sandbox.client("sts", "engineer").assume_root(TargetPrincipal=REPORTS, TaskPolicyArn={"arn": AUDIT})
    done = play(sandbox, tmp_path, "watch_root_use", evidence=str(evidence))
    assert done.returncode == 2
    assert f"ROOT USE THAT NO RUN EXPLAINS in {REPORTS}" in done.stdout
    assert list(evidence.iterdir()) == []


def test_a_new_account_is_audited_and_a_removal_planned(sandbox, evidence, tmp_path):
    since = len(sandbox.events())
    done = play(sandbox, tmp_path, "watch_account", account_id=LEGACY, evidence=str(evidence))
    assert done.returncode == 0, done.stdout
    found = {json.loads(path.read_text())["runbook"] for path in evidence.glob("*/evidence.json")}
    assert found == {"audit_root_credentials", "remove_root_credentials"}
    assert written(sandbox, since) == []


def test_an_account_that_left_fails_the_response_and_names_what_to_do(sandbox, tmp_path):
    (tmp_path / "apprise.txt").write_text("json://127.0.0.1:9/\n")
    done = run_playbook(
        "breakglass.aws.watch_departure",
        "-e",
        json.dumps({"account_id": LEGACY, "event_id": "e-1"}),
        environment=sandbox.environment("engineer") | {"BREAKGLASS_NOTIFY": str(tmp_path / "apprise.txt")},
        directory=tmp_path,
    )
    assert done.returncode == 2, done.stdout
    assert "The notification account_left did not reach JSON" in done.stdout
    assert f"Account {LEGACY} left the organization" in done.stdout
    assert "contact AWS Support" in done.stdout
    wrong = play(sandbox, tmp_path, "watch_departure", event_id="e-1")
    assert wrong.returncode == 2
    assert "account_id" in wrong.stdout


def test_a_change_of_the_organization_is_judged_where_it_applies(sandbox, tmp_path):
    done = play(sandbox, tmp_path, "watch_organization", account_id="777788889999", unit_id="")
    assert done.returncode == 2, done.stdout
    assert "777788889999 unlock_s3_bucket: " in done.stdout
    assert "remove_account" not in done.stdout
    fine = play(sandbox, tmp_path, "watch_organization", account_id=PAYMENTS)
    assert fine.returncode == 0, fine.stdout
    assert not [event for event in sandbox.events() if event["operation"] == "AssumeRoot"]


def test_a_folder_that_is_not_there_is_an_error(sandbox, tmp_path):
    done = play(sandbox, tmp_path, "watch_root_use", account_id=REPORTS, evidence=str(tmp_path / "mistyped"))
    assert done.returncode == 2
    assert "There is no folder" in done.stdout
