# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads an organization as plain data, with calls that read only: structure, policies, delegations, features."""

from __future__ import annotations

import functools
import itertools
import typing as t
from datetime import timezone

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import facts
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.facts import Attempt

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL_ACCESS = "p-FullAWSAccess"


class StructureReader:
    """Reads what the organization is made of. What may not be read is noted in ``attempt``."""

    def __init__(self, context: Context, attempt: Attempt) -> None:
        self._organization = context.organization
        self._client = context.organization.organizations
        self._attempt = attempt

    def read(self) -> dict[str, t.Any]:
        """``organization``, ``organizational_units``, ``accounts``, ``policies``, ``trusted_access``,
        ``delegated_administrators`` and ``features`` of the result.
        """
        identity = self._organization.identity()
        accounts = self._organization.accounts()
        root = self._attempt.read(facts.POLICY_TYPES, self._root, None) or _root_of(accounts)
        units = self._attempt.read(facts.UNITS, lambda: self._units(root["id"]), None)
        units = _units_of(accounts) if units is None else units
        return {
            "organization": {**identity, "root_id": root["id"], "policy_types": root["policy_types"]},
            "organizational_units": units,
            "accounts": self._accounts(accounts, root["id"], units),
            **self._policies(root["policy_types"]),
            "trusted_access": self._attempt.read(facts.TRUSTED_ACCESS, self._trusted_access, None),
            "delegated_administrators": self._attempt.read(facts.DELEGATIONS, self._delegations, None),
            "features": self._attempt.read(facts.FEATURES, self._features, None),
        }

    def _root(self) -> dict[str, t.Any]:
        types = [one for one in self._organization.policy_types() if one in (SCP, RCP)]
        return {"id": self._organization.root().id, "policy_types": types}

    def _units(self, parent_id: str) -> list[dict[str, t.Any]]:
        """The OUs below a parent, each followed by those below it."""
        found = []
        for unit in self._organization.units_below(parent_id):
            found.append({"id": unit.id, "name": unit.name, "parent_id": parent_id})
            found += self._units(unit.id)
        return found

    def _accounts(
        self, accounts: t.Sequence[Account], root_id: str, units: t.Sequence[dict[str, t.Any]]
    ) -> list[dict[str, t.Any]]:
        parents = {account.id: _ids_in(account.path)[-1] for account in accounts if account.path}
        if len(parents) < len(accounts):  # an older botocore drops the paths
            parents = self._attempt.read(facts.PLACES, lambda: self._places(root_id, units), {})
        return [
            {
                "account_id": account.id,
                "name": account.name,
                "email": account.email,
                "state": account.state,
                "joined_method": account.joined_method,
                "joined": _iso(account.joined),
                "organizational_unit_id": parents.get(account.id, root_id),
            }
            for account in accounts
        ]

    def _places(self, root_id: str, units: t.Sequence[dict[str, t.Any]]) -> dict[str, str]:
        ids = [root_id, *(unit["id"] for unit in units)]
        return {account.id: unit for unit in ids for account in self._organization.accounts_in(unit)}

    def _policies(self, types: t.Sequence[str]) -> dict[str, t.Any]:
        """The policies that are not AWS's own, with documents and targets; and what has FullAWSAccess."""
        listed = self._attempt.read(facts.POLICIES, lambda: [one for kind in types for one in self._list(kind)], [])
        policies = []
        full_access: list[str] | None = None
        for entry in listed:
            targets = self._attempt.read(facts.ATTACHMENTS, functools.partial(self._targets, entry["Id"]), None)
            if entry["Id"] == FULL_ACCESS:
                full_access = targets
            if not entry["AwsManaged"]:
                document = self._attempt.read(facts.DOCUMENTS, functools.partial(self._document, entry["Id"]), None)
                policies.append(
                    {
                        "id": entry["Id"],
                        "name": entry["Name"],
                        "type": entry["Type"],
                        "description": entry.get("Description", ""),
                        "document": document,
                        "targets": targets or [],
                    }
                )
        return {"policies": policies, "full_access_targets": full_access}

    def _list(self, policy_type: str) -> list[dict[str, t.Any]]:
        return self._pages("list_policies", "Policies", "listing the policies", Filter=policy_type)

    def _targets(self, policy_id: str) -> list[str]:
        doing = f"listing the targets of {policy_id}"
        found = self._pages("list_targets_for_policy", "Targets", doing, PolicyId=policy_id)
        return [target["TargetId"] for target in found]

    def _document(self, policy_id: str) -> str:
        return self._organization.policy_document(policy_id)

    def _trusted_access(self) -> list[dict[str, t.Any]]:
        doing = "listing the services the organization trusts"
        found = self._pages("list_aws_service_access_for_organization", "EnabledServicePrincipals", doing)
        return [{"service": one["ServicePrincipal"], "since": _iso(one.get("DateEnabled"))} for one in found]

    def _delegations(self) -> list[dict[str, t.Any]]:
        doing = "listing the delegated administrators"
        delegates = self._pages("list_delegated_administrators", "DelegatedAdministrators", doing)
        found = []
        for delegate in delegates:
            services = self._pages(
                "list_delegated_services_for_account",
                "DelegatedServices",
                f"listing what {delegate['Id']} is delegated administrator for",
                AccountId=delegate["Id"],
            )
            found += [
                {
                    "service": one["ServicePrincipal"],
                    "account_id": delegate["Id"],
                    "since": _iso(one.get("DelegationEnabledDate")),
                }
                for one in services
            ]
        return found

    def _features(self) -> dict[str, bool | None]:
        switches = self._organization.switches()
        if switches.trusted_access is False:  # AWS hides the features then
            return dict.fromkeys(v.FEATURES)
        features: dict[str, bool | None] = switches.features
        return features

    def _pages(self, operation: str, key: str, doing: str, **arguments: t.Any) -> list[dict[str, t.Any]]:
        with explained(doing):
            pages = self._client.get_paginator(operation).paginate(**arguments)
            return [entry for page in pages for entry in page[key]]


def _ids_in(path: str) -> list[str]:
    """The root and the OUs of the path of an account, ``o-.../r-.../ou-.../account/``."""
    return [part for part in path.split("/") if part.startswith(("r-", "ou-"))]


def _root_of(accounts: t.Sequence[Account]) -> dict[str, t.Any]:
    root = next((_ids_in(account.path)[0] for account in accounts if account.path), None)
    return {"id": root, "policy_types": []}


def _units_of(accounts: t.Sequence[Account]) -> list[dict[str, t.Any]]:
    """The OUs that have accounts, by the accounts' paths. Their names are not known: the ID takes their place."""
    found: dict[str, dict[str, t.Any]] = {}
    for account in accounts:
        ids = _ids_in(account.path)
        for parent, unit in itertools.pairwise(ids):
            found.setdefault(unit, {"id": unit, "name": unit, "parent_id": parent})
    return list(found.values())


def _iso(moment: t.Any) -> str | None:
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z") if moment else None
