# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity store of IAM Identity Center: who its people are."""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.identity_center import IdentityCenter, User
from breakglass_aws.sandbox.services import inputs, sso_admin
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def handle(state: State, request: Request) -> dict[str, Any]:
    operation = {"DescribeUser": _describe_user, "ListUsers": _list_users}.get(request.operation)
    if operation is None:
        raise not_implemented("identitystore", request.operation)
    inputs.require(request, "ValidationException")
    made = state.identity_center
    named = made is not None and request.parameters["IdentityStoreId"] == made.identity_store
    return operation(request.parameters, sso_admin.center(state, request, named))


def _shown(made: IdentityCenter, user: User) -> dict[str, Any]:
    return {
        "IdentityStoreId": made.identity_store,
        "UserId": user.id,
        "UserName": user.name,
        "DisplayName": user.display_name,
        "Emails": [{"Value": user.email, "Type": "work", "Primary": True}],
    }


def _list_users(parameters: dict[str, Any], made: IdentityCenter) -> dict[str, Any]:
    """All users, or by the only filter the API knows [B]: the user name."""
    wanted = {one.get("AttributePath"): one.get("AttributeValue") for one in parameters.get("Filters", [])}
    users = [_shown(made, user) for user in made.users.values() if wanted.get("UserName") in (None, user.name)]
    return inputs.page(parameters, "Users", users, "ValidationException")


def _describe_user(parameters: dict[str, Any], made: IdentityCenter) -> dict[str, Any]:
    user = made.users.get(parameters["UserId"])
    if user is None:
        raise AwsError("ResourceNotFoundException", "USER not found.", fields={"ResourceType": "USER"})
    return _shown(made, user)
