# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Centralized root access as declared: make the calls, and read each back before the next."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import DONE, REFUSED, perform
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.recovery_risk import (
    members_without_root_password,
    refusal,
)
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.steps import (
    Desired,
    State,
    Step,
    next_step,
    plan,
    refuse_impossible,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable

SWITCHES = ("trusted_access", *v.FEATURES)
DECLARED = (*SWITCHES, "delegated_administrator")
POLL_SECONDS = 2
_SECONDS_WITHOUT_ANSWER = 10  # of reading back a call that AWS did not answer, where no wait is asked for
_DONE_ALREADY = ("AccountAlreadyRegisteredException", "AccountNotRegisteredException")

# A session that is opened only to see whether STS opens any. It is short, and nothing is called in it.
_PROBE_SECONDS = 60
_PROBES = {v.ROOT_CREDENTIALS_MANAGEMENT: v.AUDIT_ROOT_CREDENTIALS, v.ROOT_SESSIONS: v.UNLOCK_S3_BUCKET}


def run(params: dict, context: Context) -> dict:
    """The result of root_access. Raises a BreakglassError that carries what was done before it."""
    desired = _desired(params)
    organization = context.organization
    before = read_state(organization)
    before_shown = show_state(before, organization)
    refuse_impossible(organization, before, desired)
    probe = _probe_account(params, organization, desired)
    planned = plan(before, desired)
    for step in planned:
        _require_approval(step, params["approved_actions"])
    details = _check_recovery(params, context, planned)
    for step in planned:
        if step.warning:
            context.warn(step.warning)
    if context.check_mode:
        after = planned[-1].becomes if planned else before
        return _result(before_shown, show_state(after, organization), planned, details)

    sessions: list[dict] = []
    details["probe"] = {"account_id": probe, "sessions": sessions} if probe else None
    details["unverified"] = None
    wait_seconds = params["wait_timeout"] if params["wait"] else None
    changes = Convergence(context, desired, wait_seconds, params["approved_actions"])
    try:
        after = changes.carry_out(before)
        if probe:
            features = [feature for feature, on in desired.features.items() if on]
            wait_for_sts(context.connection, organization, probe, features, wait_seconds or 0, sessions)
    except BreakglassError as error:
        error.with_result(
            changed=bool(changes.done),
            actions=[step.action for step in changes.done],
            probe=details["probe"],
            unverified=changes.unverified,
        )
        raise
    return _result(before_shown, show_state(after, organization), changes.done, details)


def _require_approval(step: Step, approved: t.Collection[str] | None) -> None:
    if approved is not None and step.action not in approved:
        raise BreakglassError(
            f"{step.action} is needed, and is not one of the approved actions.",
            "Plan again (check mode), and have what it lists in actions approved.",
        ).with_result(changed=False, actions=[])


def _desired(params: dict) -> Desired:
    if params["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
    delegate = params["delegated_administrator"]
    return Desired(
        params["trusted_access"],
        {feature: params[feature] for feature in v.FEATURES if params[feature] is not None},
        parse_account_id(delegate, "delegated_administrator") if delegate else delegate,
    )


def _probe_account(params: dict, organization: Organization, desired: Desired) -> str | None:
    """The account to open probe sessions in; InvalidInput when none can be opened there."""
    given = params["probe_account_id"]
    if not given:
        return None
    if not any(desired.features.values()):
        raise InvalidInput("probe_account_id", given, "an account, together with a feature that is true")
    account = member_account(organization, parse_account_id(given, "probe_account_id"), "probe_account_id")
    if unusable(account):
        raise InvalidInput("probe_account_id", account.id, "an ACTIVE account", hint=f"its state is {account.state}")
    return account.id


def _check_recovery(params: dict, context: Context, planned: list[Step]) -> dict:
    """Raise, unless forced, when a planned step ends the only recovery of an account; what is known about that."""
    ending = next((step for step in planned if step.ends_recovery), None)
    if ending is None:
        return {}
    members = members_without_root_password(context.connection, context.organization)
    refused = refusal(ending.action, members)
    if refused and not params["force"]:
        raise refused.with_result(changed=False, actions=[], without_root_password=members)
    return {"without_root_password": members}


def _result(before: dict, after: dict, steps: list[Step], details: dict) -> dict:
    return {
        **details,
        "changed": bool(steps),
        "before": before,
        "after": after,
        "actions": [step.action for step in steps],
        "diff": {"before": before, "after": after},
    }


def read_state(organization: Organization) -> State:
    """The present state; raises a BreakglassError when it cannot be read."""
    organization.refresh()
    switches = organization.switches()
    return State(
        bool(switches.trusted_access),
        dict(switches.features),
        tuple(account.id for account in organization.delegated_administrators()),
    )


def show_state(state: State, organization: Organization) -> dict:
    """A state as root_access_info shows it. A name that cannot be read is null."""
    names: dict[str, str | None] = {}
    with contextlib.suppress(BreakglassError):
        names = {account.id: account.name for account in organization.delegated_administrators()}
    for delegate in set(state.delegates) - set(names):
        with contextlib.suppress(BreakglassError):
            account = organization.account(delegate)
            names[delegate] = account.name if account else None
    return {
        "trusted_access": state.trusted_access,
        "features": dict(state.features),
        "delegated_administrators": [
            {"account_id": delegate, "name": names.get(delegate)} for delegate in state.delegates
        ],
    }


class Convergence:
    """The calls from the present to the declared state, each confirmed by reading it back before the next.

    ``done`` are the steps that changed something, or may have, also when ``carry_out`` raises. ``unverified`` is the
    one of them that AWS did not answer and that reading back does not show; None when there is none.
    """

    def __init__(
        self,
        context: Context,
        desired: Desired,
        wait_seconds: float | None,
        approved: t.Collection[str] | None = None,
    ) -> None:
        """``wait_seconds`` bounds the wait for each confirmation; None waits for none that AWS confirmed itself.

        ``approved`` are the only actions that may be called, None when that is not limited.
        """
        self._approved = approved
        self._context = context
        self._organization = context.organization
        self._desired = desired
        self._wait_seconds = wait_seconds
        self.done: list[Step] = []
        self.unverified: str | None = None

    def carry_out(self, state: State) -> State:
        """Make all calls; the state reached. No call is made twice: two tools could undo each other forever."""
        made: list[str] = []
        while (step := next_step(state, self._desired)) is not None:
            if step.action in made:
                raise BreakglassError(
                    f"{step.action} succeeded, and then something else undid it.",
                    "Find out what else changes these switches (CloudTrail shows the caller), and then run the task "
                    "again.",
                )
            _require_approval(step, self._approved)  # the state may have changed since the plan
            made.append(step.action)
            state = self._take(step)
        return state

    def _take(self, step: Step) -> State:
        """Make one call; the state after it."""
        client = {"iam": self._organization.iam, "organizations": self._organization.organizations}[step.service]
        call = perform(lambda: while_busy(lambda: getattr(client, step.method)(**step.arguments)), step.action)
        if call.status == DONE:
            self.done.append(step)
            return step.becomes if self._wait_seconds is None else self._confirm(step, self._wait_seconds)
        error = t.cast(BreakglassError, call.error)
        if call.status == REFUSED and call.code not in _DONE_ALREADY:
            raise error
        if call.status == REFUSED:  # another caller did it since the state was read
            return self._confirm(step, self._wait_seconds or 0)
        self.done.append(step)
        self.unverified = step.action
        state = self._confirm(step, self._wait_seconds or _SECONDS_WITHOUT_ANSWER, error)
        call.settle(done=True)
        self.unverified = None
        self._context.warn(f"{step.action}: {error.cause} Reading back shows the change.")
        return state

    def _confirm(self, step: Step, wait_seconds: float, unanswered: BreakglassError | None = None) -> State:
        """Read until the change shows; a BreakglassError when it does not. A reading that fails is repeated."""

        def shows(state: State | Unread) -> bool:
            return isinstance(state, State) and step.confirmed(state)

        pauses = waiter.within(wait_seconds, POLL_SECONDS)
        state = waiter.poll(lambda: attempt(lambda: read_state(self._organization)), shows, pauses)
        if isinstance(state, State) and step.confirmed(state):
            return state
        answer = unanswered.cause if unanswered else f"AWS confirmed {step.action}."
        if isinstance(state, Unread):
            raise BreakglassError(f"{answer} Reading back failed. {state.why}", state.fix)
        may_come = ": it may still come" if unanswered else ""
        raise BreakglassError(
            f"{answer} Reading back did not show the change within {wait_seconds:g} seconds{may_come}.",
            "Read it again with breakglass.aws.root_access_info. If it does not change, find out what undoes it.",
        )


def wait_for_sts(
    connection: Connection,
    organization: Organization,
    account_id: str,
    features: t.Iterable[str],
    wait_seconds: float,
    sessions: list,
) -> None:
    """Wait until STS opens root sessions in an account for each feature.

    A change reaches STS up to some minutes later than IAM, and not all hosts of STS at once: it denied, allowed and
    denied again (aws-facts 1.6). So two sessions in a row must be opened. Each is an event in CloudTrail, and its
    public part is appended to ``sessions``.
    """
    deadline = waiter.now() + wait_seconds
    for feature in features:
        probe = replace(_PROBES[feature], seconds=_PROBE_SECONDS)
        opened = 0
        while opened < 2:
            try:
                session = open_root_session(connection, organization, account_id, probe)
                sessions.append({"task": probe.name, **session.public})
                opened += 1
            except Unreachable:
                if waiter.now() >= deadline:
                    raise
                opened = 0
                organization.refresh()
                waiter.pause(POLL_SECONDS)
