"""The benchmark stub notices a request that is signed with the credentials of another account."""

from __future__ import annotations

import pytest
from benchmarks.stub import keys
from benchmarks.stub.config import Config
from benchmarks.stub.request import parse, split
from benchmarks.stub.server import Server
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ONE, OTHER = keys.new_session(keys.member(0), root=True), keys.new_session(keys.member(1), root=True)


def signed(key, body="Action=GetUser&Version=2010-05-08", *, service="iam", secret=None, token=None, path="/"):
    """A whole request."""
    url = f"http://127.0.0.1:1{path}"
    method = "GET" if service == "s3" else "POST"
    request = AWSRequest(method, url, {"Host": "127.0.0.1:1"}, body if method == "POST" else "")
    credentials = Credentials(key.access_key, secret or key.secret_key, token or key.token)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    length = len(body) if method == "POST" else 0
    return f"{method} {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body if length else ''}".encode()


def mismatches(data: bytes) -> int:
    server = Server(Config(verify=True))
    head, body, rest = split(data)
    assert rest == b""
    server.receive(parse(head, body))
    return server.stats()["mismatches"]


def test_a_request_of_its_own_session_is_fine():
    assert mismatches(signed(ONE)) == 0


@pytest.mark.parametrize("path", ["/", f"/stub-{ONE.account}-data?policy", "/?max-buckets=1000&prefix=a%2Fb%20c"])
def test_a_signed_s3_request_is_fine(path):
    assert mismatches(signed(ONE, service="s3", path=path)) == 0


@pytest.mark.parametrize(
    "data",
    [
        signed(ONE, token=OTHER.token),
        signed(ONE, secret=OTHER.secret_key),
        signed(ONE, f"Action=GetAccessKeyLastUsed&AccessKeyId=AKIA{OTHER.account}ROOT&Version=2010-05-08"),
        signed(ONE, service="s3", path=f"/stub-{OTHER.account}-data?policy"),
        signed(keys.Keys("AKIA999999999999XXXX")),
        signed(ONE).replace(b"GetUser", b"GetRole"),
    ],
    ids=["token", "secret", "parameter", "bucket", "unknown key", "changed after signing"],
)
def test_what_is_of_two_accounts_is_a_mismatch(data):
    assert mismatches(data) == 1


def test_requests_are_split_where_one_ends():
    data = signed(ONE)
    assert split(data[:-1]) is None
    assert split(data[:20]) is None
    head, body, rest = split(data + data)
    assert rest == data
    assert parse(head, body).name == "iam:GetUser"


def test_sessions_of_two_accounts_have_nothing_in_common():
    assert ONE.account != OTHER.account
    assert not {ONE.access_key, ONE.secret_key, ONE.token} & {OTHER.access_key, OTHER.secret_key, OTHER.token}
