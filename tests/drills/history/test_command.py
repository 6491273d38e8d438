"""`breakglass drill --history`, `--due` and `--due --list`: what they print, run and return."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import drill_results as make
from support.playbooks import run_playbook

from breakglass_aws.drills import __main__ as command
from breakglass_aws.drills import result
from breakglass_aws.drills.scenario_file.model import Scenario

CHECKOUT = Path(__file__).parents[3]
SCHEDULE = "runbooks:\n  unlock_s3_bucket: 90 days\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a schedule for the buckets, and no drill."""
    (tmp_path / "drill-schedule.yml").write_text(SCHEDULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rehearse(place: Path, days_ago: int) -> None:
    begin = datetime.now(UTC) - timedelta(days=days_ago)
    folder = place / "drill-reports" / f"{days_ago}-days-ago"
    folder.mkdir(parents=True)
    result.write(make.drill(make.scenario(begin), begin=begin), folder)


def drill(*arguments: str) -> int:
    return command.main([*arguments, "--reports", "drill-reports"], "breakglass drill")


def test_what_is_due_decides_the_exit_status(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill("--due", "--list") == 1
    assert "Due now: bucket-locked" in capsys.readouterr().out
    rehearse(place, 91)
    assert drill("--due", "--list") == 1
    assert "overdue" in capsys.readouterr().out
    rehearse(place, 89)
    assert drill("--due", "--list") == 0
    printed = capsys.readouterr().out
    assert "due soon" in printed
    assert "Nothing is due." in printed


def test_what_is_due_as_json_names_what_was_skipped(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rehearse(place, 10)
    (place / "drill-reports" / "broken").mkdir()
    (place / "drill-reports" / "broken" / "drill.json").write_text("{")
    assert drill("--due", "--list", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert [(item["name"], item["state"], item["by"]) for item in data["items"]] == [
        ("unlock_s3_bucket", "current", "ada")
    ]
    assert [one["file"] for one in data["skipped"]] == ["broken/drill.json"]
    assert drill("--due", "--list") == 0
    assert "Skipped broken/drill.json: cannot be read: it is not JSON" in capsys.readouterr().err


def test_due_runs_what_is_due_and_writes_the_history(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(_options: argparse.Namespace, scenarios: Sequence[Scenario]) -> int:
        ran.append([one.name for one in scenarios])
        rehearse(place, 0)
        return 0

    monkeypatch.setattr(command, "_run", run)
    assert drill("--due") == 0
    assert drill("--due") == 0
    assert ran == [["bucket-locked"]]  # the second time nothing is due
    assert "1 of 1 up to date" in (place / "drill-reports" / "badge.svg").read_text()


def test_the_history_is_written_and_its_badge_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rehearse(place, 100)
    assert drill("--history") == 0
    printed = capsys.readouterr().out
    assert "[![recovery drills: 1 of 1 overdue](badge.svg)](index.html)" in printed
    assert printed.splitlines()[-1] == str(place / "drill-reports" / "index.html")
    (place / "elsewhere").mkdir()
    assert drill("--history", "elsewhere") == 0
    assert (place / "elsewhere" / "index.html").is_file()


def test_a_folder_that_does_not_exist_has_no_history(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drill("--history", "drill-report") == 2
    assert "There is no folder drill-report." in capsys.readouterr().err
    assert not (place / "drill-report").exists()


@pytest.mark.parametrize("name", ["a/b", "..", " ", "x" * 62, "a\nb"])
def test_a_name_that_is_no_part_of_a_folders_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        drill("queue-locked", "--name", name)
    assert end.value.code == 2
    assert "is not accepted. Expected letters, digits, dots" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--due", "bucket-locked"], "--due and --history take what the schedule names. Name no scenarios."),
        (["--schedule", "x.yml"], "--schedule is for --due and --history."),
        (["--json"], "--json is for --due --list."),
        (["--due", "--list", "--schedule", "none.yml"], "none.yml: cannot be read: No such file or directory"),
        (["--due", "--schedule", "wrong.yml"], "wrong.yml, line 2: runbooks.unlock_s3_bukket: there is no runbook"),
        (["--history", "drill-reports/5-days-ago"], "is the report of one drill."),
        (["bucket-locked", "--key", "none"], "There is no key none."),
    ],
)
def test_wrong_input_is_refused_before_anything_runs(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    rehearse(place, 5)
    (place / "wrong.yml").write_text("runbooks:\n  unlock_s3_bukket: 90 days\n")
    assert drill(*arguments) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


class ADrill:
    """What `_run` does with a result, without running any scenario."""

    def __init__(self, _scenarios: object, folder: Path, *_others: object) -> None:
        self._folder = folder

    def run(self) -> result.DrillResult:
        self._folder.mkdir(parents=True, exist_ok=True)
        return make.drill()


def test_the_report_is_written_and_the_junit_file_where_ci_wants_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "Drill", ADrill)
    assert drill("bucket-locked", "--junit", "junit.xml") == 0
    page = Path(capsys.readouterr().out.splitlines()[-1])
    assert page.name == "index.html"
    assert (place / "junit.xml").read_text() == (page.parent / "junit.xml").read_text()


def test_a_key_that_cannot_sign_leaves_a_report_and_fails(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "Drill", ADrill)
    (place / "key").write_text("no key")
    assert drill("bucket-locked", "--key", "key") == 1
    assert "The report is not complete. key cannot sign" in capsys.readouterr().err
    [page] = (place / "drill-reports").glob("*/index.html")
    assert "Passed" in page.read_text()


def test_the_playbook_runs_what_is_due(place: Path) -> None:
    rehearse(place, 5)
    given = ["-e", "due=true", "-e", f"schedule={place}/drill-schedule.yml", "-e", f"reports={place}/drill-reports"]
    done = run_playbook(CHECKOUT / "playbooks" / "drill.yml", *given, environment={}, directory=place)
    assert done.returncode == 0, done.stdout
    assert "Nothing is due." in done.stdout
    assert (place / "drill-reports" / "index.html").is_file()
