# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS as the person of a live drill reaches it: with the credentials of their shell, and the account's access role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from breakglass_aws.drills.judge import PEOPLE
from breakglass_aws.drills.live.allow_list import Entry, Refused
from breakglass_aws.drills.live.limits import ADMINISTRATOR, OPERATOR, bucket_prefix
from breakglass_aws.engine import aws_context, collection
from breakglass_aws.engine.errors import RunbookError

SESSION_NAME = "breakglass-live-drill"
REGION = "us-east-1"
_MISSING = ("NoSuchBucket", "404", "NotFound")


class Unanswered(RunbookError):
    """A call that was refused or not answered; `code` is AWS's error code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_missing(self) -> bool:
        """Whether what the call is about does not exist."""
        return self.code in _MISSING


class Aws:
    """Makes the calls of a live drill that no runbook makes. For one thread."""

    def __init__(self, account: str, role_name: str) -> None:
        self._account = account
        self._role_name = role_name
        self._session = boto3.session.Session()
        self._administrator: dict[str, str] | None = None
        self.partition = "aws"
        self.arn = ""  # of the person
        self.root_session = ""  # the access key ID of the last one that this drill opened itself

    @property
    def secrets(self) -> list[str]:
        """The secrets of the person and of the access role: no file may have them."""
        keys = self._session.get_credentials()
        own = [keys.secret_key, keys.token] if keys else []
        role = self._administrator or {}
        return [one for one in (*own, role.get("aws_secret_access_key"), role.get("aws_session_token")) if one]

    def check(self, entry: Entry) -> None:
        """Compare the account with the allow-list. Raises Refused, after calls that only read."""
        caller = self.call(OPERATOR, "sts", "GetCallerIdentity")
        self.arn = caller["Arn"]
        self.partition = self.arn.split(":")[1]
        organization = self.call(OPERATOR, "organizations", "DescribeOrganization")["Organization"]
        if entry.id in (organization["MasterAccountId"], caller["Account"]):
            raise Refused(f"Account {entry.id} is the management account, or your own. Expected a member account.")
        account = self.call(OPERATOR, "organizations", "DescribeAccount", AccountId=entry.id)["Account"]
        if account["Name"] != entry.name:
            raise Refused(f"Account {entry.id} is named {account['Name']!r}; the allow-list has {entry.name!r}.")
        state = account.get("State") or account.get("Status")
        if state != "ACTIVE":
            raise Refused(f"Account {entry.id} is {state}. Expected an active account.")

    def require_root_sessions(self, tasks: Iterable[str]) -> None:
        """Raise Refused unless root sessions can do all of these tasks: what is made must be removable."""
        errors, readiness = collection.module_util("_errors"), collection.module_util("_root_access.readiness")
        context = aws_context.context()
        for task in dict.fromkeys(tasks):
            try:
                found = readiness.run({"account_id": self._account, "task": task}, context)
            except errors.BreakglassError as error:
                raise Refused(str(error)) from None
            if not found["ready"]:
                why = " ".join(f"{one['problem']} {one['fix']}" for one in found["reasons"] if one["blocking"])
                raise Refused(f"A root session could not do {task} in {self._account}, so nothing was made. {why}")

    def require_administrator(self) -> None:
        """Raise Refused unless the access role can be assumed: it makes and removes the bucket."""
        try:
            self._keys()
        except Unanswered as refusal:
            raise Refused(
                f"{self.arn} cannot assume the access role {self._role_name} of {self._account}, which makes and "
                f"removes the bucket, so nothing was made or removed. {refusal} Use credentials that may assume it."
            ) from None

    def buckets_of_drills(self) -> list[dict[str, str]]:
        """Name and region of each bucket in the account that a live drill made. Raises Unanswered."""
        prefix = bucket_prefix(self._account)
        answer = self.call(ADMINISTRATOR, "s3", "ListBuckets", Prefix=prefix, MaxBuckets=1000)
        listed = [one for one in answer.get("Buckets", []) if one["Name"].startswith(prefix)]
        return [{"name": one["Name"], "region": one.get("BucketRegion") or REGION} for one in listed]

    def call(
        self, identity: str, service: str, operation: str, region: str = REGION, **parameters: Any
    ) -> dict[str, Any]:
        """Make a call as the operator, or as the administrator of the account. Raises Unanswered."""
        try:
            client = self._client(identity, service, region)
            given = {name: _text_of_policy(value) for name, value in parameters.items()}
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**given)
        except ClientError as error:
            details = error.response.get("Error", {})
            code, message = str(details.get("Code")), str(details.get("Message"))
            raise Unanswered(code, f"{identity}: {service}:{operation} was refused ({code}: {message})") from None
        except BotoCoreError as error:
            raise Unanswered(type(error).__name__, f"{identity}: {service}:{operation} failed ({error})") from None
        return answer

    def bucket_exists(self, name: str, region: str) -> bool:
        """Whether a bucket of the account exists, as its administrator sees it; one that denies counts."""
        try:
            self.call(ADMINISTRATOR, "s3", "HeadBucket", region, Bucket=name)
        except Unanswered as refusal:
            return not refusal.is_missing
        return True

    def has_login_profile(self) -> bool:
        """Whether the root user has a password, or an open recovery: read in a root session for the audit task."""
        policy = {"arn": f"arn:{self.partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
        answer = self.call(OPERATOR, "sts", "AssumeRoot", TargetPrincipal=self._account, TaskPolicyArn=policy)
        keys = answer["Credentials"]
        self.root_session = keys["AccessKeyId"]
        iam = self._session.client(
            "iam",
            region_name=REGION,
            config=Config(user_agent_extra=PEOPLE),
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        try:
            iam.get_login_profile()
        except iam.exceptions.NoSuchEntityException:
            return False
        except (ClientError, BotoCoreError) as error:
            raise Unanswered(type(error).__name__, f"the root user could not be read ({error})") from None
        return True

    def _client(self, identity: str, service: str, region: str) -> Any:
        keys: Mapping[str, str] = self._keys() if identity == ADMINISTRATOR else {}
        return self._session.client(service, region_name=region, config=Config(user_agent_extra=PEOPLE), **keys)

    def _keys(self) -> dict[str, str]:
        if self._administrator is None:
            arn = f"arn:{self.partition}:iam::{self._account}:role/{self._role_name}"
            answer = self.call(OPERATOR, "sts", "AssumeRole", RoleArn=arn, RoleSessionName=SESSION_NAME)["Credentials"]
            self._administrator = {
                "aws_access_key_id": answer["AccessKeyId"],
                "aws_secret_access_key": answer["SecretAccessKey"],
                "aws_session_token": answer["SessionToken"],
            }
        return self._administrator


def _text_of_policy(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping) and "Statement" in value else value
