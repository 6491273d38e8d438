"""A web page that somebody opens while the sandbox runs can neither read nor change anything in it.

A page can send requests to this machine, but not with headers of its own choice to another origin without asking
first (CORS preflight), and it cannot choose the Host header. DNS rebinding gives it a host name of its own.
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.client import CONTROL_HEADER

CONTROL = {CONTROL_HEADER: "1"}
SIMPLE = {"Content-Type": "text/plain", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
CHANGES = [
    *(("POST", "reset"), ("POST", "clock"), ("POST", "faults"), ("DELETE", "faults"), ("POST", "behaviour")),
    *(("POST", "person/legacy-web/reset_password"), ("POST", "control-tower/444455556666/unenroll")),
]


def send(box: Box, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_change_needs_a_header_that_no_page_can_send(sandbox: Box, method: str, path: str) -> None:
    before = sandbox.snapshot(), sandbox.faults()
    sandbox.client("sts", "operator").get_caller_identity()
    status, body = send(sandbox, method, f"/_sandbox/{path}", b'{"advance": "1 day"}', **SIMPLE)
    assert status == 403
    assert CONTROL_HEADER in json.loads(body)["error"]
    assert (sandbox.snapshot(), sandbox.faults()) == before
    assert len(sandbox.events()) == 1  # it was not reset


def test_the_preflight_of_a_page_is_not_answered_with_consent(sandbox: Box) -> None:
    status, _ = send(
        sandbox,
        "OPTIONS",
        "/_sandbox/reset",
        **SIMPLE,
        **{"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": CONTROL_HEADER},
    )
    assert status >= 400


def test_with_the_header_the_change_is_made(sandbox: Box) -> None:
    sandbox.client("sts", "operator").get_caller_identity()
    assert send(sandbox, "POST", "/_sandbox/reset", **CONTROL)[0] == 200
    assert sandbox.events() == []


HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "203.0.113.5",
    "a b",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/_sandbox/ready", "/_sandbox/identities/operator", "/", "/payments-ledger"])
def test_the_host_must_be_this_machine(box: Box, host: str, path: str) -> None:
    name = host.format(port=urlsplit(box.url).port)
    status, body = send(box, "GET", path, Host=name)
    assert status == 403
    assert b"organization" not in body
    assert b"secret_key" not in body
    assert "127.0.0.1, localhost" in json.loads(body)["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
@pytest.mark.parametrize("port", ["", ":{port}"])
def test_the_names_of_this_machine(box: Box, host: str, port: str) -> None:
    status, body = send(box, "GET", "/_sandbox/ready", Host=host + port.format(port=urlsplit(box.url).port))
    assert (status, json.loads(body)["organization"]) == (200, "o-breakglass1")


@pytest.mark.parametrize("host", ["reports.localhost", "s3.amazonaws.com", "sts.eu-west-1.amazonaws.com"])
def test_the_control_interface_has_no_other_names(box: Box, host: str) -> None:
    """Clients of AWS use these, for buckets and behind a proxy; the control interface is under loopback names."""
    assert send(box, "GET", "/_sandbox/ready", Host=host)[0] == 403


@pytest.mark.parametrize("path", ["ready", "snapshot", "held", "secrets", "identities/operator"])
def test_head(box: Box, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    connection.request("GET", f"/_sandbox/{path}")
    got = connection.getresponse()
    body = got.read()
    connection.request("HEAD", f"/_sandbox/{path}")
    head = connection.getresponse()
    assert (head.status, head.read()) == (200, b"")
    assert head.headers["Content-Length"] == str(len(body))
    assert head.headers["Content-Type"] == "application/json"
    connection.close()
