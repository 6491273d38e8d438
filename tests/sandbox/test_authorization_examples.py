"""The examples of the Organizations User Guide, as whole documents: service and resource control policies.

"SCP examples: general, IAM and EC2" and "RCP examples". A row says who asks for what, and whether it is denied.
"""

import pytest

from breakglass_aws.sandbox.authorization import Policies, Principal, Reason, Request, Source, evaluate

ACCOUNT, OTHER, ORGANIZATION = "111122223333", "444455556666", "o-ours"
ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "root")
USER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice", "user", "AIDAALICE")
CLOUDTRAIL = Principal("", "cloudtrail.amazonaws.com", "service")
NOBODY = Principal("", "", "anonymous")
BUCKET, ROLE = "arn:aws:s3:::b", f"arn:aws:iam::{ACCOUNT}:role/protected"


def session(role: str, account: str = ACCOUNT) -> Principal:
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/x"
    return Principal(account, arn, "role_session", f"AROA{role.upper()}:x", f"arn:aws:iam::{account}:role/{role}")


ADMIN, STRANGER = session("admin"), session("admin", OTHER)
OURS = {"aws:PrincipalOrgID": ORGANIZATION}


def deny(action: str | list[str], resource: str | list[str] = "*", condition: dict | None = None, **more) -> dict:
    statement = {"Effect": "Deny", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


def deny_everyone(action: str | list[str], condition: dict) -> dict:
    return deny(action, condition=condition, Principal="*")


SCPS = {
    "root user": deny("ec2:*", condition={"StringLike": {"aws:PrincipalArn": ["arn:aws:iam::*:root"]}}),
    "central root access": deny(
        "*",
        condition={"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:root"]}, "Null": {"aws:AssumedRoot": "true"}},
    ),
    "regions": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyAllOutsideEU",
                "Effect": "Deny",
                "NotAction": ["iam:*", "organizations:*", "s3:GetAccountPublic*", "s3:ListAllMyBuckets", "sts:*"],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]},
                    "ArnNotLike": {"aws:PrincipalARN": ["arn:aws:iam::*:role/Role1AllowedToBypassThisSCP"]},
                },
            }
        ],
    },
    "changes of a role": deny(
        ["iam:AttachRolePolicy", "iam:DeleteRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
        ["arn:aws:iam::*:role/protected"],
        {"StringNotLike": {"aws:PrincipalARN": "arn:aws:iam::*:role/admin-that-may"}},
    ),
    "MFA": deny(
        ["ec2:StopInstances", "ec2:TerminateInstances"],
        condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": False}},
    ),
    "leaving": deny(["organizations:LeaveOrganization"]),
    "tags": deny("ec2:RunInstances", ["arn:aws:ec2:*:*:instance/*"], {"Null": {"aws:RequestTag/Project": "true"}}),
    "instance types": deny(
        "ec2:RunInstances", ["arn:aws:ec2:*:*:instance/*"], {"StringNotEquals": {"ec2:InstanceType": "t2.micro"}}
    ),
    "sharing": deny(
        ["ram:CreateResourceShare", "ram:UpdateResourceShare"],
        condition={"Bool": {"ram:RequestedAllowsExternalPrincipals": "true"}},
    ),
}
RCPS = {
    "organization only": deny_everyone(
        ["s3:*", "sqs:*", "kms:*", "secretsmanager:*", "sts:AssumeRole", "sts:DecodeAuthorizationMessage"],
        {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    ),
    "confused deputy": deny_everyone(
        ["s3:*", "sqs:*", "kms:*", "secretsmanager:*"],
        {
            "StringNotEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION, "aws:SourceAccount": [OTHER]},
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        },
    ),
    "HTTPS": deny_everyone(
        ["sts:*", "s3:*", "sqs:*", "secretsmanager:*", "kms:*"], {"BoolIfExists": {"aws:SecureTransport": "false"}}
    ),
    "TLS": deny_everyone(["s3:*"], {"NumericLessThan": {"s3:TlsVersion": ["1.2"]}}),
    "identity providers": deny_everyone(
        ["sts:AssumeRoleWithWebIdentity"],
        {
            "StringNotEqualsIfExists": {"token.example:sub": "repo:ours"},
            "Null": {"token.example:sub": "false"},
        },
    ),
}

INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"
# example, who, action, resource, context, denied
SCP_ROWS = [
    ("root user", ROOT, "ec2:RunInstances", INSTANCE, {}, True),
    ("root user", ROOT, "ec2:DescribeInstances", "*", {"aws:AssumedRoot": "true"}, True),
    ("root user", ROOT, "s3:CreateBucket", BUCKET, {}, False),
    ("root user", USER, "ec2:RunInstances", INSTANCE, {}, False),
    ("root user", ADMIN, "ec2:RunInstances", INSTANCE, {}, False),
    ("central root access", ROOT, "s3:DeleteBucketPolicy", BUCKET, {}, True),
    ("central root access", ROOT, "iam:CreateAccessKey", ROOT.arn, {}, True),
    ("central root access", ROOT, "s3:DeleteBucketPolicy", BUCKET, {"aws:AssumedRoot": "true"}, False),
    ("central root access", USER, "s3:DeleteBucketPolicy", BUCKET, {}, False),
    ("regions", ADMIN, "ec2:RunInstances", INSTANCE, {"aws:RequestedRegion": "us-east-1"}, True),
    ("regions", ADMIN, "ec2:RunInstances", INSTANCE, {"aws:RequestedRegion": "eu-west-1"}, False),
    ("regions", ADMIN, "iam:CreateUser", USER.arn, {"aws:RequestedRegion": "us-east-1"}, False),
    ("regions", ADMIN, "sts:AssumeRoot", f"arn:aws:iam::{OTHER}:root", {"aws:RequestedRegion": "us-east-1"}, False),
    ("regions", ADMIN, "s3:ListAllMyBuckets", "*", {"aws:RequestedRegion": "us-east-1"}, False),
    ("regions", ADMIN, "s3:GetBucketPolicy", BUCKET, {"aws:RequestedRegion": "us-east-1"}, True),
    ("regions", ADMIN, "sqs:ListQueues", "*", {"aws:RequestedRegion": "us-east-1"}, True),
    ("regions", ROOT, "sqs:ListQueues", "*", {"aws:RequestedRegion": "us-east-1"}, True),
    (
        "regions",
        session("Role1AllowedToBypassThisSCP"),
        "ec2:RunInstances",
        INSTANCE,
        {"aws:RequestedRegion": "us-east-1"},
        False,
    ),
    ("changes of a role", ADMIN, "iam:DeleteRole", ROLE, {}, True),
    ("changes of a role", ADMIN, "iam:UpdateAssumeRolePolicy", ROLE, {}, True),
    ("changes of a role", ROOT, "iam:DeleteRole", ROLE, {}, True),
    ("changes of a role", session("admin-that-may"), "iam:DeleteRole", ROLE, {}, False),
    ("changes of a role", ADMIN, "iam:GetRole", ROLE, {}, False),
    ("changes of a role", ADMIN, "iam:DeleteRole", f"{ROLE}-not", {}, False),
    ("MFA", USER, "ec2:StopInstances", INSTANCE, {"aws:MultiFactorAuthPresent": "false"}, True),
    ("MFA", USER, "ec2:StopInstances", INSTANCE, {"aws:MultiFactorAuthPresent": "true"}, False),
    # A long-lived key has no such key in its context: IfExists denies it too.
    ("MFA", USER, "ec2:StopInstances", INSTANCE, {}, True),
    ("MFA", USER, "ec2:StartInstances", INSTANCE, {}, False),
    ("leaving", ADMIN, "organizations:LeaveOrganization", "*", {}, True),
    ("leaving", ROOT, "organizations:LeaveOrganization", "*", {}, True),
    ("leaving", ADMIN, "organizations:DescribeOrganization", "*", {}, False),
    ("tags", ADMIN, "ec2:RunInstances", INSTANCE, {}, True),
    ("tags", ADMIN, "ec2:RunInstances", INSTANCE, {"aws:RequestTag/Project": "x"}, False),
    ("tags", ADMIN, "ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/*", {}, False),
    ("instance types", ADMIN, "ec2:RunInstances", INSTANCE, {"ec2:InstanceType": "m5.large"}, True),
    ("instance types", ADMIN, "ec2:RunInstances", INSTANCE, {"ec2:InstanceType": "t2.micro"}, False),
    ("instance types", ADMIN, "ec2:RunInstances", INSTANCE, {}, True),
    ("sharing", ADMIN, "ram:CreateResourceShare", "*", {"ram:RequestedAllowsExternalPrincipals": "true"}, True),
    ("sharing", ADMIN, "ram:CreateResourceShare", "*", {"ram:RequestedAllowsExternalPrincipals": "false"}, False),
    ("sharing", ADMIN, "ram:CreateResourceShare", "*", {}, False),
]
RCP_ROWS = [
    ("organization only", ADMIN, "s3:GetObject", f"{BUCKET}/a", OURS, False),
    ("organization only", STRANGER, "s3:GetObject", f"{BUCKET}/a", OURS, False),
    ("organization only", STRANGER, "s3:GetObject", f"{BUCKET}/a", {"aws:PrincipalOrgID": "o-other"}, True),
    ("organization only", STRANGER, "s3:GetObject", f"{BUCKET}/a", {}, True),
    ("organization only", NOBODY, "s3:GetObject", f"{BUCKET}/a", {}, True),
    ("organization only", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a", {}, False),
    ("organization only", ROOT, "s3:GetBucketPolicy", BUCKET, OURS, False),
    ("organization only", STRANGER, "sts:AssumeRole", ROLE, {"aws:PrincipalOrgID": "o-other"}, True),
    ("organization only", STRANGER, "sts:AssumeRole", ROLE, OURS, False),
    ("organization only", STRANGER, "dynamodb:GetItem", "*", {"aws:PrincipalOrgID": "o-other"}, False),
    ("confused deputy", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a",
     {"aws:SourceAccount": ACCOUNT, "aws:SourceOrgID": ORGANIZATION}, False),
    ("confused deputy", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a",
     {"aws:SourceAccount": "999988887777", "aws:SourceOrgID": "o-other"}, True),
    ("confused deputy", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a", {"aws:SourceAccount": "999988887777"}, True),
    ("confused deputy", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a", {"aws:SourceAccount": OTHER}, False),
    ("confused deputy", CLOUDTRAIL, "s3:PutObject", f"{BUCKET}/a", {}, False),
    ("confused deputy", STRANGER, "s3:PutObject", f"{BUCKET}/a", {}, False),
    ("HTTPS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {"aws:SecureTransport": "false"}, True),
    ("HTTPS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {"aws:SecureTransport": "true"}, False),
    # IfExists: a request that does not say is denied.
    ("HTTPS", ADMIN, "sqs:SendMessage", "*", {}, True),
    ("HTTPS", ROOT, "s3:DeleteBucketPolicy", BUCKET, {"aws:SecureTransport": "false"}, True),
    ("TLS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {"s3:TlsVersion": "1.1"}, True),
    ("TLS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {"s3:TlsVersion": "1.2"}, False),
    ("TLS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {"s3:TlsVersion": "1.3"}, False),
    ("TLS", ADMIN, "s3:GetObject", f"{BUCKET}/a", {}, False),
    ("identity providers", STRANGER, "sts:AssumeRoleWithWebIdentity", ROLE, {"token.example:sub": "repo:theirs"}, True),
    ("identity providers", STRANGER, "sts:AssumeRoleWithWebIdentity", ROLE, {"token.example:sub": "repo:ours"}, False),
    ("identity providers", STRANGER, "sts:AssumeRoleWithWebIdentity", ROLE, {}, False),
]  # fmt: skip
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPEN = {"Version": "2012-10-17", "Statement": [{**FULL["Statement"][0], "Principal": "*"}]}


@pytest.mark.parametrize(("example", "who", "action", "resource", "context", "denied"), SCP_ROWS)
def test_service_control_policies(example, who, action, resource, context, denied):
    policies = Policies(identity=[FULL], scps=[[FULL], [FULL, SCPS[example]], [FULL]])
    decision = evaluate(Request(who, action, resource, ACCOUNT, context), policies)
    assert decision.allowed is not denied
    if denied:
        assert (decision.reason, decision.source) == (Reason.EXPLICIT_DENY, Source.SCP)


@pytest.mark.parametrize(("example", "who", "action", "resource", "context", "denied"), RCP_ROWS)
def test_resource_control_policies(example, who, action, resource, context, denied):
    policies = Policies(identity=[FULL], resource=OPEN, rcps=[[OPEN], [OPEN, RCPS[example]], [OPEN]])
    decision = evaluate(Request(who, action, resource, ACCOUNT, context), policies)
    assert decision.allowed is not denied
    if denied:
        assert (decision.reason, decision.source) == (Reason.EXPLICIT_DENY, Source.RCP)
