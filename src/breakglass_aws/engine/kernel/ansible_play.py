# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a list of Ansible tasks as one play on this machine, and follow its events.

ansible-playbook runs in a private temporary folder, and its play finds this collection first. Results come back through
a pipe, from the callback plugin `breakglass.aws.events`: none is written to disk, and the command line has only paths.
Credentials stay where Ansible's modules look for them: in the environment, or in the profile it names.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from breakglass_aws.engine.collection import ROOT, module_util
from breakglass_aws.engine.errors import Interrupted, RunbookError
from breakglass_aws.engine.evidence import locks
from breakglass_aws.engine.evidence.call_ledger import VARIABLE as LEDGER
from breakglass_aws.engine.evidence.call_ledger import CallLedger
from breakglass_aws.engine.executor import client
from breakglass_aws.engine.results import Event

CALLBACK = "breakglass.aws.events"
TASKS = "tasks.yml"
VARIABLES = "variables.yml"
STOP = "stop"

_RESUME = "To continue, resume the run; in JupyterLab, run this cell again. Nothing is done twice."
INTERRUPTED = f"Interrupted. The running task has ended, and no other was started.\n{_RESUME}"
NOT_BEGUN = f"Interrupted before a task of this cell was started.\n{_RESUME}"
PARENT_ENDED = f"Stopped, because the process that started this run has ended. No other task was started.\n{_RESUME}"

PLAY = [
    {
        "name": "Tasks of a runbook",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "become": False,  # whatever ansible.cfg says: tasks run as the person who started the run
        # A play's files, not --extra-vars: a task's own register and set_fact must win over what came before.
        "vars_files": [VARIABLES],
        # Never look for an interpreter: the one that runs Ansible has boto3 too.
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"name": "Tasks of the cell", "ansible.builtin.import_tasks": TASKS}],
    }
]


class _Dumper(yaml.SafeDumper):
    """Writes values so that Ansible uses them literally, also when they look like templates.

    Account names, statement IDs and error messages come from AWS: an account named "{{ lookup('pipe', ...) }}" must
    not run a command here.
    """


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("!unsafe" if "{" in text else "tag:yaml.org,2002:str", text)
)


def check_tasks(text: str) -> None:
    """Raise RunbookError, naming the line of the cell, unless `text` is a YAML list of tasks.

    The first line of a cell is its magic, so the first line of `text` is the cell's second.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 2}, column {mark.column + 1}" if mark else "somewhere"
        shown = f"\n{mark.get_snippet(indent=4)}" if mark else ""
        raise RunbookError(f"This cell is not valid YAML ({where}): {error.problem}{shown}") from None
    except yaml.YAMLError as error:
        raise RunbookError(f"This cell is not valid YAML: {error}") from None
    if root is None:
        raise RunbookError("This cell has no tasks. Write a YAML list of Ansible tasks below %%tasks.")
    if not isinstance(root, yaml.SequenceNode):
        raise RunbookError(
            f"This cell is not a list of tasks (line {root.start_mark.line + 2}): "
            "each task starts with a dash, as in '- name: ...'."
        )
    for item in root.value:
        if not isinstance(item, yaml.MappingNode):
            raise RunbookError(
                f"Line {item.start_mark.line + 2} of this cell is not a task: "
                "a task is a name and a module, as in '- name: ...'."
            )


def _tasks_of(text: str) -> yaml.SequenceNode:
    """Return the tasks of a cell (checked YAML text) as nodes, which know their lines."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.SequenceNode)  # by `check_tasks`
    return root


def task_names(text: str) -> list[str]:
    """Return the names of the tasks of a cell (checked YAML text); of a task without a name, its first key."""
    tasks = [{key.value: value.value for key, value in item.value} for item in _tasks_of(text).value]
    return [str(task.get("name", next(iter(task), ""))) for task in tasks]


def can_go_on(text: str) -> bool:
    """Whether a list of tasks (checked YAML text) can be resumed in its middle: each task reports one result."""
    root = _tasks_of(text)
    keys = {key.value.rpartition(".")[2] for item in root.value for key, _ in item.value}
    return not root.flow_style and not any(re.match("block$|meta$|include_|import_", key) for key in keys)


def without_first(text: str, number: int) -> str:
    """Return the tasks after the first `number`, each on its line; empty when none are left."""
    tasks = _tasks_of(text).value
    if number >= len(tasks):
        return ""
    first: int = tasks[number].start_mark.line
    return "\n" * first + "".join(text.splitlines(keepends=True)[first:])


def run_tasks(
    tasks: str,
    variables: Mapping[str, Any],
    check_mode: bool,
    on_event: Callable[[Event], None],
    module_defaults: Mapping[str, Any] | None = None,
    ledger: CallLedger | None = None,
) -> bool:
    """Run `tasks` (checked YAML text) with `variables`; call `on_event` with each event of the callback plugin.

    The modules write their calls into `ledger`. An interruption lets the running task end, so that its result is known.
    No task is started once a process that started this one has ended; see `_started_by`. Returns whether an
    interruption came after the last task had started.
    Raises Interrupted when tasks were left undone, or may have done only a part of their work, RunbookError when a task
    failed or Ansible could not run the tasks.
    """
    if importlib.util.find_spec("ansible") is None:
        raise RunbookError(
            f"Ansible is not installed for {sys.executable}, which runs this notebook's kernel.\n"
            "Install it there (pip install ansible-core), or choose the kernel of the environment that has it."
        )
    with tempfile.TemporaryDirectory(prefix="breakglass-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _write_play(folder, tasks, variables, module_defaults or {})
        last_failure: list[Event] = []
        begun = False

        def watch(event: Event) -> None:
            nonlocal begun
            begun = True
            if event["event"] in ("failed", "unreachable") and not event["ignored"]:
                last_failure[:] = [event]
            on_event(event)

        with _letting_finish(folder / STOP) as interrupted:
            status, output = _follow(folder, _arguments(folder, check_mode), _environment(folder, ledger), watch)
        if status != 0 and last_failure:
            raise RunbookError(_task_message(last_failure[0], folder))
        if status != 0 and interrupted.is_set():
            raise Interrupted(INTERRUPTED if begun else NOT_BEGUN)
        if module_util("_started_by").missing():  # a sweep ends early then, with a result of what it has done
            raise Interrupted(PARENT_ENDED)
        if status != 0:
            raise RunbookError(_ansible_message(status, output, folder))
        return interrupted.is_set()


@contextlib.contextmanager
def _letting_finish(stop: Path) -> Iterator[threading.Event]:
    """Make SIGINT create the file `stop`, after which no other task starts; yield whether that has happened.

    If this process is killed instead, Ansible starts no other task either, because nothing reads its events.
    """

    interrupted = threading.Event()

    def on_interruption(*_: object) -> None:
        interrupted.set()
        with contextlib.suppress(FileNotFoundError):  # Ansible has just ended
            stop.touch()

    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield interrupted
        return
    before = signal.signal(signal.SIGINT, on_interruption)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _write_play(folder: Path, tasks: str, variables: Mapping[str, Any], module_defaults: Mapping[str, Any]) -> None:
    """Write the play, its tasks and its variables into `folder`, readable for this user only."""
    # The comment replaces the magic, so that line numbers are those of the cell.
    contents = {
        "play.yml": yaml.safe_dump([{**play, "module_defaults": dict(module_defaults)} for play in PLAY]),
        TASKS: f"# %%tasks\n{tasks}",
        VARIABLES: yaml.dump(dict(variables), Dumper=_Dumper, allow_unicode=True),
    }
    for name, text in contents.items():
        with open(folder / name, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
    # Ansible looks for collections beside a playbook before it looks anywhere else.
    (folder / "collections/ansible_collections/breakglass").mkdir(parents=True)
    (folder / "collections/ansible_collections/breakglass/aws").symlink_to(ROOT)


def _arguments(folder: Path, check_mode: bool) -> list[str]:
    """Return the arguments of ansible-playbook."""
    return ["--inventory", "localhost,", "--diff", *(["--check"] if check_mode else []), str(folder / "play.yml")]


def _environment(folder: Path, ledger: CallLedger | None) -> dict[str, str]:
    """The environment of ansible-playbook: ours, with plain output and its temporary files in `folder`."""
    enabled = [os.environ["ANSIBLE_CALLBACKS_ENABLED"]] if os.environ.get("ANSIBLE_CALLBACKS_ENABLED") else []
    own = {
        "ANSIBLE_CALLBACKS_ENABLED": ",".join([*enabled, CALLBACK]),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "BREAKGLASS_STOP": str(folder / STOP),
        "ANSIBLE_DEBUG_BOTOCORE_LOGS": "true",  # makes our modules return their calls, for the journal
        **({LEDGER: str(ledger.path)} if ledger else {}),
        **module_util("_started_by").extended(os.getpid()),
    }
    return {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"} | own


def prepare() -> None:
    """Start to load Ansible, so that the first cell need not wait for it."""
    client.EXECUTOR.start(_environment(Path(os.devnull), None))


def _follow(
    folder: Path, arguments: list[str], environment: dict[str, str], on_event: Callable[[Event], None]
) -> tuple[int, str]:
    """Run ansible-playbook, pass on its events as they come, and return its exit status and output."""
    events, printed = os.pipe(), os.pipe()
    files = [printed[1], events[1], *locks.HELD]
    try:
        process = client.begin(arguments, environment, folder, files)
    finally:
        os.close(printed[1])
        os.close(events[1])
    output: list[str] = []
    # In memory, not in a file. Without a reader Ansible would block when the pipe is full.
    drain = threading.Thread(target=lambda: output.extend(_lines(printed[0])), daemon=True)
    drain.start()
    try:
        for line in _lines(events[0]):
            on_event(json.loads(line))
        status = process.wait()
        drain.join()
        return status, "".join(output)
    except RunbookError:  # results can no longer be recorded
        process.terminate()
        process.wait()
        raise


def _lines(file: int) -> Iterator[str]:
    """Yield the lines that come through a pipe, until no process can write into it any more; close it then."""
    with open(file, encoding="utf-8", errors="replace") as stream:
        yield from stream


def _task_message(event: Event, folder: Path) -> str:
    """Return the message of a failed task: its own message, then which task it was."""
    result = event["result"]
    failed_items = [item for item in result.get("results", []) if isinstance(item, dict) and item.get("failed")]
    messages = [_words(item) for item in failed_items] or [_words(result)]
    return "\n".join([*messages, "", f"(task '{event['task']}', {_in_cell(event['path'] or '', folder)})"])


def _words(result: Mapping[str, Any]) -> str:
    message = str(result.get("msg") or result.get("censored") or "The task failed without a message.").rstrip()
    details = str(result.get("stderr") or result.get("module_stderr") or "").strip()
    return f"{message}\n{details}" if details and details not in message else message


def _ansible_message(status: int, output: str, folder: Path) -> str:
    """Return Ansible's errors, without its warnings, when it could not run the tasks."""
    errors = re.findall(r"^\[ERROR\]: (.*?)(?=^\[[A-Z ]+\]: |\Z)", output, flags=re.MULTILINE | re.DOTALL)
    if errors:
        return "Ansible could not run this cell.\n" + _in_cell("\n".join(errors).strip(), folder)
    said = _in_cell(output.strip()[-2000:], folder) or "It printed nothing."
    return f"ansible-playbook ended with status {status}.\n{said}"


def _in_cell(text: str, folder: Path) -> str:
    """Replace references to the temporary file by lines of the cell."""
    text = text.replace("# %%tasks", "%%tasks")
    return re.sub(rf"{re.escape(str(folder / TASKS))}:(\d+)(:\d+)?", r"line \1 of this cell", text)
