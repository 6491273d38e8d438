# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The magics of a runbook: %runbook starts a run, %%tasks runs Ansible tasks, %%gate asks a person, %evidence ends."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from breakglass_aws.engine import commands, outcomes, results, times
from breakglass_aws.engine.collection import check_installation, module_util
from breakglass_aws.engine.display import html, report, run_output
from breakglass_aws.engine.display.views import registry
from breakglass_aws.engine.errors import Blocked, Interrupted, Partial, RunbookError
from breakglass_aws.engine.evidence import checkpoints, locks, manifest, redaction
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.evidence.record import Record, make_folder
from breakglass_aws.engine.gates import approval_gate
from breakglass_aws.engine.gates import definition as gates
from breakglass_aws.engine.gates.prompt import GatePrompt
from breakglass_aws.engine.kernel import module_defaults, variable_references
from breakglass_aws.engine.kernel.ansible_play import (
    INTERRUPTED,
    PARENT_ENDED,
    can_go_on,
    check_tasks,
    prepare,
    run_tasks,
    task_names,
    without_first,
)
from breakglass_aws.engine.kernel.cell_order import CellOrder
from breakglass_aws.engine.kernel.task_list import TaskList
from breakglass_aws.engine.kernel.variables import Variables
from breakglass_aws.engine.kernel_options import KernelOptions
from breakglass_aws.engine.notebooks import parameters
from breakglass_aws.engine.results import Event

ONCE = "once"
APPROVED_ITEMS = "approved_items"  # the variable with the items of the approved plan


@magics_class
class RunbookMagics(Magics):
    """A run in this kernel, and the magics that act on it."""

    shell: Any  # IPython's own type allows None

    def __init__(self, shell: Any, options: KernelOptions) -> None:
        super().__init__(shell)
        self._options = options
        self._redactor = redaction.ENGINE
        self._variables = Variables(shell)
        self._order = CellOrder()
        self._record: Record | None = None
        self._folder = ""  # of the latest run: the value of the notebook's evidence_dir until a person changes it
        self._state: checkpoints.State | None = None  # which steps are done
        self._defaults: module_defaults.Defaults = {}  # options of modules, for all later %%tasks
        self._lock: locks.Lock | None = None  # on what this run acts on
        self._running = threading.Lock()  # held while a magic of this run is running
        self._approved: dict[str, tuple[str, str]] = {}  # by name of a plan: its gate, and the digest that was approved
        self._answered = ("", "")  # the gate that was answered last: its cell, and the text shown

    @line_magic
    def runbook(self, line: str) -> None:
        """Start a run: check the notebook's parameters, make the evidence folder, show what the run will do.

        The argument is the name of the runbook. Raises RunbookError for invalid parameters or an unusable folder, and
        Blocked when another run acts on the same target.
        """
        with self._running:
            self._start(line)

    def _start(self, line: str) -> None:
        # JupyterLab sends all cells at once, and may run some of them although an earlier one failed. So the earlier
        # run ends here: if this fails, the next cells find no run.
        self._record, self._order, self._defaults, self._approved = None, CellOrder(), {}, {}
        self._redactor.read_environment()
        self._variables.forget()
        self.end()
        self._variables.declared = self._variables.found()
        prepare()
        if not self._variables.declared:
            raise RunbookError("The parameters are not known. Run the cells from the top of the notebook first.")
        check_installation()
        values = self._variables.given()
        if values.get("evidence_dir") == self._folder:
            values["evidence_dir"] = ""  # the first cells were run again: a new run, in a new folder
        self._require_engine(values.get("check_mode") is True)
        resume = self._options.resume and not self._folder and Record.is_in(Path(values["evidence_dir"]))
        folder = Path(values["evidence_dir"]) if resume else make_folder(values.get("evidence_dir", ""), line.strip())
        values["evidence_dir"] = self._folder = str(folder)
        if values.get(approval_gate.SIGNERS):
            approval_gate.require_signers(values[approval_gate.SIGNERS])  # now, not after waiting for an approver
        if values.get("check_mode") is not True:
            self._lock = locks.on_target(line.strip(), parameters.target(self._variables.declared, values), str(folder))
        self.shell.push(values)
        record = Record.load(folder) if resume else Record(line.strip(), folder, values)
        self._state = checkpoints.State.load(folder) if resume else checkpoints.State(folder)
        if resume:
            entries = Journal(folder).entries()
            record.resumed(self._state.unfinished(entries), entries)
        record.ledger.open()
        record.user = _user()
        record.write()
        record.journal(
            "resumed" if resume else "started",
            runbook=record.runbook,
            run_id=record.run_id,
            parameters=values,
            user=record.user,
        )
        self._record = record
        display(run_output.introduction(record))

    @cell_magic
    def module_defaults(self, line: str, cell: str) -> None:
        """Set options of modules for all tasks of the run below, as Ansible's keyword `module_defaults` does."""
        if line.strip():
            raise RunbookError(f"Invalid argument of %%module_defaults: {line.strip()}. It takes none.")
        self._current()
        with self._step(cell):
            self._defaults |= module_defaults.parse(cell)

    @cell_magic
    def tasks(self, line: str, cell: str) -> None:
        """Run the cell, a YAML list of Ansible tasks, and show the result of each task.

        `%%tasks once`: the results are kept when the run is resumed, although the tasks only read. Raises RunbookError
        when the cell is not valid or a task failed, Interrupted when the run was stopped.
        """
        if line.strip() not in ("", ONCE):
            raise RunbookError(f"Invalid argument of %%tasks: {line.strip()}. Expected nothing, or '{ONCE}'.")
        record = self._current()
        with self._step(cell):
            check_tasks(cell)
            self._variables.found()  # raises if the parameters cell was made invalid since
            record.parameters = self._variables.given()
            variables = record.parameters | self._variables.results()
            defaults = module_defaults.used_in(cell, self._defaults)
            source = cell + module_defaults.as_yaml(defaults)
            names = variable_references.in_tasks(cell) | variable_references.in_tasks(module_defaults.as_yaml(defaults))
            inputs = checkpoints.inputs_of(names, variables)
            open_inputs = {name: value for name, value in inputs.items() if name not in self._variables.secret}
            key = checkpoints.key(source, open_inputs)
            self._variables.left = {}
            if done := self._steps().claim(checkpoints.TASKS, key):
                self._restore(done)
                return
            begun = self._steps().claim(checkpoints.BEGUN, key)
            if begun:
                self._restore(begun, f"Started: {len(begun.events)} of {len(task_names(cell))} tasks were done")
            step = begun or checkpoints.Step(checkpoints.BEGUN, key, [*inputs], once=line.strip() == ONCE)
            rest = without_first(cell, len(step.events))
            record.journal("step", key=key, tasks=task_names(rest) if rest else [])
            interrupted = bool(rest) and self._run(rest, variables | step.registered, step, goes_on=can_go_on(cell))
            self._note(step, checkpoints.TASKS)
            record.journal("finished", key=key)
            if interrupted:
                raise Interrupted(INTERRUPTED)

    def _run(self, cell: str, variables: Mapping[str, Any], step: checkpoints.Step, goes_on: bool) -> bool:
        """Run the tasks of a cell, show and record each result; return whether the run was interrupted.

        `goes_on`: the step can be resumed after any of its tasks.
        """
        record, live = self._current(), TaskList()

        def on(event: Event) -> None:
            self._on(event, live, step)
            # The run can be resumed from here. Later tasks of the cell that only read are run again then.
            # A task that was stopped with the processes that started the run has not done all of its work.
            done = event["event"] == "changed" and not event["check_mode"]
            if goes_on and done and not module_util("_started_by").missing():
                self._note(step, checkpoints.BEGUN)

        try:
            defaults = module_defaults.used_in(cell, self._defaults)
            interrupted = run_tasks(cell, variables, record.check_mode, on, defaults, record.ledger)
        except RunbookError as error:
            if live.unfinished and not isinstance(error, Interrupted):
                record.add_unknown(live.unfinished)
            record.message = self._redactor.text(str(error))
            record.outcome = outcomes.of(type(error).__name__, "", record.changed, record.check_mode)
            record.journal("failed", message=record.message)
            raise type(error)(record.message) from None
        else:
            record.outcome, record.message = "unfinished", ""
            return bool(interrupted)
        finally:
            record.write()
            live.show_results()

    def _note(self, step: checkpoints.Step, kind: str) -> None:
        """Record the progress of a step. A result that contains a secret is not kept; its task is run again."""
        left = self._variables.left
        if self._redactor.data(left) == left:
            time = step.time or times.text()
            kept = dataclasses.replace(step, kind=kind, registered=left, events=[*step.events], time=time)
            self._steps().add(kept)

    def _on(self, event: Event, live: TaskList, step: checkpoints.Step) -> None:
        """Show and record an event of a task; keep its result for later steps."""
        self._redactor.learn(event.get("result"))
        visible = redaction.visible_data(self._redactor.data(event))
        live.on(visible)
        if event["event"] in ("started", "progress"):
            return
        result = event["result"]  # not redacted: later steps need it
        step.events.append(visible)
        if event["event"] == "changed" and not event["check_mode"]:
            step.changed, step.time = True, times.text()
        self._current().add(visible)
        if event["register"]:
            # Ansible adds these keys only to the variable.
            states = {"changed": False, "failed": event["event"] in ("failed", "unreachable")}
            states |= {"skipped": True} if event["event"] == "skipped" else {}
            registered = {**states, **result}
            self._variables.keep({event["register"]: registered})
            self._withdraw_approval(event["register"], registered)
        if event["action"] in ("ansible.builtin.set_fact", "set_fact"):
            self._variables.keep(result.get("ansible_facts", {}))

    def _withdraw_approval(self, plan: str, registered: Mapping[str, Any]) -> None:
        """Reset the answer of an approval gate when another plan is registered than the approved one."""
        gate, digest = self._approved.get(plan, ("", ""))
        if gate and results.plan_digest(registered) != digest:
            del self._approved[plan]
            self._variables.keep({gate: "", APPROVED_ITEMS: []})
            words = f"This plan is not the approved one, so it must be approved again: run the gate {gate}."
            display(html.notice(words, "attention"))

    def _restore(self, step: checkpoints.Step, words: str = "Done") -> None:
        """Take over and show the results of a step that an earlier part of this run did or started."""
        self._current().journal("restored", key=step.key, done=step.time)
        display(html.notice(f"{words} at {step.time}, in an earlier part of this run. Not done again.", "unchanged"))
        self._variables.keep(step.registered)
        for event in step.events:
            if view := registry.view(event):
                display(view)

    @cell_magic
    def gate(self, line: str, cell: str) -> None:
        """Show a person what to do or decide, and ask for the answer, which becomes a variable.

        In check mode no answer is needed: one given with the command counts, else the variable is empty. Raises
        Waiting when no person can be asked.
        """
        gate = gates.parse(line, cell)
        record = self._current()
        if any(gate.name == parameter.name for parameter in self._variables.declared):
            raise RunbookError(f"The gate {gate.name} has the name of a parameter. Give it another one.")
        if self._already_answered(gate, cell):
            return
        with self._step(cell):
            record.parameters = self._variables.given()
            variables = record.parameters | self._variables.results()
            self._variables.keep({gate.name: ""})  # until there is an answer
            if gate.kind == gates.APPROVAL:
                self._variables.keep({APPROVED_ITEMS: []})
            self._variables.secret |= {gate.name} if gate.secret else set()
            if not gates.needed(gate, variables):
                display(html.words("Nothing to do here.", html.small(f"needed only when {gate.when}")))
                return
            prompt = GatePrompt(record, self._steps(), self._options, self._redactor)
            inputs = [*checkpoints.inputs_of(variable_references.words(cell), variables)]
            answer = prompt.answer(gate, variables, inputs)
            self._variables.keep({gate.name: answer})
            self._answered = (cell, gates.render(gate, variables))
            if gate.kind == gates.APPROVAL and answer:
                # Pinned here: a plan that is made again after the approval does not change what may be done.
                plan = variables[gate.of[0]]
                self._variables.keep({APPROVED_ITEMS: results.plan_items(plan)})
                self._approved[gate.of[0]] = (gate.name, results.plan_digest(plan))

    def _already_answered(self, gate: gates.Gate, cell: str) -> bool:
        """Whether this gate was the last step and has its answer; show that then.

        JupyterLab returns to a gate's cell while a person types, so the next Shift+Enter would ask again.
        """
        answer = self.shell.user_ns.get(gate.name)
        if self._options.launcher or not answer or not self._order.is_last(cell):
            return False
        if self._answered != (cell, gates.render(gate, self._variables.given() | self._variables.results())):
            return False
        shown = "" if gate.secret else f": {answer}"
        words = f"Already answered{shown}. Run the next cell. To answer again, run the cell above this one first."
        display(html.notice(words, "unchanged"))
        return True

    @line_magic
    def evidence(self, line: str) -> None:
        """End the run: record what was planned and done, and show the evidence.

        `line` names the registered results of the plan and of the act, and optionally a variable with a remark for
        people who read only the outcome. Raises RunbookError, or Partial when other accounts were changed, when the
        work in an account could not be done.
        """
        with self._running:
            self._finish(line)

    def _finish(self, line: str) -> None:
        record = self._current()
        self._order.require()
        names = line.split()
        plan, act, *remarks = self._named_results(names)
        record.remark = " ".join(map(str, remarks)).strip()
        record.conclude(plan, act, names[0])
        unfinished = results.unfinished_accounts(plan, act)
        if unfinished:
            record.message = "\n".join(results.complaints(unfinished))
        record.write()
        record.journal("concluded", outcome=record.outcome, message=record.message)
        accounts = results.final_accounts(plan, act)
        display(run_output.evidence(record, Counter(account["outcome"] for account in accounts)))
        self.end()
        if not self._options.launcher:
            report.write(record.folder, record.outcome, record.message)
            display(run_output.sealed(manifest.seal(record.folder)))
        if unfinished:
            finished = results.finished_accounts(plan, act) if not record.check_mode else []
            kind = Partial if finished else RunbookError
            raise kind(
                f"{len(unfinished)} account(s) could not be dealt with; the others are as shown above.\n"
                f"{record.message}"
            )

    def end(self) -> None:
        """Release the lock on what this run acts on; the end of the kernel does the same."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def abandon(self) -> None:
        """End the run of a launcher that has ended: let the running step end, then record where the run stopped."""
        with self._running:
            record = self._record
            if record is None or record.outcome not in ("unfinished", *outcomes.STOPPED):
                return
            record.outcome, record.message = outcomes.INTERRUPTED, record.message or PARENT_ENDED
            record.write()
            ended = {"changed": record.changed, "check_mode": record.check_mode, "reason": PARENT_ENDED}
            record.journal("ended", outcome=record.outcome, **ended)
            report.write(record.folder, record.outcome, record.message)
            manifest.seal(record.folder)

    @contextlib.contextmanager
    def _step(self, cell: str) -> Iterator[None]:
        """Run a step: in the order of the notebook, and only while the processes that started the run are running."""
        with self._running, self._order.running(cell):
            if module_util("_started_by").missing():
                self._current().journal("stopped", reason=PARENT_ENDED)
                raise Interrupted(PARENT_ENDED)
            yield

    def _require_engine(self, check_mode: bool) -> None:
        """Raise Blocked unless something reports it when this kernel dies; a person in front of it does.

        Source: papermill 2.6's default engine marks all cells as completed when the kernel died or a cell timed out.
        """
        kernel = getattr(self.shell, "kernel", None)  # none in a plain IPython
        # JupyterLab allows input(), papermill and nbconvert do not.
        interactive = getattr(kernel, "_allow_stdin", True)
        if not (check_mode or self._options.engine or interactive):
            raise Blocked(
                "check_mode is false, and this program would report a killed kernel as a completed run.\n"
                "Nothing was changed. Run it with papermill --engine breakglass, or with:\n\n"
                f"    {commands.program()} run NAME -p check_mode=false"
            )

    def _named_results(self, names: list[str]) -> list[Any]:
        known = self._variables.results()
        if len(names) not in (2, 3) or not known.keys() >= set(names):
            raise RunbookError(
                f"Invalid arguments of %evidence: {' '.join(names) or 'none'}. Expected the names of two registered "
                "results, the plan's and the act's, and optionally that of a remark set by set_fact."
            )
        return [known[name] for name in names]

    def _steps(self) -> checkpoints.State:
        self._current()
        assert self._state is not None  # is set together with the record
        return self._state

    def _current(self) -> Record:
        if self._record is None:
            raise RunbookError("No run has been started. Run the cells from the top of the notebook first.")
        return self._record


def _user() -> str:
    """The operating system's user and host, for the journal."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user ID without a name, as in a container
        return f"{os.getuid()}@{socket.gethostname()}"
