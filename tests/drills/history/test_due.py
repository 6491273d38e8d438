"""The schedule, and what is due by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import drill_results as make

from breakglass_aws.drills import history
from breakglass_aws.drills.history import due, schedule
from breakglass_aws.drills.history.due import Item
from breakglass_aws.drills.history.reading import Rehearsal
from breakglass_aws.drills.history.schedule import Schedule, ScheduleError
from breakglass_aws.drills.scenario_file.model import Scenario


def scenario(name: str, runbook: str, *tags: str, outcome: str = "changed") -> Scenario:
    return Scenario(name, f"Title of {name}", "", runbook, {}, outcome, 0, tags=tags)


SCENARIOS = [
    scenario("bucket-guard", "unlock_s3_bucket", "s3"),
    scenario("bucket-locked", "unlock_s3_bucket", "plain"),
    scenario("scp-in-the-way", "unlock_s3_bucket", outcome="blocked"),
    scenario("role-gone", "lost_access_role"),
]
DAY = timedelta(days=1)


def rehearsal(name: str, runbook: str, when: datetime, verdict: str = "passed", outcome: str = "changed") -> Rehearsal:
    return Rehearsal(
        name, "", runbook, when.isoformat(), "ada", "simulated", "headless", outcome, verdict, 11, 300, "x"
    )


def items(given: Schedule, *past: Rehearsal, after: timedelta) -> list[Item]:
    return due.items(given, SCENARIOS, past, make.BEGIN + after)


BUCKETS = Schedule({"unlock_s3_bucket": 90 * DAY})


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (75 * DAY, "current"),
        (76 * DAY, "due soon"),  # 14 days before
        (90 * DAY - timedelta(seconds=1), "due soon"),
        (90 * DAY, "overdue"),
        (400 * DAY, "overdue"),
    ],
)
def test_states_follow_the_time_since_the_last_one(after: timedelta, state: str) -> None:
    [item] = items(BUCKETS, rehearsal("bucket-locked", "unlock_s3_bucket", make.BEGIN), after=after)
    assert item.state == state
    assert item.is_late == (state == "overdue")
    assert item.due == make.BEGIN + 90 * DAY


@pytest.mark.parametrize(
    "past",
    [
        [],
        [rehearsal("bucket-locked", "unlock_s3_bucket", make.BEGIN, "failed")],
        [rehearsal("bucket-locked", "unlock_s3_bucket", make.BEGIN, "interrupted")],
        [rehearsal("scp-in-the-way", "unlock_s3_bucket", make.BEGIN, outcome="blocked")],  # rehearses the refusal only
        [rehearsal("role-gone", "lost_access_role", make.BEGIN)],
    ],
    ids=["no drill", "failed", "interrupted", "a refusal", "another runbook"],
)
def test_what_does_not_show_the_recovery_does_not_count(past: list[Rehearsal]) -> None:
    [item] = items(BUCKETS, *past, after=DAY)
    assert (item.state, item.last, item.is_late) == ("never rehearsed", None, True)


def test_a_failed_drill_does_not_undo_the_one_that_passed() -> None:
    past = [
        rehearsal("bucket-guard", "unlock_s3_bucket", make.BEGIN),
        rehearsal("bucket-locked", "unlock_s3_bucket", make.BEGIN + DAY, "failed"),
    ]
    [item] = items(BUCKETS, *past, after=2 * DAY)
    assert (item.state, item.last) == ("current", past[0])


def test_a_refusal_counts_for_its_scenario() -> None:
    given = Schedule(scenarios={"scp-in-the-way": 30 * DAY})
    past = rehearsal("scp-in-the-way", "unlock_s3_bucket", make.BEGIN, outcome="blocked")
    assert items(given, past, after=DAY)[0].state == "current"


def test_what_to_run_is_the_plain_scenario_and_each_once_and_the_worst_first() -> None:
    given = Schedule(
        {"unlock_s3_bucket": 90 * DAY, "lost_access_role": 90 * DAY}, {"bucket-locked": DAY, "bucket-guard": 900 * DAY}
    )
    past = [rehearsal(name, "unlock_s3_bucket", make.BEGIN) for name in ("bucket-locked", "bucket-guard")]
    found = items(given, *past, after=100 * DAY)
    assert [(item.name, item.state) for item in found] == [
        ("lost_access_role", "never rehearsed"),
        ("bucket-locked", "overdue"),
        ("unlock_s3_bucket", "overdue"),
        ("bucket-guard", "current"),
    ]
    assert due.to_run(found) == ["role-gone", "bucket-locked"]


def written(folder: Path, text: str) -> Path:
    (folder / "schedule.yml").write_text(text)
    return folder / "schedule.yml"


def test_a_schedule_is_read(tmp_path: Path) -> None:
    text = (
        "every: 90 days\nremind: 3 weeks\nrunbooks:\n  lost_access_role: never\n"
        "scenarios:\n  scp-in-the-way: {every: 26 weeks}\n  bucket-guard: 1 year\n"
    )
    file = written(tmp_path, text)
    assert schedule.read(file, SCENARIOS) == Schedule(
        {"unlock_s3_bucket": 90 * DAY},
        {"scp-in-the-way": 182 * DAY, "bucket-guard": 365 * DAY},
        21 * DAY,
        str(file),
    )


def test_without_a_file_each_runbook_with_a_scenario_is_due_every_90_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = history.read(tmp_path, None, SCENARIOS, make.BEGIN)
    assert {item.name: item.every.days for item in found.items} == {"unlock_s3_bucket": 90, "lost_access_role": 90}
    (tmp_path / schedule.FILE).write_text("runbooks: {lost_access_role: 30 days}\n")  # that of the working directory
    assert [item.name for item in history.read(tmp_path, None, SCENARIOS, make.BEGIN).items] == ["lost_access_role"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the file: it is empty; accepted: a schedule of drills"),
        ("every: 90 days\nrunboks: {}\n", "line 2: runboks: unknown key. Did you mean runbooks?"),
        ("remind: 14 days\n", "line 1: the file: there is nothing to rehearse"),
        ("every: quarterly\n", "line 1: every: 'quarterly' is not accepted. Expected a time span such as '90 days'"),
        ("every: 0 days\n", "line 1: every: '0 days' is not accepted"),
        ("every: 90\n", "line 1: every: 90 is not accepted"),
        ("runbooks:\n  unlock_s3_bukket: 90 days\n", "line 2: runbooks.unlock_s3_bukket: there is no runbook with a"),
        ("runbooks:\n  unlock_s3_bukket: 90 days\n", "Did you mean unlock_s3_bucket?"),
        ("scenarios:\n  xyz: 90 days\n", "line 2: scenarios.xyz: there is no scenario 'xyz'. There are: bucket-guard"),
        ("scenarios:\n  bucket-guard: {evry: 9 days}\n", "unknown key. Did you mean every?"),
        ("scenarios:\n  bucket-guard: {}\n", "line 2: scenarios.bucket-guard: the key 'every' is missing"),
        ("scenarios: [bucket-guard]\n", "line 1: scenarios: expected a mapping"),
        ("every: 90 days\nevery: 30 days\n", "line 2: the file: the key 'every' is there twice"),
        ("every: [\n", "is not YAML"),
    ],
)
def test_a_wrong_schedule_names_the_line_and_what_is_accepted(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ScheduleError) as error:
        schedule.read(written(tmp_path, text), SCENARIOS)
    assert words in str(error.value)
    assert "schedule.yml, line " in str(error.value)


def test_a_schedule_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match=r"none\.yml: cannot be read: No such file or directory"):
        schedule.read(tmp_path / "none.yml", SCENARIOS)
