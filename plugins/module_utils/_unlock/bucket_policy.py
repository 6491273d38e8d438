# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bucket's policy in the hands of the root user of the account that owns the bucket. Plain boto3, no Ansible.

The task policy S3UnlockBucketPolicy permits neither iam:GetUser nor sts:GetCallerIdentity, so a session cannot be
asked whose root it is. Two things bind it to the account instead: it is AssumeRoot's answer for that account, and every
call on the bucket says ``ExpectedBucketOwner``, so that S3 itself refuses when the bucket is somebody else's.
"""

from __future__ import annotations

import contextlib

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy, Session

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError


class BucketPolicy(ResourcePolicy):
    """The policy of one bucket."""

    def __init__(self, session: Session, bucket: str, region: str) -> None:
        super().__init__(session, region)
        self._account_id = session.account_id
        self._bucket = bucket
        self._client = session.client("s3", region)
        self._target = {"Bucket": bucket, "ExpectedBucketOwner": session.account_id}

    @classmethod
    def find(cls, session: Session, bucket: str) -> BucketPolicy:
        """The policy of a bucket of the session's account; where the bucket is, is asked, never guessed.

        The task policy permits s3:ListAllMyBuckets, which lists the account's own buckets only. AWS adds regions to
        paginated answers (Amazon S3 API reference, ListBuckets).
        """
        doing = f"looking for bucket {bucket} in account {session.account_id} (s3:ListAllMyBuckets)"
        try:
            pages = (
                session.client("s3")
                .get_paginator("list_buckets")
                .paginate(Prefix=bucket, PaginationConfig={"PageSize": 1000})
            )
            found = [entry for page in pages for entry in page["Buckets"] if entry["Name"] == bucket]
        except (BotoCoreError, ClientError) as error:
            raise explain(error, doing, session.account_id) from error
        if not found:
            raise BreakglassError(
                f"Account {session.account_id} has no bucket {bucket}.",
                "Check the bucket's name and the account ID. Buckets of other accounts are never touched.",
            )
        return cls(session, bucket, found[0]["BucketRegion"])

    def seen_by(self, session: Session) -> BucketPolicy:
        return BucketPolicy(session, self._bucket, self.region)

    def read(self) -> str | None:
        try:
            return self._client.get_bucket_policy(**self._target)["Policy"]
        except ClientError as error:
            if error_code(error) == "NoSuchBucketPolicy":
                return None
            raise self._explained(error, "reading") from error
        except BotoCoreError as error:
            raise self._explained(error, "reading") from error

    def write(self, text: str | None) -> None:
        try:
            if text is None:
                self._client.delete_bucket_policy(**self._target)
            else:
                self._client.put_bucket_policy(Policy=text, **self._target)
        except (BotoCoreError, ClientError) as error:
            raise self._explained(error, "deleting" if text is None else "writing") from error

    def _explained(self, error: Exception, doing: str) -> BreakglassError:
        said = explain(error, f"{doing} the policy of bucket {self._bucket}", self._root_of)
        fix = said.fix
        if said.code == "MalformedPolicy":
            fix = (
                "AWS does not accept this policy. Most often it names a principal that does not exist any more, or an "
                "action or resource that does not belong in a bucket policy: correct it and use mode=replace."
            )
        elif said.code in ("NoSuchBucket", "MethodNotAllowed"):
            fix = f"Check that the bucket still exists and belongs to account {self._account_id}."
        elif is_denied(said) and doing == "writing":
            fix = (
                "Either S3 Block Public Access (BlockPublicPolicy) refuses a policy that lets the public in: narrow "
                f"the Allow statements that name everybody, or use mode=delete. Or a policy denies it: {said.fix}"
            )
        return type(said)(said.cause, fix, said.code, said.denied_call)
