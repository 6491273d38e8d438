"""Answers to requests that are never sent: a handler of botocore's before-send event takes the place of the network."""

from __future__ import annotations

import io
import re
from typing import Any

from botocore.awsrequest import AWSResponse

_KEY = re.compile(r"Credential=([^/]+)/")


class _Body(io.BytesIO):
    """What urllib3 gives to botocore."""

    def stream(self, **unused: Any) -> Any:
        yield self.read()


def answer(request: Any, status: int, body: str = "", **headers: str) -> AWSResponse:
    """An HTTP response; underscores in the names of headers become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse(request.url, status, named, _Body(body.encode()))


def refusal(request: Any, code: str, status: int = 400, **headers: str) -> AWSResponse:
    """An error of a service that answers in XML."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return answer(request, status, body, **headers)


def signer_of(request: Any) -> tuple[str, str]:
    """The access key ID and the session token that a request was signed with; empty texts without a signature."""
    found = _KEY.search(_text(request.headers.get("Authorization")))
    return found[1] if found else "", _text(request.headers.get("X-Amz-Security-Token"))


def _text(header: Any) -> str:
    return header.decode() if isinstance(header, bytes) else header or ""
