#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_access_role
short_description: Bring back the role by which the management account administers a member account
version_added: 0.2.0
description:
  - Has the access role of member accounts answer C(sts:AssumeRole) from the management account. Where it does not,
    brings it back by a way that needs no root user, and assumes it to see that it answers.
  - The role is made as AWS Organizations makes it, with C(AdministratorAccess), except that it also lets sessions in
    that carry a source identity. A role that is there is mended by the smallest change. What else may assume it stays.
  - Where no way is open it says so, says why each is not, and what a person has to do with the root user.
  - An account that cannot be done does not keep the others from being done. The task fails in the end, and its result
    has all accounts.
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
      - V(stackset) makes the role with a CloudFormation StackSet with service-managed permissions. Where a role of the
        name is there already, a second StackSet makes a temporary role that mends it.
      - V(identity_center) assigns a permission set to a person, who then has a way into the account, and makes the role
        with that person's credentials, when O(identity_center.sign_in) has them. Without them the rest is left to
        the person. The task then fails and says what to do, and running it again verifies.
      - V(control_tower) makes the role as C(AWSControlTowerExecution), which accounts have that Control Tower manages.
      - V(auto) tries them in this order, a way that needs a person last.
    type: str
    choices: [auto, stackset, identity_center, control_tower]
    default: auto
  source_identity:
    description:
      - Mend also a role that answers the management account but refuses sessions with a source identity, which the one
        that AWS makes does. Its trust policy then allows C(sts:SetSourceIdentity), so that CloudTrail shows who acted.
    type: bool
    default: false
  activate_trusted_access:
    description:
      - Let the organization trust CloudFormation StackSets, when V(stackset) is taken and it does not yet. It stays so.
    type: bool
    default: false
  keep_stack_set:
    description:
      - Keep the StackSet that made the role. Otherwise it and its stacks are deleted. The role stays either way.
    type: bool
    default: false
  stack_set_name:
    description:
      - The StackSet's name. Without it C(breakglass-) and the role's name. One that an earlier run left is used again.
    type: str
  stack_set_region:
    description: The region of the StackSet and its stacks. Without it, where STS is called.
    type: str
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
      sign_in:
        description:
          - Credentials of somebody with the permission set in the account, for example a profile for which
            C(aws sso login) was called. With them the role is made. One account a task.
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
          - Keep an assignment that was made here after the role was made with O(identity_center.sign_in). Otherwise
            it is removed.
        type: bool
        default: false
  wait_timeout:
    description: How many seconds to wait for each operation of StackSets or Identity Center.
    type: int
    default: 600
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - Only the management account can do this, because access roles trust no other one.
  - Root sessions cannot make roles, so M(breakglass.aws.root_access) is no way back.
  - To be safe from this, protect the role with a service control policy that lets only C(stacksets-exec-*) and the role
    itself change it.
seealso:
  - module: breakglass.aws.organization_access_role_info
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: See by which way the role of an account would come back
  breakglass.aws.organization_access_role:
    account_ids: ["999900001111"]
    activate_trusted_access: true
  check_mode: true
  diff: true

- name: Bring it back
  breakglass.aws.organization_access_role:
    account_ids: ["999900001111"]
    activate_trusted_access: true

- name: Have a role in an account that joined by invitation, and keep the StackSet that made it
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
        - V(unchanged) when the role answered already, V(changed) when it was brought back and answers, or in check mode
          when a way is open.
        - V(unverified) when it was brought back but does not answer, or a person has to go on.
        - V(unreachable) when no way is open, V(failed) when ways were tried and failed.
        - V(skipped) for the management account and accounts nobody can act in.
      type: str
      sample: changed
    reason:
      description: Why, or by which way.
      type: str
      sample: Brought back by stackset.
    fix:
      description: What to do about it.
      type: str
    changed:
      description: Whether something was changed for this account, or in check mode would be.
      type: bool
      sample: true
    before:
      description: How the role stood; null when that was not looked at.
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
    role:
      description: How it stands now, in the same shape, or in check mode how it would.
      type: dict
      contains: *role
    attempts:
      description: The ways that were considered, in order.
      type: list
      elements: dict
      contains:
        method:
          description: The way, as in O(method).
          type: str
          sample: stackset
        outcome:
          description:
            - V(refused) (it is not open), V(done), V(failed), V(unverified), V(person needed), or V(would be taken).
          type: str
          sample: done
        reason:
          description: Why.
          type: str
        fix:
          description: What would open it, or what to do next.
          type: str
    actions:
      description: The calls that changed something for this account, in order.
      type: list
      elements: str
      sample: ["cloudformation:CreateStackSet breakglass-OrganizationAccountAccessRole"]
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {changed: 1}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import options
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import recovery as rescue
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.methods import WAYS
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import not_done, summarize
from ansible_collections.breakglass.aws.plugins.module_utils._targets import ARGUMENTS, choose_targets


def bring_back(module: BreakglassModule) -> dict:
    params = module.params
    wanted = options.wanted(params, module.connection)
    rescue.require_management_account(module.organization)
    targets = choose_targets(module.organization, params["account_ids"], params["all_accounts"], warn=module.warn)
    options.refuse_contradictions(wanted, params["method"], targets)
    accounts, warnings = rescue.rescue(
        module.connection, module.organization, targets, wanted, params["method"], module.check_mode
    )
    for warning in warnings:
        module.warn(warning)
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "summary": summarize(accounts),
        "diff": rescue.diff(accounts),
    }
    problems = not_done(accounts)
    if problems:
        module.fail_json(
            msg=" ".join([f"{len(problems)} of {len(accounts)} accounts are not done.", *problems]), **result
        )
    return result


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **options.ROLE,
            **options.identity_center(with_sign_in=True),
            "method": {"type": "str", "choices": ["auto", *WAYS], "default": "auto"},
            "source_identity": {"type": "bool", "default": False},
            "activate_trusted_access": {"type": "bool", "default": False},
            "keep_stack_set": {"type": "bool", "default": False},
            "stack_set_name": {"type": "str"},
            "stack_set_region": {"type": "str"},
            "wait_timeout": {"type": "int", "default": 600},
        },
    ).run_module(bring_back)


if __name__ == "__main__":
    main()
