# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials of a normal administrator of a member account, which prove that a resource is unlocked. No Ansible.

A root session proves nothing about that: S3 lets the root user manage a policy that denies everyone.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume_arn
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    is_denied,
)
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy

OPTIONS = {
    "profile": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "role_arn": {"type": "str"},
}
ARGUMENT = {
    "type": "dict",
    "options": OPTIONS,
    "mutually_exclusive": [("profile", "access_key")],
    "required_together": [("access_key", "secret_key")],
    "required_one_of": [("profile", "access_key", "role_arn")],
}


class AdministratorSession:
    """A user or role session in a member account."""

    is_root = False

    def __init__(self, connection: Connection, account_id: str) -> None:
        self._connection = connection
        self._clients: dict[tuple[str, str | None], t.Any] = {}
        self.account_id = account_id
        self.arn = connection.caller.arn
        self.region = connection.region

    def client(self, service: str, region: str | None = None) -> t.Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._connection.client(service, region)
        return self._clients[service, region]

    def is_one_of(self, arns: t.Sequence[str]) -> bool:
        """Are these roles and users' ARNs the session's own too? A session's ARN lacks its role's path."""
        return self._connection.caller.principal_arn in [re.sub(r":(role|user)/.*/", r":\1/", arn) for arn in arns]


def open_as_administrator(connection: Connection, account_id: str, given: dict[str, t.Any]) -> AdministratorSession:
    """The session for an option ``verify_as``. InvalidInput when it is not a role or user of the account."""
    own = as_given(connection, given)
    if given.get("role_arn"):
        own = assume_arn(own, given["role_arn"])
    if own.caller.account_id != account_id or own.caller.is_root:
        raise InvalidInput(
            "verify_as",
            own.caller.arn,
            f"an administrator of account {account_id} who is not its root user",
            hint="Any other principal may be denied, or allowed, for other reasons",
        )
    return AdministratorSession(own, account_id)


def as_given(connection: Connection, given: dict[str, t.Any]) -> Connection:
    """The connection with the profile or the keys that the options name; without any, the connection itself."""
    if given.get("profile"):
        return connection.with_credentials(profile=given["profile"])
    if given.get("access_key"):
        return connection.with_credentials(
            credentials={
                "aws_access_key_id": given["access_key"],
                "aws_secret_access_key": given["secret_key"],
                "aws_session_token": given.get("session_token"),
            }
        )
    return connection


def try_to_read(policy: ResourcePolicy, administrator: AdministratorSession) -> dict[str, t.Any]:
    """Can the administrator read the policy now? ``arn``, ``able`` (None when that is not known) and ``reason``."""
    try:
        policy.seen_by(administrator).read()
    except BreakglassError as error:
        return {"arn": administrator.arn, "able": False if is_denied(error) else None, "reason": error.cause}
    return {"arn": administrator.arn, "able": True, "reason": ""}
