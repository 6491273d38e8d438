"""A drill's result is read back as it was written; what is damaged is refused with the reason."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from breakglass_aws.drills import result
from breakglass_aws.drills.result import Check, DrillResult, Evidence, ScenarioResult, TimelineEntry


def a_drill() -> DrillResult:
    now = "2026-01-31T03:00:00.000+00:00"
    scenario = ScenarioResult("bucket-locked", "A bucket", "Why", "unlock_s3_bucket", exit_status=0, verdict="passed")
    scenario.timeline = [TimelineEntry(now, now, "runbook", "operator", "step", "Plan")]
    scenario.checks = [Check("damage_is_gone", "Is it gone?", True, after="yes")]
    scenario.evidence = Evidence("bucket-locked/evidence", "0" * 64, True, False)
    return DrillResult(now, now, by="ada", scenarios=[scenario])


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    drill = a_drill()
    drill.conclude()
    path = result.write(drill, tmp_path)
    assert result.read(path) == drill
    assert drill.verdict == "passed"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_of_a_later_version_are_ignored(tmp_path: Path) -> None:
    path = result.write(a_drill(), tmp_path)
    content = json.loads(path.read_text())
    content["later"] = content["scenarios"][0]["checks"][0]["later"] = 1
    path.write_text(json.dumps(content))
    assert result.read(path).scenarios == a_drill().scenarios


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 3}, "has schema 3. Expected 2"),
        ({"scenarios": {}}, "scenarios: expected a list, found dict"),
        ({"scenarios": [{"name": "x"}]}, "has no title"),
        ({"interrupted": "no"}, "interrupted: expected bool, found str"),
        ({"started": None}, "started: expected str, found NoneType"),
    ],
)
def test_damaged_results_are_refused(tmp_path: Path, change: dict, words: str) -> None:
    path = result.write(a_drill(), tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(result.ResultError, match=words.replace(".", r"\.")):
        result.read(path)


def test_text_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "drill.json").write_text('{"schema": 2, ')
    with pytest.raises(result.ResultError, match="is not JSON"):
        result.read(tmp_path / "drill.json")


def test_a_drill_without_scenarios_has_not_passed() -> None:
    drill = DrillResult("2026-01-31T03:00:00+00:00")
    drill.conclude()
    assert drill.verdict == "failed"


def test_one_scenario_that_fails_fails_the_drill() -> None:
    drill = a_drill()
    drill.scenarios.append(ScenarioResult("x", "X", "Why", "unlock_s3_bucket", verdict="failed"))
    drill.conclude()
    assert drill.verdict == "failed"
    drill.interrupted = True
    drill.conclude()
    assert drill.verdict == "interrupted"
