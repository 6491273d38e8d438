# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the collection: each has a cause and a fix. ``_aws.error_messages`` makes them of botocore's."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v

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

    ``code`` is AWS's error code where there was one. ``outcome`` is what it makes of the account it happened in.
    ``denied_call`` is what a root session was denied: the account and AWS's operation. ``result`` is what the failed
    task returns beside the error: what was found and done before it.
    """

    outcome = v.FAILED

    def __init__(
        self, cause: str, fix: str, code: str | None = None, denied_call: tuple[str, str] | None = None
    ) -> None:
        super().__init__(f"{cause} {fix}")
        self.cause = cause
        self.fix = fix
        self.code = code
        self.denied_call = denied_call
        self.result: dict = {}

    def with_result(self, **result: t.Any) -> BreakglassError:
        """This error, with what the failed task returns beside it."""
        self.result = {**self.result, **result}
        return self


class Unreachable(BreakglassError):
    """We could not get into the account: nothing is known about it and nothing was done there."""

    outcome = v.UNREACHABLE


class InvalidInput(BreakglassError):
    """An option has a value that cannot be meant. Raised before any call that writes."""

    def __init__(self, option: str, value: t.Any, accepted: str, hint: str = "") -> None:
        fix = f"Accepted is {accepted}"
        super().__init__(f"{option}: {value!r} is not valid.", f"{fix}; {hint}." if hint else f"{fix}.")


def error_code(error: BaseException) -> str | None:
    """AWS's code of an error, None when AWS did not answer."""
    response = getattr(error, "response", None)  # botocore's connection errors have one too, which is None
    return response.get("Error", {}).get("Code") if isinstance(response, dict) else None


def is_denied(error: BaseException) -> bool:
    return (error.code if isinstance(error, BreakglassError) else error_code(error)) in ACCESS_DENIED
