# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work on the accounts of a sweep in processes, where one Python interpreter is what limits it. No AWS, no Ansible.

Only for work that changes nothing: what a process that is killed has done is not known here. The processes are forked,
so that they have all that is loaded. Each takes the next account from a counter that all share, and sends each result
through its own pipe as soon as it has it. A process that ends too early is seen by the end of its pipe: the accounts
that it had taken have no result.
"""

from __future__ import annotations

import contextlib
import gc
import json
import marshal
import mmap
import os
import selectors
import signal
import struct
import sys
import threading
import time
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._files.process_lock import ProcessLock

MOST = 8
_HEADER = struct.Struct("!I")
_READ = 1 << 16
_LONGEST_END = 1.0  # seconds


def available() -> int:
    """How many processes would have a processor each; 1 where forking is not safe."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1 or not _is_alone():
        return 1
    return min(MOST, len(os.sched_getaffinity(0)))


def _is_alone() -> bool:
    """Whether the threads that have ended are gone for the operating system too, which is waited for.

    A thread that Python has joined still runs the ends of C libraries. OpenSSL 3 holds a lock of the process then: a
    fork in that moment would wait for it for ever as soon as it makes a TLS context.
    """
    until = time.monotonic() + _LONGEST_END
    while True:
        try:
            if len(os.listdir("/proc/self/task")) == 1:
                return True
        except OSError:
            return False
        if time.monotonic() > until:
            return False
        time.sleep(0.001)


class Places:
    """Gives out the numbers from 0 to ``total``, each once, to all processes that are forked after it was made."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._shared = memoryview(mmap.mmap(-1, 16)).cast("q")  # the next number, and whether to stop
        self._lock = ProcessLock()
        self._lock.share()

    def take(self) -> int | None:
        """The next number; None when all are taken, or none may be taken any more."""
        with self._lock:
            place: int = self._shared[0]
            if place >= self._total or self._shared[1]:
                return None
            self._shared[0] = place + 1
            return place

    def stop(self) -> None:
        """Let none be taken any more."""
        self._shared[1] = 1

    @property
    def taken(self) -> int:
        """How many were taken."""
        return self._shared[0]


def run(
    count: int,
    work: t.Callable[[t.Callable[[t.Any], None]], None],
    receive: t.Callable[[list[t.Any]], None],
    interrupt: t.Callable[[], None],
) -> list[int]:
    """``work(send)`` in each of ``count`` new processes; what they ``send`` comes to ``receive`` here, in batches.

    ``send`` takes what JSON has, and may be called from several threads. ``interrupt`` is called for Ctrl-C in this
    process, and has to let the work end. Returns the exit status of each process, negative for a signal; those that
    could not be started are missing.
    """
    readers: dict[int, bytearray] = {}
    children: list[int] = []
    parent = os.getpid()
    gc.freeze()  # a collection writes to each object it looks at: each process would get its own copy of all of them
    with contextlib.suppress(OSError):  # no more processes: those that run do the work
        for _number in range(count):
            reader, writer = os.pipe()
            try:
                child = os.fork()
            except OSError:
                os.close(reader)
                os.close(writer)
                raise
            if child == 0:
                _be_child(writer, [*readers, reader], parent, work)
            os.close(writer)
            children.append(child)
            readers[reader] = bytearray()
    try:
        while True:
            try:
                _receive(readers, receive)
                return [_status(child) for child in children]
            except KeyboardInterrupt:
                interrupt()
    finally:
        gc.unfreeze()


def _receive(readers: dict[int, bytearray], receive: t.Callable[[list[t.Any]], None]) -> None:
    """Until all pipes are at their end."""
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader, selectors.EVENT_READ)
        while readers:
            batch: list[t.Any] = []
            for key, _events in selector.select():
                data = os.read(key.fd, _READ)
                if data:
                    readers[key.fd] += data
                    batch += _messages(readers[key.fd])
                else:  # a part of a message that is left is of a process that was killed
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    del readers[key.fd]
            if batch:
                receive(batch)


def _messages(buffer: bytearray) -> list[t.Any]:
    """The whole messages at the beginning of a buffer, which are removed from it."""
    found, place = [], 0
    while len(buffer) - place >= _HEADER.size:
        (size,) = _HEADER.unpack_from(buffer, place)
        end = place + _HEADER.size + size
        if end > len(buffer):
            break
        found.append(marshal.loads(buffer[place + _HEADER.size : end]))
        place = end
    del buffer[:place]
    return found


def _packed(message: t.Any) -> bytes:
    try:
        return marshal.dumps(message)
    except ValueError:  # something is of a class of its own, such as a str of Ansible's
        return marshal.dumps(json.loads(json.dumps(message)))


def _status(child: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except ChildProcessError:  # another part of this process waits for all its children
        return 0


def _be_child(
    writer: int, readers: t.Iterable[int], parent: int, work: t.Callable[[t.Callable[[t.Any], None]], None]
) -> t.NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes: the parent stops the work
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for reader in readers:
            os.close(reader)
        _started_by.add(parent)
        lock = threading.Lock()

        def send(message: t.Any) -> None:
            data = _packed(message)
            left = memoryview(_HEADER.pack(len(data)) + data)
            with lock:
                while left:
                    left = left[os.write(writer, left) :]

        work(send)
        status = 0
    finally:
        os._exit(status)
