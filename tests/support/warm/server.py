"""The fork server: `server.py LISTENER PREPARED MODULE...` imports the modules, then forks for each command it is sent.

The server has one thread, and no state of a command ever gets into it: a child takes over what it was sent, closes all
else and runs the command to the end of the interpreter. PREPARED is the module that a command may start in its turn, as
`python -m`; see `prepared`. It may be empty.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
from pathlib import Path

_MOST_FILES = 32
_FREE = 512  # no command has files with this number or one above it


class Command:
    """What a child is to run, as `protocol` sends it."""

    def __init__(self, words: list[str], files: dict[int, int]) -> None:
        self.directory, count, *rest = words
        self.files = files
        self.words = rest[: int(count)]
        self.environment = dict(word.split("=", 1) for word in rest[int(count) :])

    def take_over(self) -> None:
        """Be its process: files by their numbers and no others, folder, environment, arguments."""
        copies = {number: fcntl.fcntl(file, fcntl.F_DUPFD, _FREE) for number, file in self.files.items()}
        os.closerange(0, _FREE)
        for number, copy in copies.items():
            os.dup2(copy, number)
        os.closerange(_FREE, os.sysconf("SC_OPEN_MAX"))
        os.chdir(self.directory)
        os.environ.clear()
        os.environ.update(self.environment)
        tempfile.tempdir = None  # an import may have asked for it
        if redaction := sys.modules.get("breakglass_aws.engine.evidence.redaction"):
            redaction.ENGINE.read_environment()  # as when it is imported
        if self.words[0] == "-P":
            del self.words[0], sys.path[0]
        else:
            sys.path[0] = self.directory if self.words[0] == "-m" else str(Path(self.words[0]).parent)
        sys.argv = self.words[1:] if self.words[0] == "-m" else self.words

    def run(self) -> None:
        """Run it to its end; raises what ends it, SystemExit for example."""
        if self.words[0] == "-m":
            sys.modules.pop(self.words[1], None)
            runpy.run_module(self.words[1], run_name="__main__", alter_sys=True)
        else:
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
    words, files = receive(connection)
    process = os.fork()
    if process == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        return Command(words, dict(enumerate(files)))
    for file in files:
        os.close(file)
    children[process] = connection
    return None


def receive(connection: socket.socket) -> tuple[list[str], list[int]]:
    """The words of a message and the files with it; without files, the other end has ended."""
    files = array.array("i")
    _, sent, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(_MOST_FILES * files.itemsize))
    if sent:
        files.frombytes(sent[0][2])
    message = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return message.decode(errors="surrogateescape").split("\0"), list(files)


def reap(children: dict[int, socket.socket]) -> None:
    """Tell those who wait how their commands ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                return
            with children.pop(process) as connection, contextlib.suppress(OSError):
                connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def main(listener: str, prepared_module: str, *modules: str) -> Command:
    sys.path[0] = str(Path(__file__).parents[2])  # tests, whose folder `support` is a package of
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # the garbage collector of a child would copy the pages of all that is shared
    with socket.socket(fileno=int(listener)) as waiting:
        command = serve(waiting)
    command.take_over()
    if prepared_module:
        from support.warm import prepared

        command = prepared.prepare(prepared_module) or command
    return command


if __name__ == "__main__":
    main(*sys.argv[1:]).run()
