# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role as AWS Organizations makes it, and bringing one back to that with the credentials of an administrator."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import ASSUMING, find, lets_in
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import explain
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, minified, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import is_deleted_principal

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

ADMINISTRATOR_POLICY = "AdministratorAccess"


def administrator_policy(partition: str) -> str:
    return f"arn:{partition}:iam::aws:policy/{ADMINISTRATOR_POLICY}"


def trust_policy(management_account_id: str, partition: str) -> dict:
    """Who may be the role: the management account, as AWS has it (aws-facts 5b), and its sessions' source identity.

    AWS's own leaves sts:SetSourceIdentity out, and so locks out everybody whose session says who they are.
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
    """A CloudFormation template of the role; ``retained``: it stays when its stack goes."""
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


def mended(trust: dict, management_account_id: str, partition: str) -> dict:
    """The trust policy with the smallest change that lets the management account in.

    Statements that deny go; so do those that name nobody but deleted principals, because IAM takes no policy back that
    has them. Other ways in stay as they are.
    """
    kept = [one for one in statements(trust) if one["Effect"] == "Allow" and not _names_deleted_only(one)]
    document = {**trust, "Statement": kept}
    if not all(lets_in(document, management_account_id, partition, action) for action in ASSUMING):
        kept.extend(trust_policy(management_account_id, partition)["Statement"])
    return document


def bring_back(iam: t.Any, role_name: str, management_account_id: str, partition: str) -> list[str]:
    """Make the role, or mend the one that is there; the calls made, in order. ``iam`` is an administrator's."""
    name = role_name.rpartition("/")[2]
    path = f"/{role_name.strip('/')[: -len(name)]}"
    found, done = find(iam, role_name), []

    def call(operation: str, **arguments: t.Any) -> None:
        action = f"iam:{operation.title().replace('_', '')}"
        try:
            while_busy(lambda: getattr(iam, operation)(RoleName=name, **arguments))
        except (BotoCoreError, ClientError) as error:
            raise explain(error, f"bringing back the role {name} ({action})") from error
        done.append(action)

    if found is None:
        trust = trust_policy(management_account_id, partition)
        call("create_role", Path=path, AssumeRolePolicyDocument=minified(trust), MaxSessionDuration=3600)
    else:
        wanted = mended(found.trust_policy, management_account_id, partition)
        if wanted != found.trust_policy:
            call("update_assume_role_policy", PolicyDocument=minified(wanted))
    if found is None or administrator_policy(partition) not in found.policies:
        call("attach_role_policy", PolicyArn=administrator_policy(partition))
    return done


def _names_deleted_only(statement: dict) -> bool:
    principal = statement.get("Principal")
    named = as_list(principal.get("AWS", [])) if isinstance(principal, dict) else []
    return bool(named) and all(is_deleted_principal(one) for one in named) and set(principal) == {"AWS"}
