#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: resource_policy_lockout_info
short_description: Find buckets and queues whose policy locks administrators out
version_added: 0.2.0
description:
  - Reads the policy of each bucket, and of each queue in O(regions), and reports the statements that lock
    administrators out, before an incident does.
  - Opens no root session and changes nothing. Works with the credentials of a normal administrator of an account, or
    from the management account by assuming a role in each account.
  - A policy that may not be read is never reported as harmless. It is V(locked) where AWS's denial names the policy
    itself, as it does with most lockouts, else V(unreadable).
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_ids:
    description:
      - The member accounts to scan, by ID in quotes, by assuming O(role_name) in each.
      - Without this and O(all_accounts), the account of the credentials is scanned.
    type: list
    elements: str
  all_accounts:
    description:
      - Scan all member accounts of the organization, by assuming O(role_name) in each.
    type: bool
    default: false
  role_name:
    description:
      - The role, by name with its path, that is assumed in each account.
    type: str
    default: OrganizationAccountAccessRole
  services:
    description:
      - What to scan, buckets (V(s3)) or queues (V(sqs)) or both.
    type: list
    elements: str
    choices: [s3, sqs]
    default: [s3, sqs]
  regions:
    description:
      - The regions to search for queues. Buckets of all regions are always found.
      - Without it, all regions that the account has enabled, or O(region) alone where C(account:ListRegions) is denied,
        which RV(accounts[].unlisted) then reports.
    type: list
    elements: str
  administrators:
    description:
      - The roles and users, by ARN, that must be able to manage the policies. Only with one account.
      - With none, it is every role and user of the account.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - An account that cannot be scanned is V(unreachable), with cause and fix, and a warning. The others are scanned.
  - What is not known (where a request comes from, whether MFA was used) counts as possibly locking, and the reason has
    what it is.
seealso:
  - module: breakglass.aws.s3_bucket_policy_unlock
  - module: breakglass.aws.sqs_queue_policy_unlock
"""

EXAMPLES = r"""
- name: Scan the account of these credentials
  breakglass.aws.resource_policy_lockout_info:
    profile: data-lake-administrator
    regions: [eu-central-1, us-east-1]
  register: survey

- name: Name what is locked, and why
  ansible.builtin.debug:
    msg: "{{ locked | map(attribute='arn') | zip(locked | map(attribute='reason')) | list }}"
  vars:
    locked: "{{ survey.accounts | map(attribute='resources') | flatten | selectattr('outcome', 'eq', 'locked') }}"

- name: Look for locked buckets in the whole organization
  breakglass.aws.resource_policy_lockout_info:
    all_accounts: true
    services: [s3]
"""

RETURN = r"""
accounts:
  description: An entry for each account.
  returned: always
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
    name:
      description: Its name; empty where only its own credentials were used.
      type: str
    outcome:
      description:
        - V(unchanged) when it was scanned, but for what RV(accounts[].unlisted) has.
        - Else V(skipped), V(unreachable), or V(failed) when nothing could be listed.
      type: str
    reason:
      description: Why it was not scanned.
      type: str
    fix:
      description: What to do about that.
      type: str
    journal_time:
      description: When the account was read, if the entry comes from the journal; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    resources:
      description: Its buckets and queues.
      type: list
      elements: dict
      contains:
        service:
          description: V(s3) or V(sqs).
          type: str
        arn:
          description: The bucket or queue.
          type: str
        name:
          description: Its name.
          type: str
        region:
          description: Where it is.
          type: str
        outcome:
          description:
            - V(locked), V(possibly_locked), V(unlocked), or V(no_policy).
            - V(possibly_locked) when it depends on what is not known, for example whether MFA was used.
            - V(unreadable) when the policy may not be read, V(failed) when it could not be read or analysed.
          type: str
        reason:
          description: >-
            Why it is locked, or why that is not known. For V(unlocked), principals that the policy keeps from managing
            it by name or by pattern; empty when there are none.
          type: str
        lockout_statements:
          description: As in M(breakglass.aws.s3_bucket_policy_unlock). Empty where the policy could not be read.
          type: list
          elements: dict
    regions:
      description: The regions that were searched for queues.
      type: list
      elements: str
    unlisted:
      description: What could not be listed, so that nothing is known about it. Also a warning.
      type: list
      elements: dict
      contains:
        service:
          description: V(s3) or V(sqs).
          type: str
        region:
          description: The region. Null for buckets, and for the regions that could not be listed themselves.
          type: str
        reason:
          description: The error of AWS.
          type: str
selection:
  description: How the options selected accounts.
  returned: always
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
  description: How many resources have each outcome, and how many listings are V(unlisted).
  returned: always
  type: dict
  sample: {"locked": 1, "unlocked": 12, "no_policy": 30}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.scan import SERVICES
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.scan_accounts import scan_accounts


def main() -> None:
    services = list(SERVICES)
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **runner.ARGUMENTS,
            "role_name": {"type": "str", "default": "OrganizationAccountAccessRole"},
            "services": {"type": "list", "elements": "str", "choices": services, "default": services},
            "regions": {"type": "list", "elements": "str"},
            "administrators": {"type": "list", "elements": "str", "default": []},
        },
    ).run(scan_accounts)


if __name__ == "__main__":
    main()
