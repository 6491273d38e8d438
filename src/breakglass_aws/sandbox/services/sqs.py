# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQS: moto's, in the account that owns the queue, with queue policies checked (aws-facts 3.2)."""

from __future__ import annotations

import re

from moto.sqs.responses import SQSResponse

from breakglass_aws.sandbox.access import policy_principals
from breakglass_aws.sandbox.access.required_permissions import queue_of
from breakglass_aws.sandbox.authorization import PolicyError, queue_policy_excess, validate_queue_policy
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.services.moto import Forwarded, forward
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response

# moto's times have fractions of a second; SQS's do not.
_TIMES = re.compile(rb'(Timestamp(?:"\s*:\s*"|</Name>\s*<Value>))(\d+)\.\d+')


class _Sqs(Forwarded, SQSResponse):
    pass


def handle(state: State, request: Request) -> Response:
    for path in inputs.missing(request):
        name = ".".join(part for part in path if part != "member")
        raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")
    request.account = queue_of(request)[0]
    policy = request.parameters.get("Attributes", {}).get("Policy")
    if request.operation in ("SetQueueAttributes", "CreateQueue") and policy:
        try:
            validate_queue_policy(policy, principal_exists=policy_principals.exist(state))
        except PolicyError as error:
            raise AwsError("InvalidAttributeValue", str(error)) from error
        if excess := queue_policy_excess(policy):
            raise AwsError("OverLimit", excess, 403)
    response = forward(request, _Sqs.dispatch)
    return response._replace(body=_TIMES.sub(rb"\1\2", response.body))
