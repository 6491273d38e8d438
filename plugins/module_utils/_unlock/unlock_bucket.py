# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What s3_bucket_policy_unlock does. No Ansible."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.bucket_policy import BucketPolicy
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.options import UnlockRequest, refuse_protected
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.workflow import Target, unlock

_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}\Z", re.ASCII)


def unlock_bucket(params: dict[str, t.Any], context: Context) -> dict[str, t.Any]:
    """End the lockout of the bucket in ``params``. Raises a BreakglassError with the result as far as it is known."""
    bucket = params["bucket"]

    def target(_request: UnlockRequest) -> Target:
        _refuse_bucket(bucket, params["protected_buckets"])
        return Target(
            noun="bucket",
            name=bucket,
            arn=f"arn:{context.connection.caller.partition}:s3:::{bucket}",
            identity={"bucket": bucket},
            task=v.UNLOCK_S3_BUCKET,
            find=lambda session: BucketPolicy.find(session, bucket),
        )

    return unlock(params, context, {"bucket": bucket}, target)


def _refuse_bucket(bucket: str, protected: list[str]) -> None:
    """Refuse a value that is not a bucket's name, directory buckets, and protected buckets."""
    if not _BUCKET_NAME.match(bucket):
        raise InvalidInput("bucket", bucket, "the name of a bucket, for example my-bucket (no ARN, no s3:// in front)")
    if bucket.endswith("--x-s3"):
        raise InvalidInput(
            "bucket", bucket, "a general purpose bucket; the task policy does not cover directory buckets"
        )
    refuse_protected("bucket", bucket, protected)
