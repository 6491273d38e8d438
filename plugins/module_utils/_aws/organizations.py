# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the organization: its accounts, its delegated administrators, its features for root access."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code, is_denied

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError


@dataclass(frozen=True, slots=True)
class Account:
    """A member account, or the management account."""

    id: str
    name: str
    state: str
    email: str = ""
    joined_method: str = ""  # CREATED or INVITED
    joined: datetime | None = None
    path: str = ""  # o-.../r-.../ou-.../account/, empty where AWS does not return it (an older botocore)


@dataclass(frozen=True)
class Unit:
    """The organization's root or an OU. The root has no parent."""

    id: str
    name: str
    parent_id: str | None


@dataclass(frozen=True)
class Policy:
    """A policy of the organization, without its document."""

    id: str
    name: str
    type: str
    aws_managed: bool


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
        self._facts: dict[str, t.Any] = {}
        self._ahead = timedelta()  # how far AWS's clock is ahead of this machine's

    @property
    def caller(self):
        return self._connection.caller

    @property
    def region(self) -> str:
        """The region STS is called in."""
        return self._connection.region

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

    def identity(self) -> dict:
        """The same; raises a BreakglassError when the caller is in no organization."""
        description = self.describe()
        if description is None:
            raise BreakglassError(
                f"Account {self.caller.account_id} is in no organization.",
                "Use credentials of the organization's management account or of its delegated administrator for IAM.",
            )
        return description

    def now(self) -> datetime:
        """The time by AWS's clock, which is the one its waiting periods go by."""
        self.describe()
        return datetime.now(timezone.utc) + self._ahead

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

    def account_now(self, account_id: str) -> Account | None:
        """One account as it is at this moment; None when it is not in the organization (any more)."""
        return self._describe_account(account_id)

    def units_above(self, account: Account) -> list[Unit]:
        """The root and the OUs an account is in, the root first. Remembered by OU: accounts share them."""
        return self.unit_and_above(_parent_in(account.path) or self._parent(account.id))

    def path_of(self, account: Account) -> str | None:
        """The path of an account's OU, "o-.../r-.../ou-.../"; None when it may not be read.

        It is the value of aws:PrincipalOrgPaths and aws:ResourceOrgPaths for the account.
        """
        if account.path:
            return account.path.removesuffix("/").rpartition("/")[0] + "/"
        try:
            description, units = self.describe(), self.units_above(account)
        except BreakglassError:
            return None
        return "/".join([description["id"], *(unit.id for unit in units), ""]) if description else None

    def unit_and_above(self, unit_id: str) -> list[Unit]:
        """The root, the OUs on the way to ``unit_id``, and this one itself."""
        unit = self._once(f"unit {unit_id}", lambda: self._describe_unit(unit_id))
        return [*(self.unit_and_above(unit.parent_id) if unit.parent_id else []), unit]

    def units_below(self, unit_id: str) -> list[Unit]:
        """The OUs right below one, or below the root."""
        return self._once(f"below {unit_id}", lambda: self._list_units(unit_id))

    def accounts_in(self, unit_id: str) -> list[Account]:
        """The accounts right in an OU, or right in the root, without those of the OUs below."""
        return self._once(f"accounts in {unit_id}", lambda: self._list_accounts_in(unit_id))

    def root(self) -> Unit:
        """The organization's root."""
        entry = self._once("root", self._describe_root)
        return Unit(entry["Id"], entry["Name"], None)

    def policy_types(self) -> list[str]:
        """The types of policies that are switched on in the organization."""
        entry = self._once("root", self._describe_root)
        return [one["Type"] for one in entry.get("PolicyTypes", []) if one["Status"] == "ENABLED"]

    def policies_of(self, target_id: str, policy_type: str) -> list[Policy]:
        """The policies attached to an OU or the root (remembered), or to an account (asked for each time)."""
        if target_id.isdigit():
            return self._list_policies(target_id, policy_type)
        return self._once(f"{policy_type} {target_id}", lambda: self._list_policies(target_id, policy_type))

    def policy_document(self, policy_id: str) -> str:
        """The text of a policy. Remembered: AWS allows two such calls a second."""
        return self._once(f"policy {policy_id}", lambda: self._describe_policy(policy_id))

    def policies(self, policy_type: str) -> list[Policy]:
        """All policies of a type, attached or not. Asked for each time."""
        pages = self._pages("list_policies", "listing the organization's policies", Filter=policy_type)
        return [_policy(entry) for page in pages for entry in page["Policies"]]

    def policy_document_now(self, policy_id: str) -> str:
        """The text of a policy as it is at this moment."""
        return self._describe_policy(policy_id)

    def targets_of(self, policy_id: str) -> list[str]:
        """The IDs of the root, OUs and accounts that a policy is attached to. Asked for each time."""
        doing = f"listing what the policy {policy_id} is attached to"
        pages = self._pages("list_targets_for_policy", doing, PolicyId=policy_id)
        return [entry["TargetId"] for page in pages for entry in page["Targets"]]

    def tags_of(self, resource_id: str) -> dict[str, str]:
        """The tags of an account, OU or policy."""
        pages = self._pages("list_tags_for_resource", f"listing the tags of {resource_id}", ResourceId=resource_id)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def delegations_of(self, account_id: str) -> list[str]:
        """The services an account is delegated administrator for.

        Which accounts are any is asked once: AWS allows one call a second for the services of an account.
        """
        delegates = self._once("all delegated administrators", self._list_all_delegated_administrators)
        return self._list_delegated_services(account_id) if account_id in delegates else []

    def trusted_services(self) -> list[str]:
        """The services the organization trusts."""
        return self._once("trusted services", self._list_trusted_services)

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
            # looks like a missing permission, unless IAM answers otherwise.
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
        with explained("reading the organization"):
            try:
                response = self.organizations.describe_organization()
            except ClientError as error:
                if error_code(error) == "AWSOrganizationsNotInUseException":
                    return None
                raise
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a proxy may have dropped the header
            date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
            self._ahead = date - datetime.now(timezone.utc)
        answer = response["Organization"]
        return {
            "id": answer["Id"],
            "feature_set": answer["FeatureSet"],
            "management_account_id": answer["MasterAccountId"],
        }

    def _list_accounts(self) -> dict[str, Account]:
        with explained("listing the organization's accounts"):  # page by page: there may be thousands of accounts
            pages = self.organizations.get_paginator("list_accounts").paginate()
            return {entry["Id"]: _account(entry) for page in pages for entry in page["Accounts"]}

    def _list_accounts_in(self, unit_id: str) -> list[Account]:
        pages = self._pages("list_accounts_for_parent", f"listing the accounts in {unit_id}", ParentId=unit_id)
        return [_account(entry) for page in pages for entry in page["Accounts"]]

    def _describe_account(self, account_id: str) -> Account | None:
        with explained(f"reading account {account_id}"):
            try:
                return _account(self.organizations.describe_account(AccountId=account_id)["Account"])
            except ClientError as error:
                if error_code(error) == "AccountNotFoundException":
                    return None
                raise

    def _list_delegated_administrators(self) -> list[Account]:
        pages = self._pages(
            "list_delegated_administrators",
            "listing the delegated administrators for IAM",
            ServicePrincipal=v.SERVICE_PRINCIPAL,
        )
        return [_account(entry) for page in pages for entry in page["DelegatedAdministrators"]]

    def _list_all_delegated_administrators(self) -> set[str]:
        pages = self._pages("list_delegated_administrators", "listing the delegated administrators")
        return {entry["Id"] for page in pages for entry in page["DelegatedAdministrators"]}

    def _list_delegated_services(self, account_id: str) -> list[str]:
        doing = f"listing what {account_id} is delegated administrator for"
        try:
            pages = self._pages("list_delegated_services_for_account", doing, AccountId=account_id)
        except BreakglassError as error:
            if error.code == "AccountNotRegisteredException":
                return []
            raise
        return [entry["ServicePrincipal"] for page in pages for entry in page["DelegatedServices"]]

    def _list_trusted_services(self) -> list[str]:
        pages = self._pages("list_aws_service_access_for_organization", "listing the services the organization trusts")
        return [entry["ServicePrincipal"] for page in pages for entry in page["EnabledServicePrincipals"]]

    def _parent(self, child_id: str) -> str:
        pages = self._pages("list_parents", f"asking where {child_id} is", ChildId=child_id)
        return next(entry["Id"] for page in pages for entry in page["Parents"])

    def _describe_root(self) -> dict:
        pages = self._pages("list_roots", "reading the organization's root")
        return next(entry for page in pages for entry in page["Roots"])

    def _describe_unit(self, unit_id: str) -> Unit:
        if unit_id == self.root().id:
            return self.root()
        with explained(f"reading the OU {unit_id}"):
            entry = self.organizations.describe_organizational_unit(OrganizationalUnitId=unit_id)["OrganizationalUnit"]
        return Unit(unit_id, entry["Name"], _parent_in(entry.get("Path", "")) or self._parent(unit_id))

    def _list_units(self, parent_id: str) -> list[Unit]:
        pages = self._pages(
            "list_organizational_units_for_parent", f"listing the OUs in {parent_id}", ParentId=parent_id
        )
        return [Unit(entry["Id"], entry["Name"], parent_id) for page in pages for entry in page["OrganizationalUnits"]]

    def _list_policies(self, target_id: str, policy_type: str) -> list[Policy]:
        doing = f"listing the policies of {target_id}"
        pages = self._pages("list_policies_for_target", doing, TargetId=target_id, Filter=policy_type)
        return [_policy(entry) for page in pages for entry in page["Policies"]]

    def _describe_policy(self, policy_id: str) -> str:
        with explained(f"reading the policy {policy_id}"):
            return self.organizations.describe_policy(PolicyId=policy_id)["Policy"]["Content"]

    def _read_switches(self) -> Switches:
        with explained("reading the features of centralized root access"):
            try:
                enabled = set(self.iam.list_organizations_features().get("EnabledFeatures", []))
            except ClientError as error:
                if error_code(error) == "ServiceAccessNotEnabledException":
                    return Switches(trusted_access=False)
                raise
        return Switches(True, {ours: theirs in enabled for ours, theirs in v.FEATURES.items()})

    def _iam_knows_caller(self) -> bool | None:
        try:
            self.switches()
        except BreakglassError as error:
            return False if error.code == "AccountNotManagementOrDelegatedAdministratorException" else None
        return True

    def _pages(self, operation: str, doing: str, **arguments: t.Any) -> list[dict]:
        with explained(doing):
            return list(self.organizations.get_paginator(operation).paginate(**arguments))


def _parent_in(path: str) -> str:
    """The last but one ID of ``o-.../r-.../ou-.../``; empty where AWS, or botocore, does not return paths."""
    parts = [part for part in path.split("/") if part]
    return parts[-2] if len(parts) > 2 else ""


def _policy(entry: dict) -> Policy:
    return Policy(entry["Id"], entry["Name"], entry["Type"], entry["AwsManaged"])


def _account(entry: dict) -> Account:
    # AWS retired Status on 2026-09-09; State is what counts. Older endpoints have only Status.
    joined = entry.get("JoinedTimestamp")
    return Account(
        id=entry["Id"],
        name=entry.get("Name", ""),
        state=sys.intern(entry.get("State") or entry.get("Status") or v.UNKNOWN),
        email=entry.get("Email", ""),
        joined_method=sys.intern(entry.get("JoinedMethod", "")),
        joined=joined.astimezone(timezone.utc) if joined else None,  # botocore makes a time zone for each moment
        path=next(iter(entry.get("Paths") or []), ""),
    )
