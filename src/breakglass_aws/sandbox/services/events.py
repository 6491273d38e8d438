# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge: moto's rules, targets and event buses. `cloudtrail.event_buses` delivers the events (aws-facts 4.4)."""

from __future__ import annotations

import json
from typing import Any

from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern
from moto.events.responses import EventsHandler

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.services.moto import Forwarded, forward
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response

_OF_MOTO = (
    "CreateEventBus",
    "DeleteEventBus",
    "DeleteRule",
    "DescribeEventBus",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListEventBuses",
    "ListRuleNamesByTarget",
    "ListRules",
    "ListTargetsByRule",
    "PutPermission",
    "PutRule",
    "PutTargets",
    "RemovePermission",
    "RemoveTargets",
)
_STATES = ("DISABLED", "ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_TARGETS = (":sqs:", ":events:")
_INPUTS = ("Input", "InputPath", "InputTransformer")


class _Events(Forwarded, EventsHandler):
    pass


def handle(state: State, request: Request) -> Response | dict[str, Any]:
    parameters = request.parameters
    for path in inputs.missing(request):
        raise AwsError("ValidationException", f"Parameter {'.'.join(path)} is required.")
    if request.operation == "TestEventPattern":
        return {"Result": _matches(parameters["EventPattern"], parameters["Event"])}
    if request.operation not in _OF_MOTO:
        raise not_implemented("events", request.operation)
    if parameters.get("State", "ENABLED") not in _STATES:
        raise AwsError("ValidationException", f"Invalid State: {parameters['State']!r}. Expected {', '.join(_STATES)}.")
    if "ScheduleExpression" in parameters:
        raise not_implemented("events", "PutRule with ScheduleExpression")
    for target in parameters.get("Targets", ()):
        _check(target)
    return forward(request, _Events.dispatch)


def _check(target: dict[str, Any]) -> None:
    """Refuse what is not delivered: a rule that does nothing would prove nothing."""
    if not any(kind in target["Arn"] for kind in _TARGETS):
        raise not_implemented("events", f"PutTargets of {target['Arn']} (SQS queues and event buses are)")
    if given := [name for name in _INPUTS if name in target]:
        raise not_implemented("events", f"PutTargets with {given[0]}")


def _matches(pattern: str, event: str) -> bool:
    try:
        return EventPattern.load(pattern).matches_event(json.loads(event))
    except InvalidEventPatternException as error:
        raise AwsError("InvalidEventPatternException", str(error.message)) from error
    except ValueError as error:
        raise AwsError("ValidationException", "Parameter Event is not valid JSON.") from error
