# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudTrail's events on the event buses of EventBridge, and from there in queues (aws-facts 4.4).

Each account behaves as if it had a trail that logs management events.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

from moto.events.models import Rule, events_backends
from moto.iam.exceptions import NotFoundException
from moto.sqs.models import sqs_backends

from breakglass_aws.sandbox.access import authorizer
from breakglass_aws.sandbox.authorization import Principal, evaluate
from breakglass_aws.sandbox.authorization import Request as AuthorizationRequest
from breakglass_aws.sandbox.cloudtrail.records import record_of_call, record_of_service_event
from breakglass_aws.sandbox.model.event_history import Trace
from breakglass_aws.sandbox.model.sessions import Caller, session_principal
from breakglass_aws.sandbox.state import State

_LOG = logging.getLogger("sandbox")
SERVICE = "events.amazonaws.com"
_DETAIL_TYPES = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsConsoleAction": "AWS Console Action via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
}
_ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_READ_ONLY = ("Describe", "Get", "List")
# Events of these STS calls count as changes, although their names begin with Get.
_CHANGES = ("GetFederationToken", "GetSessionToken")


def deliver_call(state: State, trace: Trace) -> None:
    """Deliver the events of a call: one in each account that has it in its Event history."""
    for account in trace.recipients:
        if _has_rules(account, trace.region):
            _deliver(state, record_of_call(state, trace, account))


def deliver_service_event(state: State, details: dict[str, Any], number: int) -> None:
    """Deliver an event that a service wrote by itself, or that of a person in a browser."""
    if _has_rules(details["recipientAccountId"], details["awsRegion"]):
        _deliver(state, record_of_service_event(details, number))


def _has_rules(account: str, region: str) -> bool:
    """Whether the default event bus has a rule; asked for each call, so that nothing is made for it."""
    if account not in events_backends or region not in events_backends[account]:
        return False
    return bool(events_backends[account][region].event_buses["default"].rules)


def _deliver(state: State, record: dict[str, Any]) -> None:
    try:
        event = _event(record)
        _send(state, event, record["recipientAccountId"], record["awsRegion"], "default", forwarded=False)
    except Exception:
        _LOG.exception("the event %s could not be delivered", record.get("eventName"))


def _event(record: dict[str, Any]) -> dict[str, Any]:
    """A record of CloudTrail as EventBridge has it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": _DETAIL_TYPES[record["eventType"]],
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": record["recipientAccountId"],
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def _send(state: State, event: dict[str, Any], account: str, region: str, bus: str, *, forwarded: bool) -> None:
    """Send an event to the targets of the rules of a bus. It is forwarded to another bus once."""
    for rule in _matching(event, account, region, bus):
        for target in rule.targets:
            service, _, owner, name = target["Arn"].split(":", 5)[2:]
            if service == "sqs":
                _to_queue(state, event, rule, target, owner, name)
            elif not forwarded:
                _to_bus(state, event, rule, target, owner, name.removeprefix("event-bus/"))


def _matching(event: dict[str, Any], account: str, region: str, bus: str) -> Iterator[Rule]:
    found = events_backends[account][region].event_buses.get(bus)
    name = event["detail"]["eventName"]
    read_only = name.startswith(_READ_ONLY) and name not in _CHANGES
    for rule in list(found.rules.values()) if found else ():
        if rule.state == "DISABLED" or (read_only and rule.state != _ALL):
            continue
        if rule.event_pattern.matches_event(event):  # type: ignore[arg-type]
            yield rule


def _to_queue(state: State, event: dict[str, Any], rule: Rule, target: dict[str, Any], owner: str, name: str) -> None:
    """Put the event into a queue whose policy lets the rule do so."""
    region = target["Arn"].split(":")[3]
    queue = state.queue(owner, region, name)
    principal = Principal("", SERVICE, "service")
    context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id, "aws:PrincipalIsAWSService": "true"}
    if queue is None or not _allowed(
        state, principal, "sqs:SendMessage", target["Arn"], owner, queue.policy or None, context
    ):
        _LOG.warning("rule %s: %s is missing or its policy does not let %s send", rule.arn, target["Arn"], SERVICE)
        return
    group = target.get("SqsParameters", {}).get("MessageGroupId")
    sqs_backends[owner][region].send_message(name, json.dumps(event), group_id=group)


def _to_bus(state: State, event: dict[str, Any], rule: Rule, target: dict[str, Any], owner: str, name: str) -> None:
    """Put the event on another bus, by the role of the target; the policy of a bus of another account must allow it."""
    region = target["Arn"].split(":")[3]
    role_arn = target.get("RoleArn", "")
    bus = events_backends[owner][region].event_buses.get(name)
    principal = _role_session(state, rule, role_arn)
    context = {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.account_id}
    if rule.account_id in state.organization.accounts:
        context["aws:PrincipalOrgID"] = state.organization.id
    if (
        bus is None
        or principal is None
        or not _allowed(state, principal, "events:PutEvents", target["Arn"], owner, bus.policy, context)
    ):
        _LOG.warning("rule %s: %s is missing, or role %r may not put events on it", rule.arn, target["Arn"], role_arn)
        return
    _send(state, event, owner, region, name, forwarded=True)


def _role_session(state: State, rule: Rule, role_arn: str) -> Principal | None:
    """The session in which EventBridge uses the role; None where there is no such role."""
    try:
        role = state.iam(rule.account_id).get_role_by_arn(role_arn)
    except NotFoundException:
        return None
    return session_principal(rule.account_id, role_arn, role.id, "events")


def _allowed(
    state: State,
    principal: Principal,
    action: str,
    resource: str,
    owner: str,
    resource_policy: str | None,
    context: dict[str, Any],
) -> bool:
    question = AuthorizationRequest(principal, action, resource, owner, context)
    policies = authorizer.policies_of(state, Caller(principal), action, owner, resource_policy)
    return evaluate(question, policies).allowed
