# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event filter of ansible-rulebook: what an event of CloudTrail is about, and nothing else of it.

Takes the events of amazon.aws.aws_cloudtrail, and messages of an SQS queue to which EventBridge sends events of
CloudTrail. Text that another person chose (a user agent, a name, a parameter) must not reach a playbook, where it could
become a template. So the event is replaced by a few values, each of a form in which no template can be written.

Runs in ansible-rulebook's Python: only the standard library is there.
"""

from __future__ import annotations

import json
import re
from typing import Any

DOCUMENTATION = r"""
---
short_description: Reduce an event of CloudTrail to what the rulebooks of breakglass.aws need.
description:
  - Sets watch.concern to root_use, account, departure, organization or none, and watch.account_id, watch.unit_id,
    watch.event_name, watch.event_id, watch.request_id, watch.access_key_id, watch.time and watch.recipient.
  - Each is empty when it is not known.
  - All else of the event is removed. An event that came before, by its ID, concerns none.
options: {}
"""

ROOT_USE, ACCOUNT, DEPARTURE, ORGANIZATION, NONE = "root_use", "account", "departure", "organization", "none"

# Events of AWS Organizations after which an account is a member (CloudTrail, "CreateAccountResult" and
# "AccountJoinedOrganization"), and calls that change what a recovery needs (aws-facts 1, 2.6 and 4).
_JOINED = ("AccountJoinedOrganization", "CreateAccountResult")
# After which it is none: removed, or left by itself. CLEANED is a closed account that AWS deleted (aws-facts 4.1).
_DEPARTED, _CLEANED = "AccountDepartedOrganization", "CLEANED"
_CHANGES = {
    "iam.amazonaws.com": (
        "DisableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootSessions",
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
    ),
    "organizations.amazonaws.com": (
        "AttachPolicy",
        "DeregisterDelegatedAdministrator",
        "DetachPolicy",
        "DisableAWSServiceAccess",
        "DisablePolicyType",
        "EnableAWSServiceAccess",
        "EnablePolicyType",
        "MoveAccount",
        "RegisterDelegatedAdministrator",
        "UpdatePolicy",
    ),
}
# The form of each value. No form has a brace, a percent sign or a quote.
_FORMS = {
    "account_id": r"[0-9]{12}",
    "unit_id": r"(?:ou|r)-[0-9a-z-]{4,68}",
    "event_name": r"[A-Za-z0-9]{1,128}",
    "event_id": r"[0-9A-Za-z-]{1,64}",
    "request_id": r"[0-9A-Za-z-]{1,64}",
    "access_key_id": r"[A-Z0-9]{16,128}",
    "time": r"[0-9T:.Z+ -]{10,40}",
    "recipient": r"[0-9]{12}",
}
_COMPILED = {name: re.compile(rf"{form}\Z", re.ASCII) for name, form in _FORMS.items()}


def main(event: dict[str, Any]) -> dict[str, Any]:
    """Return what the event is about, under ``watch``; of the event itself only ``meta`` is left."""
    record = _record(event)
    found = _about(record)
    values = {name: _formed(name, found.get(name)) for name in _FORMS}
    concern = found["concern"] if values["event_name"] and not _is_repeated(values, found["concern"]) else NONE
    meta = event.get("meta")
    return {"watch": {"concern": concern, **values}, **({"meta": meta} if isinstance(meta, dict) else {})}


_MOST_REMEMBERED = 10_000
_remembered: dict[tuple[str, str], None] = {}  # events of the sources of this process, the oldest first


def _is_repeated(values: dict[str, str], concern: str) -> bool:
    """Whether the event came before: aws_cloudtrail reads two events of one second again, SQS may deliver twice."""
    if concern == NONE or not values["event_id"]:
        return False
    event = values["event_id"], values["recipient"]
    if event in _remembered:
        return True
    _remembered[event] = None
    if len(_remembered) > _MOST_REMEMBERED:
        del _remembered[next(iter(_remembered))]
    return False


def _record(event: Any) -> dict[str, Any]:
    """CloudTrail's record in an event of one of the sources; empty where there is none."""
    places = (("CloudTrailEvent",), ("body", "detail"), ("body", "Message", "detail"))
    for place in places:
        found: Any = event
        for name in place:
            found = _loaded(found.get(name)) if isinstance(found, dict) else None
        if isinstance(found, dict) and "eventName" in found:
            return found
    return {}


def _loaded(value: Any) -> Any:
    """A JSON text as its value; SQS has the message of SNS as one."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _about(record: dict[str, Any]) -> dict[str, Any]:
    identity, parameters = _dict(record, "userIdentity"), _dict(record, "requestParameters")
    name, source = record.get("eventName"), record.get("eventSource")
    known = {
        "concern": NONE,
        "event_name": name,
        "event_id": record.get("eventID"),
        "request_id": record.get("requestID"),
        "access_key_id": identity.get("accessKeyId"),
        "time": record.get("eventTime"),
        "recipient": record.get("recipientAccountId"),
    }
    if source == "sts.amazonaws.com" and name == "AssumeRoot":
        target = str(parameters.get("targetPrincipal", ""))
        issued = _dict(_dict(record, "responseElements"), "credentials").get("accessKeyId")
        account_id = target.split(":")[4] if target.count(":") > 4 else target
        return {**known, "concern": ROOT_USE, "account_id": account_id, "access_key_id": issued}
    if _is_root_use(record, identity):
        return {**known, "concern": ROOT_USE, "account_id": identity.get("accountId")}
    if source == "organizations.amazonaws.com" and name in _JOINED:
        details = _dict(record, "serviceEventDetails")
        account_id = _dict(details, "createAccountStatus").get("accountId") or details.get("memberAccountId")
        return {**known, "concern": ACCOUNT if account_id else NONE, "account_id": account_id}
    if source == "organizations.amazonaws.com" and name == _DEPARTED:
        details = _dict(record, "serviceEventDetails")
        account_id = details.get("memberAccountId")
        if not account_id or details.get("departureMethod") == _CLEANED:
            return known
        return {**known, "concern": DEPARTURE, "account_id": account_id}
    if not record.get("errorCode") and isinstance(source, str) and name in _CHANGES.get(source, ()):
        target = parameters.get("targetId") or parameters.get("accountId") if name in _OF_ONE_TARGET else None
        return {**known, "concern": ORGANIZATION, "account_id": target, "unit_id": target}
    return known


_OF_ONE_TARGET = ("AttachPolicy", "DetachPolicy", "MoveAccount")


def _is_root_use(record: dict[str, Any], identity: dict[str, Any]) -> bool:
    """Whether a root user acted, and not an AWS service on its behalf (aws-facts 4.2)."""
    by_aws = identity.get("invokedBy") or (
        record.get("eventType") == "AwsServiceEvent" and record.get("eventSource") != "signin.amazonaws.com"
    )
    return identity.get("type") == "Root" and not by_aws


def _dict(of: dict[str, Any], name: str) -> dict[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _formed(name: str, value: Any) -> str:
    """The value if it has its form, else nothing."""
    return value if isinstance(value, str) and _COMPILED[name].match(value) else ""
