# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
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

from breakglass_aws.sandbox.authorization.matching import Named
from breakglass_aws.sandbox.authorization.policy import Document, parse
from breakglass_aws.sandbox.authorization.request import Context, Request


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


@dataclass(frozen=True, slots=True)
class DecidingStatement:
    """A statement that decided: its kind of policy, its place in the document, its Sid, and the document's place.

    Both places are counted from 0; a document's among those given for its kind (of SCPs: for its level).
    """

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


# Principals to whom no identity policy, boundary or session policy can be attached.
_WITHOUT_ACCOUNT = ("anonymous", "service", "federated")


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
    """Decide a request. Raises PolicyError when one of the policies is none.

    `resource_must_allow` is for resources whose policy must allow even within one account: a role's trust policy (to
    assume it), a KMS key's policy.
    """
    found = _find_all(request, policies)
    return (
        _explicit_deny(found)
        or _organization_limit(found)
        or _owner_exemption(found)
        or _resource_grant(request, found)
        or _principal_limit(request, policies, found)
        or _resource_limit(request, found, resource_must_allow)
        or _principal_grant(request, found)
        or _implicit_deny(Source.IDENTITY)
    )


@dataclass(slots=True)
class _Applying:
    """The statements of one kind of policy that apply to the request."""

    denying: list[DecidingStatement] = field(default_factory=list)
    allowing: list[DecidingStatement] = field(default_factory=list)
    named: Named = Named.NOT  # how closely a resource policy that allows names the principal


@dataclass(frozen=True, slots=True)
class _Found:
    """The statements that apply, by kind of policy; of SCPs by level.

    `overruled` says that the resource policy's denials have been put aside, because its owner's root user asks.
    """

    scps: list[_Applying]
    rcp: _Applying
    resource: _Applying
    identity: _Applying
    boundary: _Applying
    session: _Applying
    task: _Applying
    overruled: bool


def _find_all(request: Request, policies: Policies) -> _Found:
    context, action = Context(request), request.action.lower()
    bounded = policies.boundary is not None

    def find(source: Source, documents: Iterable[Document | None]) -> _Applying:
        applying = _Applying()
        for number, document in enumerate(documents):
            for statement in () if document is None else parse(document).statements:
                if not statement.covers(action, request.resource, context):
                    continue
                named = Named.ITSELF
                if source in (Source.RESOURCE, Source.RCP):
                    named = statement.names(request.principal, bounded=bounded)
                if named is Named.NOT:
                    continue
                deciding = DecidingStatement(source, statement.index, statement.sid, number)
                if statement.allows:
                    applying.allowing.append(deciding)
                    applying.named = max(applying.named, named)
                else:
                    applying.denying.append(deciding)
        return applying

    resource = find(Source.RESOURCE, [policies.resource])
    owner = request.principal.kind == "root" and not request.cross_account and action in _OWNER_ACTIONS
    overruled = owner and bool(resource.denying)
    if overruled:
        resource.denying.clear()
    return _Found(
        scps=[find(Source.SCP, level) for level in policies.scps or ()],
        rcp=find(Source.RCP, [document for level in policies.rcps or () for document in level]),
        resource=resource,
        identity=find(Source.IDENTITY, policies.identity),
        boundary=find(Source.BOUNDARY, [policies.boundary]),
        session=find(Source.SESSION, policies.session or ()),
        task=find(Source.TASK, [policies.task]),
        overruled=overruled,
    )


def _explicit_deny(found: _Found) -> Decision | None:
    """An explicit deny in any policy overrides every allow."""
    kinds = (*found.scps, found.rcp, found.resource, found.identity, found.boundary, found.session, found.task)
    denial = next((kind.denying for kind in kinds if kind.denying), None)
    return Decision(False, Reason.EXPLICIT_DENY, denial[0].source, tuple(denial)) if denial else None


def _organization_limit(found: _Found) -> Decision | None:
    """An SCP must allow at every level, from the organization's root to the account.

    RCPs must too, but RCPFullAWSAccess is attached at each level and cannot be detached: only their denials matter.
    """
    return None if all(level.allowing for level in found.scps) else _implicit_deny(Source.SCP)


def _owner_exemption(found: _Found) -> Decision | None:
    """The owner account's root user may repair a resource policy that denies it."""
    return Decision(True, Reason.ALLOWED, Source.RESOURCE_OWNER) if found.overruled else None


def _resource_grant(request: Request, found: _Found) -> Decision | None:
    """Within one account, a resource policy that names the principal itself grants all by itself.

    That is so for a user, a role session and everyone (`*`), whatever boundary and session policies leave out. A
    grant to the role is limited by these, a grant to the account only lets the account's own policies decide. For a
    principal of no account (anonymous, a service, a federated identity) the resource policy is all there is.
    """
    if request.principal.kind in _WITHOUT_ACCOUNT:
        return _allowed(Source.RESOURCE, found.resource) or _implicit_deny(Source.RESOURCE)
    if request.cross_account or found.resource.named is not Named.ITSELF:
        return None
    return _allowed(Source.RESOURCE, found.resource)


def _principal_limit(request: Request, policies: Policies, found: _Found) -> Decision | None:
    """On the principal's side something must allow, and so must its boundary and its session policies."""
    if _principal_grant(request, found) is None:
        return _implicit_deny(Source.IDENTITY)
    if policies.boundary is not None and not found.boundary.allowing:
        return _implicit_deny(Source.BOUNDARY)
    if policies.session and not found.session.allowing:
        return _implicit_deny(Source.SESSION)
    return None


def _resource_limit(request: Request, found: _Found, resource_must_allow: bool) -> Decision | None:
    """Across accounts, and for some resources always, the resource's policy must allow as well."""
    needed = request.cross_account or resource_must_allow
    return _implicit_deny(Source.RESOURCE) if needed and not found.resource.allowing else None


def _principal_grant(request: Request, found: _Found) -> Decision | None:
    """What the principal may do at all: the root user everything, others what a policy allows them."""
    if request.principal.kind == "root":
        return Decision(True, Reason.ALLOWED, Source.ROOT_USER)
    granted = _allowed(Source.IDENTITY, found.identity)
    if granted is None and not request.cross_account and found.resource.named is Named.ROLE:
        return _allowed(Source.RESOURCE, found.resource)
    return granted


def _allowed(source: Source, applying: _Applying) -> Decision | None:
    return Decision(True, Reason.ALLOWED, source, tuple(applying.allowing)) if applying.allowing else None


def _implicit_deny(source: Source) -> Decision:
    return Decision(False, Reason.IMPLICIT_DENY, source)
