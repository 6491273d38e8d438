# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS managed policies, as moto ships them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend


@cache
def _aws_managed_policies() -> dict[str, Any]:
    return json.loads(aws_managed_policies_data)


def aws_managed_policy(arn: str) -> tuple[str, dict[str, Any]] | None:
    """Name and description of an AWS managed policy as moto ships it, or None.

    moto has those of the commercial partition; where they name its ARNs, other partitions' must differ (aws-facts 2.1).
    """
    head, found, tail = arn.partition(":iam::aws:policy/")
    path, _, name = f"/{tail}".rpartition("/")
    data = _aws_managed_policies().get(name)
    if not found or not head.startswith("arn:aws") or data is None or data["Path"] != f"{path}/":
        return None
    if head != "arn:aws":
        data = {**data, "Document": json.loads(json.dumps(data["Document"]).replace("arn:aws:", f"{head}:"))}
    return name, data


@cache
def aws_managed_document(arn: str) -> str | None:
    """The document of an AWS managed policy as JSON text."""
    found = aws_managed_policy(arn)
    return json.dumps(found[1]["Document"]) if found else None


def import_managed_policy(backend: IAMBackend, arn: str) -> None:
    """Make an AWS managed policy known to an account's IAM; moto would load all 1,500 into each account."""
    if arn in backend.managed_policies:
        return
    found = aws_managed_policy(arn)
    if found:
        policy = AWSManagedPolicy.from_data(found[0], backend.account_id, backend.region_name, found[1])
        backend.managed_policies[policy.arn] = policy
