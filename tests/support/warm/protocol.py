"""What is said between a fork server and who wants a command run. Imports little: interpreters start with it."""

from __future__ import annotations

import array
import os
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SHUT_WR, SOL_SOCKET, socket


def words(command, environment, directory):
    """A command of Python, where it works and what it sees, as a list of words."""
    return [directory, str(len(command)), *command, *(f"{name}={value}" for name, value in environment.items())]


def start(address, command, environment, directory, streams, timeout=None):
    """Have a command started; a connection that `end_of` understands.

    Args:
        streams: The file descriptors of its standard input, output and error, and of more, numbered from 3.
        timeout: After so many seconds without an end, `end_of` raises TimeoutError.
    """
    connection = socket(AF_UNIX)
    connection.settimeout(timeout)
    connection.connect(address)
    connection.sendmsg([b"."], [(SOL_SOCKET, SCM_RIGHTS, array.array("i", streams))])
    connection.sendall("\0".join(words(command, environment, directory)).encode(errors="surrogateescape"))
    connection.shutdown(SHUT_WR)
    return connection


def end_of(connection):
    """Wait for the command's end; its exit status, negative for a signal, as subprocess has it."""
    status = connection.recv(16)
    connection.close()
    if not status:
        raise RuntimeError("the fork server has ended")
    return int(status)


def become(address, command, files=(0, 1, 2)):
    """Be the command: run it with this process's environment, folder and files, and end as it ends."""
    connection = start(address, command, os.environ, os.getcwd(), files)
    for file in files[3:]:
        os.close(file)
    end = end_of(connection)
    if end < 0:
        os.kill(os.getpid(), -end)
    sys.exit(end)
