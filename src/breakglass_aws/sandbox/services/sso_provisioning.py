# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles IAM Identity Center makes in accounts (aws-facts 5b, 2)."""

from __future__ import annotations

import json

from breakglass_aws.sandbox.model import identity_center
from breakglass_aws.sandbox.model.identity_center import SERVICE, IdentityCenter, PermissionSet
from breakglass_aws.sandbox.model.sessions import Caller
from breakglass_aws.sandbox.services.service_linked import Iam, delete_service_linked, service_linked
from breakglass_aws.sandbox.state import State

_ROLE = "AWSServiceRoleForSSO"


# IAM wants at least 1,000 characters of metadata; their content is not read here.
_METADATA = '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">'.ljust(1000) + "</EntityDescriptor>"


def _iam_for(state: State, account: str, caller: Caller) -> Iam:
    if account == state.organization.management_account:
        return Iam(state, caller, SERVICE)
    return Iam(state, service_linked(state, account, SERVICE, _ROLE, "AWSSSOServiceRolePolicy"), SERVICE)


def provision(state: State, made: IdentityCenter, account: str, one: PermissionSet, caller: Caller) -> None:
    """Make the role of a permission set in an account, or bring the one that is there up to date."""
    iam, backend = _iam_for(state, account, caller), state.iam(account)
    name = identity_center.role_name(account, one)
    provider = identity_center.provider_name(made, account)
    if provider not in backend.saml_providers:
        iam("CreateSAMLProvider", Name=provider, SAMLMetadataDocument=_METADATA)
    if not any(role.name == name for role in backend.roles.values()):
        iam(
            "CreateRole",
            RoleName=name,
            Path=identity_center.role_path(made),
            AssumeRolePolicyDocument=json.dumps(identity_center.trust(made, state.partition, account)),
            Description=one.description,
            MaxSessionDuration=max(one.seconds, 3600),
        )
    made.provisioned[account, one.arn] = name
    attached = set(backend.get_role(name).managed_policies)
    for arn in one.managed_policies.keys() - attached:
        iam("AttachRolePolicy", RoleName=name, PolicyArn=arn)
    for arn in attached - one.managed_policies.keys():
        iam("DetachRolePolicy", RoleName=name, PolicyArn=arn)


def forget_account(state: State, account: str) -> None:
    """An account has left the organization: Identity Center cleans up its roles and its service-linked role there.

    IAM Identity Center User Guide, "Using service-linked roles" (aws-facts 5c, 7). The SAML provider goes with them
    (UNVERIFIED).
    """
    made = state.identity_center
    if made is None:
        return
    for assignment in [one for one in made.assignments if one.account == account]:
        del made.assignments[assignment]
    iam = Iam(state, service_linked(state, account, SERVICE, _ROLE, "AWSSSOServiceRolePolicy"), SERVICE)
    for permission_set in [one for where, one in made.provisioned if where == account]:
        _remove_role(state, iam, made.provisioned.pop((account, permission_set)))
    provider = f"arn:{state.partition}:iam::{account}:saml-provider/{identity_center.provider_name(made, account)}"
    iam.try_("DeleteSAMLProvider", SAMLProviderArn=provider)
    delete_service_linked(state, account, SERVICE, _ROLE)


def withdraw(state: State, made: IdentityCenter, account: str, permission_set: str, caller: Caller) -> None:
    iam = _iam_for(state, account, caller)
    _remove_role(state, iam, made.provisioned.pop((account, permission_set), None))


def _remove_role(state: State, iam: Iam, name: str | None) -> None:
    role = next((role for role in state.iam(iam.caller.account).roles.values() if role.name == name), None)
    if role is not None:
        for arn in list(role.managed_policies):
            iam("DetachRolePolicy", RoleName=name, PolicyArn=arn)
        iam("DeleteRole", RoleName=name)
