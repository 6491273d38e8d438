# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One account removed, closed or in an OU, as a task declares it."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id, parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import changes
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.survey import AccountReader
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, UNKNOWN, Performed
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._targets import management_account_id, member_account

# What of a plan must be the same when it is carried out.
_PLANNED = ("account_id", "name", "before", "actions")
# An account outside of the organization, in the form of AccountReader.summary.
OUTSIDE = {
    "in_organization": False,
    "state": None,
    "ou": None,
    "service_control_policies": None,
    "resource_control_policies": None,
}


def apply_state(params: dict, context: Context) -> dict:
    """What organization_account returns; a BreakglassError, with what is known, when the state is not reached."""
    account_id = _check_options(params)
    organization, state = context.organization, params["state"]
    if organization.caller.account_id != management_account_id(organization):
        raise BreakglassError(
            f"Only the management account can do this; {organization.caller.arn} belongs to another account.",
            "Use credentials of the management account.",
        )
    if state == changes.REMOVED and organization.account(account_id) is None:
        context.warn(f"Account {account_id} is not in the organization. Is the ID wrong, or is it removed already?")
        return _result(account_id, None, OUTSIDE, OUTSIDE) | _caller(organization)
    account = member_account(organization, account_id, "account_id")
    task = _Task(params, context, AccountReader(context, changes.PURPOSE.get(state)), account)
    apply = {changes.REMOVED: _remove, changes.CLOSED: _close, changes.IN_OU: _move}[state]
    try:
        return apply(task) | _caller(organization)
    except BreakglassError as error:  # the record of a run has who made the calls that failed, too
        error.with_result(**_caller(organization))
        raise


def _caller(organization: t.Any) -> dict:
    return {"caller": {"account_id": organization.caller.account_id, "arn": organization.caller.arn}}


class _Task(t.NamedTuple):
    """What one task works with."""

    params: dict
    context: Context
    reader: AccountReader
    account: Account


def _check_options(params: dict) -> str:
    """The account's ID, once all options are valid."""
    account_id = parse_account_id(params["account_id"], "account_id")
    if account_id in parse_account_ids(params["protected_accounts"], "protected_accounts"):
        raise InvalidInput("account_id", account_id, "an account that is not in protected_accounts")
    if params["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
    for option, state in (("ou", changes.IN_OU), ("read_root_credentials", changes.REMOVED)):
        if params[option] and params["state"] != state:
            raise InvalidInput(option, params[option], f"given together with state={state} only")
    return account_id


def _remove(task: _Task) -> dict:
    organization, account = task.context.organization, task.account
    details, examined = _examine(task)

    def read_back(performed: Performed) -> dict:
        changes.confirm_removed(organization, account.id)
        return OUTSIDE

    return _carry_out(
        task,
        changes.removal(account.id),
        before=task.reader.summary(account),
        predicted=OUTSIDE,
        read_back=read_back,
        undo=changes.undo(organization, changes.REMOVED, account, details),
        **examined,
    )


def _close(task: _Task) -> dict:
    params, context, reader, account = task
    organization, before = context.organization, reader.summary(account)

    def read_back(performed: Performed | None = None) -> dict:
        if params["wait"]:
            return reader.summary(changes.confirm_closed(organization, account.id, params["wait_timeout"]))
        now = organization.account_now(account.id) or account
        if performed and performed.error and now.state == "ACTIVE":
            raise performed.error
        return reader.summary(now)

    if account.state == "CLOSED":
        return _result(account.id, account, before, before)
    if account.state == "PENDING_CLOSURE":
        return _result(account.id, account, before, before if context.check_mode else read_back())
    details, examined = _examine(task)
    return _carry_out(
        task,
        changes.closure(account.id),
        before=before,
        predicted={**before, "state": "CLOSED"},
        read_back=read_back,
        undo=changes.undo(organization, changes.CLOSED, account, details),
        **examined,
    )


def _move(task: _Task) -> dict:
    params, context, reader, account = task
    organization = context.organization
    destination = changes.find_unit(organization, params["ou"])
    source = organization.units_above(account)[-1]
    before = reader.summary(account)
    if source.id == destination.id:
        return _result(account.id, account, before, before)

    def read_back(performed: Performed) -> dict:
        return reader.summary(changes.confirm_moved(organization, account.id, destination))

    return _carry_out(
        task,
        changes.move(account.id, source, destination),
        before=before,
        predicted=reader.summary_in(account, organization.unit_and_above(destination.id)),
        read_back=read_back,
        undo=changes.undo(organization, changes.IN_OU, account, reader.read(account)),
    )


def _examine(task: _Task) -> tuple[dict, dict]:
    """What the account is, and how it was examined: ``findings`` and ``session`` of the result.

    Raises a BreakglassError when a reason prevents the change.
    """
    reader, account = task.reader, task.account
    details = reader.read(account)
    found = reader.read_findings(account, details, task.params["confirmed"], task.params["read_root_credentials"])
    examined = {"findings": [asdict(finding) for finding in found], "session": reader.sessions.get(account.id)}
    try:
        changes.refuse(reader.purpose or "", found)
    except BreakglassError as error:
        raise error.with_result(changed=False, before=reader.summary(account), actions=[], **examined) from None
    return details, examined


def _carry_out(
    task: _Task,
    change: changes.Change,
    before: dict,
    predicted: dict,
    read_back: t.Callable[[Performed], dict],
    **more: t.Any,
) -> dict:
    """Make the call and read back; in check mode neither. Whatever is raised, what was done is in the result."""
    context, account = task.context, task.account
    if context.check_mode:
        return _result(account.id, account, before, predicted, [change.action], **more)
    known = {"account_id": account.id, "name": account.name, "before": before, **more}
    _require_as_planned(task.params["plan"], {**known, "actions": [change.action]})
    performed = changes.make(context.organization, change)
    if performed.status == REFUSED and performed.code not in change.moot:
        raise performed.failure.with_result(changed=False, outcome=v.FAILED, actions=[], **known)
    try:
        after = read_back(performed)
    except Exception as error:  # whatever it is: the call was made
        raise _not_confirmed(performed, change, explain(error, f"reading back {change.action}"), known) from error
    if performed.status == REFUSED:  # it was done already, by another caller
        return _result(account.id, account, before, after, **more)
    if performed.status == UNKNOWN:
        performed.settle(done=True)
        context.warn(f"AWS's answer to {change.action} was lost. Reading back shows that it was done.")
    return _result(account.id, account, before, after, [change.action], **more)


def _require_as_planned(plan: dict | None, found: dict) -> None:
    """Raise a BreakglassError when the account, or what would be done, is not what the approved plan has."""
    if plan is None:
        return
    different = [
        f"{name} is {found[name]!r}, and was {plan.get(name)!r}" for name in _PLANNED if found[name] != plan.get(name)
    ]
    if different:
        cause = f"Nothing was changed. Account {found['account_id']} differs from the plan: {'; '.join(different)}."
        known = {name: value for name, value in found.items() if name != "actions"}
        error = BreakglassError(cause, "Find out who changed it, then plan and approve again.")
        raise error.with_result(changed=False, outcome=v.FAILED, actions=[], **known)


def _not_confirmed(performed: Performed, change: changes.Change, problem: BreakglassError, known: dict) -> Exception:
    """Reading back does not show the change, or is not possible."""
    if performed.status == REFUSED:
        return performed.failure.with_result(changed=False, outcome=v.FAILED, actions=[], **known)
    if performed.status == UNKNOWN:
        lost = f"AWS's answer to {change.action} was lost. {performed.failure.cause}"
        problem = BreakglassError(f"{lost} {problem.cause}", problem.fix, performed.code)
    return problem.with_result(changed=True, outcome=v.UNVERIFIED, actions=[change.action], **known)


def _result(
    account_id: str,
    account: Account | None,
    before: dict,
    after: dict,
    actions: t.Sequence[str] = (),
    **more: t.Any,
) -> dict:
    return {
        "changed": bool(actions),
        "outcome": v.CHANGED if actions else v.UNCHANGED,
        "account_id": account_id,
        "name": account and account.name,
        "before": before,
        "after": after,
        "actions": list(actions),
        "diff": {"before": before, "after": after},
        **more,
    }
