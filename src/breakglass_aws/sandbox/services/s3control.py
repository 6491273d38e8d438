# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 Control: Block Public Access of an account, and nothing else."""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def handle(state: State, request: Request) -> dict[str, Any] | None:
    if not request.operation.endswith("PublicAccessBlock"):
        raise not_implemented("s3control", request.operation)
    account, blocks = request.caller.account, state.public_access_blocks
    if request.parameters.get("AccountId") != account:
        raise AwsError("AccessDenied", "Access Denied", 403)
    if request.operation == "PutPublicAccessBlock":
        given = request.parameters.get("PublicAccessBlockConfiguration") or {}
        blocks[account] = {name: bool(given.get(name, False)) for name in _SETTINGS}
        return None
    if request.operation == "DeletePublicAccessBlock":
        blocks.pop(account, None)
        return None
    if account not in blocks:
        text = "The public access block configuration was not found"
        raise AwsError("NoSuchPublicAccessBlockConfiguration", text, 404)
    return {"PublicAccessBlockConfiguration": blocks[account]}
