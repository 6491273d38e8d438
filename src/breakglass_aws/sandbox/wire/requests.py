# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's wire protocols: which operation a request is, with which parameters, and how results and errors are written.

Parsing, routing and serializing by botocore's service models is moto's; this module adds what a single local endpoint
needs: finding the service (in the signature's scope), virtual-host-style buckets, and error answers in each protocol.
"""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.core.model import ListShape, MapShape, Shape, StructureShape
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.wire import network_origin
from breakglass_aws.sandbox.wire.messages import SERVICES, Request, Signature
from breakglass_aws.sandbox.wire.models import protocol_of, service_model

# Services that sign with another name than their model's.
_SIGNED_AS = {"sso": "sso-admin", "tagging": "resourcegroupstaggingapi"}
_BY_TARGET = {
    "AWSIdentityStore": "identitystore",
    "AWSOrganizationsV20161128": "organizations",
    "AmazonSQS": "sqs",
    "SWBExternalService": "sso-admin",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
}
_BY_VERSION = {"2010-05-08": "iam", "2010-05-15": "cloudformation", "2011-06-15": "sts", "2012-11-05": "sqs"}
_S3_CONTROL = "/v20180820/"
_BUCKET_HOST = re.compile(
    r"(?P<bucket>.+)\.(?:127\.0\.0\.1|localhost|s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)(?::\d+)?"
)
MAX_BODY = 64 * 1024 * 1024


class _ServedRequest(MotoRequest):
    from_wsgi_server = True  # the server writes Date and Server headers


def read(environ: dict[str, Any]) -> Request:
    """Read a request as far as naming its service; `identify` does the rest."""
    content = body(environ)
    uri = environ.get("REQUEST_URI") or environ["PATH_INFO"]
    uri = uri.decode("latin-1") if isinstance(uri, bytes) else uri
    signed_path, _, raw_query = re.sub(r"^https?://[^/]*", "", uri).partition("?")
    named, raw_path = network_origin.split(signed_path)
    signature = _signature(environ.get("HTTP_AUTHORIZATION", ""), raw_query)
    request = Request(
        environ=environ,
        method=environ["REQUEST_METHOD"],
        host=environ.get("HTTP_HOST", ""),
        raw_path=raw_path or "/",
        raw_query=raw_query,
        body=content,
        signature=signature,
        service=_SIGNED_AS.get(signature.service, signature.service) if signature else "",
        region=signature.region if signature else "us-east-1",
        signed_path=signed_path or "/",
        place=named,
    )
    if not request.service:
        request.service = _unsigned_service(request)
    if request.service == "s3" and request.raw_path.startswith(_S3_CONTROL):
        request.service = "s3control"  # it signs as S3
    model = service_model(request.service)
    if model is not None:
        request.protocol = protocol_of(model, request.header("content-type"))
    return request


def body(environ: dict[str, Any]) -> bytes:
    """The whole body of a request.

    Raises:
        AwsError: It is too large, or not all of it came.
    """
    stream, given = environ["wsgi.input"], environ.get("CONTENT_LENGTH", "")
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    length = int(given) if given.isdecimal() and not chunked else 0
    if length > MAX_BODY:
        # With this status the server closes the connection, rather than read the rest.
        raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 413)
    incomplete = AwsError("IncompleteBody", "The request body terminated unexpectedly", 400)
    try:
        body = stream.read() if chunked else stream.read(length) if length else b""
    except (OSError, ValueError) as error:  # what came are no chunks, or too many
        raise incomplete from error
    if len(body) < length:
        raise incomplete
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _signature(authorization: str, raw_query: str) -> Signature | None:
    if authorization:
        head, _, rest = authorization.partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        scope, headers, signature = (parts.get(key, "") for key in ("Credential", "SignedHeaders", "Signature"))
        presigned = False
    elif "X-Amz-Signature=" in raw_query:
        query = dict(parse_qsl(raw_query, keep_blank_values=True))
        head = query.get("X-Amz-Algorithm", "")
        scope, headers, signature = (
            query.get(f"X-Amz-{key}", "") for key in ("Credential", "SignedHeaders", "Signature")
        )
        presigned = True
    else:
        return None
    pieces = scope.split("/")
    if head != "AWS4-HMAC-SHA256" or len(pieces) != 5 or pieces[4] != "aws4_request" or not signature:
        raise AwsError(
            "IncompleteSignature",
            "Authorization header requires existence of Credential, SignedHeaders and Signature "
            "with the algorithm AWS4-HMAC-SHA256.",
        )
    key_id, date, region, service = pieces[:4]
    return Signature(key_id, date, region, service, tuple(headers.lower().split(";")), signature, presigned)


def _unsigned_service(request: Request) -> str:
    target = request.header("x-amz-target").rpartition(".")[0]
    if target:
        return _BY_TARGET.get(target, target.lower())
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        return _BY_VERSION.get(request.fields.get("Version", ""), "sts")
    return "s3"


def identify(request: Request) -> None:
    """Find the operation of a call and its parameters, and where it comes from."""
    try:
        request.network = network_origin.context(request.place, request.environ.get("REMOTE_ADDR", "127.0.0.1"))
    except network_origin.PlaceError as error:
        raise AwsError("InvalidRequest", f"The endpoint's path: {error}.", 400) from error
    model = service_model(request.service)
    if request.service not in SERVICES or model is None:
        raise not_implemented(request.service or "unknown", _any_operation_name(request))
    if request.service == "s3":
        return _identify_s3(request, moto_request(request))
    labels: dict[str, Any] = {}
    if request.protocol in ("rest-json", "rest-xml"):
        try:
            request.operation, labels = _route(request)
        except HTTPException as error:
            raise AwsError(
                "UnknownOperationException", f"Unknown operation {request.method} {request.raw_path}", 404
            ) from error
    else:
        request.operation = _operation_name(request)
    if request.operation not in model.operation_names:
        if request.protocol == "query":
            raise AwsError(
                "InvalidAction", f"Could not find operation {request.operation} for version {model.api_version}"
            )
        raise AwsError("UnknownOperationException", f"Unknown operation {request.operation}")
    request.model = model.operation_model(request.operation)
    try:
        request.parameters = PROTOCOL_PARSERS[request.protocol](request.model).parse(_source(request, labels))
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError, OverflowError) as error:
        raise _unreadable(request) from error  # among them nesting without end, and times beyond all calendars
    request.parameters = request.parameters or {}
    if request.model.input_shape is not None and not _fits(request.model.input_shape, request.parameters):
        raise _unreadable(request)
    return None


def _source(request: Request, labels: dict[str, Any]) -> Any:
    """What moto's parsers look at. Forms and JSON bodies are all there is to a request, but for REST services."""
    source: dict[str, Any] = {
        "method": request.method,
        "values": request.fields,
        "headers": {},
        "body": request.body,
        "url_params": labels,
    }
    if request.protocol in ("rest-json", "rest-xml"):
        for_moto = moto_request(request)
        source |= {"headers": for_moto.headers, "url_path": for_moto.path}
    return source


def _unreadable(request: Request) -> AwsError:
    code = "MalformedQueryString" if request.protocol == "query" else "SerializationException"
    return AwsError(code, "The request cannot be read by the service's model.")


_TYPES: dict[str, type] = {
    "boolean": bool,
    "integer": int,
    "list": list,
    "long": int,
    "map": dict,
    "string": str,
    "structure": dict,
}


def _fits(shape: Shape, value: Any) -> bool:
    """Whether a parameter has the type its model says; JSON can hold anything, and moto's parser lets it through."""
    expected: Any = _TYPES.get(shape.type_name, object)
    if not isinstance(value, expected):
        return False
    if isinstance(value, bool) and shape.type_name != "boolean":
        return False
    if isinstance(shape, StructureShape):
        return all(_fits(shape.members[name], member) for name, member in value.items())
    if isinstance(shape, ListShape):
        return all(_fits(shape.member, member) for member in value)
    return not isinstance(shape, MapShape) or all(_fits(shape.value, member) for member in value.values())


def _operation_name(request: Request) -> str:
    target = request.header("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    return request.fields.get("Action", "")


def _route(request: Request) -> tuple[str, dict[str, Any]]:
    """The operation of a REST service, by method and path, and what the path names."""
    operation, labels = get_service_router(request.service).match(moto_request(request))
    return operation.name, labels


def _any_operation_name(request: Request) -> str:
    """The operation of a service the sandbox does not have, for the error text."""
    if request.protocol in ("rest-json", "rest-xml") and service_model(request.service):
        try:
            return _route(request)[0]
        except HTTPException:
            return f"{request.method} {request.raw_path}"
    return _operation_name(request) or request.method


def _identify_s3(request: Request, for_moto: MotoRequest) -> None:
    try:
        request.model, labels = get_service_router("s3").match(for_moto)
    except HTTPException as error:
        raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405) from error
    request.operation = request.model.name
    request.parameters = dict(labels)
    shape = request.model.input_shape
    for name, member in (shape.members if shape else {}).items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "querystring" and key in for_moto.args:
            request.parameters[name] = for_moto.args[key]
        elif location == "header" and key in for_moto.headers:
            request.parameters[name] = for_moto.headers[key]


def moto_request(request: Request) -> MotoRequest:
    """The request as moto shall see it: on a host it takes for local, the bucket in the path."""
    if request.moto is not None:
        return request.moto
    environ, path = request.environ, request.raw_path
    port = environ.get("SERVER_PORT", "")
    bucket = _BUCKET_HOST.fullmatch(request.host) if request.service == "s3" else None
    if bucket:
        path = f"/{bucket['bucket']}{path}"
    environ["HTTP_HOST"] = f"127.0.0.1:{port}"
    environ["RAW_URI"] = f"{path}?{request.raw_query}" if request.raw_query else path
    environ["PATH_INFO"] = unquote(path, encoding="latin-1")
    # moto looks for a region in the user agent before it looks into the signature.
    environ["HTTP_USER_AGENT"] = request.header("user-agent").replace("region/", "region-")
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
    environ["sandbox.request"] = request
    request.moto = _ServedRequest(environ)
    return request.moto


# Answers
