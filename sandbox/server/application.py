"""The WSGI application: read, authenticate, authorize, serve, record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from email.utils import format_datetime
from http.client import responses
from typing import Any

from sandbox.access import authentication, authorizer, required_permissions
from sandbox.cloudtrail import recorder
from sandbox.errors import AwsError
from sandbox.faults import injector
from sandbox.server import control_api
from sandbox.services import (
    account,
    cloudformation,
    cloudtrail,
    iam,
    identitystore,
    organizations,
    s3,
    sqs,
    sso_admin,
    sts,
)
from sandbox.state import State, now
from sandbox.wire import protocol
from sandbox.wire.protocol import Answer, Call

_LOG = logging.getLogger("sandbox")
_SERVICES = {
    "account": account,
    "cloudformation": cloudformation,
    "cloudtrail": cloudtrail,
    "iam": iam,
    "identitystore": identitystore,
    "organizations": organizations,
    "s3": s3,
    "sqs": sqs,
    "sso-admin": sso_admin,
    "sts": sts,
}
_OWN = ("content-length", "date")  # headers that are written here, whatever service answers
_GLOBAL = ("account", "iam", "organizations")  # one endpoint a partition, whatever region a client signs for

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """An AWS endpoint for one organization."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self._catch_up()
        path = environ.get("PATH_INFO", "")
        answer = self._control(environ, path) if path.startswith(control_api.PREFIX) else self.serve(environ)
        fault: injector.Fault | None = environ.get(injector.HIT)
        if fault is not None and environ["REQUEST_METHOD"] != "HEAD":
            answer = answer._replace(body=answer.body + fault.appended)
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OWN]
        length = next((value for name, value in answer.headers.items() if name.lower() == "content-length"), "0")
        headers.append(("Date", format_datetime(now(), usegmt=True)))
        # HEAD tells the length of what GET would send.
        headers.append(("Content-Length", length if environ["REQUEST_METHOD"] == "HEAD" else str(len(answer.body))))
        body = fault.deliver(answer.body) if fault else [answer.body]
        start_response(f"{answer.status} {responses.get(answer.status, 'Answer')}", headers)
        return body

    def _control(self, environ: dict[str, Any], path: str) -> Answer:
        try:
            return control_api.answer(self.state, environ["REQUEST_METHOD"], path, protocol.body(environ))
        except AwsError as error:
            return control_api.failure(error.message, error.status)
        except RecursionError:
            return control_api.failure("the body is nested too deep", 400)
        except Exception:
            _LOG.exception("%s %s failed", environ["REQUEST_METHOD"], path)
            return control_api.failure("the sandbox failed to answer; its log says why", 500)

    def _catch_up(self) -> None:
        """Do what AWS would have done meanwhile."""
        try:
            with self.state.lock:
                self.state.schedule.run(now())
        except Exception:
            _LOG.exception("something that was due could not be done")

    def serve(self, environ: dict[str, Any]) -> Answer:
        """Answer one AWS request. Whatever goes wrong, the answer is an AWS error."""
        try:
            call = protocol.read(environ)
        except AwsError as error:
            return protocol.error_answer(_unread(environ), error)
        except Exception:
            _LOG.exception("a request could not be read")
            return protocol.error_answer(
                _unread(environ), AwsError("InvalidRequest", "The request cannot be read.", 400)
            )
        answer = self._answer(call)
        recorder.record(self.state, call, answer)
        return answer

    def _answer(self, call: Call) -> Answer:
        # A queue may be polled for 20 seconds; everything else is quick and, one at a time, exact.
        guard = nullcontext() if call.service == "sqs" else self.state.lock
        extra: dict[str, str] = {}
        try:
            with guard:
                protocol.identify(call)
                call.caller = authentication.authenticate(self.state, call)
                call.account = call.caller.account
                if call.service in _GLOBAL:
                    call.region = self.state.home_region
                if self.state.weather.rules:
                    self.state.weather.meet(call)
                if call.service == "s3":
                    extra = s3.bucket_region(self.state, call)
                    s3.prepare(self.state, call)
                for need in required_permissions.needs(self.state, call):
                    call.resource = call.resource or need.resource
                    authorizer.authorize(self.state, call, need)
                result = _SERVICES[call.service].handle(self.state, call)
                answer = result if isinstance(result, Answer) else protocol.answer(call, result)
                if self.state.weather.rules:
                    self.state.weather.notice()
        except AwsError as error:
            answer = protocol.error_answer(call, error)
        except Exception:
            _LOG.exception("%s %s failed", call.service, call.operation)
            error = AwsError("InternalFailure", "The sandbox failed to answer; its log says why.", 500)
            answer = protocol.error_answer(call, error)
        return answer._replace(headers={**answer.headers, **extra})


def _unread(environ: dict[str, Any]) -> Call:
    """Enough of a call to write an error for it."""
    service = "s3" if not environ.get("HTTP_X_AMZ_TARGET") else "unknown"
    return Call(environ, environ["REQUEST_METHOD"], "", "/", "", b"", None, service, "us-east-1")
