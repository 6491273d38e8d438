# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: principals, callers, and the temporary credentials they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from breakglass_aws.sandbox.model.principals import Principal


@dataclass(frozen=True)
class Caller:
    """Who signed a request.

    Attributes:
        principal: What the evaluator sees.
        access_key_id: The key of the signature; "" for anonymous callers.
        user_name: Name of an IAM user, whom IAM calls without UserName act on.
        task_policy: ARN of the task policy of a root session.
        session_policies: Session policies given to AssumeRole.
        mfa: Whether a second factor was shown at sign-in.
    """

    principal: Principal
    access_key_id: str = ""
    user_name: str | None = None
    source_identity: str | None = None
    task_policy: str | None = None
    session_policies: tuple[str, ...] = ()
    issued: datetime | None = None
    mfa: bool = False

    @property
    def account(self) -> str:
        return self.principal.account

    @property
    def is_root(self) -> bool:
        return self.principal.kind == "root"


@dataclass(frozen=True)
class Session:
    """Temporary credentials. Those of named identities never expire (`expires` None)."""

    access_key_id: str
    secret_key: str
    token: str
    expires: datetime | None
    caller: Caller


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    session_token: str | None


def session_principal(account: str, role_arn: str, role_id: str, session_name: str) -> Principal:
    head, _, name = role_arn.rpartition("/")
    partition = head.split(":")[1]
    arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}"
    return Principal(account, arn, "role_session", user_id=f"{role_id}:{session_name}", role_arn=role_arn)
