"""Every way a run can end has one outcome, and every outcome an exit status."""

from __future__ import annotations

import pytest
from breakglass_runbooks import outcomes


@pytest.mark.parametrize(
    ("error", "cell", "acted", "outcome", "status"),
    [
        ("", "", False, "unchanged", 0),
        ("", "", True, "changed", 0),
        ("Waiting", "confirm", False, "waiting", 3),
        ("Waiting", "confirm", True, "waiting", 3),
        ("Partial", "evidence", True, "partial", 4),
        ("RunbookError", "verify", True, "partial", 4),
        ("DeadKernelError", "verify", True, "partial", 4),
        ("Blocked", "start", False, "blocked", 5),
        ("RunbookError", "preflight", False, "blocked", 5),
        ("RunbookError", "preflight-mail", False, "blocked", 5),
        ("RunbookError", "preflight", True, "partial", 4),
        ("CellTimeoutError", "preflight", False, "failed", 1),
        ("RunbookError", "plan", False, "blocked", 5),
        ("RunbookError", "plan", True, "partial", 4),
        ("RunbookError", "act", False, "failed", 1),
        ("ZeroDivisionError", "plan", False, "failed", 1),
    ],
)
def test_outcome(error: str, cell: str, acted: bool, outcome: str, status: int) -> None:
    assert outcomes.of(error, cell, acted) == outcome
    assert outcomes.EXIT_STATUS[outcome] == status


def test_a_plan_is_not_a_change() -> None:
    assert outcomes.of("", "", changed=True, check_mode=True) == "planned"
    assert outcomes.of("", "", changed=False, check_mode=True) == "unchanged"
    assert outcomes.of("RunbookError", "act", changed=True, check_mode=True) == "failed"
    assert outcomes.EXIT_STATUS["planned"] == 0


def test_every_outcome_that_is_shown_has_words() -> None:
    assert outcomes.MEANINGS.keys() == outcomes.EXIT_STATUS.keys()
