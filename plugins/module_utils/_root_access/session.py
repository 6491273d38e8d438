# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root sessions: temporary credentials of a member account's root user, limited to one task."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._constants import Task
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    ACCESS_DENIED,
    BreakglassError,
    error_code,
    error_message,
    is_denied,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_assume_root_denial
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError


class RootSession:
    """An open root session. Its secrets are in memory only; ``public`` is the part that may be shown."""

    is_root = True

    def __init__(self, connection: Connection, account_id: str, task: Task, credentials: dict) -> None:
        self._connection = connection
        self._credentials = credentials
        self._clients: dict[tuple[str, str | None], t.Any] = {}
        self.account_id = account_id
        self.task = task
        self.source_identity = None  # of the caller's session; CloudTrail shows it for this one too

    def __repr__(self) -> str:
        return f"<root session of {self.account_id} for {self.task.name}>"

    @property
    def public(self) -> dict:
        """``access_key_id``, which joins results with CloudTrail's events, and ``expiration``. Neither is secret."""
        return {
            "access_key_id": self._credentials["AccessKeyId"],
            "expiration": format_time(self._credentials["Expiration"]),
        }

    def secrets(self) -> dict:
        """The credentials, as the options of amazon.aws' modules are named. Only sts_assume_root returns them."""
        return {
            "access_key": self._credentials["AccessKeyId"],
            "secret_key": self._credentials["SecretAccessKey"],
            "session_token": self._credentials["SessionToken"],
            "expiration": self.public["expiration"],
        }

    def client(self, service: str, region: str | None = None) -> t.Any:
        """A boto3 client that acts as the root user, built from this session's credentials alone."""
        if (service, region) not in self._clients:
            self._clients[service, region] = self._connection.root_client(service, self._credentials, region)
        return self._clients[service, region]

    def identify_root_of(self, account_id: str) -> dict:
        """The root user, as iam:GetUser reads it, after the check of :meth:`assert_root_of`."""
        user = self._read_user(account_id)
        self._require_root_of(account_id, user.get("Arn"))
        return user

    def assert_root_of(self, account_id: str) -> str:
        """Check that calls of this session act as the root user of ``account_id``; returns the root user's ARN.

        IAM calls without UserName act on the caller. In the session of another account they would delete that
        account's password, so this comes before every call that changes something.
        """
        by_iam = "iam:GetUser" in self.task.actions
        arn = self._read_user(account_id).get("Arn") if by_iam else self._identify_by_sts(account_id)
        return self._require_root_of(account_id, arn)

    def _require_root_of(self, account_id: str, arn: str | None) -> str:
        expected = self._connection.caller.root_arn(account_id)
        if arn != expected:
            raise BreakglassError(
                f"The root session for account {account_id} acts as {arn}, not as {expected}.",
                "Nothing was changed. Check endpoint_url and proxies: they do not lead to this account.",
            )
        return expected

    def _read_user(self, account_id: str) -> dict:
        try:
            user: dict = self.client("iam").get_user()["User"]
            return user
        except (BotoCoreError, ClientError) as error:
            raise explain(error, f"asking who the root session is (iam:GetUser in {account_id})", account_id) from error

    def _identify_by_sts(self, account_id: str) -> str | None:
        """For tasks without GetUser. According to STS no policy can deny this call (API reference, GetCallerIdentity).
        Whether that holds for task policies is not known, so a denial counts too: it names the caller.
        """
        try:
            return self.client("sts").get_caller_identity().get("Arn")
        except (BotoCoreError, ClientError) as error:
            denied = re.match(r"User: (arn:\S+) is not authorized", error_message(error)) if is_denied(error) else None
            if denied:
                return denied[1]
            doing = f"asking who the root session is (sts:GetCallerIdentity in {account_id})"
            raise explain(error, doing, account_id) from error


def open_root_session(connection: Connection, organization: Organization, account_id: str, task: Task) -> RootSession:
    """A root session in ``account_id`` for one task.

    Raises Unreachable, with the cause from the organization and its policies, when AWS denies it. ``connection`` always
    uses a regional endpoint of STS, as AssumeRoot needs.
    """
    caller = connection.caller
    try:
        answer = connection.sts.assume_root(
            TargetPrincipal=account_id,
            TaskPolicyArn={"arn": task.policy_arn(caller.partition)},
            DurationSeconds=task.seconds,
        )
    except ClientError as error:
        if error_code(error) in ACCESS_DENIED:
            policies = ServiceControlPolicies(organization)
            raise explain_assume_root_denial(error, account_id, task, caller, organization, policies) from error
        failure = explain(error, f"opening a root session in {account_id} (sts:AssumeRoot)")
        failure.ends_run = connection.ends_run(failure)
        raise failure from error
    except BotoCoreError as error:
        raise explain(error, f"opening a root session in {account_id} (sts:AssumeRoot)") from error
    session = RootSession(connection, account_id, task, answer["Credentials"])
    session.source_identity = answer.get("SourceIdentity")
    return session
