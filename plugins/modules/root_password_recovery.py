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
  - A root user without a password can do nothing with "Forgot password?". Opening password recovery, in a root session
    with the task policy C(IAMCreateRootUserPassword), lets whoever reads the root user's mailbox set one. Nothing
    secret comes of it, and AWS sends no mail before a person asks for it.
  - It says what that person has to do next, where the mail goes, which MFA devices a sign-in will ask for, and which
    service control policy would stop the root user once signed in.
  - Closing takes the login profile away again, in a root session with the task policy C(IAMDeleteRootUserCredentials),
    unless somebody has signed in with it. What came of that is removed by M(breakglass.aws.root_credentials).
  - AWS does not tell an open recovery from a password that was set and never used. Both count as recovery here.
author:
  - breakglass.aws contributors (@breakglass)
options:
  state:
    description:
      - With V(open) the root user has a login profile. One with a password in use will do, for "Forgot password?" works
        with it.
      - With V(closed) it has none. A login profile somebody has signed in with is kept, as V(skipped), and the task
        fails.
    type: str
    choices: [open, closed]
    required: true
  account_ids:
    description:
      - The member account, by ID, as a string in quotes. More than one needs O(allow_bulk=true).
      - The management account, and one that is not in the organization, is refused.
    type: list
    elements: str
    required: true
  allow_bulk:
    description:
      - Allow more than one account. An open recovery is a way in for whoever reads the mail, so it should be open in
        one account, for one occasion.
    type: bool
    default: false
  protected_accounts:
    description: Accounts that are never touched, by ID. To name one in O(account_ids) is refused.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Opening looks first, in a session with the task policy C(IAMAuditRootUserCredentials). A caller who may open but not
    look is served too; the result then does not know the MFA devices, nor whether a login profile is in use. Check
    mode takes looking.
  - The address comes from C(account:GetPrimaryEmail), which takes trusted access for C(account.amazonaws.com), or else
    from AWS Organizations, which may show an address that was changed hours ago.
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

- name: Say what the person has to do
  ansible.builtin.debug:
    msg: "{{ recovery.accounts[0].next_steps }}"

- name: Close it again
  breakglass.aws.root_password_recovery:
    account_ids: ["333344445555"]
    state: closed
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
        - V(skipped) for a password in use that was not removed, and for an account nobody can act in.
        - V(unreachable), V(failed), or V(unverified) when reading back did not confirm it.
        - In check mode what it would be.
      type: str
      sample: changed
    reason:
      description: Why it was not done, or was as wished already.
      type: str
    fix:
      description: What to do about it.
      type: str
    changed:
      description: Whether something changed in this account, or in check mode would.
      type: bool
      sample: true
    before:
      description: The login profile. Null when it was not seen.
      type: dict
      contains:
        kind:
          description:
            - V(none), V(recovery) when nobody has signed in with it, V(password) when somebody has, V(unknown) when the
              caller may not look.
          type: str
          sample: none
        created:
          description: When it was created.
          type: str
        last_used:
          description: When somebody last signed in with it.
          type: str
    after:
      description: The same, read back, or in check mode as it would be. Null when that could not be read.
      type: dict
      sample: {kind: recovery, created: "2026-01-31T03:00:00Z", last_used: null}
    mfa_devices:
      description: The serial numbers of the root user's MFA devices. Null when the caller may not look.
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
          description: Why C(account:GetPrimaryEmail) did not tell it.
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
        known_as:
          description: Whose policy it is, where it is a well-known one.
          type: str
        certain:
          description: Whether it surely does.
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
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {changed: 1}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import password_recovery as recovering
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import WORKERS, not_done, summarize
from ansible_collections.breakglass.aws.plugins.module_utils._targets import choose_targets


def recover(module: BreakglassModule) -> dict:
    params = module.params
    named = parse_account_ids(params["account_ids"], "account_ids")
    if len(named) > 1 and not params["allow_bulk"]:
        raise InvalidInput("account_ids", named, "one account, unless allow_bulk=true")
    targets = choose_targets(
        module.organization, params["account_ids"], False, params["protected_accounts"], warn=module.warn
    )
    recovery = recovering.Recovery(module.connection, module.organization, module.check_mode)
    accounts = recovery.carry_out(params["state"], targets, WORKERS)
    for warning in recovering.warnings(accounts):
        module.warn(warning)
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "summary": summarize(accounts),
        "diff": recovering.diff(accounts),
    }
    problems = not_done(accounts, (*v.NOT_DONE, v.SKIPPED))  # it is not as wished for: nobody may think it is
    if problems:
        summary = f"{len(problems)} of {len(accounts)} accounts are not done."
        module.fail_json(msg=" ".join([summary, *problems]), **result)
    return result


def main() -> None:
    BreakglassModule(
        argument_spec={
            "state": {"type": "str", "choices": [recovering.OPEN, recovering.CLOSED], "required": True},
            "account_ids": {"type": "list", "elements": "str", "required": True},
            "allow_bulk": {"type": "bool", "default": False},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
        },
    ).run_module(recover)


if __name__ == "__main__":
    main()
