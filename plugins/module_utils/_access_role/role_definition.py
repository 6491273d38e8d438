# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role as AWS Organizations creates it, and restoring one to that with an administrator's credentials."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import ASSUMING, lets_in, read_role
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import recorded
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, minified, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import is_deleted_principal

ADMINISTRATOR_POLICY = "AdministratorAccess"


def administrator_policy(partition: str) -> str:
    """The ARN of AWS's managed policy in a partition."""
    return f"arn:{partition}:iam::aws:policy/{ADMINISTRATOR_POLICY}"


def trust_policy(management_account_id: str, partition: str) -> dict:
    """The trust policy that AWS creates (aws-facts 5b), which trusts the management account, plus one action.

    AWS's own lacks sts:SetSourceIdentity, and so refuses sessions that carry a source identity.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{management_account_id}:root"},
                "Action": list(ASSUMING),
            }
        ],
    }


def template(role_name: str, management_account_id: str, *, retained: bool) -> str:
    """A CloudFormation template of the role; ``retained``: the role stays when its stack is deleted."""
    trust = trust_policy(management_account_id, "${AWS::Partition}")
    principal = trust["Statement"][0]["Principal"]
    principal["AWS"] = {"Fn::Sub": principal["AWS"]}
    role = {
        "Type": "AWS::IAM::Role",
        "DeletionPolicy": "Retain" if retained else "Delete",
        "Properties": {
            "RoleName": role_name,
            "Path": "/",
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": trust,
            "ManagedPolicyArns": [{"Fn::Sub": administrator_policy("${AWS::Partition}")}],
        },
    }
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Role": role}})


def repaired_trust_policy(trust: dict, management_account_id: str, partition: str) -> dict:
    """The trust policy with the smallest change that lets the management account in.

    Statements that deny are removed. So are those that name deleted principals only, because IAM refuses a policy that
    has them. Everything else that may assume the role stays.
    """
    kept = [one for one in statements(trust) if one["Effect"] == "Allow" and not _names_deleted_only(one)]
    document = {**trust, "Statement": kept}
    if not all(lets_in(document, management_account_id, partition, action) for action in ASSUMING):
        kept.extend(trust_policy(management_account_id, partition)["Statement"])
    return document


def create_or_repair(iam: t.Any, role_name: str, management_account_id: str, partition: str, done: list[str]) -> None:
    """Create the role, or repair the existing one. ``iam`` is a client of an administrator of the account.

    ``done`` gets each call that changed something, or may have, also when a later one raises a BreakglassError.
    """
    name = role_name.rpartition("/")[2]
    path = f"/{role_name.strip('/')[: -len(name)]}"
    found = read_role(iam, role_name)

    def call(operation: str, **arguments: t.Any) -> None:
        action = f"iam:{operation.title().replace('_', '')}"
        with recorded(done, action), explained(f"restoring the role {name} ({action})"):
            while_busy(lambda: getattr(iam, operation)(RoleName=name, **arguments))

    if found is None:
        trust = trust_policy(management_account_id, partition)
        call("create_role", Path=path, AssumeRolePolicyDocument=minified(trust), MaxSessionDuration=3600)
    else:
        repaired = repaired_trust_policy(found.trust_policy, management_account_id, partition)
        if repaired != found.trust_policy:
            call("update_assume_role_policy", PolicyDocument=minified(repaired))
    if found is None or administrator_policy(partition) not in found.policies:
        call("attach_role_policy", PolicyArn=administrator_policy(partition))


def _names_deleted_only(statement: dict) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        return False
    named = as_list(principal["AWS"])
    return bool(named) and all(is_deleted_principal(one) for one in named)
