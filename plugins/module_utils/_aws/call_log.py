# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger of calls that open a session or change something: written before a call is sent and after its answer.

Whatever goes wrong later, the ledger has what was done; where the environment names a file (:mod:`.call_file`), also
after this process was killed. A task derives from it whether it changed anything, and the
work on an item whether the item was changed, was refused, or must be read back (:func:`perform`).
"""

from __future__ import annotations

import contextlib
import threading
import typing as t
import uuid
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._aws import call_file
from ansible_collections.breakglass.aws.plugins.module_utils._errors import THROTTLED, BreakglassError, NotSent
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore import exceptions as aws

# What became of a call.
INTENDED = "intended"  # about to be sent, or sent and not answered yet
DONE = "done"
REFUSED = "refused"  # AWS refused it, or it was never sent
UNKNOWN = "unknown"  # sent, with no usable answer: AWS may have carried it out

_READS = ("Describe", "Get", "Head", "List", "Lookup", "Simulate")
_SESSIONS = ("AssumeRoot", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
# Parameters that name what a call is about, the most telling first.
_TARGETS = (
    "TargetPrincipal",
    "AccessKeyId",
    "CertificateId",
    "SerialNumber",
    "Bucket",
    "QueueUrl",
    "RoleArn",
    "RoleName",
    "StackSetName",
    "TargetId",
    "AccountId",
    "ServicePrincipal",
)
_ANSWERED = [False] * 100
_TARGET = "breakglass.aws.target"  # in the context that botocore keeps of a call
_ENTRY = "breakglass.aws.call"  # in that context, and in the metadata of an answer
_ATTRIBUTE = "breakglass_call"  # of an exception


@dataclass(slots=True)
class Call:
    """A call that opens a session or changes something.

    ``time`` is when it was about to be sent. ``answer_lost``: an attempt was sent and got no usable answer, and
    botocore sent the call again; what the last answer refuses may then have been done by that earlier attempt.
    """

    service: str
    operation: str
    region: str
    target: str | None
    access_key_id: str | None
    time: str = field(default_factory=lambda: format_time(now()))
    request_id: str | None = None
    error: str | None = None
    status: str = INTENDED
    answer_lost: bool = False
    unanswered: list[bool] = field(default_factory=list, repr=False)  # of each attempt: sent without a usable answer?
    file: call_file.CallFile | None = field(default=None, repr=False)
    id: str = field(default="", repr=False)  # joins its lines in the file
    issued_access_key_id: str | None = field(default=None, repr=False)  # of AssumeRoot; the file has it

    @property
    def changes(self) -> bool:
        """Whether the call is one that changes something; opening a session does not."""
        return self.operation not in _SESSIONS

    @property
    def may_be_done(self) -> bool:
        """Whether AWS carried it out, or may have."""
        return self.status != REFUSED

    def settle(self, done: bool) -> None:
        """Reading back showed whether it was done: an unknown end becomes known."""
        if self.status != DONE:
            self.status = DONE if done else REFUSED
            self.note("settled")

    def intend(self) -> None:
        """Write down that it is about to be sent. Raises NotSent when that is not possible: it must not be sent."""
        try:
            self._append(INTENDED)
        except BreakglassError as error:
            self.status, self.error = REFUSED, NotSent.__name__
            unsent = NotSent(f"{self.service}:{self.operation} was not sent. {error.cause}", error.fix)
            setattr(unsent, _ATTRIBUTE, self)
            raise unsent from error

    def note(self, event: str) -> None:
        """Write down how it ended, where that is possible: a later error must not hide what was done.

        Without the processes that started this one, the run has been recorded and its files are not written any more.
        """
        if self.file and not _started_by.missing():
            with contextlib.suppress(BreakglassError):
                self._append(event)

    def _append(self, event: str) -> None:
        if self.file:
            self.id = self.id or str(uuid.uuid4())
            issued = {"issued_access_key_id": self.issued_access_key_id} if self.issued_access_key_id else {}
            self.file.append({"id": self.id, "event": event, **self.as_result(), **issued})

    def as_result(self) -> dict:
        """As results and evidence have it."""
        return {
            "time": self.time,
            "service": self.service,
            "operation": self.operation,
            "region": self.region,
            "target": self.target,
            "access_key_id": self.access_key_id,
            "request_id": self.request_id,
            "error": self.error,
            "status": self.status,
            "attempts": max(1, len(self.unanswered)),
            "answer_lost": self.answer_lost,
        }


class Operations(t.Dict[str, int]):
    """How often each operation was called, as "iam:GetUser"; retries do not count. May be used from several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self, operation: str) -> None:
        """Count a call."""
        self.add_counts({operation: 1})

    def add_counts(self, counts: t.Mapping[str, int]) -> None:
        """Add the counts of another process."""
        with self._lock:
            for operation, count in counts.items():
                self[operation] = self.get(operation, 0) + count

    def take(self) -> dict[str, int]:
        """Remove and return all counts."""
        with self._lock:
            counts = dict(self)
            self.clear()
        return counts


class Calls:
    """The ledger: ``entries`` in the order in which calls were about to be sent. May be used from several threads.

    Making one raises a BreakglassError when the environment names a file that cannot be used.
    """

    def __init__(self) -> None:
        self.entries: list[Call] = []
        self._lock = threading.Lock()
        self.operations = Operations()  # of all calls, reads too
        self._file = call_file.from_environment()

    @property
    def made(self) -> list[dict]:
        """All entries, as results have them."""
        return [entry.as_result() for entry in list(self.entries)]

    @property
    def changed(self) -> bool:
        """Whether a call changed something, or may have."""
        return any(entry.changes and entry.may_be_done for entry in list(self.entries))

    @property
    def doubtful(self) -> list[Call]:
        """The calls that may have changed something: AWS's answer is missing, and nothing was read back."""
        return [entry for entry in list(self.entries) if entry.changes and entry.status in (INTENDED, UNKNOWN)]

    def take(self) -> dict[str, t.Any]:
        """Remove what is known of calls that have ended, for :meth:`add` in another process."""
        with self._lock:
            ended = [entry for entry in list(self.entries) if entry.status != INTENDED]
            for entry in ended:
                self.entries.remove(entry)
            operations = self.operations.take()
        return {"calls": [entry.as_result() for entry in ended], "operations": operations}

    def add(self, taken: dict[str, t.Any]) -> None:
        """Add what the ledger of another process had; that process has written it to the file."""
        self.operations.add_counts(taken["operations"])
        for result in taken["calls"]:
            values = {name: value for name, value in result.items() if name != "attempts"}
            self.entries.append(Call(**values, unanswered=_ANSWERED[: result["attempts"]]))

    def watch(self, client: t.Any, access_key_id: t.Callable[[], str | None]) -> None:
        """Record what this client calls; ``access_key_id`` returns whose key signs."""

        def about_to_call(params: dict, model: t.Any, context: dict, **unused: t.Any) -> None:
            if not is_read(model.name):
                _require_starters(client, model.name)
                context[_TARGET] = next((str(params[name]) for name in _TARGETS if params.get(name)), None)

        def about_to_send(model: t.Any, context: dict, **unused: t.Any) -> None:
            self.operations.add(f"{client.meta.service_model.service_name}:{model.name}")
            if _TARGET in context:
                service, region = client.meta.service_model.service_name, client.meta.region_name
                # The key is asked for first, as signing will: if that fails, nothing was sent.
                entry = Call(service, model.name, region, context.pop(_TARGET), access_key_id(), file=self._file)
                context[_ENTRY] = entry
                self.entries.append(entry)
                entry.intend()

        def about_to_try(operation_name: str, **unused: t.Any) -> None:  # each attempt of a call
            if not is_read(operation_name):
                _require_starters(client, operation_name)

        client.called_operations = self.operations  # for calls without events
        events = client.meta.events
        events.register("provide-client-params", about_to_call)
        events.register("before-call", about_to_send)
        events.register("request-created", about_to_try)
        events.register("response-received", _attempt_ended)
        events.register("after-call", _answered)
        events.register("after-call-error", _not_answered)


def is_read(operation: str) -> bool:
    """Whether an operation of AWS only reads, by its name; the ledger has the others."""
    return operation.startswith(_READS)


def call_of(error: BaseException) -> Call | None:
    """The ledger's entry of the call that ended in ``error``; None for a read, or when nothing was about to be sent."""
    if isinstance(error, BreakglassError):
        own = error.call or getattr(error, _ATTRIBUTE, None)
        return own or (call_of(error.__cause__) if error.__cause__ else None)
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    return (metadata or {}).get(_ENTRY) or getattr(error, _ATTRIBUTE, None)


def settle(error: BaseException, done: bool) -> None:
    """Reading back showed whether the call that ended in ``error`` was done: the ledger has it then, too."""
    call = call_of(error)
    if call:
        call.settle(done)


def keep_call(error: BaseException, of: BaseException) -> None:
    """Let ``error``, raised in place of ``of``, keep its entry."""
    setattr(error, _ATTRIBUTE, call_of(of))


def _attempt_ended(context: dict, exception: t.Any = None, parsed_response: t.Any = None, **unused: t.Any) -> None:
    """Botocore's event after each attempt, unless the answer could not be parsed."""
    entry = context.get(_ENTRY)
    if entry is not None:
        entry.unanswered.append(_was_sent(exception) if exception else _is_failure_of_aws(parsed_response))


def _answered(parsed: dict, context: dict, **unused: t.Any) -> None:
    entry = context.get(_ENTRY)
    if entry is None:
        return
    metadata = parsed.setdefault("ResponseMetadata", {})
    metadata[_ENTRY] = entry  # so that the ClientError that follows has it
    entry.request_id = metadata.get("RequestId")
    entry.answer_lost = any(entry.unanswered[:-1])
    if metadata.get("HTTPStatusCode", 0) < 300:
        entry.status = DONE
        if entry.operation == "AssumeRoot":
            entry.issued_access_key_id = (parsed.get("Credentials") or {}).get("AccessKeyId")
    else:
        entry.error = (parsed.get("Error") or {}).get("Code")
        entry.status = UNKNOWN if any(entry.unanswered) else REFUSED
    entry.note("ended")


def _not_answered(exception: BaseException, context: dict, **unused: t.Any) -> None:
    entry = context.get(_ENTRY)
    if entry is None:
        return
    setattr(exception, _ATTRIBUTE, entry)
    entry.error = type(exception).__name__
    is_attempt = isinstance(exception, aws.HTTPClientError)  # which ended an attempt, and is in ``unanswered``
    earlier = entry.unanswered[:-1] if is_attempt else entry.unanswered
    entry.answer_lost = any(earlier)
    entry.status = UNKNOWN if any(earlier) or _was_sent(exception) else REFUSED
    entry.note("ended")


def _was_sent(exception: BaseException) -> bool:
    """Whether a request may have reached AWS before this happened."""
    return not isinstance(
        exception,
        (
            aws.EndpointConnectionError,
            aws.ConnectTimeoutError,
            aws.ProxyConnectionError,
            aws.NoCredentialsError,
            aws.PartialCredentialsError,
            aws.CredentialRetrievalError,
            aws.TokenRetrievalError,
            aws.SSOError,
            BreakglassError,
        ),
    )


def _is_failure_of_aws(parsed: t.Any) -> bool:
    """Whether AWS failed (5xx) at a call it may have carried out. Throttling refuses a call before it is."""
    if not isinstance(parsed, dict):
        return True
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 and (parsed.get("Error") or {}).get("Code") not in THROTTLED


def _require_starters(client: t.Any, operation: str) -> None:
    """Raise NotSent when a process that started this one has ended: nothing is changed any more."""
    if _started_by.missing():
        call = f"{client.meta.service_model.service_name}:{operation}"
        raise NotSent(
            f"Stopped before {call}: the process that started this task has ended.",
            "Run it again, or resume the runbook: what is done is found done.",
        )
