#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_password_recovery
short_description: Open or close password recovery of the root user of a member account
version_added: 0.2.0
description:
  - A root user without a password cannot use "Forgot password?". Opening password recovery, in a root session with the
    task policy C(IAMCreateRootUserPassword), lets the person who reads the root user's mail set a password. The call
    returns nothing secret, and AWS sends no mail before a person asks for it.
  - The result lists what that person has to do next, where AWS sends the mail, which MFA devices a sign-in asks for,
    and which service control policy would stop the root user once signed in.
  - Closing deletes the login profile, in a root session with the task policy C(IAMDeleteRootUserCredentials), unless it
    was used to sign in. M(breakglass.aws.root_credentials) removes the credentials that were created with it.
  - AWS does not distinguish an open recovery from a password that was set and never used. Both count as recovery here.
  - When AWS does not answer the call, the login profile is read back. The outcome is V(unverified), and
    RV(accounts[].changed) is true, when that does not show what happened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  state:
    description:
      - With V(open) the root user has a login profile. A password in use is enough, because "Forgot password?" works
        with it.
      - With V(closed) it has none. A login profile that was used to sign in is kept, as V(skipped), and the task fails.
    type: str
    choices: [open, closed]
    required: true
  account_ids:
    description:
      - The member account, by ID, as a string in quotes. More than one needs O(allow_bulk=true).
      - The management account is refused, and an account that is not in the organization.
    type: list
    elements: str
    required: true
  allow_bulk:
    description:
      - Allow more than one account. The person who reads the mail can become root while recovery is open, so open it in
        one account, for one occasion.
    type: bool
    default: false
  protected_accounts:
    description: Accounts that are never changed, by ID. One that is named in O(account_ids) is refused.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.approved_items
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Before it opens, the module reads the root credentials in a session with the task policy
    C(IAMAuditRootUserCredentials). A caller who may open but not read can still open. The result then lacks the MFA
    devices, and whether a login profile is in use. Check mode needs the permission to read.
  - The address comes from C(account:GetPrimaryEmail), which needs trusted access for C(account.amazonaws.com), or else
    from AWS Organizations, which may show an address that was changed hours ago.
  - The only kind of O(approved_items) is V(login_profile). Its ID is the time of its creation, or V(none) for one that
    is to be created. A task whose login profile is not approved changes nothing and fails.
seealso:
  - module: breakglass.aws.root_credentials
  - module: breakglass.aws.root_email
"""

EXAMPLES = r"""
- name: Open password recovery
  breakglass.aws.root_password_recovery:
    account_ids: ["333344445555"]
    state: open
  register: recovery

- name: Show what the person has to do
  ansible.builtin.debug:
    msg: "{{ recovery.accounts[0].next_steps }}"

- name: Plan to close it
  breakglass.aws.root_password_recovery:
    account_ids: ["333344445555"]
    state: closed
  check_mode: true
  register: plan

- name: Close the login profile of the plan, and no later one
  breakglass.aws.root_password_recovery:
    account_ids: ["333344445555"]
    state: closed
    approved_items: "{{ plan.plan_items }}"
"""

RETURN = r"""
accounts:
  description: One entry an account.
  returned: always, once the options were found valid
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
      description:
        - V(changed) when it was opened, V(unchanged) when it was open.
        - V(removed) when it was closed, V(absent) when it was closed already.
        - V(skipped) for a login profile that was used or is not approved, and for an account that is suspended or
          closed.
        - V(unreachable), V(failed), or V(unverified) when reading back did not confirm it.
        - In check mode the outcome that is expected.
      type: str
      sample: changed
    reason:
      description: Why it was not done, or why there was nothing to do.
      type: str
    fix:
      description: What to do about it.
      type: str
    changed:
      description: Whether something in this account changed or may have changed, or in check mode would.
      type: bool
      sample: true
    credentials:
      description: The login profile that was changed, or in check mode would be. Empty when there is nothing to change.
      type: list
      elements: dict
      version_added: 0.2.0
      contains:
        kind:
          description: Always V(login_profile).
          type: str
          sample: login_profile
        id:
          description: The time of its creation, or V(none) for one that is to be created.
          type: str
          sample: none
        outcome:
          description: As RV(accounts[].outcome).
          type: str
          sample: changed
    before:
      description: The login profile. Null when it was not read.
      type: dict
      contains:
        kind:
          description:
            - V(none), V(recovery) when it was never used to sign in, V(password) when it was, V(unknown) when the
              caller may not read that.
          type: str
          sample: none
        created:
          description: When it was created.
          type: str
        last_used:
          description: When it was last used to sign in.
          type: str
    after:
      description: The same, read back, or in check mode as it would be. Null when that could not be read.
      type: dict
      sample: {kind: recovery, created: "2026-01-31T03:00:00Z", last_used: null}
    mfa_devices:
      description: The serial numbers of the root user's MFA devices. Null when the caller may not read them.
      type: list
      elements: str
      sample: []
    mail:
      description: Where the mail of "Forgot password?" goes. Null with O(state=closed).
      type: dict
      contains:
        address:
          description: The address. Null when it is not known.
          type: str
          sample: payments@example.com
        source:
          description: V(account:GetPrimaryEmail) or V(organizations:DescribeAccount).
          type: str
          sample: account:GetPrimaryEmail
        reason:
          description: Why C(account:GetPrimaryEmail) did not return it.
          type: str
    stopped_by:
      description:
        - The service control policies that stop, or may stop, the root user once signed in.
        - Null with O(state=closed), and when they could not be read.
      type: list
      elements: dict
      contains:
        policy_id:
          description: The policy. Null where no policy allows what the root user needs.
          type: str
        policy_name:
          description: Its name.
          type: str
        attached_to:
          description: What it is attached to, by C(id), C(name) and C(type).
          type: dict
        sid:
          description: The statement.
          type: str
        actions:
          description: The actions it stops, of those a recovery needs.
          type: list
          elements: str
        why:
          description: Why it stops them.
          type: str
        policy_type:
          description: V(SERVICE_CONTROL_POLICY) or V(RESOURCE_CONTROL_POLICY).
          type: str
          version_added: 0.2.0
        known_as:
          description: The product whose guardrail it is, when its shape shows that; else null.
          type: str
        certain:
          description: Whether it stops them in any case.
          type: bool
        fix:
          description: What to do about it.
          type: str
    policies_unread:
      description: Why RV(accounts[].stopped_by) is not known. Empty when it is.
      type: str
    next_steps:
      description: What the person has to do next, in order. Empty with O(state=closed).
      type: list
      elements: str
    sessions:
      description: The root sessions that were opened.
      type: list
      elements: dict
      contains:
        task:
          description: What it was for.
          type: str
          sample: open_password_recovery
        access_key_id:
          description: Its access key ID, which CloudTrail shows in every event of the session.
          type: str
          sample: ASIAEXAMPLEEXAMPLE00
        expiration:
          description: When it ends.
          type: str
          sample: "2026-01-31T03:15:00Z"
plan_items:
  description: The login profiles that would be changed, in the shape of O(approved_items).
  returned: in check mode
  type: list
  elements: dict
  version_added: 0.2.0
  sample:
    - {account_id: "333344445555", kind: login_profile, id: none}
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {changed: 1}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _approved_items as approved_items
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import password_recovery


def main() -> None:
    BreakglassModule(
        argument_spec={
            **approved_items.ARGUMENTS,
            "state": {"type": "str", "choices": [password_recovery.OPEN, password_recovery.CLOSED], "required": True},
            "account_ids": {"type": "list", "elements": "str", "required": True},
            "allow_bulk": {"type": "bool", "default": False},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
        },
    ).run(password_recovery.run)


if __name__ == "__main__":
    main()
