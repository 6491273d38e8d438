# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusted access and delegated administrators of AWS Organizations (aws-facts 1.4)."""

from __future__ import annotations

import re
from typing import Any

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.services.organizations_shared import (
    account_summary,
    constraint,
    find_account,
    invalid,
    page,
)
from breakglass_aws.sandbox.state import State

# Services that know delegated administrators and trusted access, as far as this field names them.
_SERVICES = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com")


def _service(state: State, parameters: dict[str, Any]) -> str:
    service = parameters.get("ServicePrincipal", "")
    if not _SERVICES.fullmatch(service):
        raise invalid("INVALID_PATTERN", "You specified an unrecognized service principal.")
    return service


def enable_service(state: State, parameters: dict[str, Any]) -> None:
    state.organization.trusted_access.setdefault(_service(state, parameters), now())


def disable_service(state: State, parameters: dict[str, Any]) -> None:
    service = _service(state, parameters)
    if state.organization.delegations.get(service):
        raise constraint(
            "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE",
            "You have delegated administrator/s for this service. De-register them in order to disable service access.",
        )
    state.organization.trusted_access.pop(service, None)


def list_services(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    since = state.organization.trusted_access
    return page(
        parameters,
        "EnabledServicePrincipals",
        since,
        lambda service: {"ServicePrincipal": service, "DateEnabled": since[service]},
    )


def register_delegate(state: State, parameters: dict[str, Any]) -> None:
    organization, account, service = (
        state.organization,
        find_account(state, parameters.get("AccountId")),
        _service(state, parameters),
    )
    if account.id == organization.management_account:
        raise constraint(
            "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register master account/yourself as delegated administrator for your organization.",
        )
    if account.state == "SUSPENDED":
        raise constraint(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as a delegated administrator.",
        )
    if service not in organization.trusted_access:
        raise constraint(
            "SERVICE_ACCESS_NOT_ENABLED",
            "You cannot register a delegated administrator before you enable service access.",
        )
    delegates = organization.delegations.setdefault(service, {})
    if account.id in delegates:
        raise AwsError(
            "AccountAlreadyRegisteredException",
            "The provided account is already a delegated administrator for your organization.",
        )
    if delegates:  # how many IAM allows is UNVERIFIED (aws-facts 1.4): one
        raise constraint(
            "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
            "You have exceeded the number of delegated administrators allowed for the service.",
        )
    delegates[account.id] = now()


def deregister_delegate(state: State, parameters: dict[str, Any]) -> None:
    account, service = find_account(state, parameters.get("AccountId")), _service(state, parameters)
    if state.organization.delegations.get(service, {}).pop(account.id, None) is None:
        raise AwsError(
            "AccountNotRegisteredException",
            "The provided account is not a registered delegated administrator for your organization.",
        )


def list_delegates(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = parameters.get("ServicePrincipal")
    since: dict[str, Any] = {}
    for service, accounts in state.organization.delegations.items():
        if wanted in (None, service):
            since |= {account: min(date, since.get(account, date)) for account, date in accounts.items()}

    def shown(account: str) -> dict[str, Any]:
        entry = account_summary(state, account)
        entry.pop("Paths")
        return entry | {"DelegationEnabledDate": since[account]}

    return page(parameters, "DelegatedAdministrators", since, shown)


def list_delegated_services(state: State, parameters: dict[str, Any]) -> dict[str, Any]:
    account = find_account(state, parameters.get("AccountId")).id
    since = {service: dates[account] for service, dates in state.organization.delegations.items() if account in dates}
    if not since:
        raise AwsError(
            "AccountNotRegisteredException",
            "The provided account is not a registered delegated administrator for your organization.",
        )
    return page(
        parameters,
        "DelegatedServices",
        since,
        lambda service: {"ServicePrincipal": service, "DelegationEnabledDate": since[service]},
    )
