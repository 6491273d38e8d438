# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a gate gets its answer: with the command, earlier in the run, from a second person, or typed now."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from IPython.core.error import StdinNotImplementedError
from IPython.display import display as untyped_display

from breakglass_aws.engine import commands, questions, times
from breakglass_aws.engine.display import html, terminal
from breakglass_aws.engine.errors import Waiting
from breakglass_aws.engine.evidence import checkpoints
from breakglass_aws.engine.evidence.record import Record
from breakglass_aws.engine.evidence.redaction import Redactor
from breakglass_aws.engine.gates import definition
from breakglass_aws.engine.gates.approval_gate import ApprovalGate
from breakglass_aws.engine.gates.definition import APPROVAL, Gate
from breakglass_aws.engine.kernel_options import KernelOptions

show: Callable[..., Any] = untyped_display

ASKED, ANSWERED, NOT_ASKED = "Action needed", "What the person was shown", "What a person would be shown"
# Prompts for gates whose full expectation, which the gate shows, is too long for a prompt.
SHORT = {APPROVAL: "Enter, once it is signed"}


@dataclass
class GatePrompt:
    """The parts of a run that its gates need."""

    record: Record
    steps: checkpoints.State
    options: KernelOptions
    redactor: Redactor

    def answer(self, gate: Gate, variables: Mapping[str, Any], inputs: list[str]) -> str:
        """Show the gate; return the answer, which is recorded unless it is secret. `inputs` are the names it refers to.

        An answer from an earlier part of the run is valid as long as the gate shows the same text.
        """
        record, words = self.record, definition.render(gate, variables)
        approval = ApprovalGate(gate, words, variables, record, self.steps.events) if gate.kind == APPROVAL else None
        if approval and not approval.configured:
            show(view(gate, words, heading=NOT_ASKED), raw=True)
            show(approval.not_configured_notice())
            return approval.proceed_without_approval()
        judge = approval.check if approval else functools.partial(definition.check, gate, variables=variables)
        check = self._recording_refusals(gate, judge)
        key = checkpoints.key(words, {"expects": gate.expects, **({"plan": approval.request.plan} if approval else {})})
        acted = self.steps.has_acted  # an approval that may have expired since is valid only for what it started
        found = ""  # in the folder of the run
        done = self.steps.claim(checkpoints.GATE, key)
        prepared = gate.name in self.options.answers
        if done and not prepared and (acted if approval else not gate.secret or gate.name in self.options.spent):
            return self._show_earlier_answer(gate, words, done)
        if approval:
            approval.publish()
        heading = NOT_ASKED if record.check_mode and not prepared else ASKED
        show(view(gate, words, approval.instructions() if approval else "", heading), raw=True)
        if not done and (before := self.steps.earlier_answer(gate.name)):
            again = f"Asked again: the text above has changed since this gate was answered at {before.time}."
            show(html.notice(again, "skipped"))
        try:
            if prepared:
                answer = self._prepared_answer(gate, check)
            elif record.check_mode:
                show(html.notice("Plan only: no answer is needed.", "plan only"))
                return ""
            else:
                found = approval.find_approval() if approval else ""
                answer = found or ask(gate, check)
        except Waiting as waiting:
            record.outcome, record.message = "waiting", str(waiting)
            record.journal("waiting", gate=gate.name)
            raise Waiting(f"{waiting}\n\n{terminal.text(words)}\n\n{self._next_steps(gate, approval)}") from None
        else:
            self._record_answer(gate, answer, key, inputs, bool(found))
            return answer
        finally:
            record.write()

    def _show_earlier_answer(self, gate: Gate, words: str, done: checkpoints.Step) -> str:
        """Show the answer of an earlier part of the run before the text that was answered."""
        answer = str(done.registered.get(gate.name, ""))
        suffix = f": {answer}" if answer else ""
        show(html.notice(f"Answered at {done.time}, in an earlier part of this run{suffix}.", "unchanged"))
        show(view(gate, words, heading=ANSWERED), raw=True)
        self.record.write()
        return answer

    def _record_answer(self, gate: Gate, answer: str, key: str, inputs: list[str], found: bool) -> None:
        if gate.secret:
            self.redactor.add(answer)
        self.record.outcome, self.record.message = "unfinished", ""
        registered = {} if gate.secret else {gate.name: answer}
        self.steps.add(checkpoints.Step(checkpoints.GATE, key, inputs, registered, time=times.text()))
        self.record.answer(gate.name, "(secret)" if gate.secret else answer, found)
        # JupyterLab goes back to this cell while a person types, and would run it again next.
        next_cell = "" if self.options.launcher else " Continue with the next cell."
        show(html.text(("Answered." if gate.secret else f"Answered: {answer}.") + next_cell))

    def _recording_refusals(self, gate: Gate, check: Callable[[str], str]) -> Callable[[str], str]:
        """Return `check`, recording each answer that does not open the gate; a refusal never repeats a secret."""

        def recorded(answer: str) -> str:
            try:
                return check(answer)
            except ValueError as refusal:
                self.record.refuse(gate.name, str(refusal))
                raise

        return recorded

    def _prepared_answer(self, gate: Gate, check: Callable[[str], str]) -> str:
        """Return the answer given with the command; raise Waiting, with the reason, when it does not open the gate."""
        try:
            return check(self.options.answers[gate.name])
        except ValueError as refusal:
            raise Waiting(f"The answer given to the gate '{gate.name}' does not open it: {refusal}") from None

    def _next_steps(self, gate: Gate, approval: ApprovalGate | None) -> str:
        """Return what to do where no person can be asked."""
        if not self.options.launcher:
            return f"Open the notebook in JupyterLab, or run it with `{commands.program()} run`."
        folder = self.record.folder
        if approval:
            return f"{approval.next_steps()}\n\nThen resume:\n\n    {commands.resume(folder)}"
        command = commands.resume(folder, gate.name, secret=gate.secret)
        return f"Answer with {gate.expects}. Then resume:\n\n    {command}"


def ask(gate: Gate, check: Callable[[str], str]) -> str:
    """Ask until an answer passes `check`; raise Waiting when no person can be asked.

    JupyterLab shows an input line, a hidden one for a secret. papermill and nbclient refuse to ask.
    """
    prompt = f"{gate.name} ({SHORT.get(gate.kind, gate.expects)}): "
    while True:
        try:
            answer = questions.prompt(prompt, secret=gate.secret)
        except (StdinNotImplementedError, EOFError):
            raise Waiting(f"The run waits for a person at the gate '{gate.name}'.") from None
        try:
            return check(answer)
        except ValueError as refusal:
            show(html.notice(f"{refusal} Try again.", "failed"))


def view(gate: Gate, words: str, instructions: str = "", heading: str = ASKED) -> dict[str, str]:
    """Return a gate as Markdown; `instructions` tell how to get what it asks for."""
    answer = f"\n\n{instructions}*Answer: {gate.expects}.*" if heading == ASKED else ""
    shown = f"**{heading}** (gate `{gate.name}`)\n\n{words}{answer}"
    return {"text/markdown": shown, "text/plain": shown}
