"""How clients address S3: buckets in the host name, presigned URLs."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import boto3
import pytest
from botocore.config import Config

REPORTS = "reports-555566667777"


def client_with_config(box, name, region="us-east-1", **config):
    keys = box.credentials(name)
    return boto3.session.Session(keys["access_key"], keys["secret_key"], keys["session_token"], region).client(
        "s3", endpoint_url=box.url, config=Config(**config)
    )


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
