# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of centralized root access: whether root sessions can be opened, what was switched, and root activity."""

from __future__ import annotations

from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views.common import (
    Result,
    account_cell,
    outcome_label,
    reason_cell,
    spaced,
    switch_badge,
)

FEATURES = {"root_credentials_management": "root credentials management", "root_sessions": "root sessions"}


def readiness(result: Result, check_mode: bool = False) -> RichOutput:
    """Whether root sessions can be opened from here. If not, why, and what to do."""
    caller = result.get("caller") or {}
    organization = result.get("organization") or {}
    target = result.get("target")
    features = result.get("features") or {}
    reasons = result.get("reasons") or []
    return html.stack(
        [
            html.heading("Root access", "ready" if result.get("ready") else "not ready"),
            html.facts(
                {
                    "caller": html.mono(caller.get("arn")),
                    "role of the caller": spaced(caller.get("role")),
                    "organization": html.mono(organization.get("id")),
                    **({"target": account_cell(target)} if target else {}),
                    "trusted access": switch_badge(result.get("trusted_access")),
                    **{label: switch_badge(features.get(name)) for name, label in FEATURES.items()},
                    "delegated administrators": _delegated_administrators(result),
                }
            ),
            html.table(
                ["", "problem", "what to do"],
                [
                    [html.badge("blocking" if reason["blocking"] else "note"), reason["problem"], reason["fix"]]
                    for reason in reasons
                ],
            )
            if reasons
            else None,
        ]
    )


def changes(result: Result, check_mode: bool) -> RichOutput:
    """Which settings change, and the API calls for it, in this order."""
    before, after = result["before"], result["after"]
    rows = [["trusted access", switch_badge(before["trusted_access"]), switch_badge(after["trusted_access"])]]
    rows += [
        [label, *(switch_badge(state["features"].get(name)) for state in (before, after))]
        for name, label in FEATURES.items()
    ]
    rows += [["delegated administrators", *(_delegated_administrators(state) for state in (before, after))]]
    actions = [html.mono(action) for action in result.get("actions") or []]
    outcome = "changed" if result.get("changed") else "unchanged"
    return html.stack(
        [
            html.heading("Root access", outcome_label(outcome, check_mode)),
            html.table(["", "before", "would be" if check_mode else "after"], rows),
            html.facts({"API calls that would be made" if check_mode else "API calls": html.lines(actions)})
            if actions
            else None,
        ]
    )


def _delegated_administrators(state: Result) -> RichOutput:
    return html.lines([account_cell(account) for account in state.get("delegated_administrators") or []])


def activity(result: Result, check_mode: bool = False) -> RichOutput:
    """Root use that no root session explains, the root sessions, and the accounts that could not be read."""
    unread = [account for account in (*result["opened_from"], *result["accounts"]) if account["outcome"] != "unchanged"]
    none = (
        "None found in the accounts that could be read. The accounts that could not be read are listed below."
        if unread
        else "None found."
    )
    return html.stack(
        [
            html.facts(
                {
                    "from": result["since"],
                    "until": result["until"],
                    "complete until": f"{result['complete_until']} (CloudTrail may still deliver later events)",
                    "regions": ", ".join(result["regions"]),
                }
            ),
            html.heading("Root use that no root session explains"),
            html.table(
                ["time", "account", "what", "call", "source IP, access key"],
                [
                    [
                        event["time"],
                        account_cell(event),
                        spaced(event["kind"]),
                        f"{event['service']}:{event['operation']}{_error(event)}",
                        _identifiers(event["source_ip"], event.get("access_key_id")),
                    ]
                    for event in result["unexplained"]
                ],
                empty=none,
            ),
            html.heading("Root sessions"),
            html.table(
                ["opened", "account", "task", "opened by, access key", "calls"],
                [
                    [
                        session["time"],
                        account_cell(session),
                        spaced(session["task"]),
                        _identifiers(session["opened_by"], session["access_key_id"]),
                        str(len(session["calls"]))
                        if session["looked_into"]
                        else _why_unread(session["reason"], unread),
                    ]
                    for session in result["sessions"]
                ],
                empty=none,
            ),
            html.heading("Accounts that could not be read") if unread else None,
            html.table(
                ["account", "", "why"],
                [[account_cell(account), html.badge(account["outcome"]), reason_cell(account)] for account in unread],
            )
            if unread
            else None,
        ]
    )


def _identifiers(*identifiers: str | None) -> RichOutput:
    return html.lines([html.mono(identifier) for identifier in identifiers if identifier])


def _why_unread(reason: str | None, unread: list[Result]) -> str | None:
    """Why the calls of a session are not known; short when a row of the table below has the reason."""
    return "not read, see below" if reason in [account.get("reason") for account in unread] else reason


def _error(call: Result) -> str:
    return f" ({call['error_code']})" if call.get("error_code") else ""
