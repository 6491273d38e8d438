# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts that several views share: an account, its outcome, its root credentials, a diff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput

Result = Mapping[str, Any]

IN_CHECK_MODE = {"changed": "would change", "removed": "would be removed"}


def outcome_label(outcome: str, check_mode: bool) -> str:
    """An outcome as people read it: what happened or, in check mode, what would happen."""
    words = outcome.replace("_", " ")
    return IN_CHECK_MODE.get(words, words) if check_mode else words


def spaced(word: str | None) -> str | None:
    """A name of a key or value with spaces instead of underscores."""
    return word.replace("_", " ") if word else None


def account_cell(account: Result) -> RichOutput:
    """Name and ID of an account."""
    identifier = html.mono(account["account_id"])
    return html.lines([html.plain(account["name"]), identifier]) if account.get("name") else identifier


def reason_cell(account: Result) -> RichOutput:
    """Why an account was skipped or could not be reached, and what to do about it."""
    return html.lines([html.plain(account[key]) for key in ("reason", "fix") if account.get(key)])


def switch_badge(value: bool | None) -> RichOutput:
    """A setting that is on, off or unknown."""
    return html.badge("unknown" if value is None else "on" if value else "off")


def credentials_cell(found: Result) -> RichOutput:
    """The credentials of a root user, each with its creation date and, where it was read, its last use."""
    parts = []
    if (password := found.get("password") or {}).get("present"):
        # Until the first sign-in, AWS reports a password and an open password recovery alike.
        used = [last_use(password["last_used"])] if "last_used" in password else []
        kind = "password" if password.get("last_used") else "password, or open password recovery"
        parts.append(_credential(kind, None, password.get("created"), *used))
    for key in found.get("access_keys") or []:
        used = [last_use((key["last_used"] or {}).get("date"))] if "last_used" in key else []
        parts.append(_credential(f"access key ({key.get('status')})", key["id"], key.get("created"), *used))
    for certificate in found.get("signing_certificates") or []:
        kind = f"signing certificate ({certificate.get('status')})"
        parts.append(_credential(kind, certificate["id"], certificate.get("created")))
    for device in found.get("mfa_devices") or []:
        parts.append(_credential("MFA device", device["serial"], device.get("enabled")))
    return html.lines(parts) if parts else html.plain("none")


def _credential(kind: str, identifier: str | None, created: str | None, *more: str) -> RichOutput:
    remark = ", ".join([*([f"created {created}"] if created else []), *more])
    return html.words(kind, *([html.mono(identifier)] if identifier else []), *([html.small(remark)] if remark else []))


def last_use(when: str | None) -> str:
    """When a credential was last used, in words."""
    return f"last used {when}" if when else "never used"


def diffs(result: Result) -> list[RichOutput | None]:
    """The diffs that a module returned, as `--diff` shows them."""
    found = result.get("diff") or []
    return [
        html.diff(
            html.as_lines(part.get("before")),
            html.as_lines(part.get("after")),
            part.get("before_header") or part.get("after_header") or "",
        )
        for part in (found if isinstance(found, list) else [found])
    ]


def per_account(
    result: Result, parts: Callable[[Result], list[RichOutput | None]], badge: Callable[[Result], str]
) -> RichOutput:
    """A heading for each account, then its parts."""
    return html.stack(
        part
        for account in result["accounts"]
        for part in [html.heading(account.get("name") or account["account_id"], badge(account)), *parts(account)]
    )
