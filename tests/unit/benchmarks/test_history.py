"""When a ratio counts as worse than the recorded one, and what the history keeps."""

from __future__ import annotations

import pytest
from benchmarks import history
from benchmarks.figures import Figure, ratio


def figure(*values: float, more_is_better: bool = False, unit: str = "times") -> Figure:
    return Figure("time", unit, values, case="latency", ratio=True, more_is_better=more_is_better)


def run_of(*figures: Figure, commit: str = "abc1234") -> dict:
    return history.entry(figures, date="2026-01-31T03:00Z", commit=commit, selection="whole")


def recorded(*values: float) -> dict[str, history.Recorded]:
    return history.latest([run_of(figure(*values))], "whole")


@pytest.mark.parametrize("now", [0.5, 1.0, 1.19])
def test_a_ratio_within_the_noise_is_not_worse(now):
    assert history.worse([figure(now)], recorded(1.0)) == []


def test_a_ratio_over_the_noise_is_worse():
    (found,) = history.worse([figure(1.21)], recorded(1.0))
    assert (found.name, found.recorded, found.now, found.commit) == ("latency: time", 1.0, 1.21, "abc1234")
    assert "recorded 1 (commit abc1234)" in str(found)


def test_more_may_be_better():
    assert history.worse([figure(0.84, more_is_better=True)], recorded(1.0)) == []
    assert history.worse([figure(0.82, more_is_better=True)], recorded(1.0))
    assert history.worse([figure(5.0, more_is_better=True)], recorded(1.0)) == []


def test_the_spread_of_both_runs_is_noise():
    wide = recorded(0.7, 1.0, 1.3)  # 30 %
    assert history.worse([figure(1.39)], wide) == []
    assert history.worse([figure(1.41)], wide)
    assert history.worse([figure(1.2, 1.5, 1.8)], wide) == []  # 20 % more


def test_a_number_of_calls_has_no_noise():
    before = history.latest([run_of(figure(6.25, unit="calls"))], "whole")
    assert history.worse([figure(6.25, unit="calls")], before) == []
    assert history.worse([figure(6.26, unit="calls")], before)


def test_what_is_no_ratio_or_is_new_is_not_compared():
    seconds = Figure("time", "s", [100.0])
    assert history.worse([seconds], recorded(1.0)) == []
    assert history.worse([figure(100.0)], {}) == []


def test_the_latest_of_the_same_selection_counts():
    runs = [
        history.entry([figure(value)], date="", commit=commit, selection=selection)
        for value, commit, selection in ((1.0, "a", "whole"), (2.0, "b", "whole"), (9.0, "c", "quick"))
    ]
    assert history.latest(runs, "whole")["latency: time"].figure.values == [2.0]
    assert history.latest(runs, "quick")["latency: time"].commit == "c"


def test_a_run_is_read_as_it_was_appended(tmp_path):
    file = tmp_path / "history.jsonl"
    assert history.read(file) == []
    runs = [run_of(figure(value)) for value in (1.0, 2.0)]
    for run in runs:
        history.append(run, file)
    assert history.read(file) == runs


def test_a_broken_line_is_named(tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_text('{"date": ""}\n{"da\n')
    with pytest.raises(ValueError, match=r"history\.jsonl, line 2"):
        history.read(file)


def test_the_file_of_this_repository_can_be_read():
    assert all(history.latest([run], run["selection"]) for run in history.read())


def test_ratios_are_made_of_the_same_repetitions():
    made = ratio("time", [2.0, 9.0], [1.0, 3.0], at_most=2.5)
    assert (made.values, made.median, made.met) == ([2.0, 3.0], 2.5, True)
    with pytest.raises(ValueError, match="zip"):
        ratio("time", [1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("limits", "met"), [({"at_most": 2}, True), ({"at_most": 1.9}, False), ({"at_least": 2}, True), ({}, None)]
)
def test_a_target_is_of_the_median(limits, met):
    assert Figure("time", "s", [1.0, 2.0, 50.0], **limits).met is met


def test_a_case_has_the_figures_of_the_last_run_that_measured_it():
    gone, kept = figure(1.0), Figure("rate", "accounts/s", [5.0], case="latency")
    other = Figure("time", "s", [7.0], case="tls")
    runs = [run_of(gone, other, commit="a"), run_of(kept, commit="b")]
    found = history.latest_of_cases(runs, "whole")
    assert [(one.figure.name, one.commit) for one in found["latency"]] == [("rate", "b")]
    assert [(one.figure.name, one.commit) for one in found["tls"]] == [("time", "a")]
    assert history.latest_of_cases(runs, "quick") == {}


def test_a_figure_comes_back_as_it_was():
    (found,) = history.latest(
        [run_of(Figure("a", "s", [1.0], 2.0, None, True, False, "why", case="c"))], "whole"
    ).values()
    assert found.figure == Figure("a", "s", [1.0], 2.0, None, True, False, "why", case="c")
    assert found.figure.met


def test_a_run_under_load_has_more_noise():
    quiet = recorded(1.0)
    assert history.worse([figure(1.5)], quiet)
    assert history.worse([figure(1.59)], quiet, loaded=True) == []
    assert history.worse([figure(1.61)], quiet, loaded=True)
    run = history.entry([figure(1.0)], date="", commit="", selection="whole", load=3.0)
    under_load = history.latest([run], "whole")
    assert under_load["latency: time"].loaded
    assert history.worse([figure(1.59)], under_load) == []
