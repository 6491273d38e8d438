"""What the magics show beside the results of tasks: how a run begins, a gate, how it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from breakglass_runbooks.display import html
from breakglass_runbooks.display.views import registry
from breakglass_runbooks.evidence.record import Record
from breakglass_runbooks.gates import approval_gate
from breakglass_runbooks.gates.definition import Gate


def introduction(record: Record) -> html.Shown:
    """What the run was told, and whether it acts."""
    return html.stack(
        [
            html.heading(f"Runbook {record.runbook}", "plan only" if record.check_mode else "for real"),
            html.facts({name: _as_given(value) for name, value in record.parameters.items()}),
            html.notice("check_mode is true: this run looks and plans, and changes nothing in AWS.", "plan only")
            if record.check_mode
            else html.notice("check_mode is false: this run acts, once the plan is made.", "for real"),
        ]
    )


def _as_given(value: Any) -> Any:
    """A parameter's value in the spelling that a command line takes."""
    return json.dumps(value) if isinstance(value, bool | dict) else value


def evidence(record: Record, summary: Mapping[str, int]) -> html.Shown:
    """How the run ended, and what proves what it did; `summary` counts the accounts by their outcome."""
    [outcome] = _as_said({record.outcome: 1}, record.check_mode)
    return html.stack(
        [
            html.heading("Outcome", outcome),
            html.notice(record.remark, "partial") if record.remark else None,
            # One word for many accounts is that of the worst: say how many it is true for.
            html.bar(_as_said(summary, record.check_mode)) if sum(summary.values()) > 1 else None,
            html.heading("Approval") if record.approvals else None,
            approval_gate.shown(record.approvals),
            html.heading("Root sessions this run opened (find them in CloudTrail by these IDs)"),
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


def sealed(manifest: str) -> html.Shown:
    """What there is to do with the evidence, where no launcher says it; `manifest` is the manifest's SHA-256."""
    return html.facts(
        {
            "Manifest": html.words("SHA-256", html.mono(manifest)),
            "": "Write it into the ticket. Save this notebook, and keep it beside the evidence folder: that is sealed "
            "now, and what is put into it counts as added.",
        }
    )


def _as_said(outcomes: Mapping[str, int], check_mode: bool) -> dict[str, int]:
    """Outcomes as they are, or in check mode as they would be."""
    return {registry.WOULD.get(word, word) if check_mode else word: count for word, count in outcomes.items()}


ASKED, TOLD, NOT_ASKED = "A person must act here", "What the person was told", "What a person would be asked"


def gate(asked: Gate, words: str, way: str = "", heading: str = ASKED) -> dict[str, str]:
    """What a person is, was or would be shown at a gate, in Markdown; `way` says how to get what it asks for."""
    answer = f"\n\n{way}*Answer: {asked.expects}.*" if heading == ASKED else ""
    shown = f"**{heading}** (gate `{asked.name}`)\n\n{words}{answer}"
    return {"text/markdown": shown, "text/plain": shown}


def complaint(account: Mapping[str, Any]) -> str:
    """Why an account was not dealt with, and what to do about it."""
    name = f"{account['name']} ({account['account_id']})" if account.get("name") else account["account_id"]
    return " ".join(
        [f"{name}: {account['outcome']}.", *(account[key] for key in ("reason", "fix") if account.get(key))]
    )
