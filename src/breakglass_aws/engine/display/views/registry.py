# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which view shows the result of which module: one for each of ours, a plain one for all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from breakglass_aws.engine import results
from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.html import RichOutput
from breakglass_aws.engine.display.views import accounts, policies, readiness, root_access, root_credentials
from breakglass_aws.engine.display.views.common import Result, diffs

VIEWS: dict[str, Callable[[Result, bool], RichOutput]] = {
    "breakglass.aws.root_access_info": root_access.readiness,
    "breakglass.aws.root_access": root_access.changes,
    "breakglass.aws.recovery_readiness_info": readiness.recoveries,
    "breakglass.aws.root_activity_info": root_access.activity,
    "breakglass.aws.root_credentials_info": root_credentials.found,
    "breakglass.aws.root_credentials": root_credentials.removed,
    "breakglass.aws.root_password_recovery": root_credentials.password_recovery,
    "breakglass.aws.root_email": root_credentials.email_address,
    "breakglass.aws.organization_access_role_info": accounts.access_roles,
    "breakglass.aws.organization_access_role": accounts.access_roles_restored,
    "breakglass.aws.organization_account_info": accounts.described,
    "breakglass.aws.organization_account": accounts.changed,
    "breakglass.aws.account_quarantine": accounts.quarantined,
    "breakglass.aws.s3_bucket_policy_unlock": policies.unlocked_policy,
    "breakglass.aws.sqs_queue_policy_unlock": policies.unlocked_policy,
    "breakglass.aws.resource_policy_lockout_info": policies.lockouts_found,
}


def view(event: Mapping[str, Any]) -> RichOutput | None:
    """Show what a finished task found or did; None when the list of tasks already shows everything."""
    if event["event"] == "skipped":
        return None
    own = VIEWS.get(event["action"])
    result = results.with_present_names(event["result"]) if own else event["result"]
    if event["event"] in ("failed", "unreachable"):
        # The cell's error shows the message. A task that acts on many accounts also has a result for each.
        shown = own(result, event["check_mode"]) if own and "accounts" in result else None
        if event.get("ignored") and result.get("msg"):  # then no error shows the message
            shown = html.stack([html.notice(str(result["msg"]), "attention"), shown])
    else:
        shown = own(result, event["check_mode"]) if own else _other(result)
    warnings = _warnings(event)
    return html.stack([shown, *warnings]) if shown or event["warnings"] else None


def _warnings(event: Mapping[str, Any]) -> list[RichOutput]:
    """The warnings, without those that repeat the reason in an account's row."""
    lists = event["result"].values() if event["action"] in VIEWS else []
    rows = [row for rows in lists if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    reasons = [row["reason"] for row in rows if row.get("reason")]
    return [
        html.notice(f"Warning: {warning}", "skipped")
        for warning in event["warnings"]
        if not any(reason in warning for reason in reasons)
    ]


def _other(result: Result) -> RichOutput | None:
    """The result of any other module: its message, its output, its diff."""
    message, printed = result.get("msg"), result.get("stdout")
    shown = [
        (html.message(message) if isinstance(message, str) else html.code(html.as_lines(message))) if message else None,
        html.code(printed) if printed else None,
        *diffs(result),
    ]
    return html.stack(shown) if any(shown) else None
