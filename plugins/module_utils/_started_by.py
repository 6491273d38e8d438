# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the processes that started this one are still running. No Ansible, no AWS.

A cancelled job must not change anything more. The signal that cancels it may be SIGKILL, and reach only some of the
processes of a run. So each process of a run passes the chain of those above it to those that it starts, in one
environment variable, and each checks the chain right before it begins something: the launcher before a cell, Ansible
before a task, a module before a call that changes something.
"""

from __future__ import annotations

import os
import typing as t

VARIABLE = "BREAKGLASS_STARTED_BY"
_STAT = "/proc/{pid}/stat"
_ansible: list[str] = []  # the processes of Ansible, and of a module, above this one; see `find_ansible`, `add`


def identify(pid: int) -> str:
    """Return a process as text: ``PID:START``. START is empty where there is no /proc, as on macOS.

    The start time, in clock ticks after the machine's start, tells a process from a later one with the same ID.
    Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime).
    """
    _state, start = _read(pid)
    return f"{pid}:{start}"


def is_running(process: str) -> bool:
    """Return whether a process, as ``identify`` names it, has not ended. A zombie has ended."""
    pid, _colon, start = process.partition(":")
    if not pid.isdigit():
        return False
    state, now = _read(int(pid))
    if start:
        return now == start and state not in ("Z", "X", "x")
    return state not in ("", "Z", "X", "x") or _exists(int(pid))


def chain(environment: t.Mapping[str, str] | None = None) -> list[str]:
    """Return the processes above this one, the first that was started first. Empty: there is none to wait for."""
    value = (os.environ if environment is None else environment).get(VARIABLE, "")
    return [process for process in value.split(",") if process] + (_ansible if environment is None else [])


def missing(environment: t.Mapping[str, str] | None = None) -> str | None:
    """Return the first process of the chain that has ended; None while all are running."""
    return next((process for process in chain(environment) if not is_running(process)), None)


def extended(*pids: int, environment: t.Mapping[str, str] | None = None) -> dict:
    """Return the variable for a process to be started: the chain of this one, and ``pids`` after it."""
    return {VARIABLE: ",".join([*chain(environment), *(identify(pid) for pid in pids)])}


def add(pid: int) -> None:
    """Let the chain of this process have another one, such as the module's that forked it."""
    _ansible.append(identify(pid))


def find_ansible() -> list[str]:
    """Let the chain of a module's process have ansible-playbook and its worker; return the two, or nothing.

    ansible-core 2.19 and newer put each worker into a session of its own. A signal to the process group of
    ansible-playbook, as ansible-runner and AWX send it to cancel a job, reaches neither the worker nor the module.
    The worker is the leader of the module's session and a fork of ansible-playbook, with the same command line.
    """
    worker = os.getsid(0)
    parent = _field(worker, 1)
    command = _command(worker)
    if worker != os.getpid() and parent.isdigit() and b"ansible" in command and command == _command(int(parent)):
        _ansible[:] = [identify(int(parent)), identify(worker)]
    return _ansible


def _command(pid: int) -> bytes:
    """Return the command line of a process, empty when it is not known."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _read(pid: int) -> tuple[str, str]:
    """Return the state and the start time of a process; two empty texts when there is none, or no /proc."""
    return _field(pid, 0), _field(pid, 19)


def _field(pid: int, number: int) -> str:
    """Return a field of /proc/PID/stat, counted from 0 after the command; empty when there is none."""
    try:
        with open(_STAT.format(pid=pid), "rb") as file:
            # The command is in parentheses, and may itself hold spaces and parentheses.
            return file.read().rpartition(b")")[2].split()[number].decode()
    except (OSError, IndexError):
        return ""


def _exists(pid: int) -> bool:
    """Return whether there is a process with this ID, where there is no /proc."""
    if os.path.exists(_STAT.format(pid="self")):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        return True
    return True
