"""What AWS does and the sandbox does not: told in the documentation, beside what it does (`table.py`)."""

from __future__ import annotations

NOT_REPRODUCED: list[tuple[str, str]] = [
    ("1.1", "`MinimumSessionTokenSize`, and `SessionTokenUtilization` and `SessionTokenSize` in the answer"),
    ("1.3", "Organizations with consolidated billing only: `OrganizationNotInAllFeaturesModeException`"),
    ("1.4", "`ConcurrentModificationException`, `UnsupportedAPIEndpointException`"),
    (
        "2.3",
        "`EntityTemporarilyUnmodifiable`, `ConcurrentModification` and `LimitExceeded` of deletions",
    ),
    ("2.4", "The CAPTCHA of the sign-in page; that an MFA device must be registered within 35 days"),
    ("2.5", "Object Lock, MFA Delete and KMS key policies, which no task reaches in AWS either"),
    ("2.6", "`GetRequestAuthorizationDetails` and the authorization ID some denials carry"),
    ("2.6", "Control Tower's controls: what they deny has to be written as an SCP"),
    ("2.7", "That GovCloud accounts have no root user that signs in; hosts of the partition in China"),
    ("3.1", "S3 Block Public Access judging a policy; ACLs; VPC endpoint policies; directory buckets"),
    ("3.1", "The refusal of `ListBuckets` without pages above 10,000 buckets; `ConfirmRemoveSelfBucketAccess`"),
    ("auth", "That a trust policy names no role or user that is not there, and keeps the ID of one that is deleted"),
    ("3.2", "The time until changed queue attributes work everywhere, up to 60 seconds"),
    ("4.1", "Organization trails, CloudTrail Lake and GuardDuty: there are Event history and EventBridge"),
    ("4.4", "EventBridge's targets other than SQS queues and event buses, inputs of targets, schedules, PutEvents"),
    (
        "5b",
        "StackSets with self-managed permissions, templates of anything but IAM roles and policies, drift",
    ),
    ("5b", "StackSets' automatic deployment to accounts that join or are moved (that accounts leave has rows above)"),
    ("5b", "Identity Center's groups, customer managed policies, inline policies and application assignments"),
    ("5c", "What else ends when an account leaves: shared resources, cost history, agreements, quotas"),
    ("5c", "Reasons of `ConstraintViolationException` beyond those with a row above"),
    ("6", "Request rates that AWS does not publish, those of AssumeRoot and of IAM among them"),
    ("auth", "Session tags (`sts:TagSession`), `aws:ResourceTag`, `aws:RequestTag`, `aws:TagKeys`"),
    ("auth", "`AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity` as calls; S3's access grants and access points"),
]
