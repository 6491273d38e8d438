"""A drill passes only when the damage was there, is gone, and nothing else changed."""

import copy
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.drills import former_report as report
from breakglass_aws.drills.people import Approver
from breakglass_aws.drills.run import Drill, Observation, ScenarioRun, differences, root_sessions
from breakglass_aws.drills.scenarios import LEDGER, QUEUE, SCENARIOS

JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def good_run(**changes) -> ScenarioRun:
    observation = Observation("Can they get in?", False, "refused", True, "fine")
    return replace(ScenarioRun(SCENARIOS[0], [observation], datetime.now(UTC), status=0), **changes)


def test_a_scenario_passes():
    assert good_run().passed


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 1},
        {"status": None},
        {"differences": ["root_users.444455556666.password must be true, but is false"]},
        {"observations": [Observation("Can they get in?", before=True, details_before="no damage", after=True)]},
        {"observations": [Observation("Can they get in?", before=False, details_before="refused", after=False)]},
    ],
    ids=["runbook failed", "runbook never ended", "something else changed", "no damage to begin with", "not recovered"],
)
def test_a_scenario_fails(changes):
    run = good_run(**changes)
    assert not run.passed
    assert not Drill(run.started, [good_run(), run], Path()).passed


def test_a_drill_without_scenarios_has_not_passed():
    assert not Drill(datetime.now(UTC), [], Path()).passed


@given(JSON)
def test_equal_states_do_not_differ(state):
    assert list(differences({"state": state}, {"state": copy.deepcopy(state)})) == []


@given(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3), JSON, st.data())
def test_any_change_is_a_difference(state, value, data):
    changed = copy.deepcopy(state)
    key = data.draw(st.sampled_from(sorted(state)))
    changed[key] = value
    assert bool(list(differences(state, changed))) == (changed != state)


def test_expected_states_name_only_the_damage():
    """The bucket's drops one statement, the queue's lets its account past one, the root users' empties the named."""
    root_user = {"password": True, "access_keys": ["AKIA"], "signing_certificates": [], "mfa_devices": []}
    before = {
        "root_users": {
            account: copy.deepcopy(root_user) for account in ("444455556666", "012345678901", "111122223333")
        },
        "bucket_policies": {LEDGER: {"Statement": [{"Sid": "RequireTLS"}, {"Sid": "LockedByMistake"}]}, "other": None},
        "queue_policies": {QUEUE: {"Statement": [{"Sid": "Producers"}, {"Sid": "StopEverything"}]}},
    }
    unlocked, opened, cleaned = (scenario.expected(before) for scenario in SCENARIOS)
    assert [line.split(" must be")[0] for line in differences(before, unlocked)] == [
        f"bucket_policies.{LEDGER}.Statement"
    ]
    assert opened["queue_policies"][QUEUE]["Statement"] == [
        {"Sid": "Producers"},
        {"Sid": "StopEverything", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "012345678901"}}},
    ]
    assert {**opened, "queue_policies": None} == {**before, "queue_policies": None}
    assert {line.split(".")[1] for line in differences(before, cleaned)} == {"444455556666", "012345678901"}


def test_report_shows_failure_and_history(tmp_path):
    """The page names what differed, escapes what it shows, and lists the drill before it."""
    first = Drill(datetime.now(UTC), [good_run()], tmp_path / "first")
    second = Drill(datetime.now(UTC), [good_run(differences=["<b>secret</b>"])], tmp_path / "second")
    for drill in (first, second):
        drill.folder.mkdir()
        page = report.write(drill).read_text(encoding="utf-8")
    assert "FAILED" in page
    assert "&lt;b&gt;secret&lt;/b&gt;" in page
    assert "../first/index.html" in page


def test_report_shows_what_people_answered(tmp_path):
    answered = {"time": "2026-01-31T03:00:00+00:00", "gate": "approval", "answer": "approved by ada"}
    page = report.write(Drill(datetime.now(UTC), [good_run(gates=[answered])], tmp_path)).read_text(encoding="utf-8")
    assert "approved by ada" in page
    assert "03:00:00" in page


def page_of(tmp_path, **changes) -> str:
    return report.write(Drill(datetime.now(UTC), [good_run(**changes)], tmp_path)).read_text(encoding="utf-8")


def test_report_shows_who_opened_each_root_session_and_which_key_went(tmp_path):
    opened = {
        "operation": "AssumeRoot",
        "time": "2026-01-31T03:00:00+00:00",
        "principal": "arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator",
        "resource": "arn:aws:iam::444455556666:root",
        "issued_access_key_id": "ASIAEXAMPLE",
    }
    deleted = {
        "time": "2026-01-31T03:00:01+00:00",
        "action": "iam:DeleteAccessKey",
        "principal": "arn:aws:iam::444455556666:root",
        "resource": "arn:aws:iam::444455556666:root",
        "access_key_id": "ASIAEXAMPLE",
        "target": "AKIAEXAMPLE",
    }
    known = root_sessions([opened], [{"access_key_id": "ASIAEXAMPLE", "task": "Remove the credentials"}])
    page = page_of(tmp_path, sessions=known, writes=[deleted])
    for text in ("BreakGlassOperator/operator", "444455556666", "ASIAEXAMPLE", "Remove the credentials", "AKIAEXAMPLE"):
        assert text in page
    assert root_sessions([opened], [])[0]["task"] == "NOT IN THE EVIDENCE"


def test_report_shows_versions_and_the_signature(tmp_path):
    page = page_of(tmp_path, manifest="0" * 64, signed=True)
    for text in ("breakglass-aws", "ansible-core", "moto", "0" * 64, "signed"):
        assert text in page
    assert json.loads((tmp_path / report.RESULT).read_text())["versions"]["Python"]


def test_the_expected_no_is_not_green_and_a_missing_damage_is_red(tmp_path):
    assert '<span class="badge damage">no</span>' in page_of(tmp_path)
    healthy = Observation("Can they get in?", True, "fine", True, "fine")
    assert '<span class="badge bad">yes: there was no damage</span>' in page_of(tmp_path, observations=[healthy])


def test_every_cell_names_its_column_on_a_telephone(tmp_path):
    """Rows are blocks there: a cell without the name of its column would be without meaning, but for the first."""
    page = page_of(tmp_path, gates=[{"time": "2026-01-31T03:00:00", "gate": "approval", "answer": "x"}])
    for row in re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL):
        cells = re.findall(r"<td[^>]*>", row)
        assert all("data-name" in cell for cell in cells[1:]), row


def test_an_approver_has_a_key_and_stands_in_the_list(tmp_path):
    approver = Approver("ada", tmp_path, tmp_path / "signers")
    assert approver.signers.read_text().startswith('ada namespaces="breakglass.aws" ssh-ed25519 ')
    assert approver.approve(tmp_path) == 2  # there is nothing to approve


def test_drill_that_cannot_start_says_why(tmp_path):
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "breakglass_aws.drills",
            "--organization",
            str(tmp_path / "none.yml"),
            "--reports",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "none.yml" in result.stderr
    assert "Traceback" not in result.stderr
