# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: lockout_statements
short_description: The statements of a bucket or queue policy that lock its own administrators out
version_added: 0.1.0
author: breakglass.aws contributors (@breakglass)
description:
  - Which Deny statements keep administrators of the account from reading, putting and deleting the policy, and why.
    AWS is not called.
  - What is not known (where a request comes from, whether MFA was used, condition keys of a request) counts as possibly
    locking. The clock decides about dates.
extends_documentation_fragment:
  - breakglass.aws.lockouts
seealso:
  - plugin: breakglass.aws.locked_out
    plugin_type: test
  - module: breakglass.aws.s3_bucket_policy_unlock
  - module: breakglass.aws.sqs_queue_policy_unlock
"""

EXAMPLES = r"""
- name: Show what locks
  ansible.builtin.debug:
    msg: >-
      {{ lookup('ansible.builtin.file', 'policy.json')
      | breakglass.aws.lockout_statements(resource='arn:aws:s3:::ledger', account_id='333344445555')
      | map(attribute='why') }}
"""

RETURN = r"""
_value:
  description: The statements, in their order; empty when there is no lockout.
  type: list
  elements: dict
  contains:
    index:
      description: The statement's place in the policy, from 0.
      type: int
    sid:
      description: Its Sid; null when it has none.
      type: str
    statement:
      description: The statement as it is in the policy.
      type: dict
    why:
      description: Why it locks, in one sentence.
      type: str
    actions:
      description: The actions that manage the policy which it denies.
      type: list
      elements: str
    conditions:
      description: When it denies them, in words; empty when always.
      type: list
      elements: str
    certain:
      description: Whether it is certain that it locks. If not, C(why) has what is not known.
      type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import lockout_statements


def find(
    policy: t.Any,
    resource: str | None = None,
    account_id: str | None = None,
    administrators: t.Sequence[str] = (),
    organization_id: str | None = None,
    organization_path: str | None = None,
    region: str | None = None,
) -> list[dict]:
    if resource is None or account_id is None:
        missing = [name for name, value in (("resource", resource), ("account_id", account_id)) if value is None]
        raise AnsibleFilterError(f"Required option missing: {' and '.join(missing)}.")
    try:
        found = lockout_statements(
            policy,
            resource=resource,
            account_id=account_id,
            administrators=administrators,
            organization_id=organization_id,
            organization_path=organization_path,
            region=region,
        )
    except PolicyError as error:
        raise AnsibleFilterError(str(error)) from error
    return found


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict:
        return {"lockout_statements": find}
