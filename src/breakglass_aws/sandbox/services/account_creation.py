# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts that Organizations creates (aws-facts 5c)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.iam_entities import ADMINISTRATOR_ROLE, access_role, make_role
from breakglass_aws.sandbox.model.lifecycle import Creation
from breakglass_aws.sandbox.model.organization import Account, RootUser
from breakglass_aws.sandbox.services.membership import join
from breakglass_aws.sandbox.services.organizations_shared import (
    add_organizations_event,
    constraint,
    invalid,
    long_date,
    page,
    require_management,
    tags_of,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

# Accounts that may be in creation at once (Organizations User Guide, "Quotas").
_CREATIONS = 5


def create_account(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request)
    parameters, moment = request.parameters, now().replace(microsecond=0)
    name, email = parameters.get("AccountName", ""), parameters.get("Email", "")
    role = parameters.get("RoleName", ADMINISTRATOR_ROLE)
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", email) or not 6 <= len(email) <= 64:
        raise invalid("INVALID_EMAIL_ADDRESS_TARGET", "You provided an email address that is not valid.")
    if not re.fullmatch(r"[ -~]{1,50}", name):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", role):
        raise invalid("INVALID_ROLE_NAME", "You provided a role name that isn't valid.")
    if parameters.get("IamUserAccessToBilling", "ALLOW") not in ("ALLOW", "DENY"):
        raise invalid("INVALID_ENUM", "You specified an invalid value.")
    under_way = [creation for creation in state.creations.values() if creation.state == "IN_PROGRESS"]
    if len(under_way) >= _CREATIONS:
        raise constraint(
            "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
            "You have exceeded the number of accounts that can be in progress at a time.",
        )
    if len(state.organization.accounts) + len(under_way) >= state.behaviour.account_quota:
        raise constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts.")
    identifier = f"car-{names.hexadecimal(32, state.organization.id, str(len(state.creations)), email)}"
    creation = state.creations[identifier] = Creation(identifier, name, moment)
    finish = partial(
        _finish_creation,
        state,
        creation,
        email,
        role,
        parameters.get("IamUserAccessToBilling") != "DENY",
        tags_of(request),
    )
    state.schedule.at(moment + state.behaviour.account_creation, finish)
    return {"CreateAccountStatus": _shown_creation(creation)}


def _finish_creation(
    state: State,
    creation: Creation,
    email: str,
    role: str,
    billing_access: bool,
    tags: dict[str, str],
    moment: datetime,
) -> None:
    creation.completed = moment
    if any(account.email.lower() == email.lower() for account in state.accounts()):
        creation.state, creation.failure = "FAILED", "EMAIL_ALREADY_EXISTS"
        _add_created_event(state, creation)
        return
    account = _opened(state, creation.name, email, moment)
    account.tags, account.standing.billing_access = tags, billing_access
    join(state, account, "CREATED", moment)
    management = state.organization.management_account
    make_role(state.iam(account.id), account.id, access_role(role, state.partition, management))
    state.identities.setdefault(
        f"{creation.name}-administrator",
        state.open_identity(f"{creation.name}-administrator", account=account.id, role=role),
    )
    creation.state, creation.account = "SUCCEEDED", account.id
    _add_created_event(state, creation)


def _opened(state: State, name: str, email: str, moment: datetime) -> Account:
    """A new account without root credentials, its address the management account's (aws-facts 2.5, 1)."""
    management = state.organization.accounts[state.organization.management_account]
    seeds = ((name, email, str(attempt)) for attempt in range(1000))
    candidates = (f"{int(names.hexadecimal(15, 'account', *seed), 16) % 10**12:012d}" for seed in seeds)
    identifier = next(candidate for candidate in candidates if state.account(candidate) is None)
    return Account(
        id=identifier,
        name=name,
        email=email,
        arn=state.organization.arn("account", identifier),
        state="ACTIVE",
        joined_method="CREATED",
        joined=moment,
        root=RootUser(moment),
        parent=state.organization.root_id,
        created=moment,
        contact={**management.contact, "FullName": name},
    )


def _add_created_event(state: State, creation: Creation) -> None:
    completed = creation.completed or creation.requested
    status: dict[str, Any] = {
        "id": creation.id,
        "state": creation.state,
        "accountName": "****",
        "requestedTimestamp": long_date(creation.requested),
        "completedTimestamp": long_date(completed),
    }
    status |= {"accountId": creation.account} if creation.account else {"failureReason": creation.failure}
    details = {"createAccountStatus": status}
    add_organizations_event(state, state.organization.management_account, "CreateAccountResult", completed, details)


def _shown_creation(creation: Creation) -> dict[str, Any]:
    return {
        "Id": creation.id,
        "AccountName": creation.name,
        "State": creation.state,
        "RequestedTimestamp": creation.requested,
        "CompletedTimestamp": creation.completed,
        "AccountId": creation.account,
        "FailureReason": creation.failure,
    }


def describe_creation(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request, or_delegate=True)
    creation = state.creations.get(request.parameters.get("CreateAccountRequestId", ""))
    if creation is None:
        raise AwsError(
            "CreateAccountStatusNotFoundException",
            "We can't find an create account request with the CreateAccountRequestId that you specified.",
        )
    return {"CreateAccountStatus": _shown_creation(creation)}


def list_creations(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request, or_delegate=True)
    wanted = request.parameters.get("States")
    found = [one.id for one in state.creations.values() if not wanted or one.state in wanted]
    return page(request.parameters, "CreateAccountStatuses", found, lambda one: _shown_creation(state.creations[one]))
