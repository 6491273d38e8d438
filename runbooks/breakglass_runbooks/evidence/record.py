"""What is kept of a run: one folder with the backups, and one file that says what was done.

The file is written again after every step, so that a run that breaks off has left what it did until then.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from breakglass_runbooks import files, times
from breakglass_runbooks.collection import module_util
from breakglass_runbooks.display.views import root_credentials
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import checkpoints, journal
from breakglass_runbooks.gates import approval

FILE = "evidence.json"
UNFINISHED = (journal.FILE, checkpoints.FILE, "report.md")
# More than the journal of a run takes: when this much cannot be written, a run must not begin.
ROOM = 256 * 1024
_NEW_EACH_TIME = approval.OF_THE_MOMENT | {"sessions"}


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
        acted = any(step["outcome"] == "changed" and not step["check_mode"] for step in self.steps)
        return acted or (self.after is not None and self._differs_since_an_unfinished_step)

    @property
    def _differs_since_an_unfinished_step(self) -> bool:
        """Whether what such a step was begun with is not as it is now: nobody has told what it did."""
        return bool(self.unfinished) and self.before != self.after

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be changed."""
        return self.parameters.get("check_mode") is True

    def add(self, event: Mapping[str, Any]) -> None:
        """Take note of a finished task."""
        result = event["result"]
        self.steps.append(
            {
                "time": times.text(),
                "task": event["task"],
                "action": event["action"],
                "check_mode": event["check_mode"],
                "outcome": event["event"],
                "found": _fingerprint(result),
                **({"message": said} if (said := _said(event)) else {}),
            }
        )
        accounts, sessions = set(), set()
        for found in _mappings(result):
            backup, caller = found.get("backup"), found.get("caller")
            accounts |= {found["account_id"]} if isinstance(found.get("account_id"), str) else set()
            if isinstance(found.get("region"), str) and found["region"] not in self.regions:
                self.regions.append(found["region"])
            if isinstance(caller, dict) and isinstance(caller.get("arn"), str):
                self.actor = caller["arn"]
            for session in _opened(found):
                sessions.add(session["access_key_id"])
                kept = {key: session[key] for key in ("access_key_id", "expiration") if key in session}
                # set_fact repeats the result of the task that opened it
                self.sessions.setdefault(
                    session["access_key_id"],
                    {"account_id": found.get("account_id"), "task": event["task"], **kept},
                )
            if isinstance(backup, dict) and backup.get("path") and backup not in self.backups:
                self.backups.append(backup)
        if not event["check_mode"]:
            self._follow_recovery(result)
        self.journal(
            "task",
            task=event["task"],
            module=event["action"],
            check_mode=event["check_mode"],
            outcome=event["event"],
            accounts=sorted(accounts),
            sessions=sorted(sessions),
            actions=_actions(result),
            calls=event.get("calls", []),
        )
        if event["event"] == "changed":
            self.write()  # so that the run knows it, should it be killed before the cell has ended

    def _follow_recovery(self, result: Mapping[str, Any]) -> None:
        """Keep in mind in which accounts somebody could become root by what this run has opened."""
        for account in _each_account(result):
            after = account.get("after") or {}
            if account.get("outcome") in ("changed", "unchanged") and after.get("kind") in ("recovery", "password"):
                self.recovery_open_in = [*dict.fromkeys([*self.recovery_open_in, account["account_id"]])]
            elif after.get("kind") == "none" or (after.get("password") or {}).get("present") is False:
                self.recovery_open_in = [one for one in self.recovery_open_in if one != account["account_id"]]

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
        self.before = _state((earlier or [plan])[0], "before")
        self.planned = _state(plan, "after")
        self.after = _state(act, "after") if acted else _state(plan, "before")
        self.outcome = _outcome(act if acted else plan)
        if self.outcome in ("unchanged", "absent") and not self.check_mode and self.changed:
            self.outcome = (
                "changed"  # by a step that was killed half-way: nothing was left to do for the rest of the run
            )

    def unfinished_accounts(self, plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The accounts that could not be dealt with."""
        not_done = module_util("_constants").NOT_DONE
        return [account for account in _accounts(plan, act) if account["outcome"] in not_done]

    def finished_accounts(self, plan: Mapping[str, Any], act: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The accounts in which something was done."""
        done = ("changed", "removed")
        return [account for account in _accounts(plan, act) if account["outcome"] in done and not self.check_mode]

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
        return module_util("_constants").worst(account["outcome"] for account in result["accounts"])
    return result.get("outcome") or ("changed" if result.get("changed") else "unchanged")


def _actions(result: Mapping[str, Any]) -> list[str]:
    """What a module says that it did to change something, or in check mode would do."""
    places = [result, *_each_account(result)]
    return [call for place in places for call in place.get("actions") or [] if isinstance(call, str)]


def _said(event: Mapping[str, Any]) -> Any:
    """What a task has to tell people: why it failed, its message, or what it changed."""
    result = event["result"]
    if event["event"] == "changed":
        return ", ".join([*_actions(result), *_switched(result), *_removed(result)])
    tells = event["action"] in ("ansible.builtin.assert", "ansible.builtin.debug") and event["event"] == "ok"
    return result.get("msg") if tells or event["event"] in ("failed", "unreachable") else None


def _fingerprint(result: Mapping[str, Any]) -> str:
    """Tells apart what a task found at different times: the SHA-256 of its result, without what is new each time."""
    lasting = approval.lasting(result, _NEW_EACH_TIME)
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def _each_account(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in result.get("accounts") or [] if isinstance(one, dict)]


def _switched(result: Mapping[str, Any]) -> list[str]:
    """That a module opened or closed password recovery, or in check mode would."""
    words = {"changed": "password recovery opened", "removed": "password recovery closed"}
    accounts = [one for one in _each_account(result) if "kind" in (one.get("after") or {})]
    return [words[account["outcome"]] for account in accounts if account["outcome"] in words]


def _removed(result: Mapping[str, Any]) -> list[str]:
    """The items that a module says it removed, or in check mode would, in words."""
    return [
        _identity(item, account)
        for account in _each_account(result)
        for item in account.get("items") or []
        if item.get("outcome") == "removed"
    ]


def _identity(item: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    """An item in words; a user has but one password, which has no ID."""
    kind = root_credentials.kind_of(item, account)
    return kind if item["kind"] == "password" else f"{kind} {item['id']}"


def _opened(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The root sessions a module says it opened: one as `session`, several as `sessions` beside the account's ID.

    Without one, `sessions` are what root_activity_info tells of others.
    """
    told = [found.get("session"), *(found.get("sessions") or [] if "account_id" in found else [])]
    return [session for session in told if isinstance(session, dict) and session.get("access_key_id")]


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside `value`."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _mappings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mappings(item)
