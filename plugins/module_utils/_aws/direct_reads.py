# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads of IAM and STS in sessions, made of botocore's parts without its events, which take half of a call's time.

What is sent, and what is returned or raised, is what botocore's own way gives: its serializer, signer, HTTP session,
parser and exceptions are used, and our retries. Only the events are missing: handlers of them are not called. Calls
that change something, all other protocols, and runs with botocore's debug log always take botocore's own way.
"""

from __future__ import annotations

import contextlib
import logging
import random
import typing as t
import uuid
from urllib.parse import urlencode

from ansible_collections.breakglass.aws.plugins.module_utils._aws import answers
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import Operations, is_read
from ansible_collections.breakglass.aws.plugins.module_utils._aws.read_request import ReadRequest, ReadSigner
from ansible_collections.breakglass.aws.plugins.module_utils._aws.session_credentials import SessionCredentials

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore import handlers, parsers
    from botocore.exceptions import BotoCoreError
    from botocore.retries.standard import RetryContext

_debug_log = logging.getLogger("botocore.endpoint")


class DirectReads:
    """The reads of one shared client. May be used from several threads."""

    def __init__(self, client: t.Any) -> None:
        """Raises an exception of any kind when botocore is not as expected: then its own way is taken."""
        self._client = client
        self._model = client.meta.service_model
        self._policy = client.retry_policy
        self._called: Operations = client.called_operations
        if self._model.resolved_protocol != "query":
            raise NotImplementedError(self._model.resolved_protocol)
        operation = self._model.operation_model(self._model.operation_names[0])
        context: dict[str, t.Any] = {"auth_type": operation.resolved_auth_type}
        endpoint, headers, _properties = client._resolve_endpoint_ruleset(operation, {}, context)
        signer, signing = client._request_signer, context.get("signing", {})
        if headers or (context["auth_type"] or signer.signature_version) != "v4":
            raise NotImplementedError("signing")
        region = signing.get("region") or signer.region_name
        self._signed_for = (signing.get("signing_name") or signer.signing_name, region)
        self._url = endpoint.rstrip("/") + "/"
        self._host = ReadSigner.verify(*self._signed_for, self._url)
        self._user_agent = client._user_agent_creator.to_string()
        self._send = client._endpoint.http_session.send
        self._serialize = client._serializer.serialize_to_request
        self._parser = parsers.PROTOCOL_PARSERS["query"](timestamp_parser=answers.parse_timestamp)
        self._bodies: dict[str, bytes] = {}  # of the reads without parameters

    def takes(self, operation: str) -> bool:
        """Whether a call of this operation may be made here."""
        return is_read(operation) and not _debug_log.isEnabledFor(logging.DEBUG)

    def call(self, name: str, parameters: dict[str, t.Any], credentials: SessionCredentials) -> dict[str, t.Any]:
        """The answer of a read, as botocore returns it; raises what botocore raises, and BrokenAnswer."""
        operation = self._model.operation_model(name)
        self._called.add(f"{self._model.service_name}:{name}")
        body = self._body(operation, parameters)
        invocation = str(uuid.UUID(int=random.getrandbits(128), version=4))  # it only tells calls apart
        attempt = 0
        while True:
            attempt += 1
            response: t.Any = None
            parsed: t.Any = None
            exception: Exception | None = None
            try:
                response = self._attempt(body, invocation, attempt, credentials)
            except Exception as error:
                exception = error
            else:
                parsed = self._parse(response, operation)
            context = RetryContext(
                attempt_number=attempt,
                operation_model=operation,
                http_response=response,
                parsed_response=parsed,
                caught_exception=exception,
                request_context={},
            )
            if not self._policy.repeats(context):
                break
        if exception is not None:
            raise exception
        parsed["ResponseMetadata"]["RetryAttempts"] = attempt - 1
        if response.status_code >= 300:
            raise self._client.exceptions.from_code(parsed.get("Error", {}).get("Code"))(parsed, name)
        answer: dict[str, t.Any] = parsed
        return answer

    def _body(self, operation: t.Any, parameters: dict[str, t.Any]) -> bytes:
        body = None if parameters else self._bodies.get(operation.name)
        if body is None:
            body = urlencode(self._serialize(parameters, operation)["body"]).encode()
            if not parameters:
                self._bodies[operation.name] = body
        return body

    def _attempt(self, body: bytes, invocation: str, attempt: int, credentials: SessionCredentials) -> t.Any:
        request = ReadRequest(self._url, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body)
        ReadSigner(credentials, *self._signed_for, self._host).add_auth(request)
        request.headers.update(  # botocore does not sign these either
            {
                "User-Agent": self._user_agent,
                "amz-sdk-invocation-id": invocation,
                "amz-sdk-request": f"attempt={attempt}",
                "Content-Length": str(len(body)),
            }
        )
        return self._send(request)

    def _parse(self, response: t.Any, operation: t.Any) -> dict[str, t.Any]:
        answer = {"status_code": response.status_code, "headers": response.headers, "body": response.content}
        try:
            answers.inspect_answer(operation, answer)
            parsed: dict[str, t.Any] = self._parser.parse(answer, operation.output_shape)
            if response.status_code >= 300:
                shape = self._model.shape_for_error_code((parsed.get("Error") or {}).get("Code"))
                parsed.update(self._parser.parse(answer, shape) if shape else {})
            elif self._model.service_name == "iam":  # what botocore's handler of after-call.iam does
                handlers.json_decode_policies(parsed=parsed, model=operation)
            return parsed
        except BotoCoreError as error:
            if isinstance(error, answers.BrokenAnswer):
                raise
        except Exception:  # of the parser: its text may have a part of the answer
            pass
        raise answers.broken(self._model.service_name, operation.name)
