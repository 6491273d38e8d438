"""How the runner takes a run through its gates: who acts when, what is answered, and when the run stays where it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.drills.runner import runbook_run
from breakglass_aws.drills.runner.people import People
from breakglass_aws.drills.runner.runbook_run import RunbookRun
from breakglass_aws.drills.runner.scene import RunEnd, Scene
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file.model import Action, FaultRule, Interruption, Participant, Scenario

OPERATOR, ADA = "operator", "ada"
WAITS_AT = "waiting at "


class Sandbox:
    """What the runner asks of a sandbox, and a note of it."""

    url = "http://127.0.0.1:1"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def environment(self, identity: str) -> dict[str, str]:
        return {"AS": identity}

    def control(self, *path: str, method: str = "GET", body: Any = None) -> Any:
        self.asked.append(path)
        return [{"code": "123456"}] if path[-1] == "mailbox" else {}

    def add_fault(self, rule: Mapping[str, Any]) -> str:
        self.asked.append(("fault", rule["kind"]))
        return "1"

    def end_fault(self, name: str) -> None:
        self.asked.append(("end of fault", name))

    def fault_hits(self) -> dict[str, int]:
        return {}


class Command:
    """Stands for the command `breakglass`: it ends as `ends` say, one part after the other."""

    ends: list[str]
    parts: list[tuple[list[str], dict[str, str]]]

    def __init__(self, folder: Path, environment: Mapping[str, str], on_event: Any, prepared: Any) -> None:
        self.folder, self.on_event = folder, on_event

    def run(self, arguments: Sequence[str], answers: Mapping[str, str], more: bool = False) -> RunEnd:
        Command.parts.append(([*arguments], dict(answers)))
        end = Command.ends.pop(0)
        if end == "changed":
            for gate in answers:
                with open(self.folder / "evidence" / "journal.jsonl", "a") as journal:
                    journal.write(json.dumps({"event": "answer", "gate": gate}) + "\n")
                ended = {"title": gate, "status": "completed", "seconds": 0.0, "number": 1, "total": 2}
                self.on_event({"event": "cell", "cell": gate, **ended})
        if end == "killed":
            self.on_event({"event": "cell", "cell": "act", "title": "Act", "status": "running", "seconds": 0.0})
            return RunEnd(-9)
        if end == "busy":
            return RunEnd(5, "blocked", "The run in x is already running in process 1.")
        if end.startswith(WAITS_AT):
            evidence = self.folder / "evidence"
            with open(evidence / "journal.jsonl", "a") as journal:
                journal.write(json.dumps({"event": "waiting", "gate": end.removeprefix(WAITS_AT)}) + "\n")
            return RunEnd(3, "waiting")
        return RunEnd({"changed": 0, "failed": 1, "blocked": 5}[end], end)

    def close(self) -> None:
        pass


def operator(**at: Action) -> Participant:
    return Participant(OPERATOR, "operator", {gate: (action,) for gate, action in at.items()})


def approver(action: str) -> Participant:
    return Participant(ADA, "approver", {"approval": (Action(action),)})


SCENARIO = Scenario("x", "X", "Story", "unlock_sqs_queue", {"account_id": "012345678901"}, "changed", 0)
TYPED = operator(confirmed=Action("answer", "012345678901"))
Run = Callable[..., tuple[RunEnd, Sandbox, People]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a scenario whose command ends as given, part by part."""
    monkeypatch.setattr(runbook_run, "RunProcess", Command)
    monkeypatch.setattr(runbook_run, "_TRY_AGAIN", 0)

    def begin(ends: list[str], answered: Sequence[str] = (), **changes: Any) -> tuple[RunEnd, Sandbox, People]:
        Command.ends, Command.parts = [*ends], []
        scenario = replace(SCENARIO, **changes)
        sandbox: Any = Sandbox()
        (tmp_path / "evidence").mkdir(exist_ok=True)
        answers = [json.dumps({"event": "answer", "gate": gate}) + "\n" for gate in answered]
        (tmp_path / "evidence" / "journal.jsonl").write_text("".join(answers))
        timeline = Timeline()
        approving: Any = type("", (), {"approve": lambda self, folder: (0, "")})()
        people = People(scenario, sandbox, timeline, approving)
        added = [(fault.when, sandbox.add_fault(fault.rule)) for fault in scenario.faults if fault.when == "start"]
        assert not added

        def add_faults(when: str) -> None:
            for fault in scenario.faults:
                if fault.when == when:
                    sandbox.add_fault(fault.rule)

        scene = Scene(scenario, sandbox, people, timeline, tmp_path, tmp_path, add_faults, lambda text: None)
        end = RunbookRun(scene).run()
        assert not Command.ends, "the run was resumed less often than it should"
        return end, sandbox, people

    return begin


def test_a_gate_that_only_the_operator_answers_is_answered_in_advance(run: Run) -> None:
    end, _, people = run(["changed"], people=(TYPED,))
    [(arguments, answers)] = Command.parts
    assert arguments[:2] == ["run", "unlock_sqs_queue"]
    assert "account_id=012345678901" in arguments
    assert answers == {"confirmed": "012345678901"}
    assert end.outcome == "changed"
    assert people.who[0].did == ["answered confirmed with 012345678901"]


def test_a_gate_that_was_not_reached_was_answered_by_no_one(run: Run) -> None:
    _, _, people = run(["blocked"], people=(TYPED,))
    assert Command.parts[0][1] == {"confirmed": "012345678901"}
    assert people.who[0].did == []


def test_the_second_person_approves_and_the_run_is_resumed(run: Run) -> None:
    _, _, people = run([f"{WAITS_AT}approval", "changed"], people=(TYPED, approver("approve")))
    assert [arguments[0] for arguments, _ in Command.parts] == ["run", "resume"]
    assert any(word.startswith("allowed_signers=") for word in Command.parts[0][0])
    assert people.who[1].did == ["read the plan and approved it"]


@pytest.mark.parametrize("action", ["nothing", "reject"])
def test_without_an_approval_the_run_stays_waiting(run: Run, action: str) -> None:
    end, _, people = run([f"{WAITS_AT}approval"], people=(TYPED, approver(action)))
    assert end.outcome == "waiting"
    assert people.who[1].did


def test_a_gate_that_is_asked_again_is_answered_by_no_one(run: Run) -> None:
    people = (TYPED, approver("approve"))
    for place in ("confirmed", "approval"):
        end, *_ = run([f"{WAITS_AT}approval", f"{WAITS_AT}{place}"], people=people, answered=["confirmed"])
        assert end.outcome == "waiting"


def test_a_gate_that_was_not_reached_yet_is_answered_after_the_cause_is_fixed(run: Run) -> None:
    people = (operator(confirmed=Action("answer", "1"), stopped=Action("clock", "4 days")),)
    end, *_ = run(["blocked", f"{WAITS_AT}confirmed", "changed"], people=people)
    assert end.outcome == "changed"
    assert Command.parts[2][1] == {"confirmed": "1"}


def test_a_fault_at_a_gate_begins_there_before_the_people_act(run: Run) -> None:
    faults = (FaultRule({"kind": "throttling"}, "confirmed"),)
    _, sandbox, _ = run([f"{WAITS_AT}confirmed", "changed"], people=(TYPED,), faults=faults)
    assert sandbox.asked == [("fault", "throttling")]
    assert Command.parts[0][1] == {}
    assert Command.parts[1][1] == {"confirmed": "012345678901"}


def test_a_mailed_code_is_read_there_and_given_at_each_resume(run: Run) -> None:
    code = Action("answer_mailed_code", "root@example.com")
    people = (operator(mailed_code=code, work_done=Action("clock", "1 day")),)
    run([f"{WAITS_AT}mailed_code", f"{WAITS_AT}work_done"], people=people)
    assert Command.parts[1][1] == {"mailed_code": "123456"}


def test_an_operator_resumes_a_stopped_run_some_times_and_not_for_ever(run: Run) -> None:
    end, *_ = run(["failed", "blocked", "changed"], people=(operator(stopped=Action("resume")),))
    assert end.outcome == "changed"
    end, *_ = run(["failed"] * 4, people=(operator(stopped=Action("resume")),))
    assert end.outcome == "failed"


def test_who_fixes_a_cause_does_it_once(run: Run) -> None:
    fix = Action("person", {"step": "reopen", "who": "vault"})
    end, sandbox, _ = run(["blocked", "blocked"], people=(operator(stopped=fix),))
    assert end.outcome == "blocked"
    assert sandbox.asked == [("person", "vault", "reopen")]


def test_a_killed_run_is_resumed_once_its_processes_have_ended(run: Run) -> None:
    interruption = Interruption("SIGKILL", "sqs:SetQueueAttributes")
    end, sandbox, _ = run(["killed", "busy", "busy", "changed"], people=(TYPED,), interruption=interruption)
    assert end.outcome == "changed"
    assert [arguments[0] for arguments, _ in Command.parts] == ["run", "resume", "resume", "resume"]
    assert sandbox.asked == [("fault", "slow"), ("end of fault", "1")]


def test_the_timeline_has_the_cell_that_was_killed(run: Run) -> None:
    interruption = Interruption("SIGKILL", "sqs:SetQueueAttributes")
    _, _, people = run(["killed", "changed"], people=(TYPED,), interruption=interruption)
    steps = [entry.text for entry in people._timeline.entries if entry.lane == "runbook"]
    assert steps == ["Act: ended with the command", "the run is resumed"]


def test_a_run_that_no_one_stops_is_not_resumed(run: Run) -> None:
    end, *_ = run(["killed"], people=(TYPED,))
    assert end.exit_status == -9


def test_an_answer_is_given_again_when_the_run_was_stopped_before_its_gate(run: Run) -> None:
    alone = operator(approval=Action("answer_emergency", "because"), stopped=Action("resume"))
    end, *_ = run([f"{WAITS_AT}approval", "blocked", "changed"], people=(TYPED, alone))
    assert end.outcome == "changed"
    assert [answers.get("approval") for _, answers in Command.parts] == [None, "EMERGENCY because", "EMERGENCY because"]
