# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that opened a session or changed something, from CloudTrail's Event history of each account.

Where no identity may read the Event history of an account, the sandbox's own list of calls stands in for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from breakglass_aws.drills.judge.connection import USER_AGENT, Connection, Unanswered
from breakglass_aws.drills.judge.expectations import PEOPLE, Expectations

# Their events are read-only in CloudTrail; they issue the keys by which sessions are joined.
OPENING = ("AssumeRoot", "AssumeRole")
Call = dict[str, Any]
# Parameters that name what a call is about, in CloudTrail's spelling; the first two that a call has are shown.
_ABOUT = (
    "bucketName",
    "queueUrl",
    "accessKeyId",
    "certificateId",
    "serialNumber",
    "policyId",
    "targetId",
    "roleName",
    "stackSetName",
    "destinationParentId",
    "accountId",
    "userName",
    "servicePrincipal",
)


class CloudTrail:
    """Reads the calls of an organization."""

    def __init__(
        self, connection: Connection, expectations: Expectations, accounts: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._connection = connection
        self._observer = expectations.observer
        self._accounts = accounts

    def read(self) -> list[Call]:
        """Return the calls so far, oldest first. Raises Unanswered when the sandbox does not answer."""
        if self._connection.url is None:
            return []
        made = self._connection.control("events")
        places = {(one["account"], one["region"]) for one in made if one["account"] and _counts(one)}
        found: dict[str, Call] = {}
        for account, region in sorted(places):
            for call in self._of(account, region, made):
                found.setdefault(call["request_id"] or call["id"], call)
        order = {one["request_id"]: number for number, one in enumerate(made)}
        return sorted(found.values(), key=lambda call: order.get(call["request_id"], len(order)))

    def _of(self, account: str, region: str, made: Iterable[Mapping[str, Any]]) -> list[Call]:
        reader = self._reader(account)
        try:
            return [_call(event) for event in self._lookup(reader, region)]
        except Unanswered:
            here = (one for one in made if (one["account"], one["region"]) == (account, region))
            return [_own_call(one) for one in here if _counts(one)]

    def _reader(self, account: str) -> str:
        """Who may read the Event history of an account."""
        if self._account_of(self._observer) == account:
            return self._observer
        return f"{self._accounts.get(account, {}).get('name', account)}-administrator"

    def _account_of(self, identity: str) -> str:
        answer = self._connection.call(identity, "sts", "GetCallerIdentity")
        return str(answer["Account"])

    def _lookup(self, reader: str, region: str) -> Iterator[dict[str, Any]]:
        attributes = [("ReadOnly", "false"), *(("EventName", name) for name in OPENING)]
        for key, value in attributes:
            wanted = [{"AttributeKey": key, "AttributeValue": value}]
            for event in self._connection.pages(
                reader, "cloudtrail", "LookupEvents", "Events", region, LookupAttributes=wanted
            ):
                yield json.loads(event["CloudTrailEvent"])


def _counts(event: Mapping[str, Any]) -> bool:
    """Whether an event of the sandbox's own list is one that CloudTrail has, too, of a call that matters here."""
    if event["fault"] == "reset" or not event["principal"]:
        return False
    return bool(event["write"]) or event["operation"] in OPENING


def _call(event: Mapping[str, Any]) -> Call:
    identity = event.get("userIdentity") or {}
    issued = ((event.get("responseElements") or {}).get("credentials") or {}).get("accessKeyId")
    return {
        "id": event["eventID"],
        "request_id": event.get("requestID"),
        "time": event["eventTime"],
        "service": event["eventSource"].partition(".")[0],
        "operation": event["eventName"],
        "region": event["awsRegion"],
        "account": event["recipientAccountId"],
        "principal": identity.get("arn"),
        "access_key_id": identity.get("accessKeyId"),
        "issued_access_key_id": issued,
        "error": event.get("errorCode"),
        "parameters": json.dumps(event.get("requestParameters"), ensure_ascii=False),
        "user_agent": event.get("userAgent") or "",
        "by_service": event.get("eventType") == "AwsServiceEvent" or "invokedBy" in identity,
        "source": "CloudTrail",
    }


def _own_call(event: Mapping[str, Any]) -> Call:
    """A call as the sandbox's own list has it, in the same form."""
    target = event.get("target") or event.get("resource")
    return {
        "id": event["request_id"],
        **{name: event[name] for name in ("request_id", "time", "service", "operation", "region", "account")},
        **{name: event[name] for name in ("principal", "access_key_id", "issued_access_key_id", "error")},
        "parameters": json.dumps([target, event.get("resource")]),
        "user_agent": event["user_agent"] or "",
        "by_service": False,
        "source": "sandbox",
    }


_QUEUE_URL = re.compile(r"https?://[^/\"]+/(\d{12})/([A-Za-z0-9_.-]+)")


def since(before: Iterable[Call], after: Iterable[Call]) -> list[Call]:
    """Return the calls that were made between two observations, without the judge's own."""
    known = {call["id"] for call in before}
    return [call for call in after if call["id"] not in known and USER_AGENT not in call["user_agent"]]


def of_runbook(calls: Iterable[Call], keys: Iterable[str]) -> list[Call]:
    """Return the calls that were signed with these access keys, or with keys that such a call has issued.

    What AWS's services did by themselves is no call of the runbook, and what people did with its keys says so.
    """
    known, found = set(keys), []
    for call in calls:
        if call["access_key_id"] not in known or call["by_service"] or PEOPLE in call["user_agent"]:
            continue
        found.append(call)
        if call["issued_access_key_id"]:
            known.add(call["issued_access_key_id"])
    return found


def member_account(call: Call) -> str:
    """The account in which a call of AssumeRoot opened a session: its target is the account's ID, or an ARN of it."""
    try:
        target = str(json.loads(call["parameters"])["targetPrincipal"])
    except (ValueError, KeyError, TypeError):
        parts = call["parameters"].split(":")
        return parts[4] if len(parts) > 4 else ""
    return target.split(":")[4] if target.startswith("arn:") else target


def resource(call: Call) -> str:
    """What a call is about, by its parameters; of the root user, its account. A queue is named by its ARN.

    The URL of a queue in the sandbox has the port of this machine.
    """
    if queue := _QUEUE_URL.search(call["parameters"]) if call["service"] == "sqs" else None:
        partition = (call["principal"] or "arn:aws").split(":")[1]
        return f"arn:{partition}:sqs:{call['region']}:{queue[1]}:{queue[2]}"
    try:
        parameters = json.loads(call["parameters"])
    except ValueError:
        parameters = None
    if isinstance(parameters, list):  # of the sandbox's own list
        return str(parameters[0] or "")
    given = parameters if isinstance(parameters, dict) else {}
    named = [str(given[name]) for name in _ABOUT if given.get(name)][:2]
    return ", ".join(named) or f"account {call['account']}"
