"""The table of figures, and its place in docs/reference/performance.md."""

from __future__ import annotations

import io

import pytest
from benchmarks import history, page, table
from benchmarks.__main__ import selected
from benchmarks.cases import CASES
from benchmarks.figures import Figure
from rich.console import Console

FIGURES = [
    Figure("time / floor's", "times", [0.5, 0.6, 0.7], at_most=0.65, case="latency"),
    Figure("accounts/s / before's", "times", [5.0], at_least=6, note="from 20 accounts", case="peers"),
    Figure("floor", "accounts/s", [12345.6], case="latency"),
]


def run_of(commit: str, figures: list[Figure]) -> dict:
    return history.entry(figures, date="2026-01-31T03:00Z", commit=commit, selection="whole", load=0.5, repeats=3)


def test_a_run_takes_the_place_of_the_earlier_one(tmp_path, monkeypatch):
    file = tmp_path / "performance.md"
    file.write_text(f"# Performance\n\n{page.BEGIN}\nold\n{page.END}\n\nAfter.\n")
    monkeypatch.setattr(page, "PAGE", file)
    runs = [run_of("abc1234", FIGURES), run_of("def5678", FIGURES[:1])]
    page.write(runs[:1], ["latency", "peers"])
    page.write(runs, ["latency", "peers"])
    text = file.read_text()
    assert text.startswith(f"# Performance\n\n{page.BEGIN}\n")
    assert text.endswith(f"{page.END}\n\nAfter.\n")
    assert "old" not in text
    assert "| latency | 2026-01-31T03:00Z | def5678 | 3 | 0.5 |" in text
    assert "| peers | 2026-01-31T03:00Z | abc1234 | 3 | 0.5 |" in text
    assert "1 of 2 targets met" in text
    assert "| latency | time / floor's | times | 0.6 | 0.5 | 0.7 | at most 0.65 | yes |" in text
    assert "| peers | accounts/s / before's (from 20 accounts) | times | 5 | 5 | 5 | at least 6 | NO |" in text
    assert "12,3" not in text  # the later run of the case did not have it


def test_figures_without_a_target_are_shown_apart():
    of_run = history.latest([run_of("abc1234", FIGURES)], "whole")
    text = page.section(list(of_run.values()))
    assert "| latency | floor | accounts/s | 12,350 | 12,350 | 12,350 |  |  |" in text.split("and others")[1]


def test_a_page_without_a_place_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "performance.md"
    file.write_text("# Performance\n")
    monkeypatch.setattr(page, "PAGE", file)
    with pytest.raises(ValueError, match="no place for the figures"):
        page.write([], [])


def test_the_page_of_this_repository_has_a_place():
    text = page.PAGE.read_text(encoding="utf-8")
    assert text.index(page.BEGIN) < text.index(page.END)


def test_every_case_is_explained_on_the_page():
    text = page.PAGE.read_text(encoding="utf-8")
    assert not [case.name for case in CASES if f"`{case.name}`" not in text]


def test_the_table_says_what_is_required_and_whether_it_is_met():
    output = io.StringIO()
    table.show(FIGURES, "Figures", Console(file=output, width=150))
    lines = output.getvalue().splitlines()
    assert any("at most 0.65" in line and "yes" in line for line in lines)
    assert any("at least 6" in line and "NO" in line for line in lines)


def test_cases_are_selected_by_name_or_by_quickness():
    assert [case.name for case in selected(["tls", "latency"], quick=False)] == ["latency", "tls"]
    assert {case.name for case in selected([], quick=True)} < {case.name for case in selected([], quick=False)}
