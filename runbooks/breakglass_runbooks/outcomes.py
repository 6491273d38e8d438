"""How a run can end, and the exit status of each: whether it changed anything is no reason to stop a shell script."""

from __future__ import annotations

from breakglass_runbooks.errors import Blocked, Interrupted, Partial, RunbookError, Waiting

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
NOT_STARTED = 2  # wrong usage: nothing was done

# Of errors with these names the text alone is meant for the reader; of any other, the kind is worth knowing too.
OWN_ERRORS = {kind.__name__ for kind in (RunbookError, Blocked, Interrupted, Partial, Waiting)}
PLAIN_ERRORS = OWN_ERRORS | {"DeadKernelError", "CellTimeoutError"}

MEANINGS = {
    CHANGED: "The runbook is through, and changed something.",
    UNCHANGED: "The runbook is through. There was nothing to change.",
    PLANNED: "The runbook is through. It only planned, because check_mode is true; there is something to change.",
    FAILED: "The runbook FAILED.",
    WAITING: "The runbook WAITS for a person.",
    PARTIAL: "The runbook did only PART of its work.",
    BLOCKED: "The runbook is BLOCKED: something must be put right first. Nothing was changed.",
}
THROUGH = (CHANGED, UNCHANGED, PLANNED)


def of(error: str, cell: str, changed: bool, check_mode: bool = False) -> str:
    """The outcome of a run: `error` is the name of what ended it, `cell` the ID of the cell it came from.

    `changed` says whether something was changed, or in check mode would be. Whatever stops a preflight or a plan, which
    change nothing, stands in the way of all else.
    """
    if error == KeyboardInterrupt.__name__:
        return INTERRUPTED
    named = {Waiting.__name__: WAITING, Blocked.__name__: BLOCKED, Partial.__name__: PARTIAL}
    if error in named:
        return named[error]
    if changed and check_mode and not error:
        return PLANNED
    if changed and not check_mode:
        return PARTIAL if error else CHANGED
    if error == RunbookError.__name__ and cell.startswith(("preflight", "plan")):
        return BLOCKED
    return FAILED if error else UNCHANGED
