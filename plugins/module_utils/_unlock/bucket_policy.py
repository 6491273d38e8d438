# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy of a bucket, read and written by a session of the account that owns the bucket. Plain boto3, no Ansible.

The task policy S3UnlockBucketPolicy permits neither iam:GetUser nor sts:GetCallerIdentity, so a root session cannot
check whose root user it is. Two things bind it to the account instead: it is AssumeRoot's answer for that account, and
every call on the bucket has ``ExpectedBucketOwner``, so that S3 itself refuses when another account owns the bucket.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy, Session

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError


class BucketPolicy(ResourcePolicy):
    """The policy of one bucket."""

    refuses_unread = None

    def __init__(self, session: Session, bucket: str, region: str) -> None:
        super().__init__(session, region)
        self._account_id = session.account_id
        self._bucket = bucket
        self._client = session.client("s3", region)
        self._target = {"Bucket": bucket, "ExpectedBucketOwner": session.account_id}

    @classmethod
    def find(cls, session: Session, bucket: str) -> BucketPolicy:
        """The policy of a bucket of the session's account. The bucket's region is read, never guessed.

        The task policy permits s3:ListAllMyBuckets, which lists the account's own buckets only. AWS adds regions to
        paginated answers (Amazon S3 API reference, ListBuckets).
        """
        with explained(
            f"looking for bucket {bucket} in account {session.account_id} (s3:ListAllMyBuckets)", session.account_id
        ):
            pages = (
                session.client("s3")
                .get_paginator("list_buckets")
                .paginate(Prefix=bucket, PaginationConfig={"PageSize": 1000})
            )
            found = [entry for page in pages for entry in page["Buckets"] if entry["Name"] == bucket]
        if not found:
            raise BreakglassError(
                f"Account {session.account_id} has no bucket {bucket}.",
                "Check the bucket's name and the account ID. Buckets of other accounts are never touched.",
            )
        return cls(session, bucket, region_of(found[0]))

    def seen_by(self, session: Session) -> BucketPolicy:
        return BucketPolicy(session, self._bucket, self.region)

    def read(self) -> str | None:
        with self._explaining("reading"):
            try:
                policy: str = self._client.get_bucket_policy(**self._target)["Policy"]
            except ClientError as error:
                if error_code(error) == "NoSuchBucketPolicy":
                    return None
                raise
        return policy

    def write(self, text: str | None) -> None:
        if text is None:
            with self._explaining("deleting"):
                self._client.delete_bucket_policy(**self._target)
        else:
            with self._explaining("writing"):
                self._client.put_bucket_policy(Policy=text, **self._target)

    def write_action(self, text: str | None) -> str:
        return "s3:DeleteBucketPolicy" if text is None else "s3:PutBucketPolicy"

    def refuses_public_policies(self, session: Session) -> bool | None:
        """Does S3 Block Public Access refuse a public policy for the bucket? None when that is not known.

        The setting of the bucket or that of the account is enough. What is read for the account has what it inherits
        from the organization (Amazon S3 API reference, GetPublicAccessBlock of S3 Control). A root session may read
        neither (task policy S3UnlockBucketPolicy), so another ``session`` of the account does.
        """
        of_bucket = _blocks_public_policies(session.client("s3", self.region), **self._target)
        if of_bucket:
            return True
        control = session.client("s3control", self.region)
        of_account = _blocks_public_policies(control, AccountId=self._account_id)
        return some([of_bucket, of_account])

    def _explaining(self, doing: str) -> contextlib.AbstractContextManager[None]:
        return explained(doing, explain_error=lambda error: self._explained(error, doing))

    def _explained(self, error: Exception, doing: str) -> BreakglassError:
        general = explain(error, f"{doing} the policy of bucket {self._bucket}", self._root_of)
        fix = general.fix
        if general.code == "MalformedPolicy":
            fix = (
                "AWS does not accept this policy. Most often it names a principal that does not exist any more, or an "
                "action or resource that does not belong in a bucket policy. Correct it and use mode=replace."
            )
        elif general.code in ("NoSuchBucket", "MethodNotAllowed"):
            fix = f"Check that the bucket still exists and belongs to account {self._account_id}."
        elif is_denied(general) and doing == "writing":
            fix = (
                "Either S3 Block Public Access (BlockPublicPolicy) refuses a policy that allows public access: narrow "
                f"the Allow statements for everyone, or use mode=delete. Or a policy denies it: {general.fix}"
            )
        return type(general)(general.cause, fix, general.code, general.denied_call)


def _blocks_public_policies(client: t.Any, **target: str) -> bool | None:
    """Is BlockPublicPolicy on, for a bucket or an account? None when it cannot be read."""
    try:
        with explained("reading the settings of S3 Block Public Access"):
            answer = client.get_public_access_block(**target)
    except BreakglassError as error:
        return False if error.code == "NoSuchPublicAccessBlockConfiguration" else None
    return bool(answer.get("PublicAccessBlockConfiguration", {}).get("BlockPublicPolicy"))


def region_of(entry: dict[str, str]) -> str:
    """The region in an entry of ListBuckets. Raises a BreakglassError when the answer lacks it."""
    region = entry.get("BucketRegion")
    if not region:
        raise BreakglassError(
            f"S3 listed bucket {entry['Name']} without its region (BucketRegion).",
            "AWS adds the region to paginated answers. Check endpoint_url and proxies, then run it again.",
        )
    return region
