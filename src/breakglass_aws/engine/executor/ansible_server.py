# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executor: a process that has Ansible, boto3 and the collection loaded, and forks a child for each cell.

Starting Ansible takes about 0.4 seconds of processor time and each module as much again, nearly all of it to import
code. This process imports it once, and does nothing else: it runs no task, and gets no credentials. A cell's child
gets the environment, the working folder and the pipes that a new process would get, and ends with the cell. So a cell
finds what it would find in a new process, and leaves nothing to the next one.

It ends when the kernel that started it ends, or closes the socket.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import os
import shutil
import signal
import socket
import sys
from types import FrameType
from typing import Any

from breakglass_aws.engine.executor import archives, module_process, preload, wire


def main() -> None:
    """Load everything, report that, and fork children until the kernel ends."""
    channel = socket.socket(fileno=_out_of_the_way(int(sys.argv[1])))
    os.dup2(0, wire.EVENTS, inheritable=False)  # no other file may have this number: a child closes it
    module_process.name_process("ansible-server")
    _serve(channel, archives.Archives())


def _serve(channel: socket.socket, kept: archives.Archives) -> None:
    """Fork a child for each request."""
    try:
        module_process.load()
        preload.load_ansible()
    except Exception as error:
        wire.report(channel, f"{type(error).__name__}: {error}")
        return
    sources = _sources()
    gc.collect()
    gc.freeze()  # shared with all children, as long as no process writes to it
    wire.report(channel, "")
    cells: set[int] = set()

    def reap(_number: int, _frame: FrameType | None) -> None:
        for pid in [*cells]:
            with contextlib.suppress(ChildProcessError):
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    continue
            cells.discard(pid)

    signal.signal(signal.SIGCHLD, reap)
    while received := wire.receive(channel):
        request, files = received
        if sources != _sources():
            os.write(files[0], b"changed\n")
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            module_process.end_with(functools.partial(_run_cell, request, files, kept))
        cells.add(pid)
        for file in (request, *files):
            os.close(file)


def _sources() -> dict[str, tuple[int, int]]:
    """Return all files that were loaded, with time and size: when one was changed since, all must be loaded anew."""
    modules = [*sys.modules.values(), *module_process.LOADED.values()]
    code = filter(None, (getattr(module, "__file__", None) for module in modules))
    found = {}
    for path in {*code, *module_process.FILES, *archives.sources()}:
        with contextlib.suppress(OSError):
            state = os.stat(path)
            found[path] = (state.st_mtime_ns, state.st_size)
    return found


def _run_cell(request_file: int, files: list[int], kept: archives.Archives) -> None:
    """Run a cell in a child, wait for it, and remove its folder, also when the kernel was killed meanwhile."""
    status, output, events, *locks = files
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # Ctrl-C, and JupyterLab's interruption, reach all of a group
    request = wire.read(request_file)
    os.write(status, f"{os.getpid()}\n".encode())
    pid = os.fork()
    if pid == 0:
        os.close(status)
        module_process.end_with(lambda: _run_ansible(request, output, events, locks, kept))
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)  # it reaches Ansible too; this process waits for it
    for file in (output, events, *locks):
        os.close(file)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    shutil.rmtree(request["folder"], ignore_errors=True)
    with contextlib.suppress(BrokenPipeError):
        os.write(status, f"{code if code >= 0 else 128 - code}\n".encode())


def _run_ansible(request: dict[str, Any], output: int, events: int, locks: list[int], kept: archives.Archives) -> None:
    """Become the process of a cell, and run ansible-playbook in it."""
    module_process.name_process("ansible-playbook")
    locks = [_out_of_the_way(lock) for lock in locks]  # held until this process ends
    output, events = _out_of_the_way(output), _out_of_the_way(events)
    for number, file in {1: output, 2: output, wire.EVENTS: events}.items():
        os.dup2(file, number)
    os.close(output)
    os.close(events)
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path.insert(0, request["cwd"])  # as `python -m` does
    sys.argv = ["ansible-playbook", *request["arguments"]]

    from ansible import constants
    from ansible.cli import playbook

    constants.set_constant("DEFAULT_LOCAL_TMP", constants.config.get_config_value("DEFAULT_LOCAL_TMP"))
    gc.set_threshold(100_000, 50, 50)  # this process is short-lived
    module_process.install()
    with kept.used_in(constants.DEFAULT_LOCAL_TMP):
        playbook.main(sys.argv)


def _out_of_the_way(file: int) -> int:
    """Return a copy of the descriptor `file`, which is closed, above those with a fixed number."""
    copy = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, wire.EVENTS + 1)
    os.close(file)
    return copy


if __name__ == "__main__":
    main()
