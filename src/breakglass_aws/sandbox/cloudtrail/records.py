# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudTrail's event records, built from what the trail and the services remember (aws-facts 4.1).

The form is that of "CloudTrail record contents" and "CloudTrail userIdentity element" in the CloudTrail User Guide.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.parsers import create_parser
from moto.core.utils import get_service_model

from breakglass_aws.sandbox.model.event_history import Trace
from breakglass_aws.sandbox.state import State

_VERSION = "1.11"
_SOURCES = {"sso-admin": "sso"}
# Never in a record: what would open something, or a person's secret.
_SECRETS = {
    "certificatebody",
    "newpassword",
    "oldpassword",
    "otp",
    "password",
    "privatekey",
    "secretaccesskey",
    "sessiontoken",
}
_ISSUED_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
# Parameters that name a resource -> its type, for LookupEvents' Resources.
_RESOURCES = {
    "AccessKeyId": "AWS::IAM::AccessKey",
    "Bucket": "AWS::S3::Bucket",
    "PolicyArn": "AWS::IAM::Policy",
    "QueueUrl": "AWS::SQS::Queue",
    "RoleArn": "AWS::IAM::Role",
    "RoleName": "AWS::IAM::Role",
    "SerialNumber": "AWS::IAM::MFADevice",
    "StackSetName": "AWS::CloudFormation::StackSet",
    "UserName": "AWS::IAM::User",
}


# What orders events: the time, then what tells events of one moment apart.
Key = tuple[datetime, str, int]


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of LookupEvents; its ID, record and resources are worked out when they are asked for.

    Attributes:
        user_name: As LookupEvents says it: the user, the role session's name, `root`.
    """

    key: Key
    name: str
    source: str
    read_only: bool
    access_key_id: str | None
    user_name: str | None
    id: Callable[[], str]
    record: Callable[[], dict[str, Any]]
    resources: Callable[[], list[dict[str, str]]]

    @property
    def time(self) -> datetime:
        return self.key[0]


def events(state: State, account: str, region: str, before: Key | None = None) -> Iterator[Event]:
    """The events of an account in a Region, newest first; only older ones than `before`, where it is given."""
    details = sorted(_service_events(state, account, region), key=lambda event: event.key, reverse=True)
    calls = _call_events(state, account, region, before)
    for event in heapq.merge(calls, details, key=lambda event: event.key, reverse=True):
        if before is None or event.key < before:
            yield event


def record_of_call(state: State, trace: Trace, account: str) -> dict[str, Any]:
    """The record of a call in one of its recipients' Event history."""
    return _record(state, trace, account)


def record_of_service_event(details: dict[str, Any], number: int) -> dict[str, Any]:
    """The record of a service event; `number` is its place among all of them (`State.service_event_count`)."""
    return _service_record(details, _service_event_id(details, number))


def _service_event_id(details: dict[str, Any], number: int) -> str:
    return _uuid("told", str(number), details["eventName"])


def _call_events(state: State, account: str, region: str, before: Key | None) -> Iterator[Event]:
    for trace in reversed(state.trail.of(account, region)):
        key = (trace.time, "call", trace.number)
        if before is not None and key >= before:
            continue
        own = trace.caller.account == account
        yield Event(
            key=key,
            name=trace.operation,
            source=_source(trace),
            read_only=not trace.write,
            access_key_id=trace.caller.access_key_id if own else None,
            user_name=_user_name(trace) if own else None,
            id=partial(_uuid, trace.request_id, account),
            record=partial(_record, state, trace, account),
            resources=partial(_resources, trace),
        )


def _service_events(state: State, account: str, region: str) -> Iterator[Event]:
    for number, details in enumerate(state.service_events, state.service_event_count - len(state.service_events)):
        if (details["recipientAccountId"], details["awsRegion"]) == (account, region):
            identity = details.get("userIdentity", {})
            event_id = _service_event_id(details, number)
            yield Event(
                key=(details["eventTime"], "told", number),
                name=details["eventName"],
                source=details["eventSource"],
                read_only=details.get("readOnly", False),
                access_key_id=identity.get("accessKeyId"),
                user_name="root" if identity.get("type") == "Root" else identity.get("userName"),
                id=partial(str, event_id),
                record=partial(_service_record, details, event_id),
                resources=list,
            )


def _source(trace: Trace) -> str:
    return f"{_SOURCES.get(trace.service, trace.service)}.amazonaws.com"


def _user_name(trace: Trace) -> str | None:
    principal = trace.caller.principal
    if principal.kind == "root":
        return "root"
    return trace.caller.user_name or principal.arn.rpartition("/")[2]


def _service_record(details: dict[str, Any], event_id: str) -> dict[str, Any]:
    """An event a service wrote by itself, or of a person in a browser (`State.tell`)."""
    return {
        "eventVersion": _VERSION,
        "userIdentity": {"accountId": details["recipientAccountId"], "invokedBy": details["eventSource"]},
        "sourceIPAddress": details["eventSource"],
        "userAgent": details["eventSource"],
        "requestParameters": None,
        "responseElements": None,
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "eventCategory": "Management",
        **details,
        "eventTime": _instant(details["eventTime"]),
    }


def _record(state: State, trace: Trace, account: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "eventVersion": _VERSION,
        "userIdentity": _user_identity(trace, account),
        "eventTime": _instant(trace.time),
        "eventSource": _source(trace),
        "eventName": trace.operation,
        "awsRegion": trace.region,
        "sourceIPAddress": trace.invoked_by or trace.network.get("aws:SourceIp") or trace.network["aws:VpcSourceIp"],
        "userAgent": trace.invoked_by or trace.user_agent,
    }
    if "aws:SourceVpce" in trace.network:
        record["vpcEndpointId"] = trace.network["aws:SourceVpce"]
    if trace.error:
        response = _answer(trace)
        record["errorCode"] = _error_code(trace)
        record["errorMessage"] = response.get("Error", {}).get("Message") or trace.error
    record |= {
        "requestParameters": _request_parameters(trace),
        "responseElements": None if trace.error else _response_elements(trace),
        "requestID": trace.request_id,
        "eventID": _uuid(trace.request_id, account),
        "readOnly": not trace.write,
        "resources": _touched(state, trace),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if len(trace.recipients) > 1:
        record["sharedEventID"] = _uuid(trace.request_id, "shared")
    if record["resources"] is None:
        del record["resources"]
    return record


def _user_identity(trace: Trace, account: str) -> dict[str, Any]:
    """Who called; another account's principal is shown to a resource's owner as that account."""
    caller, principal = trace.caller, trace.caller.principal
    if account != caller.account:
        return {"type": "AWSAccount", "principalId": principal.user_id, "accountId": caller.account}
    kinds = {"root": "Root", "user": "IAMUser", "role_session": "AssumedRole"}
    identity: dict[str, Any] = {
        "type": kinds.get(principal.kind, "Unknown"),
        "principalId": principal.user_id,
        "arn": principal.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.user_name:
        identity["userName"] = caller.user_name
    if caller.issued is not None:
        identity["sessionContext"] = _session_context(trace)
    if trace.invoked_by:
        identity["invokedBy"] = trace.invoked_by
    return identity


def _session_context(trace: Trace) -> dict[str, Any]:
    caller, principal = trace.caller, trace.caller.principal
    context: dict[str, Any] = {}
    if principal.role_arn:
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": principal.unique_id,
            "arn": principal.role_arn,
            "accountId": caller.account,
            "userName": principal.role_arn.rpartition("/")[2],
        }
    context["attributes"] = {
        "creationDate": _instant(caller.issued) if caller.issued else None,
        "mfaAuthenticated": str(caller.mfa).lower(),
    }
    if caller.source_identity:
        context["sourceIdentity"] = caller.source_identity
    if caller.task_policy:
        context["assumedRoot"] = "true"  # text, not a boolean (aws-facts 4.1)
    return context


def _request_parameters(trace: Trace) -> dict[str, Any] | None:
    parameters = _shown(trace.parameters, _operation(trace).input_shape)
    if trace.service != "s3":
        return parameters or None
    parameters = {"Host": trace.host, **parameters}
    if "bucket" in parameters:
        parameters["bucketName"] = parameters.pop("bucket")
    if trace.operation.endswith("BucketPolicy"):
        parameters["policy"] = ""
    if trace.body:
        try:
            parameters["bucketPolicy"] = json.loads(trace.body)
        except ValueError:
            parameters["bucketPolicy"] = trace.body.decode("utf-8", "replace")
    return parameters


def _response_elements(trace: Trace) -> dict[str, Any] | None:
    """What a call that changes something answered, and what STS issued, never with its secrets (aws-facts 4.1)."""
    return _shown(_answer(trace), _operation(trace).output_shape) or None


def _answer(trace: Trace) -> dict[str, Any]:
    """The answer by the service's model, without the metadata."""
    if not trace.response:
        return {}
    shape = _operation(trace).output_shape
    response = {"body": trace.response, "headers": {}, "status_code": trace.status}
    if trace.service == "s3" and trace.status < 300:
        return {}
    parsed = create_parser(trace.protocol).parse(response, shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def _operation(trace: Trace) -> Any:
    return get_service_model(trace.service).operation_model(trace.operation)


def _error_code(trace: Trace) -> str | None:
    """CloudTrail names modelled errors as the model does: NoSuchEntityException where IAM answers NoSuchEntity."""
    for shape in _operation(trace).error_shapes:
        if shape.metadata.get("error", {}).get("code") == trace.error:
            return str(shape.name)
    return trace.error


def _touched(state: State, trace: Trace) -> list[dict[str, str]] | None:
    """The `resources` of a record, where CloudTrail has them."""
    if trace.operation == "AssumeRoot" and trace.resource:
        member = trace.resource.split(":")[4]
        return [{"accountId": member, "type": "AWS::IAM::Root", "ARN": trace.resource}]
    if trace.operation == "AssumeRole" and trace.resource:
        return [{"accountId": trace.resource.split(":")[4], "type": "AWS::IAM::Role", "ARN": trace.resource}]
    if trace.service == "s3" and "Bucket" in trace.parameters:
        bucket = state.bucket(trace.parameters["Bucket"])
        owner = bucket.account_id if bucket else trace.caller.account
        arn = f"arn:{state.partition}:s3:::{trace.parameters['Bucket']}"
        return [{"accountId": owner, "type": "AWS::S3::Bucket", "ARN": arn}]
    return None


def _resources(trace: Trace) -> list[dict[str, str]]:
    """The Resources of LookupEvents."""
    found = [
        {"ResourceType": kind, "ResourceName": str(trace.parameters[name])}
        for name, kind in _RESOURCES.items()
        if name in trace.parameters
    ]
    issued = _ISSUED_KEY.search(trace.response) if trace.service == "sts" else None
    if issued:
        found.append({"ResourceType": "AWS::IAM::AccessKey", "ResourceName": issued[1].decode()})
    if trace.operation == "AssumeRoot" and trace.resource:
        found.append({"ResourceType": "AWS::IAM::Root", "ResourceName": trace.resource})
    return found


# Forms


def _shown(value: Any, shape: Any = None) -> Any:
    """Parameters as CloudTrail writes them: members in camel case, dates as text, nothing secret."""
    if isinstance(value, dict) and getattr(shape, "type_name", "") == "map":
        return {str(key): _shown(entry, shape.value) for key, entry in value.items()}
    if isinstance(value, dict):
        members = getattr(shape, "members", {})
        return {
            name[:1].lower() + name[1:]: _shown(entry, members.get(name))
            for name, entry in value.items()
            if name.lower() not in _SECRETS
        }
    if isinstance(value, list | tuple):
        return [_shown(entry, getattr(shape, "member", None)) for entry in value]
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%b} {moment.day}, {moment.year}, {int(f'{moment:%I}')}{moment::%M:%S %p}"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _uuid(*seed: str) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256("\0".join(seed).encode()).digest()[:16], version=4))
