# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of one resource, in the hands of somebody who may manage it. Plain boto3, no Ansible."""

from __future__ import annotations

import time
import typing as t

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Session(t.Protocol):
    """Whose hands: a root session, or an administrator's own."""

    account_id: str
    is_root: bool

    def client(self, service: str, region: str | None = None) -> t.Any:
        """A boto3 client with the credentials of the session."""


class ResourcePolicy:
    """Reads and writes the policy of one resource. Every method raises a BreakglassError when AWS refuses."""

    def __init__(self, session: Session, region: str) -> None:
        self.region = region
        # Whose root user makes the calls: there, refusals have other causes than in the caller's own account.
        self._root_of = session.account_id if session.is_root else None

    def read(self) -> str | None:
        """The policy's text as AWS has it; None when there is no policy."""
        raise NotImplementedError

    def write(self, text: str | None) -> None:
        """Put the policy, or with None take away the one there is."""
        raise NotImplementedError

    def seen_by(self, session: Session) -> ResourcePolicy:
        """The policy of the same resource in somebody else's hands."""
        raise NotImplementedError

    def read_until(self, reached: t.Callable[[str | None], bool], seconds: float) -> bool:
        """Read the policy back until it is as wanted, at most for so many seconds."""
        return self.wait_for(lambda: reached(self.read()), seconds)

    @staticmethod
    def wait_for(holds: t.Callable[[], bool], seconds: float) -> bool:
        """Ask until it holds, at most for so many seconds."""
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE
        while not holds():
            if time.monotonic() + pause > deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True
