"""The table that a drill ends with."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from breakglass_aws.drills import former_report as report


def test_names_of_runbooks_are_whole_on_80_columns() -> None:
    runs: list[Any] = [
        SimpleNamespace(
            scenario=SimpleNamespace(runbook="remove_root_credentials"),
            status=status,
            seconds=107.0,
            observations=[],
            differences=[],
            passed=True,
        )
        for status in (0, 130)
    ]
    drill: Any = SimpleNamespace(runs=runs)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(report.summary_table(drill))
    text = console.export_text()
    assert text.count(" remove_root_credentials ") == 2
    assert "(status 130)" in text
    assert "nothing" in text
    assert "recovered" in text
    assert max(map(len, text.splitlines())) <= 80
