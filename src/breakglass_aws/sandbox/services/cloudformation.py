# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFormation: StackSets with service-managed permissions (aws-facts 5b, 1).

They belong to the management account, which operates them itself (CallAs SELF) or through a delegated administrator
(CallAs DELEGATED_ADMIN). In each member account StackSets' service-linked role makes a role `stacksets-exec-*`, and as
that role it makes what the template says, bound by the account's SCPs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.stack_sets import SERVICE
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.services.service_linked import service_linked
from breakglass_aws.sandbox.services.stack_set_instances import (
    create_instances,
    delete_instances,
    describe_instance,
    list_instances,
    update_stack_set,
)
from breakglass_aws.sandbox.services.stack_set_operations import describe_operation, list_operations, list_results
from breakglass_aws.sandbox.services.stack_sets import (
    ADMIN_ROLE,
    ADMIN_SERVICE,
    check_caller,
    create_stack_set,
    delete_stack_set,
    describe_stack_set,
    list_stack_sets,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def handle(state: State, request: Request) -> dict[str, Any] | None:
    operation = _OPERATIONS.get(request.operation)
    if operation is None:
        raise not_implemented("cloudformation", request.operation)
    inputs.require(request, "ValidationError")
    return operation(state, request)


# Trusted access


def _activate(state: State, request: Request) -> None:
    _require_management(state, request)
    state.organization.trusted_access.setdefault(SERVICE, now())
    service_linked(
        state,
        state.organization.management_account,
        ADMIN_SERVICE,
        ADMIN_ROLE,
        "CloudFormationStackSetsOrgAdminServiceRolePolicy",
    )


def _deactivate(state: State, request: Request) -> None:
    _require_management(state, request)
    if state.organization.delegations.get(SERVICE):
        raise AwsError(
            "InvalidOperationException",
            "You have delegated administrators for StackSets. Deregister them before you deactivate trusted access.",
        )
    state.organization.trusted_access.pop(SERVICE, None)


def _describe_access(state: State, request: Request) -> dict[str, Any]:
    check_caller(state, request)
    return {"Status": "ENABLED" if SERVICE in state.organization.trusted_access else "DISABLED"}


def _require_management(state: State, request: Request) -> None:
    if request.caller.account != state.organization.management_account:
        raise AwsError(
            "InvalidOperationException", "Only the management account of an organization can manage trusted access."
        )


_OPERATIONS: dict[str, Callable[[State, Request], dict[str, Any] | None]] = {
    "ActivateOrganizationsAccess": _activate,
    "CreateStackInstances": create_instances,
    "CreateStackSet": create_stack_set,
    "DeactivateOrganizationsAccess": _deactivate,
    "DeleteStackInstances": delete_instances,
    "DeleteStackSet": delete_stack_set,
    "DescribeOrganizationsAccess": _describe_access,
    "DescribeStackInstance": describe_instance,
    "DescribeStackSet": describe_stack_set,
    "DescribeStackSetOperation": describe_operation,
    "ListStackInstances": list_instances,
    "ListStackSetOperationResults": list_results,
    "ListStackSetOperations": list_operations,
    "ListStackSets": list_stack_sets,
    "UpdateStackSet": update_stack_set,
}
