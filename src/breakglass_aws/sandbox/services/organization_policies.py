# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service control policies and resource control policies of AWS Organizations (aws-facts 2.6)."""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.authorization import validate_service_control_policy
from breakglass_aws.sandbox.authorization.policy import PolicyError
from breakglass_aws.sandbox.authorization.validation import validate_resource_control_policy
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.organization import FULL_ACCESS, RCP, SCP, Account, ControlPolicy
from breakglass_aws.sandbox.services.organizations_shared import constraint, not_found, page, root_summary, unit_kind
from breakglass_aws.sandbox.state import State

# Longest document, and most policies of a target, by type (Organizations User Guide, "Quotas").
_MAX_CONTENT = {SCP: 10240, RCP: 5120}


_MAX_ATTACHED = {SCP: 10, RCP: 5}


def _policy(state: State, identifier: str | None) -> ControlPolicy:
    policy = state.organization.policies.get(identifier or "")
    if policy is None:
        raise not_found("Policy", "a policy")
    return policy


def _target(state: State, identifier: str | None) -> str:
    organization = state.organization
    if identifier in organization.accounts or identifier in organization.units:
        return str(identifier)
    raise not_found("Target", "a target")


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


def list_policies(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    policies = [policy.id for policy in state.organization.policies.values() if policy.type == parameters.get("Filter")]
    return page(parameters, "Policies", policies, lambda one: _summary(state, one))


def describe_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    return _shown_policy(state, _policy(state, parameters.get("PolicyId")))


def list_policies_for_target(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    target = _target(state, parameters.get("TargetId"))
    attached = state.organization.attached(target, parameters.get("Filter", ""))
    return page(parameters, "Policies", attached, lambda one: _summary(state, one))


def list_targets_for_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, policy = state.organization, _policy(state, parameters.get("PolicyId"))

    def shown(target: str) -> dict[str, Any]:
        entity = organization.accounts.get(target) or organization.units[target]
        kind = "ACCOUNT" if isinstance(entity, Account) else unit_kind(state, target)
        return {"TargetId": target, "Arn": entity.arn, "Name": entity.name, "Type": kind}

    targets = [target for target, attached in organization.attachments.items() if policy.id in attached]
    return page(parameters, "Targets", targets, shown)


def _checked_content(kind: str, content: str | None) -> str:
    if content is None or len(content) > _MAX_CONTENT[kind]:
        raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the allowed size of a policy.")
    try:
        if kind == RCP:
            validate_resource_control_policy(content)
        else:
            validate_service_control_policy(content)
    except PolicyError as error:
        raise AwsError(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        ) from error
    return content


def create_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    organization, name, kind = state.organization, parameters.get("Name", ""), parameters.get("Type")
    if kind not in FULL_ACCESS:
        raise AwsError("PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type.")
    content = _checked_content(kind, parameters.get("Content"))
    if any(policy.name == name for policy in organization.policies.values()):
        raise AwsError("DuplicatePolicyException", "A policy with the same name already exists.")
    identifier = f"p-{names.hexadecimal(8, organization.id, name)}"
    arn = organization.arn("policy", f"{kind.lower()}/{identifier}")
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    policy = ControlPolicy(identifier, name, arn, parameters.get("Description", ""), content, kind, tags=tags)
    organization.policies[identifier] = policy
    return _shown_policy(state, policy)


def _own_policy(state: State, parameters: dict[str, Any]) -> ControlPolicy:
    policy = _policy(state, parameters.get("PolicyId"))
    if policy.aws_managed:
        raise AwsError("PolicyChangesNotAllowedException", "You can't change an AWS managed policy.")
    return policy


def update_policy(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    policy = _own_policy(state, parameters)
    if "Content" in parameters:
        policy.content = _checked_content(policy.type, parameters["Content"])
    policy.name = parameters.get("Name", policy.name)
    policy.description = parameters.get("Description", policy.description)
    return _shown_policy(state, policy)


def delete_policy(state: State, parameters: dict[str, Any]) -> None:
    policy = _own_policy(state, parameters)
    if any(policy.id in attached for attached in state.organization.attachments.values()):
        raise AwsError("PolicyInUseException", "You can't delete a policy that is attached to an entity.")
    del state.organization.policies[policy.id]


def attach_policy(state: State, parameters: dict[str, Any]) -> None:
    policy, target = _policy(state, parameters.get("PolicyId")), _target(state, parameters.get("TargetId"))
    if policy.type not in state.organization.policy_types:
        raise _not_enabled()
    attached = state.organization.attached(target, policy.type)
    if policy.id in attached:
        raise AwsError("DuplicatePolicyAttachmentException", "The policy is already attached to the target.")
    if len(attached) >= _MAX_ATTACHED[policy.type]:
        raise constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You have attached too many policies.")
    state.organization.attach(policy.id, target)


def detach_policy(state: State, parameters: dict[str, Any]) -> None:
    """RCPFullAWSAccess cannot be detached at all; with which error is UNVERIFIED."""
    policy, target = _policy(state, parameters.get("PolicyId")), _target(state, parameters.get("TargetId"))
    attached = state.organization.attached(target, policy.type)
    if policy.id not in attached:
        raise AwsError("PolicyNotAttachedException", "The policy isn't attached to the specified target.")
    if len(attached) == 1 or policy.id == FULL_ACCESS[RCP][0]:
        raise constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "You cannot detach the last policy of an entity.")
    del state.organization.attachments[target][policy.id]


def _not_enabled() -> AwsError:
    return AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root.")


def _policy_type(state: State, parameters: dict[str, Any]) -> str:
    if parameters.get("RootId") != state.organization.root_id:
        raise not_found("Root", "a root")
    kind = parameters.get("PolicyType", "")
    if kind not in FULL_ACCESS:
        raise AwsError("PolicyTypeNotAvailableForOrganizationException", "You can't use the specified policy type.")
    return str(kind)


def enable_policy_type(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    kind = _policy_type(state, parameters)
    if kind in state.organization.policy_types:
        raise AwsError(
            "PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled in the specified root."
        )
    state.organization.enable(kind)
    return {"Root": root_summary(state)}


def disable_policy_type(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    kind = _policy_type(state, parameters)
    if kind not in state.organization.policy_types:
        raise _not_enabled()
    state.organization.disable(kind)
    return {"Root": root_summary(state)}
