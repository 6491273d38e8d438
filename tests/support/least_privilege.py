"""An operator who may do what the first cell of a runbook says, and nothing else."""

from __future__ import annotations

import json
import re

from breakglass_aws.engine.notebooks.catalog import find
from breakglass_aws.sandbox import Box

MANAGEMENT = "111122223333"


def operator_of(box: Box, runbook: str, again: bool = False, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The environment of a role in the management account with just the policy that the runbook states.

    `again` gives a new session of the role: sessions end when the clock is moved. `without` leaves actions out.
    """
    name = f"Operator-{runbook}"
    if not again:
        policy = json.loads(_policy_of(runbook))
        for statement in policy["Statement"]:
            if isinstance(statement["Action"], list):
                statement["Action"] = [action for action in statement["Action"] if action not in without]
        _make_role(box, name, json.dumps(policy))
    arn = f"arn:aws:iam::{MANAGEMENT}:role/{name}"
    keys = box.client("sts", "engineer").assume_role(RoleArn=arn, RoleSessionName="least")["Credentials"]
    return {
        **box.environment("engineer"),
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def _policy_of(runbook: str) -> str:
    [policy] = re.findall(r"```json\n(.*?)```", find(runbook).notebook.cells[0].source, flags=re.DOTALL)
    return policy


def _make_role(box: Box, name: str, policy: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = box.client("iam", "engineer")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.put_role_policy(RoleName=name, PolicyName="AsStated", PolicyDocument=policy)
