# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files of evidence, which may have been edited, truncated or replaced: the content, or a sentence about it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from breakglass_aws.engine.errors import RunbookError

LARGEST = 256 * 1024 * 1024  # bytes of a file that is read as a whole


class Damaged(RunbookError):
    """A file that is not what the engine wrote. Nothing is done with it."""


def regular_file(path: Path, largest: int = LARGEST) -> bytes:
    """Return the content of a regular file. A link, a FIFO or a device is never followed or opened.

    Raises FileNotFoundError when there is none, Damaged when it is something else or cannot be read.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = kind_of(path)
        reason = f"it is {kind}" if kind and kind != "a file" else error.strerror
        raise Damaged(f"{path} cannot be read: {reason}.") from None
    status = os.fstat(descriptor)
    problem = ""
    if not stat.S_ISREG(status.st_mode):
        problem = f"it is {_KINDS.get(stat.S_IFMT(status.st_mode), 'not a file')}"
    elif status.st_size > largest:
        problem = f"it has more than {largest // (1024 * 1024)} MiB"
    if problem:
        os.close(descriptor)
        raise Damaged(f"{path} cannot be read: {problem}.")
    with open(descriptor, "rb") as file:
        return file.read()


def json_of(content: bytes | str, what: str) -> Any:
    """Return the JSON value in `content`; raise Damaged, naming `what`, when it is none, or too deep to be ours."""
    try:
        return json.loads(content, object_pairs_hook=object_of)
    except RecursionError:
        raise Damaged(f"{what} cannot be read: its JSON is nested too deeply.") from None
    except ValueError as error:
        raise Damaged(f"{what} cannot be read: it is not JSON ({error}).") from None


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Readers of JSON differ in which of two equal names they take: ValueError for these."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is in it twice")
    return dict(pairs)


def json_file(path: Path, kind: type = dict, largest: int = LARGEST) -> Any:
    """Return the JSON value in a regular file, a `kind`. Raises FileNotFoundError or Damaged."""
    content = json_of(regular_file(path, largest), str(path))
    if not isinstance(content, kind):
        raise Damaged(f"{path} cannot be read: it does not hold {'a list' if kind is list else 'an object'}.")
    return content


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFREG: "a file",
}


def kind_of(path: Path) -> str:
    """Return what is at `path`, in words, without following a link; "" when there is nothing."""
    try:
        return _KINDS.get(stat.S_IFMT(path.lstat().st_mode), "not a file")
    except OSError:
        return ""
