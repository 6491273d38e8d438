# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A result of recovery_readiness_info on a terminal: in how many accounts each recovery works, and where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from breakglass_aws.engine.evidence import redaction

VERDICTS = {"works": "green", "fails": "bold red", "unknown": "bold yellow", "not_applicable": "dim"}
_MOST_NAMES, _MOST_REASONS = 6, 3
Group = tuple[str, tuple[str, ...], tuple[str, ...]]  # verdict, recoveries, reasons


def print_readiness(result: Mapping[str, Any], console: Console) -> None:
    """Print the two tables. Accounts for which the same recoveries fail for the same reasons share a row."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("recovery", no_wrap=True)
    for verdict in VERDICTS:
        table.add_column(verdict.replace("_", " "), justify="right")
    for recovery, counts in result["summary"].items():
        table.add_row(recovery, *(Text(str(counts[one]), VERDICTS[one] * bool(counts[one])) for one in VERDICTS))
    console.print(table)
    groups = grouped(result["accounts"])
    if not groups:
        console.print("\nEvery recovery works in every account in which it can be needed.", style="green")
        return
    places = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in ("accounts", "recoveries", "why"):
        places.add_column(column, overflow="fold")
    for (verdict, recoveries, reasons), names in groups:
        places.add_row(
            Text(redaction.safe(_shortened(names, _MOST_NAMES))),
            Text("\n".join(recoveries), VERDICTS[verdict]),
            Text(redaction.safe(_shortened(reasons, _MOST_REASONS))),
        )
    console.print()
    console.print(places)


def grouped(accounts: Sequence[Mapping[str, Any]]) -> list[tuple[Group, list[str]]]:
    """The recoveries that would fail, and those that are unknown, by the same reasons, with the names of the accounts.

    What fails comes first.
    """
    found: dict[Group, list[str]] = {}
    for account in accounts:
        for group in _of_account(account):
            found.setdefault(group, []).append(f"{account['name']} ({account['account_id']})")
    order = list(VERDICTS)
    return sorted(found.items(), key=lambda one: (order.index(one[0][0]), -len(one[1])))


def _of_account(account: Mapping[str, Any]) -> Iterator[Group]:
    for verdict in ("fails", "unknown"):
        by_reasons: dict[tuple[str, ...], list[str]] = {}
        for recovery, judged in account["recoveries"].items():
            if judged["verdict"] == verdict:
                reasons = tuple(
                    dict.fromkeys(_words(reason) for reason in judged["reasons"] if _counts(reason, judged))
                )
                by_reasons.setdefault(reasons, []).append(recovery)
        for reasons, recoveries in by_reasons.items():
            yield verdict, tuple(recoveries), reasons


def _counts(reason: Mapping[str, Any], judged: Mapping[str, Any]) -> bool:
    """Whether a reason decides the verdict: of what fails, those that are certain, where some are."""
    certain = [one for one in judged["reasons"] if one.get("certain")]
    return judged["verdict"] != "fails" or not certain or bool(reason.get("certain"))


def _words(reason: Mapping[str, Any]) -> str:
    """A reason that is the same for all accounts that share it: a policy by its name and place, else the text."""
    policy = reason.get("policy")
    if not policy:
        return str(reason["text"])
    target = policy.get("target")
    where = target.get("name") or target.get("id") if isinstance(target, Mapping) else target
    return f"{policy.get('name') or 'No policy allows it'}{f' on {where}' if where else ''}"


def _shortened(lines: Sequence[str], most: int) -> str:
    more = len(lines) - most
    return "\n".join([*lines[:most], f"and {more} more"] if more > 0 else lines)
