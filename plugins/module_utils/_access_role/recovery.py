# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access role of many accounts: how it stands, by which ways it could come back, and bringing it back."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import diagnosis as role
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import methods as ways
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, policy_in_words
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ROOT_USER, ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

VERIFY_SECONDS = 60


def require_management_account(organization: Organization) -> None:
    """Access roles trust the management account, and only it can operate the ways back."""
    if organization.caller_role() != v.MANAGEMENT_ACCOUNT:
        caller = organization.caller
        raise BreakglassError(
            f"Only the management account can look at and bring back access roles; {caller.arn} belongs to account "
            f"{caller.account_id}.",
            "Use credentials of the management account: the roles trust no other one.",
        )


def survey(
    connection: Connection, organization: Organization, targets: t.Sequence[Target], wanted: ways.Wanted
) -> list[dict]:
    """How the role of each target stands and, where it does not answer, which ways back there are."""

    all_ways = ways.ways("auto", connection, organization, wanted)

    def look(account_id: str, entry: dict) -> None:
        standing = role.look(connection, organization, account_id, wanted.role_name)
        _put(entry, standing)
        if may_be_brought_back(standing, wanted):
            entry["ways_back"] = [_way_back(way, account_id) for way in all_ways]

    return sweep(targets, look, {"role": None, "ways_back": []})


def rescue(
    connection: Connection,
    organization: Organization,
    targets: t.Sequence[Target],
    wanted: ways.Wanted,
    method: str,
    check_mode: bool,
) -> tuple[list[dict], list[str]]:
    """The role of each target answers, or why it could not be brought back; one entry an account, and warnings."""

    def look(account_id: str, entry: dict) -> None:
        standing = role.look(connection, organization, account_id, wanted.role_name)
        _put(entry, standing)
        entry["before"] = entry["role"]
        entry["_broken"] = may_be_brought_back(standing, wanted)

    blank = {"changed": False, "before": None, "role": None, "attempts": [], "actions": [], "_broken": False}
    entries = sweep(targets, look, blank)
    broken = {entry["account_id"]: entry for entry in entries if entry.pop("_broken")}
    warnings = []
    for way in ways.ways(method, connection, organization, wanted):
        open_to = [one for one in broken if not _refused(way, broken[one])]
        if check_mode:
            for account_id in open_to:
                _foresee(broken.pop(account_id), way)
        elif open_to:
            _take(way, {one: broken[one] for one in open_to}, connection, organization)
            warnings.extend(way.warnings)
            broken = {one: entry for one, entry in broken.items() if entry["outcome"] not in (v.CHANGED, v.UNVERIFIED)}
    for entry in broken.values():
        _only_root_is_left(entry, organization)
    return entries, warnings


def may_be_brought_back(standing: role.Standing, wanted: ways.Wanted) -> bool:
    """Is there anything that making or mending the role could change, and should?"""
    if standing.state == role.NO_SOURCE_IDENTITY:
        return wanted.source_identity
    callers_fault = standing.state == role.REFUSED and standing.certain
    return role.outcome_of(standing) != v.UNCHANGED and standing.state != role.STOPPED and not callers_fault


def _put(entry: dict, standing: role.Standing) -> None:
    entry.update(outcome=role.outcome_of(standing), reason=standing.why, fix=standing.fix, role=standing.as_dict())


def _way_back(way: ways.Way, account_id: str) -> dict:
    refusal = way.refuse(account_id)
    return {
        "method": way.name,
        "possible": refusal is None,
        "reason": refusal.cause if refusal else "",
        "fix": refusal.fix if refusal else "",
    }


def _attempt(way: ways.Way, outcome: str, error: BreakglassError | None = None) -> dict:
    said = {"reason": error.cause if error else "", "fix": error.fix if error else ""}
    return {"method": way.name, "outcome": outcome, **said}


def _refused(way: ways.Way, entry: dict) -> bool:
    refusal = way.refuse(entry["account_id"])
    if refusal:
        entry["attempts"].append(_attempt(way, "refused", refusal))
    return refusal is not None


def _foresee(entry: dict, way: ways.Way) -> None:
    entry["attempts"].append(_attempt(way, "would be taken"))
    entry.update(outcome=v.CHANGED, changed=True, reason=f"It would be brought back by {way.name}.", fix="")
    entry["role"] = {**entry["role"], "state": role.ANSWERS, "certain": False}


def _take(way: ways.Way, entries: dict[str, dict], connection: Connection, organization: Organization) -> None:
    """Take a way for all accounts it is open to, and look again whether the role answers."""
    results = way.take(list(entries))
    for account_id, entry in entries.items():
        error = results[account_id]
        mine = [action for action in way.done if action.endswith(account_id) or not action[-12:].isdigit()]
        entry["actions"].extend(mine)
        entry["changed"] = entry["changed"] or bool(mine)
        if isinstance(error, ways.PersonNeeded):
            entry["attempts"].append(_attempt(way, "person needed", error))
            entry.update(outcome=v.UNVERIFIED, reason=error.cause, fix=error.fix)
        elif error:
            entry["attempts"].append(_attempt(way, "failed", error))
            entry.update(outcome=v.FAILED, reason=error.cause, fix=error.fix)
        else:
            _verify(way, entry, connection, organization)


def _verify(way: ways.Way, entry: dict, connection: Connection, organization: Organization) -> None:
    deadline = time.monotonic() + VERIFY_SECONDS
    while True:
        standing = role.look(connection, organization, entry["account_id"], way.wanted.role_name)
        done = standing.state == role.ANSWERS
        if done or time.monotonic() >= deadline:
            break
        time.sleep(ways.POLL_SECONDS)
    _put(entry, standing)
    if done:
        entry["attempts"].append(_attempt(way, "done"))
        entry.update(outcome=v.CHANGED, reason=f"Brought back by {way.name}.", fix="")
    else:
        error = BreakglassError(f"The role was brought back, but does not answer. {standing.why}", standing.fix)
        entry["attempts"].append(_attempt(way, "unverified", error))
        entry.update(outcome=v.UNVERIFIED, reason=error.cause, fix=error.fix)


def _only_root_is_left(entry: dict, organization: Organization) -> None:
    """No way was open, or none led there."""
    account_id = entry["account_id"]
    management = organization.describe()["management_account_id"]
    tried = " ".join(f"{one['method']}: {one['reason']} {one['fix']}".rstrip() for one in entry["attempts"])
    steps = (
        "Mend one of these ways and run it again. Otherwise only a root sign-in is left: "
        "breakglass.aws.root_password_recovery, state=open; a person resets the password from the account's mailbox, "
        f"signs in, registers MFA, and creates the role in IAM (another AWS account {management}, no external ID, "
        "AdministratorAccess); then run this again to verify, and remove the root credentials with "
        "breakglass.aws.root_credentials."
    )
    try:
        stopping = ServiceControlPolicies(organization).stopping(account_id, ROOT_USER)
    except BreakglassError as error:
        stopping, steps = [], f"{steps} Whether a policy would stop the root user is not known: {error}"
    for policy in stopping:
        steps = f"{steps} Before that: {policy_in_words(policy)} {policy['fix']}"
    entry.update(
        outcome=v.FAILED if entry["changed"] else v.UNREACHABLE,
        reason=f"The role could not be brought back. {tried}".rstrip(),
        fix=steps,
    )


def diff(entries: t.Sequence[dict]) -> dict:
    """How the roles that change stood and stand, for a person."""
    changed = [entry for entry in entries if entry["changed"] and entry["role"]]
    return {
        side: {
            f"{entry['account_id']} {entry['name']}": {
                name: entry[key][name] for name in ("arn", "state", "trust_policy", "policies")
            }
            for entry in changed
        }
        for side, key in (("before", "before"), ("after", "role"))
    }
