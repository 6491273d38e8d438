# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The policy in which a filter or a test looks for lockouts, and whose it is."""

    DOCUMENTATION = r"""
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
"""
