"""The flow from policies to a decision.

It follows the IAM User Guide, "Policy evaluation logic" and the pages below it, step by step:

1. an explicit deny in any policy that applies decides;
2. RCPs and SCPs must leave the action allowed at every level of the organization;
3. the account's root user may do everything in its own account;
4. a resource policy that names who asks, grants, within one account, whatever the other policies leave out;
5. else identity policies must allow, and so must a permissions boundary and session policies where there are any;
6. across accounts, both the principal's side (5) and the resource's (4) must allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sandbox.authorization.matching import Named
from sandbox.authorization.policy import Document, parse
from sandbox.authorization.request import Context, Request


class Source(StrEnum):
    """The kinds of policy, and what decides without one."""

    SCP = "service control policy"
    RCP = "resource control policy"
    RESOURCE = "resource policy"
    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TASK = "task policy"
    ROOT_USER = "root user"
    RESOURCE_OWNER = "root user of the resource owner"


class Reason(StrEnum):
    """Why a request is allowed or denied."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit_deny"
    IMPLICIT_DENY = "implicit_deny"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that apply to a request.

    `scps` are those over the principal's account, `rcps` those over the resource's: one list of documents for each
    level, from the organization's root to the account. None where they do not apply: to the management account, to
    service-linked roles, and, of SCPs, to principals that belong to no account of the organization.
    """

    identity: Sequence[Document] = ()
    boundary: Document | None = None
    session: Sequence[Document] | None = None
    task: Document | None = None
    resource: Document | None = None
    scps: Sequence[Sequence[Document]] | None = None
    rcps: Sequence[Sequence[Document]] | None = None


class DecidingStatement(NamedTuple):
    """A statement that decided: its kind of policy, its place in the document, its Sid, and which document it was."""

    source: Source
    index: int
    sid: str | None
    document: int


# AWS's words for the kinds of policy in an access denied message (IAM User Guide, "Troubleshoot access denied error
# messages"). How it calls a task policy is unverified: it is a policy that was set when the session was opened.
_SPOKEN = {
    Source.SCP: "service control policy",
    Source.RCP: "resource control policy",
    Source.RESOURCE: "resource-based policy",
    Source.IDENTITY: "identity-based policy",
    Source.BOUNDARY: "permissions boundary",
    Source.SESSION: "session policy",
    Source.TASK: "session policy",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a request, by which kind of policy and by which of its statements."""

    allowed: bool
    reason: Reason
    source: Source
    statements: tuple[DecidingStatement, ...] = ()

    def clause(self, action: str) -> str:
        """How AWS ends the message of a denial: `because no identity-based policy allows the s3:GetObject action`."""
        if self.allowed:
            return ""
        spoken = _SPOKEN[self.source]
        if self.reason is Reason.EXPLICIT_DENY:
            article = "an" if spoken[0] in "aeiou" else "a"
            return f"with an explicit deny in {article} {spoken}"
        return f"because no {spoken} allows the {action} action"


@dataclass(slots=True)
class _Findings:
    """The statements of one kind of policy that cover the request."""

    denying: list[DecidingStatement] = field(default_factory=list)
    allowing: list[DecidingStatement] = field(default_factory=list)
    named: Named = Named.NOT  # of a resource policy: the closest name in a statement that allows


# What the root user of the account that owns a bucket may call although the bucket's policy denies it (Amazon S3 API
# Reference, GetBucketPolicy, PutBucketPolicy, DeleteBucketPolicy), and the same for a queue (implied by AWS's root
# task SQSUnlockQueuePolicy; no statement as explicit as S3's is known).
_OWNER_ACTIONS = frozenset(
    {
        "s3:getbucketpolicy",
        "s3:putbucketpolicy",
        "s3:deletebucketpolicy",
        "sqs:getqueueattributes",
        "sqs:setqueueattributes",
        "sqs:listqueues",
        "sqs:getqueueurl",
    }
)


def evaluate(request: Request, policies: Policies, *, resource_must_allow: bool = False) -> Decision:
    """Decide a request.

    `resource_must_allow` is for resources whose policy must allow even within one account: a role's trust policy (to
    assume it), a KMS key's policy.
    """
    context = Context(request)
    principal = request.principal
    bounded = policies.boundary is not None

    def find(source: Source, documents: Iterable[Document]) -> _Findings:
        found = _Findings()
        about_principals = source in (Source.RESOURCE, Source.RCP)
        for number, document in enumerate(documents):
            for statement in parse(document).statements:
                if not statement.covers(request.action, request.resource, context):
                    continue
                named = statement.names(principal, bounded=bounded) if about_principals else Named.ITSELF
                if named is Named.NOT:
                    continue
                deciding = DecidingStatement(source, statement.index, statement.sid, number)
                if statement.allows:
                    found.allowing.append(deciding)
                    found.named = max(found.named, named)
                else:
                    found.denying.append(deciding)
        return found

    def one(document: Document | None) -> Sequence[Document]:
        return () if document is None else (document,)

    scps = [find(Source.SCP, level) for level in policies.scps or ()]
    # RCPFullAWSAccess is attached at every level and cannot be detached: of RCPs only the denials matter.
    rcp = find(Source.RCP, [document for level in policies.rcps or () for document in level])
    resource = find(Source.RESOURCE, one(policies.resource))
    identity = find(Source.IDENTITY, policies.identity)
    boundary = find(Source.BOUNDARY, one(policies.boundary))
    session = find(Source.SESSION, policies.session or ())
    task = find(Source.TASK, one(policies.task))

    is_root = principal.kind == "root"
    owns_resource = is_root and not request.cross_account
    spared = owns_resource and request.action.lower() in _OWNER_ACTIONS and bool(resource.denying)
    if spared:
        resource.denying.clear()

    for found in (*scps, rcp, resource, identity, boundary, session, task):
        if found.denying:
            return Decision(False, Reason.EXPLICIT_DENY, found.denying[0].source, tuple(found.denying))
    if not all(level.allowing for level in scps):
        return Decision(False, Reason.IMPLICIT_DENY, Source.SCP)
    if spared:
        return Decision(True, Reason.ALLOWED, Source.RESOURCE_OWNER)

    by_resource = Decision(True, Reason.ALLOWED, Source.RESOURCE, tuple(resource.allowing))
    not_by_resource = Decision(False, Reason.IMPLICIT_DENY, Source.RESOURCE)
    if principal.kind in ("anonymous", "service", "federated"):
        return by_resource if resource.allowing else not_by_resource
    if not request.cross_account and resource.named is Named.ITSELF:
        return by_resource

    # The principal's side.
    if is_root:
        granted = Decision(True, Reason.ALLOWED, Source.ROOT_USER)
    elif identity.allowing:
        granted = Decision(True, Reason.ALLOWED, Source.IDENTITY, tuple(identity.allowing))
    elif not request.cross_account and resource.named is Named.ROLE:
        granted = by_resource
    else:
        return Decision(False, Reason.IMPLICIT_DENY, Source.IDENTITY)
    if policies.boundary is not None and not boundary.allowing:
        return Decision(False, Reason.IMPLICIT_DENY, Source.BOUNDARY)
    if policies.session and not session.allowing:
        return Decision(False, Reason.IMPLICIT_DENY, Source.SESSION)

    # The resource's side.
    if (request.cross_account or resource_must_allow) and not resource.allowing:
        return not_by_resource
    return granted
