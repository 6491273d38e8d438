# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one fault does to one request."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from breakglass_aws.sandbox.errors import AwsError

HIT = "sandbox.fault"  # in the environ of a call that was hit: its Fault


class BrokenOff(Exception):
    """The connection ends here: reset where `abrupt`, closed otherwise."""

    def __init__(self, *, abrupt: bool) -> None:
        super().__init__("reset" if abrupt else "closed")
        self.abrupt = abrupt


@dataclass(frozen=True)
class Fault:
    """What happens to one call.

    Attributes:
        kind: Of the rule.
        refusal: What is answered, or would be if the connection lasted, in place of doing the call.
        delay: Seconds.
        appended: What follows the answer's body.
        order: Number of the order in which the lists of a policy in the answer are shown; None for their own.
    """

    kind: str
    refusal: AwsError | None = None
    delay: float = 0.0
    appended: bytes = b""
    order: int | None = None

    @property
    def unheard(self) -> bool:
        """Whether the call never reached the service."""
        return self.kind == "reset"

    def changed(self, body: bytes) -> bytes:
        """The body as the service, or something on the way, has made it."""
        return (body if self.order is None else _reordered(body, self.order)) + self.appended

    def deliver(self, body: bytes) -> Iterable[bytes]:
        """The body as it reaches the client.

        Raises:
            BrokenOff: It does not.
        """
        if self.delay:
            time.sleep(self.delay)
        # An answer without a body has no middle.
        if self.kind in ("reset", "lost_answer") or (self.kind == "cut" and not body):
            raise BrokenOff(abrupt=True)
        return _half(body) if self.kind == "cut" else [body]


def _reordered(body: bytes, order: int) -> bytes:
    """A policy with the texts of its lists in another order; anything else as it is."""
    try:
        policy = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_shuffled(policy, random.Random(order))).encode()


def _shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(one, generator) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    if all(isinstance(one, str) for one in value):
        return generator.sample(value, len(value))
    return [_shuffled(one, generator) for one in value]


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise BrokenOff(abrupt=False)
