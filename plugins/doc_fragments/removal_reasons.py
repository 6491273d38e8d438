# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The option for what a person has checked before an account is removed or closed."""

    DOCUMENTATION = r"""
options:
  confirmed:
    description:
      - Reasons that cannot be checked from here, and that a person has checked, so that they no longer prevent the
        change.
      - A reason that was found to hold cannot be confirmed away.
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
"""
