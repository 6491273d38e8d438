#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_access_role_info
short_description: Tell whether the management account gets into member accounts by their access role
version_added: 0.2.0
description:
  - Assumes the role that AWS Organizations makes in accounts it creates (C(OrganizationAccountAccessRole)) in each
    account, and lets it look at itself.
  - Where it does not answer, tells whether it is missing, does not trust the management account, has lost its policy or
    is stopped by a service control policy, as far as that can be known, and how sure that is. AWS answers alike for a
    role that is missing and for one that does not trust the caller. Inside the account it is looked at as
    C(AWSControlTowerExecution), where that answers.
  - Then it also tells which ways back there are that need no root user, and why others are not.
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
    description: The way through IAM Identity Center, for which somebody must be named.
    type: dict
    suboptions:
      region:
        description: Where the organization's Identity Center is. Without it, where STS is called.
        type: str
      permission_set:
        description:
          - The permission set to assign, by name or ARN. It must allow C(iam:CreateRole) and C(iam:AttachRolePolicy).
        type: str
        required: true
      user_name:
        description:
          - Whom to assign it to, by user name. One of O(identity_center.user_name) and O(identity_center.group_name).
        type: str
      group_name:
        description: The group to assign it to, by display name.
        type: str
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - Only the management account can do this, because access roles trust no other one.
  - Each account and the caller's own get a CloudTrail event C(AssumeRole).
seealso:
  - module: breakglass.aws.organization_access_role
"""

EXAMPLES = r"""
- name: Which accounts could nobody administer?
  breakglass.aws.organization_access_role_info:
    all_accounts: true
  register: access

- name: Name them
  ansible.builtin.debug:
    msg: "{{ access.accounts | selectattr('outcome', 'equalto', 'unreachable') | map(attribute='name') }}"

- name: By which way could the role of an account come back?
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
        - V(skipped) for the management account and accounts nobody can act in, V(failed) when AWS did not say.
      type: str
      sample: unreachable
    reason:
      description: Why it does not let the caller in; empty when it does.
      type: str
    fix:
      description: What to do about it.
      type: str
    role:
      description: How the role stands; null when that was not looked at.
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
              AWS does not tell which of these it is.
            - V(stripped) when it answers but has no policy that lets it act, V(stopped) when a service control policy
              or a permissions boundary keeps it from acting.
          type: str
          sample: answers
        certain:
          description:
            - Whether the state was seen. Otherwise it is the likeliest one, and the reason says what else it may be.
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
        - The ways back that need no root user, in the order they would be tried. Empty when none is needed, or none
          would help.
      type: list
      elements: dict
      contains:
        method:
          description: The way, as in O(breakglass.aws.organization_access_role#module:method).
          type: str
          sample: stackset
        possible:
          description: Whether nothing was found that closes it.
          type: bool
          sample: false
        reason:
          description: What closes it.
          type: str
          sample: The organization does not trust CloudFormation StackSets.
        fix:
          description: What would open it.
          type: str
summary:
  description: How many accounts had each outcome.
  returned: success
  type: dict
  sample: {unreachable: 2, skipped: 2, unchanged: 9}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import options
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import recovery as rescue
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done, summarize
from ansible_collections.breakglass.aws.plugins.module_utils._targets import ARGUMENTS, choose_targets


def look(module: BreakglassModule) -> dict:
    params = module.params
    wanted = options.wanted(params, module.connection)
    rescue.require_management_account(module.organization)
    targets = choose_targets(module.organization, params["account_ids"], params["all_accounts"], warn=module.warn)
    accounts = rescue.survey(module.connection, module.organization, targets, wanted)
    for line in not_done(accounts):
        module.warn(line)
    return {"accounts": accounts, "summary": summarize(accounts)}


def main() -> None:
    BreakglassModule(argument_spec={**ARGUMENTS, **options.ROLE, **options.identity_center()}).run_module(look)


if __name__ == "__main__":
    main()
