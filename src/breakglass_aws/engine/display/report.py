# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run for people who were not present: one page of Markdown, made from `evidence.json`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, outcomes, results
from breakglass_aws.engine.display import approvals, html
from breakglass_aws.engine.evidence import reading, record, redaction

FILE = "report.md"
OMITTED = (
    "Steps that ran again when the run resumed, with the same result, are listed once. The journal has all of them."
)


EVENTS = "cloudtrail.json"
_EVENTS_FOLLOW = "<!-- CloudTrail's events -->"


def write(folder: Path, outcome: str, failure: str = "") -> Path | None:
    """Write the report of the run in `folder`; return None when the run has not written any evidence."""
    try:
        content = record.read(folder)
    except FileNotFoundError:
        return None
    _write(folder, markdown(content, outcome, failure))
    with contextlib.suppress(FileNotFoundError):
        add_events(folder, reading.json_file(folder / EVENTS, list))
    return folder / FILE


def add_events(folder: Path, sessions: Iterable[Mapping[str, Any]]) -> None:
    """Write CloudTrail's events of a run's root sessions at the end of its report, in place of earlier ones."""
    try:
        text = reading.regular_file(folder / FILE).decode(errors="replace")
    except FileNotFoundError:  # a run that was killed before its report was written
        text = ""
    events = html.stack(
        [
            html.heading("CloudTrail"),
            html.table(
                ["access key ID", "account", "time", "call", "region", "error", "event ID"],
                [_event(session, call) for session in sessions for call in session.get("calls") or []],
                empty="No event so far.",
            ),
            html.table(
                ["access key ID", "account", "pending"],
                [
                    [html.mono(session["access_key_id"]), session["account_id"], session.get("reason")]
                    for session in sessions
                    if session["pending"]
                ],
                empty="All sessions are complete.",
            ),
        ]
    )
    before = text.partition(_EVENTS_FOLLOW)[0].rstrip()
    _write(folder, f"{before}\n\n{_EVENTS_FOLLOW}\n\n{events.markdown}\n")


def _write(folder: Path, text: str) -> None:
    files.write(folder / FILE, redaction.visible(redaction.ENGINE.text(text)))


def _event(session: Mapping[str, Any], call: Mapping[str, Any]) -> list[Any]:
    name = f"{call.get('service', '')}:{call.get('operation', '')}"
    key = html.mono(session["access_key_id"])
    details = [call.get(column) for column in ("time", "region", "error_code", "event_id")]
    return [key, session["account_id"], details[0], html.mono(name), *details[1:]]


def markdown(content: Mapping[str, Any], outcome: str, failure: str = "") -> str:
    """The report: the outcome and the approvals first, then what changed, then every step."""
    return f"# {content['runbook']}: {outcome}\n\n{_body(content, outcome, failure).markdown}\n"


def _body(content: Mapping[str, Any], outcome: str, failure: str) -> html.RichOutput:
    steps = _without_repetitions(content["steps"])
    still_open = content["recovery_open_in"] if outcome not in outcomes.FINISHED else []
    return html.stack(
        [
            html.text(outcomes.MEANINGS.get(outcome, "The run was interrupted.")),
            html.notice(content["remark"], "attention") if content["remark"] else None,
            html.notice(failure, "failed") if failure else None,
            html.notice(results.recovery_warning(still_open), "failed") if still_open else None,
            approvals.rendered(content["approvals"]),
            html.facts(
                {
                    "started": content["started"],
                    "last written": content["written"],
                    **({"started by": html.mono(content["user"])} if content.get("user") else {}),
                    "caller": html.mono(content["actor"]),
                    "mode": "check mode: nothing was changed" if content["check_mode"] else "for real",
                }
            ),
            html.heading("Parameters"),
            html.facts({name: html.mono(json.dumps(value)) for name, value in content["parameters"].items()}),
            html.heading("What changed" if not content["check_mode"] else "What would change"),
            _difference(content, outcome),
            html.heading("Answers"),
            html.table(
                ["time", "gate", "answer"],
                [[answer["time"], answer["gate"], _answer(answer)] for answer in content["answers"]],
                empty="No gate was answered.",
            ),
            html.heading("Steps"),
            html.text(OMITTED) if len(steps) < len(content["steps"]) else None,
            html.table(
                ["time", "task", "module", "outcome", "details"],
                [
                    [step["time"], step["task"], html.mono(step["action"]), _outcome(step), _details(step)]
                    for step in steps
                ],
            ),
            html.heading("Root sessions"),
            html.table(
                ["account", "access key ID", "until", "opened by the task"],
                [
                    [
                        session["account_id"],
                        html.mono(session["access_key_id"]),
                        session.get("expiration"),
                        session["task"],
                    ]
                    for session in content["sessions"]
                ],
                empty="None.",
            ),
            html.heading("Backups"),
            html.table(
                ["file", "SHA-256 of the policy"],
                [[html.mono(backup["path"]), html.mono(backup["sha256"])] for backup in content["backups"]],
                empty="None.",
            ),
        ]
    )


def _difference(content: Mapping[str, Any], outcome: str) -> html.RichOutput:
    """Before and after, and the steps that changed something. Some changes, such as a password, leave no difference."""
    planned = content["check_mode"]
    steps = [step for step in content["steps"] if step["outcome"] == "changed" and step["check_mode"] == planned]
    changes = [[step["time"], step["task"], _details(step)] for step in steps]
    if outcome not in outcomes.FINISHED and not any(content[state] for state in ("before", "planned", "after")):
        return _so_far(content, changes)
    after = content["planned"] if content["check_mode"] else content["after"]
    shown = html.diff(html.as_lines(content["before"]), html.as_lines(after))
    if not changes:
        return shown or html.text("Nothing.")
    columns = ["time", "planned by", "what would change"] if planned else ["time", "changed by", "what"]
    same = html.text(f"The state after the run {'would be' if planned else 'is'} the same as before. In between:")
    return html.stack([shown or same, html.table(columns, changes)])


def _so_far(content: Mapping[str, Any], changes: list[list[str]]) -> html.RichOutput:
    """The steps that changed something in a run that has not finished: before and after are not known yet."""
    if content["check_mode"]:
        return html.text("Not known: the run has not finished.")
    columns = ["time", "changed by (so far: the run has not finished)", "what"]
    return html.table(columns, changes, empty="Nothing so far.")


def _answer(answer: Mapping[str, Any]) -> str:
    return f"not accepted: {answer['refused']}" if "refused" in answer else answer["answer"]


def _without_repetitions(steps: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The steps without those that a resumed run repeated with the same result.

    Steps that changed something, and rows that are no task, are always kept.
    """
    kept: list[Mapping[str, Any]] = []
    known: set[tuple[Any, ...]] = set()
    for step in steps:
        found = (step["task"], step["action"], step["check_mode"], step["outcome"], step.get("found"), _details(step))
        acted = step["outcome"] == "changed" and not step["check_mode"]
        if acted or not step["action"] or found not in known:
            kept.append(step)
        known.add(found)
    return kept


def _details(step: Mapping[str, Any]) -> str:
    """The message of a task, on one line."""
    message = step.get("message") or ""
    return " ".join((message if isinstance(message, str) else json.dumps(message)).split())


def _outcome(step: Mapping[str, Any]) -> str:
    would = step["check_mode"] and step["outcome"] == "changed"
    return "would change" if would else step["outcome"]
