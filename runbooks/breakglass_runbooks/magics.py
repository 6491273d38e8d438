"""The magics of a runbook: %runbook starts a run, %%tasks runs Ansible tasks in it, %%gate asks a person."""

from __future__ import annotations

import functools
import getpass
import html
import json
import os
import shlex
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from breakglass_runbooks import approving, lock, parameters, references, render, report, state, verify, views
from breakglass_runbooks import gate as gates
from breakglass_runbooks.asking import ask
from breakglass_runbooks.errors import Partial, RunbookError, Waiting
from breakglass_runbooks.evidence import Record, make_folder, now
from breakglass_runbooks.handover import Handover
from breakglass_runbooks.play import Event, check_tasks, run_tasks, task_names
from breakglass_runbooks.redaction import Redactor
from breakglass_runbooks.tasklist import TaskList

ONCE = "once"


@magics_class
class RunbookMagics(Magics):
    """A run in this kernel, and the magics that act on it."""

    def __init__(self, shell: Any, handover: Handover) -> None:
        super().__init__(shell)
        self._handover = handover
        self._redactor = Redactor()
        self._record: Record | None = None
        self._declared: list[parameters.Parameter] = []
        self._registered: set[str] = set()
        self._folder = ""  # of the latest run: what the notebook's evidence_dir says until somebody changes it
        self._failed: str | None = None  # the step that failed and has not been run again with success
        self._state: state.State | None = None  # which steps are done
        self._lock: lock.Lock | None = None  # on what this run acts on
        self._left: dict[str, Any] = {}  # what the step that runs has left in variables so far
        self._secrets: set[str] = set()  # names of the variables that hold secret answers

    @line_magic
    def runbook(self, line: str) -> None:
        """Start a run: check the notebook's parameters, make the evidence folder, say what is about to happen."""
        # JupyterLab sends all cells at once, and some of those behind a failing one may be run all the same. So the run
        # before this one ends here: what follows finds no run when this fails.
        self._record, self._failed = None, None
        self._registered.clear()
        self.end()
        self._declared = self._find_parameters()
        values = self._checked_parameters()
        if values.get("evidence_dir") == self._folder:
            values["evidence_dir"] = ""  # the latest run's first cells are run again: a new run, in a new folder
        resume = self._handover.resume and not self._folder and Record.is_in(Path(values["evidence_dir"]))
        folder = Path(values["evidence_dir"]) if resume else make_folder(values.get("evidence_dir", ""), line.strip())
        values["evidence_dir"] = self._folder = str(folder)
        if values.get("check_mode") is not True:
            self._lock = lock.on_target(line.strip(), self._declared, values)
        self.shell.push(values)
        record = Record.load(folder) if resume else Record(line.strip(), folder, values)
        self._state = state.State.load(folder) if resume else state.State(folder)
        record.write()
        record.journal("resumed" if resume else "started", runbook=record.runbook, parameters=values, user=_user())
        self._record = record
        display(_introduction(record))

    @cell_magic
    def tasks(self, line: str, cell: str) -> None:
        """Run the cell, a YAML list of Ansible tasks, and show what each task does.

        `%%tasks once`: what it finds stays when the run goes on later, though it only looks.
        """
        if line.strip() not in ("", ONCE):
            raise RunbookError(f"%%tasks takes nothing behind it but '{ONCE}', and there is: {line.strip()}")
        record = self._current(cell)
        self._failed = cell
        check_tasks(cell)
        self._find_parameters()
        record.parameters = self._checked_parameters()
        variables = record.parameters | self._results()
        inputs = state.used(references.in_tasks(cell), variables)
        key = state.key(cell, {name: value for name, value in inputs.items() if name not in self._secrets})
        done = self._state.take(state.TASKS, key)
        if done:
            self._restore(done)
        else:
            record.journal("step", key=key, tasks=task_names(cell))
            events = self._run(cell, variables)
            changed = any(event["event"] == "changed" and not event["check_mode"] for event in events)
            # What holds a secret is not kept, so such a step is done again when the run goes on.
            if self._redactor.data(self._left) == self._left:
                once = line.strip() == ONCE
                self._state.add(state.Step(state.TASKS, key, [*inputs], self._left, changed, once, now(), events))
        self._failed = None

    def _run(self, cell: str, variables: Mapping[str, Any]) -> list[Event]:
        """Run the tasks of a cell, show and write down what each does, and return it."""
        record, live, self._left = self._record, TaskList(), {}
        try:
            run_tasks(cell, variables, record.check_mode, lambda event: self._on(event, live))
        except RunbookError as error:
            record.outcome, record.message = "failed", self._redactor.text(str(error))
            record.journal("failed", message=record.message)
            raise RunbookError(record.message) from None
        else:
            record.outcome, record.message = "unfinished", ""
            return live.finished
        finally:
            record.write()
            live.show_results()

    def _restore(self, step: state.Step) -> None:
        """Take the results of a step that was done in an earlier part of this run, and show them."""
        self._record.journal("restored", key=step.key, done=step.time)
        display(render.notice(f"Done at {step.time}, in an earlier part of this run. Not done again.", "unchanged"))
        self._keep(step.registered)
        for event in step.events:
            if shown := views.view(event):
                display(shown)

    @cell_magic
    def gate(self, line: str, cell: str) -> None:
        """Show a person what to do or decide, and ask for the answer; it is a variable from then on.

        In check mode nobody is asked: an answer given beforehand counts, else the variable is empty.
        """
        gate = gates.parse(line, cell)
        record = self._current(cell)
        if any(gate.name == parameter.name for parameter in self._declared):
            raise RunbookError(f"The gate {gate.name} has the name of a parameter. Give it another one.")
        self._failed = cell
        record.parameters = self._checked_parameters()
        variables = record.parameters | self._results()
        self._keep({gate.name: ""})  # until there is an answer
        self._secrets |= {gate.name} if gate.secret else set()
        if gates.needed(gate, variables):
            words = gates.render(gate, variables)
            display(_gate(gate, words), raw=True)
            inputs = [*state.used(references.words(cell), variables)]
            self._keep({gate.name: self._answer(gate, words, variables, inputs)})
        else:
            display(render.text(f"Nothing to do here, because it is needed only when {gate.when}."))
        self._failed = None

    def _answer(self, gate: gates.Gate, words: str, variables: Mapping[str, Any], inputs: list[str]) -> str:
        """The answer of a person, given before or now, and written down unless it is secret.

        An answer from an earlier part of the run counts as long as the person would be shown the same.
        """
        record = self._record
        desk = approving.Desk(gate, variables, record) if gate.kind == gates.APPROVAL else None
        if desk and not desk.configured:
            display(render.notice(approving.LOUD, "failed"))
            return desk.do_without()
        judge = desk.judge if desk else functools.partial(gates.check, gate, variables=variables)
        key = state.key(words, {"expects": gate.expects, **({"plan": desk.request.plan} if desk else {})})
        acted = self._state.has_acted  # an approval that may have expired since is good only for what it began
        done = self._state.take(state.GATE, key)
        try:
            if gate.name in self._handover.answers:
                answer = self._beforehand(gate, judge)
            elif done and (acted if desk else not gate.secret or gate.name in self._handover.spent):
                display(render.notice(f"Answered at {done.time}, in an earlier part of this run.", "unchanged"))
                return done.registered.get(gate.name, "")
            elif record.check_mode:
                display(render.notice("Only planned, so nobody is asked here.", "plan only"))
                return ""
            else:
                answer = (desk.look() if desk else "") or ask(gate, judge)
        except Waiting as waiting:
            record.outcome, record.message = "waiting", str(waiting)
            record.journal("waiting", gate=gate.name)
            raise Waiting(f"{waiting}\n\n{html.unescape(words)}\n\n{self._way_on(gate, desk)}") from None
        else:
            if gate.secret:
                self._redactor.add(answer)
            record.outcome, record.message = "unfinished", ""
            left = {} if gate.secret else {gate.name: answer}
            self._state.add(state.Step(state.GATE, key, inputs, left, time=now()))
            record.answer(gate.name, "(secret)" if gate.secret else answer)
            display(render.text("Answered." if gate.secret else f"Answered: {answer}"))
            return answer
        finally:
            record.write()

    def _beforehand(self, gate: gates.Gate, judge: Callable[[str], str]) -> str:
        """The answer given with the command; Waiting, with what is wrong, when it does not open the gate."""
        try:
            return judge(self._handover.answers[gate.name])
        except ValueError as refusal:
            raise Waiting(f"The answer given to the gate '{gate.name}' does not open it: {refusal}") from None

    def _way_on(self, gate: gates.Gate, desk: approving.Desk | None) -> str:
        if not self._handover.launcher:
            return "Open the notebook in JupyterLab, or run it with `python -m breakglass_runbooks run`."
        if desk:
            return f"{desk.way_on()}\n\nThen go on:\n\npython -m breakglass_runbooks resume {shlex.quote(self._folder)}"
        value = "" if gate.secret else "=..."
        return (
            f"Answer with {gate.expects}. Then go on:\n\n"
            f"python -m breakglass_runbooks resume {shlex.quote(self._folder)} --answer {gate.name}{value}"
        )

    @line_magic
    def evidence(self, line: str) -> None:
        """End the run: write down what was planned and done, and show what there is to prove it.

        `line` names the registered results of the plan and of the act. Raises RunbookError when an account could not
        be dealt with: the run is not a success then.
        """
        record = self._current()
        plan, act = self._named_results(line.split())
        record.conclude(plan, act)
        unfinished = record.unfinished_accounts(plan, act)
        if unfinished:
            record.message = "\n".join(_complaint(account) for account in unfinished)
        record.write()
        record.journal("concluded", outcome=record.outcome, message=record.message)
        display(_evidence(record))
        self.end()
        if not self._handover.launcher:
            report.write(record.folder, record.outcome, record.message)
            verify.seal(record.folder)
        if unfinished:
            kind = Partial if record.finished_accounts(plan, act) else RunbookError
            raise kind(
                f"{len(unfinished)} account(s) could not be dealt with; the others are as shown above.\n"
                f"{record.message}"
            )

    def end(self) -> None:
        """Let others act on what this run acted on; the end of the kernel does the same."""
        if self._lock:
            self._lock.release()
        self._lock = None

    def _named_results(self, names: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        results = self._results()
        if len(names) != 2 or not results.keys() >= set(names):
            raise RunbookError("%evidence takes the names of two registered results: the plan's and the act's.")
        return results[names[0]], results[names[1]]

    def _current(self, step: str = "") -> Record:
        """The run that `step` may go on with: behind a step that failed, only that step itself may be tried again."""
        if self._record is None:
            raise RunbookError("No run has been started. Run the cells from the top of the notebook first.")
        if self._failed not in (None, step):
            raise RunbookError(
                "Not run, because an earlier step failed. Put right what it says, run that cell again and go on from\n"
                "there. If you change a cell, start again from the top."
            )
        return self._record

    def _find_parameters(self) -> list[parameters.Parameter]:
        """Read the declarations from the cells run so far; a cell that was run again counts as it is now.

        Raises RunbookError when the last parameters cell is no Python: the values would be those of the run before.
        """
        found: dict[str, parameters.Parameter] = {}
        problem: Exception | None = None
        for source in self.shell.user_ns.get("In", []):
            try:
                declared = parameters.declared(source)
            except (SyntaxError, ValueError) as error:
                problem = error if "check_mode" in source else problem
                continue  # no plain Python, so no parameters
            found.update((parameter.name, parameter) for parameter in declared)
            problem = None if declared else problem
        if problem:
            raise RunbookError(
                f"The parameters cannot be read: {getattr(problem, 'msg', problem)}.\n"
                "Texts, account IDs among them, stand in quotes. Put the cell right, then run from there."
            )
        return list(found.values())

    def _checked_parameters(self) -> dict[str, Any]:
        """The parameters as they are now: a person may have changed one and gone on."""
        namespace = self.shell.user_ns
        given = {item.name: namespace[item.name] for item in self._declared if item.name in namespace}
        return parameters.check(self._declared, given)

    def _results(self) -> dict[str, Any]:
        """What earlier tasks registered, as far as it is still there."""
        results = {name: self.shell.user_ns[name] for name in self._registered if name in self.shell.user_ns}
        for name, value in results.items():
            try:
                json.dumps(value)
            except (TypeError, ValueError):
                raise RunbookError(
                    f"{name} was registered by a task, but has been replaced by something that is not plain data.\n"
                    "Run the cell that registers it again, and give your own variable another name."
                ) from None
        return results

    def _on(self, event: Event, live: TaskList) -> None:
        shown = self._redactor.data(event)
        live.on(shown)
        if event["event"] == "started":
            return
        result = event["result"]  # later steps get it as it is
        self._record.add(shown)
        if event["register"]:
            # Ansible adds these only when the result becomes a variable.
            states = {"changed": False, "failed": event["event"] in ("failed", "unreachable")}
            states |= {"skipped": True} if event["event"] == "skipped" else {}
            self._keep({event["register"]: {**states, **result}})
        if event["action"] in ("ansible.builtin.set_fact", "set_fact"):
            self._keep(result.get("ansible_facts", {}))

    def _keep(self, variables: Mapping[str, Any]) -> None:
        """Make results variables of the notebook; names of one's own start with an underscore."""
        public = {name: value for name, value in variables.items() if not name.startswith("_")}
        self._registered |= public.keys()
        self._left = self._left | public
        self.shell.push(public)


def _user() -> str:
    """Who runs this machine's part, as far as it can be known."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user ID without a name, as in a container
        return f"{os.getuid()}@{socket.gethostname()}"


def _gate(gate: gates.Gate, words: str) -> dict[str, str]:
    """What a person is shown at a gate: Markdown, as JupyterLab, a page and a forge render it."""
    shown = f"**A person must act here** (gate `{gate.name}`)\n\n{words}\n\n*Answer: {gate.expects}.*"
    return {"text/markdown": shown, "text/plain": shown}


def _introduction(record: Record) -> render.Shown:
    return render.stack(
        [
            render.heading(f"Runbook {record.runbook}", "plan only" if record.check_mode else "for real"),
            render.facts({name: _as_given(value) for name, value in record.parameters.items()}),
            render.notice("check_mode is true: this run looks and plans, and changes nothing in AWS.", "plan only")
            if record.check_mode
            else render.notice("check_mode is false: this run acts, once the plan is made.", "for real"),
        ]
    )


def _as_given(value: Any) -> Any:
    """A parameter's value in the spelling that a command line takes."""
    return json.dumps(value) if isinstance(value, bool | dict) else value


def _evidence(record: Record) -> render.Shown:
    outcome = views.WOULD.get(record.outcome, record.outcome) if record.check_mode else record.outcome
    return render.stack(
        [
            render.heading("Outcome", outcome),
            render.heading("Approval") if record.approvals else None,
            approving.shown(record.approvals),
            render.heading("Root sessions this run opened (find them in CloudTrail by these IDs)"),
            render.table(
                ["account", "access key ID", "until"],
                [
                    [
                        render.mono(session["account_id"]),
                        render.mono(session["access_key_id"]),
                        session.get("expiration"),
                    ]
                    for session in record.sessions.values()
                ],
                empty="None.",
            ),
            render.heading(f"Evidence in {record.folder}"),
            render.table(["file", "SHA-256"], [[name, render.mono(digest)] for name, digest in record.listed()]),
        ]
    )


def _complaint(account: Mapping[str, Any]) -> str:
    name = f"{account['name']} ({account['account_id']})" if account.get("name") else account["account_id"]
    return " ".join(
        [f"{name}: {account['outcome']}.", *(account[key] for key in ("reason", "fix") if account.get(key))]
    )
