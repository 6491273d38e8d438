# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Account Management (service ``account``): what it knows of member accounts."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code

ALTERNATE_CONTACTS = ("billing", "operations", "security")
# Without these AWS does not take an account for complete (B:account.PutContactInformation, required members).
CONTACT_REQUIRED = ("full_name", "address_line_1", "city", "postal_code", "country_code", "phone_number")

_CONTACT = {
    "FullName": "full_name",
    "CompanyName": "company_name",
    "AddressLine1": "address_line_1",
    "AddressLine2": "address_line_2",
    "AddressLine3": "address_line_3",
    "City": "city",
    "DistrictOrCounty": "district_or_county",
    "StateOrRegion": "state_or_region",
    "PostalCode": "postal_code",
    "CountryCode": "country_code",
    "PhoneNumber": "phone_number",
    "WebsiteUrl": "website_url",
}
_ALTERNATE = {"Name": "name", "Title": "title", "EmailAddress": "email", "PhoneNumber": "phone_number"}


class AccountManagement:
    """AWS Account Management's view of member accounts: creation date and contacts."""

    def __init__(self, connection: Connection, organization: Organization) -> None:
        self._account = connection.client("account")
        self._own = connection.caller.account_id
        services = attempt(organization.trusted_services)
        self._closed = not isinstance(services, Unread) and v.ACCOUNT_SERVICE_PRINCIPAL not in services

    def created(self, account_id: str) -> datetime:
        """When the account was created."""
        return self._ask("get_account_information", account_id)["AccountCreatedDate"]

    def contact(self, account_id: str) -> dict:
        """The contact information, and in ``phone_verification`` how far its phone number is verified (null where
        AWS or botocore does not return it).
        """
        answer = self._ask("get_contact_information", account_id)
        given = answer["ContactInformation"]
        return {
            **{ours: given[theirs] for theirs, ours in _CONTACT.items() if theirs in given},
            "phone_verification": answer.get("VerificationStatus"),
        }

    def alternate_contacts(self, account_id: str) -> dict:
        """The alternate contacts by kind; None for one that is not set."""
        return {kind: self._alternate_contact(account_id, kind) for kind in ALTERNATE_CONTACTS}

    def regions(self, account_id: str) -> list[str]:
        """The regions that the account has enabled."""
        wanted = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"], "MaxResults": 50}
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self._ask("list_regions", account_id, **wanted, **token)
            found += [region["RegionName"] for region in page["Regions"]]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def _alternate_contact(self, account_id: str, kind: str) -> dict | None:
        try:
            answer = self._ask("get_alternate_contact", account_id, AlternateContactType=kind.upper())
        except BreakglassError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        return {ours: answer["AlternateContact"].get(theirs) for theirs, ours in _ALTERNATE.items()}

    def _ask(self, operation: str, account_id: str, **arguments: t.Any) -> dict:
        own = account_id == self._own  # which must not be named, and for which no trusted access is needed
        if self._closed and not own:  # AWS would deny each of the calls
            raise BreakglassError(
                "The organization does not trust AWS Account Management.",
                "Have the management account turn it on: organizations:EnableAWSServiceAccess for "
                f"{v.ACCOUNT_SERVICE_PRINCIPAL}.",
            )
        doing = f"reading account {account_id} ({operation})"
        with explained(doing, explain_error=lambda error: _explain(error, doing)):
            return getattr(self._account, operation)(**({} if own else {"AccountId": account_id}), **arguments)


def _explain(error: Exception, doing: str) -> BreakglassError:
    found = explain(error, doing)
    if error_code(error) != "AccessDeniedException":
        return found
    return BreakglassError(
        found.cause,
        "Use the management account's credentials, or those of the delegated administrator for "
        f"{v.ACCOUNT_SERVICE_PRINCIPAL}, with permission for account:{getattr(error, 'operation_name', 'the call')}.",
        found.code,
    )
