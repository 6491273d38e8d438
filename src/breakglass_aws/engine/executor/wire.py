# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a kernel asks its executor to run a cell: the executor gets open files, and only the cell reads the request.

A request has the environment, with credentials. The server that forks the cells never reads it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

EVENTS = 3  # the file descriptor in a cell's process on which its events are written
_BEGIN = b"begin"
_MOST_FILES = 64


def send(channel: socket.socket, request: Mapping[str, Any], files: Sequence[int]) -> bool:
    """Send copies of the descriptors `files` to the server, and `request` to the cell; return whether it was read."""
    reader, writer = os.pipe()
    try:
        socket.send_fds(channel, [_BEGIN], [reader, *files])
    except OSError:  # the server has ended
        os.close(writer)
        return False
    finally:
        os.close(reader)
    with contextlib.suppress(BrokenPipeError), open(writer, "wb") as stream:
        stream.write(json.dumps(request).encode())  # ASCII, also for bytes that are no text
        return True
    return False


def receive(channel: socket.socket) -> tuple[int, list[int]] | None:
    """Return the descriptors of a request and of its files, all to be closed; None when the kernel has ended."""
    begin, files, _flags, _address = socket.recv_fds(channel, len(_BEGIN), _MOST_FILES, socket.MSG_WAITALL)
    return (files[0], files[1:]) if begin == _BEGIN else None


def read(file: int) -> dict[str, Any]:
    """Return the request that comes through a descriptor."""
    with open(file, "rb") as stream:
        content: dict[str, Any] = json.loads(stream.read())
    return content


def report(channel: socket.socket, error: str) -> None:
    """Report that the server is ready, or the `error` because of which it ends."""
    with channel.makefile("wb") as stream:
        stream.write(json.dumps(error).encode() + b"\n")


def wait(channel: socket.socket) -> str:
    """Wait until a server is ready; return the error because of which it has ended, empty for none."""
    text = b""
    with contextlib.suppress(OSError):
        while not text.endswith(b"\n") and (part := channel.recv(1 << 12)):
            text += part
    return str(json.loads(text)) if text.endswith(b"\n") else "its server ended while it started"
