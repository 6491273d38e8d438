"""CloudFormation: StackSets with service-managed permissions (aws-facts 5b, 1).

They belong to the management account, which operates them itself (CallAs SELF) or through a delegated administrator
(CallAs DELEGATED_ADMIN). In each member account StackSets' service-linked role makes a role `stacksets-exec-*`, and as
that role it makes what the template says, bound by the account's SCPs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sandbox import names
from sandbox.errors import AwsError, not_implemented
from sandbox.model import stack_sets
from sandbox.model.stack_sets import Instance, Operation, Result, Stack, StackSet
from sandbox.model.templates import Template, parse
from sandbox.services import inputs, stacks
from sandbox.services.service_linked import Iam, service_linked, session_of, trust
from sandbox.state import State, now
from sandbox.wire.protocol import Call

SERVICE = stack_sets.SERVICE
_INVOKER = "cloudformation.amazonaws.com"
_MEMBER_ROLE = "AWSServiceRoleForCloudFormationStackSetsOrgMember"
_ADMIN_ROLE = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
_ADMIN_SERVICE = "stacksets.cloudformation.amazonaws.com"
_ACCOUNT_STATES = ("ACTIVE", "PENDING_CLOSURE")


def handle(state: State, call: Call) -> dict[str, Any] | None:
    operation = _OPERATIONS.get(call.operation)
    if operation is None:
        raise not_implemented("cloudformation", call.operation)
    inputs.require(call, "ValidationError")
    return operation(state, call)


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text)


# Trusted access


def _activate(state: State, call: Call) -> None:
    _require_management(state, call)
    state.organization.trusted_access.setdefault(SERVICE, now())
    service_linked(
        state,
        state.organization.management_account,
        _ADMIN_SERVICE,
        _ADMIN_ROLE,
        "CloudFormationStackSetsOrgAdminServiceRolePolicy",
    )


def _deactivate(state: State, call: Call) -> None:
    _require_management(state, call)
    if state.organization.delegations.get(SERVICE):
        raise AwsError(
            "InvalidOperationException",
            "You have delegated administrators for StackSets. Deregister them before you deactivate trusted access.",
        )
    state.organization.trusted_access.pop(SERVICE, None)


def _describe_access(state: State, call: Call) -> dict[str, Any]:
    _check_caller(state, call)
    return {"Status": "ENABLED" if SERVICE in state.organization.trusted_access else "DISABLED"}


def _require_management(state: State, call: Call) -> None:
    if call.who.account != state.organization.management_account:
        raise AwsError(
            "InvalidOperationException", "Only the management account of an organization can manage trusted access."
        )


def _check_caller(state: State, call: Call) -> None:
    """Who may operate service-managed StackSets; the texts are those of public bug reports."""
    organization, account = state.organization, call.who.account
    if call.parameters.get("CallAs", "SELF") == "DELEGATED_ADMIN":
        if not organization.is_delegate(account, SERVICE):
            raise _invalid("Account used is not a delegated administrator")
    elif account != organization.management_account:
        raise _invalid(
            "You must be the management account or delegated admin account of an organization before operating a "
            "SERVICE_MANAGED stack set"
        )


def _check_access(state: State, call: Call) -> None:
    _check_caller(state, call)
    if SERVICE not in state.organization.trusted_access:
        raise _invalid("You must enable organizations access to operate a service managed stack set")


# StackSets


def _create(state: State, call: Call) -> dict[str, Any]:
    given, name = call.parameters, call.parameters["StackSetName"]
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,127}", name):
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if given.get("PermissionModel", "SELF_MANAGED") != "SERVICE_MANAGED":
        raise not_implemented("cloudformation", "StackSets with self-managed permissions")
    _check_access(state, call)
    existing = state.stack_sets.find(call.region, name)
    if existing is not None:
        if given.get("ClientRequestToken") and existing.request_token == given["ClientRequestToken"]:
            return {"StackSetId": existing.id}
        raise AwsError("NameAlreadyExistsException", f"StackSet {name} already exists", 409)
    body = _body(given)
    template, parameters = parse(body), _pairs(given.get("Parameters"))
    _check_template(template, parameters, given.get("Capabilities", []))
    identifier = f"{name}:{names.uuid()}"
    management = state.organization.management_account
    state.stack_sets.add(
        StackSet(
            id=identifier,
            arn=f"arn:{state.partition}:cloudformation:{call.region}:{management}:stackset/{identifier}",
            region=call.region,
            name=name,
            description=given.get("Description") or template.description,
            body=body,
            template=template,
            parameters=parameters,
            capabilities=given.get("Capabilities", []),
            tags=given.get("Tags", []),
            auto_deployment=given.get("AutoDeployment", {"Enabled": False}),
            managed_execution=given.get("ManagedExecution", {"Active": False}),
            request_token=given.get("ClientRequestToken"),
        )
    )
    return {"StackSetId": identifier}


def _body(given: dict[str, Any]) -> str:
    if "TemplateURL" in given:
        raise not_implemented("cloudformation", "templates from a URL")
    if not given.get("TemplateBody"):
        raise _invalid("Either Template URL or Template Body must be specified.")
    return str(given["TemplateBody"])


def _pairs(parameters: list[dict[str, Any]] | None) -> dict[str, str]:
    return {
        one["ParameterKey"]: one["ParameterValue"]
        for one in parameters or []
        if "ParameterKey" in one and "ParameterValue" in one
    }


def _check_template(template: Template, parameters: dict[str, str], capabilities: list[str]) -> None:
    unknown = sorted(parameters.keys() - template.parameters.keys())
    if unknown:
        raise _invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, value in template.values(parameters).items() if value is None]
    if missing:
        raise _invalid(f"Parameters: [{', '.join(missing)}] must have values")
    enough = {"CAPABILITY_NAMED_IAM", template.capability}
    if template.capability and not enough & set(capabilities):
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{template.capability}]")


def _find(state: State, call: Call) -> StackSet:
    _check_caller(state, call)
    name = call.parameters["StackSetName"]
    found = state.stack_sets.find(call.region, name)
    if found is None:
        raise AwsError("StackSetNotFoundException", f"StackSet {name} not found", 404)
    return found


def _describe(state: State, call: Call) -> dict[str, Any]:
    one = _find(state, call)
    return {
        "StackSet": {
            "StackSetName": one.name,
            "StackSetId": one.id,
            "StackSetARN": one.arn,
            "Description": one.description,
            "Status": one.status,
            "TemplateBody": one.body,
            "Parameters": _parameters(one.parameters),
            "Capabilities": one.capabilities,
            "Tags": one.tags,
            "AutoDeployment": one.auto_deployment,
            "ManagedExecution": one.managed_execution,
            "PermissionModel": "SERVICE_MANAGED",
            "OrganizationalUnitIds": list(one.units),
            "Regions": sorted({region for _, region in one.instances}),
        }
    }


def _parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _list(state: State, call: Call) -> dict[str, Any]:
    _check_caller(state, call)
    wanted = call.parameters.get("Status")
    summaries = [
        {
            "StackSetName": one.name,
            "StackSetId": one.id,
            "Description": one.description,
            "Status": one.status,
            "AutoDeployment": one.auto_deployment,
            "ManagedExecution": one.managed_execution,
            "PermissionModel": "SERVICE_MANAGED",
            "DriftStatus": "NOT_CHECKED",
        }
        for one in state.stack_sets.in_region(call.region)
        if wanted in (None, one.status)
    ]
    return inputs.page(call.parameters, "Summaries", summaries, "ValidationError")


def _delete(state: State, call: Call) -> dict[str, Any]:
    """A StackSet that is not there is as good as deleted ([B]: the operation knows no StackSetNotFoundException)."""
    _check_access(state, call)
    found = state.stack_sets.find(call.region, call.parameters["StackSetName"])
    if found is not None and found.status == "ACTIVE":
        _check_idle(found)
        if found.instances:
            raise AwsError("StackSetNotEmptyException", "StackSet is not empty", 409)
        found.status = "DELETED"
    return {}


# Operations


def _check_idle(stack_set: StackSet) -> None:
    running = stack_set.running()
    if running is not None:
        raise AwsError(
            "OperationInProgressException",
            f"Another Operation on StackSet {stack_set.arn} is in progress: {running.id}",
            409,
        )


def _start(
    state: State,
    call: Call,
    stack_set: StackSet,
    action: str,
    instances: list[Instance],
    work: Callable[[Instance], None],
    *,
    retain: bool | None = None,
) -> dict[str, Any]:
    """Begin an operation; it is carried out when its time is over, and until then shows as RUNNING."""
    _check_idle(stack_set)
    given = call.parameters
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
        elif account is None or account.state not in _ACCOUNT_STATES:
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


def _describe_operation(state: State, call: Call) -> dict[str, Any]:
    stack_set = _find(state, call)
    one = _operation(stack_set, call)
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


def _operation(stack_set: StackSet, call: Call) -> Operation:
    identifier = call.parameters["OperationId"]
    found = stack_set.operations.get(identifier)
    if found is None:
        raise AwsError(
            "OperationNotFoundException", f"Operation {identifier} not found for StackSet {stack_set.id}", 404
        )
    return found


def _list_operations(state: State, call: Call) -> dict[str, Any]:
    summaries = [
        {
            "OperationId": one.id,
            "Action": one.action,
            "Status": one.status,
            "CreationTimestamp": one.created,
            "EndTimestamp": one.ended,
            "OperationPreferences": one.preferences,
        }
        for one in reversed(_find(state, call).operations.values())
    ]
    return inputs.page(call.parameters, "Summaries", summaries, "ValidationError")


def _list_results(state: State, call: Call) -> dict[str, Any]:
    summaries = [
        {
            "Account": one.account,
            "Region": one.region,
            "Status": one.status,
            "StatusReason": one.reason,
            "OrganizationalUnitId": one.unit,
        }
        for one in _operation(_find(state, call), call).results
    ]
    return inputs.page(call.parameters, "Summaries", summaries, "ValidationError")


# Stack instances


def _targets(state: State, call: Call) -> dict[str, str]:
    """The accounts of DeploymentTargets, each with the root or OU it was reached by; never the management account."""
    organization, given = state.organization, call.parameters.get("DeploymentTargets")
    if call.parameters.get("Accounts") or given is None:
        raise _invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    if "AccountsUrl" in given:
        raise not_implemented("cloudformation", "DeploymentTargets with AccountsUrl")
    units, accounts = given.get("OrganizationalUnitIds") or [], given.get("Accounts") or []
    kind = given.get("AccountFilterType", "NONE")
    if not units:
        raise _invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
    if accounts and kind == "NONE":
        raise _invalid(
            "AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are provided"
        )
    found: dict[str, str] = {}
    for unit in units:
        if unit not in organization.units:
            raise _invalid(f"Organizational unit {unit} not found")
        for account in _below(state, unit):
            found.setdefault(account, unit)
    if kind == "INTERSECTION":
        found = {account: unit for account, unit in found.items() if account in accounts}
    elif kind == "DIFFERENCE":
        found = {account: unit for account, unit in found.items() if account not in accounts}
    elif kind == "UNION":
        for account in accounts:
            if account not in organization.accounts:
                raise _invalid(f"Account {account} is not a member of the organization")
            found.setdefault(account, organization.accounts[account].parent)
    found.pop(organization.management_account, None)
    return found


def _below(state: State, unit: str) -> list[str]:
    found = list(state.organization.units[unit].accounts)
    for child in state.organization.units[unit].units:
        found.extend(_below(state, child))
    return found


def _create_instances(state: State, call: Call) -> dict[str, Any]:
    """New instances; those that are there already are brought to the template again, which changes nothing."""
    _check_access(state, call)
    stack_set, given = _active(state, call), call.parameters
    overrides = _pairs(given.get("ParameterOverrides"))
    _check_template(stack_set.template, {**stack_set.parameters, **overrides}, stack_set.capabilities)
    targets = _targets(state, call)
    _check_idle(stack_set)
    instances = []
    for region in _regions(given):
        for account, unit in targets.items():
            instance = stack_set.instances.setdefault((account, region), Instance(account, region, unit))
            instance.overrides |= overrides
            instances.append(instance)
    stack_set.units |= dict.fromkeys(given["DeploymentTargets"]["OrganizationalUnitIds"])
    return _start(state, call, stack_set, "CREATE", instances, lambda one: _deploy(state, stack_set, one))


def _active(state: State, call: Call) -> StackSet:
    found = _find(state, call)
    if found.status != "ACTIVE":
        raise AwsError("StackSetNotFoundException", f"StackSet {call.parameters['StackSetName']} not found", 404)
    return found


def _regions(given: dict[str, Any]) -> list[str]:
    """In the order they are worked through: RegionOrder first, where it is given."""
    regions = list(dict.fromkeys(given["Regions"]))
    wrong = [region for region in regions if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region)]
    if wrong or not regions:
        raise _invalid(f"Regions [{', '.join(wrong)}] are not valid" if wrong else "Regions must not be empty")
    order = given.get("OperationPreferences", {}).get("RegionOrder") or []
    return sorted(regions, key=lambda region: order.index(region) if region in order else len(order))


def _deploy(state: State, stack_set: StackSet, instance: Instance) -> None:
    """Bring an instance's stack to the template. The instance stays OUTDATED when that fails."""
    iam = _executor(state, instance.account)
    stack = instance.stack or _new_stack(state, stack_set, instance)
    values = stack_set.template.values({**stack_set.parameters, **instance.overrides})
    instance.status = "OUTDATED"
    stacks.bring(iam, instance.region, stack, stack_set.template, values)
    instance.stack = stack


def _new_stack(state: State, stack_set: StackSet, instance: Instance) -> Stack:
    name = f"StackSet-{stack_set.name}-{names.uuid()}"
    prefix = f"arn:{state.partition}:cloudformation:{instance.region}:{instance.account}:stack"
    return Stack(f"{prefix}/{name}/{names.uuid()}", name)


def _executor(state: State, account: str) -> Iam:
    """IAM as `stacksets-exec-*` of a member account; StackSets makes that role where it has not worked before."""
    backend = state.iam(account)
    name = f"stacksets-exec-{names.hexadecimal(32, state.organization.id, account)}"
    role = next((role for role in backend.roles.values() if role.name == name), None)
    if role is None:
        member = Iam(
            state,
            service_linked(state, account, SERVICE, _MEMBER_ROLE, "CloudFormationStackSetsOrgMemberServiceRolePolicy"),
            _INVOKER,
        )
        administrator = (
            f"arn:{state.partition}:iam::{state.organization.management_account}:role/aws-service-role/"
            f"{_ADMIN_SERVICE}/{_ADMIN_ROLE}"
        )
        member("CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("AWS", administrator)))
        member(
            "AttachRolePolicy", RoleName=name, PolicyArn=f"arn:{state.partition}:iam::aws:policy/AdministratorAccess"
        )
        role = backend.get_role(name)
    return Iam(state, session_of(account, role, names.hexadecimal(32, names.uuid())), _INVOKER)


def _delete_instances(state: State, call: Call) -> dict[str, Any]:
    _check_access(state, call)
    stack_set, retain = _active(state, call), bool(call.parameters["RetainStacks"])
    targets = _targets(state, call)
    wanted = [(account, region) for region in _regions(call.parameters) for account in targets]
    instances = [stack_set.instances[key] for key in wanted if key in stack_set.instances]

    def remove(instance: Instance) -> None:
        if not retain and instance.stack is not None:
            try:
                stacks.remove(_executor(state, instance.account), instance.stack)
            except stacks.StackFailed:
                instance.status = "INOPERABLE"
                raise
        stack_set.instances.pop((instance.account, instance.region), None)

    return _start(state, call, stack_set, "DELETE", instances, remove, retain=retain)


def forget(state: State, account: str) -> None:
    """An account has left the organization: its instances go (aws-facts 5c, 7).

    With automatic deployment their stacks go too, unless they are to be retained. Without it StackSets starts nothing
    by itself, so the stacks are left where they are (UNVERIFIED).
    """
    for stack_set in state.stack_sets:
        automatic = stack_set.auto_deployment
        deletes = automatic.get("Enabled", False) and not automatic.get("RetainStacksOnAccountRemoval", False)
        for key in [key for key in stack_set.instances if key[0] == account]:
            stack = stack_set.instances.pop(key).stack
            if deletes and stack is not None:
                # What cannot be deleted stays: there is no operation that could tell.
                with suppress(stacks.StackFailed):
                    stacks.remove(_executor(state, account), stack)


def _update(state: State, call: Call) -> dict[str, Any]:
    """A new template or parameters, brought to all instances."""
    _check_access(state, call)
    stack_set, given = _active(state, call), call.parameters
    _check_idle(stack_set)
    body = stack_set.body if given.get("UsePreviousTemplate") else _body(given)
    template = parse(body)
    kept = {one.get("ParameterKey") for one in given.get("Parameters", []) if one.get("UsePreviousValue")}
    parameters = {key: value for key, value in stack_set.parameters.items() if key in kept}
    parameters |= _pairs(given.get("Parameters"))
    capabilities = given.get("Capabilities", [])
    _check_template(template, parameters, capabilities)
    stack_set.body, stack_set.template, stack_set.parameters = body, template, parameters
    stack_set.capabilities = capabilities
    stack_set.description = given.get("Description", stack_set.description)
    stack_set.tags = given.get("Tags", stack_set.tags)
    stack_set.auto_deployment = given.get("AutoDeployment", stack_set.auto_deployment)
    stack_set.managed_execution = given.get("ManagedExecution", stack_set.managed_execution)
    instances = list(stack_set.instances.values())
    return _start(state, call, stack_set, "UPDATE", instances, lambda one: _deploy(state, stack_set, one))


def _shown_instance(stack_set: StackSet, one: Instance) -> dict[str, Any]:
    return {
        "StackSetId": stack_set.id,
        "Region": one.region,
        "Account": one.account,
        "StackId": one.stack.id if one.stack else None,
        "Status": one.status,
        "StackInstanceStatus": {"DetailedStatus": one.detail},
        "StatusReason": one.reason,
        "OrganizationalUnitId": one.unit,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": one.operation,
    }


def _list_instances(state: State, call: Call) -> dict[str, Any]:
    stack_set, given = _find(state, call), call.parameters
    filters = {one.get("Name"): one.get("Values") for one in given.get("Filters", [])}
    summaries = [
        _shown_instance(stack_set, one)
        for one in stack_set.instances.values()
        if given.get("StackInstanceAccount") in (None, one.account)
        and given.get("StackInstanceRegion") in (None, one.region)
        and filters.get("DETAILED_STATUS") in (None, one.detail)
        and filters.get("LAST_OPERATION_ID") in (None, one.operation)
    ]
    return inputs.page(given, "Summaries", summaries, "ValidationError")


def _describe_instance(state: State, call: Call) -> dict[str, Any]:
    stack_set, given = _find(state, call), call.parameters
    one = stack_set.instances.get((given["StackInstanceAccount"], given["StackInstanceRegion"]))
    if one is None:
        raise AwsError(
            "StackInstanceNotFoundException",
            f"Stack instance for StackSet {stack_set.id}, account {given['StackInstanceAccount']} and Region "
            f"{given['StackInstanceRegion']} not found",
            404,
        )
    shown = _shown_instance(stack_set, one) | {"ParameterOverrides": _parameters(one.overrides)}
    return {"StackInstance": shown}


_OPERATIONS: dict[str, Callable[[State, Call], dict[str, Any] | None]] = {
    "ActivateOrganizationsAccess": _activate,
    "CreateStackInstances": _create_instances,
    "CreateStackSet": _create,
    "DeactivateOrganizationsAccess": _deactivate,
    "DeleteStackInstances": _delete_instances,
    "DeleteStackSet": _delete,
    "DescribeOrganizationsAccess": _describe_access,
    "DescribeStackInstance": _describe_instance,
    "DescribeStackSet": _describe,
    "DescribeStackSetOperation": _describe_operation,
    "ListStackInstances": _list_instances,
    "ListStackSetOperationResults": _list_results,
    "ListStackSetOperations": _list_operations,
    "ListStackSets": _list,
    "UpdateStackSet": _update,
}
