"""The page, the badge and the list of a folder of drills."""

from __future__ import annotations

import io
import json
import stat
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from support import drill_results as make
from support.pages import Elements

from breakglass_aws.drills import history, result
from breakglass_aws.drills.history import badge, chart, listing, reading
from breakglass_aws.drills.history.reading import Rehearsal
from breakglass_aws.drills.history.schedule import ScheduleError
from breakglass_aws.drills.result import ScenarioResult
from breakglass_aws.drills.scenario_file.model import Scenario

SCENARIOS = [
    Scenario("bucket-locked", "A bucket policy", "", "unlock_s3_bucket", {}, "changed", 0, tags=("plain",)),
    Scenario("role-gone", "The access role is gone", "", "lost_access_role", {}, "changed", 0),
]
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two drills, the second with a failure, 30 days apart; and a damaged result."""
    for number, scenarios in enumerate([[make.scenario], [make.scenario, make.failed, make.refused]]):
        begin = make.BEGIN + 30 * number * DAY
        place = tmp_path / f"drill-{number}"
        place.mkdir()
        result.write(make.drill(*(one(begin) for one in scenarios), begin=begin), place)
        (place / "index.html").touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "drill.json").write_text("{")
    return tmp_path


def read(folder: Path, after: timedelta) -> history.History:
    return history.read(folder, None, SCENARIOS, make.BEGIN + after)


def test_the_page_says_what_is_overdue_first_and_links_every_drill(folder: Path) -> None:
    path = history.write(read(folder, 130 * DAY))
    assert path == folder / "index.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    seen = Elements(path.read_text())
    assert seen.text.index("2 of 2 scheduled recoveries are overdue") < seen.text.index("Runbooks")
    assert "never rehearsed" in seen.text
    assert "Last passed 2026-03-02, 100 days ago, by ada, in 11 s" in seen.text
    assert "10 days ago, every 90 days" in seen.text
    assert set(seen.links) == {"drill-0/index.html", "drill-1/index.html"}
    assert all((folder / link).is_file() for link in seen.links)
    assert "broken/drill.json" in seen.text
    assert "it is not JSON" in seen.text
    assert "script" not in seen.names


def test_the_page_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "none"
    seen = Elements(history.write(read(empty, DAY)).read_text())
    assert "There was no drill." in seen.text
    assert "2 of 2 scheduled recoveries are overdue" in seen.text


def test_the_report_of_one_drill_is_no_folder_of_drills(folder: Path) -> None:
    with pytest.raises(ScheduleError, match=r"is the report of one drill\. Expected the folder that holds the reports"):
        read(folder / "drill-0", DAY)


def test_points_of_the_chart_are_where_the_drills_were_in_time(tmp_path: Path) -> None:
    took = {0: 10, 30: 20, 90: 5}
    past = [make.scenario(make.BEGIN + days * DAY, seconds=seconds) for days, seconds in took.items()]
    drawn = chart.of(rehearsals(tmp_path, *past))
    lefts = [point.left for point in drawn.points]
    assert lefts[0] == chart.MARGIN
    assert lefts[2] == 100 - chart.MARGIN
    assert (lefts[1] - lefts[0]) / (lefts[2] - lefts[0]) == pytest.approx(1 / 3)
    heights = [100 - point.top for point in drawn.points]
    assert heights[0] / heights[1] == pytest.approx(0.5)
    assert drawn.objective is None  # 300 s is far above 20 s
    near = chart.of(rehearsals(tmp_path, make.scenario(seconds=11, objective_seconds=15)))
    assert near.objective == pytest.approx(100 - 100 / chart.HEADROOM)
    assert chart.of([]).points == []


def rehearsals(folder: Path, *scenarios: ScenarioResult) -> list[Rehearsal]:
    """The scenarios as the history reads them, each of a drill of its own."""
    for number, one in enumerate(scenarios):
        place = folder / f"chart-{number}"
        place.mkdir(exist_ok=True)
        result.write(make.drill(one), place)
    return [one for one in reading.read(folder).rehearsals if one.folder.startswith("chart-")][: len(scenarios)]


@pytest.mark.parametrize(
    ("after", "scheduled", "words", "colour"),
    [
        (31 * DAY, SCENARIOS, "1 of 2 overdue", badge.RED),
        (31 * DAY, SCENARIOS[:1], "1 of 1 up to date", badge.GREEN),
        (110 * DAY, SCENARIOS[:1], "1 of 1 due soon", badge.AMBER),
        (31 * DAY, [], "nothing scheduled", badge.GREY),
    ],
)
def test_the_badge_says_what_is_overdue(
    folder: Path, after: timedelta, scheduled: list[Scenario], words: str, colour: str
) -> None:
    found = history.read(folder, None, scheduled, make.BEGIN + after)
    history.write(found)
    svg = (folder / "badge.svg").read_text()
    assert ElementTree.fromstring(svg).get("aria-label") == f"recovery drills: {words}"
    assert colour in svg
    assert found.badge == f"[![recovery drills: {words}](badge.svg)](index.html)"


def test_the_list_is_whole_on_80_columns_and_as_data(folder: Path) -> None:
    found = read(folder, 130 * DAY)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(listing.as_table(found.items, found.now))
    text = console.export_text()
    assert " lost_access_role " in text
    assert max(map(len, text.splitlines())) <= 80
    data = json.loads(json.dumps(listing.as_data(found.items, found.past.skipped, "", str(folder), found.now)))
    assert (data["schema"], data["overdue"], data["due_soon"]) == (1, 2, 0)
    assert data["scenarios_to_run"] == ["role-gone", "bucket-locked"]
    assert data["items"][1] == {
        "kind": "runbook",
        "name": "unlock_s3_bucket",
        "title": "unlock_s3_bucket",
        "state": "overdue",
        "overdue": True,
        "every_days": 90,
        "due": "2026-05-31T03:00:00Z",
        "days_until_due": -10,
        "last_passed": "2026-03-02T03:00:00Z",
        "by": "ada",
        "scenarios": ["bucket-locked"],
    }
    assert data["skipped"][0]["file"] == "broken/drill.json"
