"""Scenario files: those of the product are right, and a wrong one is refused with its line and what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakglass_aws.drills.result import PARTS
from breakglass_aws.drills.scenario_file import catalog, organization, reading
from breakglass_aws.drills.scenario_file.check import check
from breakglass_aws.drills.scenario_file.values import ScenarioError
from breakglass_aws.engine.notebooks.catalog import runbooks

RIGHT = """\
title: A queue is locked
story: No one can read it.
runbook: unlock_sqs_queue
parameters: {account_id: "012345678901", queue: "arn:aws:sqs:eu-central-1:012345678901:ingest-events"}
objective: 5 minutes
faults:
  - {kind: throttling, share: 0.2, seed: 3, when: at gate confirmed}
people:
  - name: operator
    part: operator
    at:
      confirmed: {answer: "012345678901"}
expect: {outcome: changed}
afterwards:
  - as: data-lake-administrator
    call: sqs:ReceiveMessage
    region: eu-central-1
    parameters: {QueueUrl: "arn:aws:sqs:eu-central-1:012345678901:ingest-events"}
changes:
  queue_policies.arn:aws:sqs:eu-central-1:012345678901:ingest-events: any
"""


def written(folder: Path, text: str, name: str = "mine.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", catalog.names())
def test_the_scenarios_of_the_product_are_right(name: str) -> None:
    check(catalog.find(name))


def test_every_runbook_has_a_plain_scenario_and_there_are_hard_ones() -> None:
    scenarios = catalog.scenarios()
    plain = {scenario.runbook for scenario in scenarios if "plain" in scenario.tags}
    assert plain == {runbook.name for runbook in runbooks()}
    assert len(scenarios) >= 24
    assert sum("two faults" in scenario.tags for scenario in scenarios) >= 4
    assert sum("refusal" in scenario.tags for scenario in scenarios) >= 4
    assert {person.part for scenario in scenarios for person in scenario.people} == set(PARTS)
    assert set(catalog.DEFAULT) <= set(catalog.names())


def test_a_scenario_is_read_as_it_is_written(tmp_path: Path) -> None:
    scenario = reading.read(written(tmp_path, RIGHT))
    check(scenario)
    assert (scenario.name, scenario.objective_seconds, scenario.exit_status) == ("mine", 300, 0)
    assert scenario.parameters["account_id"] == "012345678901"  # with its leading zero
    assert [(fault.rule, fault.when) for fault in scenario.faults] == [
        ({"kind": "throttling", "share": 0.2, "seed": 3}, "confirmed")
    ]
    # A fault begins at that gate, so the operator answers there, and not in advance.
    assert scenario.answer_in_advance("confirmed") is None
    [question] = scenario.questions
    assert (question.before, question.after) == ("denied", "allowed")


WRONG = [
    ("title: A queue is locked\n", "", "line 1: the file: the key 'title' is missing"),
    ("objective", "objectve", "line 5: objectve: unknown key. Did you mean objective?"),
    ("5 minutes", "5 moments", "line 5: objective:"),
    ("outcome: changed", "outcome: chnged", "line 13: expect.outcome: there is no outcome 'chnged'. Did"),
    (
        "part: operator",
        "part: operater",
        "line 10: people[0].part: there is no part 'operater'. Did you mean operator?",
    ),
    ("at gate confirmed", "later", "line 7: faults[0].when: 'later' is not accepted. Expected start or at gate NAME."),
    ("{answer: ", "{anser: ", "line 12: people[0].at.confirmed.anser: unknown key. Did you mean answer?"),
    ('{answer: "012345678901"}', "aprove", "there is no action 'aprove'. Did you mean approve?"),
    ("sqs:ReceiveMessage", "ReceiveMessage", "line 16: afterwards[0].call:"),
    ("ingest-events: any", "ingest-events: gone", "there is no kind of change 'gone'"),
    (
        "afterwards:\n",
        "afterwards:\n  - {state: organisation.features, after: []}\n",
        "there is no path 'organisation'. Did you mean organization?",
    ),
    ("queue_policies.", "queue_policy.", "there is no path 'queue_policy'. Did you mean queue_policies?"),
    ("expect: {", "expect: [", "mine.yml, line 13"),
    # What the file names must exist.
    (
        "unlock_sqs_queue",
        "unlock_sqs_que",
        "line 3: runbook: there is no runbook 'unlock_sqs_que'. Did you mean unlock_sqs_queue?",
    ),
    (
        "{account_id:",
        "{acount_id:",
        "parameters.acount_id: there is no parameter 'acount_id'. Did you mean account_id?",
    ),
    ("confirmed: {", "confirm: {", "line 12: people[0].at.confirm: there is no gate of unlock_sqs_queue 'confirm'."),
    ("throttling", "throtling", "line 7: faults[0]: kind: 'throtling' is not accepted"),
    ("data-lake-administrator", "data-lake-admin", "there is no identity 'data-lake-admin'."),
    ("sqs:ReceiveMessage", "sqs:RecieveMessage", "sqs has no operation 'RecieveMessage'. Did you mean ReceiveMessage?"),
    ("sqs:ReceiveMessage", "sqqs:ReceiveMessage", "there is no service 'sqqs'. Did you mean sqs?"),
    ("objective: 5 minutes", "organization: other.yml", "line 5: organization: there is no file"),
    (
        "objective: 5 minutes",
        "organization: {features: [RootSesions]}",
        "line 5: organization: is not a valid organization.",
    ),
    (
        "objective: 5 minutes",
        "damage: [{person: {step: lose_mfaa, who: legacy-web}}]",
        "line 5: there is no step 'lose_mfaa'.",
    ),
    (
        "objective: 5 minutes",
        "damage: [{person: {step: lose_mfa, who: legacy-wb}}]",
        "line 5: there is no account 'legacy-wb'.",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    path = written(tmp_path, RIGHT.replace(right, wrong, 1))
    with pytest.raises(ScenarioError) as refusal:
        check(reading.read(path))
    assert words in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    with pytest.raises(ScenarioError, match=r"There is no scenario 'bucket-lokced'\. Did you mean bucket-locked"):
        catalog.find("bucket-lokced")
    with pytest.raises(ScenarioError, match="There are: access-role"):
        catalog.find("xyz")


def test_the_name_of_a_file_is_a_name(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="lower-case"):
        reading.read(written(tmp_path, RIGHT, "My scenario.yml"))


def test_an_empty_file_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="accepted: a scenario"):
        reading.read(written(tmp_path, ""))


def test_changes_of_an_organization_are_merged_by_identifier() -> None:
    base = {
        "features": ["A"],
        "delegates": {"iam": "1"},
        "accounts": [{"id": "1", "name": "a", "buckets": [{"name": "x", "region": "r"}]}, {"id": "2", "name": "b"}],
    }
    change = {
        "features": [],
        "delegates": None,
        "accounts": [{"id": "1", "buckets": [{"name": "x", "region": "s"}, {"name": "y"}]}, {"id": "3"}],
    }
    assert organization.merged(base, change) == {
        "features": [],
        "accounts": [
            {"id": "1", "name": "a", "buckets": [{"name": "x", "region": "s"}, {"name": "y"}]},
            {"id": "2", "name": "b"},
            {"id": "3"},
        ],
    }


GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "drills.md").read_text(encoding="utf-8")


def test_the_guide_has_a_scenario_that_is_right(tmp_path: Path) -> None:
    """It is what a new user copies."""
    [example] = [part.partition("```")[0] for part in GUIDE.split("```yaml\n")[1:] if part.startswith("title:")]
    check(reading.read(written(tmp_path, example)))


def test_the_guide_lists_the_scenarios() -> None:
    for scenario in catalog.scenarios():
        row = f"| `{scenario.name}` | `{scenario.runbook}` | {scenario.title}"
        assert row in GUIDE, row
