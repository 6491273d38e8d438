# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organization as its administrator sees it: accounts, OUs, policies with their texts, and root access."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from breakglass_aws.drills.judge.connection import Connection, Unanswered

POLICY_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")


class Unread:
    """What could not be read, by path, with AWS's refusal."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def attempt(self, path: str, read: Callable[[], Any], nothing: Any = None) -> Any:
        """Return what `read` returns. If it is refused, note the reason and return `nothing`."""
        try:
            return read()
        except Unanswered as refusal:
            self.reasons[path] = str(refusal)
            return nothing


class Organization:
    """Reads the organization as one identity of its management account."""

    def __init__(self, connection: Connection, observer: str, unread: Unread) -> None:
        self._connection = connection
        self._observer = observer
        self._unread = unread

    def read(self) -> dict[str, Any]:
        """Return `organization` and `accounts` of the state."""
        accounts = self._unread.attempt("accounts", self._accounts, {})
        units: dict[str, dict[str, Any]] = self._unread.attempt("organization.units", self._units, {})
        policies, attached = self._unread.attempt("organization.policies", self._policies, ({}, {}))
        for path, unit in units.items():
            unit["policies"] = sorted(attached.get(unit["id"], []))
            for account in unit.pop("accounts"):
                accounts.setdefault(account, {})["unit"] = path
        for identifier, account in accounts.items():
            account["policies"] = sorted(attached.get(identifier, []))
        return {"organization": {"units": units, "policies": policies, **self._root_access()}, "accounts": accounts}

    def _list(self, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        return self._connection.pages(self._observer, "organizations", operation, key, **parameters)

    def _accounts(self) -> dict[str, Any]:
        return {
            account["Id"]: {
                "name": account["Name"],
                "email": account["Email"],
                "state": account.get("State") or account.get("Status"),
                "joined_method": account["JoinedMethod"],
            }
            for account in self._list("ListAccounts", "Accounts")
        }

    def _units(self) -> dict[str, dict[str, Any]]:
        """The root and the OUs by their path of names, each with its ID and accounts."""
        found: dict[str, dict[str, Any]] = {}
        waiting = [(root["Name"], root["Id"]) for root in self._list("ListRoots", "Roots")]
        while waiting:
            path, identifier = waiting.pop()
            accounts = [one["Id"] for one in self._list("ListAccountsForParent", "Accounts", ParentId=identifier)]
            found[path] = {"id": identifier, "accounts": accounts}
            children = self._list("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=identifier)
            waiting += [(f"{path}/{child['Name']}", child["Id"]) for child in children]
        return found

    def _policies(self) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """The policies by type and name, with their texts; and the names of those attached to each target."""
        policies: dict[str, Any] = {}
        attached: dict[str, list[str]] = {}
        for kind in POLICY_TYPES:
            for policy in self._list("ListPolicies", "Policies", Filter=kind):
                name = f"{kind}/{policy['Name']}"
                described = self._connection.call(
                    self._observer, "organizations", "DescribePolicy", PolicyId=policy["Id"]
                )
                policies[name] = {"id": policy["Id"], "text": described["Policy"]["Content"]}
                for target in self._list("ListTargetsForPolicy", "Targets", PolicyId=policy["Id"]):
                    attached.setdefault(target["TargetId"], []).append(name)
        return policies, attached

    def _root_access(self) -> dict[str, Any]:
        attempt = self._unread.attempt
        return {
            "trusted_access": attempt("organization.trusted_access", self._trusted_access, []),
            "delegated_administrators": attempt("organization.delegated_administrators", self._delegations, {}),
            "features": self._features(),
            "policy_types": attempt("organization.policy_types", self._policy_types, []),
        }

    def _trusted_access(self) -> list[str]:
        services = self._list("ListAWSServiceAccessForOrganization", "EnabledServicePrincipals")
        return sorted(one["ServicePrincipal"] for one in services)

    def _delegations(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self._list("ListDelegatedAdministrators", "DelegatedAdministrators"):
            for service in self._list("ListDelegatedServicesForAccount", "DelegatedServices", AccountId=one["Id"]):
                found.setdefault(service["ServicePrincipal"], []).append(one["Id"])
        return {service: sorted(accounts) for service, accounts in found.items()}

    def _features(self) -> list[str] | str:
        """The enabled features of centralized root access. Without trusted access AWS answers with an error."""
        try:
            answer = self._connection.call(self._observer, "iam", "ListOrganizationsFeatures")
        except Unanswered as refusal:
            if refusal.code.startswith("ServiceAccessNotEnabled"):
                return refusal.code
            self._unread.reasons["organization.features"] = str(refusal)
            return []
        return sorted(answer["EnabledFeatures"])

    def _policy_types(self) -> list[str]:
        return sorted(
            kind["Type"]
            for root in self._list("ListRoots", "Roots")
            for kind in root.get("PolicyTypes", [])
            if kind["Status"] == "ENABLED"
        )
