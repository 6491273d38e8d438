# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of notifications: a template for each kind, and the data that it is given.

A template sees only what a function here picks by name. Answers, parameters and credentials are not among it, and the
text passes the redactor of this process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction

WAITING, RECOVERY_OPEN, UNREADY, DRILL_OVERDUE, ROOT_USE, ACCOUNT_LEFT = (
    "waiting",
    "recovery_open",
    "unready",
    "drill_overdue",
    "root_use",
    "account_left",
)
KINDS = {
    WAITING: "a run waits at a gate for a person",
    RECOVERY_OPEN: "a run left password recovery of a root user open",
    UNREADY: "a recovery would fail in an account",
    DRILL_OVERDUE: "a drill is overdue by the schedule",
    ROOT_USE: "a root user was used, and no recorded run explains it",
    ACCOUNT_LEFT: "an account left the organization",
}
LONGEST = 4_000  # characters: what the common chat services take in one message
_TEMPLATES = Path(__file__).parent / "templates"
_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40,}(?![A-Za-z0-9/+=])")


@dataclass(frozen=True)
class Message:
    """What is sent: the kind, a title of one line, and a text."""

    kind: str
    title: str
    text: str


def message(kind: str, data: Mapping[str, Any], templates: Path | None = None) -> Message | None:
    """Return the message of a kind for the data, or None when the data has nothing to report.

    Args:
        kind: One of KINDS.
        data: For `unready`, the result of recovery_readiness_info; for `drill_overdue`, what `breakglass drill --due
            --list --json` prints; for the others, what their functions here name.
        templates: A folder with templates of the user, named as the kinds. They come before ours.

    Raises:
        RunbookError: The data is not of this kind, or a template is wrong.
    """
    try:
        known = _PICK[kind](data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunbookError(
            f"The data for the notification {kind} cannot be used: {type(error).__name__}: {error}. Expected JSON of "
            f"{_EXPECTED[kind]}."
        ) from None
    if known is None:
        return None
    title, _, text = _render(kind, known, templates).partition("\n")
    shown = redaction.safe(text.strip())
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST - 20].rstrip()}\n… (shortened)"
    return Message(kind, redaction.safe(title.strip())[:200], shown)


def _render(kind: str, known: Mapping[str, Any], templates: Path | None) -> str:
    places = [*([templates] if templates else []), _TEMPLATES]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(place) for place in places]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text, which no recipient takes for markup
    )
    try:
        return environment.get_template(f"{kind}.j2").render(known)
    except (jinja2.TemplateError, OSError, TypeError) as error:
        raise RunbookError(f"The template {kind}.j2 cannot be used: {error}") from None


def _plain(value: Any) -> str:
    """Return a value from elsewhere as one line, without what has the form of a secret access key."""
    return _SECRET.sub(redaction.HIDDEN, " ".join(str(value).split()))


def _of_run(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return what all messages about a run have, and the values with these names."""
    return {
        **{name: str(data[name]) for name in ("folder", "resume")},
        **{name: _plain(data[name]) for name in ("runbook", *names)},
        "accounts": [_plain(one) for one in data["accounts"]],
    }


def _waiting(data: Mapping[str, Any]) -> dict[str, Any]:
    return _of_run(data, "gate")


def _recovery_open(data: Mapping[str, Any]) -> dict[str, Any]:
    return _of_run(data, "close_by")


def _unready(data: Mapping[str, Any]) -> dict[str, Any] | None:
    failing = [
        {
            "account_id": _plain(account["account_id"]),
            "name": _plain(account.get("name") or ""),
            "recovery": _plain(recovery),
            "reason": _plain(judged["reasons"][0]["text"]) if judged.get("reasons") else "",
            "fix": _plain(judged["reasons"][0].get("fix") or "") if judged.get("reasons") else "",
        }
        for account in data["accounts"]
        for recovery, judged in (account.get("recoveries") or {}).items()
        if judged["verdict"] == "fails"
    ]
    unknown = sum(
        judged["verdict"] == "unknown"
        for account in data["accounts"]
        for judged in (account.get("recoveries") or {}).values()
    )
    accounts = sorted({one["account_id"] for one in failing})
    return {"failing": failing, "unknown": unknown, "accounts": accounts} if failing else None


def _drill_overdue(data: Mapping[str, Any]) -> dict[str, Any] | None:
    late = [
        {"name": _plain(item["name"]), "state": _plain(item["state"]), "due": _plain(item["due"] or "")}
        for item in data["items"]
        if item["overdue"]
    ]
    return {"late": late} if late else None


def _root_use(data: Mapping[str, Any]) -> dict[str, Any]:
    events = [_plain(one) for one in data["events"]]
    return {"account_id": _plain(data["account_id"]), "events": events, "plan": _plain(data.get("plan") or "")}


def _account_left(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"account_id": _plain(data["account_id"]), "events": [_plain(one) for one in data["events"]]}


_PICK: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    WAITING: _waiting,
    RECOVERY_OPEN: _recovery_open,
    UNREADY: _unready,
    DRILL_OVERDUE: _drill_overdue,
    ROOT_USE: _root_use,
    ACCOUNT_LEFT: _account_left,
}
_EXPECTED = {
    WAITING: "runbook, gate, folder, resume and accounts",
    RECOVERY_OPEN: "runbook, folder, resume, close_by and accounts",
    UNREADY: "the module recovery_readiness_info",
    DRILL_OVERDUE: "the command `breakglass drill --due --list --json`",
    ROOT_USE: "account_id, events and plan",
    ACCOUNT_LEFT: "account_id and events",
}
