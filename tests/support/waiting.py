"""A clock for the collection's waiter that only moves when something waits: tests never wait, and see what would."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter


class InstantClock(waiter.Clock):
    """Sleeping moves it and takes no time. ``slept`` has the seconds of each pause."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> InstantClock:
    """Pauses of the collection take no time, in this process. Returns the clock they use."""
    clock = InstantClock()
    monkeypatch.setattr(waiter, "clock", clock)
    return clock
