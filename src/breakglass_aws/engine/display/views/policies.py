# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""View of an unlocked bucket or queue policy: which statements lock, what changes, what people can do afterwards."""

from __future__ import annotations

from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views.common import Result, account_cell, outcome_label, reason_cell, spaced

_EFFECTS = {
    "denied": "denied",
    "denied_some": "denied for some",
    "denied_when": "denied when",
    "not_denied": "not denied",
}


def unlocked_policy(result: Result, check_mode: bool) -> RichOutput:
    """Which statements lock the bucket or queue, how its policy changes, and what that means for people."""
    backup, session = result.get("backup"), result.get("session")
    outcome = result.get("outcome") or ("changed" if result.get("changed") else "unchanged")
    resource = f"Bucket {result['bucket']}" if "bucket" in result else f"Queue {result.get('queue')}"
    return html.stack(
        [
            html.heading(resource, outcome_label(outcome, check_mode)),
            html.facts(
                {
                    "account": html.mono(result.get("account_id")),
                    "region": result.get("region"),
                    **({"backup": _backup(backup)} if backup else {}),
                    **({"root session": _session(session)} if session else {}),
                    **({"administrator": _verified(result["verified_as"])} if result.get("verified_as") else {}),
                    **({"plan digest": html.mono(result["plan"]["digest"])} if result.get("plan") else {}),
                }
            ),
            *_refusals(result.get("stopped_by") or []),
            *_lockouts(result.get("lockout_statements") or []),
            *_policies_compared(result),
            *_effects(result.get("effects") or [], result.get("changed", False)),
        ]
    )


def lockouts_found(result: Result, check_mode: bool = False) -> RichOutput:
    """Which buckets and queues are locked or may be, and what could not be read."""
    accounts = result["accounts"]
    unread = [account for account in accounts if account["outcome"] != "unchanged"]
    return html.stack(
        [
            html.bar({spaced(outcome) or "": count for outcome, count in (result.get("summary") or {}).items()}),
            html.table(
                ["account", "resource", "region", "", "why"],
                [
                    [
                        account_cell(account),
                        html.mono(resource["arn"]),
                        resource.get("region"),
                        html.badge(spaced(resource["outcome"]) or ""),
                        resource.get("reason"),
                    ]
                    for account in accounts
                    for resource in account.get("resources") or []
                    if resource["outcome"] not in ("unlocked", "no_policy")
                ],
                empty="No locked bucket or queue was found in what could be read.",
            ),
            html.table(
                ["account", "not listed", "region", "why"],
                [
                    [account_cell(account), missing["service"], missing["region"], missing["reason"]]
                    for account in accounts
                    for missing in account.get("unlisted") or []
                ],
                empty="Everything in the scanned accounts was listed.",
            ),
            html.table(
                ["account", "", "why"],
                [[account_cell(account), html.badge(account["outcome"]), reason_cell(account)] for account in unread],
            )
            if unread
            else None,
        ]
    )


def _refusals(policies: list[Result]) -> list[RichOutput]:
    """The policies of the organization that deny the planned write, or may."""
    if not policies:
        return []
    rows = [
        [
            policy["policy_name"],
            policy["attached_to"]["name"],
            html.badge("certain" if policy["certain"] else "check this"),
            policy["why"],
            policy["fix"],
        ]
        for policy in policies
    ]
    will = "will" if any(policy["certain"] for policy in policies) else "may"
    columns = ["policy", "attached to", "", "why", "what to do"]
    return [html.notice(f"AWS {will} refuse this change.", "attention"), html.table(columns, rows)]


def _lockouts(statements: list[Result]) -> list[RichOutput]:
    if not statements:
        return []
    rows = [
        [
            statement.get("sid") or f"number {statement['index'] + 1}",
            statement.get("why"),
            statement.get("actions"),
            statement.get("conditions"),
        ]
        for statement in statements
    ]
    columns = ["statement", "why it locks", "denied actions", "conditions"]
    return [html.heading("Statements that lock"), html.table(columns, rows)]


def _policies_compared(result: Result) -> list[RichOutput | None]:
    """The policies side by side; nothing when they are equal."""
    compared = result.get("diff") or {}
    shown = html.side_by_side(
        html.as_lines(compared.get("before")),
        html.as_lines(compared.get("after")),
        ("policy before", "policy after"),
    )
    return [html.heading("What changes"), shown] if shown else []


def _effects(rows: list[Result], changed: bool) -> list[RichOutput]:
    """What people can do with the resource. Where the policy does not deny, their own IAM policies decide."""
    if not rows or not changed:
        return []
    columns = ["who", "what", "before", "after", "still denied when"]
    cells = [
        [
            html.mono(row["who"]) if row["who"].startswith("arn:") else row["who"],
            row["what"],
            *(_effect(row[side], (row.get("objects") or {}).get(side) or []) for side in ("before", "after")),
            row["denied_when"],
        ]
        for row in rows
    ]
    remark = "Not denied: this policy does not deny it. The IAM policies of the person or role decide."
    return [html.heading("What people can do"), html.table(columns, cells), html.small(remark)]


def _effect(effect: str, objects: list[str]) -> RichOutput:
    """Denied or not, and for which objects where it is for some of them only."""
    return html.lines([html.badge(_EFFECTS.get(effect) or str(effect)), *(html.mono(one) for one in objects)])


def _verified(found: Result) -> RichOutput:
    answers = {True: "can read the policy", False: "cannot read the policy", None: "could not be checked"}
    return html.lines([html.mono(found["arn"]), html.plain(answers[found["able"]])])


def _backup(backup: Result) -> RichOutput:
    return html.lines([html.mono(backup["path"]), html.words("SHA-256 of the policy", html.mono(backup.get("sha256")))])


def _session(session: Result) -> RichOutput:
    return html.words(html.mono(session["access_key_id"]), f"(until {session.get('expiration')})")
