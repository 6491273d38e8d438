# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Resource Groups Tagging API: GetResources of tagged buckets and queues in a Region, for scanners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.s3.models import s3_backends

from breakglass_aws.sandbox.errors import not_implemented
from breakglass_aws.sandbox.services import inputs
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def handle(state: State, request: Request) -> dict[str, Any]:
    if request.operation != "GetResources":
        raise not_implemented("tagging", request.operation)
    given = request.parameters
    found = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        for kind, arn, tags in _tagged(state, request)
        if tags and _is_kind(kind, given.get("ResourceTypeFilters")) and _has_tags(tags, given.get("TagFilters"))
    ]
    parameters = {"MaxResults": given.get("ResourcesPerPage", 100), "NextToken": given.get("PaginationToken")}
    page = inputs.page(parameters, "ResourceTagMappingList", found, "InvalidParameterException")
    return {"PaginationToken": page.pop("NextToken", ""), **page}


def _tagged(state: State, request: Request) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, ARN and tags of the caller's buckets and queues in the Region of the request."""
    account, region = request.caller.account, request.region
    tagger = s3_backends[account][state.partition].tagger
    for bucket in state.buckets():
        if (bucket.account_id, bucket.region_name) == (account, region):
            arn = f"arn:{state.partition}:s3:::{bucket.name}"
            yield "s3:bucket", arn, {tag["Key"]: tag["Value"] for tag in tagger.list_tags_for_resource(arn)["Tags"]}
    for queue in state.queues():
        if queue.queue_arn.split(":")[3:5] == [region, account]:
            yield "sqs:queue", queue.queue_arn, dict(queue.tags)


def _is_kind(kind: str, filters: list[str] | None) -> bool:
    return not filters or kind in filters or kind.partition(":")[0] in filters


def _has_tags(tags: dict[str, str], filters: list[dict[str, Any]] | None) -> bool:
    return all(
        wanted.get("Key") in tags and (not wanted.get("Values") or tags[wanted["Key"]] in wanted["Values"])
        for wanted in filters or []
    )
