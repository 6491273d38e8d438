# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One piece of work over many accounts, some at a time: one entry an account, whatever happens.

With a journal, accounts that an earlier run finished are not worked on again.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import threading
import time
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._packed import PackedEntries, pack
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import processes
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.entry_shape import BASE, Shape, shape_of
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import Journal
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import Overlap
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.progress import Progress
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.worker_thread import WorkerThread
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
    from ansible_collections.breakglass.aws.plugins.module_utils._context import Context

WORKERS = 16
MOST_WORKERS = 64
# Options of the modules that sweep.
ARGUMENTS = {
    "workers": {"type": "int", "default": WORKERS},
    "journal": {"type": "path"},
}
# The first accounts show whether the interpreter is what limits a sweep. Only then, and for so many more, other
# processes help: to start them takes as long as some accounts.
_TRIAL = 48
_WORTH_PROCESSES = 150
_BUSY = 0.6  # the part of a processor that this process used

Entry = dict[str, t.Any]


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep runs: how many accounts at a time, and its journal.

    ``connection`` is the one whose quotas the accounts share. ``overlap`` makes an account's independent reads.
    """

    workers: int = WORKERS
    connection: Connection | None = None
    journal: Journal | None = None
    interrupted: threading.Event = field(default_factory=threading.Event)  # set by Ctrl-C and SIGTERM
    progress: Progress = field(default_factory=Progress)
    overlap: Overlap = field(default_factory=lambda: Overlap(2 * WORKERS))


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
    progress = Progress()
    context.connection.on_throttled(progress.throttle)
    options = SweepOptions(workers, context.connection, progress=progress, overlap=Overlap(2 * workers))
    if not path or context.check_mode:
        yield options
        return
    with Journal(path, terms, finished, is_complete) as journal:
        yield replace(options, journal=journal)
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
    read_only: bool = False,
) -> t.Sequence[Entry]:
    """Do ``work`` for each target, at most ``workers`` at a time; the entries in the order of ``targets``.

    ``work`` gets the account's ID and its entry, which has the fields of ``blank``, and puts in the outcome and what
    it finds. If it raises, the error becomes the entry's outcome, what was already put in stays, and the other
    accounts continue; ``explain_error`` may first find out more about it. Skipped targets are never worked on.

    ``options`` takes the place of ``workers``. With it each entry has ``journal_time``: null when the work was done in
    this run. ``shape`` is that of the fields of ``blank``, as ``work`` leaves them: what a journal has of other shapes
    raises a FileError before anything is done.

    An interruption (Ctrl-C, SIGTERM) lets the accounts in work end; the others have failed, with that reason. An error
    that ``ends_run`` does the same; the others are unreachable then, with its cause.

    ``read_only`` says that ``work`` changes nothing and returns nothing but its entry, which :mod:`marshal` takes: then
    other processes may help, and the entries are returned as PackedEntries. The accounts that a process had in work
    when it was killed are unreachable.
    """
    chosen = options or SweepOptions(workers, progress=Progress(""), overlap=Overlap(2 * workers))
    run = _Run(targets, work, blank, explain_error, chosen, read_only, has_journal_time=options is not None)
    if chosen.journal:
        chosen.journal.require({**BASE, **(shape or shape_of(blank))})
    return run.entries()


class _Run:
    """One sweep: the entries so far, and the accounts that are left."""

    def __init__(
        self,
        targets: t.Sequence[Target],
        work: t.Callable[[str, Entry], None],
        blank: Entry,
        explain_error: t.Callable[[BreakglassError], BreakglassError],
        options: SweepOptions,
        read_only: bool,
        has_journal_time: bool,
    ) -> None:
        self._targets = targets
        self._work = work
        self._blank = {**({"journal_time": None} if has_journal_time else {}), **blank}
        self._explain_error = explain_error
        self._options = options
        self._read_only = read_only
        self._entries: list[Entry | bytes | None] = [None] * len(targets)
        self._ended: BreakglassError | None = None  # what ended the run
        self._throttled = 0  # in a process that was forked: attempts since the last entry

    def entries(self) -> t.Sequence[Entry]:
        """The entries of all targets, in their order, after the work on them."""
        self._options.progress.expect(len(self._targets))
        left = [number for number in range(len(self._targets)) if not self._is_known(number)]
        if self._read_only and len(left) >= _TRIAL + _WORTH_PROCESSES and processes.available() > 1:
            trial, left = left[:_TRIAL], left[_TRIAL:]
            wall, processor = time.monotonic(), time.process_time()
            self._work_in_threads(trial)
            load = (time.process_time() - processor) / (time.monotonic() - wall)
            self._options.overlap.close()  # no thread may be left when this process forks
            if load >= _BUSY and processes.available() > 1 and not self._stops:
                left = self._work_in_processes(left, processes.available())
        self._work_in_threads(left)
        self._options.overlap.close()
        for number, entry in enumerate(self._entries):
            if entry is None:
                self._keep(number, self._unreached(number))
        if self._read_only:
            return PackedEntries(t.cast("list[bytes]", self._entries))
        return t.cast("list[Entry]", self._entries)

    def _keep(self, number: int, entry: Entry) -> None:
        self._entries[number] = pack(redaction.redact_all(entry)) if self._read_only else entry

    def _is_known(self, number: int) -> bool:
        """Whether the target is skipped, or an earlier run has finished it; then its entry is that."""
        target, journal = self._targets[number], self._options.journal
        known = journal.recall(target.account.id) if journal and not target.skipped_because else None
        entry = self._begun(target) if target.skipped_because else known
        if entry is None:
            return False
        self._keep(number, entry)
        self._options.progress.count(entry["outcome"])
        return True

    def _begun(self, target: Target) -> Entry:
        return {
            "account_id": target.account.id,
            "name": target.account.name,
            "outcome": v.SKIPPED,
            "reason": target.skipped_because,
            "fix": "",
            **copy.deepcopy(self._blank),
        }

    def _worked(self, number: int) -> Entry:
        """The entry of an account, after the work on it."""
        target = self._targets[number]
        entry = self._begun(target)
        try:
            self._work(target.account.id, entry)
        except Exception as error:  # whatever it is: thousands of other accounts are waiting
            explained = _explained(error, self._explain_error)
            entry.update(outcome=explained.outcome, reason=explained.cause, fix=explained.fix)
            if explained.ends_run or getattr(error, "ends_run", False):
                self._ended = explained
        return entry

    @property
    def _stops(self) -> bool:
        return self._options.interrupted.is_set() or self._ended is not None

    def _work_in_threads(self, numbers: list[int]) -> None:
        waiting, lock = iter(numbers), threading.Lock()

        def numbers_until_stop() -> t.Iterator[int]:
            while True:
                with lock:
                    number = None if self._stops else next(waiting, None)
                if number is None:
                    return
                self._options.progress.begin()
                yield number

        def done(number: int, entry: Entry) -> None:
            self._keep(number, entry)
            self._options.progress.end(entry["outcome"])
            if self._options.journal:
                self._options.journal.note(entry)

        threads = self._threads(min(self._options.workers, len(numbers)), numbers_until_stop, done)
        while True:
            try:
                for thread in threads:
                    if thread.ident is None and not self._stops:
                        thread.start()
                _wait_for(threads)
                return
            except KeyboardInterrupt:  # each of several: no thread may work on after the task has ended
                self._options.interrupted.set()

    def _threads(
        self, count: int, numbers: t.Callable[[], t.Iterator[int]], done: t.Callable[[int, Entry], None]
    ) -> list[WorkerThread]:
        def worker() -> None:
            for number in numbers():
                done(number, self._worked(number))

        return [WorkerThread(worker, f"account-{place}") for place in range(count)]

    def _work_in_processes(self, numbers: list[int], count: int) -> list[int]:
        """Work on these targets in ``count`` processes; those that none of them began, unless the run is to stop."""
        places = processes.Places(len(numbers))
        connection, journal, progress = self._options.connection, self._options.journal, self._options.progress
        begun = 0
        if connection:
            connection.share()

        def receive(batch: list[t.Any]) -> None:
            nonlocal begun
            while begun < places.taken:
                progress.begin()
                begun += 1
            for number, entry, calls, throttled, ended in batch:
                self._keep(number, entry)
                for _attempt in range(throttled):
                    progress.throttle()
                progress.end(entry["outcome"])
                if connection:
                    connection.calls.add(calls)
                if ended and not self._ended:
                    self._ended = BreakglassError(*ended)
                    places.stop()
            if journal:
                journal.note(*(message[1] for message in batch))

        def interrupt() -> None:
            self._options.interrupted.set()
            places.stop()

        work = functools.partial(self._work_in_child, numbers, places, -(-self._options.workers // count))
        statuses = processes.run(count, work, receive, interrupt)
        taken, left = numbers[: places.taken], numbers[places.taken :]
        for number in taken:
            if self._entries[number] is None:
                self._keep(number, self._lost(number, [status for status in statuses if status]))
                progress.end(v.UNREACHABLE)
        return left

    def _work_in_child(
        self, numbers: list[int], places: processes.Places, workers: int, send: t.Callable[[t.Any], None]
    ) -> None:
        """In a new process: work on targets as long as there are places, and send each entry."""
        connection = self._options.connection
        if connection:
            connection.after_fork()
            connection.calls.take()
            connection.on_throttled(self._count_throttled)

        def done(number: int, entry: Entry) -> None:
            calls = connection.calls.take() if connection else None
            ended = [self._ended.cause, self._ended.fix] if self._ended else None
            throttled, self._throttled = self._throttled, 0
            send([number, redaction.redact_all(entry), calls, throttled, ended])  # its secrets are known here alone

        def numbers_until_stop() -> t.Iterator[int]:
            while not self._stops and (place := places.take()) is not None:
                yield numbers[place]

        threads = self._threads(workers, numbers_until_stop, done)
        for thread in threads:
            thread.start()
        _wait_for(threads)

    def _count_throttled(self) -> None:
        self._throttled += 1

    def _lost(self, number: int, statuses: list[int]) -> Entry:
        """The entry of an account whose process was killed."""
        how = ", ".join(f"signal {-status}" if status < 0 else f"exit status {status}" for status in statuses)
        return {
            **self._begun(self._targets[number]),
            "outcome": v.UNREACHABLE,
            "reason": f"The process that was reading this account ended too early ({how or 'unknown why'}).",
            "fix": "Run it again.",
        }

    def _unreached(self, number: int) -> Entry:
        """The entry of an account on which work did not begin."""
        entry = self._begun(self._targets[number])
        if self._ended is None or self._options.interrupted.is_set():
            self._options.progress.count(v.FAILED)
            return {**entry, "outcome": v.FAILED, "reason": _INTERRUPTED, "fix": "Run it again."}
        self._options.progress.count(v.UNREACHABLE)
        reason = f"Not reached: the run ended before this account. {self._ended.cause}"
        again = "With journal, a run resumes with the accounts that are left."
        return {**entry, "outcome": v.UNREACHABLE, "reason": reason, "fix": f"{self._ended.fix} {again}"}


def _wait_for(threads: t.Iterable[WorkerThread]) -> None:
    for thread in threads:
        thread.wait()


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
