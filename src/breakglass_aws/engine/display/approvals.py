# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who approved a plan, for people. Work without an approval is impossible to overlook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from breakglass_aws.engine.display import html


def unapproved(approvals: Iterable[Mapping[str, Any]]) -> list[str]:
    """What every reader must know about a run that continued without a second person."""
    return [warning for approval in approvals if (warning := _warning(approval))]


def rendered(approvals: Iterable[Mapping[str, Any]]) -> html.RichOutput | None:
    """Who approved the plan; None without any approval."""
    parts = [_rendered(approval) for approval in approvals]
    return html.stack(parts) if parts else None


def _rendered(approval: Mapping[str, Any]) -> html.RichOutput:
    if warning := _warning(approval):
        return html.notice(warning, "failed")
    since = approval.get("observed_since") or []
    return html.facts(
        {
            "approved by": f"{approval['approver']}, {approval['approved']}, valid until {approval['expires']}",
            "requested by": approval["requester"],
            "plan digest": html.mono(approval["plan"]),
            **({"seen since then": html.lines([html.plain(one) for one in since])} if since else {}),
        }
    )


def _warning(approval: Mapping[str, Any]) -> str:
    if reason := approval.get("emergency"):
        return (
            f"EMERGENCY: {approval['approver']} continued without an approval. Reason: {reason}. "
            f"Review this by {approval['review_by']}."
        )
    return approval.get("not_configured", "")
