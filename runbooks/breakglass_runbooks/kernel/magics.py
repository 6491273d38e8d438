"""The magics of a runbook: %runbook starts a run, %%tasks runs Ansible tasks in it, %%gate asks a person."""

from __future__ import annotations

import dataclasses
import getpass
import os
import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from breakglass_runbooks import results, times
from breakglass_runbooks.display import html, report, run_output
from breakglass_runbooks.display.views import registry
from breakglass_runbooks.errors import Interrupted, Partial, RunbookError
from breakglass_runbooks.evidence import checkpoints, locks, manifest
from breakglass_runbooks.evidence.journal import Journal
from breakglass_runbooks.evidence.record import Record, make_folder
from breakglass_runbooks.evidence.redaction import Redactor
from breakglass_runbooks.gates import approval_gate
from breakglass_runbooks.gates import definition as gates
from breakglass_runbooks.gates.prompt import GatePrompt
from breakglass_runbooks.kernel import module_defaults, variable_references
from breakglass_runbooks.kernel.ansible_play import (
    INTERRUPTED,
    can_go_on,
    check_tasks,
    run_tasks,
    task_names,
    without_first,
)
from breakglass_runbooks.kernel.cell_order import CellOrder
from breakglass_runbooks.kernel.task_list import TaskList
from breakglass_runbooks.kernel.variables import Variables
from breakglass_runbooks.kernel_options import KernelOptions
from breakglass_runbooks.notebooks import parameters
from breakglass_runbooks.results import Event

ONCE = "once"
APPROVED_ITEMS = "approved_items"  # the variable with the items of the approved plan


@magics_class
class RunbookMagics(Magics):
    """A run in this kernel, and the magics that act on it."""

    def __init__(self, shell: Any, options: KernelOptions) -> None:
        super().__init__(shell)
        self._options = options
        self._redactor = Redactor()
        self._variables = Variables(shell)
        self._order = CellOrder()
        self._record: Record | None = None
        self._folder = ""  # of the latest run: what the notebook's evidence_dir says until somebody changes it
        self._state: checkpoints.State | None = None  # which steps are done
        self._defaults: module_defaults.Defaults = {}  # options of modules, for all later %%tasks
        self._lock: locks.Lock | None = None  # on what this run acts on

    @line_magic
    def runbook(self, line: str) -> None:
        """Start a run: check the notebook's parameters, make the evidence folder, say what is about to happen."""
        # JupyterLab sends all cells at once, and some of those behind a failing one may be run all the same. So the run
        # before this one ends here: what follows finds no run when this fails.
        self._record, self._order, self._defaults = None, CellOrder(), {}
        self._variables.forget()
        self.end()
        self._variables.declared = self._variables.found()
        if not self._variables.declared:
            raise RunbookError("The parameters are not known. Run the cells from the top of the notebook first.")
        values = self._variables.given()
        if values.get("evidence_dir") == self._folder:
            values["evidence_dir"] = ""  # the latest run's first cells are run again: a new run, in a new folder
        resume = self._options.resume and not self._folder and Record.is_in(Path(values["evidence_dir"]))
        folder = Path(values["evidence_dir"]) if resume else make_folder(values.get("evidence_dir", ""), line.strip())
        values["evidence_dir"] = self._folder = str(folder)
        if values.get(approval_gate.SIGNERS):
            approval_gate.require_signers(values[approval_gate.SIGNERS])  # now, not when somebody has been waited for
        if values.get("check_mode") is not True:
            self._lock = locks.on_target(line.strip(), parameters.target(self._variables.declared, values), str(folder))
        self.shell.push(values)
        record = Record.load(folder) if resume else Record(line.strip(), folder, values)
        self._state = checkpoints.State.load(folder) if resume else checkpoints.State(folder)
        if resume:
            entries = Journal(folder).entries()
            record.resumed(self._state.unfinished(entries), entries)
        record.write()
        record.journal("resumed" if resume else "started", runbook=record.runbook, parameters=values, user=_user())
        self._record = record
        display(run_output.introduction(record))

    @cell_magic("module_defaults")
    def module_defaults(self, line: str, cell: str) -> None:
        """Set options of modules for all tasks of the run below, as Ansible's keyword `module_defaults` does."""
        if line.strip():
            raise RunbookError(f"Invalid argument of %%module_defaults: {line.strip()}. It takes none.")
        self._current()
        with self._order.running(cell):
            self._defaults |= module_defaults.parse(cell)

    @cell_magic
    def tasks(self, line: str, cell: str) -> None:
        """Run the cell, a YAML list of Ansible tasks, and show what each task does.

        `%%tasks once`: what it finds stays when the run goes on later, though it only looks.
        """
        if line.strip() not in ("", ONCE):
            raise RunbookError(f"%%tasks takes nothing behind it but '{ONCE}', and there is: {line.strip()}")
        record = self._current()
        with self._order.running(cell):
            check_tasks(cell)
            self._variables.found()  # a parameters cell that was broken since must not go unseen
            record.parameters = self._variables.given()
            variables = record.parameters | self._variables.results()
            defaults = module_defaults.used_in(cell, self._defaults)
            source = cell + module_defaults.as_yaml(defaults)
            names = variable_references.in_tasks(cell) | variable_references.in_tasks(module_defaults.as_yaml(defaults))
            inputs = checkpoints.used(names, variables)
            open_inputs = {name: value for name, value in inputs.items() if name not in self._variables.secret}
            key = checkpoints.key(source, open_inputs)
            self._variables.left = {}
            if done := self._state.take(checkpoints.TASKS, key):
                self._restore(done)
                return
            begun = self._state.take(checkpoints.BEGUN, key)
            if begun:
                self._restore(begun, f"Begun: {len(begun.events)} of {len(task_names(cell))} tasks were done")
            step = begun or checkpoints.Step(checkpoints.BEGUN, key, [*inputs], once=line.strip() == ONCE)
            rest = without_first(cell, len(step.events))
            record.journal("step", key=key, tasks=task_names(rest) if rest else [])
            interrupted = bool(rest) and self._run(rest, variables | step.registered, step, goes_on=can_go_on(cell))
            self._note(step, checkpoints.TASKS)
            record.journal("finished", key=key)
            if interrupted:
                raise Interrupted(INTERRUPTED)

    def _run(self, cell: str, variables: Mapping[str, Any], step: checkpoints.Step, goes_on: bool) -> bool:
        """Run the tasks of a cell, show and write down what each does; return whether to stop then."""
        record, live = self._record, TaskList()

        def on(event: Event) -> None:
            self._on(event, live, step)
            # From here the run can go on. Tasks that only look, behind this one, look again then.
            if goes_on and event["event"] == "changed" and not event["check_mode"]:
                self._note(step, checkpoints.BEGUN)

        try:
            interrupted = run_tasks(
                cell, variables, record.check_mode, on, module_defaults.used_in(cell, self._defaults)
            )
        except RunbookError as error:
            record.outcome, record.message = "failed", self._redactor.text(str(error))
            record.journal("failed", message=record.message)
            raise type(error)(record.message) from None
        else:
            record.outcome, record.message = "unfinished", ""
            return bool(interrupted)
        finally:
            record.write()
            live.show_results()

    def _note(self, step: checkpoints.Step, kind: str) -> None:
        """Write down how far a step has come. What holds a secret is not kept; that is done again."""
        left = self._variables.left
        if self._redactor.data(left) == left:
            so_far = {"kind": kind, "registered": left, "events": [*step.events], "time": step.time or times.text()}
            self._state.add(dataclasses.replace(step, **so_far))

    def _on(self, event: Event, live: TaskList, step: checkpoints.Step) -> None:
        visible = self._redactor.data(event)
        live.on(visible)
        if event["event"] == "started":
            return
        result = event["result"]  # later steps get it as it is
        step.events.append(visible)
        if event["event"] == "changed" and not event["check_mode"]:
            step.changed, step.time = True, times.text()
        self._record.add(visible)
        if event["register"]:
            # Ansible adds these only when the result becomes a variable.
            states = {"changed": False, "failed": event["event"] in ("failed", "unreachable")}
            states |= {"skipped": True} if event["event"] == "skipped" else {}
            self._variables.keep({event["register"]: {**states, **result}})
        if event["action"] in ("ansible.builtin.set_fact", "set_fact"):
            self._variables.keep(result.get("ansible_facts", {}))

    def _restore(self, step: checkpoints.Step, words: str = "Done") -> None:
        """Take the results of a step that was done, or begun, in an earlier part of this run, and show them."""
        self._record.journal("restored", key=step.key, done=step.time)
        display(html.notice(f"{words} at {step.time}, in an earlier part of this run. Not done again.", "unchanged"))
        self._variables.keep(step.registered)
        for event in step.events:
            if view := registry.view(event):
                display(view)

    @cell_magic
    def gate(self, line: str, cell: str) -> None:
        """Show a person what to do or decide, and ask for the answer; it is a variable from then on.

        In check mode nobody is asked: an answer given beforehand counts, else the variable is empty.
        """
        gate = gates.parse(line, cell)
        record = self._current()
        if any(gate.name == parameter.name for parameter in self._variables.declared):
            raise RunbookError(f"The gate {gate.name} has the name of a parameter. Give it another one.")
        with self._order.running(cell):
            record.parameters = self._variables.given()
            variables = record.parameters | self._variables.results()
            self._variables.keep({gate.name: ""})  # until there is an answer
            if gate.kind == gates.APPROVAL:
                self._variables.keep({APPROVED_ITEMS: []})
            self._variables.secret |= {gate.name} if gate.secret else set()
            if not gates.needed(gate, variables):
                display(html.words("Nothing to do here.", html.small(f"needed only when {gate.when}")))
                return
            prompt = GatePrompt(record, self._state, self._options, self._redactor)
            inputs = [*checkpoints.used(variable_references.words(cell), variables)]
            answer = prompt.answer(gate, variables, inputs)
            self._variables.keep({gate.name: answer})
            if gate.kind == gates.APPROVAL and answer:
                # Pinned here: a plan that is made again after the approval does not change what may be done.
                self._variables.keep({APPROVED_ITEMS: results.plan_items(variables[gate.of[0]])})

    @line_magic
    def evidence(self, line: str) -> None:
        """End the run: write down what was planned and done, and show what there is to prove it.

        `line` names the registered results of the plan and of the act, and perhaps a variable with a remark for whoever
        reads only the outcome. Raises RunbookError when an account could not be dealt with: the run is not a success
        then.
        """
        record = self._current()
        self._order.require()
        names = line.split()
        plan, act, *remarks = self._named_results(names)
        record.remark = " ".join(map(str, remarks)).strip()
        record.conclude(plan, act, names[0])
        unfinished = results.unfinished_accounts(plan, act)
        if unfinished:
            record.message = "\n".join(results.complaint(account) for account in unfinished)
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
        """Let others act on what this run acted on; the end of the kernel does the same."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def _named_results(self, names: list[str]) -> list[Any]:
        results = self._variables.results()
        if len(names) not in (2, 3) or not results.keys() >= set(names):
            raise RunbookError(
                "%evidence takes the names of two registered results, the plan's and the act's, and perhaps that of a "
                "remark, set by set_fact."
            )
        return [results[name] for name in names]

    def _current(self) -> Record:
        if self._record is None:
            raise RunbookError("No run has been started. Run the cells from the top of the notebook first.")
        return self._record


def _user() -> str:
    """Who runs this machine's part, as far as it can be known."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user ID without a name, as in a container
        return f"{os.getuid()}@{socket.gethostname()}"
