"""Whatever is sent, the answer is an AWS error in the service's protocol, never an HTML page, and the server lives."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from sandbox.server import SandboxServer, ServerError

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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_it_still_answers(box):
    assert box.client("sts", "operator").get_caller_identity()


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
