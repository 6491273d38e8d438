# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing a call on to moto: its response classes, told the account and region the sandbox has found out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.parsers.expat import ExpatError

from moto.core.responses import BaseResponse

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.wire.messages import Request, Response
from breakglass_aws.sandbox.wire.requests import moto_request
from breakglass_aws.sandbox.wire.responses import request_id_headers

# Of moto's answers: what the server writes itself, and IDs of moto's own.
_OF_MOTO = ("status", "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid")
_REQUEST_ID = re.compile(rb"(<RequestId>)([^<]*)(</RequestId>)", re.IGNORECASE)


class Forwarded(BaseResponse):
    """A moto response class that believes the sandbox: mix in before moto's class."""

    @property
    def sandbox_request(self) -> Request:
        return self.normalized_request.environ["sandbox.request"]

    def get_current_account(self) -> str:
        return self.sandbox_request.account

    def _authenticate_and_authorize_action(self, *_: Any, **__: Any) -> None:
        """The gate has decided; moto's own switch for authorization plays no part."""

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        return request.environ["sandbox.request"].region


def forward(request: Request, dispatch: Callable[..., Any]) -> Response:
    """Call moto and bring its answer into our form."""
    for_moto = moto_request(request)
    try:
        status, headers, body = dispatch(for_moto, for_moto.raw_url, for_moto.headers)
    except NotImplementedError as error:
        raise not_implemented(request.service, request.operation) from error
    except ExpatError as error:
        text = "The XML you provided was not well-formed or did not validate against our published schema"
        raise AwsError("MalformedXML", text) from error
    headers = {name: str(value) for name, value in headers.items() if name.lower() not in _OF_MOTO}
    headers |= request_id_headers(request)
    body = body if isinstance(body, bytes) else str(body).encode()
    body = _REQUEST_ID.sub(rf"\g<1>{request.request_id}\g<3>".encode(), body, count=1)
    error_code = _error_code(body) if int(status) >= 400 else None
    return Response(int(status), headers, b"" if request.method == "HEAD" else body, error_code)


def _error_code(body: bytes) -> str:
    """The error code in an answer of moto's, for the event."""
    text = body.decode("utf-8", "replace")
    for start, end in (("<Code>", "</Code>"), ('"__type": "', '"'), ('"__type":"', '"')):
        _, found, rest = text.partition(start)
        if found:
            return rest.partition(end)[0].rpartition("#")[2]
    return "Unknown"
