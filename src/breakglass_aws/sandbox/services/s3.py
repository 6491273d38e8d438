# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3: moto's, with AWS's answers where the unlock depends on them (aws-facts 3.1).

Regions and redirects, ExpectedBucketOwner, refused bucket policies, and bucket lists that name regions.
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, s3_backends
from moto.s3.responses import S3Response

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.access import policy_principals
from breakglass_aws.sandbox.authorization import PolicyError, validate_bucket_policy
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.services.moto import Forwarded, forward
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response

_POLICY_CALLS = ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
_ADMITTED = "AWS4-HMAC-SHA256 Credential=-/-/us-east-1/s3/aws4_request"
_MAX_POLICY = 20 * 1024
# What every bucket has since January 2023 (S3 User Guide, "Default encryption FAQ").
_ENCRYPTION = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
_OWNERSHIP: Any = "BucketOwnerEnforced"


class _S3(Forwarded, S3Response):
    pass


class _Bucket(FakeBucket):
    """A bucket whose policy the gate enforces; moto would do it again, blind to principals and conditions."""

    def get_permission(self, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    @classmethod
    def take_over(cls, bucket: FakeBucket) -> None:
        """Put one of ours in the place of a bucket moto made, with all it holds."""
        ours: Any = cls.__new__(cls)
        ours.__dict__ = bucket.__dict__
        s3_backends[bucket.account_id][bucket.partition].buckets[bucket.name] = ours


def prepare(state: State, request: Request) -> None:
    """What S3 answers before it looks at permissions: where the bucket is, and whose."""
    name = request.parameters.get("Bucket")
    bucket = state.bucket(name) if name else None
    if bucket is None or request.operation == "CreateBucket":
        return
    if not isinstance(bucket, _Bucket):
        _Bucket.take_over(bucket)
    if request.signature is not None and request.region != bucket.region_name:
        raise _elsewhere(request, bucket)
    expected = request.header("x-amz-expected-bucket-owner")
    if expected and expected != bucket.account_id:
        raise AwsError("AccessDenied", "Access Denied", 403)


def _elsewhere(request: Request, bucket: FakeBucket) -> AwsError:
    """The signature's region is the endpoint the client chose; AWS names the right one to everybody."""
    return AwsError(
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint.",
        301,
        fields={"Endpoint": f"{bucket.name}.s3.{bucket.region_name}.amazonaws.com", "Bucket": bucket.name},
        headers={"x-amz-bucket-region": bucket.region_name},
    )


def handle(state: State, request: Request) -> dict[str, Any] | Response | None:
    if request.operation == "ListBuckets":
        return _list_buckets(state, request)
    if request.operation == "CreateBucket":
        return _create_bucket(state, request)
    name = request.parameters.get("Bucket", "")
    bucket = state.bucket(name)
    if bucket is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, fields={"BucketName": name})
    request.account = bucket.account_id
    if request.operation in _POLICY_CALLS and request.caller.account != bucket.account_id:
        # [B]: permitted by the policy, but policies are the owner account's business.
        raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    if request.operation == "PutBucketPolicy":
        _check_policy(state, request.body, name)
    if request.operation == "GetBucketEncryption" and not bucket.encryption:
        return {"ServerSideEncryptionConfiguration": {"Rules": [_ENCRYPTION]}}
    return _forward(request)


def _create_bucket(state: State, request: Request) -> Response:
    """A new bucket blocks public access and has no ACLs (S3 User Guide, "Default settings for new S3 buckets FAQ")."""
    name = request.parameters.get("Bucket", "")
    existed = state.bucket(name) is not None
    response = _forward(request)
    made = state.bucket(name)
    if made is not None and not existed:
        made.public_access_block = PublicAccessBlock(True, True, True, True)
        made.ownership_rule = made.ownership_rule or _OWNERSHIP
    return response


def _forward(request: Request) -> Response:
    # moto serves objects unasked to signed requests only; this one has been admitted.
    request.environ.setdefault("HTTP_AUTHORIZATION", _ADMITTED)
    dispatch = _S3.key_dispatch if "Key" in request.parameters else _S3.bucket_dispatch
    return forward(request, dispatch)


def bucket_region(state: State, request: Request) -> dict[str, str]:
    """The header HeadBucket answers with whatever else it says (aws-facts 3.1)."""
    bucket = state.bucket(request.parameters.get("Bucket", "")) if request.operation == "HeadBucket" else None
    return {"x-amz-bucket-region": bucket.region_name} if bucket else {}


def _check_policy(state: State, body: bytes, bucket: str) -> None:
    if len(body) > _MAX_POLICY:
        raise AwsError("MalformedPolicy", "Policy exceeds the maximum allowed document size.")
    try:
        validate_bucket_policy(body, bucket, principal_exists=policy_principals.exist(state))
    except PolicyError as error:
        raise AwsError("MalformedPolicy", str(error)) from error


def _list_buckets(state: State, request: Request) -> dict[str, Any]:
    """The caller's buckets; with BucketRegion when any parameter was given [B:s3.ListBuckets]."""
    parameters = request.parameters
    prefix, region = parameters.get("Prefix", ""), parameters.get("BucketRegion")
    after, limit = parameters.get("ContinuationToken", ""), _limit(parameters.get("MaxBuckets"))
    asked = {"Prefix", "BucketRegion", "ContinuationToken", "MaxBuckets"} & parameters.keys()
    matching = sorted(
        (
            bucket
            for bucket in state.buckets()
            if bucket.account_id == request.account
            and bucket.name.startswith(prefix)
            and region in (None, bucket.region_name)
            and bucket.name > after
        ),
        key=lambda bucket: bucket.name,
    )
    page = matching[:limit]
    result: dict[str, Any] = {
        "Buckets": [
            {
                "Name": bucket.name,
                "CreationDate": bucket.creation_date,
                "BucketRegion": bucket.region_name if asked else None,
            }
            for bucket in page
        ],
        "Owner": {"ID": names.hexadecimal(64, "canonical user", request.account)},
    }
    if len(matching) > limit:
        result["ContinuationToken"] = page[-1].name
    if prefix:
        result["Prefix"] = prefix
    return result


def _limit(value: str | None) -> int:
    if value is None:
        return 10000
    if not value.isdigit() or not 1 <= int(value) <= 10000:
        raise AwsError("InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000")
    return int(value)
