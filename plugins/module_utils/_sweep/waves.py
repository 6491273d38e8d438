# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that changes accounts, in waves: a few accounts first, then more, and a stop when too many are not done.

What is not reached has the outcome ``not_reached``: nothing was done there in this run, and nothing is known about it.
"""

from __future__ import annotations

import copy
import functools
import re
import threading
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import SweepOptions, not_done, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "waves": {"type": "list", "elements": "str"},
    "max_failures": {"type": "str"},
    "max_accounts": {"type": "int"},
}
MOST_WAVES = 100
MOST_ACCOUNTS = 50_000  # the largest organization that AWS grants (aws-facts 6)
_SIZE = re.compile(r"(\d{1,5})(%?)\Z", re.ASCII)

Entry = dict[str, t.Any]
Work = t.Callable[[str, Entry], None]


class Size(t.NamedTuple):
    """A number of accounts, or a percentage of some."""

    number: int
    is_share: bool

    def of(self, total: int) -> int:
        """The number of accounts for a total; a share is rounded down."""
        return total * self.number // 100 if self.is_share else self.number

    def __str__(self) -> str:
        return f"{self.number}{'%' if self.is_share else ''}"


@dataclass(frozen=True)
class Waves:
    """How far a sweep goes: the sizes of its waves (none: one wave), the failures it goes on with, and its limit."""

    sizes: tuple[Size, ...] = ()
    max_failures: Size | None = None
    max_accounts: int | None = None

    def split(self, account_ids: t.Sequence[str]) -> list[list[str]]:
        """The accounts of each wave. The last size repeats; a share is of all ``account_ids``."""
        waves: list[list[str]] = []
        rest = list(account_ids)
        while rest:
            size = self.size(len(waves), len(account_ids))
            waves.append(rest[:size])
            rest = rest[size:]
        return waves

    def size(self, number: int, total: int) -> int:
        """How many accounts the wave of this number (from 0) has, at least one."""
        if not self.sizes:
            return max(1, total)
        return max(1, self.sizes[min(number, len(self.sizes) - 1)].of(total))


class NotReached(BreakglassError):
    """The sweep ended before work on the account began."""

    outcome = v.NOT_REACHED


@dataclass
class Course:
    """How a sweep went: the accounts of each wave with their outcomes, and why it stopped (None: it did not)."""

    waves: list[dict[str, t.Any]] = field(default_factory=list)
    stopped: NotReached | None = None
    at_limit: bool = False  # it stopped because it reached max_accounts, as it was asked to

    def as_dict(self) -> dict[str, t.Any]:
        """``waves`` and ``stopped`` as results have them."""
        return {"waves": self.waves, "stopped": self.stopped.cause if self.stopped else ""}


def check_waves(params: t.Mapping[str, t.Any]) -> Waves:
    """The Waves that the task's parameters (those in ARGUMENTS) ask for; InvalidInput for values that make none.

    With ``waves`` and no ``max_failures``, no failure is tolerated: the first wave is there to show one.
    """
    sizes = None if params["waves"] is None else tuple(_size("waves", one, least=1) for one in params["waves"])
    if sizes is not None and not 1 <= len(sizes) <= MOST_WAVES:
        raise InvalidInput("waves", params["waves"], f"1 to {MOST_WAVES} sizes of waves, such as [1, 10, 25%]")
    tolerated = None if params["max_failures"] is None else _size("max_failures", params["max_failures"], least=0)
    limit = params["max_accounts"]
    if limit is not None and not 1 <= limit <= MOST_ACCOUNTS:
        raise InvalidInput("max_accounts", limit, f"a number from 1 to {MOST_ACCOUNTS}")
    if sizes and tolerated is None:
        tolerated = Size(0, is_share=False)
    return Waves(sizes or (), tolerated, limit)


def _size(option: str, given: str, least: int) -> Size:
    found = _SIZE.match(given)
    size = Size(int(found[1]), bool(found[2])) if found else None
    if size is None or size.number < least or (size.is_share and size.number > 100):
        raise InvalidInput(option, given, f"a number of accounts from {least}, or a share from {least}% to 100%")
    return size


class _Breaker:
    """Stops the accounts that have not begun once more accounts are not done than tolerated."""

    def __init__(self, tolerated: Size | None) -> None:
        self._tolerated = tolerated
        self._lock = threading.Lock()
        self._failed = 0  # in this wave for a share, else in the whole sweep
        self._size = 0  # of the wave
        self.tripped: NotReached | None = None

    def begin_wave(self, size: int) -> None:
        self._size = size
        if self._tolerated and self._tolerated.is_share:
            self._failed = 0

    def guard(self, work: Work) -> Work:
        """The work, which is not begun after the stop, and whose failures count."""

        @functools.wraps(work)
        def guarded(account_id: str, entry: Entry) -> None:
            if self.tripped:
                raise self.tripped
            try:
                work(account_id, entry)
            except Exception as error:
                self._count()
                if getattr(error, "ends_run", False):
                    self.tripped = _ended_by(error)
                raise
            if entry["outcome"] in v.NOT_DONE:
                self._count()

        return guarded

    def count(self, entries: t.Sequence[Entry]) -> None:
        """Count the accounts of a wave that were changed together."""
        for entry in entries:
            if entry["outcome"] in v.NOT_DONE:
                self._count()

    def _count(self) -> None:
        with self._lock:
            self._failed += 1
            if self._tolerated is None or self.tripped or self._failed <= self._tolerated.of(self._size):
                return
            of = f" of {self._size} in this wave" if self._tolerated.is_share else ""
            self.tripped = NotReached(
                f"The run stopped before this account: {self._failed} accounts{of} are not done, and max_failures is "
                f"{self._tolerated}.",
                "Find out why they are not done, then run it again.",
            )


def sweep_in_waves(
    targets: t.Sequence[Target],
    work: Work,
    blank: dict[str, t.Any],
    waves: Waves,
    options: SweepOptions,
    changes: t.Callable[[str], bool] = lambda account_id: True,
    **arguments: t.Any,
) -> tuple[list[Entry], Course]:
    """:func:`sweep`, in waves; the entries in the order of ``targets``, and how it went.

    ``changes`` says of an account whether it may be changed. The others are in no wave: they are done last, where no
    stop comes before. A wave begins when the one before has ended. The accounts that were not begun when a stop came
    are ``not_reached``; those in work end normally. ``max_accounts`` counts the accounts whose entries are ``changed``.
    """
    course, breaker = Course(), _Breaker(waves.max_failures)
    guarded = breaker.guard(work)

    def run(some: t.Sequence[Target]) -> list[Entry]:
        return list(sweep(some, guarded, blank, options=options, **arguments))

    if waves == Waves():
        return run(targets), course
    acting = [target for target in targets if not target.skipped_because and changes(target.account.id)]
    ids = {target.account.id for target in acting}
    others = [target for target in targets if target.account.id not in ids]
    options.progress.expect(len(targets))
    entries: dict[str, Entry] = {}
    changed, rest = 0, acting
    while rest and not course.stopped:
        size = waves.size(len(course.waves), len(acting))
        if waves.max_accounts is not None:
            size = min(size, waves.max_accounts - changed)
        if size == 0:
            course.stopped, course.at_limit = _limit(waves), True
            break
        wave, rest = rest[:size], rest[size:]
        breaker.begin_wave(len(wave))
        done = run(wave)
        entries.update((entry["account_id"], entry) for entry in done)
        changed += sum(bool(entry["changed"]) for entry in done)
        course.waves.append(_describe(done))
        course.stopped = _INTERRUPTED if options.interrupted.is_set() else breaker.tripped
    if not course.stopped or course.at_limit:
        entries.update((entry["account_id"], entry) for entry in run(others))
    else:
        skipped = [target for target in others if target.skipped_because]
        entries.update((entry["account_id"], entry) for entry in run(skipped))
    for target in targets:
        if target.account.id not in entries and course.stopped:
            entries[target.account.id] = _unreached(target, blank, course.stopped)
            options.progress.count(v.NOT_REACHED)
    return [entries[target.account.id] for target in targets], course


def act_in_waves(entries: t.Sequence[Entry], waves: Waves, act: t.Callable[[list[Entry]], None]) -> Course:
    """Let ``act`` change accounts that were read before, a wave of their entries at a time; how it went.

    ``act`` puts into each entry of a wave what came of it. The entries that no wave reaches are ``not_reached`` then.
    Failures and ``max_accounts`` count as for :func:`sweep_in_waves`.
    """
    course, breaker = Course(), _Breaker(waves.max_failures)
    if waves == Waves():
        act(list(entries))
        return course
    changed, rest = 0, list(entries)
    while rest and not course.stopped:
        size = waves.size(len(course.waves), len(entries))
        if waves.max_accounts is not None:
            size = min(size, waves.max_accounts - changed)
        if size == 0:
            course.stopped, course.at_limit = _limit(waves), True
            break
        wave, rest = rest[:size], rest[size:]
        breaker.begin_wave(len(wave))
        act(wave)
        breaker.count(wave)
        changed += sum(bool(entry["changed"]) for entry in wave)
        course.waves.append(_describe(wave))
        course.stopped = breaker.tripped
    if course.stopped:
        for entry in rest:
            entry.update(outcome=v.NOT_REACHED, reason=course.stopped.cause, fix=course.stopped.fix)
    return course


def beyond_limit(entries: t.Sequence[Entry], waves: Waves) -> list[Entry]:
    """The entries of check mode that a run would change and not reach, because of ``max_accounts``; marked so."""
    would_change = [entry for entry in entries if entry["changed"]]
    beyond = would_change[len(would_change) if waves.max_accounts is None else waves.max_accounts :]
    for entry in beyond:
        reason = _limit(waves)
        entry.update(outcome=v.NOT_REACHED, reason=reason.cause, fix=reason.fix, changed=False)
    return beyond


def limit_plan(entries: t.Sequence[Entry], waves: Waves) -> None:
    """Mark what a run with these waves would not reach, in the entries of root credentials.

    ``entries`` are those of check mode. The accounts beyond ``max_accounts`` become ``not_reached``, their
    credentials too: a plan has only what its act would do.
    """
    for entry in beyond_limit(entries, waves):
        credentials = [
            {**item, "outcome": v.NOT_REACHED, "reason": entry["reason"]} if item["outcome"] == v.REMOVED else item
            for item in entry["credentials"]
        ]
        entry.update(credentials=credentials, after=entry["before"], leftover_mfa_devices=[])


def conclude(
    accounts: t.Sequence[Entry], course: Course, result: dict[str, t.Any], warn: t.Callable[[str], t.Any]
) -> None:
    """Raise a BreakglassError with the result when an account is not done; warn of what was not to be reached."""
    problems = not_done(accounts)
    unreached = sum(account["outcome"] == v.NOT_REACHED for account in accounts)
    stopped = course.stopped and not course.at_limit
    if unreached and not stopped:
        warn(f"max_accounts: {unreached} accounts were not reached. Run it again for the next ones.")
    if problems or stopped:
        cause = f"{len(problems)} of {len(accounts)} accounts are not done."
        if stopped:
            cause += f" The run stopped in wave {len(course.waves)}: {unreached} accounts were not reached."
        raise BreakglassError(cause, " ".join(problems)).with_result(**result)


def _limit(waves: Waves) -> NotReached:
    return NotReached(
        f"The run reached its limit of {waves.max_accounts} changed accounts (max_accounts) before this account.",
        "Run it again for the next accounts.",
    )


def _ended_by(error: Exception) -> NotReached:
    """Every other account would meet this error too, such as credentials that have expired."""
    cause, fix = (error.cause, error.fix) if isinstance(error, BreakglassError) else (str(error), "Run it again.")
    return NotReached(f"The run ended before this account. {cause}", fix)


_INTERRUPTED = NotReached("The run was interrupted before this account.", "Run it again.")


def _describe(entries: t.Sequence[Entry]) -> dict[str, t.Any]:
    outcomes = [entry["outcome"] for entry in entries]
    return {
        "account_ids": [entry["account_id"] for entry in entries],
        "summary": {outcome: outcomes.count(outcome) for outcome in v.OUTCOMES if outcome in outcomes},
    }


def _unreached(target: Target, blank: dict[str, t.Any], why: NotReached) -> Entry:
    return {
        "account_id": target.account.id,
        "name": target.account.name,
        "outcome": v.NOT_REACHED,
        "reason": why.cause,
        "fix": why.fix,
        "journal_time": None,
        **copy.deepcopy(blank),
    }
