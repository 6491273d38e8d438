"""What is remembered of an answered call: the sandbox's own event, and what CloudTrail would make of it."""

from __future__ import annotations

from typing import Any

from moto.iam.models import AccessKeyLastUsed

from sandbox.access import required_permissions
from sandbox.faults.injector import HIT, Fault
from sandbox.model.event_history import Trace
from sandbox.state import LastUsed, State, now
from sandbox.wire.protocol import Answer, Call

INVOKED_BY = "sandbox.invoked_by"  # in the environ of calls AWS's services make for themselves
_READS = ("Assume", "Describe", "Get", "Head", "List", "Lookup", "Select")
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


def record(state: State, call: Call, answer: Answer) -> None:
    """Remember a call that was answered, before its answer is sent."""
    _note_use(state, call)
    trace = _trace(state, call, answer)
    if trace is not None:
        state.trail.add(trace)
    state.record(_event(call, answer))


def _note_use(state: State, call: Call) -> None:
    """When a long-lived key was last used, and for what: IAM shows it (GetAccessKeyLastUsed)."""
    key_id = call.caller.access_key_id if call.caller else ""
    if not key_id.startswith("AKIA"):
        return
    account, moment = state.account(call.who.account), now().replace(microsecond=0)
    if call.who.is_root and account is not None:
        key = account.root.access_keys.get(key_id)
        used: Any = LastUsed(moment, call.service, call.region)
    else:
        key = state.iam(call.who.account).access_keys.get(key_id)
        used = AccessKeyLastUsed(moment, call.service, call.region)
    if key is not None:
        key.last_used = used


def is_write(call: Call) -> bool:
    return not call.operation.startswith(_READS)


def _event(call: Call, answer: Answer) -> dict[str, Any]:
    """What can be known of a call afterwards; nothing secret is in it."""
    caller = call.caller
    fault: Fault | None = call.environ.get(HIT)
    return {
        "time": now().isoformat(),
        "service": call.service,
        "operation": call.operation,
        "action": required_permissions.primary_action(call),
        "account": caller.account if caller else None,
        "principal": caller.principal.arn if caller else None,
        "access_key_id": call.signature.access_key_id if call.signature else None,
        "resource": call.resource,
        "region": call.region,
        "status": answer.status,
        "error": answer.error,
        "write": is_write(call),
        "user_agent": call.header("user-agent"),
        "fault": fault.kind if fault else None,
    }


def _trace(state: State, call: Call, answer: Answer) -> Trace | None:
    """None for what CloudTrail's Event history does not show: data events, and requests AWS could not authenticate."""
    caller = call.caller
    if call.environ.get(HIT) and call.environ[HIT].unheard:
        return None
    if caller is None or call.model is None or caller.principal.kind == "anonymous":
        return None
    if call.operation in _DATA_EVENTS.get(call.service, ()) or (call.service == "s3" and "Key" in call.parameters):
        return None
    write = is_write(call)
    return Trace(
        number=state.trail.next_number(),
        time=now(),
        recipients=_recipients(state, call, answer),
        region=call.region,
        service=call.service,
        operation=call.operation,
        protocol=call.protocol,
        caller=caller,
        request_id=call.request_id,
        parameters=call.parameters,
        body=call.body if call.operation == "PutBucketPolicy" else b"",
        resource=call.resource,
        write=write,
        status=answer.status,
        error=answer.error,
        answer=answer.body if write or answer.error or call.operation in _ISSUING else b"",
        host=call.host,
        network=call.network,
        user_agent=call.header("user-agent"),
        invoked_by=call.environ.get(INVOKED_BY),
    )


def _recipients(state: State, call: Call, answer: Answer) -> tuple[str, ...]:
    """The caller's account, and the owner's when the call reached another account's role, bucket or queue.

    AssumeRoot is in the caller's account alone (aws-facts 4.1; a copy in the member account is UNVERIFIED).
    """
    caller, owner = call.who.account, call.account
    if call.operation == "AssumeRole" and call.resource:
        owner = call.resource.split(":")[4] if answer.status < 400 else caller
    return (caller, owner) if owner != caller and owner in state.organization.accounts else (caller,)
