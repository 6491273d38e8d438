# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a run: one JSON object per line, each with the SHA-256 of the line before.

Kernel and launcher both write to it. Each entry is on disk before the run continues, so a disk that is full, or
read-only, stops a step before it acts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from breakglass_aws.engine import times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.evidence.redaction import ENGINE

FILE = "journal.jsonl"
FIRST = "0" * 64  # what the first entry has instead of the SHA-256 of the line before

_BLOCK = 64 * 1024  # bytes that are read at once from the end
# What the engine reads of an entry, by its event, and of which kind each is.
_EVENTS: dict[str, dict[str, type]] = {
    "step": {"key": str, "tasks": list, "time": str},
    "task": {"time": str},
    "ended": {"outcome": str},
}


class Journal:
    """The journal in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def append(self, event: str, **details: Any) -> None:
        """Add an entry; raise RunbookError when it cannot be written."""
        try:
            with open(self._path, "r+b", opener=_open) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise reading.Damaged(f"The journal {self._path} is {reading.kind_of(self._path)}, not a file.")
                fcntl.flock(file, fcntl.LOCK_EX)
                last, torn = _last_line(file)
                if torn:  # the writer was killed, or the disk was full; it never was an entry
                    file.seek(-torn, os.SEEK_END)
                    file.truncate()
                    details["torn_bytes_dropped"] = torn
                linked = {"time": times.text(precision="milliseconds"), "previous": digest(last) if last else FIRST}
                entry = {**linked, "event": event, **ENGINE.data(details)}
                file.seek(0, os.SEEK_END)
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunbookError(
                f"The journal {self._path} cannot be written: {error.strerror}.\n"
                "Nothing is done that cannot be proved. Make room, or make the folder writable, then resume."
            ) from None

    def entries(self) -> list[dict[str, Any]]:
        """Return its entries; raise Damaged when it is not a journal."""
        entries = []
        for number, line in enumerate(self._lines(), 1):
            entry = _entry(line)
            if entry is None or not _is_complete(entry):
                raise reading.Damaged(f"The journal {self._path} is damaged: line {number} is not an entry.")
            entries.append(entry)
        return entries

    def problems(self) -> Iterator[str]:
        """Yield where the chain is broken."""
        previous = FIRST
        try:
            lines = self._lines()
        except reading.Damaged as problem:
            yield str(problem)
            return
        for number, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None:
                yield f"{FILE}, line {number}: is not an entry."
            elif entry.get("previous") != previous:
                yield f"{FILE}, line {number}: the line before was changed, moved or removed."
            previous = digest(line)

    def _lines(self) -> list[bytes]:
        """Return the whole lines. A part of a line, left by a killed run or a full disk, never was an entry."""
        try:
            content = reading.regular_file(self._path)
        except FileNotFoundError:
            return []
        whole, end, _ = content.rpartition(b"\n")
        return (whole + end).split(b"\n")[:-1]


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def _last_line(file: IO[bytes]) -> tuple[bytes, int]:
    """Return the last whole line, without its end, and how many bytes of a torn one follow it."""
    end = file.seek(0, os.SEEK_END)
    start, content = end, b""
    while start > 0 and content.count(b"\n") < 2:
        start = max(0, start - _BLOCK)
        file.seek(start)
        content = file.read(end - start)
    whole, found, torn = content.rpartition(b"\n")
    return (whole.rpartition(b"\n")[2] if found else b""), len(torn)


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return the entry in a line, None when it is none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event"), str) else None


def _is_complete(entry: dict[str, Any]) -> bool:
    """Return whether an entry has what the engine reads of it."""
    kinds = _EVENTS.get(entry["event"], {})
    return all(isinstance(entry.get(name), kind) for name, kind in kinds.items())


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content` in hexadecimal, as evidence has it everywhere."""
    return hashlib.sha256(content).hexdigest()
