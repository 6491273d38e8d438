# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organization's features for root access (aws-facts 1.3, 1.5)."""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.organization import IAM_SERVICE
from breakglass_aws.sandbox.services.iam_root_user import Operation
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def _enabled_features(state: State) -> dict[str, Any]:
    organization = state.organization
    return {"OrganizationId": organization.id, "EnabledFeatures": list(organization.features)}


def _require_administrator(state: State, request: Request) -> None:
    """Trusted access first, then the caller's standing, with the live texts of aws-facts 1.3."""
    organization, account = state.organization, request.caller.account
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


def list_features(state: State, request: Request) -> dict[str, Any]:
    _require_administrator(state, request)
    return _enabled_features(state)


def enable(feature: str) -> Operation:
    def enable(state: State, request: Request) -> dict[str, Any]:
        _require_administrator(state, request)
        if request.caller.account != state.organization.management_account:
            raise AwsError(
                "CallerIsNotManagementAccountException",
                f"Caller account {request.caller.account} is not management account of the organization "
                "and cannot enable IAM features.",
            )
        state.organization.features[feature] = None
        return _enabled_features(state)

    return enable


def disable(feature: str) -> Operation:
    """The delegated administrator may do this (aws-facts 1.3)."""

    def disable(state: State, request: Request) -> dict[str, Any]:
        _require_administrator(state, request)
        state.organization.features.pop(feature, None)
        return _enabled_features(state)

    return disable
