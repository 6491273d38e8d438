"""The magics of a runbook: %runbook starts a run, %%tasks runs Ansible tasks in it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display

from breakglass_runbooks import parameters, render, views
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import Record, make_folder
from breakglass_runbooks.play import Event, check_tasks, run_tasks


@magics_class
class RunbookMagics(Magics):
    """A run in this kernel, and the magics that act on it."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._record: Record | None = None
        self._declared: list[parameters.Parameter] = []
        self._registered: set[str] = set()
        self._folder = ""  # of the latest run: what the notebook's evidence_dir says until somebody changes it
        self._failed: str | None = None  # the step that failed and has not been run again with success

    @line_magic
    def runbook(self, line: str) -> None:
        """Start a run: check the notebook's parameters, make the evidence folder, say what is about to happen."""
        # JupyterLab sends all cells at once, and some of those behind a failing one may be run all the same. So the run
        # before this one ends here: what follows finds no run when this fails.
        self._record, self._failed = None, None
        self._registered.clear()
        self._declared = self._find_parameters()
        values = self._checked_parameters()
        if values.get("evidence_dir") == self._folder:
            values["evidence_dir"] = ""  # the latest run's first cells are run again: a new run, in a new folder
        folder = make_folder(values.get("evidence_dir", ""), line.strip())
        values["evidence_dir"] = self._folder = str(folder)
        self.shell.push(values)
        self._record = Record(line.strip(), folder, values)
        self._record.write()
        display(_introduction(self._record))

    @cell_magic
    def tasks(self, line: str, cell: str) -> None:
        """Run the cell, a YAML list of Ansible tasks, and show what each task does."""
        if line.strip():
            raise RunbookError(f"%%tasks takes nothing behind it, but there is: {line.strip()}")
        record = self._current(cell)
        self._failed = cell
        check_tasks(cell)
        self._find_parameters()
        record.parameters = self._checked_parameters()
        live = _TaskList()
        try:
            run_tasks(cell, record.parameters | self._results(), record.check_mode, lambda event: self._on(event, live))
        except RunbookError as error:
            record.outcome, record.message = "failed", str(error)
            raise
        else:
            record.outcome, record.message = "unfinished", ""
            self._failed = None
        finally:
            record.write()
            live.show_results()

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
        display(_evidence(record))
        if unfinished:
            raise RunbookError(
                f"{len(unfinished)} account(s) could not be dealt with; the others are as shown above.\n"
                f"{record.message}"
            )

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

    def _on(self, event: Event, live: _TaskList) -> None:
        live.on(event)
        if event["event"] == "started":
            return
        result = event["result"]
        self._record.add(event)
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
        self.shell.push(public)


class _TaskList:
    """The tasks of a cell as they go by; updated in place, so that a saved notebook keeps the last state."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._finished: list[Event] = []
        self._idle = "Starting Ansible ..."
        self._handle = display(self._table(), display_id=True)

    def on(self, event: Event) -> None:
        """Show an event."""
        if event["event"] == "started":
            self._rows.append({"task": event["task"], "state": "running", "since": time.monotonic(), "note": ""})
        else:
            self._finished.append(event)
            self._rows[-1].update(
                state=_state(event), note=_note(event), took=time.monotonic() - self._rows[-1]["since"]
            )
        self._handle.update(self._table())

    def show_results(self) -> None:
        """Show what the tasks found or did, below the list; what was still running is not shown as running."""
        self._idle = "No task was run."
        for row in self._rows:
            if row["state"] == "running":
                row["state"] = "unknown"
        self._handle.update(self._table())
        for event in self._finished:
            shown = views.view(event)
            if shown:
                display(shown)

    def _table(self) -> render.Shown:
        if not self._rows:
            return render.text(self._idle)
        return render.table(
            ["task", "state", "time"],
            [
                [
                    render.words(row["task"], *([render.small(row["note"])] if row["note"] else [])),
                    render.badge(row["state"]),
                    f"{row['took']:.1f} s" if "took" in row else None,
                ]
                for row in self._rows
            ],
        )


def _state(event: Event) -> str:
    if event["event"] == "changed" and event["check_mode"]:
        return "would change"
    if event["event"] == "skipped":
        return "not run"  # unlike an account that is skipped, nothing to look at
    return "failed, ignored" if event["ignored"] else event["event"]


def _note(event: Event) -> str:
    condition = event["result"].get("false_condition")
    return f"only when {condition}" if event["event"] == "skipped" and condition else ""


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
            render.table(["file", "SHA-256"], [[name, render.mono(digest)] for name, digest in record.files()]),
        ]
    )


def _complaint(account: Mapping[str, Any]) -> str:
    name = f"{account['name']} ({account['account_id']})" if account.get("name") else account["account_id"]
    return " ".join(
        [f"{name}: {account['outcome']}.", *(account[key] for key in ("reason", "fix") if account.get(key))]
    )
