# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of a run, as the modules write them down before they are sent and after they ended.

A task that ends has its calls in its result. The file has those of a task whose process was killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading

FILE = "calls.jsonl"
VARIABLE = "BREAKGLASS_CALL_LEDGER"  # with which the modules find it
_INTENDED = "intended"  # the event of a line about a call that has not ended


class CallLedger:
    """The ledger in a folder. Evidence of version 0.1 has none."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen = 0  # bytes that are of earlier tasks

    def open(self) -> None:
        """Make the file where there is none; its lines are of earlier tasks. Raises RunbookError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            os.close(os.open(self.path, flags, 0o600))
        except OSError as error:
            reason = f"it is {kind}" if (kind := reading.kind_of(self.path)) not in ("", "a file") else error.strerror
            raise RunbookError(
                f"{self.path} cannot be written: {reason}.\n"
                "Nothing is done that cannot be proved. Make room, or make the folder writable, then resume."
            ) from None
        self._seen = len(self._content())

    def of_task(self) -> list[dict[str, Any]]:
        """Return the calls that were written since this was called last, each as its last line has it.

        A call without an end is unknown: it was about to be sent, or was sent and its answer is missing.
        """
        content = self._content()
        calls = [_as_call(line) for line in _last_lines(content[self._seen :])]
        self._seen = len(content)
        return calls

    def unreported(self, journal: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the calls without an end that no entry of the journal has, as unknown."""
        reported = {call.get("id") for entry in journal for call in entry.get("calls") or []}
        lines = [line for line in _last_lines(self._content()) if line["event"] == _INTENDED]
        return [_as_call(line) for line in lines if line["id"] not in reported]

    def _content(self) -> bytes:
        try:
            return reading.regular_file(self.path)
        except FileNotFoundError:
            return b""


def _last_lines(content: bytes) -> list[dict[str, Any]]:
    """Return the last line of each call. A part of a line, left by a killed process or a full disk, is none."""
    calls: dict[str, dict[str, Any]] = {}
    for text in content.splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and isinstance(line.get("id"), str) and isinstance(line.get("event"), str):
            calls[line["id"]] = line
    return [*calls.values()]


def _as_call(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line as the journal has calls."""
    call = {name: value for name, value in line.items() if name != "event"}
    return {**call, "status": "unknown"} if line["event"] == _INTENDED else call
