#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_credentials
short_description: Remove the credentials of root users of member accounts
version_added: 0.1.0
description:
  - Removes access keys, signing certificates, the password and MFA devices of the root users of member accounts, in
    this order, and reads back that they are gone. Each account gets one root session with the task policy
    C(IAMDeleteRootUserCredentials).
  - AWS cannot restore what is removed. Credentials that were used recently are therefore kept, unless they are named.
  - Before anything is removed, C(iam:GetUser) must return the root user of the account.
  - An account or a credential that cannot be removed does not stop the others. The task fails in the end, and its
    result contains all accounts.
  - When AWS does not answer a call, the credential is read back. It is V(removed) when it is gone, and else
    V(unverified). What was removed before stays in the result.
  - In check mode the accounts are read in sessions that cannot remove anything.
author:
  - breakglass.aws contributors (@breakglass)
options:
  state:
    description: V(absent) removes the credentials. There is no other state, because they cannot be restored.
    type: str
    choices: [absent]
    default: absent
  kinds:
    description:
      - The kinds of root credentials to remove. They are removed in the order of the default, in whatever order they
        are given.
      - The last MFA device stays as long as there is a password, so that no root user is left with a password alone.
      - A virtual MFA device is deactivated. The device itself stays in the account, unassigned, until an administrator
        of the account deletes it. RV(accounts[].leftover_mfa_devices) names it.
    type: list
    elements: str
    choices: [access_keys, signing_certificates, password, mfa_devices]
    default: [access_keys, signing_certificates, password, mfa_devices]
  mfa_serials:
    description:
      - Only these MFA devices, by serial number or ARN as M(breakglass.aws.root_credentials_info) returns them, for
        example a lost one. The others stay.
      - Needs V(mfa_devices) in O(kinds). An ARN of an account that the task is not for is refused.
    type: list
    elements: str
    version_added: 0.2.0
  protected_accounts:
    description:
      - Accounts that are never changed, by ID. With O(all_accounts=true) they are V(skipped). One that is named in
        O(account_ids) is refused.
    type: list
    elements: str
    default: []
  recently_used_days:
    description:
      - Keep access keys and passwords that were used within this many days, as V(skipped). V(0) keeps none.
      - AWS does not report the last use of signing certificates. Those uploaded within this many days are kept.
    type: int
    default: 90
  allow_recently_used:
    description:
      - Credentials that are removed although they were used recently, as IDs of access keys and signing certificates,
        and V(password).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.selection
  - breakglass.aws.approved_items
  - breakglass.aws.sweep
  - breakglass.aws.waves
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - With O(approved_items), an account without an approved item is read in a session that cannot remove anything.
  - O(approved_items) does not override O(recently_used_days). An approved key that was used since the plan is kept.
  - In CloudTrail each account gets events of its root user, and alarms on these go off.
seealso:
  - module: breakglass.aws.root_credentials_info
"""

EXAMPLES = r"""
- name: Plan the removal for the whole organization
  breakglass.aws.root_credentials:
    all_accounts: true
    protected_accounts: ["777788889999"]
  check_mode: true
  diff: true
  register: plan

- name: Remove the planned items and nothing else, after a person approved the plan
  breakglass.aws.root_credentials:
    all_accounts: true
    protected_accounts: ["777788889999"]
    approved_items: "{{ plan.plan_items }}"

- name: Remove one approved access key
  breakglass.aws.root_credentials:
    account_ids: ["444455556666"]
    approved_items:
      - account_id: "444455556666"
        kind: access_keys
        id: AKIAEXAMPLEEXAMPLE00
        created: "2024-01-31T03:00:00Z"

- name: Remove all root credentials of an account
  breakglass.aws.root_credentials:
    account_ids: ["444455556666"]

- name: Remove access keys, one of them although it was used recently
  breakglass.aws.root_credentials:
    account_ids: ["555566667777"]
    kinds: [access_keys]
    allow_recently_used: [AKIAEXAMPLEEXAMPLE00]

- name: Remove one MFA device that is lost
  breakglass.aws.root_credentials:
    account_ids: ["343434343434"]
    kinds: [mfa_devices]
    mfa_serials: ["arn:aws:iam::343434343434:mfa/lost-phone"]

- name: Plan the removal in two OUs, one account first and then ten at a time
  breakglass.aws.root_credentials:
    organizational_units: [Workloads/Legacy, Workloads/Test]
    exclude_accounts: ["555566667777"]
    waves: [1, 10]
    max_failures: 10%
  check_mode: true
  register: plan

- name: Remove what the plan has, in its waves, and stop when more than a tenth of a wave is not done
  breakglass.aws.root_credentials:
    organizational_units: [Workloads/Legacy, Workloads/Test]
    exclude_accounts: ["555566667777"]
    waves: [1, 10]
    max_failures: 10%
    approved_items: "{{ plan.plan_items }}"

- name: Remove all root credentials of all accounts but one, and resume from the journal if the run is interrupted
  breakglass.aws.root_credentials:
    all_accounts: true
    protected_accounts: ["777788889999"]
    journal: sweep.jsonl
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
      sample: "444455556666"
    name:
      description: Its name.
      type: str
      sample: legacy-web
    outcome:
      description:
        - The worst outcome of the account's credentials, V(failed), V(unverified), V(skipped), V(removed) or V(absent).
          V(absent) also when there was nothing to remove.
        - V(skipped) or V(unreachable) for an account in which nothing was attempted, with the reason.
        - V(not_reached) when the task ended before it began with the account, because of O(max_accounts) or
          O(max_failures). Nothing is known about the account then.
        - In check mode the outcome that is expected.
      type: str
      sample: removed
    reason:
      description: Why the outcome is not V(removed) or V(absent).
      type: str
    fix:
      description: What to do about it; empty when the reason contains it.
      type: str
    changed:
      description: Whether something in this account was removed or may have been, or in check mode would be.
      type: bool
      sample: true
    before:
      description:
        - The root credentials, in the shape that M(breakglass.aws.root_credentials_info) returns.
        - Null when the account was not read.
      type: dict
    after:
      description:
        - The same, read back, or in check mode as they would be.
        - Null when one kind could not be read back. RV(accounts[].credentials) has what is known of the others.
      type: dict
    credentials:
      description: The outcome of each root credential of the chosen kinds, in the order of removal.
      type: list
      elements: dict
      contains:
        kind:
          description: The kind, as in O(kinds).
          type: str
          sample: access_keys
        id:
          description: The access key's or certificate's ID, the MFA device's serial number, or V(password).
          type: str
          sample: AKIAEXAMPLEEXAMPLE00
        created:
          description: When it was created, uploaded or enabled. Null when AWS does not report it.
          type: str
          version_added: 0.2.0
          sample: "2024-01-31T03:00:00Z"
        outcome:
          description:
            - V(removed), or V(absent) when it was gone before this run could remove it.
            - V(skipped) when it was kept.
            - V(failed) when AWS refused to remove it.
            - V(not_reached) in check mode, when it is in an account beyond O(max_accounts).
            - V(unverified) when it may be removed, but reading back did not confirm it.
          type: str
          sample: removed
        reason:
          description: Why, or what else to know about it.
          type: str
    leftover_mfa_devices:
      description:
        - The virtual MFA devices, by ARN, that were deactivated, or in check mode would be, and stay in the account
          without an owner. No root session can delete them. An administrator of the account can
          (C(iam:DeleteVirtualMFADevice)), and should before a new device gets the same name.
        - Devices that an earlier run left cannot be seen from a root session.
      type: list
      elements: str
      version_added: 0.2.0
      sample: ["arn:aws:iam::444455556666:mfa/root-account-mfa-device"]
    journal_time:
      description: When the account was done, if the entry comes from the journal; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    session:
      description: The root session; null when none was opened.
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
plan_items:
  description: The items that would be removed, sorted, in the shape of O(approved_items).
  returned: in check mode
  type: list
  elements: dict
  version_added: 0.2.0
  sample:
    - {account_id: "444455556666", kind: access_keys, id: AKIAEXAMPLEEXAMPLE00, created: "2024-01-31T03:00:00Z"}
plan_waves:
  description:
    - The accounts that would be changed, by ID, as the waves in which they would be. One wave without O(waves).
    - In an approved plan this binds the order in which the accounts are changed.
  returned: in check mode
  type: list
  elements: list
  version_added: 0.2.0
  sample: [["444455556666"], ["012345678901", "888899990000"]]
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
      sample: ["444455556666"]
    summary:
      description: How many of them had each outcome.
      type: dict
      sample: {removed: 1}
stopped:
  description: Why no other account was begun. Empty when all accounts were reached.
  returned: except in check mode
  type: str
  version_added: 0.2.0
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
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {skipped: 2, removed: 1, absent: 4}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _approved_items as approved_items
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credential_sweep
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner, waves


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **runner.ARGUMENTS,
            **waves.ARGUMENTS,
            **approved_items.ARGUMENTS,
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
            "kinds": {"type": "list", "elements": "str", "choices": list(v.KINDS), "default": list(v.KINDS)},
            "mfa_serials": {"type": "list", "elements": "str"},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
            "recently_used_days": {"type": "int", "default": 90},
            "allow_recently_used": {"type": "list", "elements": "str", "default": []},
        },
    ).run(credential_sweep.run_removal)


if __name__ == "__main__":
    main()
