"""What a run shows on a terminal: its plan, its next steps, and no control character of a name."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from breakglass_aws.engine import commands, outcomes
from breakglass_aws.engine.launcher import progress
from breakglass_aws.engine.launcher.notebook_client import Progress
from breakglass_aws.engine.launcher.run_file import Run
from breakglass_aws.engine.launcher.run_result import RunResult

HOSTILE = "a\x1b[2Jb\u202ec\u2028d\re\x07"
VISIBLE = r"a\x1b[2Jb\u202ec\u2028d\x0de\x07"
PLAN = 'Bucket\n\n| account | key |\n|---|---|\n| 012345678901 | AKIA1 |\n\n```diff\n-  "Deny"\n```'


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), highlight=False, width=80)


def printed(terminal: Console) -> str:
    assert isinstance(terminal.file, io.StringIO)
    return terminal.file.getvalue()


def result(folder: Path | None, outcome: str, failure: str = "", **given: object) -> RunResult:
    run = Run(
        "/x/unlock.ipynb", "", {"bucket": "a b", "check_mode": True, "evidence_dir": "e", **given}, "/x/out.ipynb"
    )
    ended = RunResult.of(run, "unlock", folder)
    ended.outcome, ended.failure = outcome, failure
    return ended


def test_the_plan_is_shown_with_its_tables_and_differences(terminal: Console) -> None:
    progress.TextReporter(terminal).cell(Progress("plan", "Plan", "completed", 1, 2, 0.1, PLAN))
    text = printed(terminal)
    assert "[1/2] Plan: completed in 0.1 s" in text
    assert "account: 012345678901" in text
    assert '    -  "Deny"' in text
    assert "|" not in text


def test_a_program_gets_the_plan_as_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    progress.JsonReporter().cell(Progress("plan", "Plan", "completed", 1, 2, 0.1, PLAN + HOSTILE))
    event = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(event["time"]) <= datetime.now(UTC)
    assert event["shown"] == PLAN + HOSTILE
    assert "account: 012345678901" in event["text"]
    assert "\x1b" not in event["text"]


def test_a_long_plan_is_cut(terminal: Console) -> None:
    lines = "\n".join(f"line {number}" for number in range(1000))
    progress.TextReporter(terminal).cell(Progress("plan", "Plan", "completed", 1, 2, 0.1, lines))
    assert "line 199\n... and 800 more lines, on the page" in printed(terminal)


def test_control_characters_are_escapes_in_every_line(terminal: Console, tmp_path: Path) -> None:
    reporter = progress.TextReporter(terminal)
    reporter.cell(Progress("x", HOSTILE, "running", 1, 2))
    reporter.cell(Progress("x", HOSTILE, "failed", 1, 2, 0.1, HOSTILE))
    ended = result(tmp_path / HOSTILE.replace("/", ""), outcomes.PARTIAL, HOSTILE)
    ended.remarks, ended.recovery_open_in = [HOSTILE], [HOSTILE]
    reporter.end(ended)
    text = printed(terminal)
    assert VISIBLE in text
    assert not [sign for sign in text if sign != "\n" and not sign.isprintable()]


def test_a_plan_is_carried_out_with_the_command_that_is_printed(terminal: Console, tmp_path: Path) -> None:
    progress.TextReporter(terminal).end(result(tmp_path, outcomes.PLANNED, n=3, accounts=["1", "2"]))
    command = "run /x/unlock.ipynb -p 'bucket=a b' -p check_mode=false -p n=3 -p 'accounts=[\"1\", \"2\"]'"
    assert command in printed(terminal)
    assert "evidence_dir" not in printed(terminal)


@pytest.fixture
def asking() -> progress.TextReporter:
    """A reporter of a run whose gates are asked on its terminal."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, highlight=False, width=80)
    return progress.TextReporter(console, asks=True)


def shown_by(reporter: progress.TextReporter) -> str:
    return printed(reporter._console).replace("\x1b[?25h", "").replace("\x1b[2K", "")


def test_a_run_that_goes_on_below_its_gate_does_not_repeat_itself(asking: progress.TextReporter) -> None:
    plan = f"- root session: `ASIA{{}}` (until 2026)\n\n{PLAN}"
    asking.cell(Progress("start", "Start", "completed", 1, 4, 0.1))
    asking.cell(Progress("plan", "Plan", "completed", 2, 4, 0.1, plan.format(1)))
    asking.cell(Progress("gate", "Confirm", "waiting", 3, 4, 0.1))
    asking.cell(Progress("act", "Act", "skipped", 4, 4))
    asking.gate("The run waits for a person at the gate 'confirmed'.", "**Action needed** (gate `confirmed`)")
    first = shown_by(asking)
    assert first.count("account  ") == 1  # a table
    assert "skipped" not in first
    assert first.endswith("at the gate 'confirmed'.\n\nAction needed (gate confirmed)\n\n")

    asking.cell(Progress("start", "Start", "completed", 1, 4, 0.1))
    asking.cell(Progress("plan", "Plan", "completed", 2, 4, 0.1, plan.format(2)))
    assert shown_by(asking) == first
    asking.cell(Progress("plan", "Plan", "completed", 2, 4, 0.1, plan.format(2).replace("AKIA1", "AKIA2")))
    assert "AKIA2" in shown_by(asking)  # what is new is shown
    asking.cell(Progress("act", "Act", "completed", 4, 4, 0.1))
    assert shown_by(asking).endswith("[4/4] Act: completed in 0.1 s\n")


def test_a_person_who_leaves_a_gate_is_told_how_to_go_on(asking: progress.TextReporter, tmp_path: Path) -> None:
    left = result(tmp_path, outcomes.WAITING, "The run waits.\n\nA LONG TEXT\n\nAnswer.")
    left.recovery_open_in = ["333344445555"]
    asking.end(left)
    text = shown_by(asking)
    assert "A LONG TEXT" not in text  # it stands above
    assert f"To go on:\n\n    {commands.program()} resume {tmp_path}\n" in text
    assert "PASSWORD RECOVERY IS OPEN in 333344445555" in text


def test_a_blocked_run_says_how_to_resume_it_and_how_to_start_another(terminal: Console, tmp_path: Path) -> None:
    progress.TextReporter(terminal).end(result(tmp_path, outcomes.BLOCKED, "The bucket is not there."))
    text = printed(terminal)
    assert text.index("The bucket is not there.") < text.index(f"resume {tmp_path}")
    assert text.index(f"resume {tmp_path}") < text.index("run /x/unlock.ipynb -p 'bucket=a b' -p check_mode=true")


def test_a_run_that_changed_something_is_not_started_anew(terminal: Console, tmp_path: Path) -> None:
    ended = result(tmp_path, outcomes.PARTIAL, "It broke off.")
    ended.changed = True
    progress.TextReporter(terminal).end(ended)
    assert "start a new run" not in printed(terminal)
