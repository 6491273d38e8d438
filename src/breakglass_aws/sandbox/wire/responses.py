# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses in each of AWS's protocols: results by the service's model, and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from moto.core.serialize import QuerySerializer, SerializationContext, get_serializer_class

from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.wire.messages import Request, Response
from breakglass_aws.sandbox.wire.models import service_model


def response(request: Request, result: dict[str, Any] | None) -> Response:
    """A result in the protocol of the call, by the service model."""
    if request.model is None:
        raise RuntimeError("the request has no operation")
    serializer = get_serializer_class(request.service, request.protocol)
    if serializer is QuerySerializer:
        serializer = _QuerySerializer
    written = serializer(request.model, SerializationContext(request.request_id)).serialize(result)
    body = written["body"]
    return Response(
        written["status_code"],
        {**written["headers"], **request_id_headers(request)},
        body if isinstance(body, bytes) else body.encode(),
    )


class _QuerySerializer(QuerySerializer):
    """moto's, with a writer that knows that the names come from the models: half of an answer's time went there."""

    def _serialize_body(self, body: Any) -> str:
        return "".join(_elements(body))


def _elements(members: dict[str, Any]) -> Iterator[str]:
    """XML elements; a list is an element repeated, and `@xmlns` the attribute of the element around."""
    for name, value in members.items():
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                text = escape(str(one))
                yield f"<{name}>{text}</{name}>" if text else f"<{name}/>"
                continue
            inside = "".join(_elements({key: one[key] for key in one if key != "@xmlns"}))
            start = f'{name} xmlns="{one["@xmlns"]}"' if "@xmlns" in one else name
            yield f"<{start}>{inside}</{name}>" if inside else f"<{start}/>"


def error_response(request: Request, error: AwsError) -> Response:
    """An error in the form the service has for it."""
    headers = {**request_id_headers(request), **error.headers}
    if request.service == "s3":
        headers["Content-Type"] = "application/xml"
        body = _s3_error(request, error)
    elif request.protocol in ("query", "ec2", "rest-xml"):
        headers["Content-Type"] = "text/xml"
        body = _ec2_error(request, error) if request.protocol == "ec2" else _query_error(request, error)
    else:
        headers["Content-Type"] = "application/x-amz-json-1.1" if request.protocol == "json" else "application/json"
        headers["X-Amzn-ErrorType"] = error.code
        if request.service == "sqs":
            headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"
        body = json.dumps({"__type": error.code, "Message": error.message, "message": error.message, **error.fields})
    return Response(error.status, headers, b"" if request.method == "HEAD" else body.encode(), error.code)


def request_id_headers(request: Request) -> dict[str, str]:
    """The headers that name the request, as the service has them."""
    if request.service == "s3":
        return {"x-amz-request-id": request.request_id, "x-amz-id-2": request.unique_id}
    return {"x-amzn-RequestId": request.request_id}


def _members(members: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())


def _s3_error(request: Request, error: AwsError) -> str:
    members = {"Code": error.code, "Message": error.message, **error.fields}
    members |= {"RequestId": request.request_id, "HostId": request.unique_id}
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{_members(members)}</Error>'


def _query_error(request: Request, error: AwsError) -> str:
    model = service_model(request.service)
    namespace = model.metadata.get("xmlNamespace", "") if model else ""
    fault = "Sender" if error.status < 500 else "Receiver"
    members = {"Type": fault, "Code": error.code, "Message": error.message, **error.fields}
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error>{_members(members)}</Error>'
        f"<RequestId>{request.request_id}</RequestId></ErrorResponse>"
    )


def _ec2_error(request: Request, error: AwsError) -> str:
    members = _members({"Code": error.code, "Message": error.message})
    return f"<Response><Errors><Error>{members}</Error></Errors><RequestID>{request.request_id}</RequestID></Response>"
