# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM entities that the sandbox creates itself in moto: roles, users and virtual MFA devices."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from moto.iam.models import IAMBackend, VirtualMfaDevice

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.model.managed_policies import import_managed_policy

ADMINISTRATOR_ROLE = "OrganizationAccountAccessRole"


def trust_policy(principal: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}],
    }


def make_role(backend: IAMBackend, account: str, role: dict[str, Any]) -> None:
    """Make a role: its name, trust policy and policies as the file gives them."""
    made = backend.create_role(role["name"], json.dumps(role["trust"]), role.get("path", "/"), None, "", [], "3600")
    # moto's role IDs are random; ours stay the same, so that a session's user ID does.
    del backend.roles[made.id]
    made.id = names.role_id(account, role["name"])
    backend.roles[made.id] = made
    attach_policies(backend, made, role["policies"])


def access_role(name: str, partition: str, management_account: str) -> dict[str, Any]:
    """The role Organizations makes in an account it creates (aws-facts 5b)."""
    trust = trust_policy(f"arn:{partition}:iam::{management_account}:root")
    return {"name": name, "trust": trust, "policies": ["AdministratorAccess"]}


def make_virtual_device(backend: IAMBackend, account: str, serial: str, enabled: datetime) -> None:
    """The entity behind a root user's virtual MFA device, which an administrator of the account can list."""
    name = serial.partition(":mfa")[2] or "/root-account-mfa-device"
    made = VirtualMfaDevice(account, backend.region_name, name)
    made.serial_number, made.enable_date = serial, enabled
    made.user_attribute = {"UserId": account, "Arn": f"arn:{backend.partition}:iam::{account}:root"}
    backend.virtual_mfa_devices[made.serial_number] = made


def attach_policies(backend: IAMBackend, grantee: Any, policies: list[str | dict[str, Any]]) -> None:
    for policy in policies:
        if isinstance(policy, str):
            arn = f"arn:{backend.partition}:iam::aws:policy/{policy}"
            import_managed_policy(backend, arn)
            backend.managed_policies[arn].attach_to(grantee)
        else:
            [(name, document)] = policy.items()
            grantee.put_policy(name, json.dumps(document))


CONTROL_TOWER_ROLE = "AWSControlTowerExecution"
