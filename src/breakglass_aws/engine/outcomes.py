# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run can end, and the exit status of each: 0 for a run that finished, whether or not it changed anything."""

from __future__ import annotations

from breakglass_aws.engine.errors import Blocked, Interrupted, Partial, RunbookError, Waiting

CHANGED, UNCHANGED, PLANNED, FAILED = "changed", "unchanged", "planned", "failed"
WAITING, PARTIAL, BLOCKED, INTERRUPTED = "waiting", "partial", "blocked", "interrupted"

EXIT_STATUS = {
    CHANGED: 0,
    UNCHANGED: 0,
    PLANNED: 0,
    FAILED: 1,
    WAITING: 3,
    PARTIAL: 4,
    BLOCKED: 5,
    INTERRUPTED: 130,
}
NOT_STARTED = 2  # invalid usage: nothing was done
UNEXPECTED = 70  # a defect of this package; the evidence says what was done

# Of these errors only the message is shown; of any other, the class too.
OWN_ERRORS = {kind.__name__ for kind in (RunbookError, Blocked, Interrupted, Partial, Waiting)}
PLAIN_ERRORS = OWN_ERRORS | {"DeadKernelError", "CellTimeoutError"}

MEANINGS = {
    CHANGED: "Runbook finished: changes were made.",
    UNCHANGED: "Runbook finished: there was nothing to change.",
    PLANNED: "Runbook finished: plan only, because check_mode is true. There are changes to make.",
    FAILED: "Runbook FAILED. Nothing was changed.",
    WAITING: "Runbook is WAITING for a person.",
    PARTIAL: "Runbook did only PART of its work: something was changed, or may have been.",
    BLOCKED: "Runbook is BLOCKED: fix the cause first. Nothing was changed.",
    INTERRUPTED: "Runbook was INTERRUPTED.",
}
FINISHED = (CHANGED, UNCHANGED, PLANNED)
STOPPED = (FAILED, WAITING, PARTIAL, BLOCKED, INTERRUPTED)


def of(error: str, cell: str, changed: bool, check_mode: bool = False) -> str:
    """Return the outcome of a run.

    `error` is the name of the exception that ended it, empty for none; `cell` is the ID of the cell that raised it.
    `changed` is whether anything was changed or may have been, or in check mode would be. An error in a preflight or a
    plan, which change nothing, blocks the run.
    """
    if error in (KeyboardInterrupt.__name__, Interrupted.__name__):
        return INTERRUPTED
    if error == Waiting.__name__:
        return WAITING
    if changed and check_mode and not error:
        return PLANNED
    if changed and not check_mode:
        return PARTIAL if error else CHANGED
    if error == Partial.__name__:
        return PARTIAL
    if error == Blocked.__name__ or (error == RunbookError.__name__ and cell.startswith(("preflight", "plan"))):
        return BLOCKED
    return FAILED if error else UNCHANGED
