"""Which step may be run when one has failed: the person must get on, and never past it."""

from __future__ import annotations

import pytest

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.kernel.cell_order import CellOrder


def run(order: CellOrder, *steps: str, fails: bool = False) -> None:
    for step in steps:
        try:
            with order.running(step):
                if fails:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass


def refused(order: CellOrder, step: str) -> None:
    with pytest.raises(RunbookError, match="an earlier step failed"):
        run(order, step)


def test_behind_a_failed_step_nothing_runs_until_it_is_through() -> None:
    order = CellOrder()
    run(order, "plan", "gate")
    run(order, "act", fails=True)
    refused(order, "verify")
    refused(order, "")
    run(order, "act", "verify")
    order.require()


def test_a_gate_before_the_failed_step_can_be_answered_again() -> None:
    order = CellOrder()
    run(order, "plan", "gate")
    run(order, "look", fails=True)
    run(order, "gate")
    refused(order, "verify")
    run(order, "look", "verify")


def test_what_stood_on_a_step_that_now_fails_does_not_count_any_more() -> None:
    order = CellOrder()
    run(order, "plan", "gate", "act", "verify")
    run(order, "plan", fails=True)
    for step in ("gate", "act", "verify"):
        refused(order, step)
    run(order, "plan", "gate", "act")
