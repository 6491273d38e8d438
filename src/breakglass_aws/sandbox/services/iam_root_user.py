# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root user's own credentials, as IAM shows and changes them (aws-facts 2.2 to 2.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.organization import Password, RootAccessKey, RootUser
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_KEYS_PER_USER = 2


Operation = Callable[[State, Request], dict[str, Any] | None]


def root_user(state: State, request: Request) -> RootUser:
    owner = state.account(request.account)
    if owner is None:
        raise RuntimeError("an account that does not exist cannot have called")
    return owner.root


def no_such_entity(text: str) -> AwsError:
    return AwsError("NoSuchEntity", text, 404)


def _get_user(state: State, request: Request) -> dict[str, Any]:
    """No UserName and no Path, although the model requires them (aws-facts 2.2, 3)."""
    root = root_user(state, request)
    user = {"UserId": request.account, "Arn": request.caller.principal.arn, "CreateDate": root.created}
    if root.password and root.password.last_used:
        user["PasswordLastUsed"] = root.password.last_used
    return {"User": user}


def _login_profile(password: Password) -> dict[str, Any]:
    return {"LoginProfile": {"CreateDate": password.created, "PasswordResetRequired": False}}


def _get_login_profile(state: State, request: Request) -> dict[str, Any]:
    password = root_user(state, request).password
    if password is None:
        raise no_such_entity("Login Profile for User null cannot be found.")
    return _login_profile(password)


def _create_login_profile(state: State, request: Request) -> dict[str, Any]:
    """Open password recovery: a login profile without a password anybody knows (aws-facts 2.4)."""
    root = root_user(state, request)
    if request.parameters.get("Password") is not None:
        raise AwsError("ValidationError", "Password must not be specified when creating a login profile for root")
    if root.password is not None:
        raise AwsError("EntityAlreadyExists", f"Login Profile for account {request.account} already exists.", 409)
    root.password = Password(now().replace(microsecond=0))
    return _login_profile(root.password)


def _delete_login_profile(state: State, request: Request) -> None:
    root = root_user(state, request)
    if root.password is None:
        raise no_such_entity("Login Profile for User null cannot be found.")
    root.password = None


def _list_access_keys(state: State, request: Request) -> dict[str, Any]:
    keys = root_user(state, request).access_keys.values()
    return {
        "AccessKeyMetadata": [{"AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created} for key in keys],
        "IsTruncated": False,
    }


def _create_access_key(state: State, request: Request) -> dict[str, Any]:
    """Only a root user who signed in may: no task policy allows it."""
    keys = root_user(state, request).access_keys
    if len(keys) >= _KEYS_PER_USER:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for AccessKeysPerUser: {_KEYS_PER_USER}", 409)
    key = RootAccessKey(names.unique_id("AKIA", request.account), names.secret_key(), now().replace(microsecond=0))
    keys[key.id] = key
    state.root_keys[key.id] = request.account
    return {
        "AccessKey": {
            "AccessKeyId": key.id,
            "Status": key.status,
            "SecretAccessKey": key.secret,
            "CreateDate": key.created,
        }
    }


def _delete_access_key(state: State, request: Request) -> None:
    key_id = request.parameters.get("AccessKeyId", "")
    if root_user(state, request).access_keys.pop(key_id, None) is None:
        raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    state.root_keys.pop(key_id, None)


def _update_access_key(state: State, request: Request) -> None:
    key_id = request.parameters.get("AccessKeyId", "")
    key = root_user(state, request).access_keys.get(key_id)
    if key is None:
        raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    key.status = request.parameters["Status"]


def _list_signing_certificates(state: State, request: Request) -> dict[str, Any]:
    certificates = root_user(state, request).signing_certificates.values()
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


def _delete_signing_certificate(state: State, request: Request) -> None:
    identifier = request.parameters.get("CertificateId", "")
    if root_user(state, request).signing_certificates.pop(identifier, None) is None:
        raise no_such_entity(f"The Certificate with id {identifier} cannot be found.")


def _list_mfa_devices(state: State, request: Request) -> dict[str, Any]:
    devices = root_user(state, request).mfa_devices.values()
    return {
        "MFADevices": [{"SerialNumber": device.serial, "EnableDate": device.enabled} for device in devices],
        "IsTruncated": False,
    }


def _deactivate_mfa_device(state: State, request: Request) -> None:
    serial = request.parameters.get("SerialNumber", "")
    if root_user(state, request).mfa_devices.pop(serial, None) is None:
        raise no_such_entity(f"MFA Device with serial number {serial} does not exist.")
    device = state.iam(request.account).virtual_mfa_devices.get(serial)
    if device is not None:
        # The entity stays behind, unassigned (aws-facts 2.3).
        device.enable_date = device.user_attribute = None


ROOT_USER_OPERATIONS: dict[str, Operation] = {
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
