"""An operator who may do what the first cell of a runbook says, and nothing else."""

from __future__ import annotations

import json
import re

from breakglass_runbooks.catalog import find

from sandbox import Box


def operator_of(box: Box, runbook: str, account_id: str = "111122223333") -> dict[str, str]:
    """The environment of a role in the management account with just the policy that the runbook states."""
    [policy] = re.findall(r"```json\n(.*?)```", find(runbook).notebook.cells[0].source, flags=re.DOTALL)
    iam = box.client("iam", "engineer")
    name = f"Operator-{runbook}"[:64]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(RoleName=name, PolicyName="AsStated", PolicyDocument=json.dumps(json.loads(policy)))
    keys = box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{account_id}:role/{name}", RoleSessionName="least"
    )["Credentials"]
    return {
        **box.environment("engineer"),
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
