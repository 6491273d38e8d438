# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the engine runs a notebook: cell by cell, with a true state for each cell, whatever ends the run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.log import logger

from breakglass_aws.engine import commands
from breakglass_aws.engine import kernel_options as kernel_options_module
from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.errors import Waiting
from breakglass_aws.engine.evidence.redaction import ENGINE, Redactor
from breakglass_aws.engine.kernel.output_metadata import PROGRESS, TASK_LIST
from breakglass_aws.engine.kernel_options import KernelOptions

_HEADING = re.compile(r"^(#+) +(.*\S)", re.MULTILINE)
KERNEL = "breakglass_aws.engine.kernel.main"
CHECK_EVERY = 0.25  # seconds between two looks at the processes that started this one
ANSWER_WITHIN = 3  # seconds, in which a kernel that is idle has answered
# The cells whose results a person must see without opening the page.
SHOWN_CELLS = ("plan", "list", "hand-back")
INTERRUPTED = "The run was interrupted while this cell was running."
SKIPPED = "skipped"
WAITING = "waiting"
STOPPED = "interrupted"


@dataclass(frozen=True)
class Progress:
    """The state of a cell that began or ended."""

    cell: str  # its id
    title: str
    status: str  # "running"; then "completed", "failed", "waiting", "interrupted" or "skipped"
    number: int  # of the code cells, from 1
    total: int
    seconds: float = 0.0
    shown: str = ""  # the results of a cell that ended, as Markdown, where they belong on the terminal too
    detail: str = ""  # how far the task that runs is; empty at the cell's begin and end


def _shown(cell: Any) -> str:
    """Return the results of a cell as Markdown, without the list of its tasks; empty for most cells."""
    if not cell.get("id", "").startswith(SHOWN_CELLS):
        return ""
    outputs = [output for output in cell.get("outputs", []) if not output.get("metadata", {}).get(TASK_LIST)]
    return "\n\n".join(output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {}))


def title_of(nb: Any, index: int) -> str:
    """Return the title of a code cell: its section, and the smaller heading right above it if there is one."""
    if "injected-parameters" in nb.cells[index].metadata.get("tags", []):
        return "Parameters as given"
    section = smaller = ""
    for cell in nb.cells[:index]:
        headings = _HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
        for depth, words in headings:
            section, smaller = (section, words) if len(depth) > 2 else (words, "")
    return ": ".join(filter(None, (section, smaller))) or nb.cells[index].get("id", f"cell {index + 1}")


class _Book(NotebookExecutionManager):
    """Keeps the state of each cell in the notebook, and reports it."""

    def __init__(
        self,
        *args: Any,
        on_progress: Callable[[Progress], None] | None = None,
        redactor: Redactor | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._on_progress = on_progress
        self._redactor = redactor or ENGINE
        self._begun = 0.0
        self.interrupted = False  # whether that has ended the cell that runs
        self._is_text = False  # whether it is a cell of text that runs
        self._code = [index for index, cell in enumerate(self.nb.cells) if cell.cell_type == "code"]

    def cell_start(self, cell: Any, cell_index: int, **kwargs: Any) -> None:
        self._is_text = cell.cell_type != "code"
        super().cell_start(cell, cell_index=cell_index, **kwargs)
        self._begun = time.monotonic()
        self._tell(cell, cell_index)

    def cell_complete(self, cell: Any, cell_index: int, **kwargs: Any) -> None:
        super().cell_complete(cell, cell_index=cell_index, **kwargs)
        if any(output.get("ename") == Waiting.__name__ for output in cell.get("outputs", [])):
            cell.metadata.papermill["status"] = WAITING
        if self.interrupted:
            cell.metadata.papermill["status"] = STOPPED
        self._tell(cell, cell_index, time.monotonic() - self._begun)

    def tell_detail(self, index: int, words: str) -> None:
        """Report how far the running task of a cell is."""
        if self._on_progress:
            number, cell = self._code.index(index) + 1, self.nb.cells[index]
            seconds = time.monotonic() - self._begun
            title, detail = title_of(self.nb, index), self._redactor.text(words)
            self._on_progress(
                Progress(cell.get("id", ""), title, self.RUNNING, number, len(self._code), seconds, detail=detail)
            )

    def save(self, **kwargs: Any) -> None:
        if self._is_text:  # nothing happens in such a cell; the next one saves its state
            return
        self._redactor.notebook(self.nb)
        super().save(**kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        self._is_text = False
        # Before papermill turns what was never reached into "completed".
        for index, cell in enumerate(self.nb.cells):
            if cell.metadata.papermill["status"] == self.PENDING:
                cell.metadata.papermill["status"] = SKIPPED
                self._tell(cell, index)
        super().notebook_complete(**kwargs)

    def _tell(self, cell: Any, index: int, seconds: float = 0.0) -> None:
        if self._on_progress and cell.cell_type == "code":
            number = self._code.index(index) + 1
            status = cell.metadata.papermill["status"]
            title = title_of(self.nb, index)
            shown = self._redactor.text(_shown(cell)) if status != self.RUNNING else ""
            self._on_progress(Progress(cell.get("id", ""), title, status, number, len(self._code), seconds, shown))


class _Client(PapermillNotebookClient):
    """Runs the cells, and records in a cell what stopped it.

    At the first Ctrl-C (or SIGTERM) the running cell is interrupted and may end properly, and no other is started. At
    the second, everything ends at once.
    """

    _stopping = False
    _running = False
    _idle_since = 0.0  # seconds of the monotonic clock; 0: the kernel is at the cell

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._over = threading.Event()

    def execute(self, **kwargs: Any) -> Any:
        self.reset_execution_trackers()
        with self.setup_kernel(**kwargs), self._stopped_by(signal.SIGINT, signal.SIGTERM):
            if module_util("_started_by").chain():
                threading.Thread(target=self._watch_parents, daemon=True).start()
            self.papermill_execute_cells()
        return self.nb

    @contextlib.contextmanager
    def _stopped_by(self, *signals: signal.Signals) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():  # only that one gets signals
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in signals}
        try:
            yield
        finally:
            self._over.set()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True
        print("\nStopping after the running task. Press Ctrl-C again to stop at once.", file=sys.stderr, flush=True)
        threading.Thread(target=self._interrupt, daemon=True).start()

    def _watch_parents(self) -> None:
        """Stop as at Ctrl-C once a process that started this one has ended."""
        while not self._over.wait(CHECK_EVERY):
            if module_util("_started_by").missing():
                if not self._stopping:
                    self._stop_with_parent()
                    self._interrupt()
                return

    def _stop_with_parent(self) -> None:
        self._stopping = True
        with contextlib.suppress(OSError):  # the reader may have ended too
            print("\nStopping: the process that started this run has ended.", file=sys.stderr, flush=True)

    def _interrupt(self) -> None:
        """Interrupt the cell until it has ended: a kernel that is about to start a cell ignores an interruption.

        A kernel that is interrupted just before or after the cell's own code is idle then, and never answers.
        """
        with contextlib.suppress(ProcessLookupError):
            while not self._over.is_set():
                if self._running and not self._idle_since:
                    os.kill(self.km.provisioner.pid, signal.SIGINT)
                elif self._running and time.monotonic() - self._idle_since > ANSWER_WITHIN:
                    os.kill(os.getpid(), signal.SIGINT)
                    return
                self._over.wait(1)

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Notice when the kernel is done with a cell, and how far its task is: the list of tasks has that."""
        if msg["msg_type"] == "status" and msg["content"]["execution_state"] == "idle":
            self._idle_since = time.monotonic()
        if msg["msg_type"] == "update_display_data" and (words := msg["content"]["metadata"].get(PROGRESS)):
            self.nb_man.tell_detail(cell_index, str(words))
        return super().process_message(msg, cell, cell_index)

    def papermill_execute_cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            if not self._stopping and module_util("_started_by").missing():
                self._stop_with_parent()
            if self._stopping:
                raise KeyboardInterrupt
            try:
                self.nb_man.cell_start(cell, index)
                self._running, self._idle_since = True, 0.0
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.interrupted = self._stopping
                if self._stopping and error.ename == KeyboardInterrupt.__name__:
                    cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
                    self._write_down(cell, index, error, INTERRUPTED)
                else:
                    self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                if self._stopping:
                    raise KeyboardInterrupt from None
                return
            except (DeadKernelError, CellTimeoutError) as error:
                self._write_down(cell, index, error, self._explain(error))
                return
            except BaseException as error:  # Ctrl-C, or an error in here
                self.nb_man.interrupted = isinstance(error, KeyboardInterrupt)
                self._write_down(cell, index, error, INTERRUPTED)
                raise
            finally:
                self._running = False
                self.nb_man.cell_complete(cell, cell_index=index)

    def _explain(self, error: Exception) -> str:
        if isinstance(error, CellTimeoutError):
            return f"This cell took longer than {self.timeout} s and was stopped."
        return "The kernel died while this cell was running: it was killed, or the machine ran out of memory."

    def _write_down(self, cell: Any, index: int, error: BaseException, words: str) -> None:
        """Add the error output to the cell that papermill finds later, and raises."""
        words += (
            "\nA task of this cell may have been done, or still be running for a minute. "
            "To continue, resume the run. Nothing is done twice."
        )
        if cell.cell_type == "code":
            cell.outputs.append(
                nbformat.v4.new_output("error", ename=type(error).__name__, evalue=words, traceback=words.splitlines())
            )
        self.nb_man.cell_exception(cell, cell_index=index, exception=error)


def _kernel_manager(folder: Path) -> type[AsyncKernelManager]:
    """Return a kernel manager that uses sockets in the private `folder`, and no files elsewhere.

    Sockets of a private folder need no encryption; TCP ports of the machine would, because its other users reach them.
    """

    class SocketKernelManager(AsyncKernelManager):
        def _transport_default(self) -> str:
            return "ipc"

        def _ip_default(self) -> str:
            return str(folder / "kernel")

        def _connection_file_default(self) -> str:
            return str(folder / "kernel.json")

        @property
        def kernel_spec(self) -> KernelSpec | None:
            """The kernel of this interpreter, whatever kernel of that name this user has installed."""
            if self.kernel_name == NATIVE_KERNEL_NAME:
                # At Ctrl-C it reports that its client has closed the sockets, which is expected.
                spec = get_kernel_dict(["--log-level=CRITICAL"])
                # -P: a file in the working directory cannot replace a module of Python.
                spec["argv"] = [sys.executable, "-P", "-m", KERNEL, *spec["argv"][spec["argv"].index("-f") :]]
                return KernelSpec(resource_dir=RESOURCES, **spec)
            return super().kernel_spec

    return SocketKernelManager


def execute(
    nb: Any,
    kernel_name: str,
    output_path: str | None = None,
    progress_bar: bool | dict[str, Any] = True,
    log_output: bool = False,
    autosave_cell_every: int = 30,
    start_timeout: int = 60,
    execution_timeout: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    kernel_options: KernelOptions | None = None,
    secrets: Iterable[str] = (),
    stdout_file: Any = None,
    stderr_file: Any = None,
    **_: Any,
) -> Any:
    """Run every cell of `nb` and return it, saved at each step to `output_path`.

    A cell that fails, dies or takes longer than `execution_timeout` seconds has an error among its outputs then, which
    papermill raises. `on_progress` is called for each code cell when it starts and when it ends. `secrets`, and those
    of the environment, are hidden in what is saved.
    """
    for secret in secrets:
        ENGINE.add(secret)
    book = _Book(
        nb,
        output_path,
        log_output,
        progress_bar,
        autosave_cell_every,
        on_progress=on_progress,
        redactor=ENGINE,
    )
    book.notebook_start()
    try:
        with tempfile.TemporaryDirectory(prefix="breakglass-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            client = _Client(
                book,
                kernel_manager_class=_kernel_manager(folder),
                kernel_name=kernel_name,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                coalesce_streams=True,
                log=logger,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
            )
            _execute(client, folder, kernel_options or KernelOptions())
    finally:
        book.notebook_complete()
    return book.nb


def _execute(client: _Client, folder: Path, kernel_options: KernelOptions) -> None:
    """Start the kernel and run the cells."""
    reader = dataclasses.replace(kernel_options, engine=True).pipe()
    environment = _kernel_environment(folder) | {kernel_options_module.VARIABLE: str(reader)}
    try:
        client.execute(env=environment, pass_fds=[reader])
    finally:
        os.close(reader)


def _kernel_environment(folder: Path) -> dict[str, str]:
    """Return this environment with this package on Python's path, and without the user's IPython history and settings.

    The kernel and all that it starts know this process, and start nothing more once it has ended.
    """
    path = [str(Path(__file__).resolve().parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(path), "IPYTHONDIR": str(folder / "ipython")}
    own[commands.PROGRAM_OF_LAUNCHER] = commands.program()
    return {**os.environ, **own, **module_util("_started_by").extended(os.getpid())}
