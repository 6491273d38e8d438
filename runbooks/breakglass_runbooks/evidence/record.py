"""What is kept of a run: one folder with the backups, and one file that says what was done.

The file is written again after every step, so that a run that breaks off has left what it did until then.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_runbooks import files, results, times
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import checkpoints, journal

FILE = "evidence.json"
UNFINISHED = (journal.FILE, checkpoints.FILE, "report.md")
# More than the journal of a run takes: when this much cannot be written, a run must not begin.
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
            "Set evidence_dir to a folder you may write."
        ) from None
    _probe(folder)
    if (folder / FILE).exists():
        raise RunbookError(
            f"The folder {folder} holds the evidence of another run.\n"
            "Set evidence_dir to a new folder, or leave it empty."
        )
    return folder


def _probe(folder: Path) -> None:
    """Raise RunbookError unless there is room in a folder that can be written."""
    probe = folder / ".room"
    try:
        with open(probe, "wb") as file:
            file.write(bytes(ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise RunbookError(
            f"The evidence folder {folder} cannot be written: {error.strerror}.\n"
            "Nothing is done that cannot be proved. Make room, or set evidence_dir to a folder you may write."
        ) from None
    finally:
        probe.unlink(missing_ok=True)


def _unused(parent: Path, runbook: str) -> Path:
    name = f"{runbook}-{times.now():%Y%m%dT%H%M%SZ}"
    candidates = (parent / f"{name}{suffix}" for suffix in ("", *(f"-{number}" for number in range(2, 100))))
    return next(path for path in candidates if not path.exists())


@dataclass
class Record:
    """What is known of a run so far."""

    runbook: str
    folder: Path
    parameters: dict[str, Any]
    started: datetime = field(default_factory=times.now)
    outcome: str = "unfinished"
    message: str = ""
    remark: str = ""  # what whoever reads only the outcome must know
    before: Any = None
    planned: Any = None
    after: Any = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by access key ID
    backups: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)  # of the people at the gates
    approvals: list[dict[str, Any]] = field(default_factory=list)  # and that none was wanted, or none could be had
    regions: list[str] = field(default_factory=list)  # where something was looked at or changed
    unfinished: list[dict[str, Any]] = field(default_factory=list)  # steps that were killed or failed, see `state`
    recovery_open_in: list[str] = field(default_factory=list)  # accounts; by this run, and not closed again
    actor: str = ""  # the ARN of whoever calls AWS, once it is known

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a run has been written down there."""
        return (folder / FILE).exists()

    @classmethod
    def load(cls, folder: Path) -> Record:
        """What was written down of a run that goes on."""
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        record = cls(content["runbook"], folder, content["parameters"], datetime.fromisoformat(content["started"]))
        record.sessions = {session["access_key_id"]: session for session in content["sessions"]}
        for name in ("steps", "backups", "answers", "approvals", "regions", "unfinished", "actor", "recovery_open_in"):
            setattr(record, name, content[name])
        return record

    def journal(self, event: str, **details: Any) -> None:
        """Add to the journal, before the run goes on."""
        journal.Journal(self.folder).append(event, actor=self.actor or None, **details)

    @property
    def changed(self) -> bool:
        """Whether anything was changed; in check mode, whether anything would be."""
        if self.check_mode:
            return self.outcome in ("changed", "removed")
        acted = any(step.get("acted", step["outcome"] == "changed" and not step["check_mode"]) for step in self.steps)
        return acted or (self.after is not None and self._differs_since_an_unfinished_step)

    @property
    def _differs_since_an_unfinished_step(self) -> bool:
        """Whether what such a step was begun with is not as it is now: nobody has told what it did."""
        return bool(self.unfinished) and self.before != self.after

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return self.parameters.get("check_mode") is True

    def add(self, event: results.Event) -> None:
        """Record a finished task, in the evidence and in the journal."""
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
        row = {"time": times.text(), "task": event["task"], "action": event["action"], "outcome": "unknown"}
        self.steps.append({**row, "check_mode": event["check_mode"], "acted": acted})
        self.journal("unknown", task=event["task"], module=event["action"], check_mode=event["check_mode"])
        self.write()

    def resumed(self, unfinished: dict[str, Any] | None, journal: Iterable[Mapping[str, Any]] = ()) -> None:
        """Take note that the run goes on, which step did not come to its end before, and by the journal why not."""
        if unfinished:
            self.unfinished.append(unfinished)
        if unfinished and unfinished["task"]:
            words = f"Cut off, so that nobody has told whether it was done: {unfinished['task']}"
            self._mark(unfinished["time"], words, "unfinished")
        self._mark(times.text(), f"The run goes on, and looks again. Before, it {_stopped(journal)}.", "resumed")

    def _mark(self, time: str, words: str, outcome: str) -> None:
        """A row among the steps that is no task."""
        row = {"time": time, "task": words, "action": "", "check_mode": self.check_mode, "outcome": outcome}
        self.steps.append(row)

    def answer(self, gate: str, answer: str, found: bool = False) -> None:
        """Take note of what a person answered; of a secret, only that there was an answer.

        One that was `found` in the run's folder, as an approval is, is found again each time the run goes on.
        """
        known = any((one["gate"], one["answer"]) == (gate, answer) for one in self.answers)
        if not (found and known):
            self.answers.append({"time": times.text(), "gate": gate, "answer": answer})
        self.journal("answer", gate=gate, answer=answer)

    def refuse(self, gate: str, why: str) -> None:
        """Take note of an answer that did not open a gate."""
        self.answers.append({"time": times.text(), "gate": gate, "answer": "", "refused": why})
        self.journal("refused", gate=gate, why=why)

    def approve(self, approval: dict[str, Any]) -> None:
        """Take note of who let a plan be carried out; a run that goes on reads the same approval again."""
        if not any(approval.items() <= known.items() for known in self.approvals):
            self.approvals.append({"time": times.text(), **approval})
        self.journal("approval", **approval)

    def conclude(self, plan: Mapping[str, Any], act: Mapping[str, Any], name: str = "") -> None:
        """Take over what the plan and the act found; an act that was skipped left everything as it was.

        Where a step was killed, the plan of the same `name` from before says how it stood before the run.
        """
        acted = not act.get("skipped")
        earlier = [step["results"][name] for step in self.unfinished if name in step["results"]]
        self.before = results.state((earlier or [plan])[0], "before")
        self.planned = results.state(plan, "after")
        self.after = results.state(act, "after") if acted else results.state(plan, "before")
        self.outcome = results.outcome(act if acted else plan)
        if self.outcome in ("unchanged", "absent") and not self.check_mode and self.changed:
            self.outcome = (
                "changed"  # by a step that was killed half-way: nothing was left to do for the rest of the run
            )

    def write(self) -> None:
        """Write the file so that it is at any moment complete, and readable for its owner only."""
        content = {
            "runbook": self.runbook,
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
        files.write(self.folder / FILE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def listed(self) -> list[tuple[str, str]]:
        """The files of the evidence folder with their SHA-256, without those that are still being written."""
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
    "partial": "stopped half-way",
}


def _stopped(journal: Iterable[Mapping[str, Any]]) -> str:
    """How the part of a run before this one ended."""
    marks = [entry for entry in journal if entry["event"] in ("started", "resumed", "ended")]
    outcome = marks[-1]["outcome"] if marks and marks[-1]["event"] == "ended" else ""
    return _STOPS.get(outcome, "did not come to its end")
