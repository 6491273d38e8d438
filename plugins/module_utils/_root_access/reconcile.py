# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from how centralized root access stands to how it is declared, each read back before the next."""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    Unreachable,
    error_code,
)
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

POLL_SECONDS = 2
_DONE_ALREADY = ("AccountAlreadyRegisteredException", "AccountNotRegisteredException")

# A session that is opened only to see whether STS opens any: as short as others ask for, and nothing is called in it.
_PROBE_SECONDS = 60
_PROBES = {v.ROOT_CREDENTIALS_MANAGEMENT: v.AUDIT_ROOT_CREDENTIALS, v.ROOT_SESSIONS: v.UNLOCK_S3_BUCKET}


@dataclass(frozen=True)
class State:
    """The part of centralized root access that can be declared. A feature is None while trusted access hides it."""

    trusted_access: bool
    features: dict
    delegates: tuple


@dataclass(frozen=True)
class Desired:
    """What is declared; None, or a feature that is not named, is left alone. "" is no delegated administrator."""

    trusted_access: bool | None
    features: dict
    delegated_administrator: str | None


@dataclass(frozen=True)
class Step:
    """One call that changes the organization, and how things stand once it is confirmed.

    ``takes_way_back``: afterwards nobody can restore a root user any more.
    """

    service: str
    operation: str  # as AWS names it, e.g. "EnableOrganizationsRootSessions"
    method: str
    arguments: dict
    becomes: State
    confirmed: t.Callable[[State], bool]
    by_delegate: bool = False
    warning: str = ""
    takes_way_back: bool = False

    @property
    def action(self) -> str:
        account = self.arguments.get("AccountId")
        return f"{self.service}:{self.operation}" + (f" {account}" if account else "")


def read_state(organization: Organization) -> State:
    """How it stands now; raises a BreakglassError when that cannot be read."""
    organization.refresh()
    switches = organization.switches()
    return State(
        bool(switches.trusted_access),
        dict(switches.features),
        tuple(account.id for account in organization.delegated_administrators()),
    )


def show(state: State, organization: Organization) -> dict:
    """A state as root_access_info shows it. Names are what is known; one that may not be read is null."""
    names = {account.id: account.name for account in organization.delegated_administrators()}
    for delegate in set(state.delegates) - set(names):
        with contextlib.suppress(BreakglassError):
            account = organization.account(delegate)
            names[delegate] = account and account.name
    return {
        "trusted_access": state.trusted_access,
        "features": dict(state.features),
        "delegated_administrators": [
            {"account_id": delegate, "name": names.get(delegate)} for delegate in state.delegates
        ],
    }


def next_step(state: State, desired: Desired) -> Step | None:
    """The next call on the way from ``state`` to ``desired``, in the order AWS demands; None when there is no more.

    Trusted access comes first, the old delegated administrator goes before a new one comes, and trusted access
    cannot go while there is one.
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
    """All calls on the way from ``state`` to ``desired``, as far as can be foreseen."""
    steps = []
    while (step := next_step(state, desired)) is not None:
        steps.append(step)
        state = step.becomes
    return steps


def refuse_impossible(organization: Organization, state: State, desired: Desired) -> None:
    """Raise what AWS would answer, or what could not be meant, before anything is called."""
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


def converge(
    organization: Organization,
    state: State,
    desired: Desired,
    wait_seconds: float | None,
    done: list[Step],
) -> State:
    """Take all steps, each confirmed by reading it back before the next; the state reached.

    ``wait_seconds`` bounds the wait for each confirmation, None waits for none. Steps taken are put into ``done``,
    which tells a caller how far it came when this raises. None is taken twice: two tools could undo each other forever.
    """
    while (step := next_step(state, desired)) is not None:
        if step.action in [taken.action for taken in done]:
            raise BreakglassError(
                f"{step.action} was done, and then undone by somebody else.",
                "Find out who or what else owns these switches (CloudTrail shows the caller) before running it again.",
            )
        _call(organization, step)
        done.append(step)
        state = step.becomes if wait_seconds is None else _confirm(organization, step, wait_seconds)
    return state


def _call(organization: Organization, step: Step) -> None:
    client = {"iam": organization.iam, "organizations": organization.organizations}[step.service]
    try:
        while_busy(lambda: getattr(client, step.method)(**step.arguments))
    except (BotoCoreError, ClientError) as error:
        if error_code(error) not in _DONE_ALREADY:  # by somebody else since we looked; reading back will show
            raise explain(error, step.action) from error


def _confirm(organization: Organization, step: Step, wait_seconds: float) -> State:
    deadline = time.monotonic() + wait_seconds
    while not step.confirmed(state := read_state(organization)):
        if time.monotonic() >= deadline:
            raise BreakglassError(
                f"{step.action} was accepted, but reading back did not show it within {wait_seconds:g} seconds.",
                "Look again with breakglass.aws.root_access_info; if it lasts, see whether another tool undoes it.",
            )
        time.sleep(POLL_SECONDS)
    return state


def wait_for_sts(
    connection: Connection,
    organization: Organization,
    account_id: str,
    features: t.Iterable[str],
    wait_seconds: float,
    sessions: list,
) -> None:
    """Wait until STS opens root sessions in an account for each feature.

    STS follows IAM with a delay that was seen to reach minutes, and its hosts do not follow together: it denied,
    allowed and denied again (aws-facts 1.6). So two sessions in a row must be opened. Each is an event in CloudTrail,
    and is appended to ``sessions`` with what may be said of it.
    """
    deadline = time.monotonic() + wait_seconds
    for feature in features:
        probe = replace(_PROBES[feature], seconds=_PROBE_SECONDS)
        opened = 0
        while opened < 2:
            try:
                session = open_root_session(connection, organization, account_id, probe)
                sessions.append({"task": probe.name, **session.public})
                opened += 1
            except Unreachable:
                if time.monotonic() >= deadline:
                    raise
                opened = 0
                organization.refresh()
                time.sleep(POLL_SECONDS)


_NO_WAY_BACK = (
    "this may take away the only way back into member accounts that have no root credentials. "
    "Root sessions already open live on until they expire, and AWS may open new ones for some minutes."
)


def _trusted_access(state: State, on: bool) -> Step:
    return Step(
        "organizations",
        "EnableAWSServiceAccess" if on else "DisableAWSServiceAccess",
        "enable_aws_service_access" if on else "disable_aws_service_access",
        {"ServicePrincipal": v.SERVICE_PRINCIPAL},
        State(on, dict.fromkeys(state.features), state.delegates),
        lambda now: now.trusted_access is on,
        warning="" if on else f"Trusted access goes off: {_NO_WAY_BACK}",
        takes_way_back=not on,
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
        warning="" if on else f"The feature {feature} goes off: {_NO_WAY_BACK}",
        takes_way_back=not on and feature == v.ROOT_CREDENTIALS_MANAGEMENT,
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
