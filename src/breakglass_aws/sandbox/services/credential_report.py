# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's credential report: moto's rows of users, with the root user's first (aws-facts 2.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.iam.exceptions import ReportNotPresentException

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.organization import RootUser
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_UNKNOWN, _NONE = "not_supported", "N/A"


def get(state: State, request: Request) -> dict[str, Any]:
    owner = state.account(request.account)
    try:
        header, _, users = state.iam(request.account).get_credential_report().partition("\n")
    except ReportNotPresentException:
        raise AwsError("ReportNotPresent", "Credential report not present", 410) from None
    root = _row(f"arn:{state.partition}:iam::{request.account}:root", owner.root) if owner else ""
    content = f"{header}\n{root}\n{users}"
    return {"Content": content.encode(), "ReportFormat": "text/csv", "GeneratedTime": now()}


def _row(arn: str, root: RootUser) -> str:
    """The root user's line, its columns in the order of the IAM User Guide, "Credential reports"."""
    password = root.password
    used = password.last_used if password else None
    row = [
        "<root_account>",
        arn,
        _date(root.created),
        str(password is not None).lower(),
        _date(used, "no_information" if password else _NONE),
        _date(password.created if password else None),
        _UNKNOWN,
        str(bool(root.mfa_devices)).lower(),
    ]
    keys = list(root.access_keys.values())
    for key in (*keys, None, None)[:2]:
        last = key.last_used if key else None
        row += [
            str(key is not None and key.status == "Active").lower(),
            _date(key.created if key else None),
            _date(last.date if last else None),
            last.region if last else _NONE,
            last.service if last else _NONE,
        ]
    certificates = list(root.signing_certificates.values())
    for certificate in (*certificates, None, None)[:2]:
        row += [str(certificate is not None).lower(), _date(certificate.created if certificate else None)]
    return ",".join(row)


def _date(moment: datetime | None, absent: str = _NONE) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else absent
