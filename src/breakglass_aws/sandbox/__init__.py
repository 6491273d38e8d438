# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS organization: a local endpoint that behaves as AWS does around root access.

    with in_process() as box:
        box.client("sts", "operator").assume_root(...)

It knows nothing of the collection's plugins; both meet at AWS's wire protocol only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from breakglass_aws import python_version
from breakglass_aws.sandbox.client import REGION, environment
from breakglass_aws.sandbox.wire.network_origin import PREFIX

if TYPE_CHECKING:
    from breakglass_aws.sandbox.server.server import SandboxServer

__all__ = ["Box", "in_process"]

python_version.require_for_import("breakglass_aws.sandbox")


class Box:
    """A running sandbox, seen from outside."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._state = server.state
        self._faults = server.faults
        self.url = server.url
        self._making_clients = Lock()

    def credentials(self, name: str) -> dict[str, str | None]:
        """The keys of an identity: access_key, secret_key, session_token."""
        return vars(self._state.identity(name)).copy()

    def environment(self, name: str, place: str = "") -> dict[str, str]:
        """The variables that make any AWS client this identity; see `place` for where it can be."""
        return environment(self.url, self.credentials(name), place)

    def client(self, service: str, name: str, region: str = REGION, place: str = "") -> Any:
        """A boto3 client of an identity, with its keys, a region and the endpoint given outright."""
        credentials = self.credentials(name)
        return self.client_with(
            service,
            credentials["access_key"],
            credentials["secret_key"],
            credentials["session_token"],
            region=region,
            place=place,
        )

    def client_with(
        self,
        service: str,
        access_key: Any,
        secret_key: Any,
        session_token: Any = None,
        *,
        region: str = REGION,
        place: str = "",
    ) -> Any:
        """A boto3 client with any credentials, for example those of a root session."""
        # One session for all clients: it keeps the service models, which take longer to read than most calls.
        with self._making_clients:
            return self._session.client(
                service,
                aws_access_key_id=access_key,
                aws_secret_access_key=secret_key,
                aws_session_token=session_token,
                region_name=region,
                endpoint_url=f"{self.url}{PREFIX}{place}" if place else self.url,
            )

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.session.Session()

    def snapshot(self) -> dict[str, Any]:
        """All state worth comparing from outside."""
        return self._state.snapshot()

    def events(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first."""
        return list(self._state.events)

    def on_event(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call `callback` with the event of each request, before its response is sent."""
        self._state.listeners.append(callback)

    def advance(self, by: timedelta | str | float) -> None:
        """Move the clock forward: by '4 days', or a number of seconds."""
        from breakglass_aws.sandbox import clock

        self._state.advance(clock.span(by))

    def add_fault(self, kind: str, **given: Any) -> str:
        """Add a fault rule; see `faults.rules.KINDS`. Returns its name."""
        return self._faults.add({"kind": kind, **given})[0]

    def faults(self) -> list[dict[str, Any]]:
        """The active fault rules, and how often each hit."""
        return self._faults.shown()

    def clear_faults(self, name: str | None = None) -> None:
        """Remove a fault rule, or all."""
        if not self._faults.clear(name):
            raise KeyError(name)

    def look(self, who: str, what: str = "") -> Any:
        """What a person sees: the account, or its `mailbox` or `phone`; see `people.look`."""
        from breakglass_aws.sandbox.people import console

        with self._state.lock:
            return console.look(self._state, who, what)

    def act(self, who: str, step: str, **given: str) -> dict[str, Any]:
        """Have a person do a step in the browser; see `people.act`."""
        from breakglass_aws.sandbox.people import console

        with self._state.lock:
            return console.act(self._state, who, step, given)

    def portal(self, user: str, account: str, permission_set: str) -> dict[str, str | None]:
        """Keys for an account from Identity Center's access portal, in the form of `credentials`."""
        from breakglass_aws.sandbox.people import access_portal

        with self._state.lock:
            return vars(access_portal.portal(self._state, user, account, permission_set)).copy()

    def reset(self) -> None:
        """Bring back the organization as it was loaded; forget events and listeners."""
        self._state.listeners.clear()
        self._state.reset()

    @contextmanager
    def serving(self, organization: str | Path | dict[str, Any] | None) -> Iterator[None]:
        """In the block, serve another organization, as it is loaded; after it, the one before, as it was loaded.

        A process serves one sandbox at a time: tests that want an organization of their own take the shared `box`.

        Raises:
            OrganizationError: The organization is wrong; the one before stays as it is.
        """
        from breakglass_aws.sandbox.organization_file.schema import load

        another, before = load(organization), self._state.description
        try:
            self._state.description = another
            self.reset()
            yield
        finally:
            self._state.description = before
            self.reset()


@contextmanager
def in_process(organization: str | Path | dict[str, Any] | None = None) -> Iterator[Box]:
    """Serve a sandbox from a thread of this process, on a free port.

    moto's state is global to a process: one sandbox at a time.

    Args:
        organization: A YAML file, the same as plain data, or None for the default organization.
    """
    from breakglass_aws.sandbox.server.server import SandboxServer

    server = SandboxServer(organization)
    server.start()
    try:
        yield Box(server)
    finally:
        server.stop()
