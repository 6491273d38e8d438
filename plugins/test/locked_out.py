# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: locked_out
short_description: Does a bucket or queue policy lock its own administrators out?
version_added: 0.1.0
author: breakglass.aws contributors (@breakglass)
description:
  - Whether some Deny statement keeps administrators of the account from reading, putting or deleting the policy.
    AWS is not called.
  - What is not known (where a request comes from, whether MFA was used, condition keys of a request) counts as possibly
    locking. The clock decides about dates.
options:
  _input:
    description: The policy, as a dictionary or as JSON text.
    type: raw
    required: true
  resource:
    description: The ARN of the bucket or queue whose policy it is.
    type: str
    required: true
  account_id:
    description: The account that owns the bucket or queue, as a string of 12 digits.
    type: str
    required: true
  administrators:
    description: >-
      The roles and users, by ARN, that must be able to manage the policy. With none, every role and user of the
      account.
    type: list
    elements: str
    default: []
  organization_id:
    description: >-
      The organization the account belongs to. Without it, a condition on C(aws:PrincipalOrgID) counts as possibly
      locking.
    type: str
  organization_path:
    description: >-
      The path of the account's OU, for example V(o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/). Without it, a condition on a
      path within the organization counts as possibly locking.
    type: str
    version_added: 0.2.0
  region:
    description: >-
      The region of a bucket, the value of C(aws:RequestedRegion). A queue's region is in its ARN.
    type: str
    version_added: 0.2.0
seealso:
  - plugin: breakglass.aws.lockout_statements
    plugin_type: filter
  - module: breakglass.aws.s3_bucket_policy_unlock
  - module: breakglass.aws.sqs_queue_policy_unlock
"""

EXAMPLES = r"""
- name: Refuse to put a policy that would lock us out
  ansible.builtin.assert:
    that: new_policy is not breakglass.aws.locked_out(resource='arn:aws:s3:::ledger', account_id='333344445555')
"""

RETURN = r"""
_value:
  description: Whether an administrator is locked out, or may be.
  type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import lockout_statements


def is_locked_out(
    policy: t.Any,
    resource: str | None = None,
    account_id: str | None = None,
    administrators: t.Sequence[str] = (),
    organization_id: str | None = None,
    organization_path: str | None = None,
    region: str | None = None,
) -> bool:
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
    return bool(found)


class TestModule:
    """The tests of this file."""

    def tests(self) -> dict:
        return {"locked_out": is_locked_out}
