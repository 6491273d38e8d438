"""The picture of a timeline: everything is in it, in its place, and nothing covers anything else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import drill_results as make

from breakglass_aws.drills.report import timeline
from breakglass_aws.drills.result import LANES, ScenarioResult, TimelineEntry

ENTRIES = st.lists(
    st.builds(
        lambda begin, length, lane, actor, kind: TimelineEntry(
            make.at(begin), make.at(begin + length), lane, actor, kind, "text"
        ),
        st.floats(0, 5000),
        st.just(0) | st.floats(0, 500),
        st.sampled_from(LANES),
        st.sampled_from(["ada", "operator"]),
        st.sampled_from(["step", "gate", "wait", "kill"]),
    ),
    min_size=1,
    max_size=30,
)


def scenario(entries: list[TimelineEntry], **more: str) -> ScenarioResult:
    return ScenarioResult("x", "X", "", "unlock_s3_bucket", timeline=entries, **more)


@given(ENTRIES)
def test_every_event_has_a_place_of_its_own(entries: list[TimelineEntry]) -> None:
    drawn = timeline.of(scenario(entries))
    assert drawn is not None
    assert [mark.number for mark in drawn.marks] == list(range(1, len(entries) + 1))
    assert sum(len(lane.marks) for lane in drawn.lanes) == len(entries)
    for lane in drawn.lanes:
        for mark in lane.marks:
            assert mark.left is not None
            assert 0 <= mark.left <= mark.left + min(mark.width, 100 - mark.left) <= 100
            assert mark.row < lane.rows
        for one, other in itertools.combinations(lane.marks, 2):
            if one.row == other.row:
                assert one.right <= (other.left or 0) + 0.7 or other.right <= (one.left or 0) + 0.7
    assert [lane.top for lane in drawn.lanes] == sorted({lane.top for lane in drawn.lanes})
    assert len(drawn.ticks) <= timeline.MOST_TICKS + 1


def test_places_are_shares_of_the_time() -> None:
    entries = [
        TimelineEntry(make.at(5), make.at(10), "runbook", "operator", "step", "Act"),
        TimelineEntry(make.at(2), make.at(2), "runbook", "operator", "gate", "confirmed"),
    ]
    drawn = timeline.of(scenario(entries, started=make.at(0), ended=make.at(20)))
    assert drawn is not None
    gate, act = drawn.marks
    assert (gate.left, gate.is_moment, gate.offset) == (10, True, 2)
    assert (act.left, act.width, act.seconds) == (25, 25, 5)
    assert [label for _, label in drawn.ticks] == ["0:00", "0:05", "0:10", "0:15", "0:20"]


def test_lanes_are_in_the_order_of_the_story_and_name_people_with_their_part() -> None:
    drawn = timeline.of(make.scenario())
    assert drawn is not None
    assert [lane.title for lane in drawn.lanes] == ["Runbook", "ada, approver", "operator", "Faults", "Judge"]


def test_an_event_without_a_valid_time_is_in_the_list_only() -> None:
    entries = [*make.timeline(), TimelineEntry("soon", "", "runbook", "operator", "step", "Later")]
    drawn = timeline.of(scenario(entries))
    assert drawn is not None
    assert drawn.marks[-1].entry.text == "Later"
    assert drawn.marks[-1].left is None
    assert timeline.of(scenario([])) is None


@pytest.mark.parametrize(("seconds", "label"), [(0, "0:00"), (0.5, "0:00.5"), (75, "1:15"), (7200, "2:00:00")])
def test_labels_of_the_axis(seconds: float, label: str) -> None:
    assert timeline._offset(seconds) == label
