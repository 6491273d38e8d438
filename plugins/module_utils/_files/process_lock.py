# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock that keeps threads apart, and processes that are forked later. No AWS, no Ansible."""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
import threading
import typing as t


class ProcessLock:
    """A lock for threads; after ``share``, also for the processes that this one forks.

    The lock of a process that is killed is released. Where the file of the lock cannot be made, threads alone are kept
    apart: use it for what may then be wrong by little.
    """

    def __init__(self) -> None:
        self._threads = threading.Lock()
        self._file: t.IO[bytes] | None = None

    def share(self) -> None:
        """Let processes that are forked from now on share the lock."""
        if self._file is None:
            with contextlib.suppress(OSError):
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 open until the process ends

    def __enter__(self) -> ProcessLock:
        self._threads.acquire()
        if self._file:
            with contextlib.suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *unused: object) -> None:
        if self._file:
            with contextlib.suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._threads.release()
