# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the caller do that? Gathers the policies that apply to a request and asks the evaluator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from breakglass_aws.sandbox.access.required_permissions import Need
from breakglass_aws.sandbox.authorization import Decision, Policies, Reason, Source, evaluate
from breakglass_aws.sandbox.authorization import Request as AuthorizationRequest
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.managed_policies import aws_managed_document
from breakglass_aws.sandbox.model.sessions import Caller
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

# Of the services here, those that resource control policies apply to (Organizations User Guide, "List of AWS services
# that support RCPs").
_RCP_SERVICES = ("s3:", "sqs:", "sts:")


def authorize(state: State, request: Request, need: Need) -> None:
    """Let a request pass, or refuse it with AWS's text.

    Raises:
        AwsError: AccessDenied, in the service's form.
    """
    if need.action in state.description.unreadable:
        raise denied(request, need, Decision(False, Reason.IMPLICIT_DENY, Source.IDENTITY))
    # Organizations' resources all belong to the management account; who may call from elsewhere is the service's to
    # say (delegation), not a resource policy's.
    account = need.account if request.service != "organizations" else request.caller.account
    decision = decide(
        state, request, need.action, need.resource, account, context=need.context, resource_policy=need.policy
    )
    if not decision.allowed:
        raise denied(request, need, decision)


def decide(
    state: State,
    request: Request,
    action: str,
    resource: str,
    account: str | None,
    *,
    context: dict[str, Any] | None = None,
    resource_policy: str | bytes | None = None,
    resource_must_allow: bool = False,
) -> Decision:
    """The evaluator's decision for the caller of a call."""
    caller = request.caller
    question = AuthorizationRequest(
        caller.principal, action, resource, account, request_context(state, request, account) | (context or {})
    )
    policies = policies_of(state, caller, action, account, resource_policy)
    return evaluate(question, policies, resource_must_allow=resource_must_allow)


def denied(request: Request, need: Need, decision: Decision) -> AwsError:
    """AWS's access denied error, in the form of the service (IAM User Guide, "access denied error messages")."""
    principal = request.caller.principal
    if request.service == "s3":
        if principal.kind == "anonymous":
            return AwsError("AccessDenied", "Access Denied", 403)
        text = f'User: {principal.arn} is not authorized to perform: {need.action} on resource: "{need.resource}"'
        return AwsError("AccessDenied", f"{text} {decision.clause(need.action)}", 403)
    # SQS writes its actions in lower case.
    action = need.action.lower() if request.service == "sqs" else need.action
    text = f"User: {principal.arn} is not authorized to perform: {action} on resource: {need.resource}"
    text = f"{text} {decision.clause(action)}"
    if request.protocol == "json" and request.service != "sqs":
        return AwsError("AccessDeniedException", text, 400)
    if request.service == "ec2":
        return AwsError("UnauthorizedOperation", f"You are not authorized to perform this operation. {text}", 403)
    if request.service == "account":
        return AwsError("AccessDeniedException", text, 403, fields={"errorType": "AccessDeniedException"})
    return AwsError("AccessDenied", text, 403)


def request_context(state: State, request: Request, resource_account: str | None) -> dict[str, Any]:
    """The condition keys of a request (IAM User Guide, "Global condition context keys").

    The sandbox stands for AWS's HTTPS endpoints, so `aws:SecureTransport` is true although it is reached by HTTP.
    """
    caller, organization, moment = request.caller, state.organization, now()
    context: dict[str, Any] = {
        "aws:SecureTransport": "true",
        **request.network,
        "aws:RequestedRegion": request.region,
        "aws:CurrentTime": _instant(moment),
        "aws:EpochTime": str(int(moment.timestamp())),
        "aws:UserAgent": request.header("user-agent"),
        "aws:ViaAWSService": "false",
    }
    if caller.account in organization.accounts:
        context["aws:PrincipalOrgID"] = organization.id
        context["aws:PrincipalOrgPaths"] = [organization.path(caller.account)]
        context["aws:PrincipalOrgMasterAccountId"] = organization.management_account
    if resource_account in organization.accounts:
        context["aws:ResourceOrgID"] = organization.id
        context["aws:ResourceOrgPaths"] = [organization.path(str(resource_account))]
    if caller.issued is not None:
        context["aws:TokenIssueTime"] = _instant(caller.issued)
        context["aws:MultiFactorAuthPresent"] = str(caller.mfa).lower()
    context |= _principal_tags(state, caller)
    if caller.source_identity:
        context["aws:SourceIdentity"] = caller.source_identity
    if caller.task_policy:
        context["aws:AssumedRoot"] = "true"
    return context | _s3_keys(request, resource_account)


def _s3_keys(request: Request, resource_account: str | None) -> dict[str, str]:
    """What S3 adds to each request (service authorization reference, "Condition keys for Amazon S3")."""
    if request.service != "s3":
        return {}
    keys = {"s3:TlsVersion": "1.3"}
    if resource_account:
        keys["s3:ResourceAccount"] = resource_account
    if request.signature:
        keys["s3:authType"] = "REST-QUERY-STRING" if request.signature.presigned else "REST-HEADER"
        keys["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    return keys


def _principal_tags(state: State, caller: Caller) -> dict[str, str]:
    """`aws:PrincipalTag/NAME` of an IAM user's or role's tags. Session tags are not known here."""
    backend = state.iam(caller.account) if caller.principal.kind in ("user", "role_session") else None
    if backend is None:
        return {}
    role = backend.roles.get(caller.principal.unique_id)
    tags = role.tags if role else backend.tagger.list_tags_for_resource(caller.principal.arn)["Tags"]
    return {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in tags}


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def policies_of(
    state: State, caller: Caller, action: str, resource_account: str | None, resource_policy: str | bytes | None
) -> Policies:
    """The policies that apply to a call of that caller."""
    identity, boundary = _identity_policies(state, caller)
    return Policies(
        identity=identity,
        boundary=boundary,
        session=caller.session_policies or None,
        task=aws_managed_document(caller.task_policy) if caller.task_policy else None,
        resource=resource_policy,
        scps=None if _service_linked(caller) else state.organization.scps(caller.account),
        rcps=None if _service_linked(caller) else _rcps(state, action, resource_account),
    )


def _rcps(state: State, action: str, resource_account: str | None) -> list[list[str]] | None:
    """The RCPs over a resource of a service that supports them, for callers inside and outside of the organization."""
    return state.organization.rcps(resource_account or "") if action.startswith(_RCP_SERVICES) else None


def _service_linked(caller: Caller) -> bool:
    """Neither SCPs nor RCPs reach service-linked roles (Organizations User Guide, the pages about them)."""
    return ":role/aws-service-role/" in (caller.principal.role_arn or "")


def _identity_policies(state: State, caller: Caller) -> tuple[list[str], str | None]:
    """Documents attached to the user or role, and its permissions boundary."""
    principal = caller.principal
    if principal.kind not in ("user", "role_session"):
        return [], None
    # By its ID: who was deleted and made again under the old name is somebody else.
    backend = state.iam(caller.account)
    if principal.kind == "role_session":
        role = backend.roles.get(principal.unique_id)
        if role is None:
            return [], None
        return _granted(state, caller.account, [role]), _boundary(state, caller.account, role.permissions_boundary_arn)
    user = backend.users.get(caller.user_name or "")
    if user is None or user.id != principal.unique_id:
        return [], None
    groups = [group for group in backend.groups.values() if user in group.users]
    boundary = _boundary(state, caller.account, state.user_boundaries.get(user.id))
    return _granted(state, caller.account, [user, *groups]), boundary


def _granted(state: State, account: str, grantees: list[Any]) -> list[str]:
    """The inline and managed policies of users, groups or roles."""
    return [
        document
        for grantee in grantees
        for document in (
            *grantee.policies.values(),
            *(state.managed_document(account, arn) for arn in grantee.managed_policies),
        )
        if document is not None
    ]


def _boundary(state: State, account: str, arn: str | None) -> str | None:
    if arn is None:
        return None
    # A boundary that does not exist allows nothing.
    return state.managed_document(account, arn) or '{"Version": "2012-10-17", "Statement": []}'
