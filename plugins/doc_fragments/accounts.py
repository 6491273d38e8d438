# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options and results of modules that work on one, several or all member accounts."""

    DOCUMENTATION = r"""
options:
  account_ids:
    description:
      - The member accounts to work on, by ID.
      - Write IDs as strings in quotes. Without quotes YAML reads C(012345670123) as an octal number.
      - Naming the management account, an account that is not in the organization, or a malformed ID is refused before
        any root session is opened. An account that is suspended or closed is V(skipped).
      - One of O(account_ids) and O(all_accounts=true) is needed.
    type: list
    elements: str
  all_accounts:
    description:
      - Work on all accounts of the organization.
      - The management account is never a target, and accounts that cannot be used are left out. These are in the result
        as V(skipped), with the reason.
    type: bool
    default: false
"""
