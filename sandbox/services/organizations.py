"""AWS Organizations on plain state, every look-up by ID; moto's would be slow at 10,000 accounts and refuses IAM as a
service principal (aws-facts 1.4, 1.5, 8).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox import names
from sandbox.authorization import PolicyError, parse, validate_resource_control_policy
from sandbox.errors import AwsError, not_implemented
from sandbox.services import membership
from sandbox.services.organizations_shared import account as _account
from sandbox.services.organizations_shared import constraint as _constraint
from sandbox.services.organizations_shared import invalid as _invalid
from sandbox.services.organizations_shared import not_found as _not_found
from sandbox.services.organizations_shared import page as _page
from sandbox.state import FULL_ACCESS, RCP, SCP, Account, ControlPolicy, State, Unit, now
from sandbox.wire.protocol import Call

# Longest document, and most policies of a target, by type (Organizations User Guide, "Quotas").
_MAX_CONTENT = {SCP: 10240, RCP: 5120}
_MAX_ATTACHED = {SCP: 10, RCP: 5}
# Services that know delegated administrators and trusted access, as far as this field names them.
_SERVICES = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com")


def handle(state: State, call: Call) -> dict[str, Any] | None:
    if call.operation in membership.OPERATIONS:
        return membership.OPERATIONS[call.operation](state, call)
    operation = _OPERATIONS.get(call.operation)
    if operation is None:
        raise not_implemented("organizations", call.operation)
    _admit(state, call)
    return operation(state, call.parameters)


def _admit(state: State, call: Call) -> None:
    """Delegates of any service read; the rest is the management account's."""
    organization, account = state.organization, call.who.account
    membership.require_member(state, account)
    if account == organization.management_account:
        return
    reads = call.operation.startswith(("Describe", "List"))
    own = call.operation == "DeregisterDelegatedAdministrator" and call.parameters.get("AccountId") == account
    if (reads and organization.is_delegate(account)) or own:
        return
    raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def _unit(state: State, identifier: str | None, error: str = "OrganizationalUnit") -> Unit:
    unit = state.organization.units.get(identifier or "")
    if unit is None:
        raise _not_found(error, "an organizational unit" if error == "OrganizationalUnit" else "a parent")
    return unit


def _policy(state: State, identifier: str | None) -> ControlPolicy:
    policy = state.organization.policies.get(identifier or "")
    if policy is None:
        raise _not_found("Policy", "a policy")
    return policy


def _target(state: State, identifier: str | None) -> str:
    organization = state.organization
    if identifier in organization.accounts or identifier in organization.units:
        return str(identifier)
    raise _not_found("Target", "a target")


def _service(state: State, parameters: dict[str, Any]) -> str:
    service = parameters.get("ServicePrincipal", "")
    if not _SERVICES.fullmatch(service):
        raise _invalid("INVALID_PATTERN", "You specified an unrecognized service principal.")
    return service


# Organization, roots, accounts, OUs


def _list_roots(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return _page(parameters, "Roots", [state.organization.root_id], lambda _: _shown_root(state))


def _shown_root(state: State) -> dict[str, Any]:
    root = state.organization.units[state.organization.root_id]
    return {
        "Id": root.id,
        "Arn": root.arn,
        "Name": root.name,
        "PolicyTypes": [{"Type": kind, "Status": "ENABLED"} for kind in state.organization.policy_types],
    }


def _shown_account(state: State, identifier: str) -> dict[str, Any]:
    """State, and the retired Status, in which a closed account reads SUSPENDED (aws-facts 2.5, 3)."""
    account = state.organization.accounts[identifier]
    status = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "ACTIVE"}.get(account.state, account.state)
    return {
        "Id": account.id,
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "Status": status if state.behaviour.retired_status else None,
        "State": account.state,
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": account.joined,
        "Paths": [f"{state.organization.path(account.id)}{account.id}/"],
    }


def _list_accounts(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return _page(parameters, "Accounts", state.organization.accounts, lambda one: _shown_account(state, one))


def _describe_account(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"Account": _shown_account(state, _account(state, parameters.get("AccountId")).id)}


def _list_accounts_for_parent(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent = _unit(state, parameters.get("ParentId"), "Parent")
    return _page(parameters, "Accounts", parent.accounts, lambda one: _shown_account(state, one))


def _kind(state: State, unit: str) -> str:
    return "ROOT" if unit == state.organization.root_id else "ORGANIZATIONAL_UNIT"


def _list_parents(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    child = parameters.get("ChildId")
    if child not in state.organization.accounts and child not in state.organization.units:
        raise _not_found("Child", "a child")
    parent = state.organization.parent(str(child))
    parents = [] if parent is None else [parent]
    return _page(parameters, "Parents", parents, lambda one: {"Id": one, "Type": _kind(state, one)})


def _list_children(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent, kind = _unit(state, parameters.get("ParentId"), "Parent"), parameters.get("ChildType")
    children = parent.accounts if kind == "ACCOUNT" else parent.units
    return _page(parameters, "Children", children, lambda one: {"Id": one, "Type": kind})


def _shown_unit(state: State, identifier: str) -> dict[str, Any]:
    unit = state.organization.units[identifier]
    path = "/".join([state.organization.id, *state.organization.ancestors(identifier), ""])
    return {"Id": unit.id, "Arn": unit.arn, "Name": unit.name, "Path": path}


def _list_units(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    parent = _unit(state, parameters.get("ParentId"), "Parent")
    return _page(parameters, "OrganizationalUnits", parent.units, lambda one: _shown_unit(state, one))


def _describe_unit(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    unit = _unit(state, parameters.get("OrganizationalUnitId"))
    return {"OrganizationalUnit": _shown_unit(state, unit.id)}


def _create_unit(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, parent, name = (
        state.organization,
        _unit(state, parameters.get("ParentId"), "Parent"),
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
    account = _account(state, parameters.get("AccountId"))
    source, destination = parameters.get("SourceParentId"), parameters.get("DestinationParentId")
    if source not in state.organization.units or account.parent != source:
        raise _not_found("SourceParent", "a source parent")
    if destination not in state.organization.units:
        raise _not_found("DestinationParent", "a destination parent")
    if source == destination:
        raise AwsError("DuplicateAccountException", "That account is already present in the specified destination.")
    state.organization.units[source].accounts.pop(account.id, None)
    state.organization.units[destination].accounts[account.id] = None
    account.parent = destination


# Trusted access and delegation (aws-facts 1.4)


def _enable_service(state: State, parameters: dict[str, Any]) -> None:
    state.organization.trusted_access.setdefault(_service(state, parameters), now())


def _disable_service(state: State, parameters: dict[str, Any]) -> None:
    service = _service(state, parameters)
    if state.organization.delegations.get(service):
        raise _constraint(
            "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
            "You have delegated administrator/s for this service. De-register them in order to disable service access.",
        )
    state.organization.trusted_access.pop(service, None)


def _list_services(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    since = state.organization.trusted_access
    return _page(
        parameters,
        "EnabledServicePrincipals",
        since,
        lambda service: {"ServicePrincipal": service, "DateEnabled": since[service]},
    )


def _register_delegate(state: State, parameters: dict[str, Any]) -> None:
    organization, account, service = (
        state.organization,
        _account(state, parameters.get("AccountId")),
        _service(state, parameters),
    )
    if account.id == organization.management_account:
        raise _constraint(
            "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register master account/yourself as delegated administrator for your organization.",
        )
    if account.state == "SUSPENDED":
        raise _constraint(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as a delegated administrator.",
        )
    if service not in organization.trusted_access:
        raise _constraint(
            "SERVICE_ACCESS_NOT_ENABLED",
            "You cannot register a delegated administrator before you enable service access.",
        )
    delegates = organization.delegations.setdefault(service, {})
    if account.id in delegates:
        raise AwsError(
            "AccountAlreadyRegisteredException",
            "The provided account is already a delegated administrator for your organization.",
        )
    if delegates:  # how many IAM allows is UNVERIFIED (aws-facts 1.4): one
        raise _constraint(
            "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
            "You have exceeded the number of delegated administrators allowed for the service.",
        )
    delegates[account.id] = now()


def _deregister_delegate(state: State, parameters: dict[str, Any]) -> None:
    account, service = _account(state, parameters.get("AccountId")), _service(state, parameters)
    if state.organization.delegations.get(service, {}).pop(account.id, None) is None:
        raise AwsError(
            "AccountNotRegisteredException",
            "The provided account is not a registered delegated administrator for your organization.",
        )


def _list_delegates(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = parameters.get("ServicePrincipal")
    since: dict[str, Any] = {}
    for service, accounts in state.organization.delegations.items():
        if wanted in (None, service):
            since |= {account: min(date, since.get(account, date)) for account, date in accounts.items()}

    def shown(account: str) -> dict[str, Any]:
        entry = _shown_account(state, account)
        entry.pop("Paths")
        return entry | {"DelegationEnabledDate": since[account]}

    return _page(parameters, "DelegatedAdministrators", since, shown)


def _list_delegated_services(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    account = _account(state, parameters.get("AccountId")).id
    since = {service: dates[account] for service, dates in state.organization.delegations.items() if account in dates}
    if not since:
        raise AwsError(
            "AccountNotRegisteredException",
            "The provided account is not a registered delegated administrator for your organization.",
        )
    return _page(
        parameters,
        "DelegatedServices",
        since,
        lambda service: {"ServicePrincipal": service, "DelegationEnabledDate": since[service]},
    )


# Service control policies


def _summary(state: State, identifier: str) -> dict[str, Any]:
    policy = state.organization.policies[identifier]
    return {
        "Id": policy.id,
        "Arn": policy.arn,
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _shown_policy(state: State, policy: ControlPolicy) -> dict[str, Any]:
    return {"Policy": {"PolicySummary": _summary(state, policy.id), "Content": policy.content}}


def _list_policies(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    policies = [policy.id for policy in state.organization.policies.values() if policy.type == parameters.get("Filter")]
    return _page(parameters, "Policies", policies, lambda one: _summary(state, one))


def _describe_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return _shown_policy(state, _policy(state, parameters.get("PolicyId")))


def _list_policies_for_target(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    target = _target(state, parameters.get("TargetId"))
    attached = state.organization.attached(target, parameters.get("Filter", ""))
    return _page(parameters, "Policies", attached, lambda one: _summary(state, one))


def _list_targets_for_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, policy = state.organization, _policy(state, parameters.get("PolicyId"))

    def shown(target: str) -> dict[str, Any]:
        entity = organization.accounts.get(target) or organization.units[target]
        kind = "ACCOUNT" if isinstance(entity, Account) else _kind(state, target)
        return {"TargetId": target, "Arn": entity.arn, "Name": entity.name, "Type": kind}

    targets = [target for target, attached in organization.attachments.items() if policy.id in attached]
    return _page(parameters, "Targets", targets, shown)


def _checked_content(kind: str, content: str | None) -> str:
    if content is None or len(content) > _MAX_CONTENT[kind]:
        raise _constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the allowed size of a policy.")
    try:
        if kind == RCP:
            validate_resource_control_policy(content)
        else:
            parse(content)
    except PolicyError as error:
        raise AwsError(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        ) from error
    return content


def _create_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, name, kind = state.organization, parameters.get("Name", ""), parameters.get("Type")
    if kind not in FULL_ACCESS:
        raise AwsError("PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type.")
    content = _checked_content(kind, parameters.get("Content"))
    if any(policy.name == name for policy in organization.policies.values()):
        raise AwsError("DuplicatePolicyException", "A policy with the same name already exists.")
    identifier = f"p-{names.hexadecimal(8, organization.id, name)}"
    arn = organization.arn("policy", f"{kind.lower()}/{identifier}")
    policy = ControlPolicy(identifier, name, arn, parameters.get("Description", ""), content, kind)
    organization.policies[identifier] = policy
    return _shown_policy(state, policy)


def _own_policy(state: State, parameters: dict[str, Any]) -> ControlPolicy:
    policy = _policy(state, parameters.get("PolicyId"))
    if policy.aws_managed:
        raise AwsError("PolicyChangesNotAllowedException", "You can't change an AWS managed policy.")
    return policy


def _update_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    policy = _own_policy(state, parameters)
    if "Content" in parameters:
        policy.content = _checked_content(policy.type, parameters["Content"])
    policy.name = parameters.get("Name", policy.name)
    policy.description = parameters.get("Description", policy.description)
    return _shown_policy(state, policy)


def _delete_policy(state: State, parameters: dict[str, Any]) -> None:
    policy = _own_policy(state, parameters)
    if any(policy.id in attached for attached in state.organization.attachments.values()):
        raise AwsError("PolicyInUseException", "You can't delete a policy that is attached to an entity.")
    del state.organization.policies[policy.id]


def _attach_policy(state: State, parameters: dict[str, Any]) -> None:
    policy, target = _policy(state, parameters.get("PolicyId")), _target(state, parameters.get("TargetId"))
    if policy.type not in state.organization.policy_types:
        raise _not_enabled()
    attached = state.organization.attached(target, policy.type)
    if policy.id in attached:
        raise AwsError("DuplicatePolicyAttachmentException", "The policy is already attached to the target.")
    if len(attached) >= _MAX_ATTACHED[policy.type]:
        raise _constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You have attached too many policies.")
    state.organization.attach(policy.id, target)


def _detach_policy(state: State, parameters: dict[str, Any]) -> None:
    """RCPFullAWSAccess cannot be detached at all; with which error is UNVERIFIED."""
    policy, target = _policy(state, parameters.get("PolicyId")), _target(state, parameters.get("TargetId"))
    attached = state.organization.attached(target, policy.type)
    if policy.id not in attached:
        raise AwsError("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    if len(attached) == 1 or policy.id == FULL_ACCESS[RCP][0]:
        raise _constraint(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You cannot detach the last policy of an entity."
        )
    del state.organization.attachments[target][policy.id]


def _not_enabled() -> AwsError:
    return AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root.")


def _policy_type(state: State, parameters: dict[str, Any]) -> str:
    if parameters.get("RootId") != state.organization.root_id:
        raise _not_found("Root", "a root")
    kind = parameters.get("PolicyType", "")
    if kind not in FULL_ACCESS:
        raise AwsError("PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type.")
    return str(kind)


def _enable_policy_type(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    kind = _policy_type(state, parameters)
    if kind in state.organization.policy_types:
        raise AwsError(
            "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled in the specified root."
        )
    state.organization.enable(kind)
    return {"Root": _shown_root(state)}


def _disable_policy_type(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    kind = _policy_type(state, parameters)
    if kind not in state.organization.policy_types:
        raise _not_enabled()
    state.organization.disable(kind)
    return {"Root": _shown_root(state)}


# Tags


def _tags(state: State, identifier: str | None) -> dict[str, str]:
    organization = state.organization
    for things in (organization.accounts, organization.units, organization.policies):
        if identifier in things:
            return things[identifier].tags
    raise _not_found("Target", "a target")


def _list_tags(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(state, parameters.get("ResourceId"))
    return _page({"NextToken": parameters.get("NextToken")}, "Tags", tags, lambda key: {"Key": key, "Value": tags[key]})


def _tag(state: State, parameters: dict[str, Any]) -> None:
    _tags(state, parameters.get("ResourceId")).update({tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])})


def _untag(state: State, parameters: dict[str, Any]) -> None:
    tags = _tags(state, parameters.get("ResourceId"))
    for key in parameters.get("TagKeys", []):
        tags.pop(key, None)


_OPERATIONS: dict[str, Callable[[State, dict[str, Any]], dict[str, Any] | None]] = {
    "AttachPolicy": _attach_policy,
    "CreateOrganizationalUnit": _create_unit,
    "CreatePolicy": _create_policy,
    "DeletePolicy": _delete_policy,
    "DeregisterDelegatedAdministrator": _deregister_delegate,
    "DescribeAccount": _describe_account,
    "DescribeOrganizationalUnit": _describe_unit,
    "DescribePolicy": _describe_policy,
    "DetachPolicy": _detach_policy,
    "DisableAWSServiceAccess": _disable_service,
    "DisablePolicyType": _disable_policy_type,
    "EnableAWSServiceAccess": _enable_service,
    "EnablePolicyType": _enable_policy_type,
    "ListAWSServiceAccessForOrganization": _list_services,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListChildren": _list_children,
    "ListDelegatedAdministrators": _list_delegates,
    "ListDelegatedServicesForAccount": _list_delegated_services,
    "ListOrganizationalUnitsForParent": _list_units,
    "ListParents": _list_parents,
    "ListPolicies": _list_policies,
    "ListPoliciesForTarget": _list_policies_for_target,
    "ListRoots": _list_roots,
    "ListTagsForResource": _list_tags,
    "ListTargetsForPolicy": _list_targets_for_policy,
    "MoveAccount": _move_account,
    "RegisterDelegatedAdministrator": _register_delegate,
    "TagResource": _tag,
    "UntagResource": _untag,
    "UpdatePolicy": _update_policy,
}
