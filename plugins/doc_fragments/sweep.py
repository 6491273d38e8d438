# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules that work on many accounts in one task."""

    DOCUMENTATION = r"""
options:
  workers:
    description:
      - How many accounts are worked on at a time, from 1 to 64.
      - While AWS throttles C(sts:AssumeRoot), C(sts:AssumeRole) or AWS Organizations, their calls slow down to the rate
        that AWS accepts, whatever the number of workers is. When AWS accepts none of them for a minute, the task ends,
        and the accounts that are left are V(unreachable).
      - More workers help as long as AWS answers slowly. At 0.75 seconds a session, 16 workers open some 10 sessions a
        second.
    type: int
    default: 16
    version_added: 0.2.0
  journal:
    description:
      - A file that gets a line of JSON for each account as soon as it is done, so that the progress of a long task can
        be watched (C(tail -f)). Results come only in the end, for a module cannot report before.
      - A task that was broken off goes on from it when it is started again with the same options. An account that the
        journal knows as finished and verified within the last 24 hours is not opened again; its entry comes from the
        journal, with its time, and does not count as changed. Accounts that were skipped, unreachable, unverified or
        failed are always done again.
      - The options that select accounts, O(workers) and, where there are any, O(ignore:protected_accounts) and
        O(ignore:waves) may differ. What is skipped by these options stays so whatever the journal says.
      - It is made with mode 0600 and must not be open to others. It holds what the result holds, so no secrets. It is
        refused when another run uses it, or when it is another kind of file.
      - In check mode there is no journal.
    type: path
    version_added: 0.2.0
"""
