# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access roles that refused the caller: is the role the cause, or the caller? No network, no Ansible.

STS answers alike for a role that is missing, one that does not trust the caller, and a caller without sts:AssumeRole
(aws-facts 5b, 6). Where no role of several accounts let the caller in, the caller is the likely cause.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import REFUSED_ASSUMING
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.findings import ACCESS_ROLE, LIKELY
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Entry, for_role

WHAT = "access role"
_LEAST = 2  # accounts whose role should be there, and refused: one alone is a finding


def is_uncertain(entry: t.Mapping[str, t.Any]) -> bool:
    """Whether STS refused the caller the access role of an account, and the cause is not certain."""
    details = [one["detail"] for one in entry["findings"] if one["code"] == ACCESS_ROLE]
    return any(LIKELY in one and REFUSED_ASSUMING in one for one in details)


def blaming_caller(
    entries: t.Sequence[dict], accounts: t.Mapping[str, Account], management_account_id: str, caller: Caller, role: str
) -> t.Sequence[dict]:
    """The entries. Where no role let the caller in, findings about roles are a permission that the caller lacks.

    Roles of accounts that joined by invitation are no sign by themselves: AWS creates none there. ``entries`` may be
    made anew with each reading, so they are not changed.
    """
    refused, expected = 0, 0
    for entry in entries:
        if not _is_asked(entry, accounts, management_account_id):
            continue
        details = [one["detail"] for one in entry["findings"] if one["code"] == ACCESS_ROLE]
        if not any(REFUSED_ASSUMING in one for one in details):
            return entries  # this one let the caller in
        if is_uncertain(entry):
            refused += 1
            expected += accounts[entry["account_id"]].joined_method != "INVITED"
    if expected < _LEAST:
        return entries
    reason = (
        f"AWS refused {caller.arn} the role {role} in each of {refused} accounts. No account let it in. Most likely it "
        "may not call sts:AssumeRole. STS answers the same where the role is missing or does not trust the caller."
    )
    unread = for_role(WHAT, reason, f"arn:{caller.partition}:iam::*:role/{role.lstrip('/')}")
    return [_without_finding(entry, unread) if is_uncertain(entry) else entry for entry in entries]


def _without_finding(entry: dict, unread: Entry) -> dict:
    others = [one for one in entry["findings"] if one["code"] != ACCESS_ROLE]
    return {**entry, "findings": others, "unread": [*entry["unread"], unread]}


def _is_asked(entry: dict, accounts: t.Mapping[str, Account], management_account_id: str) -> bool:
    """Whether the access role of the account was asked, and answered or refused."""
    return (
        entry["outcome"] == v.UNCHANGED
        and entry["account_id"] != management_account_id
        and accounts[entry["account_id"]].state not in v.UNUSABLE_STATES
        and all(one["what"] != WHAT for one in entry["unread"])
    )
