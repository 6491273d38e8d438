"""Generated policies: what the analysis says of an administrator, and what the sandbox does to that administrator.

Where the analysis is certain that an action is denied, the administrator is refused. Where it finds no lockout, the
administrator gets in. Where it says possibly, either may be. Every key of the table of condition keys is tried, with
values that match, that do not, and with patterns. BREAKGLASS_EXAMPLES is how many policies (500 in `make nightly`).
"""

from __future__ import annotations

import json
import os
import random

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies import condition_keys
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import lockout_statements
from botocore.exceptions import ClientError

from breakglass_aws.sandbox import Box

EXAMPLES = min(500, int(os.environ.get("BREAKGLASS_EXAMPLES", "60")))
ACCOUNT, BUCKET, REGION = "333344445555", "payments-exports-333344445555", "us-east-1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
ORGANIZATION = "o-breakglass1"
ARN = f"arn:aws:s3:::{BUCKET}"
# What AWS adds to each request and the sandbox does not.
NOT_SIMULATED = {"s3:signatureAge"}
KEYS = sorted({*condition_keys.GLOBAL_KEYS, *condition_keys.S3_KEYS} - NOT_SIMULATED)
# A value that the sandbox's request has, for the keys that it has.
VALUES = {
    "aws:PrincipalArn": [ADMIN, f"arn:aws:iam::{ACCOUNT}:*", "*", f"arn:aws:iam::{ACCOUNT}:role/Another"],
    "aws:PrincipalAccount": [ACCOUNT],
    "aws:PrincipalOrgID": [ORGANIZATION, "o-another001"],
    "aws:PrincipalType": ["AssumedRole", "User"],
    "aws:ResourceAccount": [ACCOUNT, "${aws:PrincipalAccount}", "${aws:username, 'x'}"],
    "aws:ResourceOrgID": [ORGANIZATION],
    "aws:RequestedRegion": [REGION, "eu-*"],
    "aws:SecureTransport": ["true", "false"],
    "aws:ViaAWSService": ["true", "false"],
    "aws:PrincipalIsAWSService": ["true", "false"],
    "aws:MultiFactorAuthPresent": ["true", "false"],
    "aws:CurrentTime": ["2020-01-01T00:00:00Z", "2199-01-01"],
    "aws:EpochTime": ["1577836800", "7226582400"],
    "aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0", "128.0.0.0/1"],
    "aws:username": ["clerk", "*"],
    "s3:TlsVersion": ["1.2", "1.3", "2"],
    "s3:authType": ["REST-HEADER", "REST-QUERY-STRING"],
    "s3:signatureversion": ["AWS4-HMAC-SHA256", "AWS"],
    "s3:ResourceAccount": [ACCOUNT, "999900001111"],
}
OPERATORS = {
    "aws:CurrentTime": ["DateGreaterThan", "DateLessThan", "DateNotEquals", "DateLessThanIfExists"],
    "aws:EpochTime": ["NumericGreaterThan", "NumericLessThan", "DateGreaterThan"],
    "aws:SourceIp": ["IpAddress", "NotIpAddress", "NotIpAddressIfExists"],
    "aws:SecureTransport": ["Bool", "BoolIfExists"],
    "s3:TlsVersion": ["NumericLessThan", "NumericLessThanIfExists", "NumericGreaterThanEquals"],
    "aws:PrincipalArn": ["ArnLike", "ArnNotLike", "StringLike", "StringNotEquals", "ArnNotEquals"],
}
TEXT = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringNotEqualsIfExists",
    "StringEqualsIfExists",
]
SET = ["ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAnyValue:StringNotLike", "ForAllValues:StringNotLike"]
LISTS = {"aws:PrincipalOrgPaths", "aws:ResourceOrgPaths", "aws:TagKeys", "aws:CalledVia", "aws:VpceOrgPaths"}
ACTIONS = ["s3:*", "*", "s3:*Policy", "s3:Get*", "s3:PutBucketPolicy", ["s3:DeleteBucket*", "s3:GetObject"]]


def condition(chance: random.Random, key: str, path: str) -> dict:
    paths = [path, f"{ORGANIZATION}/*", f"{ORGANIZATION}/r-none/*", "o-another001/*"]
    values = paths if key.endswith("OrgPaths") else VALUES.get(key, ["x", "*", "x*"])
    name = f"{key}team" if key.endswith("/") else key
    if chance.random() < 0.15:
        return {"Null": {name: chance.choice(["true", "false"])}}
    operators = SET if key in LISTS else OPERATORS.get(key, TEXT)
    chosen = chance.sample(values, chance.randint(1, min(2, len(values))))
    return {chance.choice(operators): {name: chosen if len(chosen) > 1 else chosen[0]}}


def policy(chance: random.Random, key: str, path: str) -> dict:
    statements = []
    for number in range(chance.randint(1, 2)):
        statement = {
            "Effect": "Deny",
            "Principal": chance.choice(["*", {"AWS": ACCOUNT}, {"AWS": "999900001111"}]) if number else "*",
            "Action": chance.choice(ACTIONS),
            "Resource": chance.choice([[ARN, f"{ARN}/*"], f"{ARN}*", ARN]),
            "Condition": condition(chance, key if number == 0 else chance.choice(KEYS), path),
        }
        if statement["Resource"] == ARN and "s3:GetObject" in statement["Action"]:
            statement["Action"] = "s3:Delete*"  # S3 takes no action on objects without objects
        statements.append(statement)
    return {"Version": chance.choice(["2012-10-17", "2012-10-17", "2008-10-17"]), "Statement": statements}


def is_denied(call) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return True
    return False


@pytest.fixture
def administrator(sandbox: Box):
    return sandbox.client("s3", "payments-administrator", region=REGION)


@pytest.fixture
def root(sandbox: Box):
    task = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    keys = sandbox.client("sts", "operator").assume_root(TargetPrincipal=ACCOUNT, TaskPolicyArn=task)["Credentials"]
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return sandbox.client_with("s3", *(keys[name] for name in names), region=REGION)


def path_of_account(box: Box) -> str:
    organizations = box.client("organizations", "operator")
    ids, child = [], ACCOUNT
    while not child.startswith("r-"):
        child = organizations.list_parents(ChildId=child)["Parents"][0]["Id"]
        ids.insert(0, child)
    return "/".join([ORGANIZATION, *ids, ""])


def test_the_analysis_and_the_sandbox_agree(sandbox, administrator, root):
    path = path_of_account(sandbox)
    verdicts = {"certain": 0, "possible": 0, "none": 0}
    for number in range(EXAMPLES):
        chance = random.Random(number)
        document = policy(chance, KEYS[number % len(KEYS)], path)
        text = json.dumps(document)
        root.put_bucket_policy(Bucket=BUCKET, Policy=text)
        known = chance.random() < 0.8
        found = lockout_statements(
            document,
            resource=ARN,
            account_id=ACCOUNT,
            administrators=[ADMIN],
            organization_id=ORGANIZATION if known else None,
            organization_path=path if known else None,
            region=REGION if known else None,
        )
        same = {"Bucket": BUCKET, "Policy": text}
        denied = {
            "s3:GetBucketPolicy": is_denied(lambda: administrator.get_bucket_policy(Bucket=BUCKET)),
            "s3:PutBucketPolicy": is_denied(lambda same=same: administrator.put_bucket_policy(**same)),
            "s3:DeleteBucketPolicy": is_denied(lambda: administrator.delete_bucket_policy(Bucket=BUCKET)),
        }
        for action, refused in denied.items():
            certain = [one for one in found if action in one["actions"] and one["certain"]]
            possible = [one for one in found if action in one["actions"]]
            where = (number, document, action, refused, found)
            if certain:
                assert refused, where
            elif not possible:
                assert not refused, where
            verdicts["certain" if certain else "possible" if possible else "none"] += 1
    assert all(verdicts.values()), verdicts
