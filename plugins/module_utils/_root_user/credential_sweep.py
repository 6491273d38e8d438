# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root credentials over many accounts: read them, or remove them. One root session an account."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._approved_items import (
    ApprovedItem,
    check_approved_items,
    show_items,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import RootSession, open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import removal_request as requests
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal import Removal, plan_removal, without
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal_request import Item, RemovalRequest
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import select_accounts
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.entry_shape import SESSION
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import (
    SweepOptions,
    not_done,
    summarize,
    sweep,
    sweep_options,
)
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.waves import (
    Course,
    Waves,
    check_waves,
    conclude,
    limit_plan,
    sweep_in_waves,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._time import now

# After these, nothing is left to do in an account, and reading back confirmed it.
_FINISHED = (v.REMOVED, v.ABSENT)


def run_audit(params: dict, context: Context) -> dict:
    """The result of root_credentials_info. Warns of each account that could not be read."""
    organization = context.organization
    selection = select_accounts(organization, params, warn=context.warn)
    terms = {"do": "root_credentials_info", "organization": organization.identity()["id"]}
    with sweep_options(context, params, terms, (v.UNCHANGED, v.ABSENT)) as options:
        accounts = audit(context, selection.targets, options)
    for line in not_done(accounts):
        context.warn(line)
    return {"accounts": accounts, "selection": selection.as_dict(), "summary": summarize(accounts)}


def run_removal(params: dict, context: Context) -> dict:
    """The result of root_credentials; as a BreakglassError that carries it when an account is not done."""
    organization = context.organization
    kinds = requests.check_kinds(params["kinds"])
    waves = check_waves(params)
    guard = requests.check_guard(params["recently_used_days"], params["allow_recently_used"], now())
    selection = select_accounts(organization, params, protected=params["protected_accounts"], warn=context.warn)
    targets = selection.targets
    partition = context.connection.caller.partition
    serials = requests.check_serials(params["mfa_serials"], kinds, partition, targets)
    accepted_ids = {kind: requests.ACCEPTED_IDS[kind] for kind in kinds}
    approved = check_approved_items(params["approved_items"], accepted_ids, targets)
    request = RemovalRequest(kinds, guard, serials, approved)
    with sweep_options(context, params, request.terms(organization.identity()["id"]), _FINISHED) as options:
        accounts, course = remove(context, targets, request, options, waves)
    for serial in unknown_serials(serials, accounts):
        context.warn(f"mfa_serials: no root user has the device {serial}.")
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "selection": selection.as_dict(),
        "summary": summarize(accounts),
        "diff": diff(accounts),
    }
    if context.check_mode:
        result["plan_items"] = plan_items(accounts)
        result["plan_waves"] = waves.split([account["account_id"] for account in accounts if account["changed"]])
    else:
        result.update(course.as_dict())
    conclude(accounts, course, result, context.warn)
    return result


# What an entry of a journal has of an account's credentials.
_TEXT = (None, str)
_CREDENTIALS = (
    None,
    {
        v.ACCESS_KEYS: [
            {
                "id": str,
                "status": _TEXT,
                "created": _TEXT,
                "last_used": {"date": _TEXT, "region": _TEXT, "service": _TEXT},
            }
        ],
        v.SIGNING_CERTIFICATES: [{"id": str, "status": _TEXT, "created": _TEXT}],
        v.PASSWORD: {"present": bool, "created": _TEXT, "last_used": _TEXT},
        v.MFA_DEVICES: [{"serial": str, "enabled": _TEXT}],
    },
)


def audit(context: Context, targets: list[Target], options: SweepOptions | None = None) -> t.Sequence[dict]:
    """The root credentials of each target."""
    options = options or SweepOptions()

    def read(account_id: str, entry: dict) -> None:
        session = _open_session(context, account_id, v.AUDIT_ROOT_CREDENTIALS, entry)
        identify = functools.partial(session.identify_root_of, account_id)
        found = root_user.read_root_credentials(session.client("iam"), account_id, identify, options.overlap.together)
        entry["root_credentials"] = found
        entry["outcome"] = v.UNCHANGED if any(root_user.identify(entry["root_credentials"]).values()) else v.ABSENT

    blank = {"root_credentials": None, "session": None}
    shape = {"root_credentials": _CREDENTIALS, "session": SESSION}
    explain_error = _name_policies(context.organization)
    return sweep(targets, read, blank, explain_error=explain_error, options=options, shape=shape, read_only=True)


def remove(
    context: Context,
    targets: list[Target],
    request: RemovalRequest,
    options: SweepOptions,
    waves: Waves,
) -> tuple[list[dict], Course]:
    """The requested root credentials removed from each target; in check mode, what would be removed.

    Reading, removing and reading back happen in one session. Check mode, and an account of which nothing is approved,
    get a session that cannot remove anything.
    """

    def clean(account_id: str, entry: dict) -> None:
        acts = request.touches(account_id) and not context.check_mode
        task = v.DELETE_ROOT_CREDENTIALS if acts else v.AUDIT_ROOT_CREDENTIALS
        session = _open_session(context, account_id, task, entry)
        iam, user = session.client("iam"), session.identify_root_of(account_id)  # before anything that changes
        before = root_user.read_root_credentials(iam, account_id, lambda: user, options.overlap.together)
        plan = plan_removal(before, request, account_id)
        entry.update(before=before, after=before)
        if not acts or not any(item.outcome == v.REMOVED for item in plan):
            entry["after"] = without(before, plan)
            _conclude(entry, plan)
            return
        removal = Removal(iam, account_id, before, plan, only_approved=request.approved is not None)
        try:
            removal.carry_out()
            entry["after"] = None
            entry["after"] = removal.read_back()
        finally:  # whatever is raised, the entry has what was done
            _conclude(entry, removal.items)

    blank: dict[str, t.Any] = {
        "changed": False,
        "before": None,
        "after": None,
        "credentials": [],
        "leftover_mfa_devices": [],
        "session": None,
    }
    shape = {
        "changed": bool,
        "before": _CREDENTIALS,
        "after": _CREDENTIALS,
        "credentials": [{"kind": str, "id": str, "created?": (None, str), "outcome": str, "reason": str}],
        "leftover_mfa_devices": [str],
        "session": SESSION,
    }
    explain_error = _name_policies(context.organization)
    if context.check_mode:
        entries = list(sweep(targets, clean, blank, explain_error=explain_error, options=options, shape=shape))
        limit_plan(entries, waves)
        return entries, Course()
    return sweep_in_waves(
        targets,
        clean,
        blank,
        waves,
        options,
        changes=request.touches,
        explain_error=explain_error,
        shape=shape,
    )


def plan_items(entries: list[dict]) -> list[dict[str, str]]:
    """The items of a plan that would be removed, in the shape of the option approved_items."""
    return show_items(
        ApprovedItem(entry["account_id"], item["kind"], item["id"], item["created"])
        for entry in entries
        for item in entry["credentials"]
        if item["outcome"] == v.REMOVED
    )


def unknown_serials(serials: frozenset | None, entries: list[dict]) -> list[str]:
    """The named MFA devices that no root user had, when every account was read."""
    if serials is None or any(entry["before"] is None for entry in entries):
        return []
    found = {device["serial"] for entry in entries for device in entry["before"][v.MFA_DEVICES]}
    return sorted(serials - found)


def diff(entries: list[dict]) -> dict:
    """Before and after, as lines for a person, of the accounts that change."""
    changed = [entry for entry in entries if entry["changed"] and entry["after"]]
    return {
        side: {f"{entry['account_id']} {entry['name']}": _describe(entry[side]) for entry in changed}
        for side in ("before", "after")
    }


def _name_policies(organization: Organization) -> t.Callable[[BreakglassError], BreakglassError]:
    return lambda error: explain_denial_in_root_session(error, ServiceControlPolicies(organization))


def _open_session(context: Context, account_id: str, task: v.Task, entry: dict) -> RootSession:
    session = open_root_session(context.connection, context.organization, account_id, task)
    entry["session"] = session.public
    return session


def _conclude(entry: dict, items: list[Item]) -> None:
    """The account's outcome from those of its items."""
    outcome = v.worst(item.outcome for item in items)
    entry.update(
        credentials=[
            {
                "kind": item.kind,
                "id": item.id,
                "created": item.created,
                "outcome": item.outcome,
                "reason": item.reason,
            }
            for item in items
        ],
        leftover_mfa_devices=[
            item.id
            for item in items
            if item.kind == v.MFA_DEVICES and item.outcome == v.REMOVED and root_user.is_virtual_device(item.id)
        ],
        changed=any(item.outcome in (v.REMOVED, v.UNVERIFIED) for item in items),
        outcome=outcome,
        reason=""
        if outcome in (v.REMOVED, v.ABSENT)
        else " ".join(f"{item.id}: {item.reason}" for item in items if item.outcome == outcome),
    )


def _describe(credentials: dict) -> list[str]:
    def used(date: str | None) -> str:
        return f"last used {date}" if date else "never used"

    lines = [
        f"access key {key['id']} ({key['status']}, {used(key['last_used']['date'])})"
        for key in credentials[v.ACCESS_KEYS]
    ]
    certificates = credentials[v.SIGNING_CERTIFICATES]
    lines += [f"signing certificate {certificate['id']} ({certificate['status']})" for certificate in certificates]
    if credentials[v.PASSWORD]["present"]:
        lines.append(f"password ({used(credentials[v.PASSWORD]['last_used'])})")
    return lines + [f"MFA device {device['serial']}" for device in credentials[v.MFA_DEVICES]]
