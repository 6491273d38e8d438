# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The view of readiness: which recoveries work, where others would fail and why, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable

from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views.common import Result, account_cell
from breakglass_aws.engine.posture import assess, causes

MOST_ACCOUNTS = 5  # the files have all of them


def recoveries(result: Result, check_mode: bool = False) -> RichOutput:
    """How many accounts each recovery works in, the reasons where one does not, the findings, what was not read."""
    summary = result["summary"]
    counts = [
        [html.mono(name), *(str(found[verdict]) for verdict in ("works", "fails", "unknown", "not_applicable"))]
        for name, found in summary.items()
    ]
    rows = _reasons(result)
    findings = _findings(result["accounts"])
    unread = [
        [html.mono(one["permission"]) if one["permission"] else one["what"], one["reason"], _cure(one)]
        for one in result["unreadable"]
    ]
    return html.stack(
        [
            html.table(["recovery", "works", "would fail", "unknown", "not applicable"], counts),
            html.heading("Recoveries that would fail, or that are not known to work"),
            html.table(["", "recovery", "account", "why", "what to do"], rows, empty="None."),
            html.heading("Findings") if findings else None,
            html.table(["", "finding", "account", "what to do"], findings) if findings else None,
            html.heading("Could not be read") if unread else None,
            html.table(["permission or fact", "why", "what to do"], unread) if unread else None,
        ]
    )


def _reasons(result: Result) -> list[list[RichOutput | str]]:
    """A row for each reason, with its recoveries and accounts: certain reasons first, then those of most accounts."""
    return [
        [
            html.badge("would fail" if cause.certain else "unknown"),
            html.lines([html.mono(name) for name in cause.recoveries]),
            _accounts([{"account_id": one.account_id, "name": one.name} for one in cause.accounts.values()]),
            cause.text.replace(causes.HERE, next(iter(cause.accounts))),
            cause.fix,
        ]
        for cause in causes.causes(assess([result]))
    ]


def _findings(accounts: Iterable[Result]) -> list[list[RichOutput | str]]:
    """A row for each kind of finding, the worst first, with its accounts."""
    found: dict[tuple[str, str, str], dict[str, Result]] = {}
    for account in accounts:
        for finding in account["findings"]:
            key = finding["severity"], finding["title"], finding["fix"]
            found.setdefault(key, {})[account["account_id"]] = account
    order = ("critical", "high", "medium", "low")
    ordered = sorted(found.items(), key=lambda item: order.index(item[0][0]))
    return [
        [html.badge(severity), title, _accounts(list(those.values())), fix] for (severity, title, fix), those in ordered
    ]


def _accounts(accounts: list[Result]) -> RichOutput:
    """Some of the accounts, and how many more there are."""
    more = [html.small(f"and {len(accounts) - MOST_ACCOUNTS} more")] if len(accounts) > MOST_ACCOUNTS else []
    return html.lines([*map(account_cell, accounts[:MOST_ACCOUNTS]), *more])


def _cure(entry: Result) -> RichOutput:
    """The statement that grants a missing permission, or what else to do."""
    return html.mono(entry["statement"]) if entry["statement"] else html.plain(entry["fix"])
