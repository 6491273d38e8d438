#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_access
short_description: Turn centralized root access on or off
version_added: 0.1.0
description:
  - Sets trusted access for IAM, the two features of centralized root access and the delegated administrator as
    declared, in the order that AWS needs. What is not declared is left alone.
  - Each change is read back before the next one is made.
  - Turning anything off warns. Turning off trusted access or O(root_credentials_management) is refused without
    O(force) when member accounts have a root user without a password, or when that is not known. These accounts cannot
    be recovered without it.
  - When AWS does not answer a call, the state is read back. If that shows the change, the task continues with a
    warning. If not, the task fails with C(changed) true and the call in RV(unverified).
author:
  - breakglass.aws contributors (@breakglass)
options:
  trusted_access:
    description:
      - Whether the organization trusts IAM (C(iam.amazonaws.com)). Everything else needs it.
      - AWS refuses to turn it off while there is a delegated administrator. Then declare
        O(delegated_administrator="") too.
    type: bool
  root_credentials_management:
    description:
      - Whether root credentials of member accounts can be read and deleted, and their password recovery opened.
      - The management account turns it on or off, a delegated administrator can only turn it off.
    type: bool
  root_sessions:
    description:
      - Whether bucket and queue policies of member accounts can be unlocked.
      - The management account turns it on or off, a delegated administrator can only turn it off.
    type: bool
  delegated_administrator:
    description:
      - The one account that is to be delegated administrator for IAM, by ID in quotes. Others are deregistered.
      - An empty string means none.
      - Needs credentials of the management account.
    type: str
  wait:
    description: Whether to read each change back until AWS shows it.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait until reading back shows a change.
    type: int
    default: 180
  force:
    description:
      - Turn trusted access or O(root_credentials_management) off although member accounts lose their only recovery.
      - Which accounts these are is read with the role C(OrganizationAccountAccessRole), because that opens no root
        sessions. An account whose role cannot be assumed, and every account when a delegated administrator runs the
        task, counts as unknown and needs O(force) too.
    type: bool
    default: false
    version_added: 0.2.0
  probe_account_id:
    description:
      - A member account in which root sessions are opened, after root access is turned on, until STS allows them. By ID
        in quotes.
      - A change reaches STS up to some minutes later than IAM. Without this option the task waits for IAM only.
      - For each feature that is declared V(true), sessions of one minute are opened until two in a row succeed, for at
        most O(wait_timeout) seconds. Nothing is called in them. CloudTrail of the caller's account shows each.
    type: str
    version_added: 0.2.0
  approved_actions:
    description:
      - The only calls that may be made, as RV(actions) of a run in check mode lists them. When another call is needed,
        because the state is not that of the plan any more, nothing further is changed and the task fails.
      - An empty list approves nothing. Without this option, every call that is needed is made.
    type: list
    elements: str
    version_added: 0.2.0
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - A change reaches STS up to some minutes later than IAM. STS may refuse AssumeRoot for a while after root access is
    turned on, and allow it for a while after it is turned off.
seealso:
  - module: breakglass.aws.root_access_info
"""

EXAMPLES = r"""
- name: Turn everything on, with a delegated administrator
  breakglass.aws.root_access:
    trusted_access: true
    root_credentials_management: true
    root_sessions: true
    delegated_administrator: "222233334444"

- name: List the calls that are needed, and change nothing
  breakglass.aws.root_access:
    trusted_access: true
    root_sessions: true
  check_mode: true
  diff: true
  register: plan

- name: Make these calls and no others, after a person approved them
  breakglass.aws.root_access:
    trusted_access: true
    root_sessions: true
    approved_actions: "{{ plan.actions }}"

- name: Turn it on, and wait until STS opens root sessions
  breakglass.aws.root_access:
    trusted_access: true
    root_credentials_management: true
    probe_account_id: "333344445555"

- name: Deregister the delegated administrator
  breakglass.aws.root_access:
    delegated_administrator: ""
"""

RETURN = r"""
without_root_password:
  description: Member accounts that would lose their only recovery, by ID.
  returned: when trusted access or O(root_credentials_management) is turned off
  type: dict
  contains:
    none:
      description: Those whose root user has no password.
      type: list
      elements: str
      sample: ["333344445555"]
    unknown:
      description: Those for which it is not known.
      type: list
      elements: str
      sample: ["888899990000"]
before:
  description: The state before.
  returned: success
  type: dict
  contains: &state
    trusted_access:
      description: Whether the organization trusts IAM.
      type: bool
      sample: false
    features:
      description: The features C(root_credentials_management) and C(root_sessions). Null while trusted access is off.
      type: dict
      sample: {root_credentials_management: null, root_sessions: null}
    delegated_administrators:
      description: The accounts registered as delegated administrator for IAM.
      type: list
      elements: dict
      sample: [{account_id: "222233334444", name: security}]
after:
  description: The state now, read back; in check mode, as it would be.
  returned: success
  type: dict
  contains: *state
actions:
  description: What was called, or in check mode would be, in this order.
  returned: always, once the state was read
  type: list
  elements: str
  sample: ["organizations:EnableAWSServiceAccess", "iam:EnableOrganizationsRootSessions"]
unverified:
  description:
    - The call that AWS did not answer, and that reading back does not show. Its change may still come.
    - Null when there is none.
  returned: when something was called, or there was nothing to call
  type: str
  version_added: 0.2.0
  sample: iam:EnableOrganizationsRootSessions
probe:
  description: The root sessions in O(probe_account_id); null when none was named.
  returned: when something was called, or there was nothing to call
  type: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "333344445555"
    sessions:
      description: The root sessions that were opened.
      type: list
      elements: dict
      contains:
        task:
          description: The session's task.
          type: str
          sample: audit_root_credentials
        access_key_id:
          description: Its access key ID, which CloudTrail shows.
          type: str
          sample: ASIAEXAMPLEEXAMPLE00
        expiration:
          description: When it ends.
          type: str
          sample: "2026-01-31T03:05:00Z"
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import reconcile


def main() -> None:
    BreakglassModule(
        argument_spec={
            **{switch: {"type": "bool"} for switch in reconcile.SWITCHES},
            "delegated_administrator": {"type": "str"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 180},
            "force": {"type": "bool", "default": False},
            "probe_account_id": {"type": "str"},
            "approved_actions": {"type": "list", "elements": "str"},
        },
        required_one_of=[reconcile.DECLARED],
    ).run(reconcile.run)


if __name__ == "__main__":
    main()
