# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which root sessions were opened, what each did, and root use that no session explains, from CloudTrail's records.

AssumeRoot is recorded in the caller's account, in the Region of the STS endpoint. The calls of the session are recorded
in the member account. The access key ID joins the two (aws-facts 4.1).
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume, check_role_name
from ansible_collections.breakglass.aws.plugins.module_utils._aws.cloudtrail import KEPT, EventHistory
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection, check_region
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import activity_records as records
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.activity_records import Window
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import (
    Selection,
    select_accounts,
    selects,
)
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target, management_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

DEFAULT_HOURS = 24


def run(params: dict, context: Context) -> dict:
    """The result of root_activity_info: sessions, refused attempts, unexplained root use, and what was not read."""
    window = window_of(params, context, datetime.now(timezone.utc))
    role_name = check_role_name("role_name", params["role_name"])
    management_account_id(context.organization)  # raises, with the fix, for a caller who cannot read any of this
    selection = _selection(params, context)
    targets = None if selection is None else selection.targets

    openings, opened_from = read_session_openings(context.connection, context.organization, role_name, window)
    names = {account.id: account.name for account in _known_accounts(context, targets, openings)}
    sessions = records.opened_sessions(openings, names, window)
    refused = records.refused_sessions(openings, window)
    if targets is None:
        session_accounts = dict.fromkeys(session["account_id"] for session in sessions)
        targets = [Target(account) for id in session_accounts if (account := context.organization.account(id))]
    elif not params["all_accounts"]:
        ids = {target.account.id for target in targets}
        refused = [attempt for attempt in refused if attempt["account_id"] in ids]
        sessions = [session for session in sessions if session["account_id"] in ids]
    keys: dict[str, list[str]] = {}
    for session in sessions:
        keys.setdefault(session["account_id"], []).append(session["access_key_id"])
    found, accounts = read_root_events(context.connection, targets, role_name, keys, window)
    unexplained = records.unexplained_use(found, sessions, names)
    _join(sessions, found, accounts)
    # A session from before the window explains its calls within it, but is no session of the window itself.
    sessions = [session for session in sessions if session["calls"] or session["time"] >= format_time(window.since)]
    for line in not_done([*opened_from, *accounts]):
        context.warn(line)
    return {
        "since": format_time(window.since),
        "until": format_time(window.until),
        "complete_until": format_time(window.complete_until),
        "regions": list(window.regions),
        "sessions": sessions,
        "refused": refused,
        "unexplained": unexplained,
        "opened_from": opened_from,
        "accounts": accounts,
        **({} if selection is None else {"selection": selection.as_dict()}),
        "summary": {
            "sessions": len(sessions),
            "pending": sum(session["pending"] for session in sessions),
            "not_looked_into": sum(entry["outcome"] in v.NOT_DONE for entry in [*opened_from, *accounts]),
            "refused": len(refused),
            "unexplained": len(unexplained),
        },
    }


def window_of(params: dict, context: Context, now: datetime) -> Window:
    """The time and the Regions that the options name; InvalidInput for one that CloudTrail cannot answer."""
    if params["hours"] is not None and params["hours"] < 1:
        raise InvalidInput("hours", params["hours"], "a number of hours, 1 or more")
    until = min(parse_moment("until", params["until"]), now) if params["until"] else now
    hours = timedelta(hours=params["hours"] or DEFAULT_HOURS)
    since = parse_moment("since", params["since"]) if params["since"] else now - hours
    option = "since" if params["since"] else "hours"
    if since >= until:
        before = "now" if until == now else "until"
        raise InvalidInput(option, params[option], f"a time before {before}")
    if since < now - KEPT:
        raise InvalidInput(
            option, params[option], "at most 90 days back", hint="CloudTrail's Event history keeps no more"
        )
    for region in params["regions"] or []:
        check_region("regions", region)
    return Window(since, until, now, lookup_regions(context.connection, params["regions"]))


def parse_moment(option: str, text: str) -> datetime:
    """A time in ISO 8601; UTC where it has no offset."""
    accepted = 'a time such as "2026-01-31T03:00:00Z"'
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidInput(option, text, accepted) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def lookup_regions(connection: Connection, named: t.Sequence[str] | None) -> tuple[str, ...]:
    """The Regions to read: those named, or that of STS; and always the one where IAM and sign-ins are recorded."""
    home = v.HOME_REGIONS.get(connection.caller.partition, connection.region)
    return tuple(dict.fromkeys([*(named or [connection.region]), home]))


def read_session_openings(
    connection: Connection, organization: Organization, role_name: str, window: Window
) -> tuple[list[dict], list[dict]]:
    """The AssumeRoot records of the accounts that can open sessions, and an entry for each of these accounts.

    The caller's own account is read with the caller's credentials, others as ``role_name``. Sessions opened up to 15
    minutes before the window are included: they may have acted in it.
    """
    management = organization.identity()["management_account_id"]
    own = connection.caller.account_id
    openers = [Account(management, "management account", "ACTIVE"), *organization.delegated_administrators()]
    openings: list[dict] = []

    def read(account_id: str, entry: dict) -> None:
        history = EventHistory(connection if account_id == own else assume(connection, account_id, role_name))
        since = window.since - records.LONGEST_SESSION
        for region in window.regions:
            openings.extend(history.find(region, "EventName", "AssumeRoot", since, window.until))
        entry["outcome"] = v.UNCHANGED

    entries = list(sweep([Target(account) for account in openers], read, {}))
    mine = next((entry for entry in entries if entry["account_id"] == own), None)
    if mine and mine["outcome"] != v.UNCHANGED:
        raise BreakglassError(mine["reason"], mine["fix"])
    return sorted(openings, key=lambda record: record["_time"]), entries


def read_root_events(
    connection: Connection, targets: t.Sequence[Target], role_name: str, keys: dict[str, list[str]], window: Window
) -> tuple[dict[str, list[dict]], list[dict]]:
    """The records of the root users of accounts, by account, and an entry for each account.

    ``keys`` are the access key IDs of known sessions, by account. LookupEvents does not list every call of a root
    session under the user name root; the access key ID finds the others.
    """
    own = connection.caller.account_id
    found: dict[str, list[dict]] = {}

    def read(account_id: str, entry: dict) -> None:
        history = EventHistory(connection if account_id == own else assume(connection, account_id, role_name))
        events = {}
        for region in window.regions:
            for record in history.find(region, "Username", "root", window.since, window.until):
                events[record["eventID"]] = record
            seen = {records.access_key_of(record) for record in events.values()}
            for key in keys.get(account_id, []):
                if key not in seen:
                    for record in history.find(region, "AccessKeyId", key, window.since, window.until):
                        events[record["eventID"]] = record
        found[account_id] = sorted(events.values(), key=lambda record: record["_time"])
        entry["outcome"] = v.UNCHANGED

    return found, list(sweep(targets, read, {}))


def _selection(params: dict, context: Context) -> Selection | None:
    """The accounts that the options select; None for those in which sessions were opened."""
    if params["account_ids"] is None and not selects(params):
        return None
    return select_accounts(context.organization, params, with_caller=True, warn=context.warn)


def _known_accounts(context: Context, targets: list[Target] | None, openings: list[dict]) -> list[Account]:
    """The accounts whose names the result contains."""
    if targets is not None:
        return [target.account for target in targets]
    requests = map(records.session_request, openings)
    found = [context.organization.account(request["account_id"]) for request in requests]
    return [account for account in found if account]


def _join(sessions: list[dict], found: dict[str, list[dict]], accounts: list[dict]) -> None:
    """Add to each session its calls, or why they are not known."""
    entries = {entry["account_id"]: entry for entry in accounts}
    for session in sessions:
        entry = entries.get(session["account_id"])
        if session["account_id"] in found:
            calls = records.session_calls(session, found[session["account_id"]])
            session.update(looked_into=True, calls=calls)
        else:
            session["reason"] = entry["reason"] if entry else "The account is not in the organization any more."
