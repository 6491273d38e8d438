"""A request as the stub reads it: just enough of HTTP, in one pass over the bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET = re.compile(rb"\r\nx-amz-target: *\w+\.(\w+)", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nx-amz-security-token: *(\S+)", re.IGNORECASE)
_CREDENTIAL = re.compile(rb"Credential=([A-Z0-9]+)/\d+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_ACTION = re.compile(rb"(?:\A|&)Action=(\w+)")
# REST operations by method and path; the rest of S3 by the query.
_S3_QUERIES = {
    "policy": "GetBucketPolicy",
    "publicAccessBlock": "GetPublicAccessBlock",
    "location": "GetBucketLocation",
}


@dataclass(slots=True)
class Request:
    """One request. ``access_key``, ``token``, ``service`` and ``region`` are those of the signature, empty without."""

    head: bytes
    body: bytes
    method: str
    path: str
    query: str
    access_key: str
    service: str
    region: str
    token: str
    operation: str

    @property
    def name(self) -> str:
        """The call as IAM policies name it: "sts:AssumeRoot"."""
        return f"{self.service}:{self.operation}"

    def parameter(self, name: str) -> str:
        """A parameter of the query protocol; empty when it is missing."""
        found = re.search(rb"(?:\A|&)" + name.encode() + rb"=([^&]*)", self.body)
        return unquote(found[1].decode().replace("+", " ")) if found else ""


def split(data: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head and body of the first request in ``data``, and what follows; None when it is not complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = data[:end]
    found = _LENGTH.search(head)
    stop = end + 4 + (int(found[1]) if found else 0)
    if len(data) < stop:
        return None
    return head, data[end + 4 : stop], data[stop:]


def parse(head: bytes, body: bytes) -> Request:
    """The request. Its operation is empty when the stub does not know it."""
    method, target = head[: head.index(b"\r\n")].decode("latin-1").split(" ")[:2]
    path, _, query = target.partition("?")
    credential = _CREDENTIAL.search(head)
    token = _TOKEN.search(head)
    access_key, region, service = (part.decode() for part in credential.groups()) if credential else ("", "", "")
    request = Request(
        head, body, method, path, query, access_key, service, region, token[1].decode() if token else "", ""
    )
    request.operation = _operation(request)
    return request


def _operation(request: Request) -> str:
    if target := _TARGET.search(request.head):
        return target[1].decode()
    if request.service == "s3":
        return _s3_operation(request)
    if request.service == "account":
        return request.path[1:2].upper() + request.path[2:]  # POST /listRegions
    action = _ACTION.search(request.body)
    return action[1].decode() if action else ""


def _s3_operation(request: Request) -> str:
    if request.method != "GET":
        return ""
    if request.path == "/":
        return "ListBuckets"
    names = parse_qs(request.query, keep_blank_values=True)
    return next((operation for name, operation in _S3_QUERIES.items() if name in names), "")
