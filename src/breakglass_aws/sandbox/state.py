# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All state of a sandbox: our own (organization, root users, sessions) and moto's (IAM, S3, SQS).

moto keeps its state in module globals, hence one sandbox per process. Our own state is plain data in dictionaries by
ID, so that an organization of 10,000 accounts costs memory but no time.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.iam.models import IAMBackend, iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sqs.models import Queue, sqs_backends

from breakglass_aws.sandbox import clock, names
from breakglass_aws.sandbox.authorization import Principal
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.model.event_history import Trail
from breakglass_aws.sandbox.model.lifecycle import (
    Behaviour,
    Creation,
    Handshake,
    Message,
    Schedule,
)
from breakglass_aws.sandbox.model.managed_policies import aws_managed_document
from breakglass_aws.sandbox.model.organization import HOME_REGIONS, Account, RootUser, Switches, switches
from breakglass_aws.sandbox.model.sessions import Caller, Credentials, Session, session_principal
from breakglass_aws.sandbox.model.stack_sets import StackSets

if TYPE_CHECKING:
    from breakglass_aws.sandbox.organization_file.build import Description

_LOG = logging.getLogger("sandbox")
_SWEEP_EVERY = 1000
_MAX_EXPIRED = 10_000
_MAX_EVENTS = 100_000
_MAX_SERVICE_EVENTS = 10_000


class UnknownIdentity(LookupError):
    """No identity of that name in the organization file."""


class State:
    """The organization as it is now, sessions, events; `reset` brings the beginning back."""

    def __init__(self, description: Description) -> None:
        self.description = description
        self.lock = threading.RLock()
        # What else begins again with the organization: the server adds the faults.
        self.after_reset: list[Callable[[], None]] = []
        # The switches for root access as STS knows them; a fault can delay them.
        self.sts_view: Callable[[], Switches] = lambda: switches(self.organization)
        # Where clients that ignore AWS_ENDPOINT_URL reach the sandbox, when it has a TLS front.
        self.tls_front: dict[str, str] | None = None
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        # Who gets service events as they happen, with their number: the server adds EventBridge.
        self.service_event_listeners: list[Callable[[dict[str, Any], int], None]] = []
        self.reset()

    def reset(self) -> None:
        with self.lock:
            clock.reset()
            BackendDict.reset()
            self.organization = self.description.build()
            self.partition = self.organization.partition
            self.home_region = HOME_REGIONS[self.partition]
            self.outside = {account.id: account for account in self.description.outsiders(self.organization)}
            self.behaviour: Behaviour = replace(self.description.behaviour)
            self.schedule = Schedule()
            self.creations: dict[str, Creation] = {}
            self.handshakes: dict[str, Handshake] = self.description.invitations()
            self.messages: deque[Message] = deque(maxlen=_MAX_SERVICE_EVENTS)
            self.service_events: deque[dict[str, Any]] = deque(maxlen=_MAX_SERVICE_EVENTS)
            self.service_event_count = 0  # how many service events there were; the oldest of them are forgotten
            self.sessions: dict[str, Session] = {}
            self.user_boundaries: dict[str, str] = {}  # ID of an IAM user -> ARN of its permissions boundary
            self.public_access_blocks: dict[str, dict[str, bool]] = {}  # account ID -> Block Public Access
            self.root_keys: dict[str, str] = {
                key: account.id for account in self.accounts() for key in account.root.access_keys
            }
            self.events: deque[dict[str, Any]] = deque(maxlen=_MAX_EVENTS)
            self.trail = Trail()
            self.stack_sets = StackSets()
            self.identity_center = self.description.identity_center()
            self.control_tower = self.description.enrolled_accounts()
            self._with_iam_entities: set[str] = set()
            self.description.create_resources()
            self.identities = {
                name: self.open_identity(name, **identity) for name, identity in self.description.identities.items()
            }
            for step in self.after_reset:
                step()

    def advance(self, by: timedelta) -> None:
        """Move the clock forward and do what is due by then.

        Raises:
            ClockError: The clock cannot be moved by that.
        """
        with self.lock:
            clock.advance(by)
            self.schedule.run(now())

    def account(self, identifier: str) -> Account | None:
        """An account of the organization, or one outside of it."""
        return self.organization.accounts.get(identifier) or self.outside.get(identifier)

    def accounts(self) -> Iterator[Account]:
        """All accounts, those outside of the organization too."""
        yield from self.organization.accounts.values()
        yield from self.outside.values()

    def add_service_event(self, event: dict[str, Any]) -> None:
        """Keep something an AWS service did by itself, or a person did in a browser, for CloudTrail to show.

        Args:
            event: eventSource, eventName, eventType, eventTime (datetime), recipientAccountId, awsRegion and what else
                CloudTrail's record has for it (serviceEventDetails, userIdentity, responseElements, ...).
        """
        details, number = {"awsRegion": self.home_region, **event}, self.service_event_count
        self.service_events.append(details)
        self.service_event_count += 1
        for listener in self.service_event_listeners:
            listener(details, number)

    def record(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        for listener in self.listeners:
            try:
                listener(event)
            except Exception:
                _LOG.exception("a listener of events failed")

    # moto's side

    def iam(self, account: str) -> IAMBackend:
        """IAM of an account; its roles and users are made when it is first asked for."""
        backend = iam_backends[account][self.partition]
        if account not in self._with_iam_entities:
            self._with_iam_entities.add(account)
            self.description.create_iam_entities(backend, account)
        return backend

    def managed_document(self, account: str, arn: str) -> str | None:
        """The document of a managed policy, AWS's or the account's own."""
        policy = self.iam(account).managed_policies.get(arn)
        if policy is None:
            return aws_managed_document(arn)
        return next(version.document for version in policy.versions if version.is_default)

    def bucket(self, name: str) -> FakeBucket | None:
        owner = s3_backends.bucket_accounts.get(name)
        return s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None

    def buckets(self) -> Iterator[FakeBucket]:
        backend: Any
        for _, _, backend in s3_backends.iter_backends():
            yield from backend.buckets.values()

    def queue(self, account: str, region: str, name: str) -> Queue | None:
        if account not in sqs_backends or region not in sqs_backends[account]:
            return None
        return sqs_backends[account][region].queues.get(name)

    def queues(self) -> Iterator[Queue]:
        backend: Any
        for _, _, backend in sqs_backends.iter_backends():
            yield from backend.queues.values()

    # sessions and identities

    def open_session(self, caller: Callable[[str], Caller], account: str, duration: int) -> Session:
        """Issue temporary credentials; `caller` gets the new access key ID."""
        key, moment = names.unique_id("ASIA", account), now()
        session = Session(
            key, names.secret_key(), names.session_token(), moment + timedelta(seconds=duration), caller(key)
        )
        self.sessions[key] = session
        if len(self.sessions) % _SWEEP_EVERY == 0:
            self._forget_sessions(moment)
        return session

    def _forget_sessions(self, moment: datetime) -> None:
        """Drop sessions that expired long ago, or before many others: their keys are then unknown, not expired."""
        over = [key for key, session in self.sessions.items() if session.expires and session.expires < moment]
        recent = set(over[-_MAX_EXPIRED:])
        for key in over:
            expires = self.sessions[key].expires
            if key not in recent or (expires and expires < moment - timedelta(hours=1)):
                del self.sessions[key]

    def root_principal(self, account: str) -> Principal:
        return Principal(account, f"arn:{self.partition}:iam::{account}:root", "root", user_id=account)

    def identity(self, name: str) -> Credentials:
        """The credentials a person of the organization file works with."""
        try:
            return self.identities[name]
        except KeyError:
            known = ", ".join(sorted(self.identities))
            raise UnknownIdentity(f"no identity {name!r} in this organization; there are: {known}") from None

    def open_identity(
        self,
        name: str,
        account: str,
        user: str | None = None,
        role: str = "",
        root_key: str | None = None,
        source_identity: str | None = None,
    ) -> Credentials:
        owner = self.account(account)
        if root_key is not None and owner is not None:
            return Credentials(root_key, owner.root.access_keys[root_key].secret, None)
        if user is not None:
            key = self.iam(account).users[user].access_keys[0]
            return Credentials(key.access_key_id, key.secret_access_key, None)
        seed = ("identity", self.organization.id, name)
        key_id, secret, token = (
            names.unique_id("ASIA", account, *seed),
            names.secret_key(*seed),
            names.session_token(*seed),
        )
        # The role is in the file: its ARN and ID are known before moto has made it.
        principal = session_principal(
            account, f"arn:{self.partition}:iam::{account}:role/{role}", names.role_id(account, role), name
        )
        caller = Caller(principal, key_id, source_identity=source_identity, issued=now())
        self.sessions[key_id] = Session(key_id, secret, token, None, caller)
        return Credentials(key_id, secret, token)

    # what can be compared from outside

    def snapshot(self) -> dict[str, Any]:
        organization = self.organization
        with self.lock:
            return {
                "organization": {
                    "trusted_access": sorted(organization.trusted_access),
                    "features": sorted(organization.features),
                    "delegated_administrators": {
                        service: sorted(accounts) for service, accounts in organization.delegations.items() if accounts
                    },
                },
                "root_users": {account.id: _seen(account.root) for account in organization.accounts.values()},
                "bucket_policies": {
                    bucket.name: json.loads(bucket.policy) if bucket.policy else None for bucket in self.buckets()
                },
                "queue_policies": {
                    queue.queue_arn: json.loads(queue.policy) if queue.policy else None for queue in self.queues()
                },
            }


def _seen(root: RootUser) -> dict[str, Any]:
    return {
        "password": root.password is not None,
        "access_keys": sorted(root.access_keys),
        "signing_certificates": sorted(root.signing_certificates),
        "mfa_devices": sorted(root.mfa_devices),
    }
