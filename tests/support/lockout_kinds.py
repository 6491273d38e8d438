"""Kinds of statements that lock administrators out, for the policy of any resource."""

from __future__ import annotations

_MANAGING = {
    "s3": ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    "sqs": ["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"],
}
_HARMLESS = {"s3": "s3:GetObject", "sqs": "sqs:SendMessage"}


def lockouts(service: str, account_id: str) -> dict[str, dict]:
    """What each kind says, without effect, principal and resource, by its name."""
    every = f"{service}:*"
    return {
        "everything": {"Action": ["*"]},
        "every action of the service": {"Action": every},
        "policy management alone": {"Action": _MANAGING[service]},
        "everything but one harmless action": {"NotAction": _HARMLESS[service]},
        "another VPC endpoint": {
            "Action": every,
            "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
        },
        "another network": {"Action": every, "Condition": {"NotIpAddress": {"aws:SourceIp": ["198.51.100.0/24"]}}},
        "a mistyped organization": {
            "Action": every,
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-typo00001"}},
        },
        "no MFA": {"Action": every, "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}},
        "a role created anew": {
            "Action": every,
            "Condition": {"StringNotLike": {"aws:userid": ["AROAOLDOLDOLDOLDOLD:*"]}},
        },
        "a role with another name": {
            "Action": every,
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{account_id}:role/AnotherAdmin"}},
        },
        "every principal but one": {"Action": every, "NotPrincipal": {"AWS": [f"arn:aws:iam::{account_id}:root"]}},
    }
