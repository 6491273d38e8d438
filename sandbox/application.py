"""The WSGI application: read, authenticate, authorize, serve, record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from http.client import responses
from typing import Any

from sandbox import actions, control, gate, identity, wire
from sandbox.errors import AwsError
from sandbox.services import iam, organizations, s3, sqs, sts
from sandbox.state import State, now
from sandbox.wire import Answer, Call

_LOG = logging.getLogger("sandbox")
_SERVICES = {"iam": iam, "organizations": organizations, "s3": s3, "sqs": sqs, "sts": sts}
_GLOBAL = ("iam", "organizations")  # one endpoint a partition, whatever region a client signs for
_READS = ("Assume", "Describe", "Get", "Head", "List", "Select")

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """An AWS endpoint for one organization."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(control.PREFIX):
            answer = control.answer(self.state, environ["REQUEST_METHOD"], path)
        else:
            answer = self.serve(environ)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
        length = next((value for name, value in answer.headers.items() if name.lower() == "content-length"), "0")
        # HEAD tells the length of what GET would send.
        headers.append(("Content-Length", length if environ["REQUEST_METHOD"] == "HEAD" else str(len(answer.body))))
        start_response(f"{answer.status} {responses.get(answer.status, 'Answer')}", headers)
        return [answer.body]

    def serve(self, environ: dict[str, Any]) -> Answer:
        """Answer one AWS request. Whatever goes wrong, the answer is an AWS error."""
        try:
            call = wire.read(environ)
        except AwsError as error:
            return wire.error_answer(_unread(environ), error)
        except Exception:
            _LOG.exception("a request could not be read")
            return wire.error_answer(_unread(environ), AwsError("InvalidRequest", "The request cannot be read.", 400))
        answer = self._answer(call)
        self.state.record(_event(call, answer))
        return answer

    def _answer(self, call: Call) -> Answer:
        # A queue may be polled for 20 seconds; everything else is quick and, one at a time, exact.
        guard = nullcontext() if call.service == "sqs" else self.state.lock
        extra: dict[str, str] = {}
        try:
            with guard:
                wire.identify(call)
                call.caller = identity.authenticate(self.state, call)
                call.account = call.caller.account
                if call.service in _GLOBAL:
                    call.region = self.state.home_region
                if call.service == "s3":
                    extra = s3.bucket_region(self.state, call)
                    s3.prepare(self.state, call)
                for need in actions.needs(self.state, call):
                    call.resource = call.resource or need.resource
                    gate.authorize(self.state, call, need)
                result = _SERVICES[call.service].handle(self.state, call)
                answer = result if isinstance(result, Answer) else wire.answer(call, result)
        except AwsError as error:
            answer = wire.error_answer(call, error)
        except Exception:
            _LOG.exception("%s %s failed", call.service, call.operation)
            error = AwsError("InternalFailure", "The sandbox failed to answer; its log says why.", 500)
            answer = wire.error_answer(call, error)
        return answer._replace(headers={**answer.headers, **extra})


def _unread(environ: dict[str, Any]) -> Call:
    """Enough of a call to write an error for it."""
    service = "s3" if not environ.get("HTTP_X_AMZ_TARGET") else "unknown"
    return Call(environ, environ["REQUEST_METHOD"], "", "/", "", b"", None, service, "us-east-1")


def _event(call: Call, answer: Answer) -> dict[str, Any]:
    """What can be known of a call afterwards; nothing secret is in it."""
    caller = call.caller
    return {
        "time": now().isoformat(),
        "service": call.service,
        "operation": call.operation,
        "action": actions.primary_action(call),
        "account": caller.account if caller else None,
        "principal": caller.principal.arn if caller else None,
        "access_key_id": call.signature.access_key_id if call.signature else None,
        "resource": call.resource,
        "region": call.region,
        "status": answer.status,
        "error": answer.error,
        "write": not call.operation.startswith(_READS),
        "user_agent": call.header("user-agent"),
    }
