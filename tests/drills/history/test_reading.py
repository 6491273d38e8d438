"""A folder of drills: what is read of it, and that a damaged or foreign file is named and counts for nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import drill_results as make

from breakglass_aws.drills import result
from breakglass_aws.drills.history import reading

FORMER = {
    "started": "2025-10-01T03:00:00+00:00",
    "passed": False,
    "parts": [
        {"scenario": "A queue policy locks everyone out", "seconds": 11.0, "passed": True},
        {"scenario": "Root users with stray credentials", "seconds": 10.0, "passed": False},
    ],
    "versions": {"breakglass-aws": "0.2.0"},
}


SUPERB = make.drill(replace(make.scenario(), verdict="superb"))


def put(folder: Path, name: str, content: object) -> None:
    """Write drill.json of a drill: a result, text, or JSON."""
    (folder / name).mkdir()
    if isinstance(content, result.DrillResult):
        result.write(content, folder / name)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name / result.FILE).write_text(text)


def test_drills_are_read_newest_first_and_rehearsals_oldest_first(tmp_path: Path) -> None:
    later = make.BEGIN + timedelta(days=90)
    put(tmp_path, "a", make.drill(make.scenario(later), make.not_run(), begin=later, by="grace"))
    put(tmp_path, "b", make.drill())
    past = reading.read(tmp_path)
    assert [drill.folder for drill in past.drills] == ["a", "b"]
    assert [(one.folder, one.by, one.scenario) for one in past.rehearsals] == [
        ("b", "ada", "bucket-locked"),
        ("a", "grace", "bucket-locked"),  # what was not run is no rehearsal
    ]
    assert past.skipped == []


def test_results_of_before_schema_2_are_read(tmp_path: Path) -> None:
    put(tmp_path, "former", FORMER)
    [drill] = reading.read(tmp_path).drills
    assert drill.verdict == "failed"
    queue, credentials = drill.rehearsals
    assert (queue.scenario, queue.runbook, queue.seconds, queue.passed) == (
        "queue-locked",
        "unlock_sqs_queue",
        11,
        True,
    )
    assert (credentials.runbook, credentials.passed) == ("remove_root_credentials", False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "it is not JSON"),
        ('{"schema": 2, ', "it is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "does not hold an object"),
        ('{"schema": 2, "schema": 2}', "'schema' is in it twice"),
        ({"bit": "8 mm"}, "is not the result of a drill"),
        ({"schema": 3}, "has schema 3. Expected 2."),
        ({"schema": 2, "started": 5}, "started: expected str, found int"),
        ({"schema": 2, "started": "yesterday"}, "'yesterday' is not a time"),
        ({"schema": 2, "started": "9999-01-01T00:00:00Z"}, "is in the future"),
        ({"schema": 2, "started": "2026-01-31T03:00:00Z", "scenarios": [{"name": "x"}]}, "has no title"),
        ({**FORMER, "started": None}, "'None' is not a time"),
        ({**FORMER, "parts": {}}, "parts: expected a list, found dict"),
        (SUPERB, "scenarios[0]: verdict: 'superb' is not accepted. Expected passed, failed, interrupted, not run."),
        ({**FORMER, "parts": [{"scenario": 5}]}, "parts[0]: expected scenario, seconds and passed"),
    ],
)
def test_a_damaged_or_foreign_result_is_skipped_and_named(tmp_path: Path, content: object, problem: str) -> None:
    put(tmp_path, "bad", content)
    put(tmp_path, "good", make.drill())
    past = reading.read(tmp_path)
    assert [drill.folder for drill in past.drills] == ["good"]
    [skipped] = past.skipped
    assert skipped.file == "bad/drill.json"
    assert problem in skipped.problem
    assert str(tmp_path) not in skipped.problem


def test_a_result_that_is_no_file_of_its_own_is_skipped(tmp_path: Path) -> None:
    put(tmp_path, "good", make.drill())
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / result.FILE).symlink_to(tmp_path / "good" / result.FILE)
    (tmp_path / "folder" / result.FILE).mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    past = reading.read(tmp_path)
    assert [(one.file, one.problem) for one in past.skipped] == [
        ("folder/drill.json", "cannot be read: it is a folder."),
        ("link/drill.json", "cannot be read: it is a symbolic link."),
    ]


def test_a_folder_that_does_not_exist_has_no_drills(tmp_path: Path) -> None:
    assert reading.read(tmp_path / "none") == reading.PastDrills()


def test_a_scenario_without_a_time_has_that_of_its_drill(tmp_path: Path) -> None:
    put(tmp_path, "a", make.drill(replace(make.scenario(), started="", verdict="interrupted")))
    [one] = reading.read(tmp_path).rehearsals
    assert datetime.fromisoformat(one.started) == datetime(2026, 1, 31, 3, tzinfo=UTC)
