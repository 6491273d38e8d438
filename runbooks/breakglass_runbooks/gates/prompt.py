"""How a gate gets its answer: with the command, in an earlier part of the run, by a second person, or typed now."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from IPython.display import display

from breakglass_runbooks import times
from breakglass_runbooks.asking import ask
from breakglass_runbooks.display import html, run_output, terminal
from breakglass_runbooks.errors import Waiting
from breakglass_runbooks.evidence import checkpoints
from breakglass_runbooks.evidence.record import Record
from breakglass_runbooks.evidence.redaction import Redactor
from breakglass_runbooks.gates import approval_gate
from breakglass_runbooks.gates import definition as gates
from breakglass_runbooks.kernel_options import Handover


@dataclass
class Answering:
    """A run, as far as its gates need it."""

    record: Record
    steps: checkpoints.State
    handover: Handover
    redactor: Redactor

    def answer(self, gate: gates.Gate, variables: Mapping[str, Any], inputs: list[str]) -> str:
        """Show the gate; return the answer, which is written down unless it is secret. `inputs` are what it names.

        An answer from an earlier part of the run counts as long as the person would be shown the same.
        """
        record, words = self.record, gates.render(gate, variables)
        desk = (
            approval_gate.Desk(gate, words, variables, record, self.steps.events)
            if gate.kind == gates.APPROVAL
            else None
        )
        if desk and not desk.configured:
            display(run_output.gate(gate, words, heading=run_output.NOT_ASKED), raw=True)
            display(desk.not_configured())
            return desk.do_without()
        judge = self._noting(gate, desk.judge if desk else functools.partial(gates.check, gate, variables=variables))
        key = checkpoints.key(words, {"expects": gate.expects, **({"plan": desk.request.plan} if desk else {})})
        acted = self.steps.has_acted  # an approval that may have expired since is good only for what it began
        found = ""  # in the folder of the run
        done = self.steps.take(checkpoints.GATE, key)
        beforehand = gate.name in self.handover.answers
        if done and not beforehand and (acted if desk else not gate.secret or gate.name in self.handover.spent):
            return self._answered(gate, words, done)
        heading = run_output.NOT_ASKED if record.check_mode and not beforehand else run_output.ASKED
        display(run_output.gate(gate, words, desk.instructions() if desk else "", heading), raw=True)
        if not done and (before := self.steps.answered(gate.name)):
            again = f"Asked again: what is shown here is not what it was when this was answered, at {before.time}."
            display(html.notice(again, "skipped"))
        try:
            if beforehand:
                answer = self._beforehand(gate, judge)
            elif record.check_mode:
                display(html.notice("Only planned, so nobody is asked here.", "plan only"))
                return ""
            else:
                found = desk.look() if desk else ""
                answer = found or ask(gate, judge)
        except Waiting as waiting:
            record.outcome, record.message = "waiting", str(waiting)
            record.journal("waiting", gate=gate.name)
            raise Waiting(f"{waiting}\n\n{terminal.text(words)}\n\n{self._way_on(gate, desk)}") from None
        else:
            self._write_down(gate, answer, key, inputs, bool(found))
            return answer
        finally:
            record.write()

    def _answered(self, gate: gates.Gate, words: str, done: checkpoints.Step) -> str:
        """The answer of an earlier part of the run, shown before what it was an answer to."""
        answer = done.registered.get(gate.name, "")
        said = f": {answer}" if answer else ""
        display(html.notice(f"Answered at {done.time}, in an earlier part of this run{said}.", "unchanged"))
        display(run_output.gate(gate, words, heading=run_output.TOLD), raw=True)
        self.record.write()
        return answer

    def _write_down(self, gate: gates.Gate, answer: str, key: str, inputs: list[str], found: bool) -> None:
        if gate.secret:
            self.redactor.add(answer)
        self.record.outcome, self.record.message = "unfinished", ""
        left = {} if gate.secret else {gate.name: answer}
        self.steps.add(checkpoints.Step(checkpoints.GATE, key, inputs, left, time=times.text()))
        self.record.answer(gate.name, "(secret)" if gate.secret else answer, found)
        # JupyterLab goes back to this cell while somebody types, and would run it again next.
        go_on = "" if self.handover.launcher else " Go on with the next cell."
        display(html.text(("Answered." if gate.secret else f"Answered: {answer}.") + go_on))

    def _noting(self, gate: gates.Gate, judge: Callable[[str], str]) -> Callable[[str], str]:
        """`judge`, which writes down what did not open the gate; a refusal never repeats a secret."""

        def note(answer: str) -> str:
            try:
                return judge(answer)
            except ValueError as refusal:
                self.record.refuse(gate.name, str(refusal))
                raise

        return note

    def _beforehand(self, gate: gates.Gate, judge: Callable[[str], str]) -> str:
        """The answer given with the command; Waiting, with what is wrong, when it does not open the gate."""
        try:
            return judge(self.handover.answers[gate.name])
        except ValueError as refusal:
            raise Waiting(f"The answer given to the gate '{gate.name}' does not open it: {refusal}") from None

    def _way_on(self, gate: gates.Gate, desk: approval_gate.Desk | None) -> str:
        """What to do where nobody can be asked."""
        if not self.handover.launcher:
            return "Open the notebook in JupyterLab, or run it with `python -m breakglass_runbooks run`."
        resume = f"Then go on:\n\n    python -m breakglass_runbooks resume {shlex.quote(str(self.record.folder))}"
        if desk:
            return f"{desk.way_on()}\n\n{resume}"
        return f"Answer with {gate.expects}. {resume} --answer {gate.name}{'' if gate.secret else '=...'}"
