# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudTrail remembers of each answered call, kept small; `records` makes events of it on request.

Only management events are kept: Event history has no data events (CloudTrail User Guide, "Working with CloudTrail event
history").
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from breakglass_aws.sandbox.model.sessions import Caller

_MAX_TRACES = 100_000
_MAX_BYTES = 128 * 1024 * 1024
# The weight of a trace beside the texts it keeps, measured once.
_TRACE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Trace:
    """One call.

    Attributes:
        recipients: Accounts that get an event: the caller's, and the one whose resource it is.
        parameters: As the service's model names them.
        body: The request's body, where it is a parameter (S3's bucket policy).
        answer: The answer's body, where an event shows something of it.
        network: The condition keys of where the call came from.
        invoked_by: The service that called for itself, for example `cloudformation.amazonaws.com`.
    """

    number: int
    time: datetime
    recipients: tuple[str, ...]
    region: str
    service: str
    operation: str
    protocol: str
    caller: Caller
    request_id: str
    parameters: dict[str, Any]
    body: bytes
    resource: str | None
    write: bool
    status: int
    error: str | None
    response: bytes
    host: str
    network: dict[str, str]
    user_agent: str
    invoked_by: str | None

    @property
    def size(self) -> int:
        return _TRACE_BYTES + 2 * len(self.body) + len(self.response)


class Trail:
    """Traces by account and Region; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: deque[Trace] = deque()
        self._by_place: dict[tuple[str, str], deque[Trace]] = {}
        self._bytes = 0
        self._count = 0

    def next_number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def add(self, trace: Trace) -> None:
        with self._lock:
            self._all.append(trace)
            self._bytes += trace.size
            for account in trace.recipients:
                self._by_place.setdefault((account, trace.region), deque()).append(trace)
            while len(self._all) > _MAX_TRACES or self._bytes > _MAX_BYTES:
                self._forget(self._all.popleft())

    def _forget(self, trace: Trace) -> None:
        self._bytes -= trace.size
        for account in trace.recipients:
            place = self._by_place[account, trace.region]
            place.popleft()  # in each place traces lie in the same order
            if not place:
                del self._by_place[account, trace.region]

    def of(self, account: str, region: str) -> list[Trace]:
        """Oldest first."""
        with self._lock:
            return list(self._by_place.get((account, region), ()))
