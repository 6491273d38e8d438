"""IAM Identity Center's administration: permission sets, assignments, and the roles they make (aws-facts 5b, 2).

An assignment makes a role in the account: through Identity Center's service-linked role, which SCPs do not reach, in
member accounts, and with the caller's own permissions in the management account (AWSSSOServiceRolePolicy says so).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox import names
from sandbox.errors import AwsError, not_implemented
from sandbox.model import identity_center
from sandbox.model.identity_center import SERVICE, Assignment, IdentityCenter, PermissionSet, Request
from sandbox.services import inputs
from sandbox.services.service_linked import Iam, delete_service_linked, service_linked
from sandbox.state import Caller, State, aws_managed_policy, now
from sandbox.wire.protocol import Call

_ROLE = "AWSServiceRoleForSSO"
_MAX_POLICIES = 20
# IAM wants at least 1,000 characters of metadata; what they say nobody here reads.
_METADATA = '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">'.ljust(1000) + "</EntityDescriptor>"


def handle(state: State, call: Call) -> dict[str, Any] | None:
    if call.operation == "ListInstances":
        return _list_instances(state, call)
    operation = _OPERATIONS.get(call.operation)
    if operation is None:
        raise not_implemented("sso-admin", call.operation)
    inputs.require(call, "ValidationException")
    return operation(state, call, center(state, call, call.parameters["InstanceArn"] == _arn(state)))


def center(state: State, call: Call, named: bool) -> IdentityCenter:
    """The organization's instance, for those who may administer it, in its Region.

    What AWS answers others is UNVERIFIED: that the instance is not found.
    """
    made = state.identity_center
    if made is None or not named or call.region != made.region or not _administers(state, call):
        raise AwsError("ResourceNotFoundException", "The instance is not found.")
    return made


def _arn(state: State) -> str | None:
    return state.identity_center.instance_arn if state.identity_center else None


def _administers(state: State, call: Call) -> bool:
    organization, account = state.organization, call.who.account
    return account == organization.management_account or organization.is_delegate(account, SERVICE)


def _not_found(what: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} with id {name} is not found.")


def _list_instances(state: State, call: Call) -> dict[str, Any]:
    made = state.identity_center
    if made is None or call.region != made.region or not _administers(state, call):
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


def _permission_set(made: IdentityCenter, call: Call) -> PermissionSet:
    arn = call.parameters["PermissionSetArn"]
    found = made.permission_sets.get(arn)
    if found is None:
        raise _not_found("PermissionSet", arn)
    return found


def _create_permission_set(state: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    given, name = call.parameters, call.parameters["Name"]
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


def _describe_permission_set(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    return {"PermissionSet": _shown(_permission_set(made, call))}


def _delete_permission_set(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    one = _permission_set(made, call)
    if any(arn == one.arn for _, arn in made.provisioned):
        raise AwsError("ConflictException", "The permission set is provisioned to accounts and cannot be deleted.")
    del made.permission_sets[one.arn]
    return {}


def _list_permission_sets(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    return inputs.page(call.parameters, "PermissionSets", list(made.permission_sets), "ValidationException")


def _list_provisioned(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    account = call.parameters["AccountId"]
    arns = [arn for where, arn in made.provisioned if where == account]
    return inputs.page(call.parameters, "PermissionSets", arns, "ValidationException")


def _attach_policy(state: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    """Roles made before stay as they are until the permission set is provisioned again."""
    one, arn = _permission_set(made, call), call.parameters["ManagedPolicyArn"]
    found = aws_managed_policy(arn)
    if found is None or arn.split(":")[1] != state.partition:
        raise _not_found("Managed policy", arn)
    if arn in one.managed_policies:
        raise AwsError("ConflictException", f"Managed policy {arn} is already attached to the permission set.")
    if len(one.managed_policies) >= _MAX_POLICIES:
        raise AwsError("ServiceQuotaExceededException", "Too many managed policies are attached to the permission set.")
    one.managed_policies[arn] = found[0]
    return {}


def _detach_policy(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    one, arn = _permission_set(made, call), call.parameters["ManagedPolicyArn"]
    if one.managed_policies.pop(arn, None) is None:
        raise _not_found("Managed policy", arn)
    return {}


def _list_policies(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    policies = [{"Name": name, "Arn": arn} for arn, name in _permission_set(made, call).managed_policies.items()]
    return inputs.page(call.parameters, "AttachedManagedPolicies", policies, "ValidationException")


# Assignments


def _assignment(state: State, call: Call, made: IdentityCenter) -> Assignment:
    given, one = call.parameters, _permission_set(made, call)
    account, kind, principal = given["TargetId"], given["PrincipalType"], given["PrincipalId"]
    if account not in state.organization.accounts:
        raise _not_found("Account", account)
    if kind != "USER":
        raise not_implemented("sso-admin", "assignments of groups")
    if principal not in made.users:
        raise _not_found("USER", principal)
    return Assignment(account, one.arn, kind, principal)


def _create_assignment(state: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    """An assignment that is there already is made again, which brings back a role somebody deleted (inferred)."""
    assignment = _assignment(state, call, made)

    def work(caller: Caller) -> None:
        _provision(state, made, assignment.account, made.permission_sets[assignment.permission_set], caller)
        made.assignments[assignment] = None

    request = _ask(state, call, made, "creation", assignment.account, assignment.permission_set, work, assignment)
    return {"AccountAssignmentCreationStatus": _assignment_status(request)}


def _delete_assignment(state: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    """With the last assignment of a permission set in an account its role goes."""
    assignment = _assignment(state, call, made)
    if assignment not in made.assignments:
        raise _not_found("Account assignment", assignment.permission_set)

    def work(caller: Caller) -> None:
        made.assignments.pop(assignment, None)
        if not made.assigned(assignment.account, assignment.permission_set):
            _withdraw(state, made, assignment.account, assignment.permission_set, caller)

    request = _ask(state, call, made, "deletion", assignment.account, assignment.permission_set, work, assignment)
    return {"AccountAssignmentDeletionStatus": _assignment_status(request)}


def _list_assignments(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    account, one = call.parameters["AccountId"], _permission_set(made, call)
    assignments = [
        {
            "AccountId": found.account,
            "PermissionSetArn": found.permission_set,
            "PrincipalType": found.principal_type,
            "PrincipalId": found.principal,
        }
        for found in made.assigned(account, one.arn)
    ]
    return inputs.page(call.parameters, "AccountAssignments", assignments, "ValidationException")


def _provision_permission_set(state: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
    given, one = call.parameters, _permission_set(made, call)
    everywhere = given["TargetType"] == "ALL_PROVISIONED_ACCOUNTS"
    account = None if everywhere else given.get("TargetId")
    places = [where for where, arn in made.provisioned if arn == one.arn and account in (None, where)]
    if not everywhere and not places:
        # Only where it is provisioned can a permission set be provisioned again; the text is UNVERIFIED.
        raise _not_found("Provisioned permission set", one.arn)

    def work(caller: Caller) -> None:
        for place in places:
            _provision(state, made, place, one, caller)

    request = _ask(state, call, made, "provisioning", account or "", one.arn, work)
    return {"PermissionSetProvisioningStatus": _provisioning_status(request)}


# Requests that take a moment


def _ask(
    state: State,
    call: Call,
    made: IdentityCenter,
    kind: str,
    account: str,
    permission_set: str,
    work: Callable[[Caller], None],
    assignment: Assignment | None = None,
) -> Request:
    request = Request(names.uuid(), kind, now(), account, permission_set, assignment)
    made.requests[request.id] = request
    caller = call.who

    def finish(_: datetime) -> None:
        member = state.organization.accounts.get(account)
        try:
            if account and (member is None or member.state not in ("ACTIVE", "PENDING_CLOSURE")):
                raise AwsError("ValidationException", f"Account {account} is not active.")
            work(caller)
            request.status = "SUCCEEDED"
        except AwsError as error:
            request.status, request.failure = "FAILED", error.message

    state.schedule.at(request.created + state.behaviour.assignments, finish)
    return request


def _assignment_status(request: Request) -> dict[str, Any]:
    assignment = request.assignment
    if assignment is None:
        raise RuntimeError("a request about an assignment has one")
    return {
        "Status": request.status,
        "RequestId": request.id,
        "FailureReason": request.failure,
        "TargetId": request.account,
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": request.permission_set,
        "PrincipalType": assignment.principal_type,
        "PrincipalId": assignment.principal,
        "CreatedDate": request.created,
    }


def _provisioning_status(request: Request) -> dict[str, Any]:
    return {
        "Status": request.status,
        "RequestId": request.id,
        "AccountId": request.account or None,
        "PermissionSetArn": request.permission_set,
        "FailureReason": request.failure,
        "CreatedDate": request.created,
    }


def _status(
    kind: str, parameter: str, member: str, shown: Callable[[Request], dict[str, Any]]
) -> Callable[[State, Call, IdentityCenter], dict[str, Any]]:
    def describe(_: State, call: Call, made: IdentityCenter) -> dict[str, Any]:
        identifier = call.parameters[parameter]
        request = made.requests.get(identifier)
        if request is None or request.kind != kind:
            raise _not_found("Request", identifier)
        return {member: shown(request)}

    return describe


# Roles in accounts


def _iam(state: State, account: str, caller: Caller) -> Iam:
    if account == state.organization.management_account:
        return Iam(state, caller, SERVICE)
    return Iam(state, service_linked(state, account, SERVICE, _ROLE, "AWSSSOServiceRolePolicy"), SERVICE)


def _provision(state: State, made: IdentityCenter, account: str, one: PermissionSet, caller: Caller) -> None:
    """Make the role of a permission set in an account, or bring the one that is there up to date."""
    iam, backend = _iam(state, account, caller), state.iam(account)
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


def forget(state: State, account: str) -> None:
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


def _withdraw(state: State, made: IdentityCenter, account: str, permission_set: str, caller: Caller) -> None:
    iam = _iam(state, account, caller)
    _remove_role(state, iam, made.provisioned.pop((account, permission_set), None))


def _remove_role(state: State, iam: Iam, name: str | None) -> None:
    role = next((role for role in state.iam(iam.caller.account).roles.values() if role.name == name), None)
    if role is not None:
        for arn in list(role.managed_policies):
            iam("DetachRolePolicy", RoleName=name, PolicyArn=arn)
        iam("DeleteRole", RoleName=name)


_OPERATIONS: dict[str, Callable[[State, Call, IdentityCenter], dict[str, Any]]] = {
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
