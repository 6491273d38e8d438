#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: organization_account_info
short_description: Describe accounts of an organization, and what prevents removing or closing them
version_added: 0.2.0
description:
  - Describes accounts of the organization, whatever their state, with their place, age, tags, delegations and contacts.
  - For a O(purpose) it lists the reasons that prevent it and the consequences, each marked as checked, as not checkable
    from here, or as something that a person has to check, with the page of the console.
  - What cannot be read is null, and is in RV(accounts[].not_read) with the reason. It never counts as absent.
  - Leaving by the account's own call (C(organizations:LeaveOrganization)) and direct transfer to another organization
    (that one invites, the account accepts) need the account's own credentials, and are not part of this collection. The
    purpose V(transfer) returns what they need.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_ids:
    description:
      - The accounts to describe, by ID. The management account may be among them.
      - Write IDs as strings in quotes. Without quotes YAML reads C(012345670123) as an octal number.
      - One of O(account_ids) and O(all_accounts=true) is needed.
    type: list
    elements: str
  all_accounts:
    description: Describe all accounts of the organization, the management account and closed ones included.
    type: bool
    default: false
  include:
    description:
      - What to read of each account in addition to the list of accounts.
      - V(tags) takes one call an account, V(contacts) five, V(delegations) one for each delegated administrator. In an
        organization of thousands of accounts, leave out what is not needed.
      - With O(purpose) all of it is read.
    type: list
    elements: str
    choices: [tags, delegations, contacts]
    default: [tags, delegations, contacts]
  purpose:
    description:
      - What is planned for the accounts. Without it there are no findings.
      - V(remove) is removal by the management account, after which the account is standalone.
      - V(transfer) is direct transfer to another organization that has invited the account.
      - V(close) is closure.
    type: str
    choices: [remove, transfer, close]
  read_root_credentials:
    description:
      - For O(purpose=remove), read in each account with a root session whether its root user can sign in.
      - This is root activity. Each account gets CloudTrail events of its root user, and alarms on these events fire.
    type: bool
    default: false
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.removal_reasons
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account and delegated administrators can read the organization. Contacts need trusted access for
    AWS Account Management (C(account.amazonaws.com)) and the management account or that service's delegated
    administrator. StackSets and IAM Identity Center are read in the region O(ignore:region) only.
seealso:
  - module: breakglass.aws.organization_account
  - module: breakglass.aws.root_email
"""

EXAMPLES = r"""
- name: Show the OU, age and contacts of an account
  breakglass.aws.organization_account_info:
    account_ids: ["343434343434"]

- name: List all accounts quickly
  breakglass.aws.organization_account_info:
    all_accounts: true
    include: []
  register: everything

- name: List the accounts that are not active
  ansible.builtin.debug:
    msg: "{{ everything.accounts | rejectattr('state', 'eq', 'ACTIVE') | map(attribute='name') }}"

- name: Show what prevents removing an account, and what the removal entails
  breakglass.aws.organization_account_info:
    account_ids: ["343434343434"]
    purpose: remove
    read_root_credentials: true
  register: survey

- name: Show it
  ansible.builtin.debug:
    msg: "{{ [survey.accounts[0].verdict] + survey.accounts[0].findings | map(attribute='text') }}"

- name: Continue only after a person has checked what no API returns
  breakglass.aws.organization_account_info:
    account_ids: ["343434343434"]
    purpose: remove
    read_root_credentials: true
    confirmed:
      - payment_method
      - phone_verification
      - support_plan
      - agreement
      - contact_information
  register: survey
  failed_when: not survey.accounts[0].ready
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
      sample: "343434343434"
    name:
      description: Its name.
      type: str
      sample: spin-off
    outcome:
      description: V(unchanged) when it was described, V(failed) when not even its OU could be read.
      type: str
      sample: unchanged
    reason:
      description: Why it failed.
      type: str
      sample: ""
    fix:
      description: What to do about it.
      type: str
      sample: ""
    journal_time:
      description: When the account was read, if the entry comes from the journal; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    email:
      description: The e-mail address of its root user.
      type: str
      sample: aws+spin-off@example.com
    state:
      description:
        - V(ACTIVE), V(PENDING_ACTIVATION), V(PENDING_CLOSURE), V(SUSPENDED) or V(CLOSED).
        - This is AWS's C(State), which replaced the retired C(Status).
      type: str
      sample: ACTIVE
    joined_method:
      description: V(CREATED) in the organization, or V(INVITED).
      type: str
      sample: CREATED
    joined:
      description: When it joined.
      type: str
      sample: "2024-12-24T09:27:12Z"
    created:
      description: When it was created; null for an invited account when AWS Account Management cannot be asked.
      type: str
      sample: "2024-12-24T09:27:12Z"
    age_days:
      description: Full days since then.
      type: int
      sample: 700
    ou:
      description: The OU it is in, or the root.
      type: dict
      contains:
        id:
          description: Its ID.
          type: str
          sample: ou-7689-d7467f0e
        name:
          description: Its name.
          type: str
          sample: Divested
        path:
          description: The names from the root to the OU.
          type: str
          sample: Root/Workloads/Divested
        path_ids:
          description: The IDs of this path, as C(aws:PrincipalOrgPaths) has them.
          type: str
          sample: o-breakglass1/r-7689/ou-7689-f54ea301/ou-7689-d7467f0e/
    tags:
      description: The tags of the account object.
      type: dict
      sample: {}
    delegations:
      description: The services it is delegated administrator for.
      type: list
      elements: str
      sample: []
    contact:
      description: The contact information, with C(phone_verification) (null where AWS does not return it).
      type: dict
      sample: {full_name: spin-off, company_name: Spin-off Ltd, phone_number: +44 20 7946 0100,
        phone_verification: VERIFIED}
    alternate_contacts:
      description: The alternate contacts V(billing), V(operations) and V(security); null for one that is not set.
      type: dict
      sample: {billing: null, operations: null, security: {name: Security desk, title: On call,
        email: security@example.net, phone_number: +44 20 7946 0101}}
    not_read:
      description: Which of these fields are null because they could not be read.
      type: list
      elements: dict
      contains:
        what:
          description: The field.
          type: str
          sample: contact
        reason:
          description: Why.
          type: str
          sample: The organization does not trust AWS Account Management.
        fix:
          description: What to do about it.
          type: str
          sample: "Have the management account turn it on: organizations:EnableAWSServiceAccess for
            account.amazonaws.com."
    findings:
      description: For O(purpose), the reasons that prevent it, then the consequences.
      type: list
      elements: dict
      contains:
        name:
          description: What it is about.
          type: str
          sample: payment_method
        kind:
          description: V(blocking) or V(consequence).
          type: str
          sample: blocking
        status:
          description: V(checked), V(not_checkable) from here, or V(person) when a person must check it.
          type: str
          sample: person
        holds:
          description: Whether it prevents the purpose, or will happen. Null when that is not known.
          type: bool
          sample: null
        text:
          description: What was found.
          type: str
          sample: The account must have a valid payment method. No API returns whether it has.
        fix:
          description: What to do about it.
          type: str
          sample: Enter it on the page
    ready:
      description:
        - Whether no reason prevents it. A reason that is not known counts as preventing it.
        - Null without O(purpose).
      type: bool
      sample: false
    verdict:
      description: The findings in one sentence. Null without O(purpose).
      type: str
      sample: "The account cannot be removed yet; to be checked and confirmed: payment_method, support_plan."
    session:
      description: With O(read_root_credentials=true), the root session that was opened; null otherwise.
      type: dict
      contains:
        access_key_id:
          description: Its access key ID, which CloudTrail shows in every event of the session.
          type: str
          sample: ASIAEXAMPLEEXAMPLE00
        expiration:
          description: When it ends.
          type: str
          sample: "2026-01-31T03:15:00Z"
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
  sample: {unchanged: 1}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import CONFIRMABLE, PURPOSES
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.survey import PARTS, read_accounts
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **runner.ARGUMENTS,
            "include": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
            "purpose": {"type": "str", "choices": list(PURPOSES)},
            "confirmed": {"type": "list", "elements": "str", "choices": list(CONFIRMABLE), "default": []},
            "read_root_credentials": {"type": "bool", "default": False},
        },
    ).run(read_accounts)


if __name__ == "__main__":
    main()
