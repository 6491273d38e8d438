# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM calls of AWS's own services in an account: through the same gate, the same IAM, the same events as anybody's.

CloudFormation StackSets and IAM Identity Center work in member accounts with service-linked roles, which SCPs do not
reach, and StackSets further with a role of its own, which they do (aws-facts 5b).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.access import authorizer, required_permissions
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.cloudtrail import recorder
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.managed_policies import import_managed_policy
from breakglass_aws.sandbox.model.sessions import Caller, session_principal
from breakglass_aws.sandbox.services import iam
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire import requests, responses
from breakglass_aws.sandbox.wire.messages import Response


@dataclass(frozen=True)
class Iam:
    """IAM as a caller in some account sees it.

    Attributes:
        service: The service that calls, for itself or for the caller, for example `cloudformation.amazonaws.com`.
    """

    state: State
    caller: Caller
    service: str

    def __call__(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call IAM.

        Raises:
            AwsError: As IAM answers.
        """
        request = requests.read(self._environ(operation, parameters))
        requests.identify(request)
        request.identity, request.account, request.region = self.caller, self.caller.account, self.state.home_region
        try:
            for need in required_permissions.needs(self.state, request):
                request.resource = request.resource or need.resource
                authorizer.authorize(self.state, request, need)
            result = iam.handle(self.state, request)
            response = result if isinstance(result, Response) else responses.response(request, result)
        except AwsError as error:
            response = responses.error_response(request, error)
        recorder.record(self.state, request, response)
        parsed = create_parser(request.protocol).parse(
            {"body": response.body, "headers": {}, "status_code": response.status},
            request.model and request.model.output_shape,
        )
        if "Error" in parsed:
            raise AwsError(parsed["Error"]["Code"], parsed["Error"]["Message"], response.status)
        return parsed

    def try_(self, operation: str, **parameters: Any) -> None:
        """Call IAM where something that is not there is as good as done."""
        try:
            self(operation, **parameters)
        except AwsError as error:
            if error.code != "NoSuchEntity":
                raise

    def _environ(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in parameters.items() if value is not None}
        model = get_service_model("iam").operation_model(operation)
        body = urlencode(create_serializer("query").serialize_to_request(given, model)["body"]).encode()
        return {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "iam.amazonaws.com",
            "SERVER_NAME": "iam.amazonaws.com",
            "SERVER_PORT": "443",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "https",
            "HTTP_USER_AGENT": self.service,
            recorder.INVOKED_BY: self.service,
        }


def trust(kind: str, principal: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {kind: principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def service_linked(state: State, account: str, service: str, name: str, policy: str) -> Caller:
    """A session of a service-linked role; the role is made when the service first needs it.

    Args:
        service: The service principal the role trusts and whose path it has.
        policy: The AWS managed policy of the role.
    """
    role = _find_service_linked(state, account, service, name)
    if role is None:
        backend, path = state.iam(account), f"/aws-service-role/{service}/"
        role = backend.create_role(name, json.dumps(trust("Service", service)), path, None, "", [], "3600", service)
        policy_arn = f"arn:{state.partition}:iam::aws:policy/aws-service-role/{policy}"
        import_managed_policy(backend, policy_arn)
        backend.attach_role_policy(policy_arn, name)
    return session_of(account, role, service.partition(".")[0])


def delete_service_linked(state: State, account: str, service: str, name: str) -> None:
    """Delete a service-linked role; its policy goes with it."""
    role, backend = _find_service_linked(state, account, service, name), state.iam(account)
    if role is not None:
        for arn in list(role.managed_policies):
            backend.detach_role_policy(arn, name)
        backend.delete_role(name)


def _find_service_linked(state: State, account: str, service: str, name: str) -> Any:
    arn = f"arn:{state.partition}:iam::{account}:role/aws-service-role/{service}/{name}"
    return next((role for role in state.iam(account).roles.values() if role.arn == arn), None)


def session_of(account: str, role: Any, session_name: str) -> Caller:
    """A session of a role that a service has assumed; its keys stay inside."""
    key = names.unique_id("ASIA", account)
    return Caller(session_principal(account, role.arn, role.id, session_name), key, issued=now())
