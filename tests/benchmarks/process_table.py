"""Which processes a command starts, how long each lives and what it takes: where a runbook's time goes."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import descendants

_EVERY = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class _Seen:
    command: str
    begun: float
    ended: float
    processor: float = 0.0  # without that of children, which are seen themselves
    memory: float = 0.0  # MiB


class ProcessTable:
    """Watches the children of this process, and theirs, in a ``with`` block; ``text`` has them in their order."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ProcessTable:
        self._begun = time.monotonic()
        self._others = set(descendants(os.getpid()))
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def text(self) -> str:
        """A line a process: when it was seen first, how long it lived, processor seconds, memory, command."""
        lines = ["   from   lived  processor  memory"]
        for one in sorted(self._seen.values(), key=lambda one: one.begun):
            lived = one.ended - one.begun
            lines.append(f"{one.begun:6.2f}s {lived:6.2f}s {one.processor:9.2f}s {one.memory:4.0f} MiB  {one.command}")
        return "\n".join(lines)

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            now = time.monotonic() - self._begun
            for pid in descendants(os.getpid()):
                if pid not in self._others:
                    self._note(pid, now)

    def _note(self, pid: int, now: float) -> None:
        folder = Path("/proc") / str(pid)
        try:
            command = _short((folder / "cmdline").read_bytes())
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            peak = re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text())
        except OSError:
            return
        seen = self._seen.setdefault(pid, _Seen(command, now, now))
        seen.command = command or seen.command
        seen.ended = now
        seen.processor = (int(stat[11]) + int(stat[12])) / _TICKS
        seen.memory = int(peak[1]) / 1024 if peak else seen.memory


def watched(work: Callable[[], object]) -> Callable[[], str]:
    """A profile for figures: the processes of ``work``."""

    def measure() -> str:
        with ProcessTable() as table:
            work()
        return table.text

    return measure


def _short(cmdline: bytes) -> str:
    parts = cmdline.decode("utf-8", "replace").split("\0")
    return " ".join(part.rsplit("/", 1)[-1] if "/" in part else part for part in parts if part)[:110]
