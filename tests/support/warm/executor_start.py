"""Start an executor of the engine warm, in place of `python -P -m SERVER CHANNEL`; see `support.warm.executor_python`.

An executor loads Ansible, boto3 and the collection, which takes longer than most runs of a test. Here the second one
with the same environment starts a fork server that has loaded them, and is forked from it, as all later ones are. Where
there is a configuration file, it starts as it does without tests.

A new interpreter does this each time, and waits for the end of its executor: this file imports little.
"""

from __future__ import annotations

import os
import sys
import zlib
from _socket import AF_UNIX, socket

import protocol

ALIVE = "alive"  # a FIFO; the fork servers end when no process has it open for writing
FOLDER = "BREAKGLASS_TEST_FOLDER"
_CONFIGURATION = ("ansible.cfg", os.path.expanduser("~/.ansible.cfg"), "/etc/ansible/ansible.cfg")
# What differs from run to run, and is not read while Ansible is imported.
_OF_A_RUN = ("TMPDIR", "BREAKGLASS_STARTED_BY", "PWD", "OLDPWD", "_")


def become(folder, command):
    """Be the executor: its command has the number of an open file, the channel to the kernel, as the last word.

    The sockets of the fork servers are in `folder`.
    """
    known = sorted((name, value) for name, value in os.environ.items() if name not in _OF_A_RUN)
    address = f"{folder}/{zlib.crc32(repr(known).encode(errors='surrogateescape')):x}"
    configured = "ANSIBLE_CONFIG" in os.environ or any(map(os.path.exists, _CONFIGURATION))
    channel = int(command[-1])
    if configured or not _is_served(folder, address, channel):
        os.execv(sys.executable, [sys.executable, *command])
    protocol.become(address, [*command[:-1], "3"], [0, 1, 2, channel])


def _is_served(folder, address, channel):
    """Whether there is a fork server at this address by now. The second who asks starts it."""
    if os.path.exists(address):
        return True
    if _is_first(f"{address}.asked") or not _is_first(f"{address}.started"):
        return False
    listener = socket(AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.set_inheritable(listener.fileno(), True)
    _start_server(folder, listener.fileno(), channel)
    listener.close()
    os.rename(f"{address}.new", address)
    return True


def _is_first(mark):
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _start_server(folder, listener, channel):
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "server.py")
    os.posix_spawn(
        sys.executable,
        [sys.executable, program, str(listener), "", "support.warm.executor_imports"],
        {**os.environ, FOLDER: folder},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, f"{folder}/{ALIVE}", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_CLOSE, channel),
        ],
        setpgroup=0,
    )
