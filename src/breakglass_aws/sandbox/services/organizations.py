# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Organizations on plain state, every look-up by ID; moto's would be slow at 10,000 accounts and refuses IAM as a
service principal (aws-facts 1.4, 1.5, 8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.organization import SCP, Unit
from breakglass_aws.sandbox.services.account_closure import close_account
from breakglass_aws.sandbox.services.account_creation import create_account, describe_creation, list_creations
from breakglass_aws.sandbox.services.delegation import (
    deregister_delegate,
    disable_service,
    enable_service,
    list_delegated_services,
    list_delegates,
    list_services,
    register_delegate,
)
from breakglass_aws.sandbox.services.invitations import (
    accept,
    cancel,
    decline,
    describe_handshake,
    invite,
    list_received,
    list_sent,
)
from breakglass_aws.sandbox.services.membership import leave_organization, remove_account
from breakglass_aws.sandbox.services.organization_policies import (
    attach_policy,
    create_policy,
    delete_policy,
    describe_policy,
    detach_policy,
    disable_policy_type,
    enable_policy_type,
    list_policies,
    list_policies_for_target,
    list_targets_for_policy,
    update_policy,
)
from breakglass_aws.sandbox.services.organizations_shared import (
    account_summary,
    find_account,
    not_found,
    own_organization,
    page,
    require_member,
    root_summary,
    unit_kind,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def handle(state: State, request: Request) -> dict[str, Any] | None:
    if request.operation in _MEMBERSHIP:
        return _MEMBERSHIP[request.operation](state, request)
    operation = _OPERATIONS.get(request.operation)
    if operation is None:
        raise not_implemented("organizations", request.operation)
    _admit(state, request)
    return operation(state, request.parameters)


def _admit(state: State, request: Request) -> None:
    """Delegates of any service read; the rest is the management account's."""
    organization, account = state.organization, request.caller.account
    require_member(state, account)
    if account == organization.management_account:
        return
    reads = request.operation.startswith(("Describe", "List"))
    own = request.operation == "DeregisterDelegatedAdministrator" and request.parameters.get("AccountId") == account
    if (reads and organization.is_delegate(account)) or own:
        return
    raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def find_unit(state: State, identifier: str | None, error: str = "OrganizationalUnit") -> Unit:
    unit = state.organization.units.get(identifier or "")
    if unit is None:
        raise not_found(error, "an organizational unit" if error == "OrganizationalUnit" else "a parent")
    return unit


# Organization, roots, accounts, OUs


def _list_roots(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return page(parameters, "Roots", [state.organization.root_id], lambda _: root_summary(state))


def _list_accounts(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return page(parameters, "Accounts", state.organization.accounts, lambda one: account_summary(state, one))


def _describe_account(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Account": account_summary(state, find_account(state, parameters.get("AccountId")).id)}


def _list_accounts_for_parent(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent = find_unit(state, parameters.get("ParentId"), "Parent")
    return page(parameters, "Accounts", parent.accounts, lambda one: account_summary(state, one))


def _list_parents(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    child = parameters.get("ChildId")
    if child not in state.organization.accounts and child not in state.organization.units:
        raise not_found("Child", "a child")
    parent = state.organization.parent(str(child))
    parents = [] if parent is None else [parent]
    return page(parameters, "Parents", parents, lambda one: {"Id": one, "Type": unit_kind(state, one)})


def _list_children(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent, kind = find_unit(state, parameters.get("ParentId"), "Parent"), parameters.get("ChildType")
    children = parent.accounts if kind == "ACCOUNT" else parent.units
    return page(parameters, "Children", children, lambda one: {"Id": one, "Type": kind})


def _shown_unit(state: State, identifier: str) -> dict[str, Any]:
    unit = state.organization.units[identifier]
    path = "/".join([state.organization.id, *state.organization.ancestors(identifier), ""])
    return {"Id": unit.id, "Arn": unit.arn, "Name": unit.name, "Path": path}


def _list_units(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent = find_unit(state, parameters.get("ParentId"), "Parent")
    return page(parameters, "OrganizationalUnits", parent.units, lambda one: _shown_unit(state, one))


def _describe_unit(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    unit = find_unit(state, parameters.get("OrganizationalUnitId"))
    return {"OrganizationalUnit": _shown_unit(state, unit.id)}


def _create_unit(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, parent, name = (
        state.organization,
        find_unit(state, parameters.get("ParentId"), "Parent"),
        parameters["Name"],
    )
    if any(organization.units[unit].name == name for unit in parent.units):
        raise AwsError("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
    identifier = f"ou-{organization.root_id[2:]}-{names.hexadecimal(8, organization.id, parent.id, name)}"
    organization.units[identifier] = Unit(identifier, name, organization.arn("ou", identifier), parent.id)
    parent.units[identifier] = None
    organization.attach_full_access(identifier)
    return {"OrganizationalUnit": _shown_unit(state, identifier)}


def _move_account(state: State, parameters: dict[str, Any]) -> None:
    account = find_account(state, parameters.get("AccountId"))
    source, destination = parameters.get("SourceParentId"), parameters.get("DestinationParentId")
    if source not in state.organization.units or account.parent != source:
        raise not_found("SourceParent", "a source parent")
    if destination not in state.organization.units:
        raise not_found("DestinationParent", "a destination parent")
    if source == destination:
        raise AwsError("DuplicateAccountException", "That account is already present in the specified destination.")
    state.organization.units[source].accounts.pop(account.id, None)
    state.organization.units[destination].accounts[account.id] = None
    account.parent = destination


# Tags


def _tags(state: State, identifier: str | None) -> dict[str, str]:
    organization = state.organization
    for things in (organization.accounts, organization.units, organization.policies):
        if identifier is not None and identifier in things:
            return things[identifier].tags
    raise not_found("Target", "a target")


def _list_tags(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(state, parameters.get("ResourceId"))
    return page({"NextToken": parameters.get("NextToken")}, "Tags", tags, lambda key: {"Key": key, "Value": tags[key]})


def _tag(state: State, parameters: dict[str, Any]) -> None:
    _tags(state, parameters.get("ResourceId")).update({tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])})


def _untag(state: State, parameters: dict[str, Any]) -> None:
    tags = _tags(state, parameters.get("ResourceId"))
    for key in parameters.get("TagKeys", []):
        tags.pop(key, None)


_OPERATIONS: dict[str, Callable[[State, dict[str, Any]], dict[str, Any] | None]] = {
    "AttachPolicy": attach_policy,
    "CreateOrganizationalUnit": _create_unit,
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "DeregisterDelegatedAdministrator": deregister_delegate,
    "DescribeAccount": _describe_account,
    "DescribeOrganizationalUnit": _describe_unit,
    "DescribePolicy": describe_policy,
    "DetachPolicy": detach_policy,
    "DisableAWSServiceAccess": disable_service,
    "DisablePolicyType": disable_policy_type,
    "EnableAWSServiceAccess": enable_service,
    "EnablePolicyType": enable_policy_type,
    "ListAWSServiceAccessForOrganization": list_services,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListChildren": _list_children,
    "ListDelegatedAdministrators": list_delegates,
    "ListDelegatedServicesForAccount": list_delegated_services,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListParents": _list_parents,
    "ListPolicies": list_policies,
    "ListPoliciesForTarget": list_policies_for_target,
    "ListRoots": _list_roots,
    "ListTagsForResource": _list_tags,
    "ListTargetsForPolicy": list_targets_for_policy,
    "MoveAccount": _move_account,
    "RegisterDelegatedAdministrator": register_delegate,
    "TagResource": _tag,
    "UntagResource": _untag,
    "UpdatePolicy": update_policy,
}


def _describe_organization(state: State, request: Request) -> dict[str, Any]:
    organization, caller = state.organization, state.account(request.caller.account)
    if caller is not None and caller.elsewhere:
        sender = caller.elsewhere
    else:
        require_member(state, request.caller.account)
        sender = own_organization(state)
    prefix = f"arn:{state.partition}:organizations::{sender.management_account}"
    return {
        "Organization": {
            "Id": sender.organization,
            "Arn": f"{prefix}:organization/{sender.organization}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{prefix}:account/{sender.organization}/{sender.management_account}",
            "MasterAccountId": sender.management_account,
            "MasterAccountEmail": sender.email,
            "AvailablePolicyTypes": [{"Type": SCP, "Status": "ENABLED"}]
            if sender.organization == organization.id
            else [],
        }
    }


_MEMBERSHIP: dict[str, Callable[[State, Request], dict[str, Any] | None]] = {
    "AcceptHandshake": accept,
    "CancelHandshake": cancel,
    "CloseAccount": close_account,
    "CreateAccount": create_account,
    "DeclineHandshake": decline,
    "DescribeCreateAccountStatus": describe_creation,
    "DescribeHandshake": describe_handshake,
    "DescribeOrganization": _describe_organization,
    "InviteAccountToOrganization": invite,
    "LeaveOrganization": leave_organization,
    "ListCreateAccountStatus": list_creations,
    "ListHandshakesForAccount": list_received,
    "ListHandshakesForOrganization": list_sent,
    "RemoveAccountFromOrganization": remove_account,
}
