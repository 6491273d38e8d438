"""Which calls a stub throttles or cuts off. Pure logic: the time is an argument."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, field

from benchmarks.stub.config import Config


class Fate(enum.Enum):
    """What becomes of a call."""

    ANSWERED = "answered"
    THROTTLED = "throttled"
    RESET_BEFORE = "reset before"  # the connection ends, and the call was not carried out
    RESET_AFTER = "reset after"  # the connection ends, and the call was carried out


@dataclass
class TokenBucket:
    """``burst`` calls at once, then ``rate`` calls a second. A refused call takes nothing."""

    rate: float
    burst: float
    tokens: float = field(init=False)
    _last: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def take(self, now: float) -> bool:
        """Whether a call at ``now`` (seconds, never decreasing) is within the quota."""
        if self._last is not None:
            self.tokens = min(self.burst, self.tokens + (now - self._last) * self.rate)
        self._last = now
        # Half a microsecond of quota is forgiven: sums of floats must not refuse a call that is exactly on time.
        if self.tokens < 1 - 1e-6:
            return False
        self.tokens -= 1
        return True


class Faults:
    """Decides the fate of each call, in the same order for the same seed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._random = random.Random(config.seed)
        self._buckets = {name: TokenBucket(*quota) for name, quota in config.quotas.items()}
        self.none = not (config.quotas or config.throttle or config.reset)

    def decide(self, operation: str, now: float) -> Fate:
        """The fate of a call of ``operation`` ("sts:AssumeRoot") that arrives at ``now``."""
        if self.none:
            return Fate.ANSWERED
        if not self._config.operations or operation in self._config.operations:
            number = self._random.random()
            if number < self._config.throttle:
                return Fate.THROTTLED
            if number < self._config.throttle + self._config.reset / 2:
                return Fate.RESET_BEFORE
            if number < self._config.throttle + self._config.reset:
                return Fate.RESET_AFTER
        bucket = self._buckets.get(operation)
        return Fate.ANSWERED if bucket is None or bucket.take(now) else Fate.THROTTLED
