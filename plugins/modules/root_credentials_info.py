#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_credentials_info
short_description: List the credentials of root users of member accounts
version_added: 0.1.0
description:
  - Opens a root session in each account with the task policy C(IAMAuditRootUserCredentials), which can only read, and
    reads the root user's password, access keys, signing certificates and MFA devices, with their last use.
  - An account that could not be read is V(unreachable), with the cause and the fix, and a warning. It never counts as
    an account without credentials, and does not stop the others from being read.
author:
  - breakglass.aws contributors (@breakglass)
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.selection
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - Reading is root activity too. Each account gets CloudTrail events of its root user, and alarms on these go off.
seealso:
  - module: breakglass.aws.root_credentials
"""

EXAMPLES = r"""
- name: Read the root credentials of one account
  breakglass.aws.root_credentials_info:
    account_ids: ["444455556666"]

- name: Read those of the whole organization
  breakglass.aws.root_credentials_info:
    all_accounts: true
  register: audit

- name: Read them a few accounts at a time, and resume from the journal if the run is interrupted
  breakglass.aws.root_credentials_info:
    all_accounts: true
    workers: 4
    journal: audit.jsonl

- name: List the accounts whose root user has a password
  ansible.builtin.debug:
    msg: "{{ audit.accounts | selectattr('root_credentials') | selectattr(present) | map(attribute='name') }}"
  vars:
    present: root_credentials.password.present
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
      sample: "444455556666"
    name:
      description: Its name.
      type: str
      sample: legacy-web
    outcome:
      description:
        - V(unchanged) when there are root credentials, V(absent) when there are none.
        - V(skipped), V(unreachable) or V(failed) when it was not read, with the reason.
      type: str
      sample: unchanged
    reason:
      description: Why it was not read; empty when it was.
      type: str
    fix:
      description: What to do about it; empty when there is nothing.
      type: str
    root_credentials:
      description: The root credentials. Null when they were not read.
      type: dict
      contains:
        password:
          description: The password (login profile).
          type: dict
          contains:
            present:
              description: Whether there is one. An open password recovery counts as one.
              type: bool
            created:
              description: When it was created.
              type: str
            last_used:
              description: When it was last used, null for never.
              type: str
        access_keys:
          description: The access keys.
          type: list
          elements: dict
          contains:
            id:
              description: The access key's ID.
              type: str
            status:
              description: V(Active) or V(Inactive).
              type: str
            created:
              description: When it was created.
              type: str
            last_used:
              description: When (C(date)), for which C(service) and in which C(region) it was last used; null for never.
              type: dict
        signing_certificates:
          description: The X.509 signing certificates. AWS does not report when they were last used.
          type: list
          elements: dict
          contains:
            id:
              description: The certificate's ID.
              type: str
            status:
              description: V(Active) or V(Inactive).
              type: str
            created:
              description: When it was uploaded.
              type: str
        mfa_devices:
          description: The MFA devices.
          type: list
          elements: dict
          contains:
            serial:
              description: The device's serial number or ARN.
              type: str
            enabled:
              description: When it was enabled.
              type: str
    journal_time:
      description: When the account was read, if the entry comes from the journal; else null.
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
  sample: {unreachable: 1, skipped: 2, unchanged: 4, absent: 2}
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credential_sweep
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner


def main() -> None:
    BreakglassModule(argument_spec={**ARGUMENTS, **runner.ARGUMENTS}).run(credential_sweep.run_audit)


if __name__ == "__main__":
    main()
