"""No request is ever sent with the credentials of another session, whatever happens to it on its way."""

from __future__ import annotations

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.client_pool import SessionCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller, Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import NotSent
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import answer, refusal, signer_of

OPERATOR = {"aws_access_key_id": "AKIAOPERATOR", "aws_secret_access_key": "secret", "aws_session_token": None}
GOOD = "<GetUserResponse><GetUserResult><User><UserName>u</UserName></User></GetUserResult></GetUserResponse>"
LIST = (
    "<R><ListAccessKeysResult><AccessKeyMetadata/><IsTruncated>{more}</IsTruncated><Marker>m</Marker>"
    "</ListAccessKeysResult></R>"
)


pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAMBIENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    return Connection(credentials=OPERATOR)


def credentials(number: int) -> SessionCredentials:
    return SessionCredentials(f"ASIA{number}", f"secret-{number}", f"token-{number}")


def answering(client: Any, react: Any) -> list[Any]:
    """Let ``react`` answer the requests of a shared client; the requests."""
    sent: list[Any] = []

    def send(request: Any) -> Any:
        sent.append(request)
        return react(request)

    client._endpoint.http_session.send = send
    if getattr(client, "direct_reads", None):
        client.direct_reads._send = send
    return sent


def named(request: Any) -> str:
    """The user that a request of IAM names, which in these tests stands for the account."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    return parse_qs(body)["UserName"][0]


def test_all_sessions_share_one_client_for_a_service_and_region(connection: Connection) -> None:
    one, other = (connection.in_session(credentials(number)) for number in (1, 2))
    assert one.client("iam")._endpoint is other.client("iam")._endpoint
    assert one.client("sqs", "eu-west-1")._endpoint is not one.client("sqs", "eu-west-2")._endpoint
    assert connection.client("iam")._endpoint is not one.client("iam")._endpoint
    assert connection.client("iam") is connection.client("iam")


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), threads=st.integers(2, 8))
def test_each_attempt_is_signed_by_its_own_session(seed: int, threads: int) -> None:
    """Threads call through handles of many sessions at once; attempts are throttled, cut, refused, repeated."""
    connection = Connection(credentials=OPERATOR)
    fate, lock, wrong = random.Random(seed), threading.Lock(), []

    def react(request: Any) -> Any:
        number = named(request)
        if signer_of(request) != (f"ASIA{number}", f"token-{number}"):
            wrong.append((number, signer_of(request)))
        with lock:
            chance = fate.random()
        if chance < 0.2:
            return refusal(request, "Throttling")
        if chance < 0.3:
            return refusal(request, "InternalFailure", 500)
        if chance < 0.4:
            raise EndpointConnectionError(endpoint_url=request.url)
        if chance < 0.5:
            return answer(request, 200, "<cut")
        if chance < 0.6:
            return refusal(request, "AccessDenied", 403)
        operation = request.body if isinstance(request.body, str) else request.body.decode()
        return answer(request, 200, LIST.format(more=str(chance < 0.7).lower()) if "ListAccess" in operation else GOOD)

    sent = answering(connection.in_session(credentials(0)).client("iam"), react)

    def work(number: int) -> None:
        iam = connection.in_session(credentials(number)).client("iam")
        pages = iam.get_paginator("list_access_keys").paginate(UserName=str(number), PaginationConfig={"MaxItems": 3})
        for call in (lambda: iam.get_user(UserName=str(number)), lambda: list(pages)):
            with contextlib.suppress(BotoCoreError, ClientError):
                call()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(30)))
    assert len(sent) >= 60
    assert wrong == []


def test_a_call_of_another_session_within_a_call_leaves_it_its_own(connection: Connection) -> None:
    """As a handler of botocore's events, or anything else that calls while a call is under way, would make one."""
    outer, inner = (connection.in_session(credentials(number)).client("sqs", "eu-west-1") for number in (1, 2))

    def react(request: Any) -> Any:
        if signer_of(request) == ("ASIA1", "token-1") and len(sent) == 1:
            inner.list_queues()
            return refusal(request, "InternalFailure", 500)  # and the first call is sent again
        return answer(request, 200, "{}")

    sent = answering(outer, react)
    outer.list_queues()
    assert [signer_of(request)[0] for request in sent] == ["ASIA1", "ASIA2", "ASIA1"]


def test_a_redirect_of_s3_is_followed_as_the_same_session(connection: Connection) -> None:
    """Botocore asks for the bucket's Region with HeadBucket, as the shared client, and signs the call again."""
    session = connection.in_session(credentials(7))

    def react(request: Any) -> Any:
        if request.method == "HEAD":
            return answer(request, 301, x_amz_bucket_region="eu-west-1")
        if "eu-west-1" not in urlsplit(request.url).hostname:
            return refusal(request, "PermanentRedirect", 301)
        return answer(request, 200, "{}")

    sent = answering(session.client("s3"), react)
    assert session.client("s3").get_bucket_policy(Bucket="ledger")["Policy"] == "{}"
    methods = [request.method for request in sent]
    assert methods[0] == methods[-1] == "GET"
    assert "HEAD" in methods
    assert {signer_of(request) for request in sent} == {("ASIA7", "token-7")}


def test_a_shared_client_without_a_session_sends_nothing(connection: Connection) -> None:
    shared = connection._pool._shared("iam", None)
    sent = answering(shared, lambda request: answer(request, 200, GOOD))
    connection.in_session(credentials(1)).client("iam").get_user()
    with pytest.raises(NotSent, match="no session is bound"):
        shared.get_user()
    with pytest.raises(NotSent, match="no session is bound"):
        connection.in_session(credentials(1)).client("iam").generate_presigned_url("get_user")
    assert len(sent) == 1


@pytest.mark.parametrize("forged", ["other key", "other token", "unsigned"])
def test_what_another_signature_replaced_is_not_sent(connection: Connection, forged: str) -> None:
    iam = connection.in_session(credentials(1)).client("iam")

    def forge(request: Any, **unused: Any) -> None:
        if forged == "other token":
            request.headers.replace_header("X-Amz-Security-Token", "token-2")
        elif forged == "unsigned":
            del request.headers["Authorization"]
        else:
            text = request.headers["Authorization"].replace("ASIA1", "ASIA12")
            request.headers.replace_header("Authorization", text)

    iam.meta.events.register_last("request-created", forge)
    sent = answering(iam, lambda request: answer(request, 200, GOOD))
    with pytest.raises(NotSent, match="not signed with the credentials of its session"):
        iam.delete_login_profile()
    assert sent == []
    assert [(call["operation"], call["status"]) for call in connection.calls.made] == [
        ("DeleteLoginProfile", "refused")
    ]


def test_the_ledger_names_the_session_that_called(connection: Connection) -> None:
    for number in (1, 2):
        iam = connection.in_session(credentials(number)).client("iam")
        if number == 1:
            answering(iam, lambda request: answer(request, 200, "<DeleteLoginProfileResponse/>"))
        iam.delete_login_profile()
    assert [call["access_key_id"] for call in connection.calls.made] == ["ASIA1", "ASIA2"]
    assert connection.calls.changed


@pytest.mark.parametrize("missing", ["access_key", "secret_key", "token"])
def test_credentials_of_a_session_have_three_parts(missing: str) -> None:
    parts = {"access_key": "ASIA1", "secret_key": "secret", "token": "token", missing: ""}
    with pytest.raises(ValueError, match="three parts"):
        SessionCredentials(**parts)


def test_no_text_of_the_credentials_shows_a_secret() -> None:
    assert repr(credentials(3)) == "<credentials ASIA3>"


def test_a_role_is_assumed_without_a_client_of_its_own(connection: Connection) -> None:
    connection.__dict__["caller"] = Caller("111122223333", "arn:aws:iam::111122223333:user/operator")
    issued = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA5</AccessKeyId><SecretAccessKey>secret-5"
        "</SecretAccessKey><SessionToken>token-5</SessionToken><Expiration>2026-01-31T03:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    answering(connection.sts, lambda request: answer(request, 200, issued))
    role = assume(connection, "444455556666", "Admin")
    sent = answering(role.client("iam"), lambda request: answer(request, 200, GOOD))
    role.client("iam").get_user()
    assert signer_of(sent[0]) == ("ASIA5", "token-5")
    assert role.calls is connection.calls
    assert "caller" not in role.__dict__
    assert role.sts is not connection.sts
