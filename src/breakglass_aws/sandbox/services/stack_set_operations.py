# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations of StackSets: started, carried out Region after Region, and listed (aws-facts 5b, 1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.stack_sets import Instance, Operation, Result, StackSet
from breakglass_aws.sandbox.services import inputs, stacks
from breakglass_aws.sandbox.services.stack_sets import ACCOUNT_STATES, check_idle, find_stack_set
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def start_operation(
    state: State,
    request: Request,
    stack_set: StackSet,
    action: str,
    instances: list[Instance],
    work: Callable[[Instance], None],
    *,
    retain: bool | None = None,
) -> dict[str, Any]:
    """Begin an operation; it is carried out when its time is over, and until then shows as RUNNING."""
    check_idle(stack_set)
    given = request.parameters
    identifier = given.get("OperationId") or names.uuid()
    if identifier in stack_set.operations:
        raise AwsError("OperationIdAlreadyExistsException", f"Operation {identifier} already exists", 409)
    operation = Operation(
        id=identifier,
        action=action,
        created=now(),
        preferences=given.get("OperationPreferences", {}),
        targets=given.get("DeploymentTargets", {}),
        retain=retain,
        results=[Result(one.account, one.region, one.unit) for one in instances],
    )
    stack_set.operations[identifier] = operation
    for instance in instances:
        instance.operation, instance.detail = identifier, "PENDING"
    due = operation.created + state.behaviour.stack_sets
    state.schedule.at(due, lambda moment: _finish(state, operation, instances, work, moment))
    return {"OperationId": identifier}


def _finish(
    state: State, operation: Operation, instances: list[Instance], work: Callable[[Instance], None], moment: datetime
) -> None:
    """Region after Region, account after account, until more failed than the operation tolerates."""
    failed: dict[str, int] = {}
    total = max(len({one.account for one in instances}), 1)
    tolerance = operation.preferences.get("FailureToleranceCount")
    if tolerance is None:
        tolerance = total * operation.preferences.get("FailureTolerancePercentage", 0) // 100
    gone = False
    for instance, result in zip(instances, operation.results, strict=True):
        account = state.organization.accounts.get(instance.account)
        if gone:
            instance.detail = result.status = "CANCELLED"
            instance.reason = result.reason = "Cancelled since failure tolerance has exceeded"
        elif account is None or account.state not in ACCOUNT_STATES:
            # How the operation's result reads for it is UNVERIFIED.
            instance.detail, result.status = "SKIPPED_SUSPENDED_ACCOUNT", "CANCELLED"
            instance.reason = result.reason = f"Account {instance.account} is suspended"
        else:
            try:
                work(instance)
            except (stacks.StackFailed, AwsError) as error:
                instance.detail = result.status = "FAILED"
                instance.reason = result.reason = str(error)
                failed[instance.region] = failed.get(instance.region, 0) + 1
                gone = failed[instance.region] > tolerance
            else:
                instance.status, instance.detail, instance.reason = "CURRENT", "SUCCEEDED", None
                result.status = "SUCCEEDED"
    operation.status, operation.ended = ("FAILED" if gone else "SUCCEEDED"), moment


def describe_operation(state: State, request: Request) -> dict[str, Any]:
    stack_set = find_stack_set(state, request)
    one = _operation(stack_set, request)
    failed = sum(result.status == "FAILED" for result in one.results)
    return {
        "StackSetOperation": {
            "OperationId": one.id,
            "StackSetId": stack_set.id,
            "Action": one.action,
            "Status": one.status,
            "OperationPreferences": one.preferences,
            "RetainStacks": one.retain,
            "CreationTimestamp": one.created,
            "EndTimestamp": one.ended,
            "DeploymentTargets": one.targets,
            "StatusDetails": {"FailedStackInstancesCount": failed},
        }
    }


def _operation(stack_set: StackSet, request: Request) -> Operation:
    identifier = request.parameters["OperationId"]
    found = stack_set.operations.get(identifier)
    if found is None:
        raise AwsError(
            "OperationNotFoundException", f"Operation {identifier} not found for StackSet {stack_set.id}", 404
        )
    return found


def list_operations(state: State, request: Request) -> dict[str, Any]:
    summaries = [
        {
            "OperationId": one.id,
            "Action": one.action,
            "Status": one.status,
            "CreationTimestamp": one.created,
            "EndTimestamp": one.ended,
            "OperationPreferences": one.preferences,
        }
        for one in reversed(find_stack_set(state, request).operations.values())
    ]
    return inputs.page(request.parameters, "Summaries", summaries, "ValidationError")


def list_results(state: State, request: Request) -> dict[str, Any]:
    summaries = [
        {
            "Account": one.account,
            "Region": one.region,
            "Status": one.status,
            "StatusReason": one.reason,
            "OrganizationalUnitId": one.unit,
        }
        for one in _operation(find_stack_set(state, request), request).results
    ]
    return inputs.page(request.parameters, "Summaries", summaries, "ValidationError")
