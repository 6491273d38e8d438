# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's side of the executor: start it, have it run the tasks of a cell, start another one when it must be."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from breakglass_aws.engine.collection import SOURCES
from breakglass_aws.engine.executor import wire

PYTHON = sys.executable  # tests use another
SERVER = "breakglass_aws.engine.executor.ansible_server"
EVENTS = "BREAKGLASS_EVENTS"  # where the callback plugin writes events
# Variables that Python, the loader of libraries and Ansible read while they start. The server gets no others: no
# credentials and no addresses.
_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_\w+|PYTHON\w*|VIRTUAL_ENV|LD_\w+|DYLD_\w+|"
    r"OPENSSL_\w+|XDG_\w+|NO_COLOR|_?ANSIBLE_\w+|BREAKGLASS_STARTED_BY"
)
_SECRET = re.compile("TOKEN|PASS|SECRET|KEY|CREDENTIAL|BEARER")
# They differ from cell to cell, and are read when they are used, not when Ansible starts.
_OF_A_CELL = frozenset({"ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP"})
_KILLED = 128 + signal.SIGKILL


class Unavailable(Exception):
    """No server can run a cell here; the reason."""


class Running(Protocol):
    """An ansible-playbook that has begun."""

    def wait(self) -> int:
        """Wait for its end; return its exit status as a shell does, so 137 when it was killed."""

    def terminate(self) -> None:
        """Ask it and the processes that it started to end."""


def begin(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[int]) -> Running:
    """Begin to run ansible-playbook with `arguments`; `folder` is removed when it ends, whatever ends it.

    `files` are open files: for its output, for its events, and locks that it holds. Where there is no server, a new
    process is started, and a line on standard error says so.
    """
    try:
        return EXECUTOR.run(arguments, environment, folder, files)
    except Unavailable as reason:
        print(f"Each cell starts Ansible anew, which takes longer: {reason}.", file=sys.stderr)
        return _Process(arguments, environment, folder, files)


class Executor:
    """The server, and when to start another one."""

    def __init__(self) -> None:
        self._server: _Server | None = None
        self._failed: tuple[Any, str] = (None, "")
        self._lock = threading.Lock()

    def start(self, environment: Mapping[str, str]) -> None:
        """Start a server for cells with this environment, unless there is one; do not wait until it is ready."""
        with self._lock, contextlib.suppress(Unavailable):
            self._started(environment)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[int]
    ) -> Running:
        """Begin a cell; see `begin`. Raises Unavailable."""
        request = {
            "arguments": [*arguments],
            "environment": {**environment, EVENTS: f"/dev/fd/{wire.EVENTS}"},
            "folder": str(folder),
            "cwd": os.getcwd(),
            "umask": _umask(),
        }
        with self._lock:
            for _attempt in range(2):
                server = self._started(environment)
                try:
                    if cell := server.run(request, files):
                        return cell
                except Unavailable as reason:
                    self._failed = (server.loaded, str(reason))
                    self.stop()
                    raise
                self.stop()
        raise Unavailable("its server ended twice before a cell began")

    def stop(self) -> None:
        """Let the server end. A cell that it runs goes on."""
        if self._server:
            self._server.stop()
        self._server = None

    def _started(self, environment: Mapping[str, str]) -> _Server:
        loaded = _what_is_loaded(environment)
        if self._failed[0] == loaded:
            raise Unavailable(self._failed[1])
        if self._server and not self._server.serves(loaded):
            self.stop()
        if not self._server:
            self._server = _Server(environment, loaded)
        return self._server


class _Server:
    """A process that forks cells."""

    def __init__(self, environment: Mapping[str, str], loaded: Any) -> None:
        self.loaded = loaded
        self._channel, theirs = socket.socketpair()
        self._ready = False
        with theirs:
            self._process = subprocess.Popen(
                # -P: a file in the working directory cannot replace a module of Python.
                [PYTHON, "-P", "-m", SERVER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=_environment(environment),
            )

    def serves(self, loaded: Any) -> bool:
        """Whether it is running, and has loaded what a new process would load."""
        return self.loaded == loaded and self._process.poll() is None

    def stop(self) -> None:
        self._channel.close()
        self._process.wait()

    def run(self, request: Mapping[str, Any], files: Sequence[int]) -> Running | None:
        """Begin a cell; return None when the server has ended, or must be started again. Raises Unavailable."""
        if not self._ready:
            self._wait()
        reader, writer = os.pipe()
        sent = wire.send(self._channel, request, [writer, *files])
        os.close(writer)
        status = open(reader, encoding="ascii")  # noqa: SIM115  # the cell closes it
        first = status.readline().strip()
        if sent and first.isdigit():
            return _Cell(int(first), status)
        status.close()
        return None

    def _wait(self) -> None:
        """Wait until everything is loaded. Raises Unavailable when it cannot be."""
        if error := wire.wait(self._channel):
            raise Unavailable(error)
        self._ready = True


@dataclass
class _Cell:
    """A cell that the server has forked."""

    pid: int  # and the ID of its process group
    status: IO[str]  # on which its exit status is written

    def wait(self) -> int:
        with self.status:
            text = self.status.read().strip()
        return int(text) if text else _KILLED

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)


class _Process:
    """A cell in a new process of ansible-playbook."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, files: Sequence[int]
    ) -> None:
        output, events, *locks = files
        # The folder may contain a secret answer. A shell removes it also when this process was killed. SIGTERM reaches
        # Ansible too, and the shell waits for it.
        shell = ["sh", "-c", 'trap : TERM; "$@"; status=$?; rm -rf "$0"; exit $status', str(folder)]
        self._process = subprocess.Popen(
            [*shell, sys.executable, "-m", "ansible", "playbook", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[events, *locks],
            start_new_session=True,  # Ctrl-C, and JupyterLab's interruption, reach all of a group
            env={**environment, EVENTS: f"/dev/fd/{events}"},
        )

    def wait(self) -> int:
        return self._process.wait()

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a server for cells with this environment: what code reads while it is imported."""
    needed = {
        name: value
        for name, value in environment.items()
        if _NEEDED.fullmatch(name) and not _SECRET.search(name) and name not in _OF_A_CELL
    }
    path = dict.fromkeys([str(SOURCES), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))])
    return needed | {"PYTHONPATH": os.pathsep.join(path)}


def _what_is_loaded(environment: Mapping[str, str]) -> Any:
    """Return what decides what Ansible is like once it is imported, apart from its code: variables and ansible.cfg.

    Source: ansible-core's configuration reference; ansible.cfg in a folder that all users can write is ignored.
    """
    named = environment.get("ANSIBLE_CONFIG", "")
    places = [named, os.path.join(named, "ansible.cfg"), "ansible.cfg", os.path.expanduser("~/.ansible.cfg")]
    states: list[Any] = [os.stat(".").st_mode]
    for place in [*places, "/etc/ansible/ansible.cfg"]:
        with contextlib.suppress(OSError):
            state = os.stat(place)
            states.append((place, state.st_mode, state.st_ino, state.st_mtime_ns, state.st_size))
    return os.getcwd(), states, _environment(environment)


def _umask() -> int:
    """Return the umask of this process without changing it, where the system shows it, else the usual one."""
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022


EXECUTOR = Executor()
