# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request rates AWS publishes (aws-facts 6), and the token buckets that keep them.

Organizations: "Throttling limits" in "Quotas and service limits for AWS Organizations". STS: "IAM and AWS STS quotas".
Rates AWS does not publish, AssumeRoot's among them, are not here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

_ONE_BUCKET = (
    "AssumeRole",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetFederationToken",
    "GetSessionToken",
)
_PER_ACCOUNT = {
    "AcceptHandshake": (1, 2),
    "AttachPolicy": (2, 3),
    "CloseAccount": (0.05, 1),
    "DeregisterDelegatedAdministrator": (1, 2),
    "DescribeAccount": (20, 30),
    "DescribePolicy": (2, 2),
    "DisableAWSServiceAccess": (1, 2),
    "EnableAWSServiceAccess": (1, 2),
    "InviteAccountToOrganization": (3, 5),
    "LeaveOrganization": (1, 1),
    "ListAWSServiceAccess": (1, 3),
    "ListAccounts": (8, 12),
    "ListAccountsForParent": (5, 8),
    "ListChildren": (6, 10),
    "ListDelegatedAdministrators": (5, 8),
    "ListDelegatedServicesForAccount": (1, 3),
    "ListParents": (5, 8),
    "ListPoliciesForTarget": (5, 8),
    "ListTagsForResource": (10, 15),
    "MoveAccount": (2, 3),
    "RegisterDelegatedAdministrator": (1, 2),
    "RemoveAccountFromOrganization": (2, 2),
}


@dataclass(frozen=True)
class Limit:
    """A bucket of `burst` calls that fills again at `rate` calls a second, one for each holder.

    Attributes:
        name: What shares the bucket: an operation, or a service's operations together.
        holder: Who has one: `account`, `region` (an account in a Region) or `organization`.
    """

    name: str
    rate: float
    burst: float
    holder: str = "account"


PUBLISHED: dict[tuple[str, str], tuple[Limit, ...]] = {
    **{("organizations", name): (Limit(name, *limit),) for name, limit in _PER_ACCOUNT.items()},
    ("organizations", "ListAccounts"): (
        Limit("ListAccounts", *_PER_ACCOUNT["ListAccounts"]),
        Limit("ListAccounts", 9, 15, "organization"),
    ),
    # The quota names no burst: one second's worth is presumed.
    **{("sts", name): (Limit("sts", 600, 600, "region"),) for name in _ONE_BUCKET},
}


class Buckets:
    """What is left of each limit, for each of its holders."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[tuple[Limit, str], tuple[float, float]] = {}

    def take(self, wanted: list[tuple[Limit, str]], moment: float) -> bool:
        """Take a token for a call from each limit and holder, or from none where one has none left."""
        with self._lock:
            left = {key: self._filled(key, moment) for key in wanted}
            enough = all(tokens >= 1 for tokens in left.values())
            for key, tokens in left.items():
                self._left[key] = (tokens - 1 if enough else tokens, moment)
            return enough

    def _filled(self, key: tuple[Limit, str], moment: float) -> float:
        limit = key[0]
        tokens, since = self._left.get(key, (limit.burst, moment))
        return min(limit.burst, tokens + (moment - since) * limit.rate)
