# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that select many accounts of an organization, and leave some of them out."""

    DOCUMENTATION = r"""
options:
  organizational_units:
    description:
      - Work on the accounts in these OUs and in all OUs below them. An OU is named by its ID (C(ou-...), or C(r-...)
        for the root) or by its path of names, such as V(Workloads/Production).
      - An OU that does not exist is refused, with the nearest one. An account that is in several of the OUs is done
        once.
      - Cannot be combined with O(account_ids) and O(all_accounts=true).
    type: list
    elements: str
    version_added: 0.2.0
  account_tags:
    description:
      - Work on the accounts that have all these tags in AWS Organizations. A value is a text in quotes, a list of texts
        of which one must match, or null for any value.
      - A key that none of the accounts has is refused, with the nearest one.
      - Takes one call (C(organizations:ListTagsForResource)) for each account that the other options select.
      - Cannot be combined with O(account_ids).
    type: dict
    version_added: 0.2.0
  account_states:
    description:
      - Of the accounts that the other options select, only those in these states. The others are left out.
      - Cannot be combined with O(account_ids).
    type: list
    elements: str
    choices: [ACTIVE, PENDING_ACTIVATION, PENDING_CLOSURE, SUSPENDED, CLOSED]
    version_added: 0.2.0
  exclude_accounts:
    description:
      - Accounts to leave out, by ID. They are in the result as V(skipped).
      - An account that is not in the organization is refused, because a misspelled ID would exclude no account.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  allow_empty_selection:
    description:
      - Whether the options may leave no account to work on. Without it such a selection fails, so that a filter that
        matches no account never looks like success.
      - Accounts that are named in O(account_ids) and cannot be used are V(skipped) either way.
    type: bool
    default: false
    version_added: 0.2.0
"""
