# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client does with answers that are not AWS's, or that were cut off: their text never gets further than here.

Botocore quotes the body of an answer that it cannot parse in its exception, and makes it the message of an error. Such
a body may hold the credentials of a session, or be the page of a proxy. ``guard`` inspects each answer before the
parsers of botocore do: what is no XML or JSON ends in a BrokenAnswer, which has the HTTP status and the length of the
answer, or in a ClientError with these in place of the text.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import typing as t
import xml.etree.ElementTree
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import keep_call

try:
    from botocore import utils
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # BreakglassModule reports it
    utils = None
    BotoCoreError = ClientError = Exception


class BrokenAnswer(BotoCoreError):
    """An answer that cannot be read: cut off, with something appended, or not from AWS. It has none of its text.

    Whether the call was carried out is not known.
    """

    fmt = "{service} {operation}: the answer is unusable (HTTP {status}, {length} bytes)"


NOT_AWS = "The answer is not one of AWS:"  # how the message of an error begins that did not come from AWS

_LOOKS_LIKE_A_PAGE = re.compile(rb"(?i)\s*<(?:!doctype|html)\b")
_answer = threading.local()  # what the latest answer in this thread was: ``summary``


class _GuardedClient:
    """The first base class of clients: no exception of a parser leaves them."""

    def _make_api_call(self, operation_name: str, api_params: dict) -> t.Any:
        _answer.summary = None
        failure = None
        try:
            return super()._make_api_call(operation_name, api_params)  # type: ignore[misc]  # of botocore.client
        except (BotoCoreError, ClientError):
            raise
        except Exception as error:
            # After an answer came, only parsing it can fail. Before that it is a defect, ours or botocore's.
            if _answer.summary is None and type(error).__module__ != "botocore.parsers":
                raise
            failure = broken(self.meta.service_model.service_name, operation_name)  # type: ignore[attr-defined]
            keep_call(failure, of=error)
        raise failure  # outside of the except clause: the parser's exception does not follow it


def guard(session: t.Any) -> None:
    """Have all clients of a boto3 session guarded, those that botocore makes for itself included."""
    session.events.register("creating-client-class", _add_base)
    session.events.register("before-parse", inspect_answer)
    session.events.register("after-call", _parsed)


def _add_base(base_classes: list, **unused: t.Any) -> None:
    base_classes.insert(0, _GuardedClient)


def parse_timestamp(value: t.Any) -> datetime:
    """A moment of an answer: in ISO 8601 ten times as fast as botocore's own function, which reads all other forms."""
    with contextlib.suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo:
            return moment
    parsed: datetime = utils.parse_timestamp(value)
    return parsed


def broken(service: str, operation: str) -> BrokenAnswer:
    """The error for the latest answer in this thread, which could not be parsed."""
    status, length = _answer.summary or ("unknown", "an unknown number of")
    return BrokenAnswer(service=service, operation=operation, status=status, length=length)


def inspect_answer(operation_model: t.Any, response_dict: dict, **unused: t.Any) -> None:
    """Botocore's event before it parses an answer. What it raises ends the call."""
    body, status = response_dict.get("body"), response_dict["status_code"]
    if not isinstance(body, bytes):  # a stream
        return
    _answer.summary = (status, len(body))
    redaction.learn_from_answer(body.decode("utf-8", "replace"))
    service = operation_model.service_model
    if status < 300 and _is_response_of(operation_model.name, body):
        return  # the parser sees whether it is whole
    is_json = "json" in service.resolved_protocol
    if not body.strip() or (_is_json(body) if is_json else _is_xml(body)):
        return
    if status < 300 and _is_not_parsed(operation_model) and not _LOOKS_LIKE_A_PAGE.match(body):
        return
    if status < 300:
        name = service.service_name
        raise BrokenAnswer(service=name, operation=operation_model.name, status=status, length=len(body))
    response_dict["body"] = _stand_in(response_dict, is_json)


def _parsed(**unused: t.Any) -> None:
    _answer.summary = None


def _is_response_of(operation: str, body: bytes) -> bool:
    """Whether a body begins as the answer to this operation does in the protocol "query" of IAM, STS and SQS."""
    beginning = b"<%bResponse" % operation.encode()
    return body.startswith(beginning) and body[len(beginning) : len(beginning) + 1] in (b" ", b">")


def _is_not_parsed(operation: t.Any) -> bool:
    """Whether botocore ignores the body, or takes it as one text, such as a bucket policy."""
    shape = operation.output_shape
    if shape is None:
        return operation.service_model.resolved_protocol not in ("query", "ec2")
    payload = shape.serialization.get("payload")
    return bool(payload) and shape.members[payload].type_name in ("string", "blob")


def _is_json(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _is_xml(body: bytes) -> bool:
    try:
        root = xml.etree.ElementTree.fromstring(body)
    except (xml.etree.ElementTree.ParseError, ValueError, LookupError, RecursionError):
        return False
    return root.tag.rpartition("}")[2].lower() != "html"


def _stand_in(response: dict, is_json: bool) -> bytes:
    """The body of an error in place of one that is not AWS's."""
    status, length = response["status_code"], len(response["body"])
    message = f"{NOT_AWS} HTTP status {status} and {length} bytes"
    if is_json:
        return json.dumps({"__type": str(status), "message": message}).encode()
    return f"<ErrorResponse><Error><Code>{status}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()
