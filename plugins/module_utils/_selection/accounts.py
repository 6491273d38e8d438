# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts the options of a sweeping task select, and why others are left out."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _targets as targets
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id, parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._names import nearest
from ansible_collections.breakglass.aws.plugins.module_utils._selection import organizational_units as units
from ansible_collections.breakglass.aws.plugins.module_utils._selection import tags
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

STATES = ("ACTIVE", "PENDING_ACTIVATION", "PENDING_CLOSURE", "SUSPENDED", "CLOSED")
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **targets.ARGUMENTS,
    units.OPTION: {"type": "list", "elements": "str"},
    tags.OPTION: {"type": "dict"},
    "account_states": {"type": "list", "elements": "str", "choices": list(STATES)},
    "exclude_accounts": {"type": "list", "elements": "str", "default": []},
    "allow_empty_selection": {"type": "bool", "default": False},
}
_SELECTING = ("all_accounts", units.OPTION, tags.OPTION)
_FILTERS = (units.OPTION, tags.OPTION, "account_states")
_NONE_GIVEN = f"at least one account ID, unless all_accounts=true, {units.OPTION} or {tags.OPTION} selects accounts"


@dataclass(frozen=True)
class Duplicate:
    """An account that was selected more than once. It is done once."""

    account: Account
    reason: str


@dataclass(frozen=True)
class Selection:
    """The accounts of a task in the order of the listing; those with ``skipped_because`` are left out."""

    targets: list[Target]
    duplicates: tuple[Duplicate, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """``selection`` as results have it."""
        left_out = [target for target in self.targets if target.skipped_because]
        return {
            "selected": len(self.targets) - len(left_out),
            "left_out": [_shown(one.account, one.skipped_because) for one in left_out],
            "duplicates": [_shown(one.account, one.reason) for one in self.duplicates],
        }


def is_given(params: t.Mapping[str, t.Any]) -> bool:
    """Whether any option selects accounts: account_ids, all_accounts, OUs or tags."""
    return bool(params["account_ids"]) or any(params[option] for option in _SELECTING)


def has_every_account(params: t.Mapping[str, t.Any]) -> bool:
    """Whether every account of the organization is a target, left out or not. Tags and OUs narrow the targets down."""
    return bool(params["all_accounts"]) and params[tags.OPTION] is None


def selects(params: t.Mapping[str, t.Any]) -> bool:
    """Whether any option of a selection is given, those too that only leave accounts out."""
    return is_given(params) or bool(params["account_states"] or params["exclude_accounts"])


def select_accounts(
    organization: Organization,
    params: t.Mapping[str, t.Any],
    *,
    protected: t.Sequence[t.Any] = (),
    with_all: bool = False,
    with_caller: bool = False,
    warn: t.Callable[[str], t.Any] = lambda text: None,
) -> Selection:
    """The accounts that the task's parameters (those in ARGUMENTS) select. Reads the organization, opens no session.

    An account that is named but must not be used is refused; where all, OUs or tags select it, it is left out, with the
    reason. ``with_all``: the management account and accounts of any state are targets too, since the task only reads
    the organization. ``with_caller``: so is the caller's own account, which needs no session. Raises InvalidInput for
    contradictions and for what does not exist, and a BreakglassError for a selection without an account to work on,
    unless allow_empty_selection=true.
    """
    _check(params)
    shielded = set(parse_account_ids(protected, "protected_accounts"))
    excluded = set(parse_account_ids(params["exclude_accounts"], "exclude_accounts"))
    if params["account_ids"]:
        selection = _named(organization, params["account_ids"], shielded, excluded, with_all, warn)
        if not excluded:
            return selection  # each named account has its entry, and the reason when it is left out
    else:
        wanted = tags.check_tags(params[tags.OPTION]) if params[tags.OPTION] is not None else None
        management = targets.management_account_id(organization)
        accounts = organization.accounts()
        _check_excluded(excluded, accounts)
        for stranger in sorted(shielded - {account.id for account in accounts}):
            warn(f"protected_accounts: {stranger} is not in the organization. Check the spelling.")
        found, duplicates = _in_units(organization, params[units.OPTION], accounts, warn)
        if wanted is not None:
            found = tags.accounts_with_tags(organization, found, wanted, warn)
        caller = organization.caller.account_id if with_caller else ""
        rules = _Rules(management, shielded, excluded, params["account_states"], with_all, caller)
        kept = {account.id for account in found}
        selection = Selection(
            [Target(account, rules.reason_to_skip(account)) for account in found],
            tuple(one for one in duplicates if one.account.id in kept),
        )
    _refuse_empty(selection, params)
    return selection


@dataclass(frozen=True)
class _Rules:
    """Why a selected account is left out."""

    management: str
    protected: t.Collection[str]
    excluded: t.Collection[str]
    states: t.Sequence[str] | None
    with_all: bool
    caller: str

    def reason_to_skip(self, account: Account) -> str:
        """Empty when the account is worked on."""
        if account.id == self.management and not self.with_all and account.id != self.caller:
            return targets.MANAGEMENT_ACCOUNT_IS_SKIPPED
        if account.id in self.protected:
            return "The account is in protected_accounts."
        if account.id in self.excluded:
            return _EXCLUDED
        if self.states and account.state not in self.states:
            return f"The account's state is {account.state}; account_states selects {', '.join(self.states)}."
        return "" if self.with_all else targets.unusable(account)


_EXCLUDED = "The account is in exclude_accounts."


def _check(params: t.Mapping[str, t.Any]) -> None:
    """InvalidInput for options that contradict one another, or select nothing; without AWS."""
    for option in _FILTERS:
        if params[option] is not None and not params[option]:
            raise InvalidInput(option, params[option], "at least one entry, or the option left out")
    if params["account_ids"]:
        if params["all_accounts"]:
            raise InvalidInput("all_accounts", True, "false, when account_ids names accounts")
        for option in _FILTERS:
            if params[option]:
                raise InvalidInput(option, params[option], "nothing, when account_ids names accounts")
    elif params["all_accounts"] and params[units.OPTION]:
        raise InvalidInput("all_accounts", True, f"false, when {units.OPTION} selects accounts")
    elif not is_given(params):
        raise InvalidInput("account_ids", params["account_ids"], _NONE_GIVEN)


def _named(
    organization: Organization,
    account_ids: t.Sequence[t.Any],
    protected: t.Collection[str],
    excluded: t.Collection[str],
    with_all: bool,
    warn: t.Callable[[str], t.Any],
) -> Selection:
    given = [parse_account_id(one, "account_ids") for one in account_ids]
    ids = list(dict.fromkeys(given))
    for one in ids:
        if one in protected:
            raise InvalidInput("account_ids", one, "an account that is not in protected_accounts")
    if strangers := sorted(set(excluded) - set(ids)):
        raise InvalidInput(
            "exclude_accounts", strangers[0], "one of account_ids", hint=_did_you_mean(strangers[0], ids)
        )
    found = []
    for one in ids:
        account = _any_account(organization, one) if with_all else None
        account = account or targets.member_account(organization, one, "account_ids")
        found.append(Target(account, _EXCLUDED if one in excluded else "" if with_all else targets.unusable(account)))
    duplicates = tuple(
        Duplicate(target.account, "It is named more than once in account_ids.")
        for target in found
        if given.count(target.account.id) > 1
    )
    if duplicates:
        warn("account_ids: an account is named more than once; it is done once.")
    return Selection(found, duplicates)


def _any_account(organization: Organization, account_id: str) -> Account | None:
    """The account if it is the management account, which member_account refuses."""
    is_management = account_id == organization.identity()["management_account_id"]
    return organization.account(account_id) if is_management else None


def _check_excluded(excluded: t.Collection[str], accounts: t.Sequence[Account]) -> None:
    """InvalidInput for an account that is not there: a misspelled exclusion would not exclude what it means."""
    known = [account.id for account in accounts]
    for one in sorted(set(excluded) - set(known)):
        hint = f"{one} is not in it{_did_you_mean(one, known, '. ')}"
        raise InvalidInput("exclude_accounts", one, "accounts of the organization", hint=hint)


def _did_you_mean(account_id: str, known: t.Collection[str], before: str = "") -> str:
    near = nearest(account_id, known)
    return f"{before}Did you mean {near}?" if near else ""


def _in_units(
    organization: Organization,
    given: t.Sequence[str] | None,
    accounts: list[Account],
    warn: t.Callable[[str], t.Any],
) -> tuple[list[Account], list[Duplicate]]:
    """The accounts in the subtrees of the OUs, and those that are in several of them; all without OUs."""
    if given is None:
        return accounts, []
    subtrees = units.find_subtrees(organization, given, accounts)
    if len(subtrees) < len(given):
        warn(f"{units.OPTION}: an OU is named more than once.")
    found, duplicates = [], []
    for account in accounts:
        holding = [subtree.given for subtree in subtrees if account.id in subtree.account_ids]
        if holding:
            found.append(account)
        if len(holding) > 1:
            duplicates.append(Duplicate(account, f"It is in several of the OUs: {', '.join(holding)}."))
    return found, duplicates


def _refuse_empty(selection: Selection, params: t.Mapping[str, t.Any]) -> None:
    """A BreakglassError with the reasons when nothing is left to work on."""
    reasons = [target.skipped_because for target in selection.targets]
    if params["allow_empty_selection"] or not all(reasons):
        return
    counts = [f"{reasons.count(one)} left out: {one}" for one in dict.fromkeys(reasons)]
    given = ", ".join(f"{option}={params[option]}" for option in ARGUMENTS if params[option])
    raise BreakglassError(
        " ".join([f"The selection is empty: {given} leave no account to work on.", *counts]),
        "Check these options. If a selection without accounts is no mistake, set allow_empty_selection=true.",
    ).with_result(selection=selection.as_dict())


def _shown(account: Account, reason: str) -> dict[str, str]:
    return {"account_id": account.id, "name": account.name, "reason": reason}
