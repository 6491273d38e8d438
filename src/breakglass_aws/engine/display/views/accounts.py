# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of accounts: their access role, their state in the organization, and what changes when one leaves or closes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views.common import (
    Result,
    account_cell,
    diffs,
    outcome_label,
    per_account,
    reason_cell,
    spaced,
)


def access_roles(result: Result, check_mode: bool = False) -> RichOutput:
    """Whether the management account can assume the access role, and how the role could be restored."""
    return per_account(result, _access_role, lambda account: "answers" if _answers(account) else account["outcome"])


def _answers(account: Result) -> bool:
    return (account.get("role") or {}).get("state") == "answers"


def _access_role(account: Result) -> list[RichOutput | None]:
    role = account.get("role")
    methods = [
        [
            spaced(method["method"]),
            html.badge("possible" if method["possible"] else "not possible"),
            html.lines([html.plain(method[key]) for key in ("reason", "fix") if method[key]]),
        ]
        for method in account.get("ways_back") or []
    ]
    return [
        html.facts(
            {
                "account": html.mono(account["account_id"]),
                **({"role": html.mono(role["arn"]), "state": _role_state(role)} if role else {}),
                **({"reason": account["reason"]} if account.get("reason") else {}),
                **({"what to do": account["fix"]} if account.get("fix") else {}),
            }
        ),
        html.heading("Methods that need no root user, in the order they are tried") if methods else None,
        html.table(["method", "", "why not, and what would make it possible"], methods) if methods else None,
    ]


def _role_state(role: Result) -> str:
    return f"{spaced(role['state'])}{'' if role['certain'] else ' (not certain)'}"


def access_roles_restored(result: Result, check_mode: bool) -> RichOutput:
    """Which method restored the role, or would, which methods were tried, and the API calls."""

    def parts(account: Result) -> list[RichOutput | None]:
        attempts = [
            [
                spaced(attempt["method"]),
                html.badge("not possible" if attempt["outcome"] == "refused" else _attempt(attempt)),
                html.lines([html.plain(attempt[key]) for key in ("reason", "fix") if attempt[key]]),
            ]
            for attempt in account.get("attempts") or []
        ]
        actions = [html.mono(action) for action in account.get("actions") or []]
        return [
            html.facts({"account": html.mono(account["account_id"]), "reason": account["reason"]})
            if account.get("reason") and not (attempts and _failed(account))
            else None,
            html.table(["method", "", "why, and what to do"], attempts) if attempts else None,
            html.facts({"API calls": html.lines(actions)}) if actions else None,
        ]

    accounts = per_account(result, parts, lambda account: outcome_label(account["outcome"], check_mode))
    return html.stack([accounts, *diffs(result)])


def _attempt(attempt: Result) -> str:
    return "would be used" if attempt["outcome"] == "would be taken" else attempt["outcome"]


def _failed(account: Result) -> bool:
    """Then its reason repeats the table of methods."""
    return account["outcome"] in ("failed", "unreachable", "unverified")


def described(result: Result, check_mode: bool = False) -> RichOutput:
    """The state of accounts; with a purpose, what blocks it and what it entails."""
    accounts = result["accounts"]
    if any(account.get("findings") for account in accounts):
        return per_account(result, _for_purpose, lambda account: "ready" if account.get("ready") else "not ready")
    rows = [
        [account_cell(account), account.get("state"), (account.get("ou") or {}).get("path"), reason_cell(account)]
        for account in accounts
    ]
    return html.table(["account", "state", "organizational unit", "remark"], rows, empty="There are no accounts.")


def _for_purpose(account: Result) -> list[RichOutput | None]:
    findings = account.get("findings") or []
    blocking = [finding for finding in findings if finding["kind"] == "blocking"]
    entailed = [finding for finding in findings if finding["kind"] != "blocking"]
    return [
        html.notice(account["verdict"], "ready" if account.get("ready") else "not ready")
        if account.get("verdict")
        else None,
        html.facts(
            {
                "account": html.mono(account["account_id"]),
                "state": account.get("state"),
                "organizational unit": (account.get("ou") or {}).get("path"),
                "root e-mail": account.get("email"),
                "joined": _joined(account),
            }
        ),
        html.heading("What can block it"),
        _findings(blocking, {True: "blocks", False: "does not block", None: "to be confirmed"}),
        html.heading("Consequences"),
        _findings(entailed, {True: "will happen", False: "no", None: "check this"}),
    ]


def _joined(account: Result) -> str:
    method = {"CREATED": "created in the organization", "INVITED": "invited"}.get(account.get("joined_method") or "")
    return ", ".join(word for word in (account.get("joined"), method) if word)


def _findings(findings: list[Result], labels: Mapping[bool | None, str]) -> RichOutput:
    """Findings, those that hold first. Their names are what the parameter `confirmed` takes."""
    order = (True, None, False)
    return html.table(
        ["", "name", "what was found", "what to do"],
        [
            [html.badge(labels[finding["holds"]]), html.mono(finding["name"]), finding["text"], finding["fix"]]
            for finding in sorted(findings, key=lambda finding: order.index(finding["holds"]))
        ],
        empty="Nothing found.",
    )


def changed(result: Result, check_mode: bool) -> RichOutput:
    """The account before and after, and what it takes to restore it."""
    undo = result.get("undo")
    name = " ".join(word for word in (result.get("name"), result.get("account_id")) if word)
    outcome = result.get("outcome")
    calls = "API calls that would be made" if check_mode else "API calls"
    return html.stack(
        [
            html.heading(f"Account {name}", outcome_label(outcome, check_mode) if outcome else None) if name else None,
            html.facts({calls: html.lines([html.mono(action) for action in result["actions"]])})
            if result.get("actions")
            else html.facts({spaced(key) or "": value for key, value in (result.get("before") or {}).items()}),
            *diffs(result),
            html.folded("How to restore the account as it was", _undo(undo)) if undo else None,
        ]
    )


def _undo(undo: Result) -> RichOutput:
    return html.facts(
        {
            "how": undo["how"],
            **({"until": undo["until"] or "no limit"} if "until" in undo else {}),
            "organizational unit": html.words(undo["ou"]["path"], html.mono(undo["ou"]["id"])),
            "tags": _read(undo, "tags", undo["tags"] or None),
            "delegations": _read(undo, "delegations", undo["delegations"]),
            "attached policies": _read(undo, "policies", [policy["name"] for policy in undo["policies"] or []]),
        }
    )


def _read(undo: Result, name: str, value: Any) -> Any:
    """A value, or that it could not be read, and why."""
    return f"not known: {reason}" if (reason := (undo.get("unread") or {}).get(name)) else value


def quarantined(result: Result, check_mode: bool) -> RichOutput:
    """Whom the quarantine of an account stops, or would, and its policy."""
    if "other_policy" in result:
        return html.notice(str(result.get("msg")), "attention")
    name = " ".join(word for word in (result.get("name"), result["account_id"]) if word)
    actions = [html.mono(action) for action in result["actions"]]
    stops = [
        [html.badge("stopped" if row["stopped"] else "not stopped"), row["principal"], row["text"]]
        for row in result["stops"]
    ]
    return html.stack(
        [
            html.heading(f"Account {name}", outcome_label(result["outcome"], check_mode)),
            html.table(["", "principal", "remark"], stops) if stops else None,
            html.facts({"API calls that would be made" if check_mode else "API calls": html.lines(actions)})
            if actions
            else html.facts({"attached": "yes" if result["before"]["attached"] else "no"}),
            *diffs(result),
        ]
    )
