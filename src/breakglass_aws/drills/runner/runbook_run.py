# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a scenario's runbook through its gates: the people act, the operator answers, a killed run is resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from breakglass_aws.drills.result import Hint
from breakglass_aws.drills.runner import evidence
from breakglass_aws.drills.runner.interruption import Interrupter
from breakglass_aws.drills.runner.run_process import RunProcess
from breakglass_aws.drills.runner.scene import RunEnd, Scene
from breakglass_aws.drills.scenario_file import model
from breakglass_aws.drills.scenario_file.model import Action, Participant
from breakglass_aws.engine.gates.definition import find as find_gate
from breakglass_aws.engine.outcomes import BLOCKED, EXIT_STATUS, FAILED, INTERRUPTED, NOT_STARTED, PARTIAL, WAITING

EVIDENCE = "evidence"
MOST_RESUMES = 3
MOST_PARTS = 20  # a run that is resumed more often than that goes round in circles
_BUSY = "is already running"  # processes of a killed run have not ended yet
_TRY_AGAIN = 0.5  # seconds
_MOST_TRIES = 60
_STAYS = {model.NOTHING: "did nothing at {}", model.REJECT: "read the plan and did not approve it at {}"}
_UNTITLED = ("Parameters", "Parameters as given")


class RunbookRun:
    """The run of one runbook, in as many parts as it takes."""

    meets_faults = True

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._scenario = scene.scenario
        self._people = scene.people
        self._timeline = scene.timeline
        self._say = scene.say
        self.evidence = scene.folder / EVIDENCE
        self.hints: list[Hint] = []
        self._process = RunProcess(scene.folder, scene.environment, self._on_event, scene.prepared)
        from breakglass_aws.engine.notebooks import catalog  # it takes half a second to load

        runbook = catalog.find(scene.scenario.runbook)
        cells = [cell for cell in runbook.notebook.cells if cell.cell_type == "code" and find_gate(cell.source)]
        gates = {cell.get("id", ""): find_gate(cell.source) for cell in cells}
        self._gate_cells = {cell: gate.name for cell, gate in gates.items() if gate}
        self._prepared: dict[str, Participant] = {}  # who has given the answer to a gate in advance
        self._completed: set[str] = set()
        self._running: tuple[str, float] | None = None  # the cell that began, and when
        self._secrets: dict[str, str] = {}
        self._stopped = False

    @property
    def runs(self) -> list[Path]:
        """The folder of the one run."""
        return [self.evidence]

    def stop(self) -> None:
        """End the run as Ctrl-C does. For another thread."""
        self._stopped = True
        self._process.stop()

    def run(self) -> RunEnd:
        """Run it to its end, or to where no one continues."""
        try:
            return self._run()
        finally:
            self._process.close()

    def _run(self) -> RunEnd:
        end = self._first_part()
        given: dict[str, str] = {}
        passed: list[str] = []  # places at which the people have acted
        for _ in range(MOST_PARTS):
            if self._stopped:
                break
            place = self._place(end)
            if not place or self._is_over(place, passed):
                break
            answers = self._at(place) if place != INTERRUPTED else {}
            if answers is None:
                break
            passed.append(place)
            # An answer that the run has not come to is given again: it was stopped before its gate.
            known = evidence.answered(self.evidence)
            answers = {gate: text for gate, text in given.items() if gate not in known} | answers
            given = answers
            end = self._resume(answers)
        return end

    def _is_over(self, place: str, passed: Sequence[str]) -> bool:
        """Whether no one acts at a place: people act once at each, but an operator resumes a stopped run some times."""
        if place == INTERRUPTED:
            return False
        if place in evidence.answered(self.evidence):  # in advance, and the plan has changed since
            return True
        only_resumes = {action.kind for _, action in self._scenario.at(place)} == {model.RESUME}
        return passed.count(place) >= (MOST_RESUMES if only_resumes else 1)

    def _place(self, end: RunEnd) -> str:
        """Where people continue: a gate, or "stopped"; empty when the run is over."""
        if (end.exit_status or 0) < 0 or end.outcome == INTERRUPTED:
            return INTERRUPTED if self._scenario.interruption else ""
        if end.outcome == WAITING:
            return evidence.waiting_at(self.evidence)
        stopped = end.outcome in (BLOCKED, FAILED, PARTIAL)
        return model.STOPPED if stopped and self._scenario.at(model.STOPPED) else ""

    def _at(self, place: str) -> dict[str, str] | None:
        """Have the people do what they do at a gate; return the answers, None when no one continues the run."""
        actions = self._scenario.at(place)
        if not actions:
            return None
        wait = self._timeline.begin("person", "people", "wait", f"The run waits at {place}")
        self._scene.add_faults(place)
        answers: dict[str, str] = {}
        continues = place == model.STOPPED
        for person, action in actions:
            if action.kind in _STAYS:
                self._people.note(person, _STAYS[action.kind].format(place))
                continues = False
                break
            answer = self._answer(person, action, place)
            if answer is None:
                self._people.do(person, action, self.evidence)
                self._say(f"  {person.name} ({person.part}): {self._timeline.entries[-1].text}")
                continues = continues or action.kind in (model.APPROVE, model.RESUME)
            else:
                answers |= answer
                continues = True
        self._timeline.end(wait)
        return answers if continues else None

    def _answer(self, person: Participant, action: Action, place: str) -> dict[str, str] | None:
        """The answer to a gate; None when the action is none. In "stopped", an answer is written GATE=ANSWER."""
        if action.kind not in model.ANSWERS:
            return None
        gate, text = place, str(action.given)
        if place == model.STOPPED:
            gate, _, text = text.partition("=")
        shown = text
        if action.kind == model.MAILED_CODE:
            text, shown = self._people.mailed_code(text), "the code of the e-mail"
            self._secrets[gate] = text
        elif action.kind == model.EMERGENCY:
            text = f"EMERGENCY {text}"
        self._people.note(person, f"answered {gate} with {shown}")
        self._say(f"  {person.name} ({person.part}): answers {gate} with {shown}")
        return {gate: text}

    # The command

    def _first_part(self) -> RunEnd:
        scenario = self._scenario
        given: dict[str, Any] = {**scenario.parameters, "evidence_dir": str(self.evidence)}
        if scenario.approver:
            given |= {"allowed_signers": str(self._scene.folder / "allowed_signers"), "requester": scenario.runs_as}
        arguments = ["run", scenario.runbook, "--output", str(self._scene.folder / f"{scenario.runbook}.ipynb")]
        for name, value in given.items():
            arguments += ["-p", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        answers = {}
        for gate in scenario.gates:
            answer = scenario.answer_in_advance(gate)
            if answer is not None:
                answers[gate] = answer
                [(self._prepared[gate], _)] = scenario.at(gate)
        more = bool(scenario.interruption) or any(gate not in answers for gate in scenario.gates)
        if not scenario.interruption:
            return self._part(arguments, answers, more)
        interrupter = Interrupter(scenario.interruption, self._scene.simulation, self._process, self._note_kill)
        interrupter.start()
        try:
            return self._part(arguments, answers, more)
        finally:
            interrupter.stop()

    def _resume(self, answers: Mapping[str, str]) -> RunEnd:
        """Resume the run; after a kill, once the processes of the part before have noticed it and ended."""
        self._timeline.add("runbook", self._scenario.runs_as, "resume", "the run is resumed")
        for _ in range(_MOST_TRIES):
            end = self._part(["resume", str(self.evidence)], {**self._secrets, **answers})
            busy = end.exit_status in (NOT_STARTED, EXIT_STATUS[BLOCKED]) and _BUSY in end.errors + end.failure
            if not busy or self._stopped:
                break
            time.sleep(_TRY_AGAIN)
        return end

    def _part(self, arguments: Sequence[str], answers: Mapping[str, str], more: bool = False) -> RunEnd:
        """Run the command once. A cell that did not report its end was ended with the command."""
        end = self._process.run(arguments, answers, more)
        if self._running:
            title, began = self._running
            self._running = None
            text = f"{title}: ended with the command"
            self._timeline.add("runbook", self._scenario.runs_as, "step", text, time.monotonic() - began)
        return end

    def _note_answer(self, cell: str) -> None:
        """Note that someone has answered a gate, once the run has passed it with the answer given in advance."""
        gate = self._gate_cells.get(cell, "")
        if gate in self._prepared and gate in evidence.answered(self.evidence):
            person = self._prepared.pop(gate)
            self._people.note(person, f"answered {gate} with {self._scenario.answer_in_advance(gate)}")

    def _note_kill(self, text: str) -> None:
        self._timeline.add("fault", "the story", "kill", text)
        self._say(f"  {text}")

    def _on_event(self, event: dict[str, Any]) -> None:
        """Follow the run: a line, and an entry of the timeline, for each cell that ended."""
        if event["event"] != "cell" or event["title"] in _UNTITLED:
            return
        self._running = (event["title"], time.monotonic()) if event["status"] == "running" else None
        if event["status"] in ("running", "skipped"):
            return
        self._note_answer(event["cell"])
        again = event["cell"] in self._completed  # a resumed run shows it again, and does nothing
        if event["status"] == "completed":
            self._completed.add(event["cell"])
        if again and event["seconds"] < 1:
            return
        kind = "gate" if event["cell"] in self._gate_cells else "step"
        text = event["title"] if event["status"] == "completed" else f"{event['title']}: {event['status']}"
        # A machine with much to do reads late of it.
        self._timeline.add("runbook", self._scenario.runs_as, kind, text, event["seconds"], event.get("time", ""))
        self._say(f"  [{event['number']}/{event['total']}] {text} ({event['seconds']:.1f} s)")
