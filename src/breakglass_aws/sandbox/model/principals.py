# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The principals of IAM: root users, users, role sessions, services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["root", "user", "role_session", "anonymous", "service", "federated"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes the request.

    `arn` is what GetCallerIdentity would answer; for a service its name (`cloudtrail.amazonaws.com`), for a federated
    principal (someone calling AssumeRoleWithSAML or AssumeRoleWithWebIdentity) the identity provider. `user_id` is
    `AIDA...` for a user and `AROA...:session name` for a role session.
    """

    account: str
    arn: str
    kind: Kind
    user_id: str = ""
    role_arn: str | None = None
    canonical_user_id: str = ""

    @property
    def unique_id(self) -> str:
        """The id a resource policy shows when the user or role it named has been deleted."""
        return self.user_id.partition(":")[0]

    @property
    def context_arn(self) -> str:
        """aws:PrincipalArn: of a role session it is the role's ARN, not the session's."""
        return self.role_arn or self.arn
