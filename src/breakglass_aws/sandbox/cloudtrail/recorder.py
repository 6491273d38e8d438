# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of an answered call: the sandbox's own event, and what CloudTrail would make of it."""

from __future__ import annotations

import re
from typing import Any

from moto.iam.models import AccessKeyLastUsed

from breakglass_aws.sandbox.access import required_permissions
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.cloudtrail import event_buses
from breakglass_aws.sandbox.faults.fault import HIT, Fault
from breakglass_aws.sandbox.model.event_history import Trace
from breakglass_aws.sandbox.model.organization import LastUsed
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Response

_TARGETS = (
    "AccessKeyId",
    "CertificateId",
    "SerialNumber",
    "Bucket",
    "QueueUrl",
    "RoleName",
    "UserName",
    "AccountId",
    "TargetId",
    "ServicePrincipal",
)
_ISSUED_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
INVOKED_BY = "sandbox.invoked_by"  # in the environ of calls AWS's services make for themselves
_READS = ("Assume", "Describe", "Get", "Head", "List", "Lookup", "Select", "Simulate", "Test")
# Reads whose answer CloudTrail shows: what they issued is how events are joined (aws-facts 4.1).
_ISSUING = ("AssumeRole", "AssumeRoot", "GetSessionToken")
# Not in Event history: object-level calls and those on a bucket that S3 counts among them (S3 User Guide, "Amazon S3
# CloudTrail events"), and SQS's message calls (SQS Developer Guide, "Logging Amazon SQS API calls").
_DATA_EVENTS = {
    "s3": {"DeleteObjects", "HeadBucket", "ListObjectVersions", "ListObjects", "ListObjectsV2"},
    "sqs": {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
    },
}


def record(state: State, request: Request, response: Response) -> None:
    """Remember a call that was answered, before its answer is sent."""
    _note_use(state, request)
    trace = _trace(state, request, response)
    if trace is not None:
        state.trail.add(trace)
        event_buses.deliver_call(state, trace)
    state.record(_event(request, response))


def _note_use(state: State, request: Request) -> None:
    """When a long-lived key was last used, and for what: IAM shows it (GetAccessKeyLastUsed)."""
    key_id = request.identity.access_key_id if request.identity else ""
    if not key_id.startswith("AKIA"):
        return
    account, moment = state.account(request.caller.account), now().replace(microsecond=0)
    if request.caller.is_root and account is not None:
        key: Any = account.root.access_keys.get(key_id)
        used: Any = LastUsed(moment, request.service, request.region)
    else:
        key = state.iam(request.caller.account).access_keys.get(key_id)
        used = AccessKeyLastUsed(moment, request.service, request.region)
    if key is not None:
        key.last_used = used


def is_write(request: Request) -> bool:
    return not request.operation.startswith(_READS)


def _event(request: Request, response: Response) -> dict[str, Any]:
    """What can be known of a call afterwards; nothing secret is in it."""
    caller = request.identity
    fault: Fault | None = request.environ.get(HIT)
    return {
        "time": now().isoformat(),
        "request_id": request.request_id,
        "service": request.service,
        "operation": request.operation,
        "action": required_permissions.primary_action(request),
        "account": caller.account if caller else None,
        "principal": caller.principal.arn if caller else None,
        "access_key_id": request.signature.access_key_id if request.signature else None,
        "resource": request.resource,
        "target": _target(request),
        "issued_access_key_id": _issued_key(request, response),
        "region": request.region,
        "status": response.status,
        "error": response.error,
        "write": is_write(request),
        "user_agent": request.header("user-agent"),
        "fault": fault.kind if fault else None,
    }


def _target(request: Request) -> str | None:
    """What a request is about by its own name, where a parameter has it."""
    return next((str(request.parameters[name]) for name in _TARGETS if request.parameters.get(name)), None)


def _issued_key(request: Request, response: Response) -> str | None:
    """The ID of the access key that STS issued: CloudTrail joins a session's events by it."""
    found = _ISSUED_KEY.search(response.body) if request.operation in _ISSUING and not response.error else None
    return found[1].decode() if found else None


def _trace(state: State, request: Request, response: Response) -> Trace | None:
    """None for what CloudTrail's Event history does not show: data events, and requests AWS could not authenticate."""
    caller = request.identity
    if request.environ.get(HIT) and request.environ[HIT].unheard:
        return None
    if caller is None or request.model is None or caller.principal.kind == "anonymous":
        return None
    if request.operation in _DATA_EVENTS.get(request.service, ()) or (
        request.service == "s3" and "Key" in request.parameters
    ):
        return None
    write = is_write(request)
    return Trace(
        number=state.trail.next_number(),
        time=now(),
        recipients=_recipients(state, request, response),
        region=request.region,
        service=request.service,
        operation=request.operation,
        protocol=request.protocol,
        caller=caller,
        request_id=request.request_id,
        parameters=request.parameters,
        body=request.body if request.operation == "PutBucketPolicy" else b"",
        resource=request.resource,
        write=write,
        status=response.status,
        error=response.error,
        response=response.body if write or response.error or request.operation in _ISSUING else b"",
        host=request.host,
        network=request.network,
        user_agent=request.header("user-agent"),
        invoked_by=request.environ.get(INVOKED_BY),
    )


def _recipients(state: State, request: Request, response: Response) -> tuple[str, ...]:
    """The caller's account, and the owner's when the call reached another account's role, bucket or queue.

    AssumeRoot is in the caller's account alone (aws-facts 4.1; a copy in the member account is UNVERIFIED).
    """
    caller, owner = request.caller.account, request.account
    if request.operation == "AssumeRole" and request.resource:
        owner = request.resource.split(":")[4] if response.status < 400 else caller
    return (caller, owner) if owner != caller and owner in state.organization.accounts else (caller,)
