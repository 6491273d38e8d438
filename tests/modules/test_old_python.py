"""An interpreter that is too old ends a task with one message that says so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CONSTANTS = Path(__file__).parents[2] / "plugins" / "module_utils" / "_constants.py"


def test_an_old_python_is_named_with_the_version_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(sys, "version", "3.10.13 (main)")
    with pytest.raises(
        RuntimeError, match=r"needs Python 3\.11 or newer, and .* is 3\.10\.13\. Set ansible_python_inter"
    ):
        exec(compile(CONSTANTS.read_text(), str(CONSTANTS), "exec"), {"__name__": "constants"})
