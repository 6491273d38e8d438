# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls from the present state of centralized root access to the declared one, in the order AWS demands."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account


@dataclass(frozen=True)
class State:
    """The part of centralized root access that can be declared. A feature is None while trusted access hides it."""

    trusted_access: bool
    features: dict
    delegates: tuple


@dataclass(frozen=True)
class Desired:
    """What is declared. None, or a feature that is not named, is left alone; "" is no delegated administrator."""

    trusted_access: bool | None
    features: dict
    delegated_administrator: str | None


@dataclass(frozen=True)
class Step:
    """One call that changes the organization, and the state once it is confirmed.

    ``ends_recovery``: afterwards the organization cannot restore a root user any more.
    """

    service: str
    operation: str  # as AWS names it, e.g. "EnableOrganizationsRootSessions"
    method: str
    arguments: dict
    becomes: State
    confirmed: t.Callable[[State], bool]
    by_delegate: bool = False
    warning: str = ""
    ends_recovery: bool = False

    @property
    def action(self) -> str:
        account = self.arguments.get("AccountId")
        return f"{self.service}:{self.operation}" + (f" {account}" if account else "")


def next_step(state: State, desired: Desired) -> Step | None:
    """The next call from ``state`` to ``desired``, in the order AWS demands; None when no call is left.

    Trusted access is turned on first. The old delegated administrator is deregistered before a new one is registered,
    and before trusted access is turned off.
    """
    if desired.trusted_access and not state.trusted_access:
        return _trusted_access(state, True)
    for feature, wanted in desired.features.items():
        if wanted and state.features[feature] is not True:
            return _feature(state, feature, True)
    for feature, wanted in desired.features.items():
        # Without trusted access there is nothing to turn off: AWS neither shows the features nor heeds them.
        if not wanted and state.trusted_access and state.features[feature] is not False:
            return _feature(state, feature, False)
    wanted = desired.delegated_administrator
    if wanted is not None:
        for delegate in state.delegates:
            if delegate != wanted:
                return _delegate(state, delegate, False)
        if wanted and wanted not in state.delegates:
            return _delegate(state, wanted, True)
    if desired.trusted_access is False and state.trusted_access:
        return _trusted_access(state, False)
    return None


def plan(state: State, desired: Desired) -> list[Step]:
    """All calls from ``state`` to ``desired``, if nothing else changes the state meanwhile."""
    steps = []
    while (step := next_step(state, desired)) is not None:
        steps.append(step)
        state = step.becomes
    return steps


def refuse_impossible(organization: Organization, state: State, desired: Desired) -> None:
    """Raise a BreakglassError for what AWS would refuse, or for options that contradict each other."""
    wanted = [feature for feature, on in desired.features.items() if on]
    if desired.trusted_access is False:
        for option in [*wanted, *(["delegated_administrator"] if desired.delegated_administrator else [])]:
            raise InvalidInput("trusted_access", False, f"true, because {option} needs it")
        if state.delegates and desired.delegated_administrator is None:
            raise InvalidInput(
                "trusted_access",
                False,
                'true, unless delegated_administrator="" is given too',
                hint=f"AWS keeps trusted access on while {', '.join(state.delegates)} is delegated administrator",
            )
    if desired.trusted_access is None and not state.trusted_access and (wanted or desired.delegated_administrator):
        raise BreakglassError(
            "Trusted access for IAM is off, and without it there are no features and no delegated administrator.",
            "Declare trusted_access=true too.",
        )
    if desired.delegated_administrator and desired.delegated_administrator not in state.delegates:
        account = member_account(organization, desired.delegated_administrator, "delegated_administrator")
        if account.state != "ACTIVE":
            raise InvalidInput(
                "delegated_administrator", account.id, "an ACTIVE account", hint=f"its state is {account.state}"
            )
    role = organization.caller_role()
    for step in plan(state, desired):
        if role != v.MANAGEMENT_ACCOUNT and not step.by_delegate:
            raise BreakglassError(
                f"Only the management account may call {step.action}; "
                f"{organization.caller.arn} belongs to account {organization.caller.account_id}.",
                "Use credentials of the management account. A delegated administrator can only turn the features off.",
            )


_ENDS_RECOVERY = (
    "this may end the only recovery of member accounts that have no root credentials. "
    "Open root sessions stay valid until they expire, and AWS may open new ones for some minutes."
)


def _trusted_access(state: State, on: bool) -> Step:
    return Step(
        "organizations",
        "EnableAWSServiceAccess" if on else "DisableAWSServiceAccess",
        "enable_aws_service_access" if on else "disable_aws_service_access",
        {"ServicePrincipal": v.SERVICE_PRINCIPAL},
        State(on, dict.fromkeys(state.features), state.delegates),
        lambda now: now.trusted_access is on,
        warning="" if on else f"Trusted access goes off: {_ENDS_RECOVERY}",
        ends_recovery=not on,
    )


def _feature(state: State, feature: str, on: bool) -> Step:
    verb, name = ("Enable" if on else "Disable"), v.FEATURES[feature]
    return Step(
        "iam",
        f"{verb}Organizations{name}",
        f"{verb.lower()}_organizations_{feature}",
        {},
        State(state.trusted_access, {**state.features, feature: on}, state.delegates),
        lambda now: now.features[feature] is on,
        by_delegate=not on,
        warning="" if on else f"The feature {feature} goes off: {_ENDS_RECOVERY}",
        ends_recovery=not on and feature == v.ROOT_CREDENTIALS_MANAGEMENT,
    )


def _delegate(state: State, account_id: str, on: bool) -> Step:
    others = tuple(delegate for delegate in state.delegates if delegate != account_id)
    return Step(
        "organizations",
        "RegisterDelegatedAdministrator" if on else "DeregisterDelegatedAdministrator",
        "register_delegated_administrator" if on else "deregister_delegated_administrator",
        {"AccountId": account_id, "ServicePrincipal": v.SERVICE_PRINCIPAL},
        State(state.trusted_access, state.features, (*others, account_id) if on else others),
        lambda now: (account_id in now.delegates) is on,
    )
