# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why AWS denied AssumeRoot, or a call of a root session: found by reading the organization and its policies."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Attempts
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import TURN_ON
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, Unreachable, error_code
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    RCP,
    SCP,
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import (
    MANAGEMENT_ACCOUNT_IS_NO_TARGET,
    caller_is_neither,
)

if t.TYPE_CHECKING:
    from botocore import exceptions as aws


def explain_assume_root_denial(
    error: aws.ClientError,
    account_id: str,
    task: v.Task,
    caller: Caller,
    organization: Organization,
    policies: ServiceControlPolicies,
) -> Unreachable:
    """Why AWS denied AssumeRoot, from the organization and its policies.

    "User ... is not authorized to perform: sts:AssumeRoot on resource: ..." is AWS's text for at least six
    situations. Facts are read one by one, the most certain first; those that cannot be read are named at the end.
    Service control policies over the target are no cause: AssumeRoot is the caller's call, and they apply to what the
    session then does.
    """
    code = error_code(error)
    message = error.response["Error"].get("Message", "").rstrip(".")
    attempts = Attempts()

    def because(cause: str, fix: str) -> Unreachable:
        return Unreachable(f"No root session for account {account_id}: {cause} (AWS: {message}).", fix, code)

    switches = attempts.read(organization.switches, "the organization's features")
    message_says_off = message.startswith("Service not enabled") or "feature is not enabled" in message
    if message_says_off and switches and switches.features.get(task.feature):
        return because("a change has not reached STS yet: IAM shows all switches on", _STS_FOLLOWS)
    if message.startswith("Service not enabled") or (switches and switches.trusted_access is False):
        return because("trusted access for IAM is off", f"{TURN_ON}trusted_access=true.")
    if message_says_off or (switches and switches.features.get(task.feature) is False):
        return because(f"the feature {task.feature} is off", f"{TURN_ON}{task.feature}=true.")

    if caller.is_root:
        return because("a root user cannot open root sessions", "Use an IAM user or role of the management account.")
    description = attempts.read(organization.describe, "the organization")
    if description and description["management_account_id"] == account_id:
        return because(*MANAGEMENT_ACCOUNT_IS_NO_TARGET)
    if attempts.read(organization.caller_role, "the delegated administrators") == v.NEITHER:
        error_of_caller = caller_is_neither(caller)
        return because(error_of_caller.cause.rstrip("."), error_of_caller.fix)
    account = attempts.read(lambda: organization.account(account_id), "the target account")
    if account is None and "the target account" not in attempts.unread:
        return because("it is not in the organization", "Check the account ID and whose credentials are used.")
    if account and account.state in v.UNUSABLE_STATES:
        return because(f"its state is {account.state}", "It cannot be used until AWS makes it ACTIVE again.")

    context: dict[str, tuple[str, ...]] = {"sts:taskpolicyarn": (task.policy_arn(caller.partition),)}
    stopping = attempts.read(
        lambda: policies.stopping_caller("sts:AssumeRoot", caller.root_arn(account_id), context),
        "the service control policies on the caller's account",
    )
    certain = next((policy for policy in stopping or [] if policy["certain"]), None)
    if certain:
        return because(f"a service control policy stops the caller. {policy_in_words(certain)}", certain["fix"])

    possible = "".join(f" Possibly: {policy_in_words(policy)}" for policy in stopping or [])
    return because(
        f"{caller.arn} may not call sts:AssumeRoot",
        f"Allow it sts:AssumeRoot on {caller.root_arn(account_id)} with the task policy {task.policy} "
        "(condition key sts:TaskPolicyArn), and check that neither a permissions boundary nor, in a delegated "
        "administrator's account, a service control policy denies it. Within minutes of turning centralized root "
        f"access on, AWS may still deny: wait and try again.{possible}{attempts.unchecked}",
    )


_ACTIONS = {"ListBuckets": "ListAllMyBuckets"}  # operations whose IAM action has another name
_STS_FOLLOWS = "This takes some minutes after centralized root access is turned on: wait and try again."


# In AWS's text of a denial; S3 puts it in quotation marks.
_RESOURCE = re.compile(r'on resource: "?(arn:[^:\s"]+:[^:\s"]*:[^:\s"]*:[^:\s"]*:[^\s"]+)')


def explain_denial_in_root_session(error: BreakglassError, policies: ServiceControlPolicies) -> BreakglassError:
    """A denial in a root session, with the organization's policies that cause it; other errors unchanged."""
    if error.denied_call is None:
        return error
    account_id, operation = error.denied_call
    operation = _ACTIONS.get(operation, operation)
    actions = [action for task in v.TASKS.values() for action in task.actions if action.endswith(f":{operation}")]
    named = _RESOURCE.search(error.cause)
    resource = named.group(1) if named else None
    region = (resource.split(":")[3] or None) if resource else None
    try:
        found = policies.stopping(account_id, actions=actions, resource=resource, region=region)
        if resource and not found:  # AWS may name another resource than the policy does
            found = policies.stopping(account_id, actions=actions)
    except BreakglassError:
        return error  # its fix names the policies to check
    if "resource control policy" in error.cause:  # AWS names the type of the policy that denies
        found = [policy for policy in found if policy["policy_type"] == RCP]
    elif "service control policy" in error.cause:
        found = [policy for policy in found if policy["policy_type"] == SCP]
    certain = [policy for policy in found if policy["certain"]] or found
    if not certain:
        return error
    causes = " ".join(dict.fromkeys(policy_in_words(policy) for policy in certain))
    fixes = " ".join(dict.fromkeys(policy["fix"] for policy in certain))
    return type(error)(f"{error.cause} {causes}", fixes, error.code, error.denied_call)
