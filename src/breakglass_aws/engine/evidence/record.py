# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a run: one folder with the backups, and one file that states what was done.

The file is written again after each step, so that a run that breaks off leaves what it did until then.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, results, times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import checkpoints, journal, reading
from breakglass_aws.engine.evidence.call_ledger import FILE as CALLS
from breakglass_aws.engine.evidence.call_ledger import CallLedger
from breakglass_aws.engine.evidence.redaction import ENGINE

FILE = "evidence.json"
UNFINISHED = (journal.FILE, CALLS, checkpoints.FILE, "report.md")
# More than the journal of a run takes: when this much cannot be written, a run must not start.
ROOM = 256 * 1024


def make_folder(wanted: str, runbook: str) -> Path:
    """Make and return the evidence folder of a run: `wanted`, or a new one named after the runbook and the time.

    Raises RunbookError when it cannot be made or written, or holds the evidence of another run.
    """
    folder = Path(wanted).expanduser().resolve() if wanted else _unused(Path("evidence").absolute(), runbook)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RunbookError(
            f"The evidence folder {folder} cannot be made: {error.strerror}.\n"
            "Set evidence_dir to a folder that you can write."
        ) from None
    _probe(folder)
    if (folder / FILE).exists():
        raise RunbookError(
            f"The folder {folder} holds the evidence of another run.\n"
            "Set evidence_dir to a new folder, or leave it empty."
        )
    return folder


def _probe(folder: Path) -> None:
    """Raise RunbookError unless the folder can be written and has room."""
    probe = folder / ".room"
    try:
        with open(probe, "wb") as file:
            file.write(bytes(ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RunbookError(
            f"The evidence folder {folder} cannot be written: {error.strerror}.\n"
            "Nothing is done that cannot be proved. Make room, or set evidence_dir to a folder that you can write."
        ) from None
    finally:
        probe.unlink(missing_ok=True)


def _unused(parent: Path, runbook: str) -> Path:
    name = f"{runbook}-{times.now():%Y%m%dT%H%M%SZ}"
    candidates = (parent / f"{name}{suffix}" for suffix in ("", *(f"-{number}" for number in range(2, 100))))
    return next(path for path in candidates if not path.exists())


# What of the file a resumed run continues with, and of which kind each is.
_CONTINUED = {
    "steps": list,
    "backups": list,
    "answers": list,
    "approvals": list,
    "regions": list,
    "unfinished": list,
    "actor": str,
    "recovery_open_in": list,
}
_REQUIRED = {"runbook": str, "started": str, "parameters": dict, "sessions": list, "changed": bool, **_CONTINUED}
_REQUIRED |= {"check_mode": bool, "remark": str, "outcome": str}


def read(folder: Path) -> dict[str, Any]:
    """Return the content of the evidence file in `folder`.

    Raises FileNotFoundError when there is none, Damaged when it is not what a run wrote.
    """
    path = folder / FILE
    content: dict[str, Any] = reading.json_file(path)
    for name, kind in _REQUIRED.items():
        if not isinstance(content.get(name), kind):
            raise reading.Damaged(f"{path} cannot be read: {name} is missing or of another kind.")
    if not all(isinstance(each, dict) and isinstance(each.get("access_key_id"), str) for each in content["sessions"]):
        raise reading.Damaged(f"{path} cannot be read: sessions is not a list of root sessions.")
    try:
        started = datetime.fromisoformat(content["started"])
    except ValueError:
        started = None
    if started is None or started.tzinfo is None:
        raise reading.Damaged(f"{path} cannot be read: started is not a time.")
    return content


@dataclass
class Record:
    """What is known of a run so far."""

    runbook: str
    folder: Path
    parameters: dict[str, Any]
    started: datetime = field(default_factory=times.now)
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))  # approvals are for one run
    outcome: str = "unfinished"
    message: str = ""
    remark: str = ""  # what a reader of the outcome alone must know
    before: Any = None
    planned: Any = None
    after: Any = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by access key ID
    backups: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)  # of the people at the gates
    approvals: list[dict[str, Any]] = field(default_factory=list)  # and that none was configured, or none available
    regions: list[str] = field(default_factory=list)  # where something was read or changed
    unfinished: list[dict[str, Any]] = field(default_factory=list)  # steps that were killed or failed, see checkpoints
    recovery_open_in: list[str] = field(default_factory=list)  # accounts in which this run left password recovery open
    actor: str = ""  # the ARN of the caller of AWS, once it is known
    user: str = ""  # who runs this on which machine

    def __post_init__(self) -> None:
        self.ledger = CallLedger(self.folder)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Return whether the folder holds the evidence of a run."""
        return (folder / FILE).exists()

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Return the record of a run that is resumed; raise RunbookError when it is missing or damaged."""
        try:
            content = read(folder)
        except FileNotFoundError:
            raise RunbookError(f"There is no evidence of a run in {folder}.") from None
        record = cls(content["runbook"], folder, content["parameters"], datetime.fromisoformat(content["started"]))
        record.sessions = {session["access_key_id"]: session for session in content["sessions"]}
        record.run_id = str(content.get("run_id") or record.run_id)  # version 0.1 had none
        record.user = str(content.get("user") or "")
        for name in _CONTINUED:
            setattr(record, name, content[name])
        return record

    def journal(self, event: str, **details: Any) -> None:
        """Add an entry to the journal, before the run continues."""
        journal.Journal(self.folder).append(event, actor=self.actor or None, **details)

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries of the journal."""
        return journal.Journal(self.folder).entries()

    @property
    def changed(self) -> bool:
        """Whether anything was changed; in check mode, whether anything would be."""
        if self.check_mode:
            return self.outcome in results.DONE
        acted = any(step.get("acted", step["outcome"] == "changed" and not step["check_mode"]) for step in self.steps)
        return acted or (self.after is not None and self._differs_since_an_unfinished_step)

    @property
    def _differs_since_an_unfinished_step(self) -> bool:
        """Whether the state has changed since a step began that did not report its end."""
        return bool(self.unfinished) and self.before != self.after

    @property
    def check_mode(self) -> bool:
        """Whether the run only plans."""
        return self.parameters.get("check_mode") is True

    def add(self, event: results.Event) -> None:
        """Record a finished task, in the evidence and in the journal."""
        written = self.ledger.of_task()
        if results.died(event) and written:
            event = {**event, "calls": written}  # the result that has them is lost
        result, message = event["result"], results.message(event)
        self.steps.append(
            {
                "time": times.text(),
                "task": event["task"],
                "action": event["action"],
                "check_mode": event["check_mode"],
                "outcome": event["event"],
                "acted": results.acted(event),
                "found": results.fingerprint(result),
                **({"message": message} if message else {}),
            }
        )
        self.regions = [*dict.fromkeys([*self.regions, *results.regions(result)])]
        self.actor = results.actor(result) or self.actor
        opened = results.sessions(result)
        for session in opened:
            # set_fact repeats the result of the task that opened the session: the first task counts.
            details = {key: value for key, value in session.items() if key != "account_id"}
            entry = {"account_id": session["account_id"], "task": event["task"], **details}
            self.sessions.setdefault(session["access_key_id"], entry)
        self.backups += [backup for backup in results.backups(result) if backup not in self.backups]
        if not event["check_mode"]:
            self.recovery_open_in = results.recovery_open_in(self.recovery_open_in, result)
        self.journal(
            "task",
            task=event["task"],
            module=event["action"],
            check_mode=event["check_mode"],
            outcome=event["event"],
            accounts=results.account_ids(result),
            sessions=sorted({session["access_key_id"] for session in opened}),
            actions=results.actions(result),
            calls=event.get("calls", []),
        )
        if results.acted(event):
            self.write()  # before the cell ends, so that a killed run keeps it

    def add_unknown(self, event: results.Event) -> None:
        """Record a task that began and ended without a result; `event` is its beginning."""
        acted = not event["check_mode"] and not results.reads_only(event["action"])
        calls = self.ledger.of_task()
        row = {"time": times.text(), "task": event["task"], "action": event["action"], "outcome": "unknown"}
        self.steps.append({**row, "check_mode": event["check_mode"], "acted": acted})
        details = {"task": event["task"], "module": event["action"], "check_mode": event["check_mode"]}
        self.journal("unknown", **details, calls=calls)
        self.write()

    def resumed(self, unfinished: dict[str, Any] | None, journal: Sequence[Mapping[str, Any]] = ()) -> None:
        """Record that the run is resumed, which step did not report its end, and by the journal how it stopped."""
        if calls := self.ledger.unreported(journal):
            self.journal("unknown", task=unfinished["task"] if unfinished else "", calls=calls)
        if unfinished:
            self.unfinished.append(unfinished)
        if unfinished and unfinished["task"]:
            words = f"Cut off. It is not known whether this was done: {unfinished['task']}"
            self._mark(unfinished["time"], words, "unfinished")
        self._mark(times.text(), f"Resumed. Before, the run {_stopped(journal)}.", "resumed")

    def _mark(self, time: str, words: str, outcome: str) -> None:
        """Add a row among the steps that is not a task."""
        row = {"time": time, "task": words, "action": "", "check_mode": self.check_mode, "outcome": outcome}
        self.steps.append(row)

    def answer(self, gate: str, answer: str, found: bool = False) -> None:
        """Record the answer of a person; of a secret, only that there was one.

        An answer that was `found` in the run's folder, such as an approval, is found again each time the run resumes.
        """
        known = any((each["gate"], each["answer"]) == (gate, answer) for each in self.answers)
        if not (found and known):
            self.answers.append({"time": times.text(), "gate": gate, "answer": answer})
        self.journal("answer", gate=gate, answer=answer)

    def refuse(self, gate: str, why: str) -> None:
        """Record an answer that did not open a gate."""
        self.answers.append({"time": times.text(), "gate": gate, "answer": "", "refused": why})
        self.journal("refused", gate=gate, why=why)

    def approve(self, approval: dict[str, Any], observed_since: Collection[str] = ()) -> None:
        """Record who approved a plan, and what is seen otherwise since then.

        A resumed run reads the same approval again, and records it once.
        """
        kept = next((known for known in self.approvals if approval.items() <= known.items()), None)
        if kept is None:
            self.approvals.append(kept := {"time": times.text(), **approval})
        since = {"observed_since": [*observed_since]} if observed_since else {}
        kept.update(since)
        self.journal("approval", **approval, **since)

    def conclude(self, plan: Mapping[str, Any], act: Mapping[str, Any], name: str = "") -> None:
        """Record what the plan and the act found; an act that was skipped left everything as it was.

        If a step was killed, the earlier plan of the same `name` has the state before the run.
        """
        acted = not act.get("skipped")
        earlier = [step["results"][name] for step in self.unfinished if name in step["results"]]
        self.before = results.state((earlier or [plan])[0], "before")
        self.planned = results.state(plan, "after")
        self.after = results.state(act, "after") if acted else results.state(plan, "before")
        self.outcome = results.outcome(act if acted else plan)
        if self.outcome in ("unchanged", "absent") and not self.check_mode and self.changed:
            self.outcome = "changed"  # by a step that was killed: nothing was left to do for the rest of the run

    def write(self) -> None:
        """Write the file, complete at any moment and readable by its owner only."""
        content = {
            "runbook": self.runbook,
            "run_id": self.run_id,
            "user": self.user,
            "started": times.text(self.started),
            "written": times.text(),
            "check_mode": self.check_mode,
            "parameters": self.parameters,
            "outcome": self.outcome,
            "changed": self.changed,
            "message": self.message,
            "remark": self.remark,
            "before": self.before,
            "planned": self.planned,
            "after": self.after,
            "sessions": list(self.sessions.values()),
            "backups": self.backups,
            "answers": self.answers,
            "approvals": self.approvals,
            "regions": self.regions,
            "unfinished": self.unfinished,
            "recovery_open_in": self.recovery_open_in,
            "actor": self.actor,
            "steps": self.steps,
        }
        files.write(self.folder / FILE, json.dumps(ENGINE.data(content), indent=2, ensure_ascii=False) + "\n")

    def listed(self) -> list[tuple[str, str]]:
        """Return the files of the evidence folder with their SHA-256, without those that are still written to."""
        return [
            (str(path.relative_to(self.folder)), hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix not in (".ipynb", ".html") and path.name not in UNFINISHED
        ]


_STOPS = {
    "waiting": "waited for a person",
    "interrupted": "was interrupted",
    "blocked": "was blocked",
    "failed": "failed",
    "partial": "stopped with part of its work done",
}


def _stopped(journal: Iterable[Mapping[str, Any]]) -> str:
    """Return how the part of the run before this one ended."""
    marks = [entry for entry in journal if entry["event"] in ("started", "resumed", "ended")]
    outcome = marks[-1]["outcome"] if marks and marks[-1]["event"] == "ended" else ""
    return _STOPS.get(outcome, "ended without a report")
