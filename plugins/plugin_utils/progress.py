# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of the modules that sweep: runs the module as any other, and shows how far it is meanwhile.

On a terminal it is one line that changes; elsewhere a line now and then. In a runbook it is an event for the notebook.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import typing as t

from ansible import constants
from ansible.plugins.action import normal
from ansible.utils.display import Display
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import progress

EVENTS = "BREAKGLASS_EVENTS"
SECONDS = "BREAKGLASS_PROGRESS_SECONDS"
_ON_TERMINAL, _ELSEWHERE = 1.0, 30.0  # seconds between two lines
_CLEAR = "\r\x1b[K"

Show = t.Callable[[progress.State], None]


class SweepAction(normal.ActionModule):
    """Runs the module of the task. Its progress reaches a module on this machine only."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        terminal = _is_terminal()
        events = os.environ.get(EVENTS)
        seconds = _seconds(1.0 if events else _ON_TERMINAL if terminal else _ELSEWHERE)
        show = self._as_event(events) if events else _on_terminal if terminal else _as_line
        with following(show, seconds):
            result: dict[str, t.Any] = super().run(tmp, task_vars)
        if terminal and not events:
            Display().display(_CLEAR, stderr=True, newline=False)
        return result

    def _as_event(self, path: str) -> Show:
        task = self._task
        about = {
            "event": "progress",
            "task": task.get_name(),
            "action": task.resolved_action or task.action,
            "path": task.get_path(),
            "check_mode": task.check_mode is True,
        }

        def show(state: progress.State) -> None:
            line = json.dumps({**about, "progress": state}).encode() + b"\n"
            # One write of less than PIPE_BUF bytes: it cannot get between the parts of another line.
            with contextlib.suppress(OSError), open(path, "ab", buffering=0) as stream:
                stream.write(line)

        return show


@contextlib.contextmanager
def following(show: Show, seconds: float) -> t.Iterator[None]:
    """In the block, modules that are started report their progress, and ``show`` gets it every so many seconds.

    A block that ends before so many seconds have passed shows nothing.
    """
    try:
        descriptor, path = tempfile.mkstemp(prefix="breakglass-progress-", dir=constants.DEFAULT_LOCAL_TMP)
    except OSError:  # no progress is no reason not to do the task
        yield
        return
    ended = threading.Event()

    def follow() -> None:
        shown = None
        while not ended.wait(max(seconds, progress.EVERY / 2)):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                state = progress.newest(file.read())
                if state and state != shown:
                    show(state)
                    shown = state

    before = os.environ.get(progress.VARIABLE)
    os.environ[progress.VARIABLE] = path
    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()
        if before is None:
            os.environ.pop(progress.VARIABLE, None)
        else:
            os.environ[progress.VARIABLE] = before
        os.close(descriptor)
        os.unlink(path)


def _on_terminal(state: progress.State) -> None:
    display = Display()
    words = progress.in_words(state)
    display.display(f"{_CLEAR}{words[: max(20, display.columns - 1)]}", stderr=True, newline=False)


def _as_line(state: progress.State) -> None:
    Display().display(progress.in_words(state), stderr=True)


def _seconds(default: float) -> float:
    """The seconds between two lines; a value that is no number, or negative, counts as none."""
    with contextlib.suppress(ValueError):
        given = float(os.environ.get(SECONDS, ""))
        return given if given >= 0 else default
    return default


def _is_terminal() -> bool:
    """Whether the error output of ansible-playbook is a terminal. Its workers, in which this runs, have none.

    Source: ansible-core 2.19, WorkerProcess._detach. Without /proc, as on macOS, it counts as no terminal.
    """
    if os.isatty(2):
        return True
    try:
        return os.readlink(f"/proc/{os.getppid()}/fd/2").startswith(("/dev/pts/", "/dev/tty"))
    except OSError:
        return False
