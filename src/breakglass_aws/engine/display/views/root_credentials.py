# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views of root users: their credentials, what is removed, password recovery, and the e-mail address."""

from __future__ import annotations

from breakglass_aws.engine import results
from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views.common import (
    Result,
    account_cell,
    credentials_cell,
    last_use,
    outcome_label,
    per_account,
    reason_cell,
)

NO_ACCOUNT = "No account was read."


def found(result: Result, check_mode: bool = False) -> RichOutput:
    """Which root credentials each account has."""
    return html.stack(
        [
            html.bar({_presence(outcome): count for outcome, count in (result.get("summary") or {}).items()}),
            html.table(
                ["account", "outcome", "root credentials, or why they are not known"],
                [
                    [
                        account_cell(account),
                        html.badge(_presence(account["outcome"])),
                        credentials_cell(account["root_credentials"])
                        if account.get("root_credentials")
                        else reason_cell(account),
                    ]
                    for account in result["accounts"]
                ],
                empty=NO_ACCOUNT,
            ),
        ]
    )


def _presence(outcome: str) -> str:
    """The outcomes of a module that only reads: "unchanged" means that there are credentials."""
    return "present" if outcome == "unchanged" else outcome


def removed(result: Result, check_mode: bool) -> RichOutput:
    """What was removed from each account, or would be, and what was kept."""
    summary = {outcome_label(outcome, check_mode): count for outcome, count in (result.get("summary") or {}).items()}
    holders = [account for account in result["accounts"] if account.get("credentials")]
    return html.stack(
        [
            html.bar(summary),
            _waves(result, check_mode),
            html.table(
                ["account", "outcome", "each credential, or why the account was left out"],
                [
                    [
                        account_cell(account),
                        _outcomes(account, check_mode),
                        html.lines([_item(item, account, check_mode) for item in account["credentials"]])
                        if account.get("credentials")
                        else reason_cell(account),
                    ]
                    for account in result["accounts"]
                ],
                empty=NO_ACCOUNT,
            ),
            html.folded(
                "Root credentials before the change",
                html.table(
                    ["account", "root credentials"],
                    [[account_cell(account), credentials_cell(account["before"] or {})] for account in holders],
                ),
            )
            if holders
            else None,
        ]
    )


def _waves(result: Result, check_mode: bool) -> RichOutput | None:
    """The waves in which accounts would be changed, or why the run stopped; nothing for one wave."""
    if result.get("stopped"):
        return html.notice(result["stopped"], "attention")
    waves = result.get("plan_waves") or []
    if not check_mode or len(waves) < 2:
        return None
    first = ", ".join(waves[0])
    sizes = ", ".join(str(len(wave)) for wave in waves)
    return html.text(f"In {len(waves)} waves of {sizes} accounts. The first is {first}.")


def _outcomes(account: Result, check_mode: bool) -> html.RichOutput:
    """The outcome of an account; with credentials that differ, the outcome of each: some go while others stay."""
    outcomes = dict.fromkeys([account["outcome"], *(item["outcome"] for item in account.get("credentials") or [])])
    return html.lines([html.badge(outcome_label(outcome, check_mode)) for outcome in outcomes])


def _item(item: Result, account: Result, check_mode: bool) -> RichOutput:
    identifier = [] if item["kind"] == "password" else [html.mono(item["id"])]
    reason = [html.small(item["reason"])] if item.get("reason") else []
    outcome = html.badge(outcome_label(item["outcome"], check_mode))
    return html.words(outcome, results.kind_of(item, account), *identifier, *reason)


def password_recovery(result: Result, check_mode: bool) -> RichOutput:
    """Whether the root password can be reset by e-mail, who gets that e-mail, and which policies deny the root user."""

    def parts(account: Result) -> list[RichOutput | None]:
        mail = account.get("mail") or {}
        denying = account.get("stopped_by") or []
        return [
            html.facts(
                {
                    "account": html.mono(account["account_id"]),
                    **_login_profiles(account, check_mode),
                    "MFA devices": html.lines([html.mono(device) for device in account.get("mfa_devices") or []])
                    if account.get("mfa_devices")
                    else "none",
                    **({"the e-mail goes to": mail["address"]} if mail.get("address") else {}),
                    **({"reason": account["reason"]} if account.get("reason") else {}),
                    **({"what to do": account["fix"]} if account.get("fix") else {}),
                }
            ),
            html.heading("Service control policies that deny the signed-in root user") if denying else None,
            html.table(
                ["policy", "attached to", "", "why"],
                [
                    [
                        policy["policy_name"],
                        policy["attached_to"]["name"],
                        html.badge("certain" if policy["certain"] else "possible"),
                        policy["why"],
                    ]
                    for policy in denying
                ],
            )
            if denying
            else None,
        ]

    return per_account(result, parts, lambda account: outcome_label(account["outcome"], check_mode))


def _login_profiles(account: Result, check_mode: bool) -> dict[str, str]:
    """The login profile as it is and, in check mode, as it would be if that differs."""
    before, after = account.get("before"), account.get("after")
    if check_mode and before and after and before["kind"] != after["kind"]:
        return {"login profile": _login_profile(before), "it would be": _login_profile(after)}
    return {"login profile": _login_profile(after or before)}


def _login_profile(profile: Result | None) -> str:
    if profile is None:
        return "not known"
    descriptions = {
        "none": "none: no one can sign in or reset the password",
        "recovery": "never used to sign in: anyone who reads the e-mail can set a password",
        "password": ", ".join(["a password", *([last_use(profile["last_used"])] if "last_used" in profile else [])]),
    }
    return descriptions.get(profile["kind"], "present; its last use is not known")


def email_address(result: Result, check_mode: bool) -> RichOutput:
    """The e-mail address of the root user, and what a person does next."""
    update = result.get("email_update") or {}
    return html.stack(
        [
            html.heading("E-mail address of the root user", outcome_label(result["outcome"], check_mode)),
            html.facts(
                {
                    "address": result.get("email"),
                    "result": result.get("msg"),
                    **({"last change": f"{update['status']}, since {update['since']}"} if update else {}),
                    **({"what to do": result["next_steps"]} if result.get("next_steps") else {}),
                }
            ),
        ]
    )
