# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts a task is for: named or all, without the management account and the protected ones."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
)

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "account_ids": {"type": "list", "elements": "str"},
    "all_accounts": {"type": "bool", "default": False},
}

MANAGEMENT_ACCOUNT_IS_NO_TARGET = (
    "it is the management account, which is never a target",
    "Name member accounts only. To manage the management account's root user, sign in as that root user.",
)


MANAGEMENT_ACCOUNT_IS_SKIPPED = "The management account is never a target."


@dataclass(frozen=True, slots=True)
class Target:
    """An account and, when nothing is to be done to it, why."""

    account: Account
    skipped_because: str = ""


def choose_targets(
    organization: Organization,
    account_ids: t.Sequence[t.Any] | None,
    all_accounts: bool,
    protected_accounts: t.Sequence[t.Any] = (),
    warn: t.Callable[[str], t.Any] = lambda text: None,
) -> list[Target]:
    """The targets that the options of a task name. Reads the organization, opens no session.

    An account that is named but must not or cannot be used is refused. With "all accounts" it is skipped.
    """
    protected = set(parse_account_ids(protected_accounts, "protected_accounts"))
    if not all_accounts:
        return [_named(organization, one) for one in _named_ids(account_ids, protected, warn)]
    if account_ids:
        raise InvalidInput("all_accounts", True, "false, when account_ids names accounts")
    management = management_account_id(organization)
    accounts = organization.accounts()
    for stranger in sorted(protected - {account.id for account in accounts}):
        warn(f"protected_accounts: {stranger} is not in the organization. Check the spelling.")
    return [Target(one, _reason_to_skip(one, management, protected)) for one in accounts]


def member_account(organization: Organization, account_id: str, option: str) -> Account:
    """The member account with this ID; InvalidInput when it is the management account or not in the organization."""
    if account_id == management_account_id(organization):
        cause, fix = MANAGEMENT_ACCOUNT_IS_NO_TARGET
        raise InvalidInput(option, account_id, "the ID of a member account", hint=f"{cause}. {fix.rstrip('.')}")
    account = organization.account(account_id)
    if account is None:
        raise InvalidInput(
            option,
            account_id,
            "the ID of an account of the organization",
            hint=f"{account_id} is not in it. Check the ID, and whose credentials are used",
        )
    return account


def unusable(account: Account) -> str:
    """Why the account cannot be used because of its state; empty when it can."""
    if account.state in v.UNUSABLE_STATES:
        return f"The account's state is {account.state}: it cannot be used."
    return ""


def _named_ids(account_ids: t.Sequence[t.Any] | None, protected: set[str], warn: t.Callable) -> list[str]:
    if not account_ids:
        raise InvalidInput("account_ids", account_ids, "at least one account ID, unless all_accounts=true")
    ids = parse_account_ids(account_ids, "account_ids")
    if len(ids) < len(account_ids):
        warn("account_ids: an account is named more than once; it is done once.")
    for one in ids:
        if one in protected:
            raise InvalidInput("account_ids", one, "an account that is not in protected_accounts")
    return ids


def _named(organization: Organization, account_id: str) -> Target:
    account = member_account(organization, account_id, "account_ids")
    return Target(account, unusable(account))


def _reason_to_skip(account: Account, management: str, protected: set[str]) -> str:
    if account.id == management:
        return MANAGEMENT_ACCOUNT_IS_SKIPPED
    if account.id in protected:
        return "The account is in protected_accounts."
    return unusable(account)


def management_account_id(organization: Organization) -> str:
    """The management account; a BreakglassError when the caller's account cannot manage the organization."""
    description = organization.describe()
    if description is None:
        raise BreakglassError(
            f"Account {organization.caller.account_id} is in no organization.",
            "Use credentials of the organization's management account or of its delegated administrator for IAM.",
        )
    try:
        role = organization.caller_role()
    except BreakglassError:
        role = v.UNKNOWN  # the next call will fail with the reason
    if role == v.NEITHER:
        raise caller_is_neither(organization.caller)
    return description["management_account_id"]


def caller_is_neither(caller: Caller) -> BreakglassError:
    """Root access is for two accounts only, and the caller belongs to another one."""
    return BreakglassError(
        f"Account {caller.account_id} is neither the management account nor a delegated administrator for IAM.",
        "Use credentials of the management account, or have it register the account as delegated administrator: "
        "breakglass.aws.root_access, delegated_administrator.",
    )
