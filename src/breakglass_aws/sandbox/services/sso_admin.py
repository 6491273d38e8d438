# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Identity Center's administration: permission sets, assignments, and the roles they make (aws-facts 5b, 2).

An assignment makes a role in the account: through Identity Center's service-linked role, which SCPs do not reach, in
member accounts, and with the caller's own permissions in the management account (AWSSSOServiceRolePolicy says so).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model import identity_center
from breakglass_aws.sandbox.model.identity_center import (
    SERVICE,
    Assignment,
    IdentityCenter,
    PermissionSet,
    ProvisioningRequest,
)
from breakglass_aws.sandbox.model.managed_policies import aws_managed_policy
from breakglass_aws.sandbox.model.sessions import Caller
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.services.sso_provisioning import provision, withdraw
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_MAX_POLICIES = 20


def handle(state: State, request: Request) -> dict[str, Any] | None:
    if request.operation == "ListInstances":
        return _list_instances(state, request)
    operation = _OPERATIONS.get(request.operation)
    if operation is None:
        raise not_implemented("sso-admin", request.operation)
    inputs.require(request, "ValidationException")
    return operation(state, request, center(state, request, request.parameters["InstanceArn"] == _arn(state)))


def center(state: State, request: Request, named: bool) -> IdentityCenter:
    """The organization's instance, for those who may administer it, in its Region.

    What AWS answers others is UNVERIFIED: that the instance is not found.
    """
    made = state.identity_center
    if made is None or not named or request.region != made.region or not _administers(state, request):
        raise AwsError("ResourceNotFoundException", "The instance is not found.")
    return made


def _arn(state: State) -> str | None:
    return state.identity_center.instance_arn if state.identity_center else None


def _administers(state: State, request: Request) -> bool:
    organization, account = state.organization, request.caller.account
    return account == organization.management_account or organization.is_delegate(account, SERVICE)


def _not_found(what: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} with id {name} is not found.")


def _list_instances(state: State, request: Request) -> dict[str, Any]:
    made = state.identity_center
    if made is None or request.region != made.region or not _administers(state, request):
        return {"Instances": []}
    instance = {
        "InstanceArn": made.instance_arn,
        "IdentityStoreId": made.identity_store,
        "OwnerAccountId": made.owner,
        "CreatedDate": made.created,
        "Status": "ACTIVE",
    }
    return {"Instances": [instance]}


# Permission sets


def _permission_set(made: IdentityCenter, request: Request) -> PermissionSet:
    arn = request.parameters["PermissionSetArn"]
    found = made.permission_sets.get(arn)
    if found is None:
        raise _not_found("PermissionSet", arn)
    return found


def _create_permission_set(state: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    given, name = request.parameters, request.parameters["Name"]
    if not identity_center.valid_name(name):
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        )
    if any(one.name == name for one in made.permission_sets.values()):
        raise AwsError("ConflictException", f"PermissionSet with name {name} already exists.")
    one = PermissionSet(
        arn=identity_center.permission_set_arn(made, state.partition, name, names.uuid()),
        name=name,
        created=now(),
        description=given.get("Description"),
        session_duration=given.get("SessionDuration", "PT1H"),
        relay_state=given.get("RelayState"),
    )
    made.permission_sets[one.arn] = one
    return {"PermissionSet": _shown(one)}


def _shown(one: PermissionSet) -> dict[str, Any]:
    return {
        "Name": one.name,
        "PermissionSetArn": one.arn,
        "Description": one.description,
        "CreatedDate": one.created,
        "SessionDuration": one.session_duration,
        "RelayState": one.relay_state,
    }


def _describe_permission_set(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    return {"PermissionSet": _shown(_permission_set(made, request))}


def _delete_permission_set(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    one = _permission_set(made, request)
    if any(arn == one.arn for _, arn in made.provisioned):
        raise AwsError("ConflictException", "The permission set is provisioned to accounts and cannot be deleted.")
    del made.permission_sets[one.arn]
    return {}


def _list_permission_sets(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    return inputs.page(request.parameters, "PermissionSets", list(made.permission_sets), "ValidationException")


def _list_provisioned(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    account = request.parameters["AccountId"]
    arns = [arn for where, arn in made.provisioned if where == account]
    return inputs.page(request.parameters, "PermissionSets", arns, "ValidationException")


def _attach_policy(state: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    """Roles made before stay as they are until the permission set is provisioned again."""
    one, arn = _permission_set(made, request), request.parameters["ManagedPolicyArn"]
    found = aws_managed_policy(arn)
    if found is None or arn.split(":")[1] != state.partition:
        raise _not_found("Managed policy", arn)
    if arn in one.managed_policies:
        raise AwsError("ConflictException", f"Managed policy {arn} is already attached to the permission set.")
    if len(one.managed_policies) >= _MAX_POLICIES:
        raise AwsError("ServiceQuotaExceededException", "Too many managed policies are attached to the permission set.")
    one.managed_policies[arn] = found[0]
    return {}


def _detach_policy(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    one, arn = _permission_set(made, request), request.parameters["ManagedPolicyArn"]
    if one.managed_policies.pop(arn, None) is None:
        raise _not_found("Managed policy", arn)
    return {}


def _list_policies(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    policies = [{"Name": name, "Arn": arn} for arn, name in _permission_set(made, request).managed_policies.items()]
    return inputs.page(request.parameters, "AttachedManagedPolicies", policies, "ValidationException")


# Assignments


def _assignment(state: State, request: Request, made: IdentityCenter) -> Assignment:
    given, one = request.parameters, _permission_set(made, request)
    account, kind, principal = given["TargetId"], given["PrincipalType"], given["PrincipalId"]
    if account not in state.organization.accounts:
        raise _not_found("Account", account)
    if kind != "USER":
        raise not_implemented("sso-admin", "assignments of groups")
    if principal not in made.users:
        raise _not_found("USER", principal)
    return Assignment(account, one.arn, kind, principal)


def _create_assignment(state: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    """An existing assignment is made again, which also makes a deleted role again (inferred)."""
    assignment = _assignment(state, request, made)

    def work(caller: Caller) -> None:
        provision(state, made, assignment.account, made.permission_sets[assignment.permission_set], caller)
        made.assignments[assignment] = None

    pending = _ask(state, request, made, "creation", assignment.account, assignment.permission_set, work, assignment)
    return {"AccountAssignmentCreationStatus": _assignment_status(pending)}


def _delete_assignment(state: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    """With the last assignment of a permission set in an account its role goes."""
    assignment = _assignment(state, request, made)
    if assignment not in made.assignments:
        raise _not_found("Account assignment", assignment.permission_set)

    def work(caller: Caller) -> None:
        made.assignments.pop(assignment, None)
        if not made.assigned(assignment.account, assignment.permission_set):
            withdraw(state, made, assignment.account, assignment.permission_set, caller)

    pending = _ask(state, request, made, "deletion", assignment.account, assignment.permission_set, work, assignment)
    return {"AccountAssignmentDeletionStatus": _assignment_status(pending)}


def _list_assignments(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    account, one = request.parameters["AccountId"], _permission_set(made, request)
    assignments = [
        {
            "AccountId": found.account,
            "PermissionSetArn": found.permission_set,
            "PrincipalType": found.principal_type,
            "PrincipalId": found.principal,
        }
        for found in made.assigned(account, one.arn)
    ]
    return inputs.page(request.parameters, "AccountAssignments", assignments, "ValidationException")


def _provision_permission_set(state: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
    given, one = request.parameters, _permission_set(made, request)
    everywhere = given["TargetType"] == "ALL_PROVISIONED_ACCOUNTS"
    account = None if everywhere else given.get("TargetId")
    places = [where for where, arn in made.provisioned if arn == one.arn and account in (None, where)]
    if not everywhere and not places:
        # Only where it is provisioned can a permission set be provisioned again; the text is UNVERIFIED.
        raise _not_found("Provisioned permission set", one.arn)

    def work(caller: Caller) -> None:
        for place in places:
            provision(state, made, place, one, caller)

    pending = _ask(state, request, made, "provisioning", account or "", one.arn, work)
    return {"PermissionSetProvisioningStatus": _provisioning_status(pending)}


# Requests that take a moment


def _ask(
    state: State,
    request: Request,
    made: IdentityCenter,
    kind: str,
    account: str,
    permission_set: str,
    work: Callable[[Caller], None],
    assignment: Assignment | None = None,
) -> ProvisioningRequest:
    pending = ProvisioningRequest(names.uuid(), kind, now(), account, permission_set, assignment)
    made.requests[pending.id] = pending
    caller = request.caller

    def finish(_: datetime) -> None:
        member = state.organization.accounts.get(account)
        try:
            if account and (member is None or member.state not in ("ACTIVE", "PENDING_CLOSURE")):
                raise AwsError("ValidationException", f"Account {account} is not active.")
            work(caller)
            pending.status = "SUCCEEDED"
        except AwsError as error:
            pending.status, pending.failure = "FAILED", error.message

    state.schedule.at(pending.created + state.behaviour.assignments, finish)
    return pending


def _assignment_status(pending: ProvisioningRequest) -> dict[str, Any]:
    assignment = pending.assignment
    if assignment is None:
        raise RuntimeError("a request about an assignment has one")
    return {
        "Status": pending.status,
        "RequestId": pending.id,
        "FailureReason": pending.failure,
        "TargetId": pending.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": pending.permission_set,
        "PrincipalType": assignment.principal_type,
        "PrincipalId": assignment.principal,
        "CreatedDate": pending.created,
    }


def _provisioning_status(pending: ProvisioningRequest) -> dict[str, Any]:
    return {
        "Status": pending.status,
        "RequestId": pending.id,
        "AccountId": pending.account or None,
        "PermissionSetArn": pending.permission_set,
        "FailureReason": pending.failure,
        "CreatedDate": pending.created,
    }


def _status(
    kind: str, parameter: str, member: str, shown: Callable[[ProvisioningRequest], dict[str, Any]]
) -> Callable[[State, Request, IdentityCenter], dict[str, Any]]:
    def describe(_: State, request: Request, made: IdentityCenter) -> dict[str, Any]:
        identifier = request.parameters[parameter]
        pending = made.requests.get(identifier)
        if pending is None or pending.kind != kind:
            raise _not_found("Request", identifier)
        return {member: shown(pending)}

    return describe


_OPERATIONS: dict[str, Callable[[State, Request, IdentityCenter], dict[str, Any]]] = {
    "AttachManagedPolicyToPermissionSet": _attach_policy,
    "CreateAccountAssignment": _create_assignment,
    "CreatePermissionSet": _create_permission_set,
    "DeleteAccountAssignment": _delete_assignment,
    "DeletePermissionSet": _delete_permission_set,
    "DescribeAccountAssignmentCreationStatus": _status(
        "creation", "AccountAssignmentCreationRequestId", "AccountAssignmentCreationStatus", _assignment_status
    ),
    "DescribeAccountAssignmentDeletionStatus": _status(
        "deletion", "AccountAssignmentDeletionRequestId", "AccountAssignmentDeletionStatus", _assignment_status
    ),
    "DescribePermissionSet": _describe_permission_set,
    "DescribePermissionSetProvisioningStatus": _status(
        "provisioning", "ProvisionPermissionSetRequestId", "PermissionSetProvisioningStatus", _provisioning_status
    ),
    "DetachManagedPolicyFromPermissionSet": _detach_policy,
    "ListAccountAssignments": _list_assignments,
    "ListManagedPoliciesInPermissionSet": _list_policies,
    "ListPermissionSets": _list_permission_sets,
    "ListPermissionSetsProvisionedToAccount": _list_provisioned,
    "ProvisionPermissionSet": _provision_permission_set,
}
