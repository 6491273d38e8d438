"""The report of a run, for people who were not there: one page of Markdown, made from what the evidence says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_runbooks import files, outcomes
from breakglass_runbooks.display import html
from breakglass_runbooks.evidence import record
from breakglass_runbooks.gates import approval_gate

FILE = "report.md"
LEFT_OUT = "What was looked at again when the run went on, and found as before, is listed once; the journal has each."


def write(folder: Path, outcome: str, failure: str = "") -> Path | None:
    """Write the report of the run in `folder`, as it stands; nothing when the run did not begin to keep evidence."""
    try:
        content = json.loads((folder / record.FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    files.write(folder / FILE, markdown(content, outcome, failure))
    return folder / FILE


def markdown(content: Mapping[str, Any], outcome: str, failure: str = "") -> str:
    """The report: how it ended and who allowed it first, then what changed, then everything that was done."""
    return f"# {content['runbook']}: {outcome}\n\n{_body(content, outcome, failure).markdown}\n"


def _body(content: Mapping[str, Any], outcome: str, failure: str) -> html.Shown:
    steps = _told_once(content["steps"])
    still_open = content["recovery_open_in"] if outcome not in outcomes.THROUGH else []
    return html.stack(
        [
            html.text(outcomes.MEANINGS.get(outcome, "The run was interrupted.")),
            html.notice(content["remark"], "partial") if content["remark"] else None,
            html.notice(failure, "failed") if failure else None,
            html.notice(outcomes.recovery_open(still_open), "failed") if still_open else None,
            approval_gate.shown(content["approvals"]),
            html.facts(
                {
                    "began": content["started"],
                    "last written": content["written"],
                    "by": html.mono(content["actor"]),
                    "mode": "check mode: nothing was changed" if content["check_mode"] else "for real",
                }
            ),
            html.heading("Parameters"),
            html.facts({name: html.mono(json.dumps(value)) for name, value in content["parameters"].items()}),
            html.heading("What changed" if not content["check_mode"] else "What would change"),
            _difference(content, outcome),
            html.heading("What people answered"),
            html.table(
                ["time", "gate", "answer"],
                [[answer["time"], answer["gate"], _answer(answer)] for answer in content["answers"]],
                empty="Nobody was asked.",
            ),
            html.heading("Steps"),
            html.text(LEFT_OUT) if len(steps) < len(content["steps"]) else None,
            html.table(
                ["time", "task", "module", "outcome", "said"],
                [
                    [step["time"], step["task"], html.mono(step["action"]), _outcome(step), _said(step)]
                    for step in steps
                ],
            ),
            html.heading("Root sessions"),
            html.table(
                ["account", "access key ID", "until", "opened to"],
                [
                    [
                        session["account_id"],
                        html.mono(session["access_key_id"]),
                        session.get("expiration"),
                        session["task"],
                    ]
                    for session in content["sessions"]
                ],
                empty="None was opened.",
            ),
            html.heading("Backups"),
            html.table(
                ["file", "SHA-256 of the policy"],
                [[html.mono(backup["path"]), html.mono(backup["sha256"])] for backup in content["backups"]],
                empty="None was needed.",
            ),
        ]
    )


def _difference(content: Mapping[str, Any], outcome: str) -> html.Shown:
    """Before and after, and which steps made the difference; of some changes, as of a password, nothing is left."""
    planned = content["check_mode"]
    steps = [step for step in content["steps"] if step["outcome"] == "changed" and step["check_mode"] == planned]
    changes = [[step["time"], step["task"], _said(step)] for step in steps]
    if outcome not in outcomes.THROUGH and not any(content[state] for state in ("before", "planned", "after")):
        return _so_far(content, changes)
    after = content["planned"] if content["check_mode"] else content["after"]
    shown = html.diff(html.as_lines(content["before"]), html.as_lines(after))
    if not changes:
        return shown or html.text("Nothing.")
    columns = ["time", "looked at by", "what would change"] if planned else ["time", "changed by", "what"]
    same = html.text("In the end it " + ("would be" if planned else "is") + " as it was before. On the way there:")
    return html.stack([shown or same, html.table(columns, changes)])


def _so_far(content: Mapping[str, Any], changes: list[list[str]]) -> html.Shown:
    """Which steps changed something, of a run that has not come to its end: before and after are not known yet."""
    if content["check_mode"]:
        return html.text("Not known: the run has not come to its end.")
    columns = ["time", "changed by, until now: the run has not come to its end", "what"]
    return html.table(columns, changes, empty="Nothing until now.")


def _answer(answer: Mapping[str, Any]) -> str:
    return f"not accepted: {answer['refused']}" if "refused" in answer else answer["answer"]


def _told_once(steps: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The steps without those with which a run that went on looked again, and found the same as before.

    What really changed something, and rows that are no task, are kept each time.
    """
    told: list[Mapping[str, Any]] = []
    known: set[tuple[Any, ...]] = set()
    for step in steps:
        found = (step["task"], step["action"], step["check_mode"], step["outcome"], step.get("found"), _said(step))
        acted = step["outcome"] == "changed" and not step["check_mode"]
        if acted or not step["action"] or found not in known:
            told.append(step)
        known.add(found)
    return told


def _said(step: Mapping[str, Any]) -> str:
    """What a task said, on one line."""
    message = step.get("message") or ""
    return " ".join((message if isinstance(message, str) else json.dumps(message)).split())


def _outcome(step: Mapping[str, Any]) -> str:
    would = step["check_mode"] and step["outcome"] == "changed"
    return "would change" if would else step["outcome"]
