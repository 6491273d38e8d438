"""Locked buckets: who is locked out, who gets through, Regions, and what S3 refuses (aws-facts 3.1, 5d)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from conformance.facts import EVALUATION, MODEL, TASKS, Fact, fact
from conformance.steps import as_root, attach_scp, deny
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, DATA_LAKE, REPORTS_ACCOUNT = "333344445555", "012345678901", "555566667777"
LEDGER, EXPORTS, RAW = f"payments-ledger-{PAYMENTS}", f"payments-exports-{PAYMENTS}", f"data-lake-raw-{DATA_LAKE}"
REPORTS = f"reports-{REPORTS_ACCOUNT}"
UNLOCK = "S3UnlockBucketPolicy"
PRINCIPALS = "IAM User Guide: AWS JSON policy elements: Principal"
BUCKET_POLICIES = "S3 User Guide: Bucket policies; SDK service model"


def policy(bucket: str, **changes: Any) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@fact(FACTS, "3.1", "A bucket policy that denies everyone locks administrators out, of every call", source=EVALUATION)
def locked(box: Box) -> None:
    s3 = box.client("s3", "payments-administrator", "eu-west-1")
    calls: list[tuple[str, str, dict[str, str]]] = [
        ("get_bucket_policy", "s3:GetBucketPolicy", {}),
        ("list_objects_v2", "s3:ListBucket", {}),
        ("delete_bucket_policy", "s3:DeleteBucketPolicy", {}),
        ("put_bucket_policy", "s3:PutBucketPolicy", {"Policy": "{}"}),
        ("get_object", "s3:GetObject", {"Key": "ledger/2026-10.csv"}),
    ]
    for operation, action, parameters in calls:
        resource = f"arn:aws:s3:::{LEDGER}" + (f"/{parameters['Key']}" if "Key" in parameters else "")
        text = (
            f"User: arn:aws:sts::{PAYMENTS}:assumed-role/OrganizationAccountAccessRole/payments-administrator is not "
            f'authorized to perform: {action} on resource: "{resource}" with an explicit deny in a resource-based '
            "policy"
        )
        call = getattr(s3, operation)
        assert refused(lambda call=call, given=parameters: call(Bucket=LEDGER, **given)) == ("AccessDenied", 403, text)


@fact(FACTS, "3.1", "A condition on a VPC endpoint that is gone locks as well: the key is absent", source=EVALUATION)
def locked_by_endpoint(box: Box) -> None:
    s3 = box.client("s3", "data-lake-administrator")
    assert refused(lambda: s3.get_bucket_policy(Bucket=RAW))[0] == "AccessDenied"


@fact(
    FACTS,
    "3.1",
    "A guard of TLS does not lock: requests to AWS's HTTPS endpoints count as secure",
    source=BUCKET_POLICIES,
)
def tls_guard(box: Box) -> None:
    assert box.client("s3", "payments-administrator").get_bucket_policy(Bucket=EXPORTS)["Policy"]


def _root_row(account: str, bucket: str, region: str, what: str) -> None:
    @fact(
        FACTS, "3.1", f"The owner's root user reads, replaces and deletes the policy of a bucket {what}", source=MODEL
    )
    def owners_root(box: Box) -> None:
        before = box.snapshot()
        s3, owner = as_root(box, account, UNLOCK)("s3", region), {"ExpectedBucketOwner": account}
        document = json.loads(s3.get_bucket_policy(Bucket=bucket, **owner)["Policy"])
        assert document == before["bucket_policies"][bucket]
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document), **owner)
        s3.delete_bucket_policy(Bucket=bucket, **owner)
        assert refused(lambda: s3.get_bucket_policy(Bucket=bucket))[:2] == ("NoSuchBucketPolicy", 404)
        after = box.snapshot()
        assert after["bucket_policies"].pop(bucket) is None
        before["bucket_policies"].pop(bucket)
        assert after == before


_root_row(PAYMENTS, LEDGER, "eu-west-1", "that denies everyone, root included")
_root_row(DATA_LAKE, RAW, "us-east-1", "that denies all but a VPC endpoint")


@fact(FACTS, "3.1", "A root access key of the owner's root user gets through too", source=MODEL)
def owners_root_key(box: Box) -> None:
    box.client("s3", "reports-administrator").put_bucket_policy(Bucket=REPORTS, Policy=policy(REPORTS))
    s3 = box.client("s3", "nightly-job")
    assert refused(lambda: s3.list_objects_v2(Bucket=REPORTS))[0] == "AccessDenied"
    s3.delete_bucket_policy(Bucket=REPORTS)
    assert s3.list_objects_v2(Bucket=REPORTS)["KeyCount"] == 0


@fact(
    FACTS, "3.1", "The exemption is for the three policy calls: any other call of the root user is denied", source=MODEL
)
def three_calls(box: Box) -> None:
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3", "eu-west-1")
    assert s3.get_bucket_policy(Bucket=LEDGER)["Policy"]
    for call in (s3.list_objects_v2, s3.get_bucket_acl, s3.head_bucket, s3.get_public_access_block):
        assert refused(lambda call=call: call(Bucket=LEDGER))[1] == 403


@fact(FACTS, "3.1", "Another account's root user does not get through", source=MODEL)
def other_root(box: Box) -> None:
    s3 = as_root(box, DATA_LAKE, UNLOCK)("s3", "eu-west-1")
    assert refused(lambda: s3.delete_bucket_policy(Bucket=LEDGER))[0] == "AccessDenied"


@fact(FACTS, "3.1", "An SCP over the account stops its root user", source=MODEL)
def scp_stops(box: Box) -> None:
    attach_scp(box, PAYMENTS, deny("s3:*"))
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3", "eu-west-1")
    text = refused(lambda: s3.get_bucket_policy(Bucket=LEDGER))[2]
    assert text.endswith("with an explicit deny in a service control policy")


@fact(FACTS, "3.1", "Without a policy: NoSuchBucketPolicy 404, to the root user and to administrators", source=MODEL)
def nothing_to_unlock(box: Box) -> None:
    for s3 in (box.client("s3", "reports-administrator"), as_root(box, REPORTS_ACCOUNT, UNLOCK)("s3")):
        assert refused(lambda s3=s3: s3.get_bucket_policy(Bucket=REPORTS))[:2] == ("NoSuchBucketPolicy", 404)


@fact(FACTS, "3.1", "DeleteBucketPolicy answers 204, with or without a policy to delete", source=MODEL)
def deletion(box: Box) -> None:
    s3 = as_root(box, REPORTS_ACCOUNT, UNLOCK)("s3")
    assert s3.delete_bucket_policy(Bucket=REPORTS)["ResponseMetadata"]["HTTPStatusCode"] == 204


@fact(FACTS, "3.1", "An unknown bucket: NoSuchBucket 404", source=MODEL)
def no_bucket(box: Box) -> None:
    for s3 in (box.client("s3", "reports-administrator"), as_root(box, PAYMENTS, UNLOCK)("s3")):
        got = refused(lambda s3=s3: s3.get_bucket_policy(Bucket="no-such-bucket-anywhere"))
        assert got[:2] == ("NoSuchBucket", 404)


@fact(FACTS, "3.1", "ExpectedBucketOwner that is not the owner is refused", source=MODEL)
def expected_owner(box: Box) -> None:
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3")
    calls: tuple[tuple[str, dict[str, str]], ...] = (
        ("get_bucket_policy", {}),
        ("put_bucket_policy", {"Policy": policy(EXPORTS)}),
        ("delete_bucket_policy", {}),
    )
    for operation, given in calls:
        call = getattr(s3, operation)
        got = refused(lambda call=call, given=given: call(Bucket=EXPORTS, ExpectedBucketOwner=DATA_LAKE, **given))
        assert got[:2] == ("AccessDenied", 403)


@fact(
    FACTS, "3.1", "Another account that a policy permits gets 405 MethodNotAllowed, one it does not 403", source=MODEL
)
def owners_business(box: Box) -> None:
    admitted = policy(
        REPORTS, Effect="Allow", Principal={"AWS": "arn:aws:iam::444455556666:root"}, Action="s3:GetBucketPolicy"
    )
    box.client("s3", "reports-administrator").put_bucket_policy(Bucket=REPORTS, Policy=admitted)
    stranger = box.client("s3", "legacy-web-administrator")
    assert refused(lambda: stranger.get_bucket_policy(Bucket=REPORTS))[:2] == ("MethodNotAllowed", 405)
    assert refused(lambda: stranger.delete_bucket_policy(Bucket=REPORTS))[:2] == ("AccessDenied", 403)


# Regions


@fact(FACTS, "3.1", "A call to another Region is redirected, 301, to the bucket's; botocore follows")
def redirect(box: Box) -> None:
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3", "us-east-1")
    assert s3.get_bucket_policy(Bucket=LEDGER)["Policy"]
    assert [event["status"] for event in box.events() if event["action"] == "s3:GetBucketPolicy"] == [301, 200]


@fact(FACTS, "3.1", "HeadBucket names the Region in a header whatever else it answers, on 403 too", source=MODEL)
def region_header(box: Box) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{box.url}/{LEDGER}", method="HEAD"))
    assert (caught.value.code, caught.value.headers["x-amz-bucket-region"]) == (403, "eu-west-1")
    assert box.client("s3", "reports-administrator").head_bucket(Bucket=REPORTS)["BucketRegion"] == "us-east-1"


@fact(
    FACTS, "3.1", "ListBuckets names Regions in paginated requests only, and filters by Region and prefix", source=MODEL
)
def list_names_regions(box: Box) -> None:
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3")
    listed = s3.list_buckets(MaxBuckets=100)["Buckets"]
    assert {one["Name"]: one["BucketRegion"] for one in listed} == {LEDGER: "eu-west-1", EXPORTS: "us-east-1"}
    assert [one["Name"] for one in s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]] == [LEDGER]
    assert [one["Name"] for one in s3.list_buckets(Prefix="payments-e")["Buckets"]] == [EXPORTS]
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0]


@fact(FACTS, "3.1", "ListBuckets has pages: MaxBuckets and ContinuationToken", source=MODEL)
def list_has_pages(box: Box) -> None:
    s3 = as_root(box, PAYMENTS, UNLOCK)("s3")
    first = s3.list_buckets(MaxBuckets=1)
    assert [one["Name"] for one in first["Buckets"]] == [EXPORTS]
    rest = s3.list_buckets(MaxBuckets=1, ContinuationToken=first["ContinuationToken"])
    assert [one["Name"] for one in rest["Buckets"]] == [LEDGER]
    assert "ContinuationToken" not in rest


# What S3 refuses to store


@fact(
    FACTS, "3.1", "What is no policy of this bucket is MalformedPolicy, and nothing is stored", source="public reports"
)
def malformed(box: Box) -> None:
    s3 = box.client("s3", "reports-administrator")
    for document in (
        "no json",
        "{}",
        policy(EXPORTS),
        policy(REPORTS, Effect="Maybe"),
        policy(REPORTS, Sid="x" * 20480),
    ):
        got = refused(lambda document=document: s3.put_bucket_policy(Bucket=REPORTS, Policy=document))
        assert got[:2] == ("MalformedPolicy", 400)
    assert box.snapshot()["bucket_policies"][REPORTS] is None


@fact(
    FACTS,
    "3.1",
    "A policy naming a role or user that is not there is refused: Invalid principal in policy",
    source=PRINCIPALS,
)
def nobody_named(box: Box) -> None:
    s3 = box.client("s3", "reports-administrator")
    for gone in ("role/Gone", "user/gone"):
        document = policy(REPORTS, Principal={"AWS": f"arn:aws:iam::{REPORTS_ACCOUNT}:{gone}"})
        got = refused(lambda document=document: s3.put_bucket_policy(Bucket=REPORTS, Policy=document))
        assert got == ("MalformedPolicy", 400, "Invalid principal in policy")
    strangers = policy(REPORTS, Principal={"AWS": "arn:aws:iam::808080808080:role/TheirsToKnow"})
    s3.put_bucket_policy(Bucket=REPORTS, Policy=strangers)


@fact(
    FACTS,
    "3.1",
    "A role or user that is deleted shows as its ID, which cannot be stored; a new one of that name is another one",
    source=PRINCIPALS,
)
def deleted_principals(box: Box) -> None:
    s3, iam = box.client("s3", "reports-administrator"), box.client("iam", "reports-administrator")
    trust = {"Effect": "Allow", "Principal": {"AWS": REPORTS_ACCOUNT}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="Auditing", Path="/teams/", AssumeRolePolicyDocument=document)["Role"]
    user = iam.create_user(UserName="auditing")["User"]
    named = policy(REPORTS, Principal={"AWS": [role["Arn"], user["Arn"]]}, Action="s3:GetBucketTagging")
    s3.put_bucket_policy(Bucket=REPORTS, Policy=named)

    iam.delete_role(RoleName="Auditing")
    iam.delete_user(UserName="auditing")
    stored = s3.get_bucket_policy(Bucket=REPORTS)["Policy"]
    assert json.loads(stored)["Statement"][0]["Principal"]["AWS"] == [role["RoleId"], user["UserId"]]
    assert role["RoleId"].startswith("AROA")
    assert user["UserId"].startswith("AIDA")
    assert refused(lambda: s3.put_bucket_policy(Bucket=REPORTS, Policy=stored))[0] == "MalformedPolicy"
    iam.create_role(RoleName="Auditing", Path="/teams/", AssumeRolePolicyDocument=document)
    assert s3.get_bucket_policy(Bucket=REPORTS)["Policy"] == stored


@fact(
    FACTS, "3.1", "An unsigned request gets what a policy admits, and Access Denied otherwise", source=BUCKET_POLICIES
)
def anonymous(box: Box) -> None:
    s3, url = box.client("s3", "reports-administrator"), f"{box.url}/{REPORTS}/public.txt"
    s3.put_object(Bucket=REPORTS, Key="public.txt", Body=b"hello")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 403
    assert b"<Message>Access Denied</Message>" in caught.value.read()
    admitted = policy(f"{REPORTS}/*", Effect="Allow", Action="s3:GetObject")
    s3.put_bucket_policy(Bucket=REPORTS, Policy=admitted)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"


@fact(
    FACTS, "5d", "The repair: the mistaken statement taken out, the guards kept, seen by the normal role", source=TASKS
)
def repair(box: Box) -> None:
    document = box.snapshot()["bucket_policies"][LEDGER]
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] != "LockedByMistake"]
    as_root(box, PAYMENTS, UNLOCK)("s3", "eu-west-1").put_bucket_policy(Bucket=LEDGER, Policy=json.dumps(document))
    s3 = box.client("s3", "payments-administrator", "eu-west-1")
    assert s3.get_object(Bucket=LEDGER, Key="ledger/2026-10.csv")["Body"].read().startswith(b"date,amount")
    assert json.loads(s3.get_bucket_policy(Bucket=LEDGER)["Policy"]) == document
