# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a sweep is, for the process that started it. No AWS, no Ansible.

A module cannot print before it ends. It appends lines of JSON to the file that an environment variable names; the
action plugin that started it follows the file. Whatever happens to the file, the sweep goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import typing as t

VARIABLE = "BREAKGLASS_PROGRESS"
EVERY = 0.5  # seconds between two lines of the file
_LEAST_WORKED = 3  # accounts after which the time left is estimated
_OPEN = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK


class State(t.TypedDict):
    """A line of the file. Times are in seconds; ``left`` is None as long as it is not known."""

    total: int
    done: int
    in_flight: int
    throttled: int
    outcomes: dict[str, int]
    elapsed: float
    left: float | None


class Progress:
    """Counts the accounts of a task. May be used from several threads. Writes nothing without a file."""

    def __init__(self, path: str | None = None, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._path = os.environ.get(VARIABLE) if path is None else path
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._written = float("-inf")
        self._total = self._done = self._worked = self._in_flight = self._throttled = 0
        self._outcomes: dict[str, int] = {}

    def expect(self, accounts: int) -> None:
        """So many accounts are to come; those that an earlier call announced may be among them."""
        with self._lock:
            self._total = max(self._total, self._done + accounts)
            self._write(at_once=True)

    def begin(self) -> None:
        """Work on an account begins."""
        with self._lock:
            self._in_flight += 1
            self._write()

    def end(self, outcome: str) -> None:
        """Work on an account has ended."""
        with self._lock:
            self._in_flight -= 1
            self._worked += 1
        self.count(outcome)

    def count(self, outcome: str) -> None:
        """An account has its outcome: it is skipped, known from a journal, not reached, or its work has ended."""
        with self._lock:
            self._done += 1
            self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
            self._write(at_once=self._done == self._total)

    def throttle(self) -> None:
        """AWS has throttled a call."""
        with self._lock:
            self._throttled += 1

    @property
    def state(self) -> State:
        elapsed = self._clock() - self._begun
        known = self._worked >= _LEAST_WORKED
        left = (self._total - self._done) * elapsed / self._worked if known else None
        return {
            "total": self._total,
            "done": self._done,
            "in_flight": self._in_flight,
            "throttled": self._throttled,
            "outcomes": dict(self._outcomes),
            "elapsed": round(elapsed, 1),
            "left": None if left is None else round(left, 1),
        }

    def _write(self, at_once: bool = False) -> None:
        now = self._clock()
        if not self._path or not (at_once or now - self._written >= EVERY):
            return
        self._written = now
        try:
            file = os.open(self._path, _OPEN)
            with contextlib.closing(os.fdopen(file, "wb", buffering=0)) as stream:
                stream.write(json.dumps(self.state).encode() + b"\n")
        except OSError:  # no one follows any more: no reason to stop, or to try again
            self._path = ""


def newest(lines: bytes) -> State | None:
    """The state in the last complete line; None when there is none."""
    with contextlib.suppress(ValueError, TypeError):
        state = json.loads(lines[: lines.rindex(b"\n")].rpartition(b"\n")[2])
        if isinstance(state, dict) and state.keys() == State.__annotations__.keys():
            return t.cast("State", state)
    return None


def in_words(state: State) -> str:
    """The state as one line for a person."""
    parts = [f"{state['done']:,} of {state['total']:,} accounts"]
    if state["outcomes"]:
        parts.append(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in state["outcomes"].items()))
    if state["in_flight"]:
        parts.append(f"{state['in_flight']} in work")
    if state["throttled"]:
        parts.append(f"throttled {state['throttled']:,} times")
    if state["left"] is not None and state["done"] < state["total"]:
        parts.append(f"about {_duration(state['left'])} left")
    return "; ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
