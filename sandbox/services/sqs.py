"""SQS: moto's, in the account that owns the queue, with queue policies checked (aws-facts 3.2)."""

from __future__ import annotations

from moto.sqs.responses import SQSResponse

from sandbox.access import policy_principals
from sandbox.access.required_permissions import queue_of
from sandbox.authorization import PolicyError, queue_policy_excess, validate_queue_policy
from sandbox.errors import AwsError
from sandbox.services import inputs
from sandbox.services.moto import Forwarded, forward
from sandbox.state import State
from sandbox.wire.protocol import Answer, Call


class _Sqs(Forwarded, SQSResponse):
    pass


def handle(state: State, call: Call) -> Answer:
    for path in inputs.missing(call):
        name = ".".join(part for part in path if part != "member")
        raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")
    call.account = queue_of(call)[0]
    policy = call.parameters.get("Attributes", {}).get("Policy")
    if call.operation in ("SetQueueAttributes", "CreateQueue") and policy:
        try:
            validate_queue_policy(policy, principal_exists=policy_principals.exist(state))
        except PolicyError as error:
            raise AwsError("InvalidAttributeValue", str(error)) from error
        if excess := queue_policy_excess(policy):
            raise AwsError("OverLimit", excess, 403)
    return forward(call, _Sqs.dispatch)
