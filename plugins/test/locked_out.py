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
extends_documentation_fragment:
  - breakglass.aws.lockouts
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

from ansible_collections.breakglass.aws.plugins.filter.lockout_statements import find


def is_locked_out(policy: t.Any, *arguments: t.Any, **options: t.Any) -> bool:
    """Whether the filter lockout_statements, with the same arguments, finds a statement."""
    return bool(find(policy, *arguments, **options))


class TestModule:
    """The tests of this file."""

    def tests(self) -> dict:
        return {"locked_out": is_locked_out}
