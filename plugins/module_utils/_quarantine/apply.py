# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quarantine of one account attached or lifted, as a task declares it.

Each run reads what is there and makes the calls that are missing, so that one that ended in between is continued.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id, parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import UNKNOWN
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    MOST_ATTACHED,
    SCP,
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine import policy as wanted
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine.steps import Found, Steps, read
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable

ATTACHED, LIFTED = "attached", "lifted"
STATES = (ATTACHED, LIFTED)


def apply_quarantine(params: dict, context: Context) -> dict:
    """What account_quarantine returns; a BreakglassError, with what is known, when the state is not reached."""
    account_id = parse_account_id(params["account_id"], "account_id")
    if account_id in parse_account_ids(params["protected_accounts"], "protected_accounts"):
        raise InvalidInput("account_id", account_id, "an account that is not in protected_accounts")
    if params["state"] == LIFTED:
        for option in ("scope", "exempt_principals"):
            if params[option] is not None:
                raise InvalidInput(option, params[option], "it together with state=attached only")
    organization = context.organization
    given = {**params, "scope": params["scope"] or wanted.ROOT_USER}
    quarantine = wanted.parse(given, account_id, organization.caller.partition)
    account = member_account(organization, account_id, "account_id")
    _require_policies(organization)
    found = read(organization, account.id, quarantine.policy_name)
    attaching = params["state"] == ATTACHED
    if attaching and params["scope"] is None:
        quarantine = _not_narrower(context, found, quarantine)
    task = _Task(context, account, quarantine, found, attaching=attaching)
    if task.attaching:
        _refuse_lockout(task)
        _refuse_full(task)
        _warn(task)
    else:
        _warn_of_edits(task)
    return task.carry_out()


def _not_narrower(context: Context, found: Found, quarantine: wanted.Quarantine) -> wanted.Quarantine:
    """The quarantine that is attached, where it stops more than the one asked for without a scope."""
    there = found.quarantine
    if not found.attached or there is None or there.scope == wanted.ROOT_USER:
        return quarantine
    context.warn(
        f"The quarantine that is attached stops all principals but {', '.join(there.exempt) or 'none'}, and stays as "
        "it is, because scope is not given. To stop the root user only, give scope=root_user."
    )
    return there


def _warn_of_edits(task: _Task) -> None:
    found = task.found
    if found.policy_id is not None and found.quarantine is None:
        task.context.warn(
            f"The policy {found.name} ({found.policy_id}) has the tag of this module, and something else edited it: "
            "see before.policy. It is detached, and not deleted. Delete it when its text is needed no more: aws "
            f"organizations delete-policy --policy-id {found.policy_id}."
        )


def _require_policies(organization: Organization) -> None:
    if SCP not in organization.policy_types():
        root = organization.root()
        raise BreakglassError(
            "Service control policies are not enabled in this organization, so no account can be quarantined.",
            "Enable them: aws organizations enable-policy-type --policy-type SERVICE_CONTROL_POLICY --root-id "
            f"{root.id}. This changes no permissions by itself: FullAWSAccess is attached everywhere.",
        ).with_result(changed=False)


def _refuse_lockout(task: _Task) -> None:
    """Raise when the caller is a principal of the account whom the quarantine would stop: who would lift it?"""
    organization, quarantine = task.context.organization, task.quarantine
    caller = organization.caller
    if caller.account_id != quarantine.account_id:
        return
    kind = judge.ROOT_USER if caller.is_root else judge.ROLE
    if quarantine.stopped(kind, caller.principal_arn):
        name = caller.principal_arn.partition(":iam::")[2].partition(":")[2]
        raise BreakglassError(
            f"The quarantine would stop you: {caller.arn} belongs to the account, and is not exempt.",
            f"Use credentials of the management account, or add {name} to exempt_principals.",
        ).with_result(changed=False)


def _refuse_full(task: _Task) -> None:
    """Raise when the account has as many policies as AWS allows, and the quarantine is not one of them."""
    names = task.found.names
    if task.found.attached or len(names) < MOST_ATTACHED:
        return
    raise BreakglassError(
        f"{len(names)} service control policies are attached to account {task.account.id} itself, and AWS allows "
        f"{MOST_ATTACHED}: {', '.join(names)}.",
        "Detach one that the quarantine makes unnecessary, and run the task again. Attach it again after the "
        "quarantine is lifted.",
    ).with_result(changed=False)


def _warn(task: _Task) -> None:
    """Warn about what the quarantine does not say itself: state, delegation, and policies that stop root sessions."""
    organization, account = task.context.organization, task.account
    if reason := unusable(account):
        task.context.warn(f"{reason} The quarantine binds it once it can be used again.")
    delegates = attempt(organization.delegated_administrators)
    if isinstance(delegates, Unread):
        task.context.warn(f"Whether the account is the delegated administrator for IAM is not known. {delegates.why}")
    elif account.id in {one.id for one in delegates}:
        task.context.warn(
            f"Account {account.id} is the delegated administrator for IAM. What the quarantine stops there can open no "
            "root sessions either: respond from the management account."
        )
    stopping = attempt(lambda: ServiceControlPolicies(organization).stopping(account.id))
    if isinstance(stopping, Unread):
        task.context.warn(f"Whether other policies deny root sessions is not known. {stopping.why}")
        return
    for one in stopping:
        if one["certain"]:
            task.context.warn(f"Root sessions are denied by another policy. {policy_in_words(one)} {one['fix']}")


class _Task:
    """One task: what is there, what is wanted, and the calls from one to the other."""

    def __init__(
        self, context: Context, account: Account, quarantine: wanted.Quarantine, found: Found, *, attaching: bool
    ) -> None:
        self.context, self.account, self.quarantine, self.found = context, account, quarantine, found
        self.attaching = attaching

    def carry_out(self) -> dict:
        """Make the calls that are missing and read back; in check mode neither."""
        steps = Steps(self.context.organization, self.quarantine, self.found)
        missing = steps.to_attach() if self.attaching else steps.to_lift()
        if self.context.check_mode or not missing:
            return self._result([step.action for step in missing], steps.predicted(missing))
        try:
            after = self._make(steps)
        except BreakglassError as error:
            doubtful = steps.status == UNKNOWN
            raise error.with_result(
                changed=bool(steps.done) or doubtful,
                outcome=v.UNVERIFIED if steps.done or doubtful else v.FAILED,
                actions=steps.done,
                **self._known(),
            ) from None
        return self._result(steps.done, after)

    def _make(self, steps: Steps) -> Found:
        """Make one call after another, each chosen by what reading shows, and confirm the last."""
        try:
            return steps.carry_out(self.attaching, self.context.warn)
        except BreakglassError:
            raise
        except Exception as error:  # whatever it is: calls were made
            raise explain(error, "reading the quarantine back") from error

    def _known(self) -> dict:
        caller = self.context.organization.caller
        return {
            "account_id": self.account.id,
            "name": self.account.name,
            "caller": {"account_id": caller.account_id, "arn": caller.arn},
            "before": self.found.as_result(),
        }

    def _result(self, actions: t.Sequence[str], after: Found) -> dict:
        known = self._known()
        shown = {"before": known["before"], "after": after.as_result()}
        return {
            **known,
            "after": shown["after"],
            "changed": bool(actions),
            "outcome": v.CHANGED if actions else v.UNCHANGED,
            "actions": list(actions),
            "stops": wanted.effects(self.quarantine) if self.attaching else [],
            "diff": {moment: state["policy"] if state["attached"] else {} for moment, state in shown.items()},
        }
