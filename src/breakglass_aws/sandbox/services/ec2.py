# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: DescribeRegions, which scanners call before anything else."""

from __future__ import annotations

from typing import Any

from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.services.account import regions
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_OPT_IN = {"DISABLED": "not-opted-in", "ENABLED": "opted-in", "ENABLED_BY_DEFAULT": "opt-in-not-required"}


def handle(state: State, request: Request) -> dict[str, Any]:
    if request.operation != "DescribeRegions":
        raise not_implemented("ec2", request.operation)
    given, known = request.parameters, regions(state)
    wanted = given.get("RegionNames") or []
    if unknown := [name for name in wanted if name not in known]:
        raise AwsError("InvalidParameterValue", f"Invalid region name {unknown[0]}")
    every = bool(wanted) or given.get("AllRegions", False)
    suffix = "amazonaws.com.cn" if state.partition == "aws-cn" else "amazonaws.com"
    return {
        "Regions": [
            {"RegionName": name, "Endpoint": f"ec2.{name}.{suffix}", "OptInStatus": _OPT_IN[status]}
            for name, status in sorted(known.items())
            if name in (wanted or known) and (every or status != "DISABLED")
        ]
    }
