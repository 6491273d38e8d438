# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one fault does to one request."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
    """

    kind: str
    refusal: AwsError | None = None
    delay: float = 0.0
    appended: bytes = b""

    @property
    def unheard(self) -> bool:
        """Whether the call never reached the service."""
        return self.kind == "reset"

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


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise BrokenOff(abrupt=False)
