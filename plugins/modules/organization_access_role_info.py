#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_access_role_info
short_description: Check whether the management account can administer member accounts by their access role
version_added: 0.2.0
description:
  - Assumes the role that AWS Organizations creates in accounts that it creates (C(OrganizationAccountAccessRole)) in
    each account, and lets it read itself.
  - Where it does not answer, returns whether it is missing, does not trust the management account, has lost its policy
    or is stopped by a service control policy, as far as that can be known, and how certain that is. AWS gives the same
    answer for a missing role and for one that does not trust the caller. The role is read from inside the account as
    C(AWSControlTowerExecution), where that answers.
  - For such a role it also returns which methods could restore it without the root user, and why others cannot.
  - Nothing is changed and no root session is opened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  role_name:
    description:
      - The role that is to let the management account in, with its path in front if it has one.
    type: str
    default: OrganizationAccountAccessRole
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
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - Only the management account can do this, because access roles trust no other one.
  - Each account and the caller's own get a CloudTrail event C(AssumeRole).
seealso:
  - module: breakglass.aws.organization_access_role
"""

EXAMPLES = r"""
- name: In which accounts does the access role not work?
  breakglass.aws.organization_access_role_info:
    all_accounts: true
  register: access

- name: Name them
  ansible.builtin.debug:
    msg: "{{ access.accounts | selectattr('outcome', 'equalto', 'unreachable') | map(attribute='name') }}"

- name: With which method could the role of an account be restored?
  breakglass.aws.organization_access_role_info:
    account_ids: ["999900001111"]
    identity_center:
      permission_set: BreakGlassAdministrator
      user_name: on-call
"""

RETURN = r"""
accounts:
  description: One entry an account.
  returned: success
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
        - V(unchanged) when the role lets the management account in, V(unreachable) when it does not.
        - V(skipped) for the management account and accounts in which no one can act, V(failed) when AWS did not answer.
      type: str
      sample: unreachable
    reason:
      description: Why it does not let the caller in; empty when it does.
      type: str
    fix:
      description: What to do about it.
      type: str
    journal_time:
      description: When the account was read, if the entry comes from the journal; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    role:
      description: The role; null when it was not read.
      type: dict
      contains:
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
    ways_back:
      description:
        - The methods that need no root user, in the order they would be tried. Empty when none is needed, or none
          would help.
      type: list
      elements: dict
      contains:
        method:
          description: The method, as in O(breakglass.aws.organization_access_role#module:method).
          type: str
          sample: stackset
        possible:
          description: Whether nothing was found that prevents it.
          type: bool
          sample: false
        reason:
          description: What prevents it.
          type: str
          sample: The organization does not trust CloudFormation StackSets.
        fix:
          description: What would make it usable.
          type: str
selection:
  description: How the options selected accounts.
  returned: success
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
summary:
  description: How many accounts had each outcome.
  returned: success
  type: dict
  sample: {unreachable: 2, skipped: 2, unchanged: 9}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import options
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.recovery import read_access_roles
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner


def main() -> None:
    BreakglassModule(argument_spec={**ARGUMENTS, **runner.ARGUMENTS, **options.ROLE, **options.identity_center()}).run(
        read_access_roles
    )


if __name__ == "__main__":
    main()
