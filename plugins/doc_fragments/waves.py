# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules that change many accounts in one task, and limit what one mistake can do."""

    DOCUMENTATION = r"""
options:
  waves:
    description:
      - Change the accounts in waves of these sizes, as C(serial) of a play does. A size is a number of accounts, or a
        share of all accounts that may be changed, such as V(25%), rounded down and at least one. The last size repeats.
      - The first wave is a canary. With V([1, 10, 25%]), one account is changed and read back before ten others are.
      - A wave begins when each account of the one before has ended. When O(max_failures) is exceeded, no other account
        is begun, and the accounts that were not begun are V(not_reached).
      - With O(ignore:approved_items), the waves are those of the approved plan, RV(ignore:plan_waves). The accounts of
        which nothing is approved are only read, after the last wave.
    type: list
    elements: str
    version_added: 0.2.0
  max_failures:
    description:
      - Stop when more accounts than this are V(failed), V(unverified) or V(unreachable). A number counts in the whole
        task, a share such as V(5%) in each wave. With V(0), the first such account stops the task.
      - Accounts in work end normally. Those that were not begun are V(not_reached), and the task fails.
      - The default is V(0) with O(waves), and no stop without.
    type: str
    version_added: 0.2.0
  max_accounts:
    description:
      - Change at most this many accounts in one task. The others are V(not_reached), with a warning; this is no
        failure.
      - In check mode, RV(ignore:plan_items) and RV(ignore:plan_waves) have only the accounts up to this limit.
    type: int
    version_added: 0.2.0
"""
