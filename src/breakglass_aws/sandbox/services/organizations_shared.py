# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operations of AWS Organizations share: refusals, looking up an account, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.lifecycle import Sender
from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_PAGE = 20


def not_found(kind: str, what: str) -> AwsError:
    return AwsError(f"{kind}NotFoundException", f"You specified {what} that doesn't exist.")


def constraint(reason: str, message: str) -> AwsError:
    return AwsError("ConstraintViolationException", message, fields={"Reason": reason})


def invalid(reason: str, message: str) -> AwsError:
    return AwsError("InvalidInputException", message, fields={"Reason": reason})


def find_account(state: State, identifier: str | None) -> Account:
    if not re.fullmatch(r"\d{12}", identifier or ""):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
    found = state.organization.accounts.get(str(identifier))
    if found is None:
        raise not_found("Account", "an account")
    return found


def page(parameters: dict[str, Any], name: str, entries: Iterable[str], show: Callable[[str], Any]) -> dict[str, Any]:
    """One page of at most 20 entries; the token is the number of entries before it."""
    limit, token = parameters.get("MaxResults", _PAGE), parameters.get("NextToken") or "0"
    if not 1 <= limit <= _PAGE:
        raise invalid("MAX_LENGTH_EXCEEDED", "You provided a value for MaxResults that is not between 1 and 20.")
    if not token.isdigit():
        raise invalid("INVALID_NEXT_TOKEN", "You provided an invalid NextToken.")
    identifiers = list(entries)
    start = int(token)
    result: dict[str, Any] = {name: [show(identifier) for identifier in identifiers[start : start + limit]]}
    if start + limit < len(identifiers):
        result["NextToken"] = str(start + limit)
    return result


DENIED = "You don't have permissions to access this resource."


def require_member(state: State, account: str) -> None:
    """Refuse callers that belong to no organization, or to another one."""
    if account in state.organization.accounts:
        return
    outsider = state.outside.get(account)
    if outsider is not None and outsider.elsewhere:
        raise AwsError("AccessDeniedException", DENIED)
    raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")


def require_management(state: State, request: Request, *, or_delegate: bool = False) -> None:
    organization, account = state.organization, request.caller.account
    require_member(state, account)
    if account != organization.management_account and not (or_delegate and organization.is_delegate(account)):
        raise AwsError("AccessDeniedException", DENIED)


def own_organization(state: State) -> Sender:
    """This organization, as others see it in an invitation."""
    management = state.organization.accounts[state.organization.management_account]
    return Sender(state.organization.id, management.id, management.email, management.name)


def add_organizations_event(state: State, recipient: str, name: str, moment: datetime, details: dict[str, Any]) -> None:
    state.add_service_event(
        {
            "eventSource": "organizations.amazonaws.com",
            "eventName": name,
            "eventType": "AwsServiceEvent",
            "eventTime": moment,
            "recipientAccountId": recipient,
            "serviceEventDetails": details,
        }
    )


def long_date(moment: datetime) -> str:
    """A date as the events of CreateAccount and CloseAccount write it: `Sep 16, 2020 5:00:00 AM`."""
    return f"{moment:%b} {moment.day}, {moment:%Y} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def tags_of(request: Request) -> dict[str, str]:
    return {tag.get("Key", ""): tag.get("Value", "") for tag in request.parameters.get("Tags", [])}


def root_summary(state: State) -> dict[str, Any]:
    root = state.organization.units[state.organization.root_id]
    return {
        "Id": root.id,
        "Arn": root.arn,
        "Name": root.name,
        "PolicyTypes": [{"Type": kind, "Status": "ENABLED"} for kind in state.organization.policy_types],
    }


def account_summary(state: State, identifier: str) -> dict[str, Any]:
    """State, and the retired Status, in which a closed account reads SUSPENDED (aws-facts 2.5, 3)."""
    account = state.organization.accounts[identifier]
    status = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "ACTIVE"}.get(account.state, account.state)
    return {
        "Id": account.id,
        "Arn": account.arn,
        "Email": account.email,
        "Name": account.name,
        "Status": status if state.behaviour.retired_status else None,
        "State": account.state,
        "JoinedMethod": account.joined_method,
        "JoinedTimestamp": account.joined,
        "Paths": [f"{state.organization.path(account.id)}{account.id}/"],
    }


def unit_kind(state: State, unit: str) -> str:
    return "ROOT" if unit == state.organization.root_id else "ORGANIZATIONAL_UNIT"
