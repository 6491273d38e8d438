# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files for their owner alone (mode 0600), written whole or not at all. No AWS, no Ansible."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError

MODE = 0o600
DIRECTORY_MODE = 0o700


class FileError(BreakglassError):
    """A file that cannot be used as it is."""


def require_private(path: str, status: os.stat_result, what: str) -> None:
    """Raises FileError unless the path is a plain file of this user that others can neither read nor write."""
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"{what} {path} is not a plain file.", "Name another file.")
    if status.st_uid != os.geteuid():
        raise FileError(f"{what} {path} belongs to another user.", "Name a file of your own.")
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        raise FileError(
            f"{what} {path} is open to others (mode {mode:04o}).",
            f"Make it yours alone, if what it holds was not read by others yet: chmod 600 {path}",
        )


def make_directory_of(path: str) -> str:
    """The directory ``path`` is in, made with mode 0700 where it is not there."""
    directory = os.path.dirname(os.path.abspath(path))
    os.makedirs(directory, mode=DIRECTORY_MODE, exist_ok=True)
    return directory


@contextlib.contextmanager
def locked_directory(directory: str) -> t.Iterator[None]:
    """In the block, other processes that lock the directory wait: hosts of a play may write the same file at once."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: str, content: bytes) -> None:
    """Put ``content`` in the place of the file, whole or not at all, with mode 0600 from its first moment on.

    Both the file and its name are flushed to disk. Raises OSError; then the file is as it was.
    """
    _put(f"{path}.{secrets.token_hex(6)}.part", path, content)


def create(path: str, content: bytes) -> None:
    """Create the file with this content, whole or not at all, with mode 0600. Nothing is ever overwritten.

    Both the file and its name are flushed to disk. Raises OSError: FileExistsError when something has the name.
    """
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists")
    _put(f"{path}.part", path, content)  # fails where another process is creating the same file


def _put(temporary: str, path: str, content: bytes) -> None:
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    directory = os.path.dirname(os.path.abspath(path))
    for named in (directory, os.path.dirname(directory)):  # the directory may be new too
        _flush_directory(named)


def _flush_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
