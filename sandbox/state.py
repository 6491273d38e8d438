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
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sqs.models import Queue, sqs_backends

from sandbox import clock, names
from sandbox.authorization import Principal
from sandbox.clock import now
from sandbox.model.event_history import Trail
from sandbox.model.lifecycle import (
    Behaviour,
    Closure,
    Creation,
    EmailUpdate,
    Handshake,
    Message,
    Schedule,
    Sender,
    Standing,
)
from sandbox.model.stack_sets import StackSets

if TYPE_CHECKING:
    from sandbox.organization_file.schema import Description

_LOG = logging.getLogger("sandbox")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
# The policies AWS attaches everywhere when a type is enabled: type -> ID and name.
FULL_ACCESS = {SCP: ("p-FullAWSAccess", "FullAWSAccess"), RCP: ("p-RCPFullAWSAccess", "RCPFullAWSAccess")}
# Where IAM and Organizations live (aws-facts 2.7).
HOME_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
_SWEEP_EVERY = 1000
_MAX_EXPIRED = 10_000
_MAX_EVENTS = 100_000
_MAX_TOLD = 10_000
_ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass
class LastUsed:
    date: datetime
    service: str
    region: str


@dataclass
class RootAccessKey:
    id: str
    secret: str
    created: datetime
    status: str = "Active"
    last_used: LastUsed | None = None


@dataclass
class SigningCertificate:
    id: str
    body: str
    created: datetime
    status: str = "Active"


@dataclass
class MfaDevice:
    """`lost`: nobody has it any more."""

    serial: str
    enabled: datetime
    virtual: bool
    lost: bool = False


@dataclass
class Password:
    """The root user's login profile.

    Attributes:
        last_used: None when nobody signed in with it.
        secret: What is typed at sign-in; None when nobody knows one, as after CreateLoginProfile (aws-facts 2.4).
    """

    created: datetime
    last_used: datetime | None = None
    secret: str | None = None


@dataclass
class RootUser:
    """The root user of an account and its credentials; IAM proper knows no such user."""

    created: datetime
    password: Password | None = None
    access_keys: dict[str, RootAccessKey] = field(default_factory=dict)
    signing_certificates: dict[str, SigningCertificate] = field(default_factory=dict)
    mfa_devices: dict[str, MfaDevice] = field(default_factory=dict)


@dataclass
class Account:
    id: str
    name: str
    email: str
    arn: str
    state: str
    joined_method: str
    joined: datetime
    root: RootUser
    parent: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    contact: dict[str, str] = field(default_factory=dict)  # members of ContactInformation
    alternate_contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    email_update: EmailUpdate | None = None
    phone_code: str | None = None
    closure: Closure | None = None
    elsewhere: Sender | None = None  # the other organization it is a member of


@dataclass
class Unit:
    """An organizational unit, or the root, which has no parent."""

    id: str
    name: str
    arn: str
    parent: str | None
    units: dict[str, None] = field(default_factory=dict)  # ordered sets of child IDs
    accounts: dict[str, None] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class ControlPolicy:
    """A service control policy, or a resource control policy."""

    id: str
    name: str
    arn: str
    description: str
    content: str
    type: str = SCP
    aws_managed: bool = False
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Organization:
    id: str
    partition: str
    management_account: str
    root_id: str
    created: datetime
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    policies: dict[str, ControlPolicy] = field(default_factory=dict)
    attachments: dict[str, dict[str, None]] = field(default_factory=dict)  # root, OU or account ID -> policy IDs
    policy_types: dict[str, None] = field(default_factory=dict)  # enabled ones
    trusted_access: dict[str, datetime] = field(default_factory=dict)  # service principal -> since
    delegations: dict[str, dict[str, datetime]] = field(default_factory=dict)  # service principal -> account -> since
    features: dict[str, None] = field(default_factory=dict)

    def arn(self, kind: str, identifier: str = "") -> str:
        tail = f"/{identifier}" if identifier else ""
        return f"arn:{self.partition}:organizations::{self.management_account}:{kind}/{self.id}{tail}"

    def ancestors(self, identifier: str) -> list[str]:
        """IDs from the root down to the account or OU itself."""
        path = [identifier]
        parent = self.parent(identifier)
        while parent is not None:
            path.append(parent)
            parent = self.units[parent].parent
        return path[::-1]

    def parent(self, identifier: str) -> str | None:
        return self.accounts[identifier].parent if identifier in self.accounts else self.units[identifier].parent

    def path(self, account: str) -> str:
        """The value of `aws:PrincipalOrgPaths`, for example `o-a/r-b/ou-c/`."""
        return "/".join([self.id, *self.ancestors(account)[:-1], ""])

    def scps(self, account: str) -> list[list[str]] | None:
        """SCP documents by level from the root to the account; None where SCPs do not reach (management account)."""
        return self._controls(account, SCP)

    def rcps(self, account: str) -> list[list[str]] | None:
        """The same of the RCPs over an account's resources; the management account's are out of their reach too."""
        return self._controls(account, RCP)

    def _controls(self, account: str, kind: str) -> list[list[str]] | None:
        if kind not in self.policy_types or account == self.management_account or account not in self.accounts:
            return None
        return [
            [policy.content for policy in self.attached(target, kind).values()] for target in self.ancestors(account)
        ]

    def attached(self, target: str, kind: str) -> dict[str, ControlPolicy]:
        """The policies of a type that are attached to a root, OU or account, by ID."""
        attached = (self.policies[policy] for policy in self.attachments.get(target, ()))
        return {policy.id: policy for policy in attached if policy.type == kind}

    def enable(self, kind: str) -> None:
        """Enable a policy type; its full access policy is attached to all there is."""
        self.policy_types[kind] = None
        full_access = full_access_policy(kind)
        self.policies[full_access.id] = full_access
        for target in (*self.units, *self.accounts):
            self.attach(full_access.id, target)

    def disable(self, kind: str) -> None:
        """Disable a policy type: its policies are detached from everything, and stay."""
        self.policy_types.pop(kind, None)
        for target in list(self.attachments):
            for policy in self.attached(target, kind):
                del self.attachments[target][policy]

    def attach_full_access(self, target: str) -> None:
        """What a new OU or account gets."""
        for kind in self.policy_types:
            self.attach(FULL_ACCESS[kind][0], target)

    def is_delegate(self, account: str, service: str | None = None) -> bool:
        if service is not None:
            return account in self.delegations.get(service, ())
        return any(account in accounts for accounts in self.delegations.values())

    def attach(self, policy: str, target: str) -> None:
        self.attachments.setdefault(target, {})[policy] = None


@dataclass(frozen=True)
class Caller:
    """Who signed a request.

    Attributes:
        principal: What the evaluator sees.
        access_key_id: The key of the signature; "" for anonymous callers.
        user_name: Name of an IAM user, whom IAM calls without UserName act on.
        task_policy: ARN of the task policy of a root session.
        session_policies: Session policies given to AssumeRole.
        mfa: Whether a second factor was shown at sign-in.
    """

    principal: Principal
    access_key_id: str = ""
    user_name: str | None = None
    source_identity: str | None = None
    task_policy: str | None = None
    session_policies: tuple[str, ...] = ()
    issued: datetime | None = None
    mfa: bool = False

    @property
    def account(self) -> str:
        return self.principal.account

    @property
    def is_root(self) -> bool:
        return self.principal.kind == "root"


@dataclass(frozen=True)
class Session:
    """Temporary credentials. Those of named identities never expire (`expires` None)."""

    access_key_id: str
    secret_key: str
    token: str
    expires: datetime | None
    caller: Caller


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str | None


class UnknownIdentity(LookupError):
    """No identity of that name in the organization file."""


class State:
    """The organization as it is now, sessions, events; `reset` brings the beginning back."""

    def __init__(self, description: Description, forecast: Any = (), seed: int = 0) -> None:
        from sandbox.faults.injector import Weather

        self.description = description
        self.lock = threading.RLock()
        self.weather = Weather(self, forecast, seed)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
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
            self.messages: deque[Message] = deque(maxlen=_MAX_TOLD)
            self.service_events: deque[dict[str, Any]] = deque(maxlen=_MAX_TOLD)
            self.told = 0  # how many service events there were; the oldest of them are forgotten
            self.sessions: dict[str, Session] = {}
            self.user_boundaries: dict[str, str] = {}  # ID of an IAM user -> ARN of its permissions boundary
            self.root_keys: dict[str, str] = {
                key: account.id for account in self.accounts() for key in account.root.access_keys
            }
            self.events: deque[dict[str, Any]] = deque(maxlen=_MAX_EVENTS)
            self.trail = Trail()
            self.stack_sets = StackSets()
            self.identity_center = self.description.identity_center()
            self.control_tower = self.description.enrolled_accounts()
            self._furnished: set[str] = set()
            self.description.furnish_resources(self)
            self.identities = {
                name: self.open_identity(name, **identity) for name, identity in self.description.identities.items()
            }
            self.weather.reset()

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

    def tell(self, event: dict[str, Any]) -> None:
        """Keep something an AWS service did by itself, or a person did in a browser, for CloudTrail to show.

        Args:
            event: eventSource, eventName, eventType, eventTime (datetime), recipientAccountId, awsRegion and what else
                CloudTrail's record has for it (serviceEventDetails, userIdentity, responseElements, ...).
        """
        self.service_events.append({"awsRegion": self.home_region, **event})
        self.told += 1

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
        if account not in self._furnished:
            self._furnished.add(account)
            self.description.furnish_iam(backend, account)
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
        for _, _, backend in s3_backends.iter_backends():
            yield from backend.buckets.values()

    def queue(self, account: str, region: str, name: str) -> Queue | None:
        if account not in sqs_backends or region not in sqs_backends[account]:
            return None
        return sqs_backends[account][region].queues.get(name)

    def queues(self) -> Iterator[Queue]:
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


def session_principal(account: str, role_arn: str, role_id: str, session_name: str) -> Principal:
    head, _, name = role_arn.rpartition("/")
    partition = head.split(":")[1]
    arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}"
    return Principal(account, arn, "role_session", user_id=f"{role_id}:{session_name}", role_arn=role_arn)


def _seen(root: RootUser) -> dict[str, Any]:
    return {
        "password": root.password is not None,
        "access_keys": sorted(root.access_keys),
        "signing_certificates": sorted(root.signing_certificates),
        "mfa_devices": sorted(root.mfa_devices),
    }


@cache
def _aws_managed_policies() -> dict[str, Any]:
    return json.loads(aws_managed_policies_data)


def aws_managed_policy(arn: str) -> tuple[str, dict[str, Any]] | None:
    """Name and description of an AWS managed policy as moto ships it, or None.

    moto has those of the commercial partition; where they name its ARNs, other partitions' must differ (aws-facts 2.1).
    """
    head, found, tail = arn.partition(":iam::aws:policy/")
    path, _, name = f"/{tail}".rpartition("/")
    data = _aws_managed_policies().get(name)
    if not found or not head.startswith("arn:aws") or data is None or data["Path"] != f"{path}/":
        return None
    if head != "arn:aws":
        data = {**data, "Document": json.loads(json.dumps(data["Document"]).replace("arn:aws:", f"{head}:"))}
    return name, data


@cache
def aws_managed_document(arn: str) -> str | None:
    """The document of an AWS managed policy as JSON text."""
    found = aws_managed_policy(arn)
    return json.dumps(found[1]["Document"]) if found else None


def full_access_policy(kind: str) -> ControlPolicy:
    """The policy AWS attaches to every root, OU and account when a policy type is enabled."""
    identifier, name = FULL_ACCESS[kind]
    statement = _ALLOW_ALL if kind == SCP else {**_ALLOW_ALL, "Principal": "*"}
    return ControlPolicy(
        identifier,
        name,
        f"arn:aws:organizations::aws:policy/{kind.lower()}/{identifier}",
        "Allows access to every operation" if kind == SCP else "Allows access to every resource",
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        kind,
        aws_managed=True,
    )


def import_managed_policy(backend: IAMBackend, arn: str) -> None:
    """Make an AWS managed policy known to an account's IAM; moto would load all 1,500 into each account."""
    if arn in backend.managed_policies:
        return
    found = aws_managed_policy(arn)
    if found:
        policy = AWSManagedPolicy.from_data(found[0], backend.account_id, backend.region_name, found[1])
        backend.managed_policies[policy.arn] = policy
