"""The calls of a task whose process was killed come from the file that its module wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence.call_ledger import FILE, CallLedger
from breakglass_aws.engine.evidence.record import Record
from breakglass_aws.engine.kernel import magics

REMOVES = "breakglass.aws.root_credentials"
TASK = {"task": "Remove", "action": REMOVES, "check_mode": False, "path": "", "warnings": [], "ignored": False}
DIED = {"msg": "MODULE FAILURE", "module_stdout": "", "rc": -9}


def line(identifier: str, event: str, status: str) -> str:
    return json.dumps({"id": identifier, "event": event, "operation": "DeleteAccessKey", "status": status}) + "\n"


WRITTEN = line("1", "intended", "intended") + line("1", "ended", "done") + line("2", "intended", "intended")


def statuses(calls: list[dict[str, Any]]) -> dict[str, str]:
    assert not any("event" in call for call in calls)
    return {call["id"]: call["status"] for call in calls}


def test_a_call_without_an_end_is_unknown(tmp_path: Path) -> None:
    ledger = CallLedger(tmp_path)
    ledger.open()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    with open(tmp_path / FILE, "a") as file:
        file.write(WRITTEN + '{"id": "3", "ev')
    assert statuses(ledger.of_task()) == {"1": "done", "2": "unknown"}
    assert ledger.of_task() == []
    with open(tmp_path / FILE, "a") as file:
        file.write("\n" + line("4", "intended", "intended"))
    assert statuses(ledger.of_task()) == {"4": "unknown"}


def test_calls_of_a_killed_run_are_reported_once(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(WRITTEN)
    record = Record("test", tmp_path, {})
    unfinished = {"time": "t", "task": "Remove", "results": {}}
    record.resumed(unfinished, record.entries())
    record.resumed(unfinished, record.entries())
    [entry] = record.entries()
    assert (entry["event"], entry["task"], statuses(entry["calls"])) == ("unknown", "Remove", {"2": "unknown"})


def test_evidence_without_the_file_is_read(tmp_path: Path) -> None:
    assert (CallLedger(tmp_path).of_task(), CallLedger(tmp_path).unreported([])) == ([], [])


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to("/dev/null")
    with pytest.raises(RunbookError, match="it is a symbolic link"):
        CallLedger(tmp_path).open()


@pytest.mark.parametrize(
    ("end", "event"),
    [
        ([{**TASK, "event": "failed", "register": None, "result": DIED, "calls": []}], "task"),
        ([], "unknown"),  # Ansible's worker was killed, too
    ],
)
def test_the_journal_has_the_calls_of_a_task_whose_process_was_killed(
    end: list[Any], event: str, notebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(notebook["evidence_dir"])

    def run_tasks(text: str, variables: object, check_mode: bool, on_event: Any, *_: object) -> bool:
        on_event({**TASK, "event": "started"})
        (folder / FILE).write_text(WRITTEN)
        for each in end:
            on_event(each)
        raise RunbookError("killed")

    monkeypatch.setattr(magics, "run_tasks", run_tasks)
    notebook.failure("%%tasks\n- name: Remove\n")
    [entry] = [entry for entry in Record("test", folder, {}).entries() if entry["event"] == event]
    assert statuses(entry["calls"]) == {"1": "done", "2": "unknown"}
    assert json.loads((folder / "evidence.json").read_text())["outcome"] == "partial"
