# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackSets with service-managed permissions: who may operate them, and what describes them (aws-facts 5b, 1)."""

from __future__ import annotations

import re
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.stack_sets import SERVICE, StackSet
from breakglass_aws.sandbox.model.templates import Template, parse
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

INVOKER = "cloudformation.amazonaws.com"


MEMBER_ROLE = "AWSServiceRoleForCloudFormationStackSetsOrgMember"


ADMIN_ROLE = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"


ADMIN_SERVICE = "stacksets.cloudformation.amazonaws.com"


ACCOUNT_STATES = ("ACTIVE", "PENDING_CLOSURE")


def invalid_stack_set(text: str) -> AwsError:
    return AwsError("ValidationError", text)


def check_caller(state: State, request: Request) -> None:
    """Who may operate service-managed StackSets; the texts are those of public bug reports."""
    organization, account = state.organization, request.caller.account
    if request.parameters.get("CallAs", "SELF") == "DELEGATED_ADMIN":
        if not organization.is_delegate(account, SERVICE):
            raise invalid_stack_set("Account used is not a delegated administrator")
    elif account != organization.management_account:
        raise invalid_stack_set(
            "You must be the management account or delegated admin account of an organization before operating a "
            "SERVICE_MANAGED stack set"
        )


def check_access(state: State, request: Request) -> None:
    check_caller(state, request)
    if SERVICE not in state.organization.trusted_access:
        raise invalid_stack_set("You must enable organizations access to operate a service managed stack set")


def create_stack_set(state: State, request: Request) -> dict[str, Any]:
    given, name = request.parameters, request.parameters["StackSetName"]
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]{0,127}", name):
        raise invalid_stack_set(
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if given.get("PermissionModel", "SELF_MANAGED") != "SERVICE_MANAGED":
        raise not_implemented("cloudformation", "StackSets with self-managed permissions")
    check_access(state, request)
    existing = state.stack_sets.find(request.region, name)
    if existing is not None:
        if given.get("ClientRequestToken") and existing.request_token == given["ClientRequestToken"]:
            return {"StackSetId": existing.id}
        raise AwsError("NameAlreadyExistsException", f"StackSet {name} already exists", 409)
    body = template_body(given)
    template, parameters = parse(body), parameter_pairs(given.get("Parameters"))
    check_template(template, parameters, given.get("Capabilities", []))
    identifier = f"{name}:{names.uuid()}"
    management = state.organization.management_account
    state.stack_sets.add(
        StackSet(
            id=identifier,
            arn=f"arn:{state.partition}:cloudformation:{request.region}:{management}:stackset/{identifier}",
            region=request.region,
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


def template_body(given: dict[str, Any]) -> str:
    if "TemplateURL" in given:
        raise not_implemented("cloudformation", "templates from a URL")
    if not given.get("TemplateBody"):
        raise invalid_stack_set("Either Template URL or Template Body must be specified.")
    return str(given["TemplateBody"])


def parameter_pairs(parameters: list[dict[str, Any]] | None) -> dict[str, str]:
    return {
        one["ParameterKey"]: one["ParameterValue"]
        for one in parameters or []
        if "ParameterKey" in one and "ParameterValue" in one
    }


def check_template(template: Template, parameters: dict[str, str], capabilities: list[str]) -> None:
    unknown = sorted(parameters.keys() - template.parameters.keys())
    if unknown:
        raise invalid_stack_set(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, value in template.values(parameters).items() if value is None]
    if missing:
        raise invalid_stack_set(f"Parameters: [{', '.join(missing)}] must have values")
    enough = {"CAPABILITY_NAMED_IAM", template.capability}
    if template.capability and not enough & set(capabilities):
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{template.capability}]")


def find_stack_set(state: State, request: Request) -> StackSet:
    check_caller(state, request)
    name = request.parameters["StackSetName"]
    found = state.stack_sets.find(request.region, name)
    if found is None:
        raise AwsError("StackSetNotFoundException", f"StackSet {name} not found", 404)
    return found


def describe_stack_set(state: State, request: Request) -> dict[str, Any]:
    one = find_stack_set(state, request)
    return {
        "StackSet": {
            "StackSetName": one.name,
            "StackSetId": one.id,
            "StackSetARN": one.arn,
            "Description": one.description,
            "Status": one.status,
            "TemplateBody": one.body,
            "Parameters": parameter_list(one.parameters),
            "Capabilities": one.capabilities,
            "Tags": one.tags,
            "AutoDeployment": one.auto_deployment,
            "ManagedExecution": one.managed_execution,
            "PermissionModel": "SERVICE_MANAGED",
            "OrganizationalUnitIds": list(one.units),
            "Regions": sorted({region for _, region in one.instances}),
        }
    }


def parameter_list(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def list_stack_sets(state: State, request: Request) -> dict[str, Any]:
    check_caller(state, request)
    wanted = request.parameters.get("Status")
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
        for one in state.stack_sets.in_region(request.region)
        if wanted in (None, one.status)
    ]
    return inputs.page(request.parameters, "Summaries", summaries, "ValidationError")


def delete_stack_set(state: State, request: Request) -> dict[str, Any]:
    """A StackSet that is not there is as good as deleted ([B]: the operation knows no StackSetNotFoundException)."""
    check_access(state, request)
    found = state.stack_sets.find(request.region, request.parameters["StackSetName"])
    if found is not None and found.status == "ACTIVE":
        check_idle(found)
        if found.instances:
            raise AwsError("StackSetNotEmptyException", "StackSet is not empty", 409)
        found.status = "DELETED"
    return {}


def check_idle(stack_set: StackSet) -> None:
    running = stack_set.running()
    if running is not None:
        raise AwsError(
            "OperationInProgressException",
            f"Another Operation on StackSet {stack_set.arn} is in progress: {running.id}",
            409,
        )
