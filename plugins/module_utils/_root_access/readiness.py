# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of centralized root access in an organization, and whether root sessions can be opened."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization, Switches
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._targets import (
    MANAGEMENT_ACCOUNT_IS_NO_TARGET,
    caller_is_neither,
    unusable,
)

if t.TYPE_CHECKING:  # imported where it is needed: to compile it takes a tenth of the start of a module
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies

_USE_MODULE = "breakglass.aws.root_access, "

# What is known of centralized root access outside of the commercial partition (aws-facts 2.7).
_PARTITIONS = {
    "aws-us-gov": "AWS GovCloud has no root credentials to manage; only root sessions for bucket and queue policies.",
    "aws-cn": "How centralized root access behaves in the China regions is not documented well enough to promise it.",
}


def run(params: dict, context: Context) -> dict:
    """The result of root_access_info."""
    account_id, task = params["account_id"], params["task"]
    target_id = parse_account_id(account_id, "account_id") if account_id else None
    return Readiness(context.organization, target_id, v.TASKS[task] if task else None).inspect()


class Readiness:
    """Everything that decides whether root sessions can be opened (for ``task``, in ``target_id``), with a verdict.

    A switch that is off, or a fact that cannot be read, is a reason and not an error. ``inspect`` raises only when
    there are no credentials, or AWS does not answer.
    """

    def __init__(self, organization: Organization, target_id: str | None = None, task: v.Task | None = None) -> None:
        self._organization = organization
        self._target_id = target_id
        self._task = task
        self._reasons: list[dict] = []

    def inspect(self) -> dict:
        """The caller, the organization, the switches, the target if there is one, ``ready`` and ``reasons``."""
        organization, caller = self._organization, self._organization.caller
        description = self._try(organization.describe, None)
        role = self._try(organization.caller_role, v.UNKNOWN)
        # Any other account cannot read these, and would get the same reason three more times.
        switches, delegates = Switches(None), None
        if role != v.NEITHER:
            switches = self._try(organization.switches, switches)
            delegates = self._try(organization.delegated_administrators, None, blocking=False)
        self._judge_caller(role)
        self._judge_switches(description, switches, delegates)
        result = {
            "caller": {
                "account_id": caller.account_id,
                "arn": caller.arn,
                "partition": caller.partition,
                "region": organization.region,
                "role": role,
            },
            "organization": description,
            "trusted_access": switches.trusted_access,
            "features": dict(switches.features),
            "delegated_administrators": None
            if delegates is None
            else [{"account_id": account.id, "name": account.name} for account in delegates],
        }
        if self._target_id:
            result["target"] = self._inspect_target(self._target_id)
        permitted = role in (v.MANAGEMENT_ACCOUNT, v.DELEGATED_ADMINISTRATOR)
        result["ready"] = permitted and not any(reason["blocking"] for reason in self._reasons)
        result["reasons"] = self._reasons
        return result

    def _add(self, problem: str, fix: str, blocking: bool = True) -> None:
        reason = {"problem": problem, "fix": fix, "blocking": blocking}
        if reason not in self._reasons:
            self._reasons.append(reason)

    def _try(self, read: t.Callable[[], t.Any], otherwise: t.Any, blocking: bool = True) -> t.Any:
        """What ``read`` returns; ``otherwise``, and a reason, when it cannot be read."""
        try:
            return read()
        except BreakglassError as error:
            self._add(error.cause, error.fix, blocking)
            return otherwise

    def _judge_caller(self, role: str) -> None:
        caller = self._organization.caller
        if role == v.NEITHER:
            error = caller_is_neither(caller)
            self._add(error.cause, error.fix)
        if caller.is_root:
            self._add("A root user cannot open root sessions.", "Use an IAM user or role.")
        if role == v.DELEGATED_ADMINISTRATOR:
            self._judge_policies_on_caller()

    def _judge_policies_on_caller(self) -> None:
        """Service control policies apply to a delegated administrator's account, never to the management account."""
        caller = self._organization.caller
        root_arn = caller.root_arn(self._target_id or "*")
        for task in [self._task] if self._task else v.TASKS.values():
            condition: dict[str, tuple[str, ...]] = {"sts:taskpolicyarn": (task.policy_arn(caller.partition),)}
            read = functools.partial(self._policies.stopping_caller, "sts:AssumeRoot", root_arn, condition)
            self._add_policies(self._try(read, None))

    def _judge_switches(self, description: dict | None, switches: Switches, delegates: list | None) -> None:
        if description and description["feature_set"] != "ALL":
            self._add(
                "The organization has consolidated billing only.",
                "Enable all its features first (organizations:EnableAllFeatures).",
            )
        if switches.trusted_access is False:
            self._add("Trusted access for IAM is off.", f"{_USE_MODULE}trusted_access=true.")
        for feature, enabled in switches.features.items():
            if enabled is False:
                needed = self._task is None or self._task.feature == feature
                self._add(f"The feature {feature} is off.", f"{_USE_MODULE}{feature}=true.", needed)
        partition = self._organization.caller.partition
        if partition in _PARTITIONS:
            self._add(_PARTITIONS[partition], "Rehearse in an account set aside for it.", blocking=False)
        if delegates == []:
            self._add(
                "No delegated administrator for IAM is registered: only the management account can open root sessions.",
                f"{_USE_MODULE}delegated_administrator, to keep its credentials out of daily use.",
                blocking=False,
            )

    def _inspect_target(self, account_id: str) -> dict:
        target = self._try(lambda: self._read_target(account_id), _unknown_target(account_id))
        if target["state"] and target["service_control_policies"] is None:
            actions = self._task.actions if self._task else ()
            found = self._try(lambda: self._policies.stopping(account_id, actions=actions), None)
            target["service_control_policies"] = found
            self._add_policies(found)
            target["denies_root_user"] = self._try(lambda: self._policies.denying_root_user(account_id), None)
            if found is not None:
                target["second_opinion"] = self._second_opinion(account_id, found, actions)
        return target

    def _second_opinion(self, account_id: str, found: list[dict], actions: t.Sequence[str]) -> dict | None:
        """AWS's policy simulator on the same question. A disagreement is a reason to look, not a verdict."""
        opinion = self._try(lambda: self._policies.second_opinion(account_id, found, actions), None, blocking=False)
        if opinion and opinion["disagrees"]:
            said = ", ".join(f"{action} {decision}" for action, decision in opinion["disagrees"].items())
            self._add(
                "AWS's policy simulator (iam:SimulateCustomPolicy) says otherwise about service control policies and "
                f"root sessions in account {account_id}: {said}.",
                "Neither is proof. Read the service control policies above the account before you rely on it.",
                blocking=False,
            )
        return opinion

    def _read_target(self, account_id: str) -> dict:
        """The target; ``service_control_policies`` is None where they are still to be read."""
        description = self._organization.describe()
        account = self._organization.account(account_id) if description else None
        if description is None or account is None:
            self._add(
                f"Account {account_id} is not in the organization.",
                "Check the account ID and whose credentials are used.",
            )
            return _unknown_target(account_id)
        target = {**_unknown_target(account_id), "name": account.name, "state": account.state}
        if description and account_id == description["management_account_id"]:
            cause, fix = MANAGEMENT_ACCOUNT_IS_NO_TARGET
            self._add(f"No root session for account {account_id}: {cause}.", fix)
            target["service_control_policies"] = target["denies_root_user"] = []
        elif unusable(account):
            self._add(unusable(account), "Nothing can be done before AWS makes it ACTIVE again.")
        return target

    @functools.cached_property
    def _policies(self) -> ServiceControlPolicies:
        from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies

        return ServiceControlPolicies(self._organization)

    def _add_policies(self, policies: list[dict] | None) -> None:
        if not policies:
            return
        from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import policy_in_words

        for policy in policies:
            self._add(policy_in_words(policy), policy["fix"], policy["certain"])


def _unknown_target(account_id: str) -> dict:
    return {
        "account_id": account_id,
        "name": None,
        "state": None,
        "service_control_policies": None,
        "denies_root_user": None,
        "second_opinion": None,
    }
