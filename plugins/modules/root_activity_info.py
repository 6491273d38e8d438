#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_activity_info
short_description: Tell which root sessions were opened, by whom, and what root users did
version_added: 0.2.0
description:
  - Reads CloudTrail's Event history and joins what is written in two places. Who opened a root session is recorded in
    the management account or the delegated administrator's account, what the session did, in the member account. The
    access key ID is in both.
  - Tells root use that no session explains, too, for example a sign-in or a root access key.
  - What was not looked into is said to be so. It is never taken for an account where nothing happened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  hours:
    description: Look back this many hours. Without it and O(since), 24.
    type: int
  since:
    description:
      - Look back to this time, in ISO 8601, for example V(2026-01-31T03:00:00Z). Without an offset it is taken as UTC.
      - Event history keeps 90 days.
    type: str
  until:
    description: Look at what was before this time, in the same form. Without it, until now. Needs O(since).
    type: str
  account_ids:
    description:
      - Member accounts to look into, by ID, as strings in quotes. Sessions in others are left out.
      - Without this and O(all_accounts), the accounts in which sessions were opened are looked into.
    type: list
    elements: str
  all_accounts:
    description:
      - Look into all accounts, the caller's own included. Only this finds all root use that no session explains.
      - AWS answers two such questions a second for each account, so this takes its time.
    type: bool
    default: false
  regions:
    description:
      - The regions to look in. AssumeRoot is recorded in the region where STS was called, calls to S3 and SQS in the
        bucket's or queue's region. Without this, the region where STS is called.
      - The region where IAM is recorded (V(us-east-1)) is always looked in.
    type: list
    elements: str
  role_name:
    description: The role to look into other accounts with. It must allow C(cloudtrail:LookupEvents).
    type: str
    default: OrganizationAccountAccessRole
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account can look into all accounts whose role trusts it. A delegated administrator sees the sessions
    it opened itself, and needs a role in the other accounts that trusts it.
  - No root session is opened.
seealso:
  - module: breakglass.aws.organization_access_role_info
"""

EXAMPLES = r"""
- name: What did root users do since yesterday?
  breakglass.aws.root_activity_info:
    all_accounts: true
  register: activity

- name: Name the use that nobody opened a session for
  ansible.builtin.debug:
    msg: "{{ activity.unexplained }}"

- name: Collect the evidence of last night's work in one account
  breakglass.aws.root_activity_info:
    account_ids: ["333344445555"]
    hours: 12
    regions: [us-east-1, eu-west-1]
"""

RETURN = r"""
since:
  description: From when on events were looked at.
  returned: success
  type: str
  sample: "2026-01-31T03:00:00Z"
until:
  description: Until when.
  returned: success
  type: str
  sample: "2026-02-01T03:00:00Z"
complete_until:
  description: Until when all events are there. CloudTrail takes up to 15 minutes, so later ones may be on their way.
  returned: success
  type: str
  sample: "2026-02-01T02:45:00Z"
regions:
  description: The regions that were looked in.
  returned: success
  type: list
  elements: str
  sample: [us-east-1, eu-west-1]
sessions:
  description: The root sessions that were opened, oldest first.
  returned: success
  type: list
  elements: dict
  contains: &attempt
    account_id:
      description: The account it was for.
      type: str
      sample: "333344445555"
    name:
      description: The account's name.
      type: str
      sample: payments
    task:
      description: What it was for, as the modules call it, or the ARN of a task policy that is not known.
      type: str
      sample: unlock_s3_bucket
    time:
      description: When it was opened.
      type: str
      sample: "2026-01-31T03:00:00Z"
    region:
      description: Where STS was called.
      type: str
      sample: us-east-1
    opened_by:
      description: Who opened it.
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/alice
    opened_from:
      description: The account of who opened it.
      type: str
      sample: "111122223333"
    source_identity:
      description: The person, when the session of who opened it says who that is.
      type: str
      sample: alice
    source_ip:
      description: From where.
      type: str
      sample: 203.0.113.7
    user_agent:
      description: With which tool.
      type: str
    event_id:
      description: CloudTrail's ID of the event.
      type: str
    access_key_id:
      description: The session's access key ID, which joins it with its calls. Not secret.
      type: str
      sample: ASIAEXAMPLEEXAMPLE00
    expires:
      description: When it ends.
      type: str
      sample: "2026-01-31T03:15:00Z"
    pending:
      description: Whether events of it may still be on their way.
      type: bool
      sample: false
    looked_into:
      description: Whether its account was looked into. Otherwise RV(sessions[].calls) says nothing.
      type: bool
      sample: true
    reason:
      description: Why not.
      type: str
    calls:
      description: What it did, oldest first.
      type: list
      elements: dict
      contains:
        time:
          description: When.
          type: str
          sample: "2026-01-31T03:00:05Z"
        service:
          description: The service.
          type: str
          sample: s3
        operation:
          description: What was called.
          type: str
          sample: PutBucketPolicy
        region:
          description: Where.
          type: str
          sample: eu-west-1
        read_only:
          description: Whether it only looked.
          type: bool
          sample: false
        error_code:
          description: AWS's error code when it was refused; null when it was done.
          type: str
        source_ip:
          description: From where.
          type: str
          sample: 203.0.113.7
        event_id:
          description: CloudTrail's ID of the event.
          type: str
refused:
  description:
    - Attempts to open a session that AWS refused, with the fields of RV(sessions) up to its event ID, and
      C(error_code) and C(error_message).
  returned: success
  type: list
  elements: dict
unexplained:
  description:
    - Root use that came from no session found here, oldest first, with the fields of RV(sessions[].calls), and
      C(account_id), C(name) and C(access_key_id).
    - RV(unexplained[].kind) is V(sign_in), V(password) (a reset or a new password), V(credentials) (a root access key,
      or a session in the console), or V(unknown_session) (a root session that was opened where it was not looked).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
      sample: sign_in
opened_from:
  description: The accounts sessions can be opened from, with C(outcome), C(reason) and C(fix) of looking into them.
  returned: success
  type: list
  elements: dict
accounts:
  description: The accounts that were to be looked into, with C(outcome), C(reason) and C(fix).
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "333344445555"
    name:
      description: Its name.
      type: str
      sample: payments
    outcome:
      description: V(unchanged) when it was looked into; V(skipped), V(unreachable) or V(failed) when not.
      type: str
      sample: unchanged
    reason:
      description: Why not.
      type: str
    fix:
      description: What to do about it.
      type: str
summary:
  description: How many there are of each.
  returned: success
  type: dict
  sample: {sessions: 3, pending: 0, not_looked_into: 0, refused: 1, unexplained: 0}
"""

from datetime import datetime, timedelta, timezone

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.options import ROLE, check_role_name
from ansible_collections.breakglass.aws.plugins.module_utils._aws.cloudtrail import KEPT
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import check_region
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import activity
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done
from ansible_collections.breakglass.aws.plugins.module_utils._targets import (
    ARGUMENTS,
    Target,
    choose_targets,
    management_account_id,
)
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

DEFAULT_HOURS = 24


def look(module: BreakglassModule) -> dict:
    params = module.params
    window = window_of(module, datetime.now(timezone.utc))
    role_name = check_role_name("role_name", params["role_name"])
    management_account_id(module.organization)  # tells other accounts who may look
    chosen = targets_of(module)

    opened, opened_from = activity.opened_sessions(module.connection, module.organization, role_name, window)
    names = {account.id: account.name for account in known_accounts(module, chosen, opened)}
    sessions = activity.sessions_of(opened, names, window)
    refused = activity.refusals_of(opened, window)
    if chosen is None:
        wanted = dict.fromkeys(session["account_id"] for session in sessions)
        chosen = [Target(account) for one in wanted if (account := module.organization.account(one))]
    elif not params["all_accounts"]:
        ids = {target.account.id for target in chosen}
        refused = [attempt for attempt in refused if attempt["account_id"] in ids]
        sessions = [session for session in sessions if session["account_id"] in ids]
    keys = {}
    for session in sessions:
        keys.setdefault(session["account_id"], []).append(session["access_key_id"])
    found, accounts = activity.root_records(module.connection, chosen, role_name, keys, window)
    unexplained = activity.unexplained(found, sessions, names)
    join(sessions, found, accounts)
    # A session of before the window explains what it did in it, and is no session of the window itself.
    sessions = [one for one in sessions if one["calls"] or one["time"] >= format_time(window.since)]
    for line in not_done([*opened_from, *accounts]):
        module.warn(line)
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
        "summary": {
            "sessions": len(sessions),
            "pending": sum(session["pending"] for session in sessions),
            "not_looked_into": sum(entry["outcome"] in v.NOT_DONE for entry in [*opened_from, *accounts]),
            "refused": len(refused),
            "unexplained": len(unexplained),
        },
    }


def targets_of(module: BreakglassModule) -> list | None:
    """The accounts the options name; None for those in which sessions were opened."""
    account_ids, all_accounts = module.params["account_ids"], module.params["all_accounts"]
    if account_ids is None and not all_accounts:
        return None
    own = module.connection.caller.account_id
    return [
        Target(target.account) if target.account.id == own else target
        for target in choose_targets(module.organization, account_ids, all_accounts, warn=module.warn)
    ]


def known_accounts(module: BreakglassModule, chosen: list | None, opened: list) -> list:
    """The accounts whose names the result needs."""
    if chosen is not None:
        return [target.account for target in chosen]
    found = [module.organization.account(one["account_id"]) for one in map(activity.attempt_of, opened)]
    return [account for account in found if account]


def join(sessions: list, found: dict, accounts: list) -> None:
    """Put into each session what it did, or why that is not known."""
    entries = {entry["account_id"]: entry for entry in accounts}
    for session in sessions:
        entry = entries.get(session["account_id"])
        if session["account_id"] in found:
            session.update(looked_into=True, calls=activity.calls_of(session, found[session["account_id"]]))
        else:
            session["reason"] = entry["reason"] if entry else "The account is not in the organization any more."


def window_of(module: BreakglassModule, now: datetime) -> activity.Window:
    """What the options say of time and place."""
    params = module.params
    if params["hours"] is not None and params["hours"] < 1:
        raise InvalidInput("hours", params["hours"], "a number of hours, 1 or more")
    until = min(moment("until", params["until"]), now) if params["until"] else now
    hours = timedelta(hours=params["hours"] or DEFAULT_HOURS)
    since = moment("since", params["since"]) if params["since"] else now - hours
    named = "since" if params["since"] else "hours"
    if since >= until:
        before = "now" if until == now else "until"
        raise InvalidInput(named, params[named], f"a time before {before}")
    if since < now - KEPT:
        raise InvalidInput(
            named, params[named], "at most 90 days back", hint="CloudTrail's Event history keeps no more"
        )
    for region in params["regions"] or []:
        check_region("regions", region)
    return activity.Window(since, until, now, activity.regions_of(module.connection, params["regions"]))


def moment(option: str, text: str) -> datetime:
    accepted = 'a time such as "2026-01-31T03:00:00Z"'
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidInput(option, text, accepted) from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **ROLE,
            "hours": {"type": "int"},
            "since": {"type": "str"},
            "until": {"type": "str"},
            "regions": {"type": "list", "elements": "str"},
        },
        mutually_exclusive=[("hours", "since")],
        required_by={"until": ["since"]},
    ).run_module(look)


if __name__ == "__main__":
    main()
