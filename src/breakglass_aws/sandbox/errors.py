# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception services and gates raise; `wire.error_answer` gives it the form of the protocol."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An AWS error answer.

    Args:
        code: AWS's error code, for example `AccessDenied`.
        message: AWS's text.
        status: HTTP status.
        fields: further members of the error (S3's `Region`, Organizations' `Reason`).
        headers: further HTTP headers.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        *,
        fields: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or {}
        self.headers = headers or {}


def not_implemented(service: str, operation: str) -> AwsError:
    return AwsError("NotImplemented", f"The sandbox does not implement {service}:{operation}.", 501)
