# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How centralized root access stands in an organization, and whether it is ready to be used."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization, Switches
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import (
    MANAGEMENT_ACCOUNT_IS_NO_TARGET,
    caller_is_neither,
    unusable,
)

_USE_MODULE = "breakglass.aws.root_access, "

# What is known of centralized root access outside of the commercial partition (aws-facts 2.7).
_PARTITIONS = {
    "aws-us-gov": "AWS GovCloud has no root credentials to manage; only root sessions for bucket and queue policies.",
    "aws-cn": "How centralized root access behaves in the China regions is not documented well enough to promise it.",
}


def survey(organization: Organization, target_id: str | None = None, task: v.Task | None = None) -> dict:
    """Everything that decides whether root sessions can be opened (for ``task``, in ``target_id``), with a verdict.

    What is off or cannot be read is a reason, not an error. Only having no credentials, or no AWS to ask, raises.
    """
    caller = organization.caller
    reasons = []

    def note(problem: str, fix: str, blocking: bool = True) -> None:
        reason = {"problem": problem, "fix": fix, "blocking": blocking}
        if reason not in reasons:
            reasons.append(reason)

    def look(read: t.Callable[[], t.Any], otherwise: t.Any, blocking: bool = True) -> t.Any:
        try:
            return read()
        except BreakglassError as error:
            note(error.cause, error.fix, blocking)
            return otherwise

    description = look(organization.describe, None)
    role = look(organization.caller_role, v.UNKNOWN)
    # Any other account could not read these, and would be told so three more times.
    switches, delegates = Switches(None), None
    if role != v.NEITHER:
        switches = look(organization.switches, switches)
        delegates = look(organization.delegated_administrators, None, blocking=False)

    if role == v.NEITHER:
        told = caller_is_neither(caller)
        note(told.cause, told.fix)
    if caller.is_root:
        note("A root user cannot open root sessions.", "Use an IAM user or role.")
    if description and description["feature_set"] != "ALL":
        note(
            "The organization has consolidated billing only.",
            "Enable all its features first (organizations:EnableAllFeatures).",
        )
    if switches.trusted_access is False:
        note("Trusted access for IAM is off.", f"{_USE_MODULE}trusted_access=true.")
    for feature, enabled in switches.features.items():
        if enabled is False:
            needed = task is None or task.feature == feature
            note(f"The feature {feature} is off.", f"{_USE_MODULE}{feature}=true.", needed)
    if caller.partition in _PARTITIONS:
        note(_PARTITIONS[caller.partition], "Rehearse in an account set aside for it.", blocking=False)
    if role == v.DELEGATED_ADMINISTRATOR:
        _survey_caller(organization, target_id, task, look, note)
    if delegates == []:
        note(
            "No delegated administrator for IAM is registered: only the management account can open root sessions.",
            f"{_USE_MODULE}delegated_administrator, to keep its credentials out of daily use.",
            blocking=False,
        )
    survey = {
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
        else [{"account_id": d.id, "name": d.name} for d in delegates],
    }
    if target_id:
        target = look(lambda: _survey_target(organization, target_id, note), _unknown_target(target_id))
        if target["state"] and target["service_control_policies"] is None:
            target["service_control_policies"] = look(lambda: _policies_over(organization, target_id, task), None)
            _note_policies(target["service_control_policies"], note)
        survey["target"] = target
    survey["ready"] = role in (v.MANAGEMENT_ACCOUNT, v.DELEGATED_ADMINISTRATOR) and not any(
        reason["blocking"] for reason in reasons
    )
    survey["reasons"] = reasons
    return survey


def _survey_caller(
    organization: Organization, target_id: str | None, task: v.Task | None, look: t.Callable, note: t.Callable
) -> None:
    """Service control policies bind a delegated administrator's account too; never the management account."""
    caller = organization.caller
    for one in [task] if task else v.TASKS.values():
        context = {"sts:taskpolicyarn": (one.policy_arn(caller.partition),)}
        root_arn = caller.root_arn(target_id or "*")
        read = ServiceControlPolicies(organization).stopping_caller
        _note_policies(look(functools.partial(read, "sts:AssumeRoot", root_arn, context), None), note)


def _policies_over(organization: Organization, account_id: str, task: v.Task | None) -> list[dict]:
    return ServiceControlPolicies(organization).stopping(account_id, actions=task.actions if task else ())


def _note_policies(policies: list[dict] | None, note: t.Callable) -> None:
    for policy in policies or []:
        note(policy_in_words(policy), policy["fix"], policy["certain"])


def _survey_target(organization: Organization, account_id: str, note: t.Callable[[str, str], None]) -> dict:
    """The target; ``service_control_policies`` is None where they are still to be read."""
    description = organization.describe()
    account = organization.account(account_id) if description else None
    if account is None:
        note(
            f"Account {account_id} is not in the organization.", "Check the account ID and whose credentials are used."
        )
        return _unknown_target(account_id)
    target = {**_unknown_target(account_id), "name": account.name, "state": account.state}
    if account_id == description["management_account_id"]:
        cause, fix = MANAGEMENT_ACCOUNT_IS_NO_TARGET
        note(f"No root session for account {account_id}: {cause}.", fix)
        target["service_control_policies"] = []
    elif unusable(account):
        note(unusable(account), "Nothing can be done before AWS makes it ACTIVE again.")
    return target


def _unknown_target(account_id: str) -> dict:
    return {"account_id": account_id, "name": None, "state": None, "service_control_policies": None}
