# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: root sessions and role sessions (aws-facts 1.1, 1.2)."""

from __future__ import annotations

import json
import re
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.access import authorizer
from breakglass_aws.sandbox.authorization import Source
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.sessions import Caller, Session, session_principal
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response

_GLOBAL_HOSTS = ("sts.amazonaws.com", "sts.amazonaws.com.cn")
# Which feature permits which task (aws-facts 1.3, feature-to-task matrix).
TASKS = {
    "IAMAuditRootUserCredentials": "RootCredentialsManagement",
    "IAMCreateRootUserPassword": "RootCredentialsManagement",
    "IAMDeleteRootUserCredentials": "RootCredentialsManagement",
    "S3UnlockBucketPolicy": "RootSessions",
    "SQSUnlockQueuePolicy": "RootSessions",
}
_FEATURE_NAMES = {
    "RootCredentialsManagement": "Root credentials management feature",
    "RootSessions": "Root sessions feature",
}


def handle(state: State, request: Request) -> dict[str, Any] | Response:
    operation = _OPERATIONS.get(request.operation)
    if operation is None:
        raise not_implemented("sts", request.operation)
    return operation(state, request)


def get_caller_identity(_: State, request: Request) -> dict[str, Any]:
    principal = request.caller.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


def assume_root(state: State, request: Request) -> dict[str, Any]:
    """Open a root session in a member account, or refuse with the texts of aws-facts 1.2."""
    if request.host.partition(":")[0] in _GLOBAL_HOSTS:
        raise AwsError("InvalidAction", "Unknown Operation")
    task, duration = (
        request.parameters.get("TaskPolicyArn", {}).get("arn"),
        request.parameters.get("DurationSeconds", 900),
    )
    principal = request.parameters.get("TargetPrincipal")
    _check(
        ("taskPolicyArn", task, task is None, "not be null"),
        ("targetPrincipal", principal, principal is None, "not be null"),
        ("durationSeconds", duration, duration > 900, "have value less than or equal to 900"),
        ("durationSeconds", duration, duration < 0, "have value greater than or equal to 0"),
    )
    prefix = f"arn:{state.partition}:iam::aws:policy/root-task/"
    task_name = str(task).removeprefix(prefix)
    if task_name not in TASKS or not str(task).startswith(prefix):
        raise AwsError("ValidationError", "Request must contain valid AWS managed task policy ARN")
    found = re.fullmatch(rf"(?:arn:{state.partition}:iam::)?(\d{{12}})(?::root)?", str(principal))
    if found is None or str(principal) not in (found[1], f"arn:{state.partition}:iam::{found[1]}:root"):
        raise AwsError("ValidationError", "Request must contain a valid target principal")
    target = found[1]
    _admit_to_root(state, request, target, task, TASKS[task_name])
    session = state.open_session(
        lambda key: Caller(
            state.root_principal(target),
            key,
            source_identity=request.caller.source_identity,
            task_policy=task,
            issued=now(),
        ),
        target,
        duration,
    )
    return {"Credentials": _credentials(session), "SourceIdentity": request.caller.source_identity}


def _admit_to_root(state: State, request: Request, target: str, task: str, feature: str) -> None:
    """The gates in the order AWS showed: the caller's permission first, features last.

    The text of the first refusal covers several causes in AWS too (aws-facts 1.2, first row). That a suspended or
    unknown target answers with it as well is presumed (UNVERIFIED).
    """
    organization, caller = state.organization, request.caller
    resource = request.resource = f"arn:{state.partition}:iam::{target}:root"
    generic = AwsError(
        "AccessDenied",
        f"User: {caller.principal.arn} is not authorized to perform: sts:AssumeRoot on resource: {resource}",
        403,
    )
    decision = authorizer.decide(state, request, "sts:AssumeRoot", resource, None, context={"sts:TaskPolicyArn": task})
    member = organization.accounts.get(target)
    if caller.is_root or not decision.allowed or target == organization.management_account:
        raise generic
    seen = state.sts_view()
    administers = caller.account == organization.management_account or caller.account in seen.delegates
    if not administers or member is None or member.state not in ("ACTIVE", "PENDING_CLOSURE"):
        raise generic
    if not seen.trusted:
        raise AwsError("AccessDenied", "Service not enabled for AWS Organizations.", 403)
    if feature not in seen.features:
        name = _FEATURE_NAMES[feature]
        raise AwsError("AccessDenied", f"{name} is not enabled for your AWS Organization.", 403)


def assume_role(state: State, request: Request) -> dict[str, Any]:
    parameters, caller = request.parameters, request.caller
    arn, name = parameters.get("RoleArn"), parameters.get("RoleSessionName")
    duration, external_id = parameters.get("DurationSeconds", 3600), parameters.get("ExternalId")
    _check(
        ("roleArn", arn, arn is None, "not be null"),
        ("roleSessionName", name, name is None, "not be null"),
        (
            "roleSessionName",
            name,
            name is not None and not re.fullmatch(r"[\w+=,.@-]{2,64}", name),
            "satisfy regular expression pattern: [\\w+=,.@-]*",
        ),
        ("durationSeconds", duration, duration < 900, "have value greater than or equal to 900"),
        ("durationSeconds", duration, duration > 43200, "have value less than or equal to 43200"),
    )
    found = re.fullmatch(r"arn:[\w-]+:iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]+)", str(arn))
    if found is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    account, request.resource = found[1], str(arn)
    source_identity = parameters.get("SourceIdentity") or caller.source_identity
    context = {"sts:RoleSessionName": name}
    context |= {"sts:ExternalId": external_id} if external_id else {}
    context |= {"sts:SourceIdentity": source_identity} if source_identity else {}
    if caller.is_root:
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    role = _admitting_role(state, request, account, context)
    chained = caller.principal.kind == "role_session"
    if duration > (3600 if chained else int(role.max_session_duration or 3600)):
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    principal = session_principal(account, role.arn, role.id, str(name))
    session = state.open_session(
        lambda key: Caller(
            principal,
            key,
            source_identity=source_identity,
            session_policies=_session_policies(state, parameters, account),
            issued=now(),
        ),
        account,
        duration,
    )
    return {
        "Credentials": _credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        "SourceIdentity": source_identity,
    }


def _admitting_role(state: State, request: Request, account: str, context: dict[str, Any]) -> Any:
    """The role that is asked for, where the caller's policies and its trust policy let the caller in.

    A source identity, given now or carried over from the calling session, must be allowed by both sides as well (IAM
    User Guide, "Permissions required for setting a source identity").
    """
    arn, role = str(request.resource), _role(state, account, str(request.resource))
    for action in ["sts:AssumeRole", *(["sts:SetSourceIdentity"] if "sts:SourceIdentity" in context else [])]:
        decision = role is not None and authorizer.decide(
            state,
            request,
            action,
            arn,
            account,
            context=context,
            resource_policy=role.assume_role_policy_document,
            resource_must_allow=True,
        )
        if not decision or not decision.allowed:
            text = f"User: {request.caller.principal.arn} is not authorized to perform: {action} on resource: {arn}"
            if decision and decision.source is Source.SESSION:
                text = f"{text} {decision.clause(action)}"
            raise AwsError("AccessDenied", text, 403)
    return role


def _role(state: State, account: str, arn: str) -> Any:
    owner = state.account(account)
    if owner is None or owner.state in ("SUSPENDED", "CLOSED"):
        return None
    return next((role for role in state.iam(account).roles.values() if role.arn == arn), None)


def _session_policies(state: State, parameters: dict[str, Any], account: str) -> tuple[str, ...]:
    documents = [parameters["Policy"]] if parameters.get("Policy") else []
    for entry in parameters.get("PolicyArns", []):
        document = state.managed_document(account, entry.get("arn", ""))
        if document is None:
            raise AwsError("ValidationError", f"Policy {entry.get('arn')} does not exist or is not attachable.")
        documents.append(document)
    for document in documents:
        try:
            json.loads(document)
        except ValueError as error:
            raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from error
    return tuple(documents)


def get_session_token(state: State, request: Request) -> dict[str, Any]:
    caller = request.caller
    if caller.principal.kind != "user" or caller.issued is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    duration = request.parameters.get("DurationSeconds", 43200)
    _check(
        ("durationSeconds", duration, duration < 900, "have value greater than or equal to 900"),
        ("durationSeconds", duration, duration > 129600, "have value less than or equal to 129600"),
    )
    session = state.open_session(
        lambda key: Caller(caller.principal, key, user_name=caller.user_name, issued=now()), caller.account, duration
    )
    return {"Credentials": _credentials(session)}


def get_access_key_info(_: State, request: Request) -> dict[str, Any]:
    account = names.account_of(request.parameters.get("AccessKeyId", ""))
    if account is None:
        raise AwsError("ValidationError", "Access key ID is invalid")
    return {"Account": account}


def _credentials(session: Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_key,
        "SessionToken": session.token,
        "Expiration": session.expires.replace(microsecond=0) if session.expires else None,
    }


def _check(*rules: tuple[str, object, bool, str]) -> None:
    """Refuse what breaks the model's constraints, all at once as AWS does: (name, value, broken, constraint)."""
    broken = []
    for name, value, is_broken, constraint in rules:
        if is_broken:
            shown = "null" if value is None else f"'{value}'"
            broken.append(f"Value {shown} at '{name}' failed to satisfy constraint: Member must {constraint}")
    if broken:
        errors = "error" if len(broken) == 1 else "errors"
        raise AwsError("ValidationError", f"{len(broken)} validation {errors} detected: {'; '.join(broken)}")


_OPERATIONS = {
    "AssumeRole": assume_role,
    "AssumeRoot": assume_root,
    "GetAccessKeyInfo": get_access_key_info,
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
}
