"""The journal of a run: one JSON object a line, each with the SHA-256 of the line before.

Kernel and launcher both write to it. Each entry is on disk before the run goes on, so a disk that is full or read-only
stops a step before it acts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakglass_runbooks import times
from breakglass_runbooks.errors import RunbookError

FILE = "journal.jsonl"
FIRST = "0" * 64  # what the first entry has for the one before


class Journal:
    """The journal in a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def append(self, event: str, **details: Any) -> None:
        """Add an entry; raise RunbookError when it cannot be kept."""
        try:
            with open(self._path, "a+b", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                whole, _, torn = file.read().rpartition(b"\n")
                if torn:  # whoever wrote this was killed, or the disk was full; it never was an entry
                    file.truncate(len(whole) + 1 if whole else 0)
                    details["torn_bytes_dropped"] = len(torn)
                last = whole.rpartition(b"\n")[2]
                linked = {"time": times.text(precision="milliseconds"), "previous": digest(last) if last else FIRST}
                entry = {**linked, "event": event, **details}
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunbookError(
                f"The journal {self._path} cannot be written: {error.strerror}.\n"
                "Nothing is done that cannot be proved. Make room, or have the folder made writable, then go on."
            ) from None

    def entries(self) -> list[dict[str, Any]]:
        """What it holds; RunbookError when that is no journal."""
        try:
            return [json.loads(line) for line in self._lines()]
        except ValueError:
            raise RunbookError(f"The journal {self._path} has been damaged.") from None

    def problems(self) -> Iterator[str]:
        """Say where the chain is broken."""
        previous = FIRST
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = json.loads(line)
                if entry["previous"] != previous:
                    yield f"{FILE}, line {number}: the line before was changed, moved or removed."
            except (ValueError, KeyError, TypeError):
                yield f"{FILE}, line {number}: is no entry."
            previous = digest(line)

    def _lines(self) -> list[bytes]:
        """The whole lines: what a killed run or a full disk has left of one never was an entry."""
        whole, end, _ = (self._path.read_bytes() if self._path.exists() else b"").rpartition(b"\n")
        return (whole + end).splitlines()


def digest(content: bytes) -> str:
    """The SHA-256 of something, as it is written everywhere here."""
    return hashlib.sha256(content).hexdigest()
