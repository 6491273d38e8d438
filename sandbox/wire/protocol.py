"""AWS's wire protocols: which operation a request is, with which parameters, and how results and errors are written.

Parsing, routing and serializing by botocore's service models is moto's; this module adds what a single local endpoint
needs: finding the service (in the signature's scope), virtual-host-style buckets, and error answers in each protocol.
"""

from __future__ import annotations

import io
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import QuerySerializer, SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from sandbox.errors import AwsError, not_implemented
from sandbox.state import Caller
from sandbox.wire import network_origin

# The services of the field. Others are answered by name, as not implemented.
SERVICES = (
    "account",
    "cloudformation",
    "cloudtrail",
    "iam",
    "identitystore",
    "organizations",
    "s3",
    "sqs",
    "sso-admin",
    "sts",
)
_SIGNED_AS = {"sso": "sso-admin"}  # services that sign with another name than their model's
_BY_TARGET = {
    "AWSIdentityStore": "identitystore",
    "AWSOrganizationsV20161128": "organizations",
    "AmazonSQS": "sqs",
    "SWBExternalService": "sso-admin",
    "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
}
_BY_VERSION = {"2010-05-08": "iam", "2010-05-15": "cloudformation", "2011-06-15": "sts", "2012-11-05": "sqs"}
_BUCKET_HOST = re.compile(
    r"(?P<bucket>.+)\.(?:127\.0\.0\.1|localhost|s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?)(?::\d+)?"
)
MAX_BODY = 64 * 1024 * 1024


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str | None = None


@dataclass(frozen=True)
class Signature:
    """The parts of a SigV4 signature, from the Authorization header or the query of a presigned URL."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    presigned: bool = False


@dataclass
class Call:
    """One AWS request, read.

    Attributes:
        raw_path: Path as it came, percent-encoded, without the part that names a place.
        raw_query: Query string as it came.
        request: The request as moto reads it, once it was needed; see `moto_request`.
        operation: Operation name of the service model, for example `PutBucketPolicy`.
        parameters: By the members of the operation's input shape. Of S3 only path, query and header parameters.
        caller: Who signed it; known after authentication.
        account: The account moto acts on: the caller's, or the one that owns the bucket or queue.
        resource: ARN of what the call is about, for the event.
        signed_path: Path as it came, with a place.
        place: Where it comes from, when the client said so; see `place`.
        network: The condition keys of that place, known when the call is identified.
    """

    environ: dict[str, Any]
    method: str
    host: str
    raw_path: str
    raw_query: str
    body: bytes
    signature: Signature | None
    service: str
    region: str
    protocol: str = "json"
    operation: str = ""
    model: OperationModel | None = None
    request: Request | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    account: str = ""
    resource: str | None = None
    signed_path: str = "/"
    place: str = ""
    network: dict[str, str] = field(default_factory=dict)
    request_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def header(self, name: str, default: str = "") -> str:
        key = name.upper().replace("-", "_")
        return self.environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", default)

    @cached_property
    def fields(self) -> dict[str, str]:
        """The fields of the query string and of a form in the body; of those given twice the first."""
        pairs = parse_qsl(self.raw_query, keep_blank_values=True)
        if self.header("content-type").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(reversed(pairs))

    @property
    def who(self) -> Caller:
        """The authenticated caller."""
        if self.caller is None:
            raise RuntimeError("the request has not been authenticated")
        return self.caller


class _MotoRequest(Request):
    from_wsgi_server = True  # the server writes Date and Server headers


def read(environ: dict[str, Any]) -> Call:
    """Read a request as far as naming its service; `identify` does the rest."""
    content = body(environ)
    uri = environ.get("REQUEST_URI") or environ["PATH_INFO"]
    uri = uri.decode("latin-1") if isinstance(uri, bytes) else uri
    signed_path, _, raw_query = re.sub(r"^https?://[^/]*", "", uri).partition("?")
    named, raw_path = network_origin.split(signed_path)
    signature = _signature(environ.get("HTTP_AUTHORIZATION", ""), raw_query)
    call = Call(
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
    if not call.service:
        call.service = _unsigned_service(call)
    model = _model(call.service)
    if model is not None:
        call.protocol = _protocol(model, call.header("content-type"))
    return call


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
    return Signature(*pieces[:4], tuple(headers.lower().split(";")), signature, presigned)


def _unsigned_service(call: Call) -> str:
    target = call.header("x-amz-target").rpartition(".")[0]
    if target:
        return _BY_TARGET.get(target, target.lower())
    if call.header("content-type").startswith("application/x-www-form-urlencoded"):
        return _BY_VERSION.get(call.fields.get("Version", ""), "sts")
    return "s3"


@cache
def _model(service: str) -> ServiceModel | None:
    """The service model by the signing name, or None for a service botocore does not know."""
    if not re.fullmatch(r"[a-z0-9.-]{1,60}", service):
        return None
    try:
        return get_service_model(service)
    except (UnknownServiceError, OSError):
        return None


def _protocol(model: ServiceModel, content_type: str) -> str:
    try:
        return determine_request_protocol(model, content_type)
    except NotImplementedError:
        return str(model.protocol)


def identify(call: Call) -> None:
    """Find the operation of a call and its parameters, and where it comes from."""
    try:
        call.network = network_origin.context(call.place, call.environ.get("REMOTE_ADDR", "127.0.0.1"))
    except network_origin.PlaceError as error:
        raise AwsError("InvalidRequest", f"The endpoint's path: {error}.", 400) from error
    model = _model(call.service)
    if call.service not in SERVICES or model is None:
        raise not_implemented(call.service or "unknown", _any_operation_name(call))
    if call.service == "s3":
        return _identify_s3(call, moto_request(call))
    labels: dict[str, Any] = {}
    if call.protocol == "rest-json":
        try:
            call.operation, labels = _route(call)
        except HTTPException as error:
            raise AwsError(
                "UnknownOperationException", f"Unknown operation {call.method} {call.raw_path}", 404
            ) from error
    else:
        call.operation = _operation_name(call)
    if call.operation not in model.operation_names:
        if call.protocol == "query":
            raise AwsError(
                "InvalidAction", f"Could not find operation {call.operation} for version {model.api_version}"
            )
        raise AwsError("UnknownOperationException", f"Unknown operation {call.operation}")
    call.model = model.operation_model(call.operation)
    try:
        call.parameters = PROTOCOL_PARSERS[call.protocol](call.model).parse(_source(call, labels))
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError, OverflowError) as error:
        raise _unreadable(call) from error  # among them nesting without end, and times beyond all calendars
    call.parameters = call.parameters or {}
    if call.model.input_shape is not None and not _fits(call.model.input_shape, call.parameters):
        raise _unreadable(call)
    return None


def _source(call: Call, labels: dict[str, Any]) -> dict[str, Any]:
    """What moto's parsers look at. Forms and JSON bodies are all there is to a request, but for REST services."""
    source = {"method": call.method, "values": call.fields, "headers": {}, "body": call.body, "url_params": labels}
    if call.protocol == "rest-json":
        request = moto_request(call)
        source |= {"headers": request.headers, "url_path": request.path}
    return source


def _unreadable(call: Call) -> AwsError:
    code = "MalformedQueryString" if call.protocol == "query" else "SerializationException"
    return AwsError(code, "The request cannot be read by the service's model.")


_TYPES = {"boolean": bool, "integer": int, "list": list, "long": int, "map": dict, "string": str, "structure": dict}


def _fits(shape: Shape, value: Any) -> bool:
    """Whether a parameter has the type its model says; JSON can hold anything, and moto's parser lets it through."""
    if not isinstance(value, _TYPES.get(shape.type_name, object)):
        return False
    if isinstance(value, bool) and shape.type_name != "boolean":
        return False
    if isinstance(shape, StructureShape):
        return all(_fits(shape.members[name], member) for name, member in value.items())
    if isinstance(shape, ListShape):
        return all(_fits(shape.member, member) for member in value)
    return not isinstance(shape, MapShape) or all(_fits(shape.value, member) for member in value.values())


def _operation_name(call: Call) -> str:
    target = call.header("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    return call.fields.get("Action", "")


def _route(call: Call) -> tuple[str, dict[str, Any]]:
    """The operation of a REST service, by method and path, and what the path names."""
    operation, labels = get_service_router(call.service).match(moto_request(call))
    return operation.name, labels


def _any_operation_name(call: Call) -> str:
    """The operation of a service the sandbox does not have, for the error text."""
    if call.protocol in ("rest-json", "rest-xml") and _model(call.service):
        try:
            return _route(call)[0]
        except HTTPException:
            return f"{call.method} {call.raw_path}"
    return _operation_name(call) or call.method


def _identify_s3(call: Call, request: Request) -> None:
    try:
        call.model, labels = get_service_router("s3").match(request)
    except HTTPException as error:
        raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405) from error
    call.operation = call.model.name
    call.parameters = dict(labels)
    shape = call.model.input_shape
    for name, member in (shape.members if shape else {}).items():
        location, key = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "querystring" and key in request.args:
            call.parameters[name] = request.args[key]
        elif location == "header" and key in request.headers:
            call.parameters[name] = request.headers[key]


def moto_request(call: Call) -> Request:
    """The request as moto shall see it: on a host it takes for local, the bucket in the path."""
    if call.request is not None:
        return call.request
    environ, path = call.environ, call.raw_path
    port = environ.get("SERVER_PORT", "")
    bucket = _BUCKET_HOST.fullmatch(call.host) if call.service == "s3" else None
    if bucket:
        path = f"/{bucket['bucket']}{path}"
    environ["HTTP_HOST"] = f"127.0.0.1:{port}"
    environ["RAW_URI"] = f"{path}?{call.raw_query}" if call.raw_query else path
    environ["PATH_INFO"] = unquote(path, encoding="latin-1")
    # moto looks for a region in the user agent before it looks into the signature.
    environ["HTTP_USER_AGENT"] = call.header("user-agent").replace("region/", "region-")
    environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
    environ["sandbox.call"] = call
    call.request = _MotoRequest(environ)
    return call.request


# Answers


def answer(call: Call, result: dict[str, Any] | None) -> Answer:
    """A result in the protocol of the call, by the service model."""
    if call.model is None:
        raise RuntimeError("the request has no operation")
    serializer = get_serializer_class(call.service, call.protocol)
    if serializer is QuerySerializer:
        serializer = _QuerySerializer
    written = serializer(call.model, SerializationContext(call.request_id)).serialize(result)
    body = written["body"]
    return Answer(
        written["status_code"],
        {**written["headers"], **_request_id_headers(call)},
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


def error_answer(call: Call, error: AwsError) -> Answer:
    """An error in the form the service has for it."""
    headers = {**_request_id_headers(call), **error.headers}
    if call.service == "s3":
        headers["Content-Type"] = "application/xml"
        body = _s3_error(call, error)
    elif call.protocol in ("query", "ec2", "rest-xml"):
        headers["Content-Type"] = "text/xml"
        body = _query_error(call, error)
    else:
        headers["Content-Type"] = "application/x-amz-json-1.1" if call.protocol == "json" else "application/json"
        headers["X-Amzn-ErrorType"] = error.code
        if call.service == "sqs":
            headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"
        body = json.dumps({"__type": error.code, "Message": error.message, "message": error.message, **error.fields})
    return Answer(error.status, headers, b"" if call.method == "HEAD" else body.encode(), error.code)


def _request_id_headers(call: Call) -> dict[str, str]:
    if call.service == "s3":
        return {"x-amz-request-id": call.request_id[:16].upper(), "x-amz-id-2": call.request_id}
    identifier = call.request_id
    groups = (identifier[:8], identifier[8:12], identifier[12:16], identifier[16:20], identifier[20:])
    return {"x-amzn-RequestId": "-".join(groups)}


def _members(members: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())


def _s3_error(call: Call, error: AwsError) -> str:
    members = {"Code": error.code, "Message": error.message, **error.fields}
    members |= {"RequestId": call.request_id[:16].upper(), "HostId": call.request_id}
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{_members(members)}</Error>'


def _query_error(call: Call, error: AwsError) -> str:
    model = _model(call.service)
    namespace = model.metadata.get("xmlNamespace", "") if model else ""
    fault = "Sender" if error.status < 500 else "Receiver"
    members = {"Type": fault, "Code": error.code, "Message": error.message, **error.fields}
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error>{_members(members)}</Error>'
        f"<RequestId>{call.request_id}</RequestId></ErrorResponse>"
    )
