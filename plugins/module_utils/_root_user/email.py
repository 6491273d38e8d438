# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The root user's e-mail address: read, and changed without the old mailbox.

AWS sends a one-time code to the new address (StartPrimaryEmailUpdate). A person reads it there, and it completes the
change (AcceptPrimaryEmailUpdate). The code must be used within 24 hours, and the change may take AWS four hours
(Account Management Reference Guide, "Update the root user email").
"""

from __future__ import annotations

import contextlib
import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Attempts
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import Performed, perform
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    error_code,
    is_denied,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import MANAGEMENT_ACCOUNT_IS_NO_TARGET, unusable

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError

# States of a change (GetPrimaryEmailUpdateStatus). AWS does not report to which address.
PENDING = "PENDING"
ACCEPTED = "ACCEPTED"
COMPLETED = "COMPLETED"
FAILED = "FAILED"
CODE_VALID = timedelta(hours=24)
PROPAGATION = timedelta(hours=4)

# What the module does next.
NOTHING = "nothing"
START = "start"
AWAIT_CODE = "await_code"
ACCEPT = "accept"
AWAIT_AWS = "await_aws"

_PAUSE = 5
_TRUST_PAUSES = (1, 2, 4, 8)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+\Z")
_OTP = re.compile(r"[A-Za-z0-9]{6,8}\Z", re.ASCII)  # the model says 6, the guide's sample has 8

# Account Management's errors, whose codes mean other things elsewhere.
_ADDRESS_FIXES = {
    "ConflictException": (
        "Name an address that no other AWS account has, closed ones included; name+something@host may be another one."
    ),
    "ResourceNotFoundException": (
        "No change to this address is pending: run it without otp, and then with the code that AWS sends."
    ),
    "ValidationException": (
        "Check email and otp. A code works for the address it was sent to, for 24 hours: run it with resend=true and "
        "without otp for another one."
    ),
}
ADDRESSES_ARE_FOR = (
    "Use credentials of the management account, or of the delegated administrator for "
    f"{v.ACCOUNT_SERVICE_PRINCIPAL}, which need not be the one for IAM."
)


@dataclass(frozen=True)
class Update:
    """The last change of the address: its state, and since when it has been in that state."""

    status: str
    since: datetime | None = None

    def is_young(self, now: datetime, than: timedelta) -> bool:
        return self.since is not None and now - self.since <= than


def check_email(email: str, option: str = "email") -> str:
    """The address; InvalidInput for what AWS would not accept (API reference, StartPrimaryEmailUpdate)."""
    if not 5 <= len(email) <= 64 or not _EMAIL.match(email):
        raise InvalidInput(option, email, "an e-mail address of 5 to 64 characters")
    return email


def check_otp(otp: str) -> str:
    """The code. The error for an invalid one does not contain it."""
    text = otp.strip()
    if not _OTP.match(text):
        hint = "write it in quotes, or YAML takes it for a number and loses leading zeros"
        raise InvalidInput("otp", "(not shown)", "the 6 letters and digits of the mail", hint=hint)
    return text


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same for AWS, which ignores upper and lower case."""
    return one.strip().casefold() == other.strip().casefold()


def next_step(current: str, wanted: str | None, update: Update | None, otp: bool, again: bool, now: datetime) -> str:
    """What to do next, from the present and the declared address. ``again`` requests a new code."""
    if wanted is None or same(current, wanted):
        return NOTHING
    status = update.status if update else None
    if update and status == ACCEPTED and update.is_young(now, PROPAGATION):
        return AWAIT_AWS
    if otp:
        return ACCEPT
    if update and status == PENDING and update.is_young(now, CODE_VALID) and not again:
        return AWAIT_CODE
    return START


def member(organization: Organization, account_id: str) -> Account:
    """The account. The caller may be the delegated administrator for addresses alone, without a role for IAM."""
    description = organization.describe()
    if description is None:
        raise BreakglassError(f"Account {organization.caller.account_id} is in no organization.", ADDRESSES_ARE_FOR)
    if description["management_account_id"] == account_id:
        hint = f"{MANAGEMENT_ACCOUNT_IS_NO_TARGET[0]}; its own root user changes its address, signed in, at Account"
        raise InvalidInput("account_id", account_id, "the ID of a member account", hint=hint)
    try:
        account = organization.account(account_id)
    except BreakglassError as error:
        if is_denied(error) and description["management_account_id"] != organization.caller.account_id:
            raise BreakglassError(error.cause, ADDRESSES_ARE_FOR, error.code) from error
        raise
    if account is None:
        hint = f"{account_id} is not in it. Check the ID, and whose credentials are used"
        raise InvalidInput("account_id", account_id, "the ID of an account of the organization", hint=hint)
    if unusable(account):
        raise BreakglassError(unusable(account), "Its address can be changed when AWS has made it ACTIVE again.")
    return account


class RootEmail:
    """The address of one account's root user.

    ``start``, ``accept`` and ``trust`` return how the call ended. The other methods raise a BreakglassError.
    """

    def __init__(self, connection: Connection, organization: Organization, account_id: str) -> None:
        self._organization = organization
        self._client = connection.client("account")
        self._account_id = account_id

    def read(self) -> str:
        return self._call("get_primary_email", "reading the e-mail address")["PrimaryEmail"]

    def read_once_trusted(self) -> str:
        """The same, right after trusted access was turned on: it takes a moment to reach Account Management."""
        return waiter.retry(self.read, is_denied, _TRUST_PAUSES)

    def last_update(self) -> Update | None:
        """The last change; None when there was none, or this botocore cannot read it."""
        if not hasattr(self._client, "get_primary_email_update_status"):
            return None
        with self._explained("reading the state of the change"):
            try:
                answer = self._client.get_primary_email_update_status(AccountId=self._account_id)
            except ClientError as error:
                # AWS has no code of its own for "there was none"; which of these it uses is not known.
                if error_code(error) in ("ResourceNotFoundException", "ValidationException"):
                    return None
                raise
        return Update(answer["Status"], answer.get("UpdatedAt"))

    def start(self, email: str) -> Performed:
        """Have AWS send a code to the new address."""
        return self._perform("start_primary_email_update", f"starting the change to {email}", PrimaryEmail=email)

    def accept(self, email: str, otp: str) -> Performed:
        """Give AWS the code."""
        return self._perform("accept_primary_email_update", "accepting the code", PrimaryEmail=email, Otp=otp)

    def trust(self) -> Performed:
        """Turn on trusted access for Account Management."""
        doing = f"turning on trusted access for {v.ACCOUNT_SERVICE_PRINCIPAL} (organizations:EnableAWSServiceAccess)"
        send = self._organization.organizations.enable_aws_service_access
        return perform(lambda: while_busy(lambda: send(ServicePrincipal=v.ACCOUNT_SERVICE_PRINCIPAL)), doing)

    def wait(self, email: str, seconds: float) -> bool:
        """Whether the address is the new one, within ``seconds``; a BreakglassError when AWS could not change it."""

        def ended() -> bool | None:
            if same(self.read(), email):
                return True
            update = self.last_update()
            return False if update and update.status == FAILED else None

        arrived = waiter.poll(ended, lambda end: end is not None, waiter.within(seconds, _PAUSE))
        if arrived is False:
            raise BreakglassError(
                "AWS could not change the e-mail address (FAILED).", "Run the task again without otp: it starts again."
            )
        return bool(arrived)

    def _perform(self, operation: str, doing: str, **arguments: t.Any) -> Performed:
        return perform(lambda: self._call(operation, doing, **arguments), doing)

    def _call(self, operation: str, doing: str, **arguments: t.Any) -> dict:
        with self._explained(f"{doing} (account:{self._client.meta.method_to_api_mapping[operation]})"):
            return getattr(self._client, operation)(AccountId=self._account_id, **arguments)

    def _explained(self, doing: str) -> t.ContextManager[None]:
        return explained(doing, explain_error=lambda error: explain_address_refusal(error, doing, self._organization))


def trusts(organization: Organization) -> bool:
    """Whether the organization trusts Account Management."""
    return v.ACCOUNT_SERVICE_PRINCIPAL in organization.trusted_services()


def explain_address_refusal(error: Exception, doing: str, organization: Organization) -> BreakglassError:
    """Why Account Management refused a call. The cause of a denial is found by reading the organization."""
    explained_error = explain(error, doing)
    code = error_code(error)
    if code in _ADDRESS_FIXES:
        return BreakglassError(explained_error.cause, _ADDRESS_FIXES[code], explained_error.code)
    if not is_denied(error):
        return explained_error
    caller = organization.caller.account_id
    attempts = Attempts()
    description = attempts.read(organization.describe, "the organization")
    if description and description["management_account_id"] != caller:
        delegations = attempts.read(lambda: organization.delegations_of(caller), "the delegated administrators")
        if v.ACCOUNT_SERVICE_PRINCIPAL not in (delegations or ()):
            cause = f"{explained_error.cause} Account {caller} does not manage the addresses of other accounts."
            return BreakglassError(cause, ADDRESSES_ARE_FOR, explained_error.code)
    trusted = attempts.read(organization.trusted_services, "the services the organization trusts")
    if trusted is not None and v.ACCOUNT_SERVICE_PRINCIPAL not in trusted:
        cause = f"{explained_error.cause} Trusted access for {v.ACCOUNT_SERVICE_PRINCIPAL} is off."
        fix = "As the management account, set activate_trusted_access=true (breakglass.aws.root_email)."
        return BreakglassError(cause, fix, explained_error.code)
    return BreakglassError(explained_error.cause, f"{explained_error.fix}{attempts.unchecked}", explained_error.code)
