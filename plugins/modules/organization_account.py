#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_account
short_description: Remove an account from the organization, close it, or move it to an OU
version_added: 0.2.0
description:
  - Makes one member account removed, closed, or in the named OU, and reads back that it is.
  - It refuses while a reason stands in the way that M(breakglass.aws.organization_account_info) finds for the purpose,
    and names each with what to do. Reasons no API tells must be confirmed by whoever looked after them.
  - It returns what it takes to bring the account back as it was.
  - Two ways out are not made here, because the account's own credentials make them, not the management account's.
    Leaving by the account itself is C(organizations:LeaveOrganization). In a direct transfer the other organization's
    management account invites the account (C(organizations:InviteAccountToOrganization)), and the account accepts
    (C(organizations:AcceptHandshake)). M(breakglass.aws.organization_account_info) with O(ignore:purpose=transfer)
    tells whether an account is ready for it.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - The member account, by ID, as a string in quotes. One account a task.
      - The management account is refused.
    type: str
    required: true
  state:
    description:
      - V(removed) takes the account out of the organization; it stands alone then. An account that is not in the
        organization is taken for removed, with a warning.
      - V(closed) closes it. AWS deletes all in it 90 days later.
      - V(in_ou) moves it to O(ou), whose policies then bind it.
    type: str
    choices: [removed, closed, in_ou]
    required: true
  ou:
    description:
      - The OU for O(state=in_ou). By ID (V(ou-examplerootid111-exampleouid111), or the root's V(r-examplerootid111)),
        or by the path of names, with or without the root's name in front (V(Workloads/Production),
        V(Root/Workloads/Production)). The root itself is V(Root).
    type: str
  protected_accounts:
    description: Accounts that are refused.
    type: list
    elements: str
    default: []
  confirmed:
    description:
      - Reasons that cannot be seen from here and that somebody has looked after, so that they no longer stand in the
        way.
      - A reason that was seen to stand cannot be confirmed away.
    type: list
    elements: str
    choices:
      - payment_method
      - phone_verification
      - support_plan
      - agreement
      - contact_information
      - root_credentials
      - control_tower
      - close_quota
      - invitation
      - leave_denied
    default: []
  read_root_credentials:
    description:
      - For O(state=removed), look with a root session whether the account's root user can sign in, which it must once
        the account stands alone.
      - This is root activity, also in check mode. The account gets CloudTrail events of its root user.
      - Without it, V(root_credentials) must be confirmed.
    type: bool
    default: false
  wait:
    description:
      - For O(state=closed), whether to wait until AWS shows the account as closed. AWS may show it as active for more
        than ten minutes after it accepted the closure.
      - Removal and moving are always read back.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the closure.
    type: int
    default: 1800
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Only the management account can do this, a delegated administrator cannot.
  - AWS closes three accounts at once, and in any 30 days the higher of 250 and 20 % of the members, at most 1,000.
seealso:
  - module: breakglass.aws.organization_account_info
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: See what moving an account to another OU would change
  breakglass.aws.organization_account:
    account_id: "555566667777"
    state: in_ou
    ou: Workloads/Legacy
  check_mode: true
  diff: true

- name: Move it
  breakglass.aws.organization_account:
    account_id: "555566667777"
    state: in_ou
    ou: Workloads/Legacy
  register: moved

- name: Move it back
  breakglass.aws.organization_account:
    account_id: "555566667777"
    state: in_ou
    ou: "{{ moved.undo.ou.id }}"

- name: Take a sold account out of the organization, once somebody has looked at what no API tells
  breakglass.aws.organization_account:
    account_id: "343434343434"
    state: removed
    read_root_credentials: true
    confirmed:
      - payment_method
      - phone_verification
      - support_plan
      - agreement
      - contact_information
  register: removed

- name: Close an account nobody needs any more
  breakglass.aws.organization_account:
    account_id: "246824682468"
    state: closed
    protected_accounts: ["333344445555", "012345678901"]
"""

RETURN = r"""
outcome:
  description: V(changed) or V(unchanged); in check mode what it would be.
  returned: success
  type: str
  sample: changed
account_id:
  description: The account.
  returned: success
  type: str
  sample: "343434343434"
name:
  description: Its name; null when it is not in the organization.
  returned: success
  type: str
  sample: spin-off
before:
  description: How it stood.
  returned: once it has been read
  type: dict
  contains: &standing
    in_organization:
      description: Whether the account is in the organization.
      type: bool
      sample: true
    state:
      description: Its state; null outside of the organization.
      type: str
      sample: ACTIVE
    ou:
      description: The names on the way from the root to its OU; null outside of the organization.
      type: str
      sample: Root/Workloads/Divested
    service_control_policies:
      description: The names of the policies that bind it; null when they cannot be read or it is outside.
      type: list
      elements: str
      sample: [FullAWSAccess]
after:
  description: How it stands now, read back; in check mode, how it would stand.
  returned: success
  type: dict
  contains: *standing
actions:
  description: What was called, or in check mode would be.
  returned: always, once the account has been read
  type: list
  elements: str
  sample: ["organizations:RemoveAccountFromOrganization 343434343434"]
session:
  description: With O(read_root_credentials=true), the root session that was opened; null otherwise.
  returned: when the account was examined
  type: dict
  contains:
    access_key_id:
      description: Its access key ID, which CloudTrail shows in every event of the session.
      type: str
      sample: ASIAEXAMPLEEXAMPLE00
    expiration:
      description: When it ends.
      type: str
      sample: "2026-01-31T03:15:00Z"
findings:
  description: What M(breakglass.aws.organization_account_info) finds for the purpose; also when it refuses.
  returned: when O(state) is V(removed) or V(closed) and the account is not so already
  type: list
  elements: dict
  sample: [{name: payment_method, kind: blocking, status: person, holds: false,
    text: A valid payment method must be on the account. No API tells. Confirmed by whoever runs this., fix: ""}]
undo:
  description: What it takes to bring the account back as it was.
  returned: when something changes
  type: dict
  contains:
    how:
      description: What to do.
      type: str
      sample: Have AWS Support reopen it, from the management account, before until.
    until:
      description: Until when it can be done; null when there is no end.
      type: str
      sample: "2026-05-01T03:15:00Z"
    ou:
      description: The OU it was in, with C(id), C(name), C(path) and C(path_ids).
      type: dict
      sample: {id: ou-7689-d7467f0e, name: Divested, path: Root/Workloads/Divested,
        path_ids: o-breakglass1/r-7689/ou-7689-f54ea301/ou-7689-d7467f0e/}
    tags:
      description: Its tags; null when they could not be read.
      type: dict
      sample: {}
    delegations:
      description: The services it was delegated administrator for; null when they could not be read.
      type: list
      elements: str
      sample: []
    policies:
      description: The policies attached to the account itself; null when they could not be read.
      type: list
      elements: dict
      sample: [{id: p-FullAWSAccess, name: FullAWSAccess, type: SERVICE_CONTROL_POLICY, aws_managed: true}]
    unread:
      description: Why one of these could not be read, by its name.
      type: dict
      sample: {}
"""

from dataclasses import asdict

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id, parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import changes
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import CONFIRMABLE
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.survey import Surveyor
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._targets import management_account_id, member_account

OUTSIDE = {"in_organization": False, "state": None, "ou": None, "service_control_policies": None}


def converge(module: BreakglassModule) -> dict:
    params, organization = module.params, module.organization
    account_id = wanted(params)
    if organization.caller.account_id != management_account_id(organization):
        raise BreakglassError(
            f"Only the management account can do this; {organization.caller.arn} belongs to another account.",
            "Use credentials of the management account.",
        )
    if params["state"] == changes.REMOVED and organization.account(account_id) is None:
        module.warn(f"Account {account_id} is not in the organization. Is the ID misspelt, or is it removed already?")
        return result(account_id, None, OUTSIDE, OUTSIDE)
    account = member_account(organization, account_id, "account_id")
    surveyor = Surveyor(module.connection, organization, changes.PURPOSE.get(params["state"]))
    return {changes.REMOVED: remove, changes.CLOSED: close, changes.IN_OU: move}[params["state"]](
        module, surveyor, account
    )


def wanted(params: dict) -> str:
    """The account's ID, once all options are found to be meant."""
    account_id = parse_account_id(params["account_id"], "account_id")
    if account_id in parse_account_ids(params["protected_accounts"], "protected_accounts"):
        raise InvalidInput("account_id", account_id, "an account that is not in protected_accounts")
    if params["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
    for option, state in (("ou", changes.IN_OU), ("read_root_credentials", changes.REMOVED)):
        if params[option] and params["state"] != state:
            raise InvalidInput(option, params[option], f"given together with state={state} only")
    return account_id


def remove(module: BreakglassModule, surveyor: Surveyor, account: Account) -> dict:
    told, seen = examine(module, surveyor, account)
    return carry_out(
        module,
        changes.removal(account.id),
        before=surveyor.standing(account),
        foreseen=OUTSIDE,
        read_back=lambda doubt: changes.confirm_removed(module.organization, account.id) or OUTSIDE,
        account=account,
        undo=changes.undo(module.organization, changes.REMOVED, account, told),
        **seen,
    )


def close(module: BreakglassModule, surveyor: Surveyor, account: Account) -> dict:
    organization, seconds = module.organization, module.params["wait_timeout"]
    before = surveyor.standing(account)

    def read_back(doubt: BreakglassError | None = None) -> dict:
        if module.params["wait"]:
            return surveyor.standing(changes.confirm_closed(organization, account.id, seconds))
        now = organization.account_now(account.id) or account
        if doubt and now.state == "ACTIVE":
            raise doubt
        return surveyor.standing(now)

    if account.state == "CLOSED":
        return result(account.id, account, before, before)
    if account.state == "PENDING_CLOSURE":
        return result(account.id, account, before, before if module.check_mode else read_back())
    told, seen = examine(module, surveyor, account)
    return carry_out(
        module,
        changes.closure(account.id),
        before=before,
        foreseen={**before, "state": "CLOSED"},
        read_back=read_back,
        account=account,
        undo=changes.undo(organization, changes.CLOSED, account, told),
        **seen,
    )


def move(module: BreakglassModule, surveyor: Surveyor, account: Account) -> dict:
    organization = module.organization
    destination = changes.find_unit(organization, module.params["ou"])
    source = organization.units_above(account)[-1]
    before = surveyor.standing(account)
    if source.id == destination.id:
        return result(account.id, account, before, before)

    def read_back(doubt: BreakglassError | None) -> dict:
        return surveyor.standing(changes.confirm_moved(organization, account.id, destination))

    return carry_out(
        module,
        changes.move(account.id, source, destination),
        before=before,
        foreseen=surveyor.standing_in(account, organization.unit_and_above(destination.id)),
        read_back=read_back,
        account=account,
        undo=changes.undo(organization, changes.IN_OU, account, surveyor.look_at(account)),
    )


def examine(module: BreakglassModule, surveyor: Surveyor, account: Account) -> tuple[dict, dict]:
    """What the account is, and what the result tells of how it was examined: findings and root session.

    Fails the task when a reason stands in the way.
    """
    params = module.params
    told = surveyor.look_at(account)
    found = surveyor.judge(account, told, params["confirmed"], params["read_root_credentials"])
    seen = {"findings": [asdict(one) for one in found], "session": surveyor.sessions.get(account.id)}
    try:
        changes.refuse(surveyor.purpose, found)
    except BreakglassError as error:
        module.fail(error, changed=False, before=surveyor.standing(account), actions=[], **seen)
    return told, seen


def carry_out(module, change, before, foreseen, read_back, account, **more) -> dict:
    """Call and read back; in check mode neither."""
    if module.check_mode:
        return result(account.id, account, before, foreseen, [change.action], **more)
    called, doubt = False, None
    try:
        doubt = changes.call(module.organization, change)
        called = True
        after = read_back(doubt)
    except BreakglassError as error:
        done = called and doubt is None
        module.fail(doubt or error, changed=done, before=before, actions=[change.action] if done else [], **more)
    return result(account.id, account, before, after, [change.action], **more)


def result(account_id: str, account: Account | None, before: dict, after: dict, actions=(), **more) -> dict:
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


def main() -> None:
    BreakglassModule(
        argument_spec={
            "account_id": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": list(changes.STATES)},
            "ou": {"type": "str"},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
            "confirmed": {"type": "list", "elements": "str", "choices": list(CONFIRMABLE), "default": []},
            "read_root_credentials": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        required_if=[("state", changes.IN_OU, ("ou",))],
    ).run_module(converge)


if __name__ == "__main__":
    main()
