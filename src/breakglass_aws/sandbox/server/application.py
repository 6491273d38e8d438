# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: read, authenticate, authorize, serve, record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from email.utils import format_datetime
from functools import partial
from http import client as http_client
from typing import Any

from breakglass_aws.sandbox.access import authentication, authorizer, required_permissions
from breakglass_aws.sandbox.client import CONTROL_HEADER
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.cloudtrail import event_buses, recorder
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.faults.fault import HIT
from breakglass_aws.sandbox.faults.injector import FaultInjector
from breakglass_aws.sandbox.server import control_api
from breakglass_aws.sandbox.services import (
    account,
    cloudformation,
    cloudtrail,
    ec2,
    events,
    iam,
    identitystore,
    organizations,
    s3,
    s3control,
    sqs,
    sso_admin,
    sts,
    tagging,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire import hosts, requests, responses
from breakglass_aws.sandbox.wire.messages import Request, Response

_LOG = logging.getLogger("sandbox")
_SERVICES = {
    "account": account,
    "cloudformation": cloudformation,
    "cloudtrail": cloudtrail,
    "ec2": ec2,
    "events": events,
    "iam": iam,
    "identitystore": identitystore,
    "organizations": organizations,
    "resourcegroupstaggingapi": tagging,
    "s3": s3,
    "s3control": s3control,
    "sqs": sqs,
    "sso-admin": sso_admin,
    "sts": sts,
}
_OWN = ("content-length", "date")  # headers that are written here, whatever service answers
_SAFE_METHODS = ("GET", "HEAD")
_CONTROL_HEADER = f"HTTP_{CONTROL_HEADER.upper().replace('-', '_')}"  # as WSGI names it
_GLOBAL = ("account", "iam", "organizations")  # one endpoint a partition, whatever region a client signs for

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """An AWS endpoint for one organization, with its faults."""

    def __init__(self, state: State, faults: FaultInjector) -> None:
        self.state = state
        self.faults = faults
        state.service_event_listeners = [partial(event_buses.deliver_service_event, state)]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self._catch_up()
        response, fault = self._respond(environ), None
        if HIT in environ:
            fault = environ[HIT]
        if fault is not None and environ["REQUEST_METHOD"] != "HEAD":
            response = response._replace(body=fault.changed(response.body))
        headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _OWN]
        length = next((value for name, value in response.headers.items() if name.lower() == "content-length"), None)
        headers.append(("Date", format_datetime(now(), usegmt=True)))
        if environ["REQUEST_METHOD"] == "HEAD":  # the length of what GET would return
            headers.append(("Content-Length", length or str(len(response.body))))
            response = response._replace(body=b"")
        else:
            headers.append(("Content-Length", str(len(response.body))))
        body = fault.deliver(response.body) if fault else [response.body]
        start_response(f"{response.status} {http_client.responses.get(response.status, 'Answer')}", headers)
        return body

    def _respond(self, environ: dict[str, Any]) -> Response:
        path, host = environ.get("PATH_INFO", ""), environ.get("HTTP_HOST", "")
        control = path.startswith(control_api.PREFIX)
        if not (hosts.is_loopback(host) if control else hosts.is_accepted(host)):
            return control_api.failure(f"Invalid Host header: {host!r}. Expected {hosts.ACCEPTED}.", 403)
        return self._control(environ, path) if control else self.serve(environ)

    def _control(self, environ: dict[str, Any], path: str) -> Response:
        method = environ["REQUEST_METHOD"]
        try:
            body = requests.body(environ)
            if method not in _SAFE_METHODS and not environ.get(_CONTROL_HEADER):
                return control_api.failure(f"{method} {path} needs the header {CONTROL_HEADER}: 1.", 403)
            return control_api.response(self.state, self.faults, method, path, body)
        except AwsError as error:
            return control_api.failure(error.message, error.status)
        except RecursionError:
            return control_api.failure("The body is nested too deeply.", 400)
        except Exception:
            _LOG.exception("%s %s failed", method, path)
            return control_api.failure("The sandbox failed to answer. See its log for the cause.", 500)

    def _catch_up(self) -> None:
        """Do what AWS would have done meanwhile."""
        try:
            with self.state.lock:
                self.state.schedule.run(now())
        except Exception:
            _LOG.exception("something that was due could not be done")

    def serve(self, environ: dict[str, Any]) -> Response:
        """Answer one AWS request. Whatever goes wrong, the answer is an AWS error."""
        try:
            request = requests.read(environ)
        except AwsError as error:
            return responses.error_response(_unread(environ), error)
        except Exception:
            _LOG.exception("a request could not be read")
            return responses.error_response(
                _unread(environ), AwsError("InvalidRequest", "The request cannot be read.", 400)
            )
        response = self._answer(request)
        recorder.record(self.state, request, response)
        return response

    def _answer(self, request: Request) -> Response:
        # A queue may be polled for 20 seconds; everything else is quick and, one at a time, exact.
        guard = nullcontext() if request.service == "sqs" else self.state.lock
        extra: dict[str, str] = {}
        try:
            with guard:
                requests.identify(request)
                request.identity = authentication.authenticate(self.state, request)
                request.account = request.identity.account
                if request.service in _GLOBAL:
                    request.region = self.state.home_region
                if self.faults.rules:
                    self.faults.apply(request)
                if request.service == "s3":
                    extra = s3.bucket_region(self.state, request)
                    s3.prepare(self.state, request)
                for need in required_permissions.needs(self.state, request):
                    request.resource = request.resource or need.resource
                    authorizer.authorize(self.state, request, need)
                result = _SERVICES[request.service].handle(self.state, request)
                response = result if isinstance(result, Response) else responses.response(request, result)
                if self.faults.rules:
                    self.faults.notice()
        except AwsError as error:
            response = responses.error_response(request, error)
        except Exception:
            _LOG.exception("%s %s failed", request.service, request.operation)
            failure = AwsError("InternalFailure", "The sandbox failed to answer; its log says why.", 500)
            response = responses.error_response(request, failure)
        return response._replace(headers={**response.headers, **extra})


def _unread(environ: dict[str, Any]) -> Request:
    """Enough of a call to write an error for it."""
    service = "s3" if not environ.get("HTTP_X_AMZ_TARGET") else "unknown"
    return Request(environ, environ["REQUEST_METHOD"], "", "/", "", b"", None, service, "us-east-1")
