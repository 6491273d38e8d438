# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the root user as principal, the organization's root features, and moto's IAM for everything else.

moto has no root user. Calls of a root session (or of a root access key) without UserName act on the root user of the
account (aws-facts 2.2 to 2.4); calls of an IAM user without UserName act on that user; sessions of roles have no user
to act on, and AWS says so.
"""

from __future__ import annotations

import re
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.iam.responses import IamResponse

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.access import policy_principals
from breakglass_aws.sandbox.access.required_permissions import OWN_CREDENTIAL_CALLS
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.managed_policies import import_managed_policy
from breakglass_aws.sandbox.model.organization import FEATURES
from breakglass_aws.sandbox.services import credential_report, inputs
from breakglass_aws.sandbox.services.iam_features import disable, enable, list_features
from breakglass_aws.sandbox.services.iam_root_user import ROOT_USER_OPERATIONS, Operation, no_such_entity, root_user
from breakglass_aws.sandbox.services.moto import Forwarded, forward
from breakglass_aws.sandbox.services.policy_simulator import simulate_custom_policy
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response


def handle(state: State, request: Request) -> dict[str, Any] | Response | None:
    operation = _OPERATIONS.get(request.operation)
    own = request.operation in OWN_CREDENTIAL_CALLS and "UserName" not in request.parameters
    if own and request.caller.is_root:
        operation = ROOT_USER_OPERATIONS.get(request.operation)
        if operation is None:
            raise not_implemented("iam", f"{request.operation} for the root user")
    elif own and request.caller.principal.kind == "role_session":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    if operation is not None:
        return operation(state, request)
    inputs.require(request, "ValidationError")
    _import_policies(state, request)
    if request.operation.startswith("Attach") and ":policy/root-task/" in request.parameters.get("PolicyArn", ""):
        # They cannot be attached, although IsAttachable reads true; with which error is UNVERIFIED (aws-facts 2.1).
        raise AwsError("PolicyNotAttachable", f"Policy {request.parameters['PolicyArn']} cannot be attached.")
    if request.operation == "GetAccountAuthorizationDetails":
        for policy in state.iam(request.account).managed_policies.values():
            vars(policy).update(policy_name=policy.name, policy_id=policy.id)  # what moto's serializer looks for
    going = policy_principals.about_to_go(state, request)
    response = forward(request, _Iam.dispatch)
    if response.error is None:
        _store_as_given(state, request)
    if going and response.error is None:
        policy_principals.replace_deleted(state, *going)
    if request.operation == "CreateGroup" and response.error is None:
        response = _with_a_groups_id(state, request, response)
    if request.operation == "CreateUser" and response.error is None:
        response = _with_a_users_id(state, request, response)
        if request.parameters.get("PermissionsBoundary"):
            _boundary_of_user(state, request)
    return response


def _with_a_users_id(state: State, request: Request, response: Response) -> Response:
    """moto's user IDs lack AWS's prefix, by which a policy shows that it names a deleted user."""
    user = _user(state, request)
    given, user.id = user.id, names.unique_id("AIDA", request.account, length=21)
    return response._replace(body=response.body.replace(given.encode(), user.id.encode()))


def _with_a_groups_id(state: State, request: Request, response: Response) -> Response:
    group = state.iam(request.account).groups[request.parameters["GroupName"]]
    given, group.id = group.id, names.unique_id("AGPA", request.account, length=21)
    return response._replace(body=response.body.replace(given.encode(), group.id.encode()))


class _Iam(Forwarded, IamResponse):
    """moto's IAM, where an IAM user's call without UserName is about that user."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, None)
        if value is None and param_name == "UserName":
            value = self.sandbox_request.caller.user_name
        trust = self.sandbox_request.operation == "UpdateAssumeRolePolicy"  # moto knows root users there, as principals
        if param_name == "PolicyDocument" and isinstance(value, str) and not trust:
            value = _ROOT_RESOURCE.sub(r"\1user/root", value)
        return if_none if value is None else value


# The root user as a resource, which sts:AssumeRoot has (Service Authorization Reference): moto refuses it, so it is
# shown something else, and the policy is kept as it was given.
_ROOT_RESOURCE = re.compile(r"(arn:[\w*-]+:iam::[\d*]*:)root(?=\")")


def _store_as_given(state: State, request: Request) -> None:
    given, backend = request.parameters, state.iam(request.account)
    document = given.get("PolicyDocument")
    if not isinstance(document, str) or not _ROOT_RESOURCE.search(document):
        return
    if request.operation == "CreatePolicy":
        policies = [policy for policy in backend.managed_policies.values() if policy.name == given["PolicyName"]]
        policies[-1].versions[-1].document = document
    elif request.operation == "CreatePolicyVersion":
        backend.managed_policies[given["PolicyArn"]].versions[-1].document = document
    elif request.operation in _INLINE:
        find, name = _INLINE[request.operation]
        entity: Any = find(backend, given[name])
        entity.put_policy(given["PolicyName"], document)


_INLINE = {
    "PutGroupPolicy": (IAMBackend.get_group, "GroupName"),
    "PutRolePolicy": (IAMBackend.get_role, "RoleName"),
    "PutUserPolicy": (IAMBackend.get_user, "UserName"),
}


def _import_policies(state: State, request: Request) -> None:
    arn = request.parameters.get("PolicyArn")
    if arn:
        import_managed_policy(state.iam(request.account), arn)


# The root user


def _get_access_key_last_used(state: State, request: Request) -> dict[str, Any]:
    """Of a root key or a user's; N/A where a key was never used (aws-facts 2.2, 5)."""
    key_id = request.parameters.get("AccessKeyId", "")
    root_key = root_user(state, request).access_keys.get(key_id)
    user_key = state.iam(request.account).access_keys.get(key_id)
    found: Any
    if root_key is not None:
        used = root_key.last_used
        found = used and {"LastUsedDate": used.date, "ServiceName": used.service, "Region": used.region}
        return {"AccessKeyLastUsed": found or _NEVER_USED}
    if user_key is None or user_key.user_name is None:
        raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    last: Any = user_key.last_used
    found = last and {"LastUsedDate": last.timestamp, "ServiceName": last.service, "Region": last.region}
    return {"UserName": user_key.user_name, "AccessKeyLastUsed": found or _NEVER_USED}


_NEVER_USED = {"ServiceName": "N/A", "Region": "N/A"}


# Permissions boundaries of users, which moto has for roles only


def _boundary_of_user(state: State, request: Request) -> None:
    """PutUserPermissionsBoundary, and CreateUser's parameter."""
    user, arn = _user(state, request), request.parameters["PermissionsBoundary"]
    if state.managed_document(request.account, arn) is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    state.user_boundaries[user.id] = arn


def _delete_boundary_of_user(state: State, request: Request) -> None:
    if state.user_boundaries.pop(_user(state, request).id, None) is None:
        name = request.parameters.get("UserName")
        raise no_such_entity(f"The permissions boundary for user {name} cannot be found.")


def _user(state: State, request: Request) -> Any:
    name = request.parameters.get("UserName") or request.caller.user_name
    user = state.iam(request.account).users.get(name or "")
    if user is None:
        raise no_such_entity(f"The user with name {name} cannot be found.")
    return user


def _get_iam_user(state: State, request: Request) -> dict[str, Any]:
    user = _user(state, request)
    boundary = state.user_boundaries.get(user.id)
    return {
        "User": {
            "Path": user.path,
            "UserName": user.name,
            "UserId": user.id,
            "Arn": user.arn,
            "CreateDate": user.create_date,
            "PasswordLastUsed": user.password_last_used,
            "Tags": user.tags,
            "PermissionsBoundary": boundary
            and {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary},
        }
    }


def _list_access_keys_of_user(state: State, request: Request) -> dict[str, Any]:
    """Without the way through moto, where two thirds of the time of this much used call went."""
    user = _user(state, request)
    keys = [
        {"UserName": user.name, "AccessKeyId": key.access_key_id, "Status": key.status, "CreateDate": key.create_date}
        for key in user.access_keys
    ]
    return {"AccessKeyMetadata": keys, "IsTruncated": False}


# For every caller


def _get_account_summary(state: State, request: Request) -> dict[str, Any]:
    """moto's counts, and the truth about the root user for anybody who may ask (aws-facts 2.2, 2)."""
    root = root_user(state, request)
    summary = dict(state.iam(request.account).account_summary.summary_map)
    summary |= {
        "AccountAccessKeysPresent": int(bool(root.access_keys)),
        "AccountMFAEnabled": int(bool(root.mfa_devices)),
        "AccountPasswordPresent": int(root.password is not None),
        "AccountSigningCertificatesPresent": int(bool(root.signing_certificates)),
    }
    return {"SummaryMap": summary}


def _list_virtual_mfa_devices(state: State, request: Request) -> dict[str, Any]:
    """moto's devices, with the root user's among them and without the seeds AWS never lists."""
    status = request.parameters.get("AssignmentStatus", "Any")
    devices = [
        device
        for device in state.iam(request.account).virtual_mfa_devices.values()
        if status == "Any" or (status == "Assigned") == (device.enable_date is not None)
    ]
    return {
        "VirtualMFADevices": [
            {"SerialNumber": device.serial_number, "EnableDate": device.enable_date, "User": device.user_attribute}
            for device in devices
        ],
        "IsTruncated": False,
    }


def _delete_virtual_mfa_device(state: State, request: Request) -> None:
    serial = request.parameters.get("SerialNumber", "")
    if serial in root_user(state, request).mfa_devices:
        raise AwsError("DeleteConflict", "Must deactivate MFA device before deletion", 409)
    if iam_backends[request.account][state.partition].virtual_mfa_devices.pop(serial, None) is None:
        raise no_such_entity(f"VirtualMFADevice with serial number {serial} doesn't exist.")


_OPERATIONS: dict[str, Operation] = {
    "DeleteUserPermissionsBoundary": _delete_boundary_of_user,
    "DeleteVirtualMFADevice": _delete_virtual_mfa_device,
    "GetAccessKeyLastUsed": _get_access_key_last_used,
    "GetAccountSummary": _get_account_summary,
    "ListOrganizationsFeatures": list_features,
    "GetCredentialReport": credential_report.get,
    "GetUser": _get_iam_user,
    "ListAccessKeys": _list_access_keys_of_user,
    "ListVirtualMFADevices": _list_virtual_mfa_devices,
    "PutUserPermissionsBoundary": _boundary_of_user,
    "SimulateCustomPolicy": simulate_custom_policy,
    **{f"EnableOrganizations{feature}": enable(feature) for feature in FEATURES},
    **{f"DisableOrganizations{feature}": disable(feature) for feature in FEATURES},
}
