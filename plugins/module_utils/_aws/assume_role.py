# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Acting in a member account as one of its roles."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.session_credentials import SessionCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    InvalidInput,
    Unreachable,
    error_code,
    is_denied,
)

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

SESSION_NAME = "breakglass.aws"
REFUSED_ASSUMING = "AWS refused assuming"  # begins the cause of Refused
_ROLE_NAME = re.compile(r"/?(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}\Z", re.ASCII)


class Refused(Unreachable):
    """STS did not let us be the role. ``needs_source_identity``: only because of the caller's source identity."""

    def __init__(self, cause: str, fix: str, code: str | None, needs_source_identity: bool) -> None:
        super().__init__(cause, fix, code)
        self.needs_source_identity = needs_source_identity


def check_role_name(option: str, role_name: str) -> str:
    """The name of a role, with its path or without; InvalidInput for anything else, such as an ARN."""
    if not _ROLE_NAME.match(role_name):
        accepted = "the name of a role, up to 64 of letters, digits and +=,.@_-, not its ARN"
        raise InvalidInput(option, role_name, accepted)
    return role_name


def role_arn(connection: Connection, account_id: str, role_name: str) -> str:
    """The ARN of a role; ``role_name`` may have its path in front."""
    return f"arn:{connection.caller.partition}:iam::{account_id}:role/{role_name.lstrip('/')}"


def assume(connection: Connection, account_id: str, role_name: str) -> Connection:
    """The same way to AWS as a role of a member account. Errors as of :func:`assume_arn`."""
    return assume_arn(connection, role_arn(connection, account_id, role_name))


def assume_arn(connection: Connection, arn: str) -> Connection:
    """The same way to AWS as a role: no client is made for it (``Connection.in_session``).

    Raises Refused when STS denies it. That looks the same for a role that is missing and for one that does not trust
    the caller (aws-facts 5b, 6), with one exception: a session that carries a source identity is denied
    sts:SetSourceIdentity only by a role that is there and lets sts:AssumeRole through.
    """
    try:
        answer = connection.sts.assume_role(RoleArn=arn, RoleSessionName=SESSION_NAME)
    except (BotoCoreError, ClientError) as error:
        if is_denied(error):
            raise _refused(error, arn, connection.caller.arn) from error
        failure = explain(error, f"assuming {arn} (sts:AssumeRole)")
        failure.ends_run = connection.ends_run(failure)
        raise failure from error
    return connection.in_session(SessionCredentials.of(answer["Credentials"]))


def _refused(error: t.Any, arn: str, caller_arn: str) -> Refused:
    message = error.response["Error"].get("Message", "")
    answer = f"{REFUSED_ASSUMING} {arn} ({error_code(error)}: {message.rstrip('.')})."
    if "sts:SetSourceIdentity" in message:
        return Refused(
            f"{answer} The caller's session carries a source identity, and the role's trust policy does not allow "
            "sts:SetSourceIdentity.",
            "Allow it in the role's trust policy (breakglass.aws.organization_access_role, source_identity=true), or "
            "use a session without a source identity.",
            error_code(error),
            needs_source_identity=True,
        )
    return Refused(
        f"{answer} The role is missing, or its trust policy does not let the caller in, or {caller_arn} may not call "
        "sts:AssumeRole; STS answers all three alike.",
        "See which with breakglass.aws.organization_access_role_info, and bring the role back with "
        "breakglass.aws.organization_access_role.",
        error_code(error),
        needs_source_identity=False,
    )
