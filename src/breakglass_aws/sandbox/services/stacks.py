# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks: making, changing and deleting the roles of a template in an account, as CloudFormation's handler does."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.stack_sets import Resource, Stack
from breakglass_aws.sandbox.model.templates import ROLE, Template, resolve
from breakglass_aws.sandbox.services.service_linked import Iam

# The properties of a role, by the type they must have.
_PROPERTIES: dict[str, type | tuple[type, ...]] = {
    "AssumeRolePolicyDocument": (dict, str),
    "Description": str,
    "ManagedPolicyArns": list,
    "MaxSessionDuration": (int, str),
    "Path": str,
    "PermissionsBoundary": str,
    "Policies": list,
    "RoleName": str,
    "Tags": list,
}
# What the handler makes of IAM's error codes.
_HANDLER_CODES = {
    "AccessDenied": "AccessDenied",
    "EntityAlreadyExists": "AlreadyExists",
    "LimitExceeded": "ServiceLimitExceeded",
    "NoSuchEntity": "NotFound",
}
# A change of one of these makes another role.
_REPLACING = ("Path", "RoleName")
_MAX_NAME = 64


class StackFailed(Exception):
    """A stack could not be brought to what its template says; the text is CloudFormation's StatusReason."""


def bring(iam: Iam, region: str, stack: Stack, template: Template, parameters: dict[str, Any]) -> None:
    """Make a stack what its template says; when that fails, put it back to what it was.

    A resource whose properties have not changed is left alone, even where it was deleted meanwhile: CloudFormation
    compares templates, not the account.

    Raises:
        StackFailed: The stack is as it was before.
    """
    made: dict[str, Resource] = {}
    undo: list[Callable[[], None]] = []
    for logical, declared in template.resources.items():
        properties = _properties(iam, region, stack, template, parameters, {**stack.resources, **made}, logical)
        old = stack.resources.get(logical)
        name = properties.get("RoleName") or (old.name if old else _generated_name(stack, logical))
        fresh = Resource(name, properties, declared.retained)
        try:
            _check(logical, properties)
            undo.append(_replace(iam, logical, old, fresh))
        except StackFailed:
            for step in reversed(undo):
                _quietly(step)
            raise
        made[logical] = fresh
    left = stack.resources
    stack.resources = made
    for logical, old in left.items():
        if not old.retained and (logical not in made or made[logical].name != old.name):
            _quietly(partial(_delete, iam, old))


def _replace(iam: Iam, logical: str, old: Resource | None, new: Resource) -> Callable[[], None]:
    """Make or change a resource; gives the step that undoes it."""
    try:
        if old is None or any(old.properties.get(key) != new.properties.get(key) for key in _REPLACING):
            _create(iam, new)
            return partial(_delete, iam, new)
        if old.properties != new.properties:
            _change(iam, old, new)
            return partial(_change, iam, new, old)
    except AwsError as error:
        raise StackFailed(_reason(logical, new.name, error)) from error
    return lambda: None


def remove(iam: Iam, stack: Stack) -> None:
    """Delete a stack and what it made, except what its template retains.

    Raises:
        StackFailed: Something could not be deleted.
    """
    for logical, resource in reversed(list(stack.resources.items())):
        if not resource.retained:
            try:
                _delete(iam, resource)
            except AwsError as error:
                raise StackFailed(_reason(logical, resource.name, error)) from error
        del stack.resources[logical]


def _quietly(step: Callable[[], None]) -> None:
    """Cleaning up goes as far as it is let."""
    with suppress(AwsError):
        step()


def _properties(
    iam: Iam,
    region: str,
    stack: Stack,
    template: Template,
    parameters: dict[str, Any],
    resources: dict[str, Resource],
    logical: str,
) -> dict[str, Any]:
    account, partition = iam.caller.account, iam.state.partition
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": stack.id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
    }

    def ref(name: str) -> Any:
        if name in resources:
            return resources[name].name
        return pseudo[name] if name in pseudo else parameters.get(name)

    def attribute(name: str, wanted: str) -> Any:
        made = resources[name]
        if wanted == "Arn":
            return f"arn:{partition}:iam::{account}:role{made.properties.get('Path') or '/'}{made.name}"
        roles = iam.state.iam(account).roles.values()
        return next((role.id for role in roles if role.name == made.name), None)

    return resolve(template.resources[logical].properties, ref, attribute)


def _check(logical: str, properties: dict[str, Any]) -> None:
    """Refuse properties the resource type does not have, or of another type, before anything is called.

    Raises:
        StackFailed: With CloudFormation's text.
    """
    problems = [f"#: extraneous key [{key}] is not permitted" for key in properties if key not in _PROPERTIES]
    if "AssumeRolePolicyDocument" not in properties:
        problems.append("#: required key [AssumeRolePolicyDocument] not found")
    for key, value in properties.items():
        if not isinstance(value, _PROPERTIES.get(key, object)):
            problems.append(f"#/{key}: type: {type(value).__name__} is not permitted")
    for key, required in (("Policies", {"PolicyName", "PolicyDocument"}), ("Tags", {"Key", "Value"})):
        entries = properties.get(key)
        if isinstance(entries, list) and not all(isinstance(one, dict) and one.keys() == required for one in entries):
            problems.append(f"#/{key}: each must have the keys {', '.join(sorted(required))}")
    if not str(properties.get("MaxSessionDuration", 0)).isdigit():
        problems.append("#/MaxSessionDuration: an integer is expected")
    if problems:
        text = "; ".join(problems)
        raise StackFailed(
            f"ResourceLogicalId:{logical}, ResourceType:{ROLE}, ResourceStatusReason:Properties validation failed for "
            f"resource {logical} with message: {text}."
        )


def _generated_name(stack: Stack, logical: str) -> str:
    return f"{stack.name}-{logical}"[: _MAX_NAME - 13] + f"-{names.hexadecimal(12, stack.id, logical).upper()}"


def _reason(logical: str, name: str, error: AwsError) -> str:
    code = _HANDLER_CODES.get(error.code, "GeneralServiceException")
    if code == "AlreadyExists":
        text = f"Resource of type '{ROLE}' with identifier '{name}' already exists."
    else:
        text = f"{error.message} (Service: Iam, Status Code: {error.status}, Request ID: {names.uuid()})"
    return (
        f"ResourceLogicalId:{logical}, ResourceType:{ROLE}, ResourceStatusReason:Resource handler returned message: "
        f'"{text}" (RequestToken: {names.uuid()}, HandlerErrorCode: {code}).'
    )


# Roles


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _inline(properties: dict[str, Any]) -> dict[str, str]:
    return {one["PolicyName"]: _document(one["PolicyDocument"]) for one in properties.get("Policies") or []}


def _managed(properties: dict[str, Any]) -> list[str]:
    return list(properties.get("ManagedPolicyArns") or [])


def _create(iam: Iam, role: Resource) -> None:
    """Make a role; nothing of it stays when that fails half way."""
    properties = role.properties
    iam(
        "CreateRole",
        RoleName=role.name,
        AssumeRolePolicyDocument=_document(properties.get("AssumeRolePolicyDocument") or {}),
        Path=properties.get("Path"),
        Description=properties.get("Description"),
        MaxSessionDuration=_number(properties.get("MaxSessionDuration")),
        PermissionsBoundary=properties.get("PermissionsBoundary"),
        Tags=properties.get("Tags"),
    )
    try:
        _grant(iam, role.name, {}, properties)
    except AwsError:
        _quietly(lambda: _delete(iam, role))
        raise


def _change(iam: Iam, old: Resource, new: Resource) -> None:
    before, after = old.properties, new.properties
    if before.get("AssumeRolePolicyDocument") != after.get("AssumeRolePolicyDocument"):
        document = _document(after.get("AssumeRolePolicyDocument") or {})
        iam("UpdateAssumeRolePolicy", RoleName=new.name, PolicyDocument=document)
    settings = ("Description", "MaxSessionDuration")
    if any(before.get(key) != after.get(key) for key in settings):
        iam(
            "UpdateRole",
            RoleName=new.name,
            Description=after.get("Description") or "",
            MaxSessionDuration=_number(after.get("MaxSessionDuration")) or 3600,
        )
    _grant(iam, new.name, before, after)


def _grant(iam: Iam, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    for arn in _managed(after):
        if arn not in _managed(before):
            iam("AttachRolePolicy", RoleName=name, PolicyArn=arn)
    for policy, document in _inline(after).items():
        if _inline(before).get(policy) != document:
            iam("PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=document)
    for arn in _managed(before):
        if arn not in _managed(after):
            iam.try_("DetachRolePolicy", RoleName=name, PolicyArn=arn)
    for policy in _inline(before):
        if policy not in _inline(after):
            iam.try_("DeleteRolePolicy", RoleName=name, PolicyName=policy)


def _delete(iam: Iam, role: Resource) -> None:
    """Delete a role; one that is gone already is deleted. Policies added by others stand in the way, as in AWS."""
    for arn in _managed(role.properties):
        iam.try_("DetachRolePolicy", RoleName=role.name, PolicyArn=arn)
    for policy in _inline(role.properties):
        iam.try_("DeleteRolePolicy", RoleName=role.name, PolicyName=policy)
    iam.try_("DeleteRole", RoleName=role.name)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
