# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of a read, signed by botocore's signer and sent by its HTTP session, with plain dicts for headers.

Botocore's own request has the classes of the email package for headers and copies them three times, which takes a sixth
of a read's processor time. ``ReadSigner.verify`` compares the signatures of both.
"""

from __future__ import annotations

import typing as t

try:
    from botocore.auth import SIGNED_HEADERS_BLACKLIST, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:  # BreakglassModule reports it
    SIGNED_HEADERS_BLACKLIST, SigV4Auth = (), object


class ReadRequest:
    """A POST request whose body is all there. It is what the signer and the HTTP session of botocore read."""

    method = "POST"
    params = None
    stream_output = False

    def __init__(self, url: str, headers: dict[str, str], body: bytes) -> None:
        self.url = url
        self.headers = headers
        self.body = body
        self.context: dict[str, t.Any] = {}
        self.to_sign: _Headers | None = None


class _Headers(t.Dict[str, str]):
    """What the signer reads of the headers."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


class ReadSigner(SigV4Auth):
    """Signs a ReadRequest."""

    def __init__(self, credentials: t.Any, service: str, region: str, host: str) -> None:
        super().__init__(credentials, service, region)
        self._host = host

    def headers_to_sign(self, request: ReadRequest) -> _Headers:
        """The headers to sign, which botocore asks for twice."""
        if request.to_sign is None:
            named = ((name.lower(), value) for name, value in request.headers.items())
            request.to_sign = _Headers((name, value) for name, value in named if name not in SIGNED_HEADERS_BLACKLIST)
            request.to_sign["host"] = self._host
        return request.to_sign

    @classmethod
    def verify(cls, service: str, region: str, url: str) -> str:
        """The host that is signed for ``url``. Raises an exception when a signature differs from botocore's."""
        headers = {"Content-Type": "text/plain", "User-Agent": "none", "amz-sdk-request": "attempt=1"}
        credentials = Credentials("nobody", "nothing", "no token")
        plain = SigV4Auth(credentials, service, region)
        host: str = plain.headers_to_sign(AWSRequest("POST", url))["host"]
        for _attempt in range(3):  # both have to be signed in the same second
            theirs, ours = AWSRequest("POST", url, headers, "a=1"), ReadRequest(url, dict(headers), b"a=1")
            plain.add_auth(theirs)
            cls(credentials, service, region, host).add_auth(ours)
            if theirs.headers["X-Amz-Date"] == ours.headers["X-Amz-Date"]:
                break
        if dict(theirs.headers) != ours.headers:
            raise NotImplementedError("signing")
        return host
