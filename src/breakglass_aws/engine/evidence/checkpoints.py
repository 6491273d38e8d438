# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps of a run are done, so that a resumed run does not do them again.

A step is identified by its cell, the parameters and results that the cell names, and `check_mode`. A step that changed
something is not done again, and its inputs (the plan it followed, the answers it waited for) stay as they were. A step
that was cut off after a change continues after that change. Steps that only read, such as preflights and verifications,
read again, unless their cell is marked `once`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.evidence.redaction import ENGINE

FILE = "state.json"
TASKS, GATE = "tasks", "gate"
BEGUN = "begun"  # tasks of which some have changed something, and others are not done yet


@dataclass
class Step:
    """A step that is done or has begun."""

    kind: str  # TASKS, BEGUN or GATE
    key: str
    inputs: list[str]  # the names of the variables that it used
    registered: dict[str, Any] = field(default_factory=dict)  # the variables that it set
    changed: bool = False  # not in check mode
    once: bool = False  # later steps need its first result
    time: str = ""  # of its last change, or of its end when it only read
    events: list[dict[str, Any]] = field(default_factory=list)  # its finished tasks, for display


@dataclass
class State:
    """The steps of a run, in the order in which they were done."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    pending: list[Step] = field(default_factory=list)  # of an earlier part of the run, not reached yet
    earlier: list[Step] = field(default_factory=list)  # all of the earlier part, also those that are done again

    @classmethod
    def load(cls, folder: Path) -> State:
        """Return the state of a run that is resumed; raise Damaged when it is not what a run wrote."""
        path = folder / FILE
        try:
            content = reading.json_file(path, list)
        except FileNotFoundError:
            content = []
        if not all(_is_step(step) for step in content):
            raise reading.Damaged(f"{path} is damaged, or of another version. Start a new run.")
        steps = [Step(**step) for step in content]
        return cls(folder, pending=lasting(steps), earlier=steps)

    def claim(self, kind: str, key: str) -> Step | None:
        """Return the step if an earlier part of the run did or began it, and keep it for this part; else None."""
        step = next((step for step in self.pending if (step.kind, step.key) == (kind, key)), None)
        if step:
            self.pending.remove(step)
            self.add(step)
        return step

    def earlier_answer(self, gate: str) -> Step | None:
        """Return an earlier answer to a gate that showed another text."""
        return next((step for step in self.earlier if step.kind == GATE and gate in step.registered), None)

    def unfinished(self, journal: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
        """Return the step of the earlier part that did not report its end, with the results it used; None: all did.

        Its `task` may have been done without a report; it is empty when no task was running. `time` is that of the last
        report. `journal` are the entries of the journal.
        """
        entries = list(journal)
        begun = next((number for number in reversed(range(len(entries))) if entries[number]["event"] == "step"), None)
        if begun is None or entries[begun]["key"] in {step.key for step in self.earlier if step.kind != BEGUN}:
            return None
        events = [entry["event"] for entry in entries[begun:]]
        if "finished" in events:
            return None
        reported, tasks = events.count("task"), entries[begun]["tasks"]
        cut_off = "failed" not in events and reported < len(tasks)
        last = [entry for entry in entries[begun:] if entry["event"] in ("step", "task")][-1]
        results: dict[str, Any] = {}
        for step in self.earlier:
            results |= step.registered if step.kind == TASKS else {}
        return {"time": last["time"], "task": tasks[reported] if cut_off else "", "results": results}

    @property
    def events(self) -> list[dict[str, Any]]:
        """The finished tasks of the steps that are done, in order."""
        return [event for step in self.steps for event in step.events]

    @property
    def has_acted(self) -> bool:
        """Whether a step that changed something, and is not done again, is still ahead."""
        return any(step.changed for step in self.pending)

    def add(self, step: Step) -> None:
        """Record a step that is done, or how far a step has come that has begun."""
        self.steps = [known for known in self.steps if (known.kind, known.key) != (BEGUN, step.key)]
        self.steps.append(step)
        # A step with what has turned out to be a secret is not kept, and done again: its value must not be replaced.
        kept = [step for step in (*self.steps, *self.pending) if ENGINE.data(step.registered) == step.registered]
        files.write(self.folder / FILE, json.dumps([ENGINE.data(asdict(step)) for step in kept]))


def lasting(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that stay done: those that changed something, their inputs, those done once, all answers."""
    stay: list[Step] = []
    needed: set[str] = set()
    acted = False
    for step in reversed(list(steps)):
        acted = acted or step.changed
        if step.changed or step.once or step.kind == GATE or needed & step.registered.keys():
            stay.append(step)
            if acted:  # an answer after the last change is valid only as long as its gate shows the same text
                needed.update(step.inputs)
    return stay[::-1]


def inputs_of(names: Collection[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that a cell names, and `check_mode`."""
    return {name: value for name, value in variables.items() if name in names or name == "check_mode"}


def key(source: str, values: Mapping[str, Any]) -> str:
    """Return the key that identifies a step."""
    return hashlib.sha256(json.dumps([source, values], sort_keys=True).encode()).hexdigest()


_STEP = {"kind": str, "key": str, "inputs": list, "registered": dict, "changed": bool, "once": bool, "time": str}
_STEP |= {"events": list}
_EVENT = {"event": str, "task": str, "action": str, "result": dict, "check_mode": bool, "warnings": list}


def _is_step(step: Any) -> bool:
    """Return whether `step` is what `State.add` writes of one."""
    return (
        isinstance(step, dict)
        and step.keys() <= _STEP.keys()
        and all(isinstance(value, _STEP[name]) for name, value in step.items())
        and {"kind", "key", "inputs"} <= step.keys()
        and step["kind"] in (TASKS, GATE, BEGUN)
        and all(isinstance(name, str) for name in step["inputs"])
        and all(_is_event(event) for event in step.get("events", []))
    )


def _is_event(event: Any) -> bool:
    return isinstance(event, dict) and all(isinstance(event.get(name), kind) for name, kind in _EVENT.items())
