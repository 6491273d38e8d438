# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a sweep: a line of JSON for each account when it is done, so that a sweep that was broken off goes on
where it stood. No AWS, no Ansible.

A line holds the account's whole entry, and the digest of what was wished for. Only an entry of the same wish, with an
outcome that was verified, and not older than a day, stands for looking again; the newest entry of an account counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import typing as t
from datetime import timedelta

from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now, parse_time

FORMAT = "breakglass.aws/sweep-journal/1"
VALID = timedelta(hours=24)  # root credentials come back slowly, by people; a sweep takes hours, not days
_KEYS = {"format", "time", "wish", "account_id", "outcome", "entry"}
_BEGINNING = b'{"account_id": "'  # of every line


def digest(wish: dict) -> str:
    """What was wished for, short."""
    return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()


class Journal:
    """An open journal; ``recall`` and ``note`` may be called from several threads.

    ``finished`` are the outcomes after which there is nothing left to do. ``trouble`` is why an account could not be
    noted: by then its work is done, so that it is no failure of the account.
    """

    def __init__(self, path: str, wish: dict, finished: t.Collection[str]) -> None:
        self._path = path
        self._wish = digest(wish)
        self._finished = finished
        self._lock = threading.Lock()
        self._file = None
        self._entries = {}
        self.trouble = ""

    def __enter__(self) -> Journal:
        """Raises FileError when the file is not ours alone, in use, or no journal."""
        try:
            atomic.make_directory_of(self._path)
            descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW, atomic.MODE)
        except OSError as error:
            raise atomic.FileError(
                f"The journal {self._path} cannot be used: {error.strerror}.", "Name another file in journal."
            ) from error
        self._file = os.fdopen(descriptor, "r+b")
        try:
            atomic.require_private(self._path, os.fstat(descriptor), "The journal")
            self._lock_out_others()
            self._read()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *unused: object) -> None:
        self._file.close()

    def recall(self, account_id: str) -> dict | None:
        """The account's entry, with ``journal_time``, where it stands for looking again."""
        line = self._entries.get(account_id)
        if line is None or line["outcome"] not in self._finished:
            return None
        age = now() - parse_time(line["time"])
        if not timedelta() <= age <= VALID:
            return None
        entry = {**line["entry"], "journal_time": line["time"]}
        return {**entry, "changed": False} if "changed" in entry else entry  # it was another run that changed it

    def note(self, entry: dict) -> None:
        """Write down what became of an account, at once and to the disk."""
        line = {
            "format": FORMAT,
            "time": format_time(now()),
            "wish": self._wish,
            "account_id": entry["account_id"],
            "outcome": entry["outcome"],
            "entry": entry,
        }
        with self._lock:
            try:
                self._file.write(json.dumps(line, sort_keys=True).encode() + b"\n")
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                self.trouble = error.strerror or str(error)

    def _lock_out_others(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise atomic.FileError(
                f"The journal {self._path} is in use by another run.", "Wait for it to end, or name another journal."
            ) from error

    def _read(self) -> None:
        whole, newline, rest = self._file.read().rpartition(b"\n")
        for number, text in enumerate(whole.split(b"\n") if newline else [], 1):
            line = _parse(text)
            if line is None:
                raise self._foreign(number)
            if line["wish"] == self._wish:
                self._entries[line["account_id"]] = line
        if not rest:
            return
        if rest[: len(_BEGINNING)] != _BEGINNING[: len(rest)]:
            raise self._foreign(whole.count(b"\n") + 1)
        self._file.truncate(len(whole) + len(newline))  # a line of ours that was broken off: that account is not done

    def _foreign(self, number: int) -> atomic.FileError:
        return atomic.FileError(
            f"{self._path} is no journal of a sweep (line {number}).", "Name another file in journal: nothing was done."
        )


def _parse(text: bytes) -> dict | None:
    with contextlib.suppress(ValueError, TypeError):
        line = json.loads(text)
        if set(line) == _KEYS and line["format"] == FORMAT and isinstance(line["entry"], dict):
            parse_time(line["time"])
            return line
    return None
