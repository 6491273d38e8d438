#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: recovery_readiness_info
short_description: Find out in which accounts which recovery would fail, and why
version_added: 0.3.0
description:
  - For each account and each of the nine runbooks, it returns whether the recovery would work now, would fail (with the
    reason and the fix), or is not known (with what could not be read).
  - It reads the organization, its policies and the contacts of the accounts. It opens a session in an account only with
    O(with_root_sessions) or O(with_role_sessions).
  - A recovery is judged as if it were run with the caller's credentials and the runbook's default parameters, by a
    caller who has the permissions that the runbook lists, in an account where all that it may have to change exists.
  - Policies are judged for what each runbook does, as a root session, as a root user who signs in, and as a role. Each
    policy is read once, and each combination of policies is judged once, whatever the number of accounts.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_ids:
    description:
      - The accounts to judge, by ID. The management account may be among them.
      - Write IDs as strings in quotes. Without quotes YAML reads C(012345670123) as an octal number.
      - One of O(account_ids), O(all_accounts=true), O(organizational_units) and O(account_tags) is needed.
    type: list
    elements: str
  all_accounts:
    description: Judge all accounts of the organization, the management account and closed ones included.
    type: bool
    default: false
  with_root_sessions:
    description:
      - Open root sessions in each member account, which read the root credentials and look for buckets and queues whose
        policy locks administrators out. They change nothing.
      - This is root activity. Each account gets CloudTrail events of its root user, and alarms on these events fire.
    type: bool
    default: false
  with_role_sessions:
    description:
      - Assume the access role in each member account, to find out whether it lets the management account in. Needs
        credentials of the management account.
    type: bool
    default: false
  role_name:
    description: The access role, by name with its path.
    type: str
    default: OrganizationAccountAccessRole
  own_domains:
    description:
      - The domains of e-mail addresses that your people read, such as V(example.com). Their subdomains count too.
      - A root mailbox in another domain is a finding, and C(lost_root_mfa) in RV(accounts[].recoveries) is V(unknown)
        then.
      - Without it, domains are not judged.
    type: list
    elements: str
    default: []
  regions:
    description:
      - The regions to search for locked queues, with O(with_root_sessions).
      - Without it, all regions that the account has enabled, or O(region) alone where they may not be listed.
    type: list
    elements: str
  confirmed:
    description:
      - Reasons against the removal of accounts that no API returns, and that a person has checked for the accounts of
        this task, such as V(payment_method).
    type: list
    elements: str
    choices:
      - payment_method
      - phone_verification
      - support_plan
      - agreement
      - contact_information
      - root_credentials
      - control_tower
      - close_quota
      - invitation
      - leave_denied
    default: []
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account and delegated administrators for IAM can read the organization. Contacts need trusted access
    for AWS Account Management (C(account.amazonaws.com)).
  - Whether a person reads a root mailbox, and whether the caller's own IAM policies permit a recovery, is not judged.
seealso:
  - module: breakglass.aws.root_access_info
  - module: breakglass.aws.organization_account_info
"""

EXAMPLES = r"""
- name: Judge every recovery in the whole organization
  breakglass.aws.recovery_readiness_info:
    all_accounts: true
    own_domains: [example.com]
  register: readiness

- name: List the recoveries that would fail
  ansible.builtin.debug:
    msg: "{{ item.recoveries | dict2items | selectattr('value.verdict', 'eq', 'fails') | map(attribute='key') }}"
  loop: "{{ readiness.accounts }}"
  loop_control:
    label: "{{ item.name }}"

- name: Judge the accounts of an OU, and read their root credentials and locked buckets
  breakglass.aws.recovery_readiness_info:
    organizational_units: [Workloads/Production]
    with_root_sessions: true

- name: Show the statements that permit to read what could not be read
  ansible.builtin.debug:
    msg: "{{ readiness.unreadable | selectattr('statement') | map(attribute='statement') }}"
"""

RETURN = r"""
organization:
  description: The organization, and what of it decides about recoveries.
  returned: success
  type: dict
  contains:
    id:
      description: Its ID.
      type: str
      sample: o-breakglass1
    management_account_id:
      description: Its management account.
      type: str
      sample: "111122223333"
    feature_set:
      description: V(ALL) or V(CONSOLIDATED_BILLING).
      type: str
      sample: ALL
    trusted_access:
      description: Whether the organization trusts IAM. Null when that could not be read.
      type: bool
      sample: true
    features:
      description: Whether the two features of centralized root access are on. Null when that could not be read.
      type: dict
      sample: {root_credentials_management: true, root_sessions: true}
    delegated_administrators:
      description: The delegated administrators for IAM. Null when they could not be read.
      type: list
      elements: dict
      sample: [{account_id: "222233334444", name: security}]
caller:
  description: Whose credentials were used.
  returned: success
  type: dict
  contains:
    account_id:
      description: The caller's account.
      type: str
      sample: "111122223333"
    arn:
      description: The caller.
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator
    role:
      description: V(management_account) or V(delegated_administrator); V(unknown) when that could not be read.
      type: str
      sample: management_account
read_at:
  description: When the reading began, by AWS's clock.
  returned: success
  type: str
  sample: "2026-01-31T03:00:00Z"
with_root_sessions:
  description: Whether root sessions were opened.
  returned: success
  type: bool
  sample: false
with_role_sessions:
  description: Whether access roles were assumed.
  returned: success
  type: bool
  sample: false
own_domains:
  description: The domains by which root mailboxes were judged. Empty when they were not.
  returned: success
  type: list
  elements: str
  sample: [example.com]
all_accounts:
  description: Whether every account of the organization has an entry, also those that options leave out.
  returned: success
  type: bool
  sample: true
unreadable:
  description: What could not be read, once for each missing permission or other cause.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: What is not known because of it. Several facts, with commas, that need the same permission.
      type: str
      sample: service control policies
    permission:
      description: The IAM action that was denied. Null when the cause is another one.
      type: str
      sample: organizations:ListPolicies
    statement:
      description:
        - A statement of an IAM policy, as JSON, that grants the permission.
        - Null without RV(unreadable[].permission).
      type: str
      sample: '{"Effect": "Allow", "Action": "organizations:ListPolicies", "Resource": "*"}'
    reason:
      description: Why it could not be read.
      type: str
      sample: AWS refused listing the policies (AccessDeniedException).
    fix:
      description: What to do about it.
      type: str
      sample: Give the caller permission for ListPolicies.
    accounts:
      description: In how many accounts it is missing. Null when it is about the whole organization.
      type: int
      sample: null
accounts:
  description: One entry an account.
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "777788889999"
    name:
      description: Its name.
      type: str
      sample: vault
    outcome:
      description:
        - V(unchanged) when the account was judged, also where parts are unknown.
        - V(skipped) when an option left it out, or it left the organization meanwhile. V(failed) or V(unreachable) when
          nothing was found out. Then all recoveries are V(unknown) or V(not_applicable).
      type: str
      sample: unchanged
    reason:
      description: Why it was not judged.
      type: str
      sample: ""
    fix:
      description: What to do about it.
      type: str
      sample: ""
    journal_time:
      description: When the account was read, if the entry comes from the journal; else null.
      type: str
      sample: "2026-01-31T03:00:00Z"
    organizational_unit:
      description: The names from the root to its OU. Null when they could not be read.
      type: str
      sample: Root/Vault
    state:
      description: Its state. Null when it left the organization meanwhile.
      type: str
      sample: ACTIVE
    email:
      description: The e-mail address of its root user.
      type: str
      sample: aws+vault@example.com
    recoveries:
      description: >-
        For each recovery, by the name of its runbook: C(audit_root_credentials), C(compromised_root_user),
        C(enable_root_access), C(lost_access_role), C(lost_root_mfa), C(remove_account), C(remove_root_credentials),
        C(unlock_s3_bucket), C(unlock_sqs_queue). C(remove_account) is judged for the purpose V(remove), where a
        root user that cannot sign in is restored first.
      type: dict
      contains:
        unlock_s3_bucket:
          description: The verdict on one recovery. All have this shape.
          type: dict
          contains:
            verdict:
              description:
                - V(works), V(fails), V(unknown) or V(not_applicable).
                - V(fails) means that one reason at least is certain. V(unknown) means that none is, and something is
                  not known.
              type: str
              sample: fails
            reasons:
              description: Why it does not work, certain reasons first. Empty when it works.
              type: list
              elements: dict
              contains:
                code:
                  description: A short name of the reason.
                  type: str
                  sample: policy_denies_root_session
                certain:
                  description: Whether this reason alone makes the recovery fail. False when it is not known.
                  type: bool
                  sample: true
                text:
                  description: The reason in words.
                  type: str
                  sample: "Service control policy deny-root-user on OU Vault: It denies every action."
                fix:
                  description: What to do about it.
                  type: str
                  sample: Exempt root sessions.
                policy:
                  description: The policy that is the reason. Null for other reasons.
                  type: dict
                  contains:
                    id:
                      description: Its ID.
                      type: str
                      sample: p-12345678
                    name:
                      description: Its name.
                      type: str
                      sample: deny-root-user
                    type:
                      description: V(SERVICE_CONTROL_POLICY) or V(RESOURCE_CONTROL_POLICY).
                      type: str
                      sample: SERVICE_CONTROL_POLICY
                    target:
                      description: What it is attached to.
                      type: str
                      sample: OU Vault (ou-7689-11111111)
                    target_id:
                      description: The ID of that.
                      type: str
                      sample: ou-7689-11111111
    findings:
      description: What else is not as it should be in the account, the worst first.
      type: list
      elements: dict
      contains:
        code:
          description:
            - A short name. Of the root user with O(with_root_sessions) V(root_password_without_mfa),
              V(root_access_key), V(root_signing_certificate), V(root_password), V(root_inactive_access_key),
              V(root_mfa_device).
            - Of buckets and queues with O(with_root_sessions) V(locked_bucket), V(locked_queue),
              V(possibly_locked_bucket), V(possibly_locked_queue).
            - Of the access role with O(with_role_sessions) V(access_role).
            - Of mailbox and contacts V(mail_domain_not_owned), V(mailbox_shared), V(security_contact_missing),
              V(alternate_contact_missing), V(contact_incomplete), V(phone_not_verified).
            - V(account_not_usable) of an account that AWS has suspended or not activated.
          type: str
          sample: security_contact_missing
        severity:
          description: V(critical), V(high), V(medium) or V(low).
          type: str
          sample: medium
        title:
          description: What it is.
          type: str
          sample: No security contact
        detail:
          description: What distinguishes it from others of the kind.
          type: str
          sample: ""
        fix:
          description: What to do about it.
          type: str
          sample: "Set it: account:PutAlternateContact, AlternateContactType SECURITY."
    unread:
      description: What of this account could not be read, in the shape of RV(unreadable) without C(accounts).
      type: list
      elements: dict
      sample: []
    session:
      description: With O(with_root_sessions), the root session that read the root credentials; null otherwise.
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
    sessions:
      description: With O(with_root_sessions), the root sessions that looked for buckets and queues.
      type: list
      elements: dict
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
          sample: The account is in exclude_accounts.
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
  description: For each recovery, in how many accounts it has each verdict.
  returned: success
  type: dict
  sample: {unlock_s3_bucket: {works: 40, fails: 1, unknown: 0, not_applicable: 1}}
calls:
  description: How often each operation of AWS was called, retries not counted.
  returned: success
  type: dict
  sample: {"organizations:ListAccounts": 3, "account:GetContactInformation": 42}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import CONFIRMABLE
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.sweep import read_readiness
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **runner.ARGUMENTS,
            "with_root_sessions": {"type": "bool", "default": False},
            "with_role_sessions": {"type": "bool", "default": False},
            "role_name": {"type": "str", "default": v.ACCESS_ROLE},
            "own_domains": {"type": "list", "elements": "str", "default": []},
            "regions": {"type": "list", "elements": "str"},
            "confirmed": {"type": "list", "elements": "str", "choices": list(CONFIRMABLE), "default": []},
        },
    ).run(read_readiness)


if __name__ == "__main__":
    main()
