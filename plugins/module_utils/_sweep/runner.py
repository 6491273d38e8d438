# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One piece of work over many accounts, some at a time: one entry an account, whatever happens.

With a journal, accounts that an earlier run finished are not worked on again.
"""

from __future__ import annotations

import contextlib
import copy
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.concurrency import ConcurrencyLimiter
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.entry_shape import BASE, Shape, shape_of
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import Journal
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.progress import Progress
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
    from ansible_collections.breakglass.aws.plugins.module_utils._context import Context

WORKERS = 8  # AssumeRoot's quota is unpublished; at about 0.75 s a call this stays near 10 calls a second
MOST_WORKERS = 20
# Options of the modules that sweep.
ARGUMENTS = {
    "workers": {"type": "int", "default": WORKERS},
    "journal": {"type": "path"},
}


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep runs: how many accounts at a time (fewer while ``connection`` is throttled), and its journal."""

    workers: int = WORKERS
    connection: Connection | None = None
    journal: Journal | None = None
    interrupted: threading.Event = field(default_factory=threading.Event)  # set by Ctrl-C and SIGTERM
    progress: Progress = field(default_factory=Progress)

    def limiter(self) -> ConcurrencyLimiter:
        limiter = ConcurrencyLimiter(self.workers)
        if self.connection:
            self.connection.on_throttled(limiter.slow_down)
            self.connection.on_throttled(self.progress.throttle)
        return limiter


@contextlib.contextmanager
def sweep_options(
    context: Context,
    params: t.Mapping[str, t.Any],
    terms: dict[str, t.Any],
    finished: t.Collection[str],
    is_complete: t.Callable[[dict[str, t.Any]], bool] = lambda entry: True,
) -> t.Iterator[SweepOptions]:
    """The SweepOptions that the task's parameters (those in ARGUMENTS) ask for; the journal is open in the block.

    ``terms`` must be the same for an entry of the journal to count, and ``finished`` are the outcomes after which an
    account is done, unless ``is_complete`` finds that its entry lacks something. Check mode neither reads nor writes a
    journal. Warns of a journal that could not be written to the end. Raises InvalidInput, and FileError for a journal
    that cannot be used.
    """
    workers, path = params["workers"], params["journal"]
    if not 1 <= workers <= MOST_WORKERS:
        raise InvalidInput("workers", workers, f"a number from 1 to {MOST_WORKERS}")
    if not path or context.check_mode:
        yield SweepOptions(workers, context.connection)
        return
    with Journal(path, terms, finished, is_complete) as journal:
        yield SweepOptions(workers, context.connection, journal)
    if journal.trouble:
        context.warn(f"The journal {path} could not be written ({journal.trouble}): it lacks accounts that are done.")


def sweep(
    targets: t.Sequence[Target],
    work: t.Callable[[str, dict[str, t.Any]], None],
    blank: dict[str, t.Any],
    workers: int = WORKERS,
    explain_error: t.Callable[[BreakglassError], BreakglassError] = lambda error: error,
    options: SweepOptions | None = None,
    shape: dict[str, Shape] | None = None,
) -> list[dict[str, t.Any]]:
    """Do ``work`` for each target, at most ``workers`` at a time; the entries in the order of ``targets``.

    ``work`` gets the account's ID and its entry, which has the fields of ``blank``, and puts in the outcome and what
    it finds. If it raises, the error becomes the entry's outcome, what was already put in stays, and the other
    accounts continue; ``explain_error`` may first find out more about it. Skipped targets are never worked on.

    ``options`` takes the place of ``workers``. With it each entry has ``journal_time``: null when the work was done in
    this run. ``shape`` is that of the fields of ``blank``, as ``work`` leaves them: what a journal has of other shapes
    raises a FileError before anything is done.

    An interruption (Ctrl-C, SIGTERM) lets the accounts in work end; the others have failed, with that reason.
    """
    limiter = options.limiter() if options else ConcurrencyLimiter(workers)
    journal = options.journal if options else None
    if journal:
        journal.require({**BASE, **(shape or shape_of(blank))})
    interrupted = options.interrupted if options else threading.Event()
    progress = options.progress if options else Progress("")
    progress.expect(len(targets))

    def process(target: Target) -> dict[str, t.Any]:
        entry = {
            "account_id": target.account.id,
            "name": target.account.name,
            "outcome": v.SKIPPED,
            "reason": target.skipped_because,
            "fix": "",
            **({"journal_time": None} if options else {}),
            **copy.deepcopy(blank),
        }
        if target.skipped_because:
            progress.count(v.SKIPPED)
            return entry
        if journal and (known := journal.recall(target.account.id)):
            progress.count(known["outcome"])
            return known
        with limiter:
            if interrupted.is_set():
                return {**entry, "outcome": v.FAILED, "reason": _INTERRUPTED, "fix": "Run it again."}
            progress.begin()
            try:
                work(target.account.id, entry)
            except Exception as error:  # whatever it is: thousands of other accounts are waiting
                explained = _explained(error, explain_error)
                entry.update(outcome=explained.outcome, reason=explained.cause, fix=explained.fix)
        progress.end(entry["outcome"])
        if journal:
            journal.note(entry)
        return entry

    if not targets:
        return []
    with ThreadPoolExecutor(max_workers=min(limiter.most, len(targets))) as pool:
        futures = [pool.submit(process, target) for target in targets]
        try:
            wait(futures)
        except KeyboardInterrupt:
            interrupted.set()
        return [future.result() for future in futures]


def _explained(error: Exception, explain_error: t.Callable[[BreakglassError], BreakglassError]) -> BreakglassError:
    explained = explain(error, "working on this account")
    try:
        return explain_error(explained)
    except Exception:  # finding out more must not lose what is known
        return explained


_INTERRUPTED = "The run was interrupted before work on this account began."


def summarize(entries: t.Sequence[dict[str, t.Any]]) -> dict[str, int]:
    """How many accounts had each outcome, worst first."""
    outcomes = [entry["outcome"] for entry in entries]
    return {outcome: outcomes.count(outcome) for outcome in v.OUTCOMES if outcome in outcomes}


def not_done(entries: t.Sequence[dict[str, t.Any]], outcomes: t.Collection[str] = v.NOT_DONE) -> list[str]:
    """A line for each account that could not be done, or has another of these ``outcomes``, with cause and fix."""
    return [
        f"{entry['name']} ({entry['account_id']}) is {entry['outcome']}: {entry['reason']} {entry['fix']}".rstrip()
        for entry in entries
        if entry["outcome"] in outcomes
    ]
