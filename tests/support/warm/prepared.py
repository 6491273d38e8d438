"""A child that a warm command has from its start, to become the one process that it starts itself.

The launcher starts a kernel. A fork of the server cannot be that kernel, because the launcher must be its parent, and
the launcher cannot fork itself once it has threads. So it forks before it begins, and `subprocess.Popen` has that
child become the kernel. Without a kernel, the child ends with the launcher.
"""

from __future__ import annotations

import array
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from support.warm import protocol
from support.warm.server import Command, receive


def prepare(module: str) -> Command | None:
    """Fork the child. It returns once it is to run `module`, with that command; the caller's process returns None."""
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process:
        theirs.close()
        subprocess.Popen._execute_child = _handing_over(ours, process, module)
        return None
    ours.close()
    words, files = receive(theirs)
    if not files:
        os._exit(0)
    session, numbers, *words = words
    if session:
        os.setsid()
    theirs.send(b".")
    command = Command(words, dict(zip(map(int, numbers.split()), files, strict=True)))
    command.take_over()
    return command


def _handing_over(child: socket.socket, process: int, module: str) -> Any:
    """A way to start processes that has the child be the first one that runs the module; others start as ever."""
    plain = subprocess.Popen._execute_child
    left = [child]

    def execute(popen: Any, args: Any, *rest: Any) -> None:
        names = plain.__code__.co_varnames[2 : plain.__code__.co_argcount]
        given: Mapping[str, Any] = dict(zip(names, rest, strict=True))
        if not left or isinstance(args, (str, bytes)) or list(args[:4]) != [sys.executable, "-P", "-m", module]:
            plain(popen, args, *rest)
            return
        connection = left.pop()
        streams = [given[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        files = {number: number if stream == -1 else stream for number, stream in enumerate(streams)}
        files |= {number: number for number in given["pass_fds"]}
        words = ["new session" if given["start_new_session"] else "", " ".join(map(str, files))]
        words += protocol.words(list(args[1:]), given["env"] or os.environ, str(given["cwd"] or os.getcwd()))
        connection.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files.values()))])
        connection.sendall("\0".join(words).encode(errors="surrogateescape"))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # it has its session by now: signals to its group reach no other
        connection.close()
        popen.pid, popen._child_created = process, True
        popen._close_pipe_fds(*(given[name] for name in names if name.startswith(("p2c", "c2p", "err"))))

    return execute
