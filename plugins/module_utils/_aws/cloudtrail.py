# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudTrail's Event history of one account: the events that LookupEvents has, in pages and at its rate."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained

KEPT = timedelta(days=90)
DELAY = timedelta(minutes=15)  # an event shows up to so much later (CloudTrail user guide, "How CloudTrail works")
# AWS answers two LookupEvents a second for each account and Region (CloudTrail API reference, LookupEvents).
SECONDS_BETWEEN_CALLS = 0.5


class EventHistory:
    """The history of the account that ``connection`` belongs to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last_call: dict[str, float] = {}

    def find(self, region: str, key: str, value: str, since: datetime, until: datetime) -> list[dict]:
        """The records of a Region with an attribute, oldest first; each has ``_time``, a datetime.

        Raises a BreakglassError when they cannot be read, which is never the same as "nothing happened".
        """
        client = self._connection.client("cloudtrail", region)
        request: dict[str, t.Any] = {
            "LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}],
            "StartTime": since,
            "EndTime": until,
            "MaxResults": 50,
        }
        found: list[dict] = []
        while True:
            answer = self._look_up(client, region, request)
            found.extend(_record(event) for event in answer["Events"])
            if not answer.get("NextToken"):
                # Newest first, with times in whole seconds: sorting alone would leave each second in reverse order.
                found.reverse()
                return sorted(found, key=lambda record: record["_time"])
            request["NextToken"] = answer["NextToken"]

    def _look_up(self, client: t.Any, region: str, request: dict) -> dict:
        last_call = self._last_call.get(region, float("-inf"))
        waiter.pause(last_call + SECONDS_BETWEEN_CALLS - waiter.now())
        self._last_call[region] = waiter.now()
        with explained(f"reading CloudTrail's Event history in {region} (cloudtrail:LookupEvents)"):
            return client.lookup_events(**request)


def _record(event: dict) -> dict:
    record = json.loads(event["CloudTrailEvent"])
    return {**record, "_time": event["EventTime"]}
