# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudTrail: LookupEvents, the Event history of the caller's account in the Region of the endpoint (aws-facts 4)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.cloudtrail.records import Event, Key, events
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_KEPT = timedelta(days=90)
_PAGE = 50
_ATTRIBUTES: dict[str, Callable[[Event, str], bool]] = {
    "AccessKeyId": lambda event, value: event.access_key_id == value,
    "EventId": lambda event, value: event.id() == value,
    "EventName": lambda event, value: event.name == value,
    "EventSource": lambda event, value: event.source == value,
    "ReadOnly": lambda event, value: str(event.read_only).lower() == value,
    "ResourceName": lambda event, value: any(one["ResourceName"] == value for one in event.resources()),
    "ResourceType": lambda event, value: any(one["ResourceType"] == value for one in event.resources()),
    "Username": lambda event, value: event.user_name == value,
}


def handle(state: State, request: Request) -> dict[str, Any]:
    if request.operation != "LookupEvents":
        raise not_implemented("cloudtrail", request.operation)
    parameters = request.parameters
    limit = parameters.get("MaxResults", _PAGE)
    if not 1 <= limit <= _PAGE:
        raise AwsError("InvalidMaxResultsException", "A maximum of 50 results may be returned, and at least 1.")
    if "EventCategory" in parameters and parameters["EventCategory"] != "insight":
        raise AwsError("InvalidEventCategoryException", "The event category is not valid; accepted: insight.")
    query = _query(parameters)
    before = _position(parameters.get("NextToken"), query)
    if "EventCategory" in parameters:
        return {"Events": []}  # no Insights here
    found = list(islice(_wanted(state, request, before), limit + 1))
    result: dict[str, Any] = {"Events": [_entry(event) for event in found[:limit]]}
    if len(found) > limit:
        result["NextToken"] = _token(found[limit - 1], query)
    return result


def _wanted(state: State, request: Request, before: Key | None) -> Iterator[Event]:
    parameters = request.parameters
    attributes = parameters.get("LookupAttributes", [])
    if len(attributes) > 1:  # [B]: the list can hold one item
        raise AwsError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
    if any(one.get("AttributeKey") not in _ATTRIBUTES for one in attributes):
        raise AwsError("InvalidLookupAttributesException", "The lookup attribute's key is not valid.")
    start, end = _moment(parameters.get("StartTime")), _moment(parameters.get("EndTime"))
    if start and end and start > end:
        raise AwsError("InvalidTimeRangeException", "The start time must not be later than the end time.")
    moment = now()
    newest = moment - state.behaviour.event_history
    for event in events(state, request.caller.account, request.region, before):
        second = event.time.replace(microsecond=0)
        if event.time < moment - _KEPT or (start and second < start):
            return
        if event.time > newest or (end and second > end):
            continue
        if all(_ATTRIBUTES[one["AttributeKey"]](event, one.get("AttributeValue", "")) for one in attributes):
            yield event


def _moment(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _entry(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id(),
        "EventName": event.name,
        "ReadOnly": str(event.read_only).lower(),
        "AccessKeyId": event.access_key_id,
        "EventTime": event.time.replace(microsecond=0),
        "EventSource": event.source,
        "Username": event.user_name,
        "Resources": event.resources(),
        "CloudTrailEvent": json.dumps(event.record()),
    }


# Tokens: where the page ended, good for the same question only, and steady when new events arrive.


def _query(parameters: dict[str, Any]) -> str:
    return json.dumps(
        {key: value for key, value in parameters.items() if key not in ("NextToken", "MaxResults")},
        default=str,
        sort_keys=True,
    )


def _token(last: Event, query: str) -> str:
    time, kind, number = last.key
    return base64.b64encode(json.dumps([time.isoformat(), kind, number, query]).encode()).decode()


def _position(token: str | None, query: str) -> Key | None:
    if token is None:
        return None
    try:
        time, kind, number, of = json.loads(base64.b64decode(token, validate=True))
        key = (datetime.fromisoformat(time), str(kind), int(number))
    except (ValueError, TypeError):
        of, key = None, None
    if of != query or key is None:
        raise AwsError("InvalidNextTokenException", "The token is not valid, or was given for other parameters.")
    return key
