# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of the collection, each defined once: tasks, features, kinds of root credentials, outcomes."""

from __future__ import annotations

import sys
from dataclasses import dataclass

COLLECTION = "breakglass.aws"
VERSION = "0.2.0"  # as in galaxy.yml; a test compares the two

# Everything imports this file first, so that an older Python ends here and not at something that it does not know.
if sys.version_info < (3, 11):
    raise RuntimeError(
        f"{COLLECTION} needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}. "
        "Set ansible_python_interpreter to a newer one that has boto3, such as '{{ ansible_playbook_python }}'."
    )

# The service that AWS Organizations trusts with centralized root access.
SERVICE_PRINCIPAL = "iam.amazonaws.com"
# ... and with the root users' e-mail addresses and the contacts of accounts.
ACCOUNT_SERVICE_PRINCIPAL = "account.amazonaws.com"

# The switches of the organization: our name -> AWS's name in EnabledFeatures.
ROOT_CREDENTIALS_MANAGEMENT = "root_credentials_management"
ROOT_SESSIONS = "root_sessions"
FEATURES = {
    ROOT_CREDENTIALS_MANAGEMENT: "RootCredentialsManagement",
    ROOT_SESSIONS: "RootSessions",
}


@dataclass(frozen=True)
class Task:
    """One of the five things a root session may be opened for.

    ``policy`` is the AWS managed task policy, the ceiling of the session. ``feature`` must be on for it (the two
    switches are independent). ``seconds`` is how long a session of ours lives: AWS allows 900 and no session can be
    revoked, so as short as the work with its retries allows. ``actions`` are what the work calls.
    """

    name: str
    policy: str
    feature: str
    seconds: int
    actions: tuple[str, ...] = ()

    def policy_arn(self, partition: str) -> str:
        """The policy's ARN in a partition ("aws", "aws-us-gov", "aws-cn")."""
        return f"arn:{partition}:iam::aws:policy/root-task/{self.policy}"


_READ_ROOT_CREDENTIALS = (
    "iam:GetUser",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:ListSigningCertificates",
    "iam:ListMFADevices",
)
AUDIT_ROOT_CREDENTIALS = Task(
    "audit_root_credentials",
    "IAMAuditRootUserCredentials",
    ROOT_CREDENTIALS_MANAGEMENT,
    seconds=180,
    actions=_READ_ROOT_CREDENTIALS,
)
DELETE_ROOT_CREDENTIALS = Task(
    "delete_root_credentials",
    "IAMDeleteRootUserCredentials",
    ROOT_CREDENTIALS_MANAGEMENT,
    seconds=600,
    actions=(
        *_READ_ROOT_CREDENTIALS,
        "iam:DeleteAccessKey",
        "iam:DeleteSigningCertificate",
        "iam:DeleteLoginProfile",
        "iam:DeactivateMFADevice",
    ),
)
OPEN_PASSWORD_RECOVERY = Task(
    "open_password_recovery",
    "IAMCreateRootUserPassword",
    ROOT_CREDENTIALS_MANAGEMENT,
    seconds=180,
    actions=("iam:GetLoginProfile", "iam:CreateLoginProfile"),
)
UNLOCK_S3_BUCKET = Task(
    "unlock_s3_bucket",
    "S3UnlockBucketPolicy",
    ROOT_SESSIONS,
    seconds=600,
    actions=("s3:ListAllMyBuckets", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
)
UNLOCK_SQS_QUEUE = Task(
    "unlock_sqs_queue",
    "SQSUnlockQueuePolicy",
    ROOT_SESSIONS,
    seconds=600,
    actions=("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
)

TASKS = {
    task.name: task
    for task in (
        AUDIT_ROOT_CREDENTIALS,
        DELETE_ROOT_CREDENTIALS,
        OPEN_PASSWORD_RECOVERY,
        UNLOCK_S3_BUCKET,
        UNLOCK_SQS_QUEUE,
    )
}

# Kinds of root credentials, in the order they are removed: MFA last, so that nothing ever leaves a root user
# with a password and without MFA.
ACCESS_KEYS = "access_keys"
SIGNING_CERTIFICATES = "signing_certificates"
PASSWORD = "password"
MFA_DEVICES = "mfa_devices"
KINDS = (ACCESS_KEYS, SIGNING_CERTIFICATES, PASSWORD, MFA_DEVICES)

# What the caller of the module is to the organization.
MANAGEMENT_ACCOUNT = "management_account"
DELEGATED_ADMINISTRATOR = "delegated_administrator"
NEITHER = "neither"
UNKNOWN = "unknown"

# The role that Organizations makes in accounts it creates, and that the management account administers them with.
ACCESS_ROLE = "OrganizationAccountAccessRole"

# Where a partition's IAM has its one control plane: aws:RequestedRegion of its calls, and where CloudTrail has them.
HOME_REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}

# Account states (organizations:Account.State) in which an account cannot be used.
UNUSABLE_STATES = ("PENDING_ACTIVATION", "SUSPENDED", "CLOSED")

# Outcomes of anything done to one account or one of its items.
CHANGED = "changed"
UNCHANGED = "unchanged"
REMOVED = "removed"
ABSENT = "absent"
SKIPPED = "skipped"
UNREACHABLE = "unreachable"
UNVERIFIED = "unverified"
FAILED = "failed"
NOT_REACHED = "not_reached"  # the run ended, as it was asked to, before work on the account began

# From worst to best: the outcome of an account is that of its worst item.
OUTCOMES = (FAILED, UNVERIFIED, UNREACHABLE, NOT_REACHED, SKIPPED, CHANGED, REMOVED, UNCHANGED, ABSENT)
NOT_DONE = (FAILED, UNVERIFIED, UNREACHABLE)
UNFINISHED = (*NOT_DONE, NOT_REACHED)


def worst(outcomes) -> str:
    """The outcome of the whole: the worst of ``outcomes``, ``absent`` when there are none."""
    found = set(outcomes)
    return next((outcome for outcome in OUTCOMES if outcome in found), ABSENT)
