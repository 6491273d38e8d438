"""IAM: the root user as principal, the organization's root features, and moto's IAM for everything else.

moto has no root user. Calls of a root session (or of a root access key) without UserName act on the root user of the
account (aws-facts 2.2 to 2.4); calls of an IAM user without UserName act on that user; sessions of roles have no user
to act on, and AWS says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.iam.models import IAMBackend, iam_backends
from moto.iam.responses import IamResponse

from sandbox import names
from sandbox.access import policy_principals
from sandbox.access.required_permissions import OWN_CREDENTIAL_CALLS
from sandbox.errors import AwsError, not_implemented
from sandbox.faults.propagation import IAM_SERVICE
from sandbox.organization_file.schema import FEATURES
from sandbox.services import credential_report, inputs
from sandbox.services.moto import Forwarded, forward
from sandbox.state import Password, RootAccessKey, RootUser, State, import_managed_policy, now
from sandbox.wire.protocol import Answer, Call

_KEYS_PER_USER = 2

Operation = Callable[[State, Call], dict[str, Any] | None]


def handle(state: State, call: Call) -> dict[str, Any] | Answer | None:
    operation = _OPERATIONS.get(call.operation)
    own = call.operation in OWN_CREDENTIAL_CALLS and "UserName" not in call.parameters
    if own and call.who.is_root:
        operation = _ROOT_USER.get(call.operation)
        if operation is None:
            raise not_implemented("iam", f"{call.operation} for the root user")
    elif own and call.who.principal.kind == "role_session":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    if operation is not None:
        return operation(state, call)
    inputs.require(call, "ValidationError")
    _import_policies(state, call)
    if call.operation.startswith("Attach") and ":policy/root-task/" in call.parameters.get("PolicyArn", ""):
        # They cannot be attached, although IsAttachable reads true; with which error is UNVERIFIED (aws-facts 2.1).
        raise AwsError("PolicyNotAttachable", f"Policy {call.parameters['PolicyArn']} cannot be attached.")
    going = policy_principals.about_to_go(state, call)
    answer = forward(call, _Iam.dispatch)
    if answer.error is None:
        _store_as_given(state, call)
    if going and answer.error is None:
        policy_principals.replace_deleted(state, *going)
    if call.operation == "CreateUser" and answer.error is None:
        answer = _with_a_users_id(state, call, answer)
        if call.parameters.get("PermissionsBoundary"):
            _boundary_of_user(state, call)
    return answer


def _with_a_users_id(state: State, call: Call, answer: Answer) -> Answer:
    """moto's user IDs lack AWS's prefix, by which a policy shows that it names somebody who is gone."""
    user = _user(state, call)
    given, user.id = user.id, names.unique_id("AIDA", call.account, length=21)
    return answer._replace(body=answer.body.replace(given.encode(), user.id.encode()))


class _Iam(Forwarded, IamResponse):
    """moto's IAM, where an IAM user's call without UserName is about that user."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, None)
        if value is None and param_name == "UserName":
            value = self.call.who.user_name
        trust = self.call.operation == "UpdateAssumeRolePolicy"  # moto knows root users there, as principals
        if param_name == "PolicyDocument" and isinstance(value, str) and not trust:
            value = _ROOT_RESOURCE.sub(r"\1user/root", value)
        return if_none if value is None else value


# The root user as a resource, which sts:AssumeRoot has (Service Authorization Reference): moto refuses it, so it is
# shown something else, and the policy is kept as it was given.
_ROOT_RESOURCE = re.compile(r"(arn:[\w*-]+:iam::[\d*]*:)root(?=\")")


def _store_as_given(state: State, call: Call) -> None:
    given, backend = call.parameters, state.iam(call.account)
    document = given.get("PolicyDocument")
    if not isinstance(document, str) or not _ROOT_RESOURCE.search(document):
        return
    if call.operation == "CreatePolicy":
        policies = [policy for policy in backend.managed_policies.values() if policy.name == given["PolicyName"]]
        policies[-1].versions[-1].document = document
    elif call.operation == "CreatePolicyVersion":
        backend.managed_policies[given["PolicyArn"]].versions[-1].document = document
    elif call.operation in _INLINE:
        find, name = _INLINE[call.operation]
        find(backend, given[name]).put_policy(given["PolicyName"], document)


_INLINE = {
    "PutGroupPolicy": (IAMBackend.get_group, "GroupName"),
    "PutRolePolicy": (IAMBackend.get_role, "RoleName"),
    "PutUserPolicy": (IAMBackend.get_user, "UserName"),
}


def _import_policies(state: State, call: Call) -> None:
    arn = call.parameters.get("PolicyArn")
    if arn:
        import_managed_policy(state.iam(call.account), arn)


def _root(state: State, call: Call) -> RootUser:
    owner = state.account(call.account)
    if owner is None:
        raise RuntimeError("an account that does not exist cannot have called")
    return owner.root


def _no_such_entity(text: str) -> AwsError:
    return AwsError("NoSuchEntity", text, 404)


# The root user


def _get_user(state: State, call: Call) -> dict[str, Any]:
    """No UserName and no Path, although the model requires them (aws-facts 2.2, 3)."""
    root = _root(state, call)
    user = {"UserId": call.account, "Arn": call.who.principal.arn, "CreateDate": root.created}
    if root.password and root.password.last_used:
        user["PasswordLastUsed"] = root.password.last_used
    return {"User": user}


def _login_profile(password: Password) -> dict[str, Any]:
    return {"LoginProfile": {"CreateDate": password.created, "PasswordResetRequired": False}}


def _get_login_profile(state: State, call: Call) -> dict[str, Any]:
    password = _root(state, call).password
    if password is None:
        raise _no_such_entity("Login Profile for User null cannot be found.")
    return _login_profile(password)


def _create_login_profile(state: State, call: Call) -> dict[str, Any]:
    """Open password recovery: a login profile without a password anybody knows (aws-facts 2.4)."""
    root = _root(state, call)
    if call.parameters.get("Password") is not None:
        raise AwsError("ValidationError", "Password must not be specified when creating a login profile for root")
    if root.password is not None:
        raise AwsError("EntityAlreadyExists", f"Login Profile for account {call.account} already exists.", 409)
    root.password = Password(now().replace(microsecond=0))
    return _login_profile(root.password)


def _delete_login_profile(state: State, call: Call) -> None:
    root = _root(state, call)
    if root.password is None:
        raise _no_such_entity("Login Profile for User null cannot be found.")
    root.password = None


def _list_access_keys(state: State, call: Call) -> dict[str, Any]:
    keys = _root(state, call).access_keys.values()
    return {
        "AccessKeyMetadata": [{"AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created} for key in keys],
        "IsTruncated": False,
    }


def _create_access_key(state: State, call: Call) -> dict[str, Any]:
    """Only a root user who signed in may: no task policy allows it."""
    keys = _root(state, call).access_keys
    if len(keys) >= _KEYS_PER_USER:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_KEYS_PER_USER}", 409)
    key = RootAccessKey(names.unique_id("AKIA", call.account), names.secret_key(), now().replace(microsecond=0))
    keys[key.id] = key
    state.root_keys[key.id] = call.account
    return {
        "AccessKey": {
            "AccessKeyId": key.id,
            "Status": key.status,
            "SecretAccessKey": key.secret,
            "CreateDate": key.created,
        }
    }


def _delete_access_key(state: State, call: Call) -> None:
    key_id = call.parameters.get("AccessKeyId", "")
    if _root(state, call).access_keys.pop(key_id, None) is None:
        raise _no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    state.root_keys.pop(key_id, None)


def _update_access_key(state: State, call: Call) -> None:
    key_id = call.parameters.get("AccessKeyId", "")
    key = _root(state, call).access_keys.get(key_id)
    if key is None:
        raise _no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    key.status = call.parameters["Status"]


def _get_access_key_last_used(state: State, call: Call) -> dict[str, Any]:
    """Of a root key or a user's; N/A where a key was never used (aws-facts 2.2, 5)."""
    key_id = call.parameters.get("AccessKeyId", "")
    root_key = _root(state, call).access_keys.get(key_id)
    user_key = state.iam(call.account).access_keys.get(key_id)
    if root_key is not None:
        used = root_key.last_used
        found = used and {"LastUsedDate": used.date, "ServiceName": used.service, "Region": used.region}
        return {"AccessKeyLastUsed": found or _NEVER_USED}
    if user_key is None or user_key.user_name is None:
        raise _no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    last = user_key.last_used
    found = last and {"LastUsedDate": last.timestamp, "ServiceName": last.service, "Region": last.region}
    return {"UserName": user_key.user_name, "AccessKeyLastUsed": found or _NEVER_USED}


_NEVER_USED = {"ServiceName": "N/A", "Region": "N/A"}


def _list_signing_certificates(state: State, call: Call) -> dict[str, Any]:
    certificates = _root(state, call).signing_certificates.values()
    return {
        "Certificates": [
            {
                "CertificateId": certificate.id,
                "CertificateBody": certificate.body,
                "Status": certificate.status,
                "UploadDate": certificate.created,
            }
            for certificate in certificates
        ],
        "IsTruncated": False,
    }


def _delete_signing_certificate(state: State, call: Call) -> None:
    identifier = call.parameters.get("CertificateId", "")
    if _root(state, call).signing_certificates.pop(identifier, None) is None:
        raise _no_such_entity(f"The Certificate with id {identifier} cannot be found.")


def _list_mfa_devices(state: State, call: Call) -> dict[str, Any]:
    devices = _root(state, call).mfa_devices.values()
    return {
        "MFADevices": [{"SerialNumber": device.serial, "EnableDate": device.enabled} for device in devices],
        "IsTruncated": False,
    }


def _deactivate_mfa_device(state: State, call: Call) -> None:
    serial = call.parameters.get("SerialNumber", "")
    if _root(state, call).mfa_devices.pop(serial, None) is None:
        raise _no_such_entity(f"MFA Device with serial number {serial} does not exist.")
    device = state.iam(call.account).virtual_mfa_devices.get(serial)
    if device is not None:
        # The entity stays behind, unassigned (aws-facts 2.3).
        device.enable_date = device.user_attribute = None


# Permissions boundaries of users, which moto has for roles only


def _boundary_of_user(state: State, call: Call) -> None:
    """PutUserPermissionsBoundary, and CreateUser's parameter."""
    user, arn = _user(state, call), call.parameters["PermissionsBoundary"]
    if state.managed_document(call.account, arn) is None:
        raise _no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    state.user_boundaries[user.id] = arn


def _delete_boundary_of_user(state: State, call: Call) -> None:
    if state.user_boundaries.pop(_user(state, call).id, None) is None:
        name = call.parameters.get("UserName")
        raise _no_such_entity(f"The permissions boundary for user {name} cannot be found.")


def _user(state: State, call: Call) -> Any:
    name = call.parameters.get("UserName") or call.who.user_name
    user = state.iam(call.account).users.get(name or "")
    if user is None:
        raise _no_such_entity(f"The user with name {name} cannot be found.")
    return user


def _get_iam_user(state: State, call: Call) -> dict[str, Any]:
    user = _user(state, call)
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


def _list_access_keys_of_user(state: State, call: Call) -> dict[str, Any]:
    """Without the way through moto, where two thirds of the time of this much used call went."""
    user = _user(state, call)
    keys = [
        {"UserName": user.name, "AccessKeyId": key.access_key_id, "Status": key.status, "CreateDate": key.create_date}
        for key in user.access_keys
    ]
    return {"AccessKeyMetadata": keys, "IsTruncated": False}


# For every caller


def _get_account_summary(state: State, call: Call) -> dict[str, Any]:
    """moto's counts, and the truth about the root user for anybody who may ask (aws-facts 2.2, 2)."""
    root = _root(state, call)
    summary = dict(state.iam(call.account).account_summary.summary_map)
    summary |= {
        "AccountAccessKeysPresent": int(bool(root.access_keys)),
        "AccountMFAEnabled": int(bool(root.mfa_devices)),
        "AccountPasswordPresent": int(root.password is not None),
        "AccountSigningCertificatesPresent": int(bool(root.signing_certificates)),
    }
    return {"SummaryMap": summary}


def _list_virtual_mfa_devices(state: State, call: Call) -> dict[str, Any]:
    """moto's devices, with the root user's among them and without the seeds AWS never lists."""
    status = call.parameters.get("AssignmentStatus", "Any")
    devices = [
        device
        for device in state.iam(call.account).virtual_mfa_devices.values()
        if status == "Any" or (status == "Assigned") == (device.enable_date is not None)
    ]
    return {
        "VirtualMFADevices": [
            {"SerialNumber": device.serial_number, "EnableDate": device.enable_date, "User": device.user_attribute}
            for device in devices
        ],
        "IsTruncated": False,
    }


def _delete_virtual_mfa_device(state: State, call: Call) -> None:
    serial = call.parameters.get("SerialNumber", "")
    if serial in _root(state, call).mfa_devices:
        raise AwsError("DeleteConflict", "Must deactivate MFA device before deletion", 409)
    if iam_backends[call.account][state.partition].virtual_mfa_devices.pop(serial, None) is None:
        raise _no_such_entity(f"VirtualMFADevice with serial number {serial} doesn't exist.")


# The organization's features (aws-facts 1.3, 1.5)


def _features(state: State) -> dict[str, Any]:
    organization = state.organization
    return {"OrganizationId": organization.id, "EnabledFeatures": list(organization.features)}


def _require_administrator(state: State, call: Call) -> None:
    """Trusted access first, then the caller's standing, with the live texts of aws-facts 1.3."""
    organization, account = state.organization, call.who.account
    if account not in organization.accounts:
        raise AwsError(
            "OrganizationNotFoundException",
            "The request was rejected because no organization is associated with your account.",
        )
    if IAM_SERVICE not in organization.trusted_access:
        raise AwsError(
            "ServiceAccessNotEnabledException",
            f"Trusted Access for IAM not enabled by organization of input account {account}.",
        )
    if account != organization.management_account and not organization.is_delegate(account, IAM_SERVICE):
        raise AwsError(
            "AccountNotManagementOrDelegatedAdministratorException",
            f"Input account {account} is neither management account nor delegated admin.",
        )


def _list_features(state: State, call: Call) -> dict[str, Any]:
    _require_administrator(state, call)
    return _features(state)


def _enable(feature: str) -> Operation:
    def enable(state: State, call: Call) -> dict[str, Any]:
        _require_administrator(state, call)
        if call.who.account != state.organization.management_account:
            raise AwsError(
                "CallerIsNotManagementAccountException",
                f"Caller account {call.who.account} is not management account of the organization "
                "and cannot enable IAM features.",
            )
        state.organization.features[feature] = None
        return _features(state)

    return enable


def _disable(feature: str) -> Operation:
    """The delegated administrator may do this (aws-facts 1.3)."""

    def disable(state: State, call: Call) -> dict[str, Any]:
        _require_administrator(state, call)
        state.organization.features.pop(feature, None)
        return _features(state)

    return disable


_OPERATIONS: dict[str, Operation] = {
    "DeleteUserPermissionsBoundary": _delete_boundary_of_user,
    "DeleteVirtualMFADevice": _delete_virtual_mfa_device,
    "GetAccessKeyLastUsed": _get_access_key_last_used,
    "GetAccountSummary": _get_account_summary,
    "ListOrganizationsFeatures": _list_features,
    "GetCredentialReport": credential_report.get,
    "GetUser": _get_iam_user,
    "ListAccessKeys": _list_access_keys_of_user,
    "ListVirtualMFADevices": _list_virtual_mfa_devices,
    "PutUserPermissionsBoundary": _boundary_of_user,
    **{f"EnableOrganizations{feature}": _enable(feature) for feature in FEATURES},
    **{f"DisableOrganizations{feature}": _disable(feature) for feature in FEATURES},
}
_ROOT_USER: dict[str, Operation] = {
    "CreateAccessKey": _create_access_key,
    "CreateLoginProfile": _create_login_profile,
    "DeactivateMFADevice": _deactivate_mfa_device,
    "DeleteAccessKey": _delete_access_key,
    "DeleteLoginProfile": _delete_login_profile,
    "DeleteSigningCertificate": _delete_signing_certificate,
    "GetLoginProfile": _get_login_profile,
    "GetUser": _get_user,
    "ListAccessKeys": _list_access_keys,
    "ListMFADevices": _list_mfa_devices,
    "ListSigningCertificates": _list_signing_certificates,
    "UpdateAccessKey": _update_access_key,
}
