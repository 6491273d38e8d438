# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who must be able to manage a resource policy, and what is known of their requests. No network, no Ansible."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import UNLISTED_ADDRESS, Facts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError

# Managing a resource policy, by service: what an administrator must be able to do. These are also what the task
# policies S3UnlockBucketPolicy and SQSUnlockQueuePolicy let a root session do.
# SQS has no call of its own to delete a policy: an empty one is set.
MANAGEMENT_ACTIONS = {
    "s3": ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "sqs": ("sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
}

# Every action there is on a queue (Service Authorization Reference, "Actions defined by Amazon SQS"). A pattern can be
# said without one of them only by naming the others.
ACTIONS = {
    "sqs": tuple(
        f"sqs:{name}"
        for name in (
            "AddPermission",
            "CancelMessageMoveTask",
            "ChangeMessageVisibility",
            "CreateQueue",
            "DeleteMessage",
            "DeleteQueue",
            "GetQueueAttributes",
            "GetQueueUrl",
            "ListDeadLetterSourceQueues",
            "ListMessageMoveTasks",
            "ListQueueTags",
            "ListQueues",
            "PurgeQueue",
            "ReceiveMessage",
            "RemovePermission",
            "SendMessage",
            "SetQueueAttributes",
            "StartMessageMoveTask",
            "TagQueue",
            "UntagQueue",
        )
    )
}

# The actions on objects (Service Authorization Reference, "Actions defined by Amazon S3"). S3 takes no statement with
# an action that none of the statement's resources can have.
OBJECT_ACTIONS = tuple(
    f"s3:{name}"
    for name in (
        "AbortMultipartUpload",
        "BypassGovernanceRetention",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjectVersion",
        "DeleteObjectVersionTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "GetObjectTorrent",
        "GetObjectVersion",
        "GetObjectVersionAcl",
        "GetObjectVersionAttributes",
        "GetObjectVersionForReplication",
        "GetObjectVersionTagging",
        "GetObjectVersionTorrent",
        "InitiateReplication",
        "ListMultipartUploadParts",
        "ObjectOwnerOverrideToBucketOwner",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "PutObjectVersionAcl",
        "PutObjectVersionTagging",
        "ReplicateDelete",
        "ReplicateObject",
        "ReplicateTags",
        "RestoreObject",
    )
)

_ADMINISTRATOR = re.compile(r"^arn:aws[\w-]*:iam::(\d{12}):(role|user)/[\w+=,.@/-]+\Z", re.ASCII)
_EXAMPLE_ACCOUNT = "123456789012"
_DELETED_PRINCIPAL = re.compile(r"^(AROA|AIDA)[A-Z0-9]{12,}\Z")


@dataclass(frozen=True)
class Administrator:
    """Someone who must be able to manage the policy: one that was named, or an example of the account's principals."""

    arn: str
    named: bool

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def is_user(self) -> bool:
        return self.arn.split(":")[5].startswith("user/")

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Resource:
    """The resource whose policy it is, its account, and the organization of that account when it is known."""

    arn: str
    account_id: str
    organization_id: str | None = None

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def management_actions(self) -> tuple[str, ...]:
        return MANAGEMENT_ACTIONS[self.service]


def resource_of(arn: str, account_id: str, organization_id: str | None = None) -> Resource:
    """Check and take together what is said about the resource."""
    parts = str(arn).split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] not in MANAGEMENT_ACTIONS or not parts[5]:
        raise PolicyError(
            f"The resource {arn!r} is not the ARN of a bucket such as arn:aws:s3:::my-bucket or of "
            f"a queue such as arn:aws:sqs:eu-west-1:{_EXAMPLE_ACCOUNT}:my-queue."
        )
    if not isinstance(account_id, str) or not re.match(r"^[0-9]{12}\Z", account_id):
        raise PolicyError(f"The account ID {account_id!r} is not a text of 12 digits.")
    return Resource(arn, account_id, organization_id)


def administrators_of(resource: Resource, arns: t.Sequence[str] = ()) -> list[Administrator]:
    """The named administrators; with none named, a role and a user that stand for all principals of the account."""
    if isinstance(arns, str):
        raise PolicyError(f"The administrators {arns!r} are not a list of ARNs.")
    for arn in arns:
        found = _ADMINISTRATOR.match(str(arn))
        if not found:
            raise PolicyError(
                f"The administrator {arn!r} is not the ARN of a role or user, such as "
                f"arn:{resource.partition}:iam::{resource.account_id}:role/Admin (a role comes with its sessions)."
            )
        if found.group(1) != resource.account_id:
            raise PolicyError(
                f"The administrator {arn} is not of account {resource.account_id}; "
                "only principals of the resource's own account can manage its policy."
            )
    if arns:
        return [Administrator(arn, named=True) for arn in dict.fromkeys(arns)]
    prefix = f"arn:{resource.partition}:iam::{resource.account_id}:"
    return [Administrator(f"{prefix}{kind}/any-{kind}-of-the-account", named=False) for kind in ("role", "user")]


def is_deleted_principal(value: str) -> bool:
    """AWS shows the unique ID of a principal that was deleted in place of its ARN (IAM user guide, "Principal")."""
    return _DELETED_PRINCIPAL.match(value) is not None


def is_role_or_user(arn: str) -> bool:
    return _ADMINISTRATOR.match(arn) is not None


# Where a request may come from: the Internet or a company network, or through a VPC endpoint the policy does not name.
PLACES = (
    {"aws:sourceip": (UNLISTED_ADDRESS,), "aws:sourcevpc": (), "aws:sourcevpce": (), "aws:vpcsourceip": ()},
    {
        "aws:sourceip": (),
        "aws:sourcevpc": ("vpc-the-policy-does-not-name",),
        "aws:sourcevpce": ("vpce-the-policy-does-not-name",),
        "aws:vpcsourceip": (UNLISTED_ADDRESS,),
    },
)

# The same for every request to manage a policy that a person's tools make: signed in the header, over TLS.
ALWAYS = {
    "aws:securetransport": ("true",),
    "s3:tlsversion": ("1.3",),
    "s3:authtype": ("REST-HEADER",),
    "s3:signatureversion": ("AWS4-HMAC-SHA256",),
    "s3:signatureage": ("0",),
    "aws:viaawsservice": ("false",),
    "aws:principalisawsservice": ("false",),
    "aws:assumedroot": (),
    "aws:referer": (),
    "aws:sourcearn": (),
    "aws:sourceaccount": (),
    "aws:sourceowner": (),
    "aws:sourceorgid": (),
    "aws:sourceorgpaths": (),
    "aws:calledvia": (),
    "aws:calledviafirst": (),
    "aws:calledvialast": (),
    "aws:principalservicename": (),
    "aws:principalservicenameslist": (),
    "aws:tagkeys": (),
}

# Keys that only other S3 requests carry (objects, listings, ACLs, access points, jobs), so they are absent here
# (Service Authorization Reference, "Condition keys for Amazon S3").
_ABSENT_PREFIXES = (
    "aws:requesttag/",
    "s3:accesspointnetworkorigin",
    "s3:dataaccesspoint",
    "s3:delimiter",
    "s3:existingjob",
    "s3:existingobjecttag",
    "s3:if-",
    "s3:inventory",
    "s3:jobsuspendedcause",
    "s3:locationconstraint",
    "s3:max-keys",
    "s3:object-lock-",
    "s3:objectcreationoperation",
    "s3:prefix",
    "s3:requestjob",
    "s3:requestobjecttag",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-grant-",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-object-ownership",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
    "s3:x-amz-website-redirect-location",
)


def is_of_other_requests(key: str) -> bool:
    """Is it a key (in lower case) that requests to manage a policy never carry?"""
    return key.startswith(_ABSENT_PREFIXES)


def facts_of(administrator: Administrator, resource: Resource, place: dict) -> Facts:
    """What is known of a request to manage the policy that the administrator makes from a place."""
    account = (administrator.account_id,)
    known = {
        **ALWAYS,
        **place,
        "aws:principalarn": (administrator.arn,),
        "aws:principalaccount": account,
        "aws:principaltype": ("User" if administrator.is_user else "AssumedRole",),
        "aws:username": (administrator.name,) if administrator.is_user else (),
        "aws:resourceaccount": (resource.account_id,),
        "s3:resourceaccount": (resource.account_id,),
    }
    if not administrator.named:
        known["aws:userid"] = ("AIDANOTNAMED" if administrator.is_user else "AROANOTNAMED:session",)
    if resource.organization_id:
        path = f"{resource.organization_id}/r-not-named/ou-not-named/"
        for side in ("principal", "resource"):
            known[f"aws:{side}orgid"] = (resource.organization_id,)
            known[f"aws:{side}orgpaths"] = (path,)

    def look_up(key: str) -> tuple[str, ...] | None:
        return () if is_of_other_requests(key) else known.get(key)

    return look_up
