# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One piece of work over many accounts, some at a time: one entry an account, whatever happens.

With a journal, accounts that an earlier run finished are not worked on again.
"""

from __future__ import annotations

import contextlib
import copy
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.concurrency import Pace
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import Journal
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
    from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule

WORKERS = 8  # AssumeRoot's quota is unpublished; at about 0.75 s a call this stays near 10 calls a second
MOST_WORKERS = 20
# Options of the modules that sweep.
ARGUMENTS = {
    "workers": {"type": "int", "default": WORKERS},
    "journal": {"type": "path"},
}


@dataclass(frozen=True)
class Manner:
    """How a sweep is done: how many accounts at a time, slowed down by what ``connection`` hears of throttling, and
    which journal it keeps.
    """

    workers: int = WORKERS
    connection: Connection | None = None
    journal: Journal | None = None

    def pace(self) -> Pace:
        pace = Pace(self.workers)
        if self.connection:
            self.connection.on_throttled(pace.slow_down)
        return pace


@contextlib.contextmanager
def manner_of(module: BreakglassModule, terms: dict, finished: t.Collection[str]) -> t.Iterator[Manner]:
    """The manner that the options in ARGUMENTS mean.

    ``terms`` is what must agree for an entry of the journal to count, and ``finished`` are the outcomes after which an
    account is done. Check mode keeps no journal and believes none. One that could not be kept to the end is warned of.
    """
    workers, path = module.params["workers"], module.params["journal"]
    if not 1 <= workers <= MOST_WORKERS:
        raise InvalidInput("workers", workers, f"a number from 1 to {MOST_WORKERS}")
    if not path or module.check_mode:
        yield Manner(workers, module.connection)
        return
    with Journal(path, terms, finished) as journal:
        yield Manner(workers, module.connection, journal)
    if journal.trouble:
        module.warn(f"The journal {path} could not be kept ({journal.trouble}): it lacks accounts that are done.")


def sweep(
    targets: t.Sequence[Target],
    work: t.Callable[[str, dict], None],
    blank: dict,
    workers: int = WORKERS,
    understand: t.Callable[[BreakglassError], BreakglassError] = lambda error: error,
    manner: Manner | None = None,
) -> list[dict]:
    """Do ``work`` for each target, at most ``workers`` at a time; the entries in the order of ``targets``.

    ``work`` gets the account's ID and its entry, which has the fields of ``blank``, and puts in the outcome and what
    it finds. If it raises, the error becomes the entry's outcome, what was already put in stays, and the other
    accounts go on; ``understand`` may first find out more about it. Targets to be skipped are never worked on.

    ``manner`` takes the place of ``workers``. With it each entry has ``journal_time``: null when the work was done in
    this run.
    """
    pace = manner.pace() if manner else Pace(workers)
    journal = manner.journal if manner else None

    def one(target: Target) -> dict:
        entry = {
            "account_id": target.account.id,
            "name": target.account.name,
            "outcome": v.SKIPPED,
            "reason": target.skipped_because,
            "fix": "",
            **({"journal_time": None} if manner else {}),
            **copy.deepcopy(blank),
        }
        if target.skipped_because:
            return entry
        if journal and (known := journal.recall(target.account.id)):
            return known
        with pace:
            try:
                work(target.account.id, entry)
            except Exception as error:  # whatever it is: thousands of other accounts are waiting
                explained = understand(explain(error, "the work on this account"))
                entry.update(outcome=explained.outcome, reason=explained.cause, fix=explained.fix)
        if journal:
            journal.note(entry)
        return entry

    if not targets:
        return []
    with ThreadPoolExecutor(max_workers=min(pace.most, len(targets))) as pool:
        return list(pool.map(one, targets))


def summarize(entries: t.Sequence[dict]) -> dict[str, int]:
    """How many accounts had each outcome, worst first."""
    outcomes = [entry["outcome"] for entry in entries]
    return {outcome: outcomes.count(outcome) for outcome in v.OUTCOMES if outcome in outcomes}


def not_done(entries: t.Sequence[dict], outcomes: t.Collection[str] = v.NOT_DONE) -> list[str]:
    """A line for each account that could not be done, or has another of these ``outcomes``, with cause and fix."""
    return [
        f"{entry['name']} ({entry['account_id']}) is {entry['outcome']}: {entry['reason']} {entry['fix']}".rstrip()
        for entry in entries
        if entry["outcome"] in outcomes
    ]
