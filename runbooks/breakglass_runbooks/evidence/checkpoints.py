"""Which steps of a run are done, so that it can go on without doing them again.

A step is known by its cell, the parameters and results that the cell names, and `check_mode`. What was changed is not
done again, and what it was done with (the plan it followed, the answers it waited for) stays as it was; a step that was
cut off after it had changed something goes on behind that. All else that only looks, as preflights and verifications
do, looks again, unless its cell says `once`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from breakglass_runbooks import files
from breakglass_runbooks.errors import RunbookError

FILE = "state.json"
TASKS, GATE = "tasks", "gate"
BEGUN = "begun"  # tasks of which the first have changed something, and the others are still to come


@dataclass
class Step:
    """A step that is done, or begun."""

    kind: str  # TASKS, BEGUN or GATE
    key: str
    inputs: list[str]  # the names it was done with
    registered: dict[str, Any] = field(default_factory=dict)  # what it left in variables
    changed: bool = False  # for real
    once: bool = False  # what it saw at first is wanted later too
    time: str = ""  # of its last change, or of its end when it only looked
    events: list[dict[str, Any]] = field(default_factory=list)  # what to show of it


@dataclass
class State:
    """The steps of a run, in the order in which they were done."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    pending: list[Step] = field(default_factory=list)  # of an earlier part of the run, not come to yet
    earlier: list[Step] = field(default_factory=list)  # all of the part before, those that are done again included

    @classmethod
    def load(cls, folder: Path) -> State:
        """The state of a run that goes on."""
        try:
            steps = [Step(**step) for step in json.loads((folder / FILE).read_text(encoding="utf-8"))]
        except FileNotFoundError:
            steps = []
        except (ValueError, TypeError):
            raise RunbookError(f"{folder / FILE} has been damaged. Start a new run.") from None
        return cls(folder, pending=kept(steps), earlier=steps)

    def take(self, kind: str, key: str) -> Step | None:
        """The step if it is done, or begun, already; it counts as that in this part of the run too."""
        step = next((step for step in self.pending if (step.kind, step.key) == (kind, key)), None)
        if step:
            self.pending.remove(step)
            self.add(step)
        return step

    def answered(self, gate: str) -> Step | None:
        """An earlier answer to a gate, to which something else was shown."""
        return next((step for step in self.earlier if step.kind == GATE and gate in step.registered), None)

    def unfinished(self, journal: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
        """The step of the part before that did not come to its end, with the results it was begun with; None: all did.

        Its `task`, empty when a task had told how it ended, and none was running, is what may have been done without
        anybody having told; `time` is when that was heard of last. `journal` are the journal's entries.
        """
        entries = list(journal)
        begun = next((number for number in reversed(range(len(entries))) if entries[number]["event"] == "step"), None)
        if begun is None or entries[begun]["key"] in {step.key for step in self.earlier if step.kind != BEGUN}:
            return None
        events = [entry["event"] for entry in entries[begun:]]
        if "finished" in events:
            return None
        told, tasks = events.count("task"), entries[begun]["tasks"]
        cut_off = "failed" not in events and told < len(tasks)
        last = [entry for entry in entries[begun:] if entry["event"] in ("step", "task")][-1]
        results: dict[str, Any] = {}
        for step in self.earlier:
            results |= step.registered if step.kind == TASKS else {}
        return {"time": last["time"], "task": tasks[told] if cut_off else "", "results": results}

    @property
    def events(self) -> list[dict[str, Any]]:
        """The finished tasks of the steps that are done, in their order."""
        return [event for step in self.steps for event in step.events]

    @property
    def has_acted(self) -> bool:
        """Whether a step that changed something is still to come to, and will not be done again."""
        return any(step.changed for step in self.pending)

    def add(self, step: Step) -> None:
        """Take note of a step that is done, or of how far one has come that is begun."""
        self.steps = [known for known in self.steps if (known.kind, known.key) != (BEGUN, step.key)]
        self.steps.append(step)
        files.write(self.folder / FILE, json.dumps([asdict(step) for step in (*self.steps, *self.pending)]))


def kept(steps: Iterable[Step]) -> list[Step]:
    """The steps that stay done: what changed something, what that was done with, what is done once, all answers."""
    stay: list[Step] = []
    needed: set[str] = set()
    acted = False
    for step in reversed(list(steps)):
        acted = acted or step.changed
        if step.changed or step.once or step.kind == GATE or needed & step.registered.keys():
            stay.append(step)
            if acted:  # an answer after the last change counts only as long as what was shown is the same
                needed.update(step.inputs)
    return stay[::-1]


def used(names: Collection[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the variables that a cell names; whether it may act always counts."""
    return {name: value for name, value in variables.items() if name in names or name == "check_mode"}


def key(source: str, values: Mapping[str, Any]) -> str:
    """What a step is known by."""
    return hashlib.sha256(json.dumps([source, values], sort_keys=True).encode()).hexdigest()
