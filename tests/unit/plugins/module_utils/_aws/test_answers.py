"""Answers that are not AWS's, or broken: an error that says what came, with nothing of its text; the ledger knows."""

from __future__ import annotations

import http.server
import re
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._aws import answers
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import perform
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from botocore import utils
from botocore.config import Config

SECRET = "PlantedSecretKey/0123456789abcdefghij+XY"
PAGE = f"<!DOCTYPE html><html><body><h1>Sign in to the network</h1>{SECRET}</body></html>"
SESSION = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAEXAMPLEEXAMPLE00</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{SECRET}T
</SessionToken><Expiration>2026-01-31T03:15:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@dataclass
class Endpoint:
    """An endpoint that gives each request the next of ``answers``: status, content type and body."""

    url: str
    answers: list[tuple[int, str, str]] = field(default_factory=list)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, body = served.answers.pop(0) if len(served.answers) > 1 else served.answers[0]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *unused: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Endpoint(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def connection(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    return Connection(
        region="eu-central-1",
        endpoint_url=endpoint.url,
        credentials={"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "x" * 40},
    )


CALLS = {
    "query": ("sts", "assume_role", {"RoleArn": "arn:aws:iam::444455556666:role/Admin", "RoleSessionName": "test"}),
    "query, no output": ("iam", "delete_access_key", {"AccessKeyId": "AKIAEXAMPLEEXAMPLE00"}),
    "json": ("organizations", "list_accounts", {}),
    "rest-json": ("account", "get_contact_information", {}),
    "rest-xml": ("s3", "list_buckets", {}),
    "rest-xml, no output": ("s3", "delete_bucket_policy", {"Bucket": "payments-ledger"}),
}
ANSWERS = {
    "a page with 200": (200, "text/html", PAGE),
    "a page with 403": (403, "text/html", PAGE),
    "a page with 502": (502, "text/html", PAGE),
    "plain text with 400": (400, "text/plain", f"squid says no {SECRET}"),
    "broken XML with 200": (200, "text/xml", SESSION[: len(SESSION) // 2]),
    "XML with something appended": (200, "text/xml", f"{SESSION}\n-- scanned {SECRET}"),
    "broken JSON with 200": (200, "application/x-amz-json-1.1", f'{{"Accounts": [{{"Name": "{SECRET}'),
    "broken JSON with 400": (400, "application/x-amz-json-1.1", f'{{"__type": "X", "message": "{SECRET}'),
    "another page with 503": (503, "text/html", f"<HTML>\n<p>{SECRET}"),
}


# Nothing reads the body of S3's answers without output.
PAIRS = [
    (call, answer)
    for call in CALLS
    for answer, (status, kind, _) in ANSWERS.items()
    if call != "rest-xml, no output" or status != 200 or kind == "text/html"
]


@pytest.mark.parametrize(("call", "answer"), PAIRS)
def test_nothing_of_an_answer_that_is_not_of_aws_is_shown(
    endpoint: Endpoint, connection: Connection, call: str, answer: str
) -> None:
    endpoint.answers = [ANSWERS[answer]]
    service, operation, arguments = CALLS[call]
    with pytest.raises(BreakglassError) as caught, explained("doing our work"):
        getattr(connection.client(service), operation)(**arguments)
    error = caught.value
    # Botocore takes an answer of S3 with status 200 and no result for one with status 500.
    assert str(ANSWERS[answer][0]) in error.cause or (service == "s3" and "HTTP status 500" in error.cause)
    text = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(vars(error.__cause__))
    text = re.sub(r"\.\.\.<\d+ lines>\.\.\.", "", text)  # tracebacks of Python 3.13 leave lines out so
    hidden = (SECRET[:16], "Sign in to the network", "squid", "<", "defect", "connection options")
    assert [part for part in hidden if part in text.replace("<botocore", "").replace("<module", "")] == []


def test_a_session_whose_answer_broke_off_is_still_a_secret_of_this_process(
    endpoint: Endpoint, connection: Connection
) -> None:
    endpoint.answers = [(200, "text/xml", SESSION[: SESSION.index("<SessionToken>") + 20])]
    with pytest.raises(BreakglassError), explained("opening a session"):
        connection.sts.assume_role(RoleArn="arn:aws:iam::444455556666:role/Admin", RoleSessionName="test")
    assert redaction.redact(f"found {SECRET}") == f"found {redaction.REMOVED}"


GONE = "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>"


@pytest.mark.parametrize(
    ("answers", "status", "attempts", "lost"),
    [
        ([(200, "text/xml", "<DeleteAccessKeyResponse/>")], "done", 1, False),
        (
            [(404, "text/xml", GONE)],
            "refused",
            1,
            False,
        ),
        ([(200, "text/xml", "<DeleteAccessKeyRes")], "unknown", 1, False),
        ([(500, "text/xml", ""), (200, "text/xml", "<DeleteAccessKeyResponse/>")], "done", 2, True),
        (
            [
                (500, "text/xml", ""),
                (404, "text/xml", GONE),
            ],
            "unknown",
            2,
            True,
        ),
        (
            [
                (400, "text/xml", "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"),
                (404, "text/xml", GONE),
            ],
            "refused",
            2,
            False,
        ),
    ],
)
def test_the_ledger_knows_how_a_call_ended(
    endpoint: Endpoint, connection: Connection, answers: list, status: str, attempts: int, lost: bool
) -> None:
    endpoint.answers = answers
    iam = connection.client("iam")
    ended = perform(lambda: iam.delete_access_key(AccessKeyId="AKIAEXAMPLEEXAMPLE00"), "deleting")
    assert (ended.status, ended.answer_lost) == (status, lost and status != "done")
    [entry] = connection.calls.made
    assert (entry["status"], entry["attempts"], entry["answer_lost"]) == (status, attempts, lost)
    assert connection.calls.changed == (status != "refused")


def test_a_call_that_never_left_is_refused_and_changed_nothing() -> None:
    connection = Connection(
        region="eu-central-1",
        endpoint_url="http://127.0.0.1:9",
        credentials={"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "x" * 40},
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(BreakglassError, match="No answer while deleting"), explained("deleting"):
        connection.client("iam").delete_access_key(AccessKeyId="AKIAEXAMPLEEXAMPLE00")
    assert [entry["status"] for entry in connection.calls.made] == ["refused"]
    assert not connection.calls.changed


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 2, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 31, 3, 15, 0, 123000, tzinfo=UTC),
        datetime(2199, 12, 31, 1, 2, 3, 4, tzinfo=UTC),
    ],
    ids=str,
)
def test_a_moment_is_that_of_botocore(moment: datetime) -> None:
    texts = [format_datetime(moment, usegmt=True)]
    for zone in ("Z", "+00:00", "+02:00", ""):
        texts += [moment.strftime("%Y-%m-%dT%H:%M:%S") + zone, moment.replace(tzinfo=None).isoformat() + zone]
    seconds = moment.timestamp()
    for value in (*texts, seconds, int(seconds), str(int(seconds))):
        assert answers.parse_timestamp(value) == utils.parse_timestamp(value)
