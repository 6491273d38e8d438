"""What is kept of a run: one folder with the backups, and one file that says what was done.

The file is written again after every step, so that a run that breaks off has left what it did until then.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakglass_runbooks.collection import module_util
from breakglass_runbooks.errors import RunbookError

FILE = "evidence.json"


def make_folder(wanted: str, runbook: str) -> Path:
    """Make and return the evidence folder of a run: `wanted`, or a new one named after the runbook and the time.

    Raises RunbookError when it cannot be made or written, or holds the evidence of another run.
    """
    folder = Path(wanted).expanduser().absolute() if wanted else _unused(Path("evidence").absolute(), runbook)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RunbookError(
            f"The evidence folder {folder} cannot be made: {error.strerror}.\n"
            "Set evidence_dir to a folder you may write."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RunbookError(
            f"The evidence folder {folder} is not writable.\nSet evidence_dir to a folder you may write."
        )
    if (folder / FILE).exists():
        raise RunbookError(
            f"The folder {folder} holds the evidence of another run.\n"
            "Set evidence_dir to a new folder, or leave it empty."
        )
    return folder


def _unused(parent: Path, runbook: str) -> Path:
    name = f"{runbook}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    candidates = (parent / f"{name}{suffix}" for suffix in ("", *(f"-{number}" for number in range(2, 100))))
    return next(path for path in candidates if not path.exists())


@dataclass
class Record:
    """What is known of a run so far."""

    runbook: str
    folder: Path
    parameters: dict[str, Any]
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    outcome: str = "unfinished"
    message: str = ""
    before: Any = None
    planned: Any = None
    after: Any = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by access key ID
    backups: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)  # of the people at the gates

    @property
    def changed(self) -> bool:
        """Whether anything was changed; in check mode, whether anything would be."""
        if self.check_mode:
            return self.outcome in ("changed", "removed")
        return any(step["outcome"] == "changed" and not step["check_mode"] for step in self.steps)

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return self.parameters.get("check_mode") is True

    def add(self, event: Mapping[str, Any]) -> None:
        """Take note of a finished task."""
        result = event["result"]
        self.steps.append(
            {
                "time": _now(),
                "task": event["task"],
                "action": event["action"],
                "check_mode": event["check_mode"],
                "outcome": event["event"],
                **({"message": result.get("msg")} if event["event"] in ("failed", "unreachable") else {}),
            }
        )
        for found in _mappings(result):
            session, backup = found.get("session"), found.get("backup")
            if isinstance(session, dict) and session.get("access_key_id"):
                kept = {key: session[key] for key in ("access_key_id", "expiration") if key in session}
                self.sessions[session["access_key_id"]] = {
                    "account_id": found.get("account_id"),
                    "task": event["task"],
                    **kept,
                }
            if isinstance(backup, dict) and backup.get("path") and backup not in self.backups:
                self.backups.append(backup)

    def answer(self, gate: str, answer: str) -> None:
        """Take note of what a person answered; of a secret, only that there was an answer."""
        self.answers.append({"time": _now(), "gate": gate, "answer": answer})

    def conclude(self, plan: Mapping[str, Any], act: Mapping[str, Any]) -> None:
        """Take over what the plan and the act found; an act that was skipped left everything as it was."""
        acted = not act.get("skipped")
        self.before = _state(plan, "before")
        self.planned = _state(plan, "after")
        self.after = _state(act, "after") if acted else self.before
        self.outcome = _outcome(act if acted else plan)

    def unfinished_accounts(self, plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The accounts that could not be dealt with."""
        not_done = module_util("_vocabulary").NOT_DONE
        return [account for account in _accounts(plan, act) if account["outcome"] in not_done]

    def finished_accounts(self, plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The accounts in which something was done."""
        done = ("changed", "removed")
        return [account for account in _accounts(plan, act) if account["outcome"] in done and not self.check_mode]

    def write(self) -> None:
        """Write the file so that it is at any moment complete, and readable for its owner only."""
        content = {
            "runbook": self.runbook,
            "started": self.started.isoformat(timespec="seconds"),
            "written": _now(),
            "check_mode": self.check_mode,
            "parameters": self.parameters,
            "outcome": self.outcome,
            "changed": self.changed,
            "message": self.message,
            "before": self.before,
            "planned": self.planned,
            "after": self.after,
            "sessions": list(self.sessions.values()),
            "backups": self.backups,
            "answers": self.answers,
            "steps": self.steps,
        }
        unfinished = self.folder / f".{FILE}"
        with open(unfinished, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(content, file, indent=2, ensure_ascii=False)
            file.write("\n")
        unfinished.replace(self.folder / FILE)

    def files(self) -> list[tuple[str, str]]:
        """The files of the evidence folder with their SHA-256; the notebook and its page are still being written."""
        return [
            (str(path.relative_to(self.folder)), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix not in (".ipynb", ".html")
        ]


def _state(result: Mapping[str, Any], key: str) -> Any:
    """What a result says about before or after: one state, or one for each account."""
    if "accounts" in result:
        return {account["account_id"]: account.get(key) for account in result["accounts"]}
    return result.get(key)


def _accounts(plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The accounts as they are in the end."""
    return (plan if act.get("skipped") else act).get("accounts", [])


def _outcome(result: Mapping[str, Any]) -> str:
    if "accounts" in result:
        return module_util("_vocabulary").worst(account["outcome"] for account in result["accounts"])
    return result.get("outcome") or ("changed" if result.get("changed") else "unchanged")


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside `value`."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
