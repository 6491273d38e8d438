# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a drill, as `drill.json` holds it: what the runner writes, and report and history read.

Times are ISO 8601 in UTC. A reader ignores keys that it does not know, so a later version may add some.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

FILE = "drill.json"
SCHEMA = 2

SIMULATED, LIVE = "simulated", "live"
HEADLESS, HANDS_ON = "headless", "hands-on"
PASSED, FAILED, INTERRUPTED, NOT_RUN = "passed", "failed", "interrupted", "not run"
VERDICTS = (PASSED, FAILED, INTERRUPTED, NOT_RUN)
LANES = ("runbook", "person", "fault", "judge")
PARTS = ("operator", "approver", "mailbox owner", "attacker")

_Row = TypeVar("_Row")
_TYPES: dict[Any, dict[str, Any]] = {}  # to ask a class for its types takes long


class ResultError(ValueError):
    """A file is not the result of a drill in this schema; the text names the file and what is wrong."""


@dataclass
class TimelineEntry:
    """One thing that happened, or that lasted from `start` to `end`.

    `lane` is one of LANES; `kind` is step, gate, wait, approval, fault, check, kill, resume or hint.
    """

    start: str
    end: str
    lane: str
    actor: str
    kind: str
    text: str


@dataclass
class Person:
    """Someone who took part, and what they did; `part` is one of PARTS."""

    name: str
    part: str
    did: list[str] = field(default_factory=list)


@dataclass
class Fault:
    """A fault of the scenario: its kind, when it begins, what it does, and how many calls it hit."""

    kind: str
    when: str
    text: str
    hits: int = 0


@dataclass
class Check:
    """One finding of the judge. `before` and `after` are what was seen, where the check compares."""

    check: str
    question: str
    passed: bool
    details: str = ""
    before: str | None = None
    after: str | None = None


@dataclass
class Session:
    """A root session that was opened, who opened it for which task, and how many calls it made."""

    time: str
    opener: str
    account: str
    access_key_id: str
    task: str
    calls: int = 0
    in_evidence: bool = True


@dataclass
class Change:
    """A call that changed something: `session` is the access key ID that signed it, `principal` is its ARN."""

    time: str
    principal: str
    session: str
    action: str
    resource: str


@dataclass
class Hint:
    """A hint that a person asked for."""

    time: str
    text: str


@dataclass
class Evidence:
    """The evidence folder of the run, relative to the drill's folder; `manifest` is the SHA-256 of its manifest."""

    folder: str = ""
    manifest: str = ""
    verified: bool = False
    signed: bool = False


@dataclass
class ScenarioResult:
    """One scenario as it went.

    Attributes:
        work_seconds: What the machine worked; `people_seconds` is what it waited for people at gates.
        expected_outcome, outcome: Of the runbook, in the engine's words (changed, blocked, ...).
        why: A line for each reason why the verdict is not "passed".
    """

    name: str
    title: str
    story: str
    runbook: str
    parameters: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    objective_seconds: float = 0
    expected_outcome: str = ""
    outcome: str = ""
    exit_status: int | None = None
    started: str = ""
    ended: str = ""
    seconds: float = 0.0
    work_seconds: float = 0.0
    people_seconds: float = 0.0
    verdict: str = NOT_RUN
    why: list[str] = field(default_factory=list)
    timeline: list[TimelineEntry] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def passed(self) -> bool:
        """Whether the runbook did what the scenario expects, and the judge agrees."""
        return self.verdict == PASSED


@dataclass
class DrillResult:
    """A whole drill. `by` is who ran it, `organization` is the name of the organization file."""

    started: str
    ended: str = ""
    kind: str = SIMULATED
    mode: str = HEADLESS
    interrupted: bool = False
    by: str = ""
    organization: str = "default"
    versions: dict[str, str] = field(default_factory=dict)
    verdict: str = FAILED
    scenarios: list[ScenarioResult] = field(default_factory=list)
    schema: int = SCHEMA

    def conclude(self) -> None:
        """Derive the verdict: interrupted when the drill was, passed when each of at least one scenario passed."""
        all_passed = bool(self.scenarios) and all(one.passed for one in self.scenarios)
        self.verdict = INTERRUPTED if self.interrupted else PASSED if all_passed else FAILED


def now() -> str:
    """The time now, as results have it: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write(result: DrillResult, folder: Path) -> Path:
    """Write `drill.json` into the folder of a drill, complete at any moment and readable by its owner only."""
    path = folder / FILE
    unfinished = path.with_name(f".{FILE}")
    with open(unfinished, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        content = {"schema": result.schema, **dataclasses.asdict(result)}
        file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    unfinished.replace(path)
    return path


def read(path: Path) -> DrillResult:
    """Read a `drill.json` of schema 2.

    Raises:
        ResultError: It cannot be read, is of another schema, or lacks something.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ResultError(f"{path}: is not JSON in UTF-8") from None
    return of(content, str(path))


def of(content: Any, where: str) -> DrillResult:
    """Make the result of its data; `where` names its source in errors.

    Raises:
        ResultError: It is of another schema, or lacks something.
    """
    if not isinstance(content, dict) or "schema" not in content:
        raise ResultError(f"{where}: is not the result of a drill: it has no schema")
    if content["schema"] != SCHEMA:
        raise ResultError(f"{where}: has schema {content['schema']!r}. Expected {SCHEMA}.")
    return _made(DrillResult, content, where)


def _made(kind: type[_Row], given: Any, where: str) -> _Row:
    """Make a row of its data, without the keys that it does not have."""
    if not isinstance(given, Mapping):
        raise ResultError(f"{where}: expected a mapping, found {type(given).__name__}")
    hints = _types(kind)
    values = {name: _value(hint, given[name], f"{where}: {name}") for name, hint in hints.items() if name in given}
    if (verdict := values.get("verdict", FAILED)) not in VERDICTS:
        raise ResultError(f"{where}: verdict: {verdict!r} is not accepted. Expected {', '.join(VERDICTS)}.")
    try:
        return kind(**values)
    except TypeError:
        needed = [each.name for each in dataclasses.fields(kind) if each.name not in given]  # type: ignore[arg-type]
        raise ResultError(f"{where}: has no {', '.join(needed)}") from None


def _types(kind: Any) -> dict[str, Any]:
    if kind not in _TYPES:
        _TYPES[kind] = get_type_hints(kind)
    return _TYPES[kind]


def _value(hint: Any, given: Any, where: str) -> Any:
    """Check one value against its type; rows and lists of rows are made of their data."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _made(hint, given, where)
    arguments = get_args(hint)
    if getattr(hint, "__origin__", None) is list:
        if not isinstance(given, list):
            raise ResultError(f"{where}: expected a list, found {type(given).__name__}")
        return [_value(arguments[0], one, f"{where}[{index}]") for index, one in enumerate(given)]
    if getattr(hint, "__origin__", None) is dict:
        accepted: tuple[Any, ...] = (dict,)
    else:
        accepted = arguments or (hint,)
    if hint is float:
        accepted = (int, float)
    if not isinstance(given, accepted) or (isinstance(given, bool) and bool not in accepted):
        names = " or ".join("null" if one is type(None) else one.__name__ for one in accepted)
        raise ResultError(f"{where}: expected {names}, found {type(given).__name__}")
    return given
