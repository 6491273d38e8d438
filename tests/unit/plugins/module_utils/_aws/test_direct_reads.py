"""A read without botocore's events sends, returns and raises what botocore's own way does."""

from __future__ import annotations

import functools
import io
import logging
import re
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.read_request import ReadSigner
from ansible_collections.breakglass.aws.plugins.module_utils._aws.session_credentials import SessionCredentials
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

pytestmark = pytest.mark.usefixtures("no_waiting")

OPERATOR = {"aws_access_key_id": "AKIAOPERATOR", "aws_secret_access_key": "secret", "aws_session_token": None}
SESSION = SessionCredentials("ASIA1", "secret-1", "token-1")
KEYS = (
    "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIA1</AccessKeyId>"
    "<Status>Active</Status><CreateDate>2024-01-31T03:00:00Z</CreateDate></member></AccessKeyMetadata>"
    "<IsTruncated>false</IsTruncated></ListAccessKeysResult><ResponseMetadata><RequestId>r-1</RequestId>"
    "</ResponseMetadata></ListAccessKeysResponse>"
)
ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>said no</Message></Error>"
    "<RequestId>r-2</RequestId></ErrorResponse>"
)
RESET = ConnectionClosedError(endpoint_url="https://iam.amazonaws.com/")
# What is answered, attempt by attempt; the last one for all further attempts.
ANSWERS: dict[str, list[Any]] = {
    "success": [(200, KEYS)],
    "a time with a fraction": [(200, KEYS.replace("03:00:00Z", "03:00:00.123Z"))],
    "a time in another form": [(200, KEYS.replace("2024-01-31T03:00:00Z", "1706670000"))],
    "an empty list": [(200, re.sub("<member>.*</member>", "", KEYS))],
    "not found": [(404, ERROR.format("NoSuchEntity"))],
    "denied": [(403, ERROR.format("AccessDenied"))],
    "expired": [(403, ERROR.format("ExpiredToken"))],
    "throttled, then not": [(400, ERROR.format("Throttling")), (400, ERROR.format("Throttling")), (200, KEYS)],
    "throttled for good": [(400, ERROR.format("Throttling"))],
    "failed for good": [(500, ERROR.format("InternalFailure"))],
    "unavailable with a page": [(503, "<html><body>Service Unavailable</body></html>")],
    "a reset, then not": [RESET, (200, KEYS)],
    "resets for good": [RESET],
    "no connection": [EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/")],
    "a page": [(200, "<!DOCTYPE html><html><body>Sign in</body></html>")],
    "well-formed HTML": [(200, "<html><body>Sign in</body></html>")],
    "cut off": [(200, KEYS[:200])],
    "another document": [(200, "<other/>")],
    "empty": [(200, "")],
    "an error without a document": [(400, "no")],
    "an error that was cut off": [(400, ERROR.format("Throttling")[:60])],
}


class Wire:
    """Takes the place of the HTTP session of a client."""

    def __init__(self, client: Any, answers: list[Any]) -> None:
        self.requests: list[Any] = []
        self._answers = answers
        client._endpoint.http_session.send = self.send
        if client.direct_reads:
            client.direct_reads._send = self.send

    def send(self, request: Any) -> AWSResponse:
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        raw = io.BytesIO(answer[1].encode())
        raw.stream = lambda **unused: iter([raw.read()])  # type: ignore[attr-defined]
        headers = {"Content-Type": "text/xml", "X-Amzn-RequestId": "r"}
        return AWSResponse(request.url, answer[0], headers, raw)


@functools.cache
def connection() -> Connection:
    return Connection(region="eu-west-1", credentials=OPERATOR)


def client(direct: bool) -> Any:
    handle = connection().in_session(SESSION).client("iam")
    assert handle.direct_reads, "the present botocore must allow direct reads"
    handle.direct_reads = handle.direct_reads if direct else None
    return handle


def outcome(handle: Any) -> Any:
    try:
        return handle.list_access_keys(MaxItems=5)
    except Exception as error:
        return type(error).__name__, str(error), getattr(error, "response", None)


@pytest.mark.parametrize("case", sorted(ANSWERS))
def test_the_result_is_that_of_botocore(case: str) -> None:
    results, requests = [], []
    for direct in (True, False):
        handle = client(direct)
        wire = Wire(handle, ANSWERS[case])
        results.append(outcome(handle))
        requests.append(wire.requests)
    assert results[0] == results[1]
    assert len(requests[0]) == len(requests[1])


def test_the_request_is_that_of_botocore() -> None:
    requests = []
    for direct in (True, False):
        handle = client(direct)
        requests.append(Wire(handle, ANSWERS["success"]))
        outcome(handle)
    ours, theirs = (wire.requests[0] for wire in requests)

    def body(request: Any) -> list[str]:
        text = request.body if isinstance(request.body, str) else request.body.decode()
        return sorted(text.split("&"))

    def header(request: Any, name: str) -> str:
        value = request.headers[name]
        return value.decode() if isinstance(value, bytes) else value

    assert ours.url == theirs.url
    assert ours.method == theirs.method == "POST"
    assert body(ours) == body(theirs)
    for name in ("Content-Type", "X-Amz-Security-Token"):
        assert header(ours, name) == header(theirs, name)
    signed_for = [re.search(r"Credential=(\S+?)/\d+/(\S+),", header(one, "Authorization")) for one in (ours, theirs)]
    assert signed_for[0].groups() == signed_for[1].groups() == ("ASIA1", "us-east-1/iam/aws4_request")
    signed = [re.search(r"SignedHeaders=(\S+),", header(one, "Authorization")) for one in (ours, theirs)]
    assert signed[0].groups() == signed[1].groups()
    assert header(ours, "Content-Length") == header(theirs, "Content-Length")
    assert "Boto3" in header(ours, "User-Agent")


def test_the_signature_is_that_of_botocore() -> None:
    host = ReadSigner.verify("iam", "us-east-1", "https://iam.amazonaws.com/")
    assert host == "iam.amazonaws.com"
    assert ReadSigner.verify("sts", "eu-west-1", "http://127.0.0.1:5599/") == "127.0.0.1:5599"


def test_with_a_signer_that_differs_reads_take_botocores_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def sign_more(self: Any, request: Any) -> str:
        return "another"

    monkeypatch.setattr(ReadSigner, "payload", sign_more)
    with pytest.raises(NotImplementedError):
        ReadSigner.verify("iam", "us-east-1", "https://iam.amazonaws.com/")
    assert Connection(region="eu-west-1", credentials=OPERATOR).in_session(SESSION).client("iam").direct_reads is None


def test_calls_that_change_something_take_botocores_way_and_are_recorded() -> None:
    handle = client(direct=True)
    Wire(handle, [(200, "<DeleteAccessKeyResponse/>")])
    handle.delete_access_key(AccessKeyId="AKIAEXAMPLEEXAMPLE00")
    assert [call["operation"] for call in connection().calls.made] == ["DeleteAccessKey"]


def test_with_botocores_debug_log_reads_take_botocores_way(caplog: pytest.LogCaptureFixture) -> None:
    handle = client(direct=True)
    Wire(handle, ANSWERS["success"])
    with caplog.at_level(logging.DEBUG, "botocore.endpoint"):
        outcome(handle)
    assert "Making request for OperationModel(name=ListAccessKeys)" in caplog.text


def test_other_protocols_take_botocores_way() -> None:
    session = connection().in_session(SESSION)
    assert session.client("s3").direct_reads is None
    assert session.client("sqs").direct_reads is None
