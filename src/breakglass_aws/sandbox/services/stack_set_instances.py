# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stack instances: which accounts and Regions a StackSet reaches, and what it makes there (aws-facts 5b, 1)."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.stack_sets import SERVICE, Instance, Stack, StackSet
from breakglass_aws.sandbox.model.templates import parse
from breakglass_aws.sandbox.services import inputs, stacks
from breakglass_aws.sandbox.services.service_linked import Iam, service_linked, session_of, trust
from breakglass_aws.sandbox.services.stack_set_operations import start_operation
from breakglass_aws.sandbox.services.stack_sets import (
    ADMIN_ROLE,
    ADMIN_SERVICE,
    INVOKER,
    MEMBER_ROLE,
    check_access,
    check_idle,
    check_template,
    find_stack_set,
    invalid_stack_set,
    parameter_list,
    parameter_pairs,
    template_body,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def _targets(state: State, request: Request) -> dict[str, str]:
    """The accounts of DeploymentTargets, each with the root or OU it was reached by; never the management account."""
    organization, given = state.organization, request.parameters.get("DeploymentTargets")
    if request.parameters.get("Accounts") or given is None:
        raise invalid_stack_set(
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target"
        )
    if "AccountsUrl" in given:
        raise not_implemented("cloudformation", "DeploymentTargets with AccountsUrl")
    units, accounts = given.get("OrganizationalUnitIds") or [], given.get("Accounts") or []
    kind = given.get("AccountFilterType", "NONE")
    if not units:
        raise invalid_stack_set(
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target"
        )
    if accounts and kind == "NONE":
        raise invalid_stack_set(
            "AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are provided"
        )
    found: dict[str, str] = {}
    for unit in units:
        if unit not in organization.units:
            raise invalid_stack_set(f"Organizational unit {unit} not found")
        for account in _below(state, unit):
            found.setdefault(account, unit)
    if kind == "INTERSECTION":
        found = {account: unit for account, unit in found.items() if account in accounts}
    elif kind == "DIFFERENCE":
        found = {account: unit for account, unit in found.items() if account not in accounts}
    elif kind == "UNION":
        for account in accounts:
            if account not in organization.accounts:
                raise invalid_stack_set(f"Account {account} is not a member of the organization")
            found.setdefault(account, organization.accounts[account].parent)
    found.pop(organization.management_account, None)
    return found


def _below(state: State, unit: str) -> list[str]:
    found = list(state.organization.units[unit].accounts)
    for child in state.organization.units[unit].units:
        found.extend(_below(state, child))
    return found


def create_instances(state: State, request: Request) -> dict[str, Any]:
    """New instances; those that are there already are brought to the template again, which changes nothing."""
    check_access(state, request)
    stack_set, given = _active(state, request), request.parameters
    overrides = parameter_pairs(given.get("ParameterOverrides"))
    check_template(stack_set.template, {**stack_set.parameters, **overrides}, stack_set.capabilities)
    targets = _targets(state, request)
    check_idle(stack_set)
    instances = []
    for region in _regions(given):
        for account, unit in targets.items():
            instance = stack_set.instances.setdefault((account, region), Instance(account, region, unit))
            instance.overrides |= overrides
            instances.append(instance)
    stack_set.units |= dict.fromkeys(given["DeploymentTargets"]["OrganizationalUnitIds"])
    return start_operation(state, request, stack_set, "CREATE", instances, lambda one: _deploy(state, stack_set, one))


def _active(state: State, request: Request) -> StackSet:
    found = find_stack_set(state, request)
    if found.status != "ACTIVE":
        raise AwsError("StackSetNotFoundException", f"StackSet {request.parameters['StackSetName']} not found", 404)
    return found


def _regions(given: dict[str, Any]) -> list[str]:
    """In the order they are worked through: RegionOrder first, where it is given."""
    regions = list(dict.fromkeys(given["Regions"]))
    wrong = [region for region in regions if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region)]
    if wrong or not regions:
        raise invalid_stack_set(f"Regions [{', '.join(wrong)}] are not valid" if wrong else "Regions must not be empty")
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
            service_linked(state, account, SERVICE, MEMBER_ROLE, "CloudFormationStackSetsOrgMemberServiceRolePolicy"),
            INVOKER,
        )
        administrator = (
            f"arn:{state.partition}:iam::{state.organization.management_account}:role/aws-service-role/"
            f"{ADMIN_SERVICE}/{ADMIN_ROLE}"
        )
        member("CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("AWS", administrator)))
        member(
            "AttachRolePolicy", RoleName=name, PolicyArn=f"arn:{state.partition}:iam::aws:policy/AdministratorAccess"
        )
        role = backend.get_role(name)
    return Iam(state, session_of(account, role, names.hexadecimal(32, names.uuid())), INVOKER)


def delete_instances(state: State, request: Request) -> dict[str, Any]:
    check_access(state, request)
    stack_set, retain = _active(state, request), bool(request.parameters["RetainStacks"])
    targets = _targets(state, request)
    wanted = [(account, region) for region in _regions(request.parameters) for account in targets]
    instances = [stack_set.instances[key] for key in wanted if key in stack_set.instances]

    def remove(instance: Instance) -> None:
        if not retain and instance.stack is not None:
            try:
                stacks.remove(_executor(state, instance.account), instance.stack)
            except stacks.StackFailed:
                instance.status = "INOPERABLE"
                raise
        stack_set.instances.pop((instance.account, instance.region), None)

    return start_operation(state, request, stack_set, "DELETE", instances, remove, retain=retain)


def forget_account(state: State, account: str) -> None:
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


def update_stack_set(state: State, request: Request) -> dict[str, Any]:
    """A new template or parameters, brought to all instances."""
    check_access(state, request)
    stack_set, given = _active(state, request), request.parameters
    check_idle(stack_set)
    body = stack_set.body if given.get("UsePreviousTemplate") else template_body(given)
    template = parse(body)
    kept = {one.get("ParameterKey") for one in given.get("Parameters", []) if one.get("UsePreviousValue")}
    parameters = {key: value for key, value in stack_set.parameters.items() if key in kept}
    parameters |= parameter_pairs(given.get("Parameters"))
    capabilities = given.get("Capabilities", [])
    check_template(template, parameters, capabilities)
    stack_set.body, stack_set.template, stack_set.parameters = body, template, parameters
    stack_set.capabilities = capabilities
    stack_set.description = given.get("Description", stack_set.description)
    stack_set.tags = given.get("Tags", stack_set.tags)
    stack_set.auto_deployment = given.get("AutoDeployment", stack_set.auto_deployment)
    stack_set.managed_execution = given.get("ManagedExecution", stack_set.managed_execution)
    instances = list(stack_set.instances.values())
    return start_operation(state, request, stack_set, "UPDATE", instances, lambda one: _deploy(state, stack_set, one))


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


def list_instances(state: State, request: Request) -> dict[str, Any]:
    stack_set, given = find_stack_set(state, request), request.parameters
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


def describe_instance(state: State, request: Request) -> dict[str, Any]:
    stack_set, given = find_stack_set(state, request), request.parameters
    one = stack_set.instances.get((given["StackInstanceAccount"], given["StackInstanceRegion"]))
    if one is None:
        raise AwsError(
            "StackInstanceNotFoundException",
            f"Stack instance for StackSet {stack_set.id}, account {given['StackInstanceAccount']} and Region "
            f"{given['StackInstanceRegion']} not found",
            404,
        )
    shown = _shown_instance(stack_set, one) | {"ParameterOverrides": parameter_list(one.overrides)}
    return {"StackInstance": shown}
