"""The shell of a person who recovers the organization by hand: its commands, and what is read of their run."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.drills.hands_on import evidence
from breakglass_aws.drills.hands_on.lab import Lab, LabError
from breakglass_aws.drills.hands_on.shell import HandsOn, briefing
from breakglass_aws.drills.runner.people import People
from breakglass_aws.drills.runner.scene import Scene
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file import catalog
from breakglass_aws.drills.scenario_file.model import Scenario


class Sandbox:
    """Notes what people do in a browser."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []

    def environment(self, identity: str) -> dict[str, str]:
        return {}

    def control(self, *path: str, method: str = "GET", body: Any = None) -> Any:
        self.done.append(path)
        return {}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


def person(scenario: Scenario, folder: Path, sandbox: Any) -> HandsOn:
    timeline = Timeline()
    people = People(scenario, sandbox, timeline, None)
    (folder / "home").mkdir()
    return HandsOn(
        Scene(scenario, sandbox, people, timeline, folder, folder / "home", lambda gate: None, lambda text: None)
    )


def typed(by_hand: HandsOn, *commands: str) -> list[str]:
    """What the shell's commands print, one after the other."""
    by_hand._write_commands()
    listener = threading.Thread(target=by_hand._listen)
    listener.start()
    try:
        return [
            subprocess.run(
                [by_hand._bin / command.split()[0], *command.split()[1:]],
                capture_output=True, text=True, check=True, timeout=60,
            ).stdout.strip()
            for command in commands
        ]  # fmt: skip
    finally:
        by_hand._ended.set()
        listener.join()


def test_hints_are_given_one_by_one_and_noted(tmp_path: Path, sandbox: Sandbox) -> None:
    scenario = replace(catalog.find("bucket-locked"), hints=("Look at the policy.", "Run the runbook."))
    by_hand = person(scenario, tmp_path, sandbox)
    printed = typed(by_hand, "hint", "hint", "hint", "briefing")
    assert printed[:3] == ["Look at the policy.", "Run the runbook.", "There are no more hints."]
    assert [hint.text for hint in by_hand.hints] == list(scenario.hints)
    assert "Can the administrator of payments read the policy" in printed[3]


def test_other_people_act_when_they_are_asked(tmp_path: Path, sandbox: Sandbox) -> None:
    by_hand = person(catalog.find("mfa-lost"), tmp_path, sandbox)
    nothing, done, approved = typed(by_hand, "people mailbox", "people work_done", "approve")
    assert "No one else does anything there" in nothing
    assert done == "owner (mailbox owner) is done."
    assert ("person", "legacy-web", "activate_billing_access") in sandbox.done
    assert approved == "This scenario has no second person."


def test_a_briefing_has_what_people_report_and_not_the_cause() -> None:
    locked = catalog.find("bucket-locked")
    assert "No." in briefing(locked)
    assert locked.title not in briefing(locked)
    assert briefing(replace(locked, briefing="Finance calls.")) == "Finance calls."


JUPYTERLAB = """
import os, sys, time
from pathlib import Path
if "--bad" in sys.argv:
    sys.exit("Unrecognized flag: bad")
Path("started").write_text(" ".join([os.environ["AS"], *sys.argv[1:]]))
print("  http://localhost:8888/lab?token=abc", flush=True)
time.sleep(600)
"""


def test_jupyterlab_is_opened_in_the_background_and_ends_with_the_drill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jupyterlab.py").write_text(JUPYTERLAB)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "AS": "operator"}
    opened = Lab(tmp_path / "runbooks", environment, tmp_path / "lab.log")
    opened.start(["--port=8890"])
    assert opened.address().splitlines()[0] == "JupyterLab: http://localhost:8888/lab?token=abc"
    given = (tmp_path / "started").read_text().split()
    assert given[:2] == ["operator", f"--ServerApp.root_dir={tmp_path / 'runbooks'}"]
    assert given[-1] == "--port=8890"
    assert not opened.has_ended
    opened.end()
    assert opened.has_ended
    opened.start(["--bad"])
    with pytest.raises(LabError, match=r"JupyterLab ended\. Unrecognized flag: bad"):
        opened.address()


def test_without_jupyterlab_the_shell_says_how_to_install_it(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    by_hand = person(catalog.find("bucket-locked"), tmp_path, sandbox)
    assert "pip install jupyterlab" in typed(by_hand, "lab")[0]


def test_the_newest_run_counts(tmp_path: Path) -> None:
    did: list[str] = []
    assert evidence.newest(tmp_path) == tmp_path / "evidence"
    assert evidence.end_of(tmp_path / "evidence", Timeline(), did.append).exit_status is None
    for number, name in enumerate(("planned", "done")):
        folder = tmp_path / "evidence" / name
        folder.mkdir(parents=True)
        time = f"2026-01-31T03:0{number}"
        entries = [
            {"event": "cell", "time": f"{time}:00.000Z", "title": "Plan", "status": "completed", "seconds": 2.5},
            {"event": "waiting", "time": f"{time}:01.000Z", "gate": "confirmed"},
            {"event": "refused", "time": f"{time}:10.000Z", "gate": "confirmed"},
            {"event": "answer", "time": f"{time}:31.000Z", "gate": "confirmed"},
            {"event": "waiting", "time": f"{time}:32.000Z", "gate": "approval"},
            {"event": "ended", "time": f"{time}:33.000Z", "outcome": "changed"},
        ]
        (folder / "journal.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    timeline = Timeline()
    end = evidence.end_of(evidence.newest(tmp_path), timeline, did.append)
    assert evidence.newest(tmp_path).name == "done"
    assert [folder.name for folder in evidence.runs(tmp_path)] == ["planned", "done"]
    assert (end.outcome, end.exit_status) == ("changed", 0)
    assert [(entry.text, entry.start[14:19], entry.end[14:19]) for entry in timeline.sorted()] == [
        ("Plan: completed", "00:57", "01:00"),
        ("The run waits at confirmed", "01:01", "01:31"),
        ("gave an answer to confirmed that was refused", "01:10", "01:10"),
        ("answered confirmed", "01:31", "01:31"),
        ("The run waits at approval", "01:32", "01:33"),
    ]
    assert (timeline.people_seconds, timeline.work_seconds) == (31, 2.5)
    assert did == ["ran a runbook", "gave an answer to confirmed that was refused", "answered confirmed"]


@pytest.mark.parametrize(
    ("message", "changed", "outcome", "status"),
    [("", True, "changed", 0), ("", False, "unchanged", 0), ("vault: unreachable", False, "failed", 1)],
)
def test_a_run_in_jupyterlab_ends_with_its_last_cell(
    tmp_path: Path, message: str, changed: bool, outcome: str, status: int
) -> None:
    entries = [
        {"event": "step", "time": "2026-01-31T03:00:00.000Z", "tasks": ["Plan", "Nothing to do"]},
        {"event": "finished", "time": "2026-01-31T03:00:04.000Z"},
        {"event": "concluded", "time": "2026-01-31T03:00:05.000Z", "outcome": "removed", "message": message},
    ]
    (tmp_path / "journal.jsonl").write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    known = {"runbook": "unlock_sqs_queue", "outcome": "removed", "changed": changed, "check_mode": False}
    (tmp_path / "evidence.json").write_text(json.dumps(known))
    timeline, did = Timeline(), list[str]()
    end = evidence.end_of(tmp_path, timeline, did.append)
    assert (end.outcome, end.exit_status) == (outcome, status)
    assert [entry.text for entry in timeline.entries] == ["Plan; Nothing to do"]
    assert timeline.work_seconds == 4
    assert did == ["ran unlock_sqs_queue"]


def test_a_run_in_jupyterlab_that_was_left_has_no_outcome(tmp_path: Path) -> None:
    entry = {"event": "cell", "time": "2026-01-31T03:00:00.000Z", "title": "Plan", "status": "completed"}
    (tmp_path / "journal.jsonl").write_text(f"{json.dumps(entry)}\n")
    (tmp_path / "evidence.json").write_text(
        json.dumps({"outcome": "unfinished", "changed": False, "check_mode": False})
    )
    end = evidence.end_of(tmp_path, Timeline(), lambda text: None)
    assert (end.outcome, end.exit_status) == ("", None)
