# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the collection: each has a cause and a fix. ``_aws.error_messages`` makes them of botocore's."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction

ACCESS_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
)


class BreakglassError(Exception):
    """Something that ends the work, as a cause and a fix.

    Both are made safe to show (``_redaction.clean``). ``code`` is AWS's error code where there was one. ``outcome`` is
    the outcome of the account it happened in. ``denied_call`` is what a root session was denied: the account and AWS's
    operation. ``call`` is the ledger's entry of the call that failed (``_aws.call_log.Call``), None for a read.
    ``result`` is what the failed task returns beside the error: what was found and done before it.
    """

    outcome = v.FAILED

    def __init__(
        self, cause: str, fix: str, code: str | None = None, denied_call: tuple[str, str] | None = None
    ) -> None:
        self.cause = redaction.clean(cause)
        self.fix = redaction.clean(fix)
        super().__init__(f"{self.cause} {self.fix}")
        self.code = code
        self.denied_call = denied_call
        self.call: t.Any = None
        self.result: dict = {}
        self.ends_run = False  # every other account of a sweep would meet it too

    def with_result(self, **result: t.Any) -> BreakglassError:
        """This error, with what the failed task returns beside it."""
        self.result = {**self.result, **result}
        return self


class Unreachable(BreakglassError):
    """We could not get into the account: nothing is known about it and nothing was done there."""

    outcome = v.UNREACHABLE


class NotSent(BreakglassError):
    """A call that changes something was not sent: its starter has ended, or the ledger cannot be written."""


class Interrupted(BreakglassError):
    """Ctrl-C or SIGTERM ended the task."""

    def __init__(self) -> None:
        super().__init__("The task was interrupted.", "Run it again: it finds out what is left to do.")


class InvalidInput(BreakglassError):
    """An option has an invalid value. Raised before any call that writes."""

    def __init__(self, option: str, value: t.Any, accepted: str, hint: str = "") -> None:
        fix = f"Expected {accepted}; {hint}" if hint else f"Expected {accepted}"
        super().__init__(f"Invalid value for {option}: {value!r}.", fix if fix.endswith("?") else f"{fix}.")


def error_code(error: BaseException) -> str | None:
    """AWS's code of an error, None when AWS did not answer. Takes any exception."""
    if isinstance(error, BreakglassError):
        return error.code
    response = getattr(error, "response", None)  # None, or not a dict, in botocore's errors without an answer
    details = response.get("Error") if isinstance(response, dict) else None
    return details.get("Code") if isinstance(details, dict) else None


def error_message(error: BaseException) -> str:
    """AWS's text of an error, empty when AWS did not answer. Takes any exception."""
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    return str(details.get("Message") or "") if isinstance(details, dict) else ""


def is_denied(error: BaseException) -> bool:
    """Whether AWS denied a call for want of permission."""
    return error_code(error) in ACCESS_DENIED
