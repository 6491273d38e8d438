# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the organization says: its accounts, its delegated administrators, its switches for root access."""

from __future__ import annotations

import contextlib
import functools
import threading
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    error_code,
    explain,
    is_denied,
)

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError


@dataclass(frozen=True)
class Account:
    """A member account, or the management account."""

    id: str
    name: str
    state: str


@dataclass(frozen=True)
class Switches:
    """The organization-wide switches of centralized root access; None where it cannot be read.

    While trusted access is off AWS hides the features: they may come back as they were when it is turned on again.
    """

    trusted_access: bool | None
    features: dict = field(default_factory=lambda: dict.fromkeys(v.FEATURES))


class Organization:
    """Reads the caller's organization. Each fact is asked for once and then remembered; ``refresh`` forgets what
    the steps of root_access change.

    Every method raises a BreakglassError when AWS does not answer the question.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._facts = {}

    @property
    def caller(self):
        return self._connection.caller

    @functools.cached_property
    def organizations(self) -> t.Any:
        return self._connection.client("organizations")

    @functools.cached_property
    def iam(self) -> t.Any:
        return self._connection.client("iam")

    def refresh(self) -> None:
        """Forget the switches and the delegated administrators: they have changed."""
        with self._lock:
            self._facts.pop("switches", None)
            self._facts.pop("delegated administrators", None)

    def describe(self) -> dict | None:
        """``id``, ``feature_set`` and ``management_account_id``; None when the caller is in no organization."""
        return self._once("organization", self._describe)

    def accounts(self) -> list[Account]:
        """All accounts of the organization, the management account included."""
        return list(self._once("accounts", self._list_accounts).values())

    def account(self, account_id: str) -> Account | None:
        """One account; None when it is not in the organization."""
        with self._lock:
            listed = self._facts.get("accounts")
        if listed is not None:
            return listed.get(account_id)
        return self._once(f"account {account_id}", lambda: self._describe_account(account_id))

    def delegated_administrators(self) -> list[Account]:
        """The accounts registered as delegated administrator for IAM."""
        return self._once("delegated administrators", self._list_delegated_administrators)

    def switches(self) -> Switches:
        """Trusted access and the two features."""
        return self._once("switches", self._read_switches)

    def caller_role(self) -> str:
        """``management_account``, ``delegated_administrator`` or ``neither``."""
        organization = self.describe()
        if organization is None:
            return v.NEITHER
        if organization["management_account_id"] == self.caller.account_id:
            return v.MANAGEMENT_ACCOUNT
        try:
            delegates = self.delegated_administrators()
        except BreakglassError as error:
            # Only the management account and delegated administrators may ask; a denial from any other account
            # cannot be told from a missing permission, unless IAM says so.
            if is_denied(error) and self._iam_knows_caller() is False:
                return v.NEITHER
            raise
        return v.DELEGATED_ADMINISTRATOR if self.caller.account_id in {d.id for d in delegates} else v.NEITHER

    def _once(self, key: str, read: t.Callable[[], t.Any]) -> t.Any:
        with self._lock:
            if key not in self._facts:
                self.caller  # noqa: B018 asked first: it finds out in seconds whether there is any AWS to ask
                self._facts[key] = read()
            return self._facts[key]

    def _describe(self) -> dict | None:
        try:
            answer = self.organizations.describe_organization()["Organization"]
        except ClientError as error:
            if error_code(error) == "AWSOrganizationsNotInUseException":
                return None
            raise explain(error, "reading the organization") from error
        except BotoCoreError as error:
            raise explain(error, "reading the organization") from error
        return {
            "id": answer["Id"],
            "feature_set": answer["FeatureSet"],
            "management_account_id": answer["MasterAccountId"],
        }

    def _list_accounts(self) -> dict[str, Account]:
        pages = self._pages("list_accounts", "listing the organization's accounts")
        return {entry["Id"]: _account(entry) for page in pages for entry in page["Accounts"]}

    def _describe_account(self, account_id: str) -> Account | None:
        try:
            return _account(self.organizations.describe_account(AccountId=account_id)["Account"])
        except ClientError as error:
            if error_code(error) == "AccountNotFoundException":
                return None
            raise explain(error, f"reading account {account_id}") from error
        except BotoCoreError as error:
            raise explain(error, f"reading account {account_id}") from error

    def _list_delegated_administrators(self) -> list[Account]:
        pages = self._pages(
            "list_delegated_administrators",
            "listing the delegated administrators for IAM",
            ServicePrincipal=v.SERVICE_PRINCIPAL,
        )
        return [_account(entry) for page in pages for entry in page["DelegatedAdministrators"]]

    def _read_switches(self) -> Switches:
        doing = "reading the features of centralized root access"
        try:
            enabled = set(self.iam.list_organizations_features().get("EnabledFeatures", []))
        except ClientError as error:
            if error_code(error) == "ServiceAccessNotEnabledException":
                return Switches(trusted_access=False)
            raise explain(error, doing) from error
        except BotoCoreError as error:
            raise explain(error, doing) from error
        return Switches(True, {ours: theirs in enabled for ours, theirs in v.FEATURES.items()})

    def _iam_knows_caller(self) -> bool | None:
        try:
            self.switches()
        except BreakglassError as error:
            return False if error.code == "AccountNotManagementOrDelegatedAdministratorException" else None
        return True

    def _pages(self, operation: str, doing: str, **arguments: t.Any) -> list[dict]:
        try:
            return list(self.organizations.get_paginator(operation).paginate(**arguments))
        except (BotoCoreError, ClientError) as error:
            raise explain(error, doing) from error


def _account(entry: dict) -> Account:
    # AWS retired Status on 2026-09-09; State is what counts. Older endpoints have only Status.
    return Account(entry["Id"], entry.get("Name", ""), entry.get("State") or entry.get("Status") or v.UNKNOWN)
