# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of the magics besides task results: the start of a run, a gate, the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from breakglass_aws.engine.display import approvals, html
from breakglass_aws.engine.display.views.common import outcome_label
from breakglass_aws.engine.evidence.record import Record


def introduction(record: Record) -> html.RichOutput:
    """The parameters of the run, and whether it may change anything."""
    return html.stack(
        [
            html.heading(f"Runbook {record.runbook}", "plan only" if record.check_mode else "for real"),
            html.facts({name: _as_given(value) for name, value in record.parameters.items()}),
            html.notice("check_mode is true: this run only plans. It changes nothing in AWS.", "plan only")
            if record.check_mode
            else html.notice("check_mode is false: this run changes AWS after the plan.", "for real"),
        ]
    )


def _as_given(value: Any) -> Any:
    """The value of a parameter as the command line takes it."""
    return json.dumps(value) if isinstance(value, bool | dict) else value


def evidence(record: Record, summary: Mapping[str, int]) -> html.RichOutput:
    """How the run ended, and the evidence of it; `summary` counts the accounts by their outcome."""
    return html.stack(
        [
            html.heading("Outcome", outcome_label(record.outcome, record.check_mode)),
            html.notice(record.remark, "attention") if record.remark else None,
            # The outcome of many accounts is the worst one, so show how many accounts have which.
            html.bar({outcome_label(word, record.check_mode): count for word, count in summary.items()})
            if sum(summary.values()) > 1
            else None,
            html.heading("Approval") if record.approvals else None,
            approvals.rendered(record.approvals),
            html.heading("Root sessions of this run (CloudTrail shows these access key IDs)"),
            html.table(
                ["account", "access key ID", "until"],
                [
                    [
                        html.mono(session["account_id"]),
                        html.mono(session["access_key_id"]),
                        session.get("expiration"),
                    ]
                    for session in record.sessions.values()
                ],
                empty="None.",
            ),
            html.heading(f"Evidence in {record.folder}"),
            html.table(["file", "SHA-256"], [[name, html.mono(digest)] for name, digest in record.listed()]),
        ]
    )


def sealed(manifest: str) -> html.RichOutput:
    """What to do with the evidence, where no launcher prints it; `manifest` is the SHA-256 of the manifest."""
    return html.facts(
        {
            "Manifest": html.words("SHA-256", html.mono(manifest)),
            "what to do": "Copy the SHA-256 into the ticket. Save this notebook beside the evidence folder. "
            "The folder is sealed, and verification reports any file that is added.",
        }
    )
