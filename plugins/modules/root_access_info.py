#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_access_info
short_description: Report whether centralized root access is ready to be used
version_added: 0.1.0
description:
  - Reads the state of centralized root access in an organization. This is trusted access for IAM, the two features, the
    delegated administrators and the role of the caller. Returns a verdict, with a reason and a fix for everything that
    prevents root sessions.
  - For a member account it also reads every service control policy from the organization's root down to the account,
    and names those that would stop a root session there. Service control policies apply to root sessions.
  - It does not fail because something is off or cannot be read; that is in RV(reasons). It fails when there are no
    usable credentials, or AWS does not answer.
  - No root session is opened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - A member account in which a root session will be needed. Whether it can be a target is then checked too.
      - Write it as a string in quotes.
    type: str
  task:
    description:
      - What the root session will be needed for. Only what prevents this task is then blocking.
      - Without it, everything that prevents any of the tasks is blocking.
    type: str
    choices:
      - audit_root_credentials
      - delete_root_credentials
      - open_password_recovery
      - unlock_s3_bucket
      - unlock_sqs_queue
    version_added: 0.2.0
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
seealso:
  - module: breakglass.aws.root_access
"""

EXAMPLES = r"""
- name: Check that everything is ready before an emergency
  breakglass.aws.root_access_info:
  register: root_access

- name: Show what is missing, and how to fix it
  ansible.builtin.debug:
    msg: "{{ root_access.reasons }}"

- name: Check that a root session can be opened in an account
  breakglass.aws.root_access_info:
    account_id: "012345678901"
  register: preflight
  failed_when: not preflight.ready

- name: Find the service control policies that would stop it
  breakglass.aws.root_access_info:
    account_id: "777788889999"
    task: delete_root_credentials
  register: guarded

- name: Show each with its fix
  ansible.builtin.debug:
    msg: "{{ item.policy_name }} on {{ item.attached_to.name }}: {{ item.fix }}"
  loop: "{{ guarded.target.service_control_policies }}"
  loop_control:
    label: "{{ item.policy_name }}"
"""

RETURN = r"""
caller:
  description: Who called AWS.
  returned: success
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
    partition:
      description: The partition, from the caller's ARN.
      type: str
      sample: aws
    region:
      description: The region STS is called in.
      type: str
      sample: us-east-1
    role:
      description:
        - What the caller's account is to the organization.
        - One of V(management_account), V(delegated_administrator), V(neither), and V(unknown) when that cannot be
          read.
      type: str
      sample: management_account
organization:
  description: The organization; null when the caller is in none or it cannot be read.
  returned: success
  type: dict
  contains:
    id:
      description: The organization's ID.
      type: str
      sample: o-exampleorgid
    feature_set:
      description: V(ALL), or V(CONSOLIDATED_BILLING), which is not enough.
      type: str
      sample: ALL
    management_account_id:
      description: The management account.
      type: str
      sample: "111122223333"
trusted_access:
  description: Whether the organization trusts IAM. Null when that could not be read.
  returned: success
  type: bool
  sample: true
features:
  description: The two features. AWS hides them while trusted access is off; they are null then.
  returned: success
  type: dict
  contains:
    root_credentials_management:
      description: Reading and deleting root credentials, and password recovery.
      type: bool
      sample: true
    root_sessions:
      description: Unlocking bucket and queue policies.
      type: bool
      sample: true
delegated_administrators:
  description: The accounts registered as delegated administrator for IAM. Null when that could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "222233334444"
    name:
      description: Its name.
      type: str
      sample: security
target:
  description: The account of O(account_id). Name and state are null when it is not in the organization.
  returned: when O(account_id) is given
  type: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "333344445555"
    name:
      description: Its name.
      type: str
      sample: payments
    state:
      description: Its state.
      type: str
      sample: ACTIVE
    service_control_policies:
      description:
        - The service control policies that stop, or may stop, a root session in the account, from the organization's
          root down. They are evaluated from their text; nothing is called.
        - Null when they could not be read.
      type: list
      elements: dict
      contains:
        policy_id:
          description: The policy's ID. Null when no policy at this level allows the actions.
          type: str
          sample: p-examplepolicy1
        policy_name:
          description: Its name. Null when no policy at this level allows the actions.
          type: str
          sample: deny-root-user
        attached_to:
          description:
            - Where it is attached, with C(id), C(name) and C(type), which is V(ROOT), V(ORGANIZATIONAL_UNIT) or
              V(ACCOUNT).
          type: dict
          sample: {id: ou-ab12-example1, name: Vault, type: ORGANIZATIONAL_UNIT}
        sid:
          description: The statement's Sid; null when it has none.
          type: str
          sample: DenyRootUser
        actions:
          description: What a root session needs to call and may not.
          type: list
          elements: str
          sample: ["iam:GetUser"]
        why:
          description: What it denies, to which principals, under which conditions, and what is not known of it.
          type: str
        policy_type:
          description: V(SERVICE_CONTROL_POLICY) or V(RESOURCE_CONTROL_POLICY).
          type: str
          version_added: 0.2.0
        known_as:
          description: The product whose guardrail it is, when its shape shows that; else null.
          type: str
          sample: AWS Control Tower's AWS-GR_RESTRICT_ROOT_USER
        certain:
          description: Whether it stops the session in any case. Otherwise RV(target.service_control_policies[].why)
            has what that depends on.
          type: bool
          sample: true
        fix:
          description: What to do about it.
          type: str
    denies_root_user:
      description:
        - The policies that deny the root user every call outside of root sessions, as a quarantine does. They have the
          shape of RV(target.service_control_policies). A policy that denies some actions only is not among them.
        - Null when they could not be read.
      type: list
      elements: dict
      version_added: 0.2.0
    second_opinion:
      description:
        - What AWS's policy simulator (C(iam:SimulateCustomPolicy), which changes nothing) says about the service
          control policies above the account and a root session in it. It is asked where the caller may call it, and
          does not look at resource control policies.
        - A disagreement is one of RV(reasons), and does not block.
        - Null when it was not asked, or could not be.
      type: dict
      version_added: 0.2.0
      contains:
        decisions:
          description: For each action V(allowed), V(explicitDeny) or V(implicitDeny).
          type: dict
          sample: {"iam:GetUser": explicitDeny}
        disagrees:
          description: Those decisions of which RV(target.service_control_policies) say the opposite with certainty.
          type: dict
          sample: {}
ready:
  description:
    - Whether everything that was checked is ready for root sessions.
    - What is not known counts as not ready. The caller's own permission for C(sts:AssumeRoot) is not checked.
  returned: success
  type: bool
  sample: true
reasons:
  description: What prevents root sessions, and what else to know.
  returned: success
  type: list
  elements: dict
  contains:
    problem:
      description: The problem.
      type: str
      sample: The feature root_sessions is off.
    fix:
      description: What to do about it.
      type: str
      sample: breakglass.aws.root_access, root_sessions=true.
    blocking:
      description: Whether it makes RV(ready) false.
      type: bool
      sample: true
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import readiness


def main() -> None:
    BreakglassModule(
        argument_spec={"account_id": {"type": "str"}, "task": {"type": "str", "choices": list(v.TASKS)}}
    ).run(readiness.run)


if __name__ == "__main__":
    main()
