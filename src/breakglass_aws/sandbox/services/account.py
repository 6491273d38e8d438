# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Account Management: contacts, names, Regions and the root user's e-mail address (aws-facts 5c, 5i).

Refusals were recorded from AWS by a third party (stackd, testdata/aws/account, 2026-09-12), but for those of an e-mail
update and a phone verification under way, which are UNVERIFIED.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from breakglass_aws.sandbox.access.required_permissions import ACCOUNT_SERVICE
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError, not_implemented
from breakglass_aws.sandbox.model.lifecycle import ALTERNATE_CONTACTS, EmailUpdate, Message
from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_PRIMARY_EMAIL = {
    "AcceptPrimaryEmailUpdate",
    "GetPrimaryEmail",
    "GetPrimaryEmailUpdateStatus",
    "StartPrimaryEmailUpdate",
}
# Account Management's own states know no PENDING_CLOSURE (B:account.GetAccountInformation).
_STATES = {"PENDING_CLOSURE": "ACTIVE"}
# The code must be used within a day (aws-facts 5i).
_CODE_VALID = timedelta(hours=24)
_CONTACT_REQUIRED = ("FullName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
_BY_DEFAULT = """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1
    eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
_BY_CHOICE = """
    af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
    ca-west-1 eu-central-2 eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1
"""
_REGIONS = dict.fromkeys(_BY_DEFAULT.split(), "ENABLED_BY_DEFAULT") | dict.fromkeys(_BY_CHOICE.split(), "DISABLED")
_REGION_STATES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")


def handle(state: State, request: Request) -> dict[str, Any] | None:
    operation = _OPERATIONS.get(request.operation)
    if operation is None:
        raise not_implemented("account", request.operation)
    _check_kind(request)
    return operation(state, _target(state, request), request.parameters)


# Refusals


def _denied(request: Request, why: str = "") -> AwsError:
    text = f"User: {request.caller.principal.arn} is not authorized to perform: account:{request.operation}"
    return AwsError(
        "AccessDeniedException",
        f"{text} ({why})" if why else text,
        403,
        fields={"errorType": "AccessDeniedException"},
    )


def _invalid(message: str, **fields: Any) -> AwsError:
    return AwsError("ValidationException", message, 400, fields=fields)


def _mismatch(pattern: str, value: str) -> AwsError:
    return _invalid(f'[ECMA 262 regex "{pattern}" does not match input string "{value}"]')


def _conflict(message: str) -> AwsError:
    return AwsError("ConflictException", message, 409, fields={"errorType": "ConflictException"})


def _not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, 404, fields={"errorType": "ResourceNotFoundException"})


# Whose account


def _target(state: State, request: Request) -> Account:
    """The account a call is about: the caller's own without AccountId; a member's for those who administer them."""
    organization, caller = state.organization, request.caller.account
    wanted = request.parameters.get("AccountId")
    if wanted is None and request.operation in _PRIMARY_EMAIL - {"GetPrimaryEmailUpdateStatus"}:
        raise _invalid('[object has missing required properties (["AccountId"])]')
    if wanted is None:
        own = state.account(caller)
        if own is None:
            raise _denied(request)
        return own
    if not re.fullmatch(r"\d{12}", wanted):
        raise _mismatch(r"^\d{12}$", wanted)
    management = organization.management_account
    if caller != management and not organization.is_delegate(caller, ACCOUNT_SERVICE):
        raise _denied(request)
    if ACCOUNT_SERVICE not in organization.trusted_access:
        raise _denied(request, "Your organization must first enable trusted access with AWS Account Management.")
    if wanted == management:
        raise _denied(
            request,
            "Access Denied"
            if request.operation in _PRIMARY_EMAIL
            else "The management account can only be managed using the standalone context from the management account.",
        )
    member = organization.accounts.get(wanted)
    if member is None:
        raise _denied(request)
    return member


def _check_kind(request: Request) -> None:
    """AWS takes a wrong type of contact, and a Region in capitals, for a lack of permission."""
    kind = request.parameters.get("AlternateContactType")
    if "AlternateContact" in request.operation and kind not in ALTERNATE_CONTACTS:
        raise _denied(request, "You specified an invalid Alternate Contact type.")
    region = request.parameters.get("RegionName", "")
    if region != region.lower():
        raise _denied(request, "You specified an invalid target region.")


# Contacts and name

Parameters = dict[str, Any]


def _get_contact(_: State, account: Account, __: Parameters) -> dict[str, Any]:
    return {"ContactInformation": account.contact, "VerificationStatus": account.standing.phone}


def _put_contact(_: State, account: Account, parameters: Parameters) -> None:
    contact = parameters.get("ContactInformation") or {}
    phone = contact.get("PhoneNumber", "")
    for name in dict.fromkeys((*_CONTACT_REQUIRED, *contact)):
        if not contact.get(name, "").strip() and name != "PhoneNumber":
            raise _invalid(f"the argument {name} can not be empty")
    if not re.fullmatch(r"[+][\s0-9()-]+", phone):
        raise _mismatch(r"^[+][\s0-9()-]+$", phone)
    if phone.strip() != account.contact.get("PhoneNumber"):
        account.standing.phone = "UNVERIFIED"
    account.contact = {name: value.strip() for name, value in contact.items()}
    account.contact["CountryCode"] = account.contact["CountryCode"].upper()


def _get_alternate(_: State, account: Account, parameters: Parameters) -> dict[str, Any]:
    kind = parameters["AlternateContactType"]
    if kind not in account.alternate_contacts:
        raise _not_found("No contact of the inputted alternate contact type found.")
    return {"AlternateContact": {**account.alternate_contacts[kind], "AlternateContactType": kind}}


def _put_alternate(_: State, account: Account, parameters: Parameters) -> None:
    email = parameters.get("EmailAddress", "")
    if not re.fullmatch(r"\s*[\w+=.#|!&-]+@[\w.-]+\.\w+\s*", email):
        raise _mismatch(r"^[\s]*[\w+=.#|!&-]+@[\w.-]+\.[\w]+[\s]*$", email)
    account.alternate_contacts[parameters["AlternateContactType"]] = {
        "Name": parameters.get("Name", ""),
        "Title": parameters.get("Title", ""),
        "EmailAddress": email.strip(),
        "PhoneNumber": parameters.get("PhoneNumber", ""),
    }


def _delete_alternate(_: State, account: Account, parameters: Parameters) -> None:
    if account.alternate_contacts.pop(parameters["AlternateContactType"], None) is None:
        raise _not_found("No contact of the inputted alternate contact type found.")


def _get_information(_: State, account: Account, __: Parameters) -> dict[str, Any]:
    return {
        "AccountId": account.id,
        "AccountName": account.name,
        "AccountCreatedDate": account.created.replace(microsecond=0),
        "AccountState": _STATES.get(account.state, account.state),
    }


def _put_name(_: State, account: Account, parameters: Parameters) -> None:
    name = parameters.get("AccountName", "")
    if not name.strip():
        # AWS gives this one no code, so clients show the HTTP status.
        raise AwsError("400", "The input AccountName must not be null or only whitespace.")
    if not re.fullmatch(r"[ -;=?-~]{1,50}", name):
        raise _mismatch("^[ -;=?-~]+$", name)
    account.name = name.strip()


# The root user's e-mail address


def _get_email(_: State, account: Account, __: Parameters) -> dict[str, Any]:
    return {"PrimaryEmail": account.email}


def _start_email(state: State, account: Account, parameters: Parameters) -> dict[str, Any]:
    """Send a code to the new address; the old mailbox plays no part (aws-facts 5i)."""
    email, moment = parameters.get("PrimaryEmail", ""), now()
    if not 5 <= len(email) <= 64 or not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", email):
        raise _invalid("The provided email address is not valid.")
    if any(other.email.lower() == email.lower() for other in state.accounts()):
        raise _conflict("The provided email address is already in use.")
    code = _code()
    account.email_update = EmailUpdate(email, code, moment, moment)
    state.messages.append(
        Message("mail", account.id, email, moment, "Verify your new AWS account email", f"Your code is {code}.", code)
    )
    return {"Status": "PENDING"}


def _accept_email(state: State, account: Account, parameters: Parameters) -> dict[str, Any]:
    email, code = parameters.get("PrimaryEmail", ""), parameters.get("Otp", "")
    if not re.fullmatch(r"[a-zA-Z0-9]{6}", code):
        raise _mismatch("^[a-zA-Z0-9]{6}$", code)
    update, moment = account.email_update, now()
    if update is None or update.status != "PENDING" or update.email.lower() != email.lower():
        raise _not_found("No pending email update found for account")
    if code != update.code or moment - update.started > _CODE_VALID:
        raise _invalid("The provided OTP is not valid or has expired.")
    if any(other.email.lower() == email.lower() for other in state.accounts()):
        raise _conflict("The provided email address is already in use.")
    update.status, update.updated = "ACCEPTED", moment
    state.schedule.at(moment + state.behaviour.email_update, partial(_finish_email, account, update))
    return {"Status": "ACCEPTED"}


def _finish_email(account: Account, update: EmailUpdate, moment: Any) -> None:
    account.email, update.status, update.updated = update.email, "COMPLETED", moment


def _email_status(_: State, account: Account, __: Parameters) -> dict[str, Any]:
    update = account.email_update
    if update is None:
        raise _invalid("No email update found for account")
    return {"Status": update.status, "UpdatedAt": update.updated}


# The phone


def _code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def send_phone_code(state: State, account: Account) -> str:
    """Send a code to the phone of the primary contact."""
    account.phone_code = code = _code()
    account.standing.phone = "PENDING"
    phone = account.contact.get("PhoneNumber", "")
    state.messages.append(
        Message("phone", account.id, phone, now(), "AWS verification", f"Your AWS code is {code}.", code)
    )
    return code


def _send_phone(state: State, account: Account, _: Parameters) -> dict[str, Any]:
    if account.standing.phone == "VERIFIED":
        raise _conflict("The phone number is already verified.")
    send_phone_code(state, account)
    return {"Status": account.standing.phone}


def _verify_phone(_: State, account: Account, parameters: Parameters) -> dict[str, Any]:
    code = parameters.get("Otp", "")
    if account.phone_code is None:
        raise _not_found("No pending phone number verification found for account")
    if code != account.phone_code:
        raise _invalid("The provided OTP is not valid or has expired.")
    account.phone_code, account.standing.phone = None, "VERIFIED"
    return {"Status": account.standing.phone}


# Regions


def regions(state: State) -> dict[str, str]:
    """Regions that must be switched on are off, as in a new account. Other partitions have none of these."""
    return _REGIONS if state.partition == "aws" else {state.home_region: "ENABLED_BY_DEFAULT"}


def _list_regions(state: State, _: Account, parameters: Parameters) -> dict[str, Any]:
    wanted = parameters.get("RegionOptStatusContains") or _REGION_STATES
    for status in wanted:
        if status not in _REGION_STATES:
            possible = json.dumps(list(_REGION_STATES), separators=(",", ":"))
            raise _invalid(f'[instance value ("{status}") not found in enum (possible values: {possible})]')
    size, token = parameters.get("MaxResults", 20), parameters.get("NextToken") or "0"
    if not 1 <= size <= 50 or not token.isdigit():
        raise _invalid("The request is not valid.")
    found = [(name, status) for name, status in sorted(regions(state).items()) if status in wanted]
    start = int(token)
    page = [{"RegionName": name, "RegionOptStatus": status} for name, status in found[start : start + size]]
    return {"Regions": page, **({"NextToken": str(start + size)} if start + size < len(found) else {})}


def _region_status(state: State, _: Account, parameters: Parameters) -> dict[str, Any]:
    region = parameters.get("RegionName", "")
    status = regions(state).get(region)
    if status is None:
        text = f"{region} is not a valid region for opt-in or opt-out."
        raise _invalid(text, reason="fieldValidationFailed", fieldList=[{"name": "RegionName", "message": text}])
    return {"RegionName": region, "RegionOptStatus": status}


_OPERATIONS: dict[str, Callable[[State, Account, Parameters], dict[str, Any] | None]] = {
    "AcceptPrimaryEmailUpdate": _accept_email,
    "DeleteAlternateContact": _delete_alternate,
    "GetAccountInformation": _get_information,
    "GetAlternateContact": _get_alternate,
    "GetContactInformation": _get_contact,
    "GetPrimaryEmail": _get_email,
    "GetPrimaryEmailUpdateStatus": _email_status,
    "GetRegionOptStatus": _region_status,
    "ListRegions": _list_regions,
    "PutAccountName": _put_name,
    "PutAlternateContact": _put_alternate,
    "PutContactInformation": _put_contact,
    "SendPhoneNumberVerification": _send_phone,
    "StartPrimaryEmailUpdate": _start_email,
    "VerifyPhoneNumber": _verify_phone,
}
