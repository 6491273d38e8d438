# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger of calls on disk: a process that is killed leaves what it was about to change. No AWS, no Ansible.

The environment variable names a file that exists. Each line is a JSON object: the entry of a call, its ``id``, and the
``event``: intended, ended or settled. All lines of a call have the same ``id``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._files.atomic import FileError, require_private

VARIABLE = "BREAKGLASS_CALL_LEDGER"
_WHAT = "The call ledger"


class CallFile:
    """A private file of this user, to which lines are appended. May be used from several threads and processes."""

    def __init__(self, path: str) -> None:
        """Raises InvalidInput or FileError when the file cannot be used."""
        if not os.path.isabs(path):
            raise InvalidInput(VARIABLE, path, "an absolute path")
        self._path = path
        os.close(self._open())

    def append(self, line: dict[str, t.Any]) -> None:
        """Add a line without secrets, flushed to disk. Raises FileError; then the line is not in the file."""
        content = json.dumps(redaction.redact_all(line)).encode() + b"\n"
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                content = b"\n" + content  # after the part of a line that a killed process left
            try:
                _write(descriptor, content)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        except OSError as error:
            raise FileError(
                f"{_WHAT} {self._path} cannot be written: {error.strerror}.", "Make room, then run the task again."
            ) from error
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags)
        except OSError as error:
            reason = "it is a symbolic link" if os.path.islink(self._path) else error.strerror
            raise FileError(
                f"{_WHAT} {self._path} cannot be opened: {reason}.",
                f"Set {VARIABLE} to an existing file of your own with mode 0600, or unset it.",
            ) from error
        try:
            require_private(self._path, os.fstat(descriptor), _WHAT)
        except FileError:
            os.close(descriptor)
            raise
        return descriptor


def from_environment() -> CallFile | None:
    """The file that the environment names; None when it names none. Raises as :class:`CallFile` does."""
    path = os.environ.get(VARIABLE)
    return CallFile(path) if path else None


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)
