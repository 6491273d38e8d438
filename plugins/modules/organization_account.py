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
  - Removes one member account, closes it, or moves it to an OU, and reads back that it is so.
  - It refuses while M(breakglass.aws.organization_account_info) finds a reason that prevents the change, and lists each
    reason with its fix. Reasons that no API returns must be confirmed by a person who checked them.
  - It returns what is needed to restore the account as it was.
  - Two other ways to leave are not part of this module, because they need the account's own credentials.
    Leaving by the account itself is C(organizations:LeaveOrganization). In a direct transfer the other organization's
    management account invites the account (C(organizations:InviteAccountToOrganization)), and the account accepts
    (C(organizations:AcceptHandshake)). M(breakglass.aws.organization_account_info) with O(ignore:purpose=transfer)
    returns whether an account is ready for it.
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
      - V(removed) removes the account from the organization; it is a standalone account then. An account that is not in
        the organization counts as removed, with a warning.
      - V(closed) closes it. AWS deletes everything in it 90 days later.
      - V(in_ou) moves it to O(ou), whose policies then apply to it.
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
  read_root_credentials:
    description:
      - For O(state=removed), read with a root session whether the account's root user can sign in. It must be able to
        once the account is standalone.
      - This is root activity, also in check mode. The account gets CloudTrail events of its root user.
      - Without it, V(root_credentials) must be confirmed.
    type: bool
    default: false
  plan:
    description:
      - The approved plan, which is the result of this module in check mode. The change is refused when the account's
        name, state, OU or service control policies, or the call to be made, differ from it.
    type: dict
    version_added: 0.2.0
  wait:
    description:
      - For O(state=closed), whether to wait until AWS shows the account as closed. AWS may show it as active for more
        than ten minutes after it accepted the closure.
      - Removing and moving are always read back.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the closure.
    type: int
    default: 1800
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.removal_reasons
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Only the management account can do this. A delegated administrator cannot.
  - AWS closes three accounts at once, and in any 30 days the higher of 250 and 20 % of the members, at most 1,000.
seealso:
  - module: breakglass.aws.organization_account_info
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: Show what moving an account to another OU would change
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

- name: Remove a sold account from the organization, after a person has checked what no API returns
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

- name: Plan to close an account
  breakglass.aws.organization_account:
    account_id: "246824682468"
    state: closed
  check_mode: true
  register: plan

- name: Close it, if it is still as in the plan
  breakglass.aws.organization_account:
    account_id: "246824682468"
    state: closed
    protected_accounts: ["333344445555", "012345678901"]
    plan: "{{ plan }}"
"""

RETURN = r"""
outcome:
  description:
    - V(changed) or V(unchanged); in check mode what it would be.
    - V(failed) when AWS refused the call. V(unverified) when it was called, and reading back does not confirm it.
  returned: success, and when the call failed or is not confirmed
  type: str
  sample: changed
account_id:
  description: The account.
  returned: success, and when the call failed or is not confirmed
  type: str
  sample: "343434343434"
caller:
  description: Who called AWS.
  returned: once the account has been read
  type: dict
  contains:
    account_id:
      description: The caller's account.
      type: str
      sample: "111122223333"
    arn:
      description: The caller's ARN.
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/operator/alice
name:
  description: Its name; null when it is not in the organization.
  returned: success, and when the call failed or is not confirmed
  type: str
  sample: spin-off
before:
  description: The account before.
  returned: once it has been read
  type: dict
  contains: &standing
    in_organization:
      description: Whether the account is in the organization.
      type: bool
      sample: true
    state:
      description: Its state; null outside the organization.
      type: str
      sample: ACTIVE
    ou:
      description: The names from the root to its OU; null outside the organization.
      type: str
      sample: Root/Workloads/Divested
    service_control_policies:
      description: The names of the policies that apply to it; null when they cannot be read or it is outside.
      type: list
      elements: str
      sample: [FullAWSAccess]
    resource_control_policies:
      description:
        - The names of the resource control policies that apply to its resources; null when they cannot be read or it is
          outside. None where the organization has not enabled them.
      type: list
      elements: str
      version_added: 0.2.0
      sample: [RCPFullAWSAccess]
after:
  description: The account now, read back; in check mode, as it would be.
  returned: success
  type: dict
  contains: *standing
actions:
  description: The calls that were made, or in check mode would be.
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
    text: The account must have a valid payment method. No API returns whether it has. Confirmed by the user., fix: ""}]
undo:
  description: What is needed to restore the account as it was.
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

from ansible_collections.breakglass.aws.plugins.module_utils._accounts.apply import apply_state
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.changes import IN_OU, STATES
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import CONFIRMABLE
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule


def main() -> None:
    BreakglassModule(
        argument_spec={
            "account_id": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": list(STATES)},
            "ou": {"type": "str"},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
            "confirmed": {"type": "list", "elements": "str", "choices": list(CONFIRMABLE), "default": []},
            "read_root_credentials": {"type": "bool", "default": False},
            "plan": {"type": "dict"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 1800},
        },
        required_if=[("state", IN_OU, ("ou",))],
    ).run(apply_state)


if __name__ == "__main__":
    main()
