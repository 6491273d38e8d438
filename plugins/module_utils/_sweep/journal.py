# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a sweep: a line of JSON for each account when it is done, so that an interrupted sweep resumes there.

A line has the account's whole entry, and the digest of what was asked for. Only an entry for the same request, with an
outcome that was verified, and not older than a day, replaces working on the account again; the newest entry of an
account counts. No AWS, no Ansible.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
import typing as t
from datetime import timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._earlier_names import with_present_names
from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.entry_shape import Shape, mismatch
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now, parse_time

FORMAT = "breakglass.aws/sweep-journal/1"
VALID = timedelta(hours=24)  # root credentials come back slowly, by people; a sweep takes hours, not days
LARGEST = 1 << 29  # bytes; 10,000 accounts take about 30 MB
_FORMAT_NAME = FORMAT.rpartition("/")[0]
_KEYS = {"format", "time", "wish", "account_id", "outcome", "entry"}
_BEGINNING = b'{"account_id": "'  # of every line
_OPEN = os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK  # which does not wait for a FIFO
_ANOTHER = "Name another file in journal: nothing was done."


def digest(terms: dict[str, t.Any]) -> str:
    """What was asked for, as SHA-256."""
    return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()


class Journal:
    """An open journal; ``recall`` and ``note`` may be called from several threads.

    ``finished`` are the outcomes after which there is nothing left to do, unless ``is_complete`` finds that an entry
    lacks something. ``trouble`` is why an account could not be
    noted: by then its work is done, so that this is no failure of the account, and closing never fails.
    """

    def __init__(
        self,
        path: str,
        terms: dict[str, t.Any],
        finished: t.Collection[str],
        is_complete: t.Callable[[dict[str, t.Any]], bool] = lambda entry: True,
    ) -> None:
        self._path = path
        self._terms = digest(terms)
        self._finished = finished
        self._is_complete = is_complete
        self._lock = threading.Lock()
        self._descriptor = -1
        self._size = 0
        self._lines: dict[str, dict[str, t.Any]] = {}  # the newest of each account, with its number
        self.trouble = ""

    def __enter__(self) -> Journal:
        """Raises FileError when the file is not ours alone, in use, or no journal."""
        try:
            atomic.make_directory_of(self._path)
            self._descriptor = os.open(self._path, _OPEN, atomic.MODE)
        except OSError as error:
            raise atomic.FileError(
                f"The journal {self._path} cannot be used: {error.strerror}.", "Name another file in journal."
            ) from error
        try:
            status = os.fstat(self._descriptor)
            atomic.require_private(self._path, status, "The journal")
            if status.st_size > LARGEST:
                raise atomic.FileError(f"The journal {self._path} has more than {LARGEST >> 20} MiB.", _ANOTHER)
            self._lock_out_others()
            self._read(status.st_size)
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def require(self, shape: Shape) -> None:
        """Raises FileError when an entry that could be recalled does not have the shape of the task's entries."""
        for line in self._lines.values():
            entry = line["entry"]
            problem = mismatch(entry, shape)
            if not problem and (entry["account_id"], entry["outcome"]) != (line["account_id"], line["outcome"]):
                problem = "it is of another account or outcome than its line"
            if problem:
                raise atomic.FileError(
                    f"The journal {self._path} was altered: line {line['number']} has no valid entry ({problem}).",
                    _ANOTHER,
                )

    def recall(self, account_id: str) -> dict[str, t.Any] | None:
        """The account's entry, with ``journal_time``, where it replaces working on the account again."""
        line = self._lines.get(account_id)
        if line is None or line["outcome"] not in self._finished:
            return None
        if not self._is_complete(line["entry"]):
            return None
        if not timedelta() <= now() - parse_time(line["time"]) <= VALID:
            return None
        entry = {**line["entry"], "journal_time": line["time"]}
        return {**entry, "changed": False} if "changed" in entry else entry  # it was another run that changed it

    def note(self, *entries: dict[str, t.Any]) -> None:
        """Write down the outcomes of accounts, at once and to the disk."""
        with self._lock:
            try:
                self._append(b"".join(map(self._line, entries)))
            except (OSError, TypeError, ValueError) as error:
                self.trouble = getattr(error, "strerror", None) or str(error)
                with contextlib.suppress(OSError):  # no half a line may stay before the next one
                    os.ftruncate(self._descriptor, self._size)

    def _line(self, entry: dict[str, t.Any]) -> bytes:
        line = {
            "format": FORMAT,
            "time": format_time(now()),
            "wish": self._terms,
            "account_id": entry["account_id"],
            "outcome": entry["outcome"],
            "entry": redaction.redact_all(entry),
        }
        return json.dumps(line, sort_keys=True).encode() + b"\n"

    def _append(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fsync(self._descriptor)
        self._size += len(line)

    def _lock_out_others(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise atomic.FileError(
                    f"The journal {self._path} is in use by another run.",
                    "Wait for it to end, or name another journal.",
                ) from error
            raise atomic.FileError(
                f"The journal {self._path} cannot be locked: {error.strerror}.", "Name a file on another file system."
            ) from error

    def _read(self, size: int) -> None:
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            whole, newline, rest = file.read(size).rpartition(b"\n")
        for number, text in enumerate(whole.split(b"\n") if newline else [], 1):
            line = _parse(text)
            if line is None:
                raise self._foreign(number, text)
            if line["wish"] == self._terms:
                entry = dict(with_present_names(line["entry"]))
                self._lines[line["account_id"]] = {**line, "entry": entry, "number": number}
        if rest and rest[: len(_BEGINNING)] != _BEGINNING[: len(rest)]:
            raise self._foreign(whole.count(b"\n") + 1, rest)
        self._size = len(whole) + len(newline)
        if rest:
            # A line of ours that was broken off: that account is not done.
            os.ftruncate(self._descriptor, self._size)

    def _foreign(self, number: int, text: bytes) -> atomic.FileError:
        if _FORMAT_NAME.encode() in text and FORMAT.encode() not in text:
            return atomic.FileError(
                f"The journal {self._path} was written by another version of the collection (line {number}).", _ANOTHER
            )
        return atomic.FileError(f"{self._path} is no journal of a sweep (line {number}).", _ANOTHER)


def _parse(text: bytes) -> dict[str, t.Any] | None:
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        line: dict[str, t.Any] = json.loads(text)
        texts = [line[name] for name in _KEYS - {"entry"}] if isinstance(line, dict) and set(line) == _KEYS else [None]
        if all(isinstance(one, str) for one in texts) and line["format"] == FORMAT and isinstance(line["entry"], dict):
            parse_time(line["time"])
            return line
    return None
