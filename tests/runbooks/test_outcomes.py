"""Every way a run can end has one outcome, and every outcome an exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.engine import outcomes, results
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.kernel import magics


@pytest.mark.parametrize(
    ("error", "cell", "acted", "outcome", "status"),
    [
        ("", "", False, "unchanged", 0),
        ("", "", True, "changed", 0),
        ("Waiting", "confirm", False, "waiting", 3),
        ("Waiting", "confirm", True, "waiting", 3),
        ("Partial", "evidence", True, "partial", 4),
        ("RunbookError", "verify", True, "partial", 4),
        ("DeadKernelError", "verify", True, "partial", 4),
        ("Blocked", "start", False, "blocked", 5),
        ("Blocked", "start", True, "partial", 4),
        ("Interrupted", "act", True, "interrupted", 130),
        ("RunbookError", "preflight", False, "blocked", 5),
        ("RunbookError", "preflight-mail", False, "blocked", 5),
        ("RunbookError", "preflight", True, "partial", 4),
        ("CellTimeoutError", "preflight", False, "failed", 1),
        ("RunbookError", "plan", False, "blocked", 5),
        ("RunbookError", "plan", True, "partial", 4),
        ("RunbookError", "act", False, "failed", 1),
        ("ZeroDivisionError", "plan", False, "failed", 1),
    ],
)
def test_outcome(error: str, cell: str, acted: bool, outcome: str, status: int) -> None:
    assert outcomes.of(error, cell, acted) == outcome
    assert outcomes.EXIT_STATUS[outcome] == status


def test_a_plan_is_not_a_change() -> None:
    assert outcomes.of("", "", changed=True, check_mode=True) == "planned"
    assert outcomes.of("", "", changed=False, check_mode=True) == "unchanged"
    assert outcomes.of("RunbookError", "act", changed=True, check_mode=True) == "failed"
    assert outcomes.EXIT_STATUS["planned"] == 0


def test_every_outcome_that_is_shown_has_words() -> None:
    assert outcomes.MEANINGS.keys() == outcomes.EXIT_STATUS.keys()


DONE = {"service": "iam", "operation": "DeleteAccessKey", "request_id": "r", "error": None}
REFUSED = {**DONE, "error": "AccessDenied"}
UNANSWERED = {**DONE, "request_id": None, "error": "ConnectionClosedError"}
SESSION = {**DONE, "service": "sts", "operation": "AssumeRoot"}
DIED = {"msg": "MODULE FAILURE: No start of json char found", "module_stdout": "", "rc": -9}
REMOVES, READS = "breakglass.aws.root_credentials", "breakglass.aws.root_credentials_info"


@pytest.mark.parametrize(
    ("event", "action", "result", "calls", "acted"),
    [
        ("changed", REMOVES, {}, [], True),
        ("ok", REMOVES, {}, [DONE], False),  # a module that ends well knows what it did
        ("skipped", REMOVES, {}, [], False),
        ("failed", REMOVES, {}, [], False),
        ("failed", REMOVES, {"changed": True}, [], True),
        ("failed", REMOVES, {"results": [{"changed": False}, {"changed": True}]}, [], True),
        ("failed", REMOVES, {}, [SESSION, REFUSED], False),
        ("failed", REMOVES, {}, [SESSION, REFUSED, DONE], True),
        ("failed", REMOVES, {"changed": False}, [UNANSWERED], True),
        ("failed", REMOVES, {}, [{**UNANSWERED, "status": "refused"}], False),
        ("failed", REMOVES, {}, [{**REFUSED, "status": "unknown"}], True),
        ("failed", REMOVES, {}, [{**REFUSED, "status": "intended"}], True),
        ("failed", REMOVES, DIED, [], True),
        ("failed", READS, DIED, [], False),
        ("unreachable", REMOVES, {}, [DONE], True),
    ],
)
def test_what_changed_something_or_may_have(
    event: str, action: str, result: dict[str, Any], calls: list[dict[str, Any]], acted: bool
) -> None:
    ended = {"event": event, "action": action, "result": result, "calls": calls, "check_mode": False}
    assert results.acted(ended) is acted
    assert results.acted({**ended, "check_mode": True}) is False


@pytest.mark.parametrize(("call", "outcome"), [(DONE, "partial"), (UNANSWERED, "partial"), (REFUSED, "failed")])
def test_a_failed_task_that_changed_something_is_no_failure_without_changes(
    call: dict[str, Any], outcome: str, notebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"task": "Remove", "action": REMOVES, "check_mode": False, "path": ""}
    ended = {
        "event": "failed",
        "ignored": False,
        "warnings": [],
        "register": None,
        "result": {"msg": "broken off"},
        "calls": [call],
    }

    def run_tasks(text: str, variables: object, check_mode: bool, on_event: Any, *_: object) -> bool:
        on_event({**task, "event": "started"})
        on_event({**task, **ended})
        raise RunbookError("broken off")

    monkeypatch.setattr(magics, "run_tasks", run_tasks)
    notebook.failure("%%tasks\n- name: Remove\n")
    evidence = json.loads(Path(notebook["evidence_dir"], "evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == (outcome, outcome == "partial")


@pytest.mark.parametrize(("action", "outcome"), [(REMOVES, "partial"), (READS, "failed")])
def test_a_task_that_never_ended_may_have_changed_something(
    action: str, outcome: str, notebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible's worker was killed: it reports no result at all."""

    def run_tasks(text: str, variables: object, check_mode: bool, on_event: Any, *_: object) -> bool:
        on_event({"task": "Remove", "action": action, "check_mode": False, "path": "", "event": "started"})
        raise RunbookError("A worker was found in a dead state")

    monkeypatch.setattr(magics, "run_tasks", run_tasks)
    notebook.failure("%%tasks\n- name: Remove\n")
    evidence = json.loads(Path(notebook["evidence_dir"], "evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == (outcome, outcome == "partial")
    assert evidence["steps"][-1]["outcome"] == "unknown"
    assert Journal(Path(notebook["evidence_dir"])).entries()[-2]["event"] == "unknown"
