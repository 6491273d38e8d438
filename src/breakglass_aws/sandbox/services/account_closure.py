# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that are closed (aws-facts 5c)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.lifecycle import Closure
from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.services.membership import depart
from breakglass_aws.sandbox.services.organizations_shared import (
    add_organizations_event,
    constraint,
    find_account,
    long_date,
    require_management,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_CLOSURES_AT_ONCE = 3


_CLOSURE_WINDOW = timedelta(days=30)


_REOPENABLE = timedelta(days=90)


def closure_quota(members: int) -> int:
    """How many accounts may be closed in 30 days: the higher of 250 and 20 %, at most 1,000 (aws-facts 5c)."""
    return min(max(250, members // 5), 1000)


def close_account(state: State, request: Request) -> None:
    require_management(state, request)
    organization, moment = state.organization, now().replace(microsecond=0)
    account = find_account(state, request.parameters.get("AccountId"))
    if account.id == organization.management_account:
        raise constraint(
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
            "You attempted to close the management account. To close the management account for the organization, you "
            "must first either remove or close all member accounts in the organization. Follow standard account "
            "closure process using root credentials.",
        )
    if account.state == "CLOSED":
        raise AwsError("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
    if account.closure or account.state != "ACTIVE":
        raise AwsError(
            "ConflictException",
            "The request failed because it conflicts with the current state of the specified resource.",
        )
    closures = [one.closure for one in organization.accounts.values() if one.closure]
    recent = [closure for closure in closures if moment - closure.requested < _CLOSURE_WINDOW]
    if len(recent) >= closure_quota(len(organization.accounts) - 1):
        raise constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", "You have exceeded close account quota for the past 30 days.")
    if len([closure for closure in closures if closure.closed is None]) >= _CLOSURES_AT_ONCE:
        raise constraint(
            "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
            "You attempted to exceed the number of accounts that you can close at a time.",
        )
    account.closure = closure = Closure(moment)
    behaviour = state.behaviour
    state.schedule.at(moment + behaviour.closure_shows, partial(_show_closure, account, closure))
    state.schedule.at(
        moment + behaviour.closure_shows + behaviour.closure, partial(_finish_closure, state, account, closure)
    )
    state.schedule.run(now())


def _show_closure(account: Account, closure: Closure, _: datetime) -> None:
    if account.closure is closure:
        account.state = "PENDING_CLOSURE"


def _finish_closure(state: State, account: Account, closure: Closure, moment: datetime) -> None:
    if account.closure is not closure:
        return
    account.state, closure.closed = "CLOSED", moment
    status = {
        "accountId": account.id,
        "state": "SUCCEEDED",
        "requestedTimestamp": long_date(closure.requested),
        "completedTimestamp": long_date(moment),
    }
    management = state.organization.management_account
    add_organizations_event(state, management, "CloseAccountResult", moment, {"closeAccountStatus": status})
    state.schedule.at(moment + _REOPENABLE, partial(_end_account, state, account, closure))


def _end_account(state: State, account: Account, closure: Closure, moment: datetime) -> None:
    """The end of an account, 90 days after its closure."""
    if account.closure is closure and account.id in state.organization.accounts:
        depart(state, account, "CLEANED", moment)
