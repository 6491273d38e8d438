# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root credentials accounts have, and taking them away."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _root_user
from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    explain_denial_in_root_session,
)
from ansible_collections.breakglass.aws.plugins.module_utils._organization import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._root_session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._scp import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target


def audit(connection: Connection, organization: Organization, targets: list[Target]) -> list[dict]:
    """The root credentials of each target."""

    def look(account_id: str, entry: dict) -> None:
        iam = _act_as_root(connection, organization, account_id, v.AUDIT_ROOT_CREDENTIALS, entry)
        entry["root_credentials"] = _root_user.read_root_credentials(iam, account_id)
        entry["outcome"] = v.UNCHANGED if any(_root_user.identify(entry["root_credentials"]).values()) else v.ABSENT

    return sweep(targets, look, {"root_credentials": None, "session": None}, understand=_name_policies(organization))


def remove(
    connection: Connection,
    organization: Organization,
    targets: list[Target],
    kinds: t.Collection[str],
    guard: _root_user.Guard,
    check_mode: bool,
) -> list[dict]:
    """The chosen kinds of root credentials gone from each target; in check mode, what would go.

    Looking, removing and looking again happen in one session. Check mode opens one that could not remove anything.
    """
    task = v.AUDIT_ROOT_CREDENTIALS if check_mode else v.DELETE_ROOT_CREDENTIALS

    def clean(account_id: str, entry: dict) -> None:
        iam = _act_as_root(connection, organization, account_id, task, entry)
        before = _root_user.read_root_credentials(iam, account_id)
        plan = _root_user.plan_removal(before, kinds, guard)
        entry.update(before=before, after=before)
        if not any(item.outcome == v.REMOVED for item in plan):
            _conclude(entry, plan)
        elif check_mode:
            entry["after"] = _root_user.without(before, plan)
            _conclude(entry, plan)
        else:
            done = _root_user.remove(iam, account_id, plan)
            _conclude(entry, done)  # should the process be in trouble from here on, the entry is not empty
            entry["after"], confirmed = _root_user.read_back(iam, account_id, before, done)
            _conclude(entry, confirmed)

    blank = {"changed": False, "before": None, "after": None, "items": [], "session": None}
    return sweep(targets, clean, blank, understand=_name_policies(organization))


def _name_policies(organization: Organization) -> t.Callable[[BreakglassError], BreakglassError]:
    return lambda error: explain_denial_in_root_session(error, ServiceControlPolicies(organization))


def diff(entries: list[dict]) -> dict:
    """Before and after, as lines for a person, of the accounts that change."""
    changed = [entry for entry in entries if entry["changed"] and entry["after"]]
    return {
        side: {f"{entry['account_id']} {entry['name']}": _describe(entry[side]) for entry in changed}
        for side in ("before", "after")
    }


def _act_as_root(
    connection: Connection, organization: Organization, account_id: str, task: v.Task, entry: dict
) -> t.Any:
    """An IAM client that provably acts as the account's root user."""
    session = open_root_session(connection, organization, account_id, task)
    entry["session"] = session.public
    session.assert_root_of(account_id)
    return session.client("iam")


def _conclude(entry: dict, items: list[_root_user.Item]) -> None:
    """The account's outcome from those of its items."""
    outcome = v.worst(item.outcome for item in items)
    entry.update(
        items=[{"kind": item.kind, "id": item.id, "outcome": item.outcome, "reason": item.reason} for item in items],
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
    lines += [f"signing certificate {one['id']} ({one['status']})" for one in credentials[v.SIGNING_CERTIFICATES]]
    if credentials[v.PASSWORD]["present"]:
        lines.append(f"password ({used(credentials[v.PASSWORD]['last_used'])})")
    return lines + [f"MFA device {device['serial']}" for device in credentials[v.MFA_DEVICES]]
