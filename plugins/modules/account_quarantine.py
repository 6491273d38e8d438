#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: account_quarantine
short_description: Stop an account's root user, or all its principals, with a service control policy; or lift that
version_added: 0.2.0
description:
  - Attaches a service control policy to one member account that denies every action to its root user, or to all its
    principals but the responders. Root sessions (C(sts:AssumeRoot)) are never stopped, because root credentials are
    removed in them. Lifting it detaches and deletes the policy.
  - AWS evaluates service control policies with each call, so a quarantine also stops sessions that are open already.
  - No one in the account can leave the organization then, or change its contacts, e-mail address, billing and payments.
  - The policy is named C(breakglass-quarantine-ACCOUNT) and has the tag C(breakglass.aws:quarantine). A policy of this
    name without the tag is not touched. One that was renamed while it is attached is found by its tag.
  - It refuses to stop the caller, and what AWS would refuse, before any call that writes.
  - A run that ended between two calls is continued by running the task again, in both directions.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - The member account, by ID, as a string in quotes. One account a task.
      - The management account is refused, because service control policies do not apply to it.
    type: str
    required: true
  state:
    description:
      - V(attached) has the policy as O(scope) and O(exempt_principals) describe it. One that differs is replaced in one
        call, so that the account is never without it.
      - V(lifted) has no policy of this module attached. It is deleted, unless it is attached to something else too, or
        was edited by something else.
    type: str
    choices: [attached, lifted]
    required: true
  scope:
    description:
      - V(root_user) stops the root user except in root sessions. Workloads go on, and so does an attacker with a role
        or user of the account.
      - V(all_principals) stops all principals but O(exempt_principals). Everything that runs in the account loses its
        access to AWS. Service-linked roles are not bound by service control policies.
      - With O(state=attached) only. V(root_user) if not given; a quarantine of all principals that is attached then
        stays as it is, with a warning.
    type: str
    choices: [root_user, all_principals]
  exempt_principals:
    description:
      - With O(scope=all_principals), the responders, as C(role/NAME), C(user/NAME), or an ARN pattern such as
        V(arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Responder_*). C(*) and C(?) are wildcards.
      - Name roles, not their sessions. A role that the management account assumes is a principal of the account.
      - An empty list exempts no one. The root user, and a pattern that matches every role or user, are refused.
      - Exempt principals cannot leave the organization or change contacts and billing either.
    type: list
    elements: str
  protected_accounts:
    description: Accounts that are refused.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Service control policies must be enabled. The caller needs C(organizations:CreatePolicy), C(TagResource),
    C(UpdatePolicy) and C(AttachPolicy) to attach, C(DetachPolicy) and C(DeletePolicy) to lift, and
    C(organizations:List*) and C(Describe*) for both.
  - AWS accepts 10 service control policies of an account and 10,240 characters in one.
  - How soon a policy is in force everywhere is not documented.
seealso:
  - module: breakglass.aws.root_activity_info
  - module: breakglass.aws.root_credentials
"""

EXAMPLES = r"""
- name: Show whom a quarantine of the root user would stop
  breakglass.aws.account_quarantine:
    account_id: "555566667777"
    state: attached
  check_mode: true
  diff: true

- name: Stop everyone in the account but the responders
  breakglass.aws.account_quarantine:
    account_id: "555566667777"
    state: attached
    scope: all_principals
    exempt_principals:
      - role/OrganizationAccountAccessRole
      - arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Responder_*

- name: Lift it
  breakglass.aws.account_quarantine:
    account_id: "555566667777"
    state: lifted
"""

RETURN = r"""
outcome:
  description:
    - V(changed) or V(unchanged); in check mode what it would be.
    - V(failed) when AWS refused the first call. V(unverified) when calls were made and the state is not reached, or not
      confirmed by reading back.
  returned: success, and when a call failed or is not confirmed
  type: str
  sample: changed
account_id:
  description: The account.
  returned: success, and when a call failed or is not confirmed
  type: str
  sample: "555566667777"
name:
  description: Its name.
  returned: success, and when a call failed or is not confirmed
  type: str
  sample: reports
caller:
  description: Who called AWS.
  returned: success, and when a call failed or is not confirmed
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
before:
  description: The quarantine before.
  returned: success, and when a call failed or is not confirmed
  type: dict
  contains: &quarantine
    attached:
      description: Whether the policy of this module is attached to the account.
      type: bool
      sample: true
    policy_id:
      description: Its ID; null where there is none, or in check mode is none yet.
      type: str
      sample: p-b37ae7c1
    policy:
      description: Its document; null where there is none.
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
    service_control_policies:
      description: The names of the policies that are attached to the account itself.
      type: list
      elements: str
      sample: [FullAWSAccess, breakglass-quarantine-555566667777]
after:
  description: The quarantine now, read back; in check mode, as it would be.
  returned: success
  type: dict
  contains: *quarantine
actions:
  description: The calls that were made, or in check mode would be.
  returned: success, and when a call failed or is not confirmed
  type: list
  elements: str
  sample:
    - organizations:CreatePolicy breakglass-quarantine-555566667777
    - organizations:AttachPolicy 555566667777
other_policy:
  description: A policy that has the name of the quarantine, and that this module did not make.
  returned: when there is one, with the failure
  type: dict
  sample: {id: p-0c1d2e3f, name: breakglass-quarantine-555566667777, attached: true}
stops:
  description: Whom the policy stops and whom it does not; empty with O(state=lifted).
  returned: success
  type: list
  elements: dict
  contains:
    principal:
      description: The principal, or the kind of principals.
      type: str
      sample: root user
    stopped:
      description: Whether it is stopped.
      type: bool
      sample: true
    text:
      description: How, or why not.
      type: str
      sample: Signed in or with an access key, also in sessions that are open already.
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine.apply import STATES, apply_quarantine
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine.policy import SCOPES


def main() -> None:
    BreakglassModule(
        argument_spec={
            "account_id": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": list(STATES)},
            "scope": {"type": "str", "choices": list(SCOPES)},
            "exempt_principals": {"type": "list", "elements": "str"},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
        },
    ).run(apply_quarantine)


if __name__ == "__main__":
    main()
