# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of one resource, as a session that may manage it sees it. Plain boto3, no Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class Session(t.Protocol):
    """Who makes the calls: a root session, or an administrator's own."""

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
        """Put the policy, or with None delete the one there is."""
        raise NotImplementedError

    def write_action(self, text: str | None) -> str:
        """The action that :meth:`write` of this text needs, as policies name it."""
        raise NotImplementedError

    def seen_by(self, session: Session) -> ResourcePolicy:
        """The policy of the same resource, read and written by another session."""
        raise NotImplementedError

    refuses_unread: bool | None = False  # the answer of refuses_public_policies when it was not read

    def refuses_public_policies(self, session: Session) -> bool | None:
        """Does the service refuse a policy that allows the public access? None when ``session`` may not read that."""
        return False

    def read_until(self, reached: t.Callable[[str | None], bool], seconds: float) -> bool:
        """Read the policy back until it is as wanted, at most for so many seconds.

        A read that fails is tried again. Raises the last failure when the time is over and no read succeeded after it.
        """
        failures: list[Exception] = []

        def is_reached() -> bool:
            try:
                found = reached(self.read())
            except Exception as error:  # whatever it is: the next read may succeed
                failures[:] = [error]
                return False
            failures.clear()
            return found

        if self.wait_for(is_reached, seconds):
            return True
        if failures:
            raise failures[0]
        return False

    @staticmethod
    def wait_for(holds: t.Callable[[], bool], seconds: float) -> bool:
        """Ask until it holds, at most for so many seconds."""
        return waiter.poll(holds, bool, waiter.within(seconds, _FIRST_PAUSE, _LONGEST_PAUSE))
