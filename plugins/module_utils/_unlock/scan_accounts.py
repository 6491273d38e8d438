# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What resource_policy_lockout_info does: scan one account, or many by assuming a role in each. No Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection, check_region
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput, Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import resource_of
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import (
    Selection,
    is_given,
    select_accounts,
)
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done, sweep, sweep_options
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import plan as planning
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.scan import (
    FAILED,
    UNREADABLE,
    ScanRequest,
    scan_account,
    summarize,
)
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.verifier import AdministratorSession


def scan_accounts(params: dict[str, t.Any], context: Context) -> dict[str, t.Any]:
    """The result of the module: an entry for each account. Raises a BreakglassError for options that are not valid."""
    for region in params["regions"] or []:
        check_region("regions", region)
    regions = list(dict.fromkeys(params["regions"])) if params["regions"] else None
    own = not is_given(params)
    selection = (
        _own_account(params, context) if own else select_accounts(context.organization, params, warn=context.warn)
    )
    targets = selection.targets
    _check_administrators(params["administrators"], targets)
    partition = context.connection.caller.partition
    organization_id = _organization_id(context)
    paths = {target.account.id: _path_of(context, target) for target in targets} if organization_id else {}

    request = ScanRequest(partition, tuple(params["services"]), regions, tuple(params["administrators"]))

    def work(account_id: str, entry: dict[str, t.Any]) -> None:
        connection = context.connection if own else _in_account(context, account_id, params["role_name"])
        session = AdministratorSession(connection, account_id)
        organization = {"organization_id": organization_id, "organization_path": paths.get(account_id)}
        found = scan_account(session, request, organization, sweeping.overlap)
        unlisted = [one.as_dict() for one in found.unlisted]
        entry.update(resources=found.resources, regions=found.regions, unlisted=unlisted, outcome=v.UNCHANGED)

    terms = {
        "do": "resource_policy_lockout_info",
        "organization": organization_id,
        "role_name": None if own else params["role_name"],
        **{option: sorted(params[option] or []) for option in ("services", "regions", "administrators")},
    }
    blank: dict[str, t.Any] = {"resources": [], "regions": [], "unlisted": []}
    with sweep_options(context, params, terms, (v.UNCHANGED,), _is_complete) as sweeping:
        entries = sweep(targets, work, blank, options=sweeping, shape=_SHAPE, read_only=True)
    for line in (*not_done(entries), *_unlisted(entries)):
        context.warn(line)
    return {
        "changed": False,
        "accounts": entries,
        "selection": selection.as_dict(),
        "summary": summarize(entries),
    }


_RESOURCE = {
    **dict.fromkeys(("service", "arn", "name", "region", "outcome", "reason"), str),
    "lockout_statements": [dict],
}
_SHAPE = {
    "resources": [_RESOURCE],
    "regions": [str],
    "unlisted": [{"service": str, "region": (None, str), "reason": str}],
}


def _is_complete(entry: dict[str, t.Any]) -> bool:
    """Whether an account need not be scanned again: everything was listed, and every policy was read."""
    unread = any(resource["outcome"] in (FAILED, UNREADABLE) for resource in entry["resources"])
    return not entry["unlisted"] and not unread


def _select(params: dict[str, t.Any], context: Context) -> Selection:
    return select_accounts(context.organization, params, warn=context.warn)


def _own_account(params: dict[str, t.Any], context: Context) -> Selection:
    """The caller's own account. Raises InvalidInput for options that only select among others."""
    for option in ("account_states", "exclude_accounts"):
        if params[option]:
            accepted = "nothing, unless all_accounts=true, organizational_units or account_tags selects accounts"
            raise InvalidInput(option, params[option], accepted)
    return Selection([Target(Account(id=context.connection.caller.account_id, name="", state="ACTIVE"))])


def _unlisted(entries: t.Sequence[dict[str, t.Any]]) -> list[str]:
    return [
        f"Account {entry['account_id']}, {one['service']}{' in ' + one['region'] if one['region'] else ''}: "
        f"whether anything is locked there is not known. {one['reason']}"
        for entry in entries
        for one in entry["unlisted"]
    ]


def _check_administrators(given: list[str], targets: list[Target]) -> None:
    if given and len(targets) != 1:
        raise InvalidInput("administrators", given, "nothing, unless one account is named")
    if given:
        planning.named(resource_of("arn:aws:s3:::any", targets[0].account.id), given)


def _organization_id(context: Context) -> str | None:
    """The caller's organization. Without it, whether a condition on the organization holds is not known."""
    described = attempt(context.organization.describe)
    if isinstance(described, Unread):
        context.warn(f"The organization of the account could not be read. {described.why}")
        return None
    return described["id"] if described else None


def _path_of(context: Context, target: Target) -> str | None:
    """The path of the account's OU; None when it may not be read."""
    account: Account | Unread | None = target.account
    if not target.account.path:
        account = attempt(lambda: context.organization.account(target.account.id))
    return context.organization.path_of(account) if isinstance(account, Account) else None


def _in_account(context: Context, account_id: str, role_name: str) -> Connection:
    try:
        return assume(context.connection, account_id, role_name)
    except BreakglassError as error:
        raise Unreachable(error.cause, f"{error.fix} Or name another role in role_name.", error.code) from error
