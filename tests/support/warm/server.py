"""The fork server: `server.py LISTENER MODULE...` imports the modules, then forks for each command it is asked for.

The server has one thread, and no state of a command ever gets into it: a child takes over what it was sent, closes all
else and runs the command to the end of the interpreter.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import os
import random
import runpy
import selectors
import signal
import socket
import sys
from pathlib import Path

_KEPT = 3  # standard input, output and error


class Command:
    """What a child is to run."""

    def __init__(self, message: bytes, streams: list[int]) -> None:
        directory, count, *words = message.decode(errors="surrogateescape").split("\0")
        self.directory, self.streams = directory, streams
        self.words = words[: int(count)]
        self.environment = dict(word.split("=", 1) for word in words[int(count) :])

    def run(self) -> None:
        """Run it, in a child of the server; raises what ends it, SystemExit for example."""
        for number, stream in enumerate(self.streams):
            os.dup2(stream, number)
        os.closerange(_KEPT, os.sysconf("SC_OPEN_MAX"))
        os.chdir(self.directory)
        os.environ.clear()
        os.environ.update(self.environment)
        random.seed()
        if self.words[0] == "-m":
            sys.argv, sys.path[0] = self.words[1:], self.directory
            runpy.run_module(self.words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = self.words, str(Path(self.words[0]).parent)
            runpy.run_path(self.words[0], run_name="__main__")


def serve(listener: socket.socket) -> Command:
    """Fork for each command. Returns in the children only; ends with the standard input."""
    children: dict[int, socket.socket] = {}
    wakened, waker = socket.socketpair()
    for end in (wakened, waker, listener):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        for source in (listener, wakened, sys.stdin):
            selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    for child in children:
                        os.kill(child, signal.SIGKILL)
                    os._exit(0)
                elif key.fileobj is wakened:
                    wakened.recv(4096)
                    reap(children)
                elif command := accept(listener, children):
                    return command


def accept(listener: socket.socket, children: dict[int, socket.socket]) -> Command | None:
    """Fork for a command: the command in the child, None in the server."""
    connection, _ = listener.accept()
    connection.setblocking(True)
    streams = array.array("i")
    _, sent, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(_KEPT * streams.itemsize))
    streams.frombytes(sent[0][2])
    message = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    process = os.fork()
    if process == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Away from the numbers that they are to be given, and above what is closed then.
        return Command(message, list(streams))
    for stream in streams:
        os.close(stream)
    children[process] = connection
    return None


def reap(children: dict[int, socket.socket]) -> None:
    """Tell those who wait how their commands ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with children.pop(process) as connection, contextlib.suppress(OSError):
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def main(listener: str, *modules: str) -> Command:
    sys.path[0] = str(Path(__file__).parents[2])  # tests, whose folder `support` is a package of
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # the garbage collector of a child would copy the pages of all that is shared
    with socket.socket(fileno=int(listener)) as waiting:
        return serve(waiting)


if __name__ == "__main__":
    main(*sys.argv[1:]).run()
