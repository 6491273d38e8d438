"""Each recovery, really run in an account of the sandbox: whether it worked is read from the sandbox afterwards."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.people.console import Refused
from support.run_module import run

ROLE = "OrganizationAccountAccessRole"
# What a person has checked; the rest is read.
CONFIRMED = ["payment_method", "support_plan", "agreement"]


class Recovery:
    """Runs the recoveries in one account, as one identity. Each method returns whether it worked."""

    def __init__(self, box: Box, account_id: str, name: str, folder: Path, identity: str = "operator") -> None:
        self.box = box
        self.account_id = account_id
        self.name = name
        self._folder = str(folder)
        self.identity = identity

    def _run(self, module: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        return run(module, check_mode=check_mode, environment=self.box.environment(self.identity), **options)

    def _root_user(self) -> dict[str, Any]:
        found: dict[str, Any] = self.box.snapshot()["root_users"][self.account_id]
        return found

    def audit_root_credentials(self) -> bool:
        found = self._run("root_credentials_info", account_ids=[self.account_id])
        return not found["failed"] and found["accounts"][0]["outcome"] in ("unchanged", "absent")

    def remove_root_credentials(self) -> bool:
        found = self._run("root_credentials", account_ids=[self.account_id], recently_used_days=0)
        return not found["failed"] and not any(self._root_user().values())

    def unlock_s3_bucket(self) -> bool:
        bucket = f"locked-{self.account_id}"
        self._run("s3_bucket_policy_unlock", account_id=self.account_id, bucket=bucket, backup_dir=self._folder)
        return self.box.snapshot()["bucket_policies"][bucket] is None

    def unlock_sqs_queue(self) -> bool:
        queue = f"arn:aws:sqs:us-east-1:{self.account_id}:locked"
        self._run("sqs_queue_policy_unlock", account_id=self.account_id, queue=queue, backup_dir=self._folder)
        return self.box.snapshot()["queue_policies"][queue] is None

    def compromised_root_user(self) -> bool:
        """The quarantine comes first, and the credentials go while it is in force."""
        statement = {
            "Sid": "RootUserOnlyInRootSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}},
        }
        organizations = self.box.client("organizations", "operator")
        content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        try:
            made = organizations.create_policy(
                Name="quarantine", Description="", Type="SERVICE_CONTROL_POLICY", Content=content
            )
            organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=self.account_id)
        except ClientError:
            return False
        return self.remove_root_credentials()

    def lost_root_mfa(self) -> bool:
        """The old credentials go, a person signs in with a new second factor, and the new credentials go."""
        return self.remove_root_credentials() and self._sign_in() and self.remove_root_credentials()

    def _sign_in(self) -> bool:
        found = self._run("root_password_recovery", account_ids=[self.account_id], state="open")
        if found["failed"]:
            return False
        try:
            for step in ("reset_password", "sign_in"):
                self.box.act(self.name, step)
            self.box.act(self.name, "enrol_mfa", name="new")
        except Refused:
            return False
        return bool(self._root_user()["mfa_devices"])

    def lost_access_role(self) -> bool:
        """The role is deleted, and restored."""
        iam = self.box.client("iam", f"{self.name}-owner")
        with contextlib.suppress(ClientError):  # a policy that denies this stops the role itself, too
            iam.detach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
            iam.delete_role(RoleName=ROLE)
        self._run("organization_access_role", account_ids=[self.account_id])
        found = self._run("organization_access_role_info", account_ids=[self.account_id])
        return not found["failed"] and found["accounts"][0]["outcome"] == "unchanged"

    def remove_account(self) -> bool:
        """A root user that cannot sign in is restored first."""
        root = self._root_user()
        if not (root["password"] and root["mfa_devices"]) and not self._sign_in():
            return False
        self._run(
            "organization_account",
            account_id=self.account_id,
            state="removed",
            confirmed=CONFIRMED,
            read_root_credentials=True,
        )
        members = self.box.client("organizations", "operator").get_paginator("list_accounts").paginate()
        return self.account_id not in {account["Id"] for page in members for account in page["Accounts"]}

    def enable_root_access(self) -> bool:
        """From an organization in which all of it is off."""
        if self.box.snapshot()["organization"]["trusted_access"].count("iam.amazonaws.com"):
            switch_off(self.box)
        self._run("root_access", trusted_access=True, root_credentials_management=True, root_sessions=True)
        return len(self.box.snapshot()["organization"]["features"]) == 2


def switch_off(box: Box) -> None:
    """Turn centralized root access off, as far as it is on."""
    iam, organizations = box.client("iam", "operator"), box.client("organizations", "operator")
    features = box.snapshot()["organization"]["features"]
    if "RootSessions" in features:
        iam.disable_organizations_root_sessions()
    if "RootCredentialsManagement" in features:
        iam.disable_organizations_root_credentials_management()
    service = "iam.amazonaws.com"
    for account in box.snapshot()["organization"]["delegated_administrators"].get(service, []):
        organizations.deregister_delegated_administrator(AccountId=account, ServicePrincipal=service)
    organizations.disable_aws_service_access(ServicePrincipal=service)
