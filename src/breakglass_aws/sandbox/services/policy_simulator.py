# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iam:SimulateCustomPolicy: the sandbox's own policy evaluation, asked about policies that are given.

IAM API Reference, SimulateCustomPolicy. The simulated caller is a user of the caller's account, or CallerArn; condition
keys are those in ContextEntries. That these win over what the simulator knows of the caller is presumed.
"""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox.authorization import (
    Decision,
    Policies,
    PolicyError,
    Principal,
    Reason,
    Request,
    Source,
    evaluate,
    parse,
)
from breakglass_aws.sandbox.authorization.conditions import Condition, NullCondition
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire import messages

_MOST_RESULTS = 1000
_TYPES = {
    Source.IDENTITY: "IAM Policy",
    Source.SCP: "Organizations SCP",
    Source.RESOURCE: "Resource Policy",
    Source.BOUNDARY: "Permissions Boundary",
}
_DECISIONS = {
    Reason.ALLOWED: "allowed",
    Reason.EXPLICIT_DENY: "explicitDeny",
    Reason.IMPLICIT_DENY: "implicitDeny",
}


def simulate_custom_policy(state: State, request: messages.Request) -> dict[str, Any]:
    """The decision for each action on each resource."""
    given = request.parameters
    policies = _policies(given)
    account = request.caller.account
    arn = given.get("CallerArn") or f"arn:{state.partition}:iam::{account}:user/simulated"
    caller = Principal(arn.split(":")[4], arn, "user", "AIDASIMULATED")
    context = {one["ContextKeyName"]: list(one["ContextKeyValues"]) for one in given.get("ContextEntries") or []}
    asked = [(action, resource) for action in given["ActionNames"] for resource in given.get("ResourceArns") or ["*"]]
    start = int(given.get("Marker") or 0)
    end = start + int(given.get("MaxItems") or _MOST_RESULTS)
    found = [
        _result(action, resource, evaluate(Request(caller, action, resource, account, context), policies), policies)
        | {"MissingContextValues": _missing(policies, context)}
        for action, resource in asked[start:end]
    ]
    more = len(asked) > end
    return {"EvaluationResults": found, "IsTruncated": more, **({"Marker": str(end)} if more else {})}


def _policies(given: dict[str, Any]) -> Policies:
    levels = given.get("OrderedOrganizationPolicyInputList")
    try:
        return Policies(
            identity=[parse(one) for one in given["PolicyInputList"]],
            boundary=next(map(parse, given.get("PermissionsBoundaryPolicyInputList") or []), None),
            resource=parse(given["ResourcePolicy"]) if given.get("ResourcePolicy") else None,
            scps=None
            if levels is None
            else [[parse(one) for one in level.get("ServiceControlPolicyInputList") or []] for level in levels],
        )
    except PolicyError as error:
        raise AwsError("InvalidInput", str(error)) from error


def _result(action: str, resource: str, decision: Decision, policies: Policies) -> dict[str, Any]:
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _DECISIONS[decision.reason],
        "MatchedStatements": [
            {
                "SourcePolicyId": f"PolicyInputList.{one.document + 1}",
                "SourcePolicyType": _TYPES.get(one.source),
            }
            for one in decision.statements
        ],
    }
    if policies.scps is not None:
        denied = not decision.allowed and decision.source is Source.SCP
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": not denied}
    return result


def _missing(policies: Policies, context: dict[str, Any]) -> list[str]:
    """The condition keys that the policies ask for and that were not given."""
    listed = [*policies.identity, *(one for level in policies.scps or () for one in level)]
    keys = {
        condition.key
        for document in (*listed, policies.boundary, policies.resource)
        if document is not None
        for statement in parse(document).statements
        for condition in statement.conditions
        if isinstance(condition, Condition | NullCondition)
    }
    return sorted(keys - {name.lower() for name in context})
