"""Whatever is sent, the answer is an AWS error in the service's protocol, never an HTML page, and the server lives."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.refusals import refused

from breakglass_aws.sandbox import in_process
from breakglass_aws.sandbox.client import CONTROL_HEADER
from breakglass_aws.sandbox.server.server import SandboxServer, ServerError

NOT_IMPLEMENTED = [
    ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::111122223333:role/x"}),
    ("sts", "get_federation_token", {"Name": "someone"}),
    ("organizations", "describe_effective_policy", {"PolicyType": "TAG_POLICY"}),
    ("ec2", "describe_instances", {}),
    ("dynamodb", "list_tables", {}),
    ("lambda", "list_functions", {}),
]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"), NOT_IMPLEMENTED, ids=[row[0] for row in NOT_IMPLEMENTED]
)
def test_what_is_not_there_is_named(box, service, operation, parameters):
    client = box.client(service, "operator")
    code, status, text = refused(lambda: getattr(client, operation)(**parameters))
    name = client.meta.method_to_api_mapping[operation]
    assert (code, status) == ("NotImplemented", 501)
    assert text == f"The sandbox does not implement {service}:{name}."


def send(box, method, path, headers, body=b""):
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def send_signed(box, service, method, path, headers, body):
    """A request with the operator's valid signature: what is wrong is inside."""
    keys = box.credentials("operator")
    credentials = Credentials(keys["access_key"], keys["secret_key"], keys["session_token"])
    request = AWSRequest(method, f"{box.url}{path}", data=body, headers={**headers})
    request.headers["Host"] = urlsplit(box.url).netloc
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    return send(box, method, path, dict(request.headers.items()), body)


def assert_aws_error(status, headers, body):
    assert 300 <= status < 600
    assert status != 500, body
    assert b"<html" not in body.lower()
    assert b"Traceback" not in body
    if body:
        assert body.lstrip()[:1] in (b"<", b"{")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/x-amz-json-1.1"}
TARGET = "AWSOrganizationsV20161128"

MALFORMED = [
    pytest.param("sts", "POST", "/", FORM, b"", id="no action"),
    pytest.param("sts", "POST", "/", FORM, b"Action=Nonsense&Version=2011-06-15", id="unknown action"),
    pytest.param("sts", "POST", "/", FORM, b"Action=AssumeRoot&DurationSeconds=soon", id="no number"),
    pytest.param("sts", "POST", "/", FORM, b"Action=AssumeRole", id="parameters missing"),
    pytest.param("sts", "POST", "/", FORM, b"\xff\xfe=\x00&&&===", id="no form"),
    pytest.param("sts", "POST", "/", JSON, b"{}", id="a form service asked in JSON"),
    pytest.param("iam", "POST", "/", FORM, b"Action=GetRole", id="IAM parameter missing"),
    pytest.param("iam", "POST", "/", FORM, b"Action=UpdateAccessKey&AccessKeyId=x&Status=y&UserName=z", id="no user"),
    pytest.param("organizations", "POST", "/", JSON, b"{}", id="no target"),
    pytest.param(
        "organizations", "POST", "/", {**JSON, "X-Amz-Target": f"{TARGET}.Nonsense"}, b"{}", id="unknown target"
    ),
    *(
        pytest.param(
            "organizations",
            "POST",
            "/",
            {**JSON, "X-Amz-Target": f"{TARGET}.DescribeAccount"},
            body,
            id=f"JSON {body!r}",
        )
        for body in (b"", b"[]", b"null", b"1", b'"x"', b"{", b'{"AccountId": 5}', b'{"AccountId": []}', b"\xff")
    ),
    pytest.param(
        "organizations",
        "POST",
        "/",
        {**JSON, "X-Amz-Target": f"{TARGET}.ListAccounts"},
        b'{"MaxResults": "many"}',
        id="JSON type",
    ),
    pytest.param(
        "sqs",
        "POST",
        "/",
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
        b"{}",
        id="SQS parameters missing",
    ),
    pytest.param("s3", "PUT", "/reports-555566667777?policy", {}, b"", id="empty bucket policy"),
    pytest.param("s3", "POST", "/reports-555566667777?delete", {}, b"<Delete", id="no XML"),
    pytest.param("s3", "PATCH", "/reports-555566667777", {}, b"", id="method"),
    pytest.param("s3", "GET", "/?max-buckets=none", {}, b"", id="bucket limit"),
    pytest.param("s3", "GET", "/%00%ff/%zz", {}, b"", id="path"),
    pytest.param("nonsense", "POST", "/", FORM, b"Action=X", id="unknown service"),
    pytest.param("../iam", "POST", "/", FORM, b"Action=X", id="service with a path"),
]


@pytest.mark.parametrize(("service", "method", "path", "headers", "body"), MALFORMED)
def test_malformed_requests(box, service, method, path, headers, body):
    assert_aws_error(*send_signed(box, service, method, path, headers, body))


AUTHORIZATIONS = [
    "nonsense",
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 Credential=a/b/c",
    "AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=",
    "AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00",
    "AWS a:b",
    "Basic dXNlcjpwYXNz",
    "AWS4-HMAC-SHA256 Credential=\xe9/1/2/3/aws4_request, SignedHeaders=, Signature=\xe9",
]


@pytest.mark.parametrize("authorization", AUTHORIZATIONS)
@pytest.mark.parametrize("path", ["/", "/bucket/key", "/?Action=GetUser"])
def test_malformed_signatures(box, authorization, path):
    headers = {"Authorization": authorization, **FORM}
    assert_aws_error(*send(box, "POST", path, headers, b"Action=GetCallerIdentity&Version=2011-06-15"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    service=st.sampled_from(["iam", "sts", "organizations", "sqs", "s3"]),
    operation=st.sampled_from(["AssumeRoot", "GetUser", "DescribeAccount", "SetQueueAttributes", "ListParents", ""]),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
            max_leaves=8,
        ).map(lambda value: json.dumps(value).encode()),
        st.dictionaries(
            st.sampled_from(["TargetPrincipal", "TaskPolicyArn.arn", "DurationSeconds", "UserName", "Version"]),
            st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
        ).map(lambda fields: "&".join(f"{key}={value}" for key, value in fields.items()).encode()),
    ),
)
def test_fuzzed_requests(box, service, operation, body):
    if service in ("organizations", "sqs"):
        prefix = TARGET if service == "organizations" else "AmazonSQS"
        headers = {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    else:
        headers = FORM
        body = f"Action={operation}&".encode() + body
    status, _, answer = send_signed(box, service, "POST", "/", headers, body)
    assert status != 500, answer
    assert b"<html" not in answer.lower()


# Bytes that are no request, or one that breaks off; each with the status of the answer, 0 where none may come.
HOST = b"Host: 127.0.0.1\r\n"
FORM_LINE = b"Content-Type: application/x-www-form-urlencoded\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST + FORM_LINE
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
RAW = [
    pytest.param(b"\x00\x01\x02\xff\r\n\r\n", 400, id="no HTTP"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200, 400, id="TLS"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, id="HTTP/2"),
    pytest.param(b"GET / HTTP/x\r\n\r\n", 400, id="version"),
    pytest.param(b"", 0, id="nothing"),
    pytest.param(b"GET /", 400, id="half a line"),
    pytest.param(b"GET\r\n\r\n", 400, id="a word"),
    pytest.param(b"GET bucket HTTP/1.1\r\n\r\n", 400, id="no path"),
    pytest.param(b"GET http://[::1/ HTTP/1.1\r\n\r\n", 400, id="URL without an end"),
    pytest.param(b"GET /\xc3\xa9\xff HTTP/1.1\r\n\r\n", 400, id="path in bytes"),
    pytest.param(b"GET /%zz%00%ff/../.. HTTP/1.1\r\n" + HOST + b"\r\n", 403, id="path"),
    pytest.param(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", 405, id="CONNECT"),
    pytest.param(b"F\xffO / HTTP/1.1\r\n" + HOST + b"\r\n", 405, id="method"),
    pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, id="no header"),
    pytest.param(b"GET / HTTP/1.1\r\nX: \x00\xff\r\n\r\n", 403, id="header in bytes"),
    pytest.param(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n", 414, id="line too long"),
    pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", 413, id="header too long"),
    pytest.param(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 100_000 + b"\r\n", 413, id="too many headers"),
    pytest.param(POST + b"Content-Length: soon\r\n\r\nabc", 400, id="length that is none"),
    pytest.param(POST + b"Content-Length: -5\r\n\r\nabc", 400, id="negative length"),
    pytest.param(POST + b"Content-Length: 99999999999999\r\n\r\nabc", 413, id="length beyond all memory"),
    pytest.param(POST + b"Content-Length: 70000000\r\n\r\nabc", 413, id="too long"),
    pytest.param(POST + b"Content-Length: 50\r\n\r\nabc", 400, id="more promised than sent"),
    pytest.param(POST + b"Content-Length: 3\r\n\r\nAction=GetCallerIdentity", 400, id="more sent than promised"),
    pytest.param(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", 400, id="chunks"),
    pytest.param(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n", 400, id="chunk without a size"),
    pytest.param(CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400, id="negative chunk"),
    pytest.param(CHUNKED + b"10\r\nabc", 400, id="chunk that breaks off"),
    pytest.param(CHUNKED + b"ffffffffff\r\nabc", 400, id="chunk beyond all memory"),
    pytest.param(CHUNKED + b"3\r\nabcXX0\r\n\r\n", 400, id="chunk without an end"),
    pytest.param(POST + b"Transfer-Encoding: gzip\r\n\r\nabc", 501, id="encoding"),
    pytest.param(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc", 100, id="expectation"),
    pytest.param(
        b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 403, id="upgrade"
    ),
]


def send_raw(box, data):
    """What comes back for some bytes, after which the client has no more to say."""
    address = urlsplit(box.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        with suppress(OSError):  # the server may have seen enough, and be gone
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                received += part
    return received


@pytest.mark.parametrize(("data", "status"), RAW)
def test_bytes(box, data, status):
    answer = send_raw(box, data)
    if answer or status not in (413, 414):  # who is still sending may lose the answer
        assert answer.startswith(f"HTTP/1.1 {status} ".encode() if status else b"")
        assert bool(answer) == bool(status)
    assert b"<html" not in answer.lower()
    assert b"Traceback" not in answer
    assert_it_answers(box)


PIECES = [
    *(
        b"GET ",
        b"POST ",
        b"/",
        b" HTTP/1.1",
        b"\r\n",
        b"\n",
        b"Host: localhost",
        b"Content-Length: ",
        b"5",
        b"-1",
        b":",
        b"%",
    ),
    *(b"Transfer-Encoding: chunked", b"Authorization: AWS4-HMAC-SHA256 ", b"Credential=a/b/c/sts/aws4_request", b", "),
    *(b"Signature=", b"X-Amz-Target: AWSOrganizationsV20161128.", b"?X-Amz-Signature=", b"\xff", b"\x00", b"{", b"<"),
    *(b"Action=AssumeRoot", b"Content-Type: application/x-amz-json-1.1", b"/_sandbox/"),
]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(PIECES),
            max_size=25,
        ).map(b"".join),
    )
)
def test_fuzzed_bytes(box, data):
    answer = send_raw(box, data)
    assert b"<html" not in answer.lower()
    assert b"Traceback" not in answer
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert_it_answers(box)


CONTROL = [
    *(
        ("GET", ""),
        ("GET", "nothing"),
        ("PATCH", "clock"),
        ("POST", "clock"),
        ("POST", "faults"),
        ("POST", "behaviour"),
    ),
    *(("DELETE", "faults/none"), ("POST", "person/legacy-web/sign_in"), ("POST", "person/nobody/sign_in")),
    *(("GET", "person/%ff/%00"), ("GET", "sso/a/b/c"), ("POST", "control-tower/x"), ("GET", "identities/%ff")),
]


@pytest.mark.parametrize(("method", "path"), CONTROL)
@pytest.mark.parametrize("body", [b"{", b"[5]", b"\xff", b"[" * 100_000, b'"x"', b'{"advance": 1e400}'], ids=range(6))
def test_the_control_interface_refuses_in_json(box, method, path, body):
    status, _, text = send(box, method, f"/_sandbox/{path}", {CONTROL_HEADER: "1"}, body)
    assert status in (400, 403, 404)
    assert json.loads(text).keys() >= {"error"}


def test_a_control_request_that_is_too_large(box):
    head = b"POST /_sandbox/clock HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999\r\n\r\n"
    answer = send_raw(box, head)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b'{"error": "Your proposed upload exceeds the maximum allowed size"}')


# Values that fit no member, and some that do.
TEXTS = [
    *("111122223333", "444455556666", "engineer", "BreakGlassOperator", "arn:aws:iam::aws:policy/AdministratorAccess"),
    *("iam.amazonaws.com", "payments-ledger-333344445555", "{}", '{"Statement": []}', "Resources: {X: 5}", "a" * 3000),
    *("\U0001f600", "é", "*", "-1", "%00", "${x}", "../..", "'\"<>&"),
]
VALUES = st.sampled_from([*TEXTS, *TEXTS, None, 0, -1, 10**30, 1e18, True, [], {}, [None], {"a": None}])
SESSION = botocore.session.get_session()
TARGETS = {
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    "identitystore": "AWSIdentityStore",
    "organizations": TARGET,
    "sqs": "AmazonSQS",
    "sso-admin": "SWBExternalService",
}
OWN = ["account", "cloudformation", "cloudtrail", "identitystore", "organizations", "sso-admin", "sts"]


def parameters(draw, shape, depth=0):
    """Parameters for a shape: most that are required, some others, and in the wrong places whatever comes."""
    if depth > 4 or draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if shape.type_name == "structure":
        given = [
            name for name in shape.members if draw(st.integers(0, 9)) < (9 if name in shape.required_members else 2)
        ]
        return {name: parameters(draw, shape.members[name], depth + 1) for name in given}
    if shape.type_name == "list":
        return [parameters(draw, shape.member, depth + 1) for _ in range(draw(st.integers(0, 2)))]
    if shape.type_name in ("integer", "long"):
        return draw(st.sampled_from([0, 1, 900, -1, 10**12]))
    return draw(st.sampled_from(shape.enum)) if getattr(shape, "enum", None) else draw(VALUES)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_fuzzed_calls_of_all_operations(sandbox, data):
    """Our own services answer whatever fits, or does not fit, their models; none fails."""
    model = SESSION.get_service_model(data.draw(st.sampled_from(OWN)))
    operation = model.operation_model(data.draw(st.sampled_from(model.operation_names)))
    given = parameters(data.draw, operation.input_shape) if operation.input_shape else {}
    service = "sso" if model.service_name == "sso-admin" else model.service_name
    path, headers, body = "/", {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(given).encode()
    if model.service_name in TARGETS:
        headers["X-Amz-Target"] = f"{TARGETS[model.service_name]}.{operation.name}"
    elif model.protocol == "query":
        headers, fields = FORM, given if isinstance(given, dict) else {}
        body = urlencode({"Action": operation.name, "Version": model.api_version, **fields}).encode()
    else:
        path, headers = operation.http["requestUri"], {"Content-Type": "application/json"}
    status, _, answer = send_signed(sandbox, service, operation.http["method"], path, headers, body)
    assert status != 500, answer
    assert b"<html" not in answer.lower()
    assert not answer or answer.lstrip()[:1] in (b"<", b"{")


def assert_it_answers(box):
    assert send(box, "GET", "/_sandbox/ready", {})[0] == 200


def test_it_still_answers(box):
    assert box.client("sts", "operator").get_caller_identity()


def test_one_sandbox_in_a_process(sandbox):
    sandbox.client("organizations", "operator").create_organizational_unit(
        ParentId=sandbox.client("organizations", "operator").list_roots()["Roots"][0]["Id"], Name="Kept"
    )
    with pytest.raises(ServerError, match=r"serves a sandbox already.*process of its own"), in_process():
        pass
    assert "CreateOrganizationalUnit" in [event["operation"] for event in sandbox.events()]
    assert_it_answers(sandbox)


def test_a_sandbox_that_could_not_start_is_in_nobodys_way():
    script = """
from breakglass_aws.sandbox import in_process
for wrong in ({}, {"organization": 5}):
    try:
        with in_process(wrong):
            print("served")
    except ValueError as error:
        print(type(error).__name__)
for _ in range(2):
    with in_process() as box:
        print(box.client("sts", "operator").get_caller_identity()["Account"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["OrganizationError"] * 2 + ["111122223333"] * 2, done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com"])
def test_it_serves_this_machine_only(host):
    with pytest.raises(ServerError, match="not a loopback address"):
        SandboxServer(host=host)


def test_a_client_cannot_choose_its_account(box):
    """moto's own header for that is dropped."""
    iam = box.client("iam", "payments-administrator")
    iam.meta.events.register(
        "before-send.iam.*", lambda request, **_: request.headers.__setitem__("X-Moto-Account-Id", "111122223333")
    )
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["OrganizationAccountAccessRole"]
