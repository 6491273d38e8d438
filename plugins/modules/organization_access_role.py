#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_access_role
short_description: Restore the role by which the management account administers a member account
version_added: 0.2.0
description:
  - Makes sure that the access role of member accounts answers C(sts:AssumeRole) from the management account. Where it
    does not, restores it with a method that needs no root user, and assumes it to verify that it answers.
  - The role is created as AWS Organizations creates it, with C(AdministratorAccess), except that it also accepts
    sessions that carry a source identity. A role that exists is repaired with the smallest change. Everything else that
    may assume it stays.
  - Where no method can be used, the result says why for each, and what a person has to do with the root user.
  - An account that cannot be done does not stop the others. The task fails at the end, and its result has all accounts.
author:
  - breakglass.aws contributors (@breakglass)
options:
  role_name:
    description:
      - The role that is to let the management account in, with its path in front if it has one.
    type: str
    default: OrganizationAccountAccessRole
  method:
    description:
      - V(stackset) creates the role with a CloudFormation StackSet with service-managed permissions. Where a role of
        the name exists already, a second StackSet creates a temporary role that repairs it.
      - V(identity_center) assigns a permission set to a person, who can then sign in to the account, and creates the
        role with that person's credentials, when O(identity_center.sign_in) has them. Without them the rest is left to
        the person. The task then fails and says what to do; run it again to verify.
      - V(control_tower) creates the role as C(AWSControlTowerExecution), which exists in accounts that Control Tower
        manages.
      - V(auto) tries them in this order, a method that needs a person last.
    type: str
    choices: [auto, stackset, identity_center, control_tower]
    default: auto
  source_identity:
    description:
      - Repair also a role that answers the management account but refuses sessions with a source identity, as the role
        that AWS creates does. Its trust policy then allows C(sts:SetSourceIdentity). CloudTrail then shows who acted.
    type: bool
    default: false
  activate_trusted_access:
    description:
      - Let the organization trust CloudFormation StackSets, when V(stackset) is used and it does not yet. It stays so.
    type: bool
    default: false
  keep_stack_set:
    description:
      - Keep the StackSet that created the role. Otherwise it and its stacks are deleted. The role stays either way.
    type: bool
    default: false
  plan:
    description:
      - The approved plan, which is the result of this module in check mode. Only the accounts that it would change are
        changed, and only with the method that it has. Other accounts are V(skipped). An account is refused when its
        name, or its role's state, trust policy or policies, differ from the plan.
    type: dict
    version_added: 0.2.0
  stack_set_name:
    description:
      - The StackSet's name. The default is C(breakglass-) and the role's name. One that an earlier run left is reused.
    type: str
  stack_set_region:
    description: The region of the StackSet and its stacks. The default is the region where STS is called.
    type: str
  identity_center:
    description: How to restore the role through IAM Identity Center, for which a user or group must be named.
    type: dict
    suboptions:
      region:
        description: The home region of the organization's Identity Center. The default is where STS is called.
        type: str
      permission_set:
        description:
          - The permission set to assign, by name or ARN. It must allow C(iam:CreateRole) and C(iam:AttachRolePolicy).
        type: str
        required: true
      user_name:
        description:
          - The user to assign it to, by user name. One of O(identity_center.user_name) and
            O(identity_center.group_name).
        type: str
      group_name:
        description: The group to assign it to, by display name.
        type: str
      sign_in:
        description:
          - Credentials of a person with the permission set in the account, for example a profile for which
            C(aws sso login) was called. The role is created with them. One account a task.
        type: dict
        suboptions:
          profile:
            description: A profile of the AWS configuration.
            type: str
          access_key:
            description: An access key ID.
            type: str
          secret_key:
            description: Its secret.
            type: str
          session_token:
            description: Its session token.
            type: str
      keep_assignment:
        description:
          - Keep an assignment that this task made, after the role was created with O(identity_center.sign_in).
            Otherwise it is removed.
        type: bool
        default: false
  wait_timeout:
    description: How many seconds to wait for each operation of StackSets or Identity Center.
    type: int
    default: 600
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.waves
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Only the management account can do this, because access roles trust no other one.
  - Root sessions cannot create roles, so M(breakglass.aws.root_access) does not help here.
  - To prevent this, protect the role with a service control policy that lets only C(stacksets-exec-*) and the role
    itself change it.
seealso:
  - module: breakglass.aws.organization_access_role_info
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: See how the role of an account would be restored
  breakglass.aws.organization_access_role:
    account_ids: ["999900001111"]
    activate_trusted_access: true
  check_mode: true
  diff: true
  register: plan

- name: Restore it, if the account is still as in the plan
  breakglass.aws.organization_access_role:
    account_ids: ["999900001111"]
    activate_trusted_access: true
    plan: "{{ plan }}"

- name: Restore it in all accounts of an OU, in one first, and stop when that one is not done
  breakglass.aws.organization_access_role:
    organizational_units: [Workloads]
    waves: [1, 25%]
    workers: 8
    journal: access-roles.jsonl

- name: Create the role in an account that joined by invitation, and keep the StackSet that created it
  breakglass.aws.organization_access_role:
    account_ids: ["888899990000"]
    method: stackset
    keep_stack_set: true
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
      sample: "999900001111"
    name:
      description: Its name.
      type: str
      sample: lost-role
    outcome:
      description:
        - V(unchanged) when the role answered already, V(changed) when it was restored and answers, or in check mode
          when a method can be used.
        - V(unverified) when it was restored but does not answer, or a person has to continue.
        - V(unreachable) when no method can be used, V(failed) when methods were tried and failed.
        - V(skipped) for the management account and accounts in which no one can act. V(not_reached) when the task ended
          before anything was changed in it, see O(waves) and O(max_accounts).
      type: str
      sample: changed
    reason:
      description: Why, or with which method.
      type: str
      sample: Restored with stackset.
    fix:
      description: What to do about it.
      type: str
    changed:
      description: Whether something was changed for this account, or in check mode would be.
      type: bool
      sample: true
    before:
      description: The role before; null when it was not read.
      type: dict
      contains: &role
        arn:
          description: The role's ARN.
          type: str
          sample: arn:aws:iam::999900001111:role/OrganizationAccountAccessRole
        state:
          description:
            - V(answers) when C(sts:AssumeRole) gives a session that can act.
            - V(refuses_source_identity) when it trusts the management account, but not sessions that carry a source
              identity, as the caller's does.
            - V(missing), V(distrustful) (its trust policy does not let the management account in), or V(refused) when
              AWS does not say which of these it is.
            - V(stripped) when it answers but has no policy that lets it act, V(stopped) when a service control policy
              or a permissions boundary stops it.
          type: str
          sample: answers
        certain:
          description:
            - Whether the state was observed. Otherwise it is the most likely one, and the reason says what else it may
              be.
          type: bool
          sample: true
        trust_policy:
          description: Its trust policy; null when it could not be read.
          type: dict
        policies:
          description: ARNs of its attached policies and names of its inline ones; null when they could not be read.
          type: list
          elements: str
          sample: ["arn:aws:iam::aws:policy/AdministratorAccess"]
        service_control_policies:
          description:
            - Policies that stop it, in the shape M(breakglass.aws.root_access_info) returns them. Read only where it
              cannot act.
          type: list
          elements: dict
    role:
      description: The role now, in the same shape; in check mode, as it would be.
      type: dict
      contains: *role
    attempts:
      description: The methods that were considered, in order.
      type: list
      elements: dict
      contains:
        method:
          description: The method, as in O(method).
          type: str
          sample: stackset
        outcome:
          description:
            - V(refused) (it cannot be used), V(done), V(failed), V(unverified), V(person needed), or V(would be taken).
          type: str
          sample: done
        reason:
          description: Why.
          type: str
        fix:
          description: What would make it usable, or what to do next.
          type: str
    journal_time:
      description: When the account was done, if the entry comes from the journal; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    actions:
      description: The calls that changed something for this account, in order.
      type: list
      elements: str
      sample: ["cloudformation:CreateStackSet breakglass-OrganizationAccountAccessRole"]
selection:
  description: How the options selected accounts.
  returned: always, once the options were found valid
  type: dict
  version_added: 0.2.0
  contains:
    selected:
      description: How many accounts are worked on.
      type: int
      sample: 42
    left_out:
      description: The accounts that the options select and that are not worked on.
      type: list
      elements: dict
      contains:
        account_id:
          description: The account.
          type: str
          sample: "666677778888"
        name:
          description: Its name.
          type: str
          sample: closed-shop
        reason:
          description: Why it is left out.
          type: str
          sample: "The account's state is SUSPENDED: it cannot be used."
    duplicates:
      description: The accounts that are selected more than once. Each is done once.
      type: list
      elements: dict
      contains:
        account_id:
          description: The account.
          type: str
          sample: "444455556666"
        name:
          description: Its name.
          type: str
          sample: legacy-web
        reason:
          description: How it is selected more than once.
          type: str
          sample: It is named more than once in account_ids.
plan_waves:
  description: >-
    The accounts that would be changed, by ID, as the waves in which they would be. One wave without O(waves).
  returned: in check mode
  type: list
  elements: list
  version_added: 0.2.0
  sample: [["999900001111"]]
waves:
  description: The waves that were begun, in their order. Empty without O(waves), O(max_failures) and O(max_accounts).
  returned: except in check mode
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    account_ids:
      description: The accounts of the wave.
      type: list
      elements: str
      sample: ["999900001111"]
    summary:
      description: How many of them had each outcome.
      type: dict
      sample: {changed: 1}
stopped:
  description: Why accounts were not reached; empty when all were.
  returned: except in check mode
  type: str
  version_added: 0.2.0
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {changed: 1}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import options
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.recovery import restore_access_roles
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner, waves


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **runner.ARGUMENTS,
            **waves.ARGUMENTS,
            **options.ROLE,
            **options.RESTORE,
            **options.identity_center(with_sign_in=True),
        },
    ).run(restore_access_roles)


if __name__ == "__main__":
    main()
