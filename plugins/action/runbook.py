# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils import _names, _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._redaction import visible

# The collection this plugin is in. In a checkout, and where ansible-galaxy installed it, src/ with the engine is beside
# plugins/. The wheel has the engine as a Python package, beside ansible_collections/.
COLLECTION = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SOURCES = os.path.join(COLLECTION, "src")
ENGINE = "breakglass_aws"
PACKAGE = "breakglass-aws"
# The runbooks print commands that work for how a run was started (breakglass_aws.engine.commands).
STARTED_WITH = "BREAKGLASS_STARTED_WITH"
REQUIREMENTS = ("click", "ipykernel", "nbconvert", "nbformat", "papermill", "rich")

OPTIONS: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "resume": {"type": "path"},
    "parameters": {"type": "dict", "default": {}},
    "answers": {"type": "dict", "default": {}, "no_log": True},
    "output_dir": {"type": "path"},
    "extra_vars_except": {"type": "list", "elements": "str"},
}


class ActionModule(ActionBase):
    """Runs a notebook in a process of its own, beside Ansible's, with the same interpreter."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _started_with = ""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(OPTIONS)[1]
        if not options["name"] and not options["resume"]:
            raise AnsibleActionFail(_nothing_named(load_extra_vars(self._loader), options["extra_vars_except"]))
        _require_engine()
        if problems := _names.unknown_environment():
            raise AnsibleActionFail(" ".join(problems))
        self._started_with = "awx" if _is_awx_job(task_vars or {}) else "ansible-playbook"
        extra_variables = self._extra_vars(options["extra_vars_except"], task_vars or {})
        launcher, answers = [sys.executable, "-m", f"{ENGINE}.engine"], json.dumps(options["answers"])
        if options["resume"]:
            _require_nothing_else(options, [*extra_variables], self._task.check_mode)
            command = [*launcher, "resume", options["resume"], "--json"]
            return {**result, **self._follow(command, "", answers)}
        output_dir = options["output_dir"]
        parameters = {**extra_variables, **options["parameters"]}
        if self._task.check_mode:
            parameters["check_mode"] = True
        command = [*launcher, "run", options["name"], "--json"]
        command += ["--parameters-file", "-"]
        if output_dir:
            parameters.setdefault("evidence_dir", output_dir)
            name = os.path.splitext(os.path.basename(options["name"]))[0]  # of a path, only what the run is called
            command += ["--output", os.path.join(output_dir, f"{name}.ipynb")]
        return {**result, **self._follow(command, json.dumps(parameters), answers)}

    def _extra_vars(self, names_left_out: list[str] | None, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The command line's extra variables, where they are parameters too."""
        if names_left_out is None:
            return {}
        return {
            str(name): self._templar.template(task_vars[name])
            for name in load_extra_vars(self._loader)
            if name not in names_left_out and not name.startswith(_names.FOREIGN_VARIABLES)
        }

    def _follow(self, command: list[str], parameters: str, answers: str) -> dict[str, t.Any]:
        """Run the launcher, show its progress, and return the result of the run."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors, _pipe_with(answers) as pipe:
            process = subprocess.Popen(
                [*command, "--answers-file", f"/dev/fd/{pipe}"],
                pass_fds=[pipe],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**self._environment(), **_started_by.extended(*_ansible_processes())},
            )
            try:
                stdin, stdout = t.cast("t.IO[str]", process.stdin), t.cast("t.IO[str]", process.stdout)
                stdin.write(parameters)
                stdin.close()
                end = self._show(json.loads(line) for line in stdout)
                status = process.wait()
            finally:
                process.terminate()  # it saves the notebook as far as it came
            errors.seek(0)
            message = errors.read().strip()
        if end is None:
            return {"failed": True, "msg": message or f"The runbook ended with status {status}, without a message."}
        result = {
            "changed": end["changed"],
            "outcome": end["outcome"],
            "runbook": end["runbook"],
            "notebook": end["notebook"],
            "html": end["page"],
            "evidence_dir": end["evidence_dir"],
            "cells": [{key: cell[key] for key in ("cell", "title", "status", "seconds")} for cell in end["cells"]],
        }
        if end["failure"]:
            stopped = f"The runbook ended '{end['outcome']}' at '{end['failed_cell']}'."
            result.update(failed=True, msg=f"{stopped}\n{end['failure']}", failed_cell=end["failed_cell"])
        return result

    def _show(self, events: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any] | None:
        """Show each cell when it has ended, with its plan or result; return the last event, None when there is none."""
        for event in events:
            if event["event"] == "end":
                self._display.display(f"  Page: {visible(event['page'])}")
                return event
            if event["event"] == "cell" and event["status"] != "running":
                took = "" if event["status"] == "skipped" else " in {:.1f} s".format(event["seconds"])
                line = "  [{number}/{total}] {title}: {status}{took}".format(took=took, **event)
                self._display.display(visible(line))
                if event["text"]:  # the plan, which a person must be able to read without opening the page
                    self._display.display(event["text"])
        return None

    def _environment(self) -> dict[str, str]:
        """Our environment and the task's, with the engine on Python's path. Others could read a command line."""
        own: dict[str, t.Any] = {}
        self._compute_environment_string(own)
        variables = {
            **os.environ,
            **{name: str(value) for name, value in own.items()},
            STARTED_WITH: self._started_with,
        }
        if os.path.isdir(SOURCES):
            variables["PYTHONPATH"] = os.pathsep.join([SOURCES, *filter(None, [os.environ.get("PYTHONPATH")])])
        return variables


def _ansible_processes() -> tuple[int, int]:
    """ansible-playbook, and its worker that runs this plugin in a session of its own.

    A signal that ends ansible-playbook's process group does not reach the worker, nor what the worker starts.
    """
    parent = multiprocessing.parent_process()
    return (parent.pid if parent and parent.pid else os.getppid()), os.getpid()


@contextlib.contextmanager
def _pipe_with(text: str) -> t.Iterator[int]:
    """A pipe that contains `text`: answers may be secret, so no file and no command line has them."""
    reader, writer = os.pipe()
    feeder = threading.Thread(
        target=_feed, args=(writer, text), daemon=True
    )  # a pipe takes no more than 64 KiB at once
    feeder.start()
    try:
        yield reader
    finally:
        os.close(reader)


def _feed(writer: int, text: str) -> None:
    with contextlib.suppress(BrokenPipeError), open(writer, "w", encoding="utf-8") as stream:
        stream.write(text)


def _nothing_named(extra_variables: t.Iterable[str], known: list[str] | None) -> str:
    """What to name, for a task of one's own and for the playbook, whose variables ``known`` has."""
    if known is None:
        return "Name the runbook in `name`, or the folder of the run to resume in `resume`."
    near = {str(name): _names.nearest(str(name), known) for name in extra_variables if name not in known}
    hints = [f" Unknown variable '{visible(name)}'. Did you mean {meant}?" for name, meant in near.items() if meant]
    return f"Name the runbook: -e runbook=unlock_s3_bucket; or the run to resume: -e resume=FOLDER.{''.join(hints)}"


def _require_nothing_else(options: dict[str, t.Any], extra_variables: list[str], check_mode: bool) -> None:
    """A run is resumed as it was started."""
    given = [name for name in ("name", "parameters", "output_dir") if options[name]] + sorted(extra_variables)
    if given:
        raise AnsibleActionFail(f"A run is resumed as it was started: give resume without {', '.join(given)}.")
    if check_mode:
        raise AnsibleActionFail("A run is resumed as it was started. To only plan, start a new run.")


def _is_awx_job(task_vars: dict[str, t.Any]) -> bool:
    """Whether AWX, or the Automation Controller, runs this playbook: it then has no command line to resume a run on."""
    return "awx_job_id" in task_vars or "tower_job_id" in task_vars


def _require_engine() -> None:
    """Fail, with how to correct it, unless the engine of this version is here with what it needs."""
    installed = _installed_version()
    if not os.path.isdir(SOURCES) and installed is None:
        raise AnsibleActionFail(
            f"The engine that runs runbooks is neither in {SOURCES} nor installed for {sys.executable}. "
            f"Install it there: {_pip(f'{PACKAGE}=={v.VERSION}')}"
        )
    if installed not in (None, v.VERSION):
        raise AnsibleActionFail(
            f"The collection {v.COLLECTION} in {COLLECTION} is version {v.VERSION}, but the installed Python package "
            f"{PACKAGE} is version {installed}. Install the same version: {_pip(f'{PACKAGE}=={v.VERSION}')}"
        )
    missing = [name for name in REQUIREMENTS if importlib.util.find_spec(name) is None]
    if missing:
        raise AnsibleActionFail(
            f"Running a runbook needs Python packages that {sys.executable} does not have: {', '.join(missing)}. "
            f"Install them there: {_pip('--requirement ' + os.path.join(COLLECTION, 'requirements.txt'))}"
        )


def _installed_version() -> str | None:
    """The version of the installed Python package; None without one, and for an editable installation of this one."""
    try:
        found = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    folder = os.path.realpath(str(found.locate_file(ENGINE)))
    is_this = folder == os.path.join(SOURCES, ENGINE)  # whatever old metadata beside it say
    return found.version if os.path.isdir(folder) and not is_this else None


def _pip(what: str) -> str:
    return f"{sys.executable} -m pip install {what}"
