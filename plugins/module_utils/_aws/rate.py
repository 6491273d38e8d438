# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast calls may follow one another where all accounts of a run share a quota. No AWS, no Ansible.

AWS publishes no quota for AssumeRoot, and throttles AWS Organizations per account. A bucket learns the rate from the
answers. Nothing is slowed down before AWS refuses at least half of the calls for being too many: fewer refusals cost
less time than going too slowly. Then the rate is set to what AWS accepted of the last second and somewhat more, and
grows by a tenth each second in which nothing is refused. The surplus keeps the quota in use; what it costs are some
refused calls.

Where refusals have no relation to the rate (AWS refuses at random, or another caller uses up the quota), going slower
only loses time. A second in which less was accepted and some refused shows that: the surplus grows then.
"""

from __future__ import annotations

import mmap
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._files.process_lock import ProcessLock

SLOWEST = 0.5  # calls a second
PATIENCE = 60.0  # seconds in which AWS accepts none of many calls: after these the quota does not recover in time
_WINDOW, _FIRST_WINDOW = 1.0, 0.25  # seconds of answers that a rate is learned from
_LEAST_ANSWERS, _FIRST_ANSWERS = 10, 20
_TOO_MANY = 0.5  # the share of refused calls at which a rate is set for the first time
_LONGEST_SLEEP = 5.0
_SURPLUS, _MOST_SURPLUS = 1.1, 2.0
_GROWTH = 0.1

# The fields of a bucket: numbers, so that processes can share them.
_RATE, _TOKENS, _FILLED, _START, _ACCEPTED, _REFUSED, _BEFORE, _EXCESS, _CALM_SINCE = range(9)
_FIELDS = 9
_SIZE = 8 * _FIELDS


class TokenBucket:
    """The calls that share one quota. May be used from several threads, and after ``Rates.share`` from processes.

    Before a call is sent, ``wait`` for its turn; afterwards ``learn`` whether AWS accepted or throttled it.
    """

    def __init__(self, numbers: memoryview[float], lock: t.ContextManager) -> None:
        self._numbers = numbers
        self._lock = lock

    @property
    def rate(self) -> float | None:
        """Calls a second; None as long as nothing was throttled."""
        return self._numbers[_RATE] or None

    @property
    def exhausted(self) -> bool:
        """Whether AWS has accepted nothing for as long as PATIENCE, although it was asked."""
        with self._lock:
            refusing_since = self._numbers[_CALM_SINCE]
            return bool(refusing_since) and waiter.now() - refusing_since >= PATIENCE

    def wait(self) -> None:
        """Wait until the next call may be sent. The turns of those that wait are in the order in which they came."""
        with self._lock:
            numbers = self._numbers
            if not numbers[_RATE]:
                return
            now = waiter.now()
            earned = (now - numbers[_FILLED]) * numbers[_RATE]
            numbers[_TOKENS] = min(1.0, numbers[_TOKENS] + max(0.0, earned)) - 1
            numbers[_FILLED] = now
            turn = now - numbers[_TOKENS] / numbers[_RATE]
        while (left := turn - waiter.now()) > 0 and not self.exhausted:
            waiter.pause(min(left, _LONGEST_SLEEP))

    def learn(self, accepted: bool) -> None:
        """AWS answered a call: it was accepted (whatever else came of it), or throttled."""
        with self._lock:
            numbers, now = self._numbers, waiter.now()
            if not numbers[_START]:
                numbers[_START] = now
            numbers[_ACCEPTED if accepted else _REFUSED] += 1
            if accepted:
                numbers[_CALM_SINCE] = 0
            elif not numbers[_CALM_SINCE]:
                numbers[_CALM_SINCE] = now
            self._conclude_window(now)

    def _conclude_window(self, now: float) -> None:
        numbers = self._numbers
        seconds, answers = now - numbers[_START], numbers[_ACCEPTED] + numbers[_REFUSED]
        first = not numbers[_RATE]
        if seconds < (_FIRST_WINDOW if first else _WINDOW) or answers < (_FIRST_ANSWERS if first else _LEAST_ANSWERS):
            return
        if not first:
            self._adapt(numbers[_ACCEPTED] / seconds, numbers[_REFUSED] > 0, now)
        elif numbers[_REFUSED] >= _TOO_MANY * answers:
            self._set_rate(_SURPLUS * numbers[_ACCEPTED] / seconds, now)
        numbers[_START], numbers[_ACCEPTED], numbers[_REFUSED] = now, 0.0, 0.0

    def _adapt(self, accepted_rate: float, throttled: bool, now: float) -> None:
        numbers = self._numbers
        if not throttled:
            if accepted_rate >= 0.7 * numbers[_RATE]:  # else it was not the rate that limited the calls
                self._set_rate(numbers[_RATE] * (1 + _GROWTH) + 0.1, now)
        else:
            in_vain = 0 < accepted_rate < 0.95 * numbers[_BEFORE]
            surplus = (numbers[_EXCESS] or _SURPLUS) * (1.25 if in_vain else 0.9)
            numbers[_EXCESS] = min(_MOST_SURPLUS, max(_SURPLUS, surplus))
            self._set_rate(accepted_rate * numbers[_EXCESS], now)
        numbers[_BEFORE] = accepted_rate

    def _set_rate(self, rate: float, now: float) -> None:
        numbers = self._numbers
        if not numbers[_RATE]:
            numbers[_FILLED], numbers[_TOKENS] = now, 0.0
        elif numbers[_TOKENS] < 0:  # the turns that are taken have the old rate
            numbers[_TOKENS] *= rate / numbers[_RATE]
        numbers[_RATE] = max(SLOWEST, rate)


class Rates:
    """The buckets of a run, by the name of what shares a quota."""

    # AssumeRoot and AssumeRole count for the caller's account, as all calls of AWS Organizations do.
    NAMES = ("sts:AssumeRoot", "sts:AssumeRole", "organizations")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE * len(self.NAMES))
        numbers = memoryview(self._memory).cast("d")
        self._lock = ProcessLock()
        self._buckets = {
            name: TokenBucket(numbers[place * _FIELDS : (place + 1) * _FIELDS], self._lock)
            for place, name in enumerate(self.NAMES)
        }

    def of(self, service: str, operation: str) -> TokenBucket | None:
        """The bucket of a call; None where no quota is shared."""
        return self._buckets.get(f"{service}:{operation}") or self._buckets.get(service)

    @property
    def exhausted(self) -> bool:
        """Whether one of the quotas is (see :class:`TokenBucket`)."""
        return any(bucket.exhausted for bucket in self._buckets.values())

    def share(self) -> None:
        """Before this process forks: let the buckets be those of the new processes too."""
        self._lock.share()
