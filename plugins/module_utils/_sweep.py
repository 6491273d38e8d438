# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One piece of work over many accounts, some at a time: one entry an account, whatever happens."""

from __future__ import annotations

import copy
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, explain
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

WORKERS = 8  # AssumeRoot's quota is unpublished; at about 0.75 s a call this stays near 10 calls a second


def sweep(
    targets: t.Sequence[Target],
    work: t.Callable[[str, dict], None],
    blank: dict,
    workers: int = WORKERS,
    understand: t.Callable[[BreakglassError], BreakglassError] = lambda error: error,
) -> list[dict]:
    """Do ``work`` for each target, at most ``workers`` at a time; the entries in the order of ``targets``.

    ``work`` gets the account's ID and its entry, which has the fields of ``blank``, and puts in the outcome and what
    it finds. If it raises, the error becomes the entry's outcome, what was already put in stays, and the other
    accounts go on; ``understand`` may first find out more about it. Targets to be skipped are never worked on.
    """

    def one(target: Target) -> dict:
        entry = {
            "account_id": target.account.id,
            "name": target.account.name,
            "outcome": v.SKIPPED,
            "reason": target.skipped_because,
            "fix": "",
            **copy.deepcopy(blank),
        }
        if not target.skipped_because:
            try:
                work(target.account.id, entry)
            except Exception as error:  # whatever it is: thousands of other accounts are waiting
                explained = understand(explain(error, "the work on this account"))
                entry.update(outcome=explained.outcome, reason=explained.cause, fix=explained.fix)
        return entry

    if not targets:
        return []
    with ThreadPoolExecutor(max_workers=min(workers, len(targets))) as pool:
        return list(pool.map(one, targets))


def summarize(entries: t.Sequence[dict]) -> dict[str, int]:
    """How many accounts had each outcome, worst first."""
    outcomes = [entry["outcome"] for entry in entries]
    return {outcome: outcomes.count(outcome) for outcome in v.OUTCOMES if outcome in outcomes}


def not_done(entries: t.Sequence[dict]) -> list[str]:
    """A line for each account that could not be done, with cause and fix."""
    return [
        f"{entry['name']} ({entry['account_id']}) is {entry['outcome']}: {entry['reason']} {entry['fix']}".rstrip()
        for entry in entries
        if entry["outcome"] in v.NOT_DONE
    ]
