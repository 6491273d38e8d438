# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The option of modules that act on the items of an approved plan."""

    DOCUMENTATION = r"""
options:
  approved_items:
    description:
      - The items of an approved plan. Only these are changed, and only if they still are what was approved. Take them
        from RV(ignore:plan_items) of a run in check mode.
      - Everything else stays and is reported as V(skipped), with the reason. This includes what was created since the
        plan. An approved item that does not exist any more is V(absent).
      - An empty list approves nothing. Without this option, everything that the other options select is changed.
      - An item is refused, before any root session is opened, when it is malformed, given twice, of a kind that the
        task is not for, or of an account that is not selected or is protected.
    type: list
    elements: dict
    version_added: 0.2.0
    suboptions:
      account_id:
        description: The account, by ID in quotes.
        type: str
        required: true
      kind:
        description: The kind of the item, as in RV(ignore:accounts[].credentials[].kind).
        type: str
        required: true
      id:
        description: The ID of the item, as in RV(ignore:accounts[].credentials[].id).
        type: str
        required: true
      created:
        description:
          - When the item was created, uploaded or enabled. When the item of this ID has another time, it is not the
            one that was approved, and stays.
          - Without it, the ID alone decides. A password that is set anew has the same ID.
        type: str
"""
