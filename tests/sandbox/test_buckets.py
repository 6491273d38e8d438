"""Locked buckets: aws-facts 3.1 and 5d."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import boto3
import pytest
from botocore.config import Config
from refusals import refused

PAYMENTS, DATA_LAKE = "333344445555", "012345678901"
LEDGER, EXPORTS, RAW = f"payments-ledger-{PAYMENTS}", f"payments-exports-{PAYMENTS}", f"data-lake-raw-{DATA_LAKE}"
REPORTS = "reports-555566667777"
UNLOCK = "S3UnlockBucketPolicy"


def client_with_config(box, name, region="us-east-1", **config):
    keys = box.credentials(name)
    return boto3.session.Session(keys["access_key"], keys["secret_key"], keys["session_token"], region).client(
        "s3", endpoint_url=box.url, config=Config(**config)
    )


@pytest.mark.parametrize(
    ("operation", "action", "parameters"),
    [
        ("get_bucket_policy", "s3:GetBucketPolicy", {}),
        ("list_objects_v2", "s3:ListBucket", {}),
        ("delete_bucket_policy", "s3:DeleteBucketPolicy", {}),
        ("put_bucket_policy", "s3:PutBucketPolicy", {"Policy": "{}"}),
        ("get_object", "s3:GetObject", {"Key": "ledger/2026-10.csv"}),
    ],
)
def test_a_deny_all_locks_administrators_out(sandbox, operation, action, parameters):
    s3 = sandbox.client("s3", "payments-administrator", "eu-west-1")
    arn = f"arn:aws:s3:::{LEDGER}" + (f"/{parameters['Key']}" if "Key" in parameters else "")
    assert refused(lambda: getattr(s3, operation)(Bucket=LEDGER, **parameters)) == (
        "AccessDenied",
        403,
        f"User: arn:aws:sts::{PAYMENTS}:assumed-role/OrganizationAccountAccessRole/payments-administrator is not "
        f'authorized to perform: {action} on resource: "{arn}" with an explicit deny in a resource-based policy',
    )


def test_the_endpoint_condition_locks_too(sandbox):
    s3 = sandbox.client("s3", "data-lake-administrator")
    assert refused(lambda: s3.get_bucket_policy(Bucket=RAW))[0] == "AccessDenied"


def test_the_neighbours_are_healthy(sandbox):
    """TLS counts as used: the sandbox stands for AWS's HTTPS endpoints."""
    assert sandbox.client("s3", "payments-administrator").get_bucket_policy(Bucket=EXPORTS)["Policy"]
    reports = sandbox.client("s3", "reports-administrator")
    assert refused(lambda: reports.get_bucket_policy(Bucket=REPORTS))[:2] == ("NoSuchBucketPolicy", 404)


@pytest.mark.parametrize(("account", "bucket"), [(PAYMENTS, LEDGER), (DATA_LAKE, RAW)], ids=[LEDGER, RAW])
def test_the_owners_root_gets_through(sandbox, root_session, account, bucket):
    """3.1: read, replace, delete although the policy denies root as well."""
    before = sandbox.snapshot()
    region = "eu-west-1" if bucket == LEDGER else "us-east-1"
    s3 = root_session(account, UNLOCK)("s3", region)
    owner = {"ExpectedBucketOwner": account}
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket, **owner)["Policy"])
    assert policy == before["bucket_policies"][bucket]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy), **owner)
    s3.delete_bucket_policy(Bucket=bucket, **owner)
    assert refused(lambda: s3.get_bucket_policy(Bucket=bucket))[:2] == ("NoSuchBucketPolicy", 404)
    after = sandbox.snapshot()
    assert after["bucket_policies"].pop(bucket) is None
    before["bucket_policies"].pop(bucket)
    assert after == before, "nothing else changed"


def test_repair_opens_the_bucket_and_keeps_the_guards(sandbox, root_session):
    policy = sandbox.snapshot()["bucket_policies"][LEDGER]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] != "LockedByMistake"]
    root_session(PAYMENTS, UNLOCK)("s3", "eu-west-1").put_bucket_policy(Bucket=LEDGER, Policy=json.dumps(policy))
    s3 = sandbox.client("s3", "payments-administrator", "eu-west-1")
    body = s3.get_object(Bucket=LEDGER, Key="ledger/2026-10.csv")["Body"].read()
    assert body.startswith(b"date,amount")
    assert json.loads(s3.get_bucket_policy(Bucket=LEDGER)["Policy"]) == policy


def test_another_accounts_root_does_not_get_through(root_session):
    """The rule is the owner's; for others the denial stands."""
    s3 = root_session(DATA_LAKE, UNLOCK)("s3", "eu-west-1")
    assert refused(lambda: s3.delete_bucket_policy(Bucket=LEDGER))[0] == "AccessDenied"


def test_regions_are_followed(sandbox, root_session):
    """3.1: botocore follows the redirect; ListBuckets names the region."""
    s3 = root_session(PAYMENTS, UNLOCK)("s3", "us-east-1")
    assert s3.get_bucket_policy(Bucket=LEDGER)["Policy"]
    assert [event["status"] for event in sandbox.events() if event["action"] == "s3:GetBucketPolicy"] == [301, 200]
    buckets = s3.list_buckets(MaxBuckets=100)["Buckets"]
    assert {bucket["Name"]: bucket["BucketRegion"] for bucket in buckets} == {LEDGER: "eu-west-1", EXPORTS: "us-east-1"}


def test_the_redirect_names_the_region(sandbox):
    request = urllib.request.Request(f"{sandbox.url}/{LEDGER}", method="HEAD")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert (caught.value.code, caught.value.headers["x-amz-bucket-region"]) == (403, "eu-west-1"), "on 403 too"
    answer = sandbox.client("s3", "reports-administrator").head_bucket(Bucket=REPORTS)
    assert answer["BucketRegion"] == "us-east-1"


def test_list_buckets_pages_and_filters(sandbox, root_session):
    s3 = root_session(PAYMENTS, UNLOCK)("s3")
    first = s3.list_buckets(MaxBuckets=1)
    assert [bucket["Name"] for bucket in first["Buckets"]] == [EXPORTS]
    rest = s3.list_buckets(MaxBuckets=1, ContinuationToken=first["ContinuationToken"])
    assert [bucket["Name"] for bucket in rest["Buckets"]] == [LEDGER]
    assert "ContinuationToken" not in rest
    assert [bucket["Name"] for bucket in s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]] == [LEDGER]
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0], "3.1: only on paginated requests"


def test_expected_bucket_owner(sandbox, root_session):
    s3 = root_session(PAYMENTS, UNLOCK)("s3")
    assert refused(lambda: s3.get_bucket_policy(Bucket=EXPORTS, ExpectedBucketOwner=DATA_LAKE))[:2] == (
        "AccessDenied",
        403,
    )


def test_policies_are_the_owners_business(sandbox):
    """3.1: with permission, but of another account: 405."""
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "s3:GetBucketPolicy",
            "Resource": f"arn:aws:s3:::{REPORTS}",
        },
    }
    sandbox.client("s3", "reports-administrator").put_bucket_policy(Bucket=REPORTS, Policy=json.dumps(policy))
    stranger = sandbox.client("s3", "legacy-web-administrator")
    assert refused(lambda: stranger.get_bucket_policy(Bucket=REPORTS))[:2] == ("MethodNotAllowed", 405)
    assert refused(lambda: stranger.delete_bucket_policy(Bucket=REPORTS))[:2] == ("AccessDenied", 403)


def deny(resource: str, **changes) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource} | changes
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


MALFORMED = [
    pytest.param("no json", id="no JSON"),
    pytest.param("{}", id="no statement"),
    pytest.param(deny(f"arn:aws:s3:::{EXPORTS}"), id="another bucket"),
    pytest.param(deny(f"arn:aws:s3:::{REPORTS}", Effect="Maybe"), id="no such effect"),
    pytest.param(deny(f"arn:aws:s3:::{REPORTS}", Sid="x" * 20480), id="over 20 KB"),
]


@pytest.mark.parametrize("policy", MALFORMED)
def test_malformed_policies(sandbox, policy):
    s3 = sandbox.client("s3", "reports-administrator")
    assert refused(lambda: s3.put_bucket_policy(Bucket=REPORTS, Policy=policy))[:2] == ("MalformedPolicy", 400)
    assert sandbox.snapshot()["bucket_policies"][REPORTS] is None


def test_unknown_bucket(sandbox, root_session):
    s3 = sandbox.client("s3", "reports-administrator")
    assert refused(lambda: s3.get_bucket_policy(Bucket="no-such-bucket-anywhere"))[:2] == ("NoSuchBucket", 404)
    session = root_session(PAYMENTS, UNLOCK)("s3")
    assert refused(lambda: session.get_bucket_policy(Bucket="no-such-bucket-anywhere"))[:2] == ("NoSuchBucket", 404)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "s3.amazonaws.com", "s3.us-east-1.amazonaws.com"])
def test_virtual_host_style(sandbox, host):
    """The bucket in the host name, as SDKs send it by default."""
    s3 = client_with_config(sandbox, "reports-administrator", s3={"addressing_style": "virtual"})
    s3.meta.events.register("before-sign.s3.*", lambda request, **_: to_host(request, f"{REPORTS}.{host}"))
    s3.meta.events.register("before-send.s3.*", lambda request, **_: to_address(request, sandbox.url))
    s3.put_object(Bucket=REPORTS, Key="a b/ü+.txt", Body=b"hello")
    assert s3.get_object(Bucket=REPORTS, Key="a b/ü+.txt")["Body"].read() == b"hello"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=REPORTS)["Contents"]] == ["a b/ü+.txt"]
    assert {event["resource"] for event in sandbox.events() if event["service"] == "s3"} == {
        f"arn:aws:s3:::{REPORTS}/a b/ü+.txt",
        f"arn:aws:s3:::{REPORTS}",
    }


def to_host(request, host):
    """Sign for a host name, whether it resolves here or not."""
    parts = urlsplit(request.url)
    path = parts.path.removeprefix(f"/{REPORTS}") or "/"
    request.url = urlunsplit(("http", host, path, parts.query, ""))


def to_address(request, url):
    """Send a request to the sandbox with the host name it was signed for."""
    parts = urlsplit(request.url)
    request.headers["Host"] = parts.netloc
    request.url = urlunsplit(("http", urlsplit(url).netloc, parts.path, parts.query, ""))


def test_presigned_urls(sandbox):
    s3 = client_with_config(sandbox, "reports-administrator", signature_version="s3v4")
    s3.put_object(Bucket=REPORTS, Key="a/b.txt", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": REPORTS, "Key": "a/b.txt"}, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("b.txt", "c.txt"))
    assert caught.value.code == 403
    assert b"SignatureDoesNotMatch" in caught.value.read()


def test_anonymous_requests_get_what_a_policy_admits(sandbox):
    s3 = sandbox.client("s3", "reports-administrator")
    s3.put_object(Bucket=REPORTS, Key="public.txt", Body=b"hello")
    url = f"{sandbox.url}/{REPORTS}/public.txt"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url)
    assert caught.value.code == 403
    assert b"<Message>Access Denied</Message>" in caught.value.read()
    allow = deny(f"arn:aws:s3:::{REPORTS}/*", Effect="Allow", Action="s3:GetObject")
    s3.put_bucket_policy(Bucket=REPORTS, Policy=allow)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
