# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client per service and Region for all sessions of a run: the credentials are bound to each request.

Making a client costs about as much as ten calls, and each client has its own connections and its own TLS context. A
sweep over thousands of accounts therefore shares its clients. What is shared has no credentials. A session gets a
handle: an object of the client's class that shares everything with it and has the session's credentials::

    pool = ClientPool(make_client)
    session = SessionCredentials.of(sts.assume_root(...)["Credentials"])
    iam = pool.client("iam", None, session)
    iam.get_user()  # signed with the session's credentials, as are its retries, redirects and pages

Handles cost nothing to make, and may be used in several threads at once, beside handles of other sessions.

How a request gets its credentials, and why it cannot get others:

1. A handle sets a context variable for as long as one call takes. Each thread has its own. All that botocore does for
   the call, such as another attempt or the HeadBucket with which it follows a redirect of S3, happens in that time.
2. The shared client's signer has no credentials but those in the context variable. Outside of a handle's call there
   are none: nothing is sent, and nothing is looked up in the environment.
3. Right before each attempt is sent, its access key ID and its session token are compared with those of the session.
   Another key, or a request without a signature, ends the call with a NotSent error.

Reads of IAM take a shorter way (:mod:`.direct_reads`): the credentials are an argument of the call there.

The session cache of S3 Express, which botocore keeps for each client by bucket, is off: it would be shared.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.direct_reads import DirectReads
from ansible_collections.breakglass.aws.plugins.module_utils._aws.session_credentials import SessionCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._errors import NotSent

# What botocore needs to make a client. It signs nothing: see _BoundCredentials.
_PLACEHOLDERS = {
    "aws_access_key_id": "unbound",
    "aws_secret_access_key": "unbound",
    "aws_session_token": "unbound",
}


_bound: contextvars.ContextVar[SessionCredentials | None] = contextvars.ContextVar("session credentials", default=None)


def bound_credentials() -> SessionCredentials:
    """The credentials of the call that is under way in this thread. NotSent outside of a handle's call."""
    credentials = _bound.get()
    if credentials is None:
        raise NotSent(
            "A request was not sent: the client it was made with is shared, and no session is bound to it.",
            "This is a defect of the collection: report it with this message.",
        )
    return credentials


class ClientPool:
    """The shared clients of a run, each made when it is first needed.

    ``make(service, region, credentials)`` makes a boto3 client; ``credentials`` are keyword arguments for boto3.
    """

    def __init__(self, make: t.Callable[[str, str | None, dict[str, str]], t.Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str | None], t.Any] = {}

    def client(self, service: str, region: str | None, credentials: SessionCredentials) -> t.Any:
        """A boto3 client for ``service`` in ``region`` whose calls are signed with ``credentials`` and nothing else.

        It can do what other clients can, but for making presigned URLs. Its events are shared with all sessions, and
        reads of IAM have none.
        Raises what ``make`` raises.
        """
        shared = self._shared(service, region)
        handle = object.__new__(type(shared))
        handle.__dict__.update(shared.__dict__, session_credentials=credentials)
        return handle

    def clients(self) -> list[t.Any]:
        """The shared clients that have been made."""
        return list(self._clients.values())

    def _shared(self, service: str, region: str | None) -> t.Any:
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._clients[service, region] = _unbound(self._make(service, region, dict(_PLACEHOLDERS)))
            return client


class _SessionClient:
    """The first base class of shared clients and their handles."""

    session_credentials: SessionCredentials | None = None
    direct_reads: DirectReads | None = None

    def _make_api_call(self, operation_name: str, api_params: dict) -> t.Any:
        if self.session_credentials and self.direct_reads and self.direct_reads.takes(operation_name):
            return self.direct_reads.call(operation_name, api_params, self.session_credentials)
        call = super()._make_api_call  # type: ignore[misc]  # of botocore.client
        if self.session_credentials is None:  # a call that botocore makes for itself, during one of a handle
            return call(operation_name, api_params)
        token = _bound.set(self.session_credentials)
        try:
            return call(operation_name, api_params)
        finally:
            _bound.reset(token)


class _BoundCredentials:
    """Takes the place of a shared client's credentials."""

    def get_frozen_credentials(self) -> SessionCredentials:
        return bound_credentials()


def _unbound(client: t.Any) -> t.Any:
    """A new client, made one that cannot sign anything by itself."""
    client.__class__ = type(type(client).__name__, (_SessionClient, type(client)), {})
    client._request_signer._credentials = _BoundCredentials()
    client.exceptions  # noqa: B018 made now: handles share it
    client.meta.events.register("before-send", _require_own_signature)
    with contextlib.suppress(Exception):  # another protocol, or a botocore that has changed: its own way then
        client.direct_reads = DirectReads(client)
    return client


def _require_own_signature(request: t.Any, **unused: t.Any) -> None:
    """Botocore's event before each attempt is sent. What it raises ends the call."""
    credentials = bound_credentials()
    signature = _text(request.headers.get("Authorization"))
    token = _text(request.headers.get("X-Amz-Security-Token"))
    if f" Credential={credentials.access_key}/" not in signature or token != credentials.token:
        raise NotSent(
            "A request was not sent: it was not signed with the credentials of its session.",
            "This is a defect of the collection: report it with this message.",
        )


def _text(header: str | bytes | None) -> str:
    return header.decode() if isinstance(header, bytes) else header or ""
