# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organization file says of accounts' lives: standing, contacts, the other organization, how fast AWS is.

`organization.py` reads the file; the values come here with their places (`_Item`), so errors name them.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from breakglass_aws.sandbox.model.lifecycle import (
    PAYMENT_METHODS,
    SUPPORT_PLANS,
    Behaviour,
    Sender,
    Standing,
    standalone,
)

if TYPE_CHECKING:
    from breakglass_aws.sandbox.organization_file.values import ConfigNode


ACCOUNT_KEYS = (
    "created",
    "member",
    "payment_method",
    "phone_verified",
    "support_plan",
    "agreement",
    "billing_access",
    "contact",
    "alternate_contacts",
    "delegated_administrator_for",
)
TOP_KEYS = ("behaviour", "other_organization")

_CONTACT = {
    "full_name": "FullName",
    "address": "AddressLine1",
    "city": "City",
    "state": "StateOrRegion",
    "postal_code": "PostalCode",
    "country": "CountryCode",
    "phone": "PhoneNumber",
    "company": "CompanyName",
}
_ADDRESS = {
    "AddressLine1": "1 Example Street",
    "City": "Seattle",
    "StateOrRegion": "WA",
    "PostalCode": "98101",
    "CountryCode": "US",
    "PhoneNumber": "+1 206 555 0100",
}
_ALTERNATE = {"name": "Name", "title": "Title", "email": "EmailAddress", "phone": "PhoneNumber"}


def membership_spec(given: dict[str, ConfigNode], name: str, joined: datetime, *, created_here: bool) -> dict[str, Any]:
    """The keys of an account this module knows, in their final form.

    An account created in the organization has nothing it would need to live alone; an invited one, and the management
    account, lived alone before (aws-facts 5c, 3).

    Args:
        created_here: Whether the account was created by Organizations.
    """
    own = Standing() if created_here else standalone()
    standing = {
        "payment_method": given["payment_method"].choice(*PAYMENT_METHODS)
        if "payment_method" in given
        else own.payment_method,
        "phone": own.phone
        if "phone_verified" not in given
        else "VERIFIED"
        if given["phone_verified"].flag()
        else "UNVERIFIED",
        "support_plan": given["support_plan"].choice(*SUPPORT_PLANS) if "support_plan" in given else own.support_plan,
        "agreement": given["agreement"].flag() if "agreement" in given else own.agreement,
        "billing_access": given["billing_access"].flag() if "billing_access" in given else own.billing_access,
    }
    return {
        "created": given["created"].date() if "created" in given else joined,
        "standing": standing,
        "contact": _contact(given.get("contact"), name),
        "alternate_contacts": _alternate_contacts(given.get("alternate_contacts")),
    }


def _contact(item: ConfigNode | None, name: str) -> dict[str, str]:
    """Organizations copies the management account's address and puts the account's name (recorded from AWS).

    With `complete: true` the contact has what is given and nothing else.
    """
    given = item.fields(*_CONTACT, "complete") if item else {}
    complete = given.pop("complete").flag() if "complete" in given else False
    usual = {} if complete else {"FullName": name, **_ADDRESS}
    return {**usual, **{_CONTACT[key]: entry.text() for key, entry in given.items()}}


def _alternate_contacts(item: ConfigNode | None) -> dict[str, dict[str, str]]:
    given = item.fields("billing", "operations", "security") if item else {}
    return {
        kind.upper(): {
            _ALTERNATE[key]: value.text()
            for key, value in entry.fields(*_ALTERNATE, required=tuple(_ALTERNATE)).items()
        }
        for kind, entry in given.items()
    }


def behaviour(item: ConfigNode | None, base: Behaviour | None = None) -> Behaviour:
    """How fast AWS is in this organization; where nothing is said, as in `base`."""
    made = replace(base or Behaviour())
    given = item.fields(*(field.name for field in fields(Behaviour))) if item else {}
    for name, entry in given.items():
        setattr(made, name, {bool: entry.flag, int: entry.number}.get(type(getattr(made, name)), entry.duration)())
    return made


def other_organization(item: ConfigNode, partition: str, accounts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The organization accounts may be transferred to."""
    given = item.fields(
        "organization",
        "management_account",
        "name",
        "email",
        "invites",
        required=("organization", "management_account"),
    )
    management = given["management_account"].account_id()
    if management in accounts:
        raise given["management_account"].refuse("the ID of an account that is not in this file")
    name = given["name"].text() if "name" in given else "other-management"
    sender = Sender(
        given["organization"].text(r"o-[a-z0-9]{10,32}", "an organization ID such as o-otherorg0001"),
        management,
        given["email"].email() if "email" in given else f"aws+{name}@example.org",
        name,
    )
    invites = []
    for entry in given["invites"].items() if "invites" in given else []:
        if entry.account_id() not in accounts:
            raise entry.refuse("the ID of an account of this file")
        invites.append(entry.value)
    return {"sender": sender, "partition": partition, "invites": invites}
