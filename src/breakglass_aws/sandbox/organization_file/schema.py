# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization described in one YAML file: read, checked, and built.

The file is small to write by hand; the sandbox's own is `organizations/default.yml`. Every error names file, line, key
and value, and what is accepted. Dates are relative (`400 days ago`) or ISO (`2025-03-01`, `2025-03-01T12:00:00Z`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from breakglass_aws.sandbox.authorization import (
    PolicyError,
    validate_resource_control_policy,
    validate_service_control_policy,
)
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.model.iam_entities import (
    ADMINISTRATOR_ROLE,
)
from breakglass_aws.sandbox.model.identity_center import SERVICE
from breakglass_aws.sandbox.model.lifecycle import Behaviour
from breakglass_aws.sandbox.model.organization import (
    FEATURES,
    RCP,
    SCP,
)
from breakglass_aws.sandbox.organization_file import access, structure
from breakglass_aws.sandbox.organization_file import accounts as standing
from breakglass_aws.sandbox.organization_file.account_spec import account_spec, entries_of
from breakglass_aws.sandbox.organization_file.build import Description
from breakglass_aws.sandbox.organization_file.values import ConfigNode, Value
from breakglass_aws.sandbox.organization_file.yaml_source import Source, read

DEFAULT = Path(__file__).parents[1] / "organizations" / "default.yml"
_POLICIES = {"service_control_policies": SCP, "resource_control_policies": RCP}


# Checking


def load(source: str | Path | dict[str, Any] | None = None) -> Description:
    """Read and check an organization.

    Args:
        source: A YAML file, the same as plain data, or None for the default organization.

    Raises:
        OrganizationError: With the place in the file and what is accepted there.
    """
    if isinstance(source, dict):
        value, place = source, Source("organization")
    else:
        value, place = read(Path(source or DEFAULT))
    return _description(ConfigNode(value, (), place, now().replace(microsecond=0)))


def change_behaviour(given: Value, base: Behaviour) -> Behaviour:
    """Behaviour with some of it changed, written as in the file.

    Raises:
        OrganizationError: With what is accepted.
    """
    return standing.behaviour(ConfigNode(given, ("behaviour",), Source("request"), now()), base)


def _description(item: ConfigNode) -> Description:
    given = item.fields(
        "organization",
        "partition",
        "created",
        "management_account",
        "trusted_access",
        "features",
        "delegated_administrators",
        "accounts",
        *_POLICIES,
        "identities",
        *structure.TOP_KEYS,
        *standing.TOP_KEYS,
        *access.TOP_KEYS,
        required=("organization", "management_account", "accounts"),
    )
    identifier = given["organization"].text(r"o-[a-z0-9]{10,32}", "an organization ID such as o-breakglass1")
    created = given["created"].date() if "created" in given else item.loaded - timedelta(days=1000)
    organization: dict[str, Any] = {
        "id": identifier,
        "root_id": structure.root_id(given, identifier),
        "units": structure.units(given),
        "unreadable": structure.unreadable(given),
        "partition": given["partition"].choice("aws", "aws-us-gov", "aws-cn") if "partition" in given else "aws",
        "created": created,
        "management_account": given["management_account"].account_id(),
        "trusted_access": structure.trusted_access(given, created),
        "features": [entry.choice(*FEATURES) for entry in entries_of(given, "features")],
        "delegations": {},
        "behaviour": standing.behaviour(given.get("behaviour")),
        "loaded": item.loaded,
    }
    accounts = _accounts(given["accounts"], organization)
    organization["other_organization"] = (
        standing.other_organization(given["other_organization"], organization["partition"], accounts)
        if "other_organization" in given
        else None
    )

    def member(entry: ConfigNode) -> str:
        if not accounts[_known(entry, accounts)]["member"]:
            raise entry.refuse("the ID of an account that is a member of the organization")
        return str(entry.value)

    member(given["management_account"])
    _delegate(given, organization, accounts, member)
    targets = _Targets(organization, accounts)
    organization["policy_types"] = structure.policy_types(given)
    policies = _policies(given, organization, targets)
    organization["without_full_access"] = [
        targets.target(entry) for entry in entries_of(given, "full_access_detached_from")
    ]
    identities = _identities(given, accounts)
    center = None
    if "identity_center" in given:
        center = access.center(given["identity_center"], organization, accounts, member)
        if SERVICE not in organization["trusted_access"]:
            organization["trusted_access"][SERVICE] = created  # an organization's instance needs it
    return Description(organization, accounts, policies, identities, center)


def _accounts(item: ConfigNode, organization: dict[str, Any]) -> dict[str, dict[str, Any]]:
    accounts: dict[str, dict[str, Any]] = {}
    taken: dict[str, set[str]] = {"name": set(), "bucket": set(), "key": set()}
    for entry in item.items():
        account = account_spec(entry, organization, taken)
        if account["id"] in accounts:
            raise entry.child("id", account["id"]).refuse("an account ID that is not yet in the list")
        accounts[account["id"]] = account
    return accounts


def _known(entry: ConfigNode, accounts: dict[str, dict[str, Any]]) -> str:
    if entry.account_id() not in accounts:
        raise entry.refuse("the ID of an account of this file")
    return str(entry.value)


def _delegate(
    given: dict[str, ConfigNode],
    organization: dict[str, Any],
    accounts: dict[str, dict[str, Any]],
    member: Callable[[ConfigNode], str],
) -> None:
    """Fill in the delegated administrators, by service and by account, each with the date since when."""
    created = organization["created"]
    if "delegated_administrators" in given:
        for service, entry in given["delegated_administrators"].mapping().items():
            several = entry.items() if isinstance(entry.value, list) else [entry]
            named = (structure.dated(one, "account", created) for one in several)
            organization["delegations"][service] = {member(one): since for one, since in named}
    for account in accounts.values():
        for service in account["delegated_administrator_for"]:
            organization["delegations"].setdefault(service, {}).setdefault(account["id"], created)


class _Targets:
    """What policies can be attached to: the root, the OUs of the file, and its accounts."""

    accepted = "Root, the path of an OU of this file, or an account ID of a member"

    def __init__(self, organization: dict[str, Any], accounts: dict[str, dict[str, Any]]) -> None:
        paths = {account["ou"] for account in accounts.values()} | organization["units"].keys()
        above = {"/".join(path.split("/")[:depth]) for path in paths for depth in range(path.count("/") + 1)}
        self._paths = paths | above
        self._members = {identifier for identifier, account in accounts.items() if account["member"]}

    def target(self, entry: ConfigNode) -> str:
        """An account ID or the path of an OU, which is empty for the root."""
        name = entry.text(accepted=self.accepted)
        if name != "Root" and name not in self._paths and name not in self._members:
            raise entry.refuse(self.accepted)
        return "" if name == "Root" else name


def _policies(given: dict[str, ConfigNode], organization: dict[str, Any], targets: _Targets) -> list[dict[str, Any]]:
    taken: set[str] = set()
    return [
        _policy_spec(name, kind, entry, targets, taken, enabled=kind in organization["policy_types"])
        for key, kind in _POLICIES.items()
        for name, entry in (given[key].mapping() if key in given else {}).items()
    ]


def _identities(given: dict[str, ConfigNode], accounts: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The identities of the file, and the administrator of each account that has the role."""
    identities: dict[str, dict[str, str]] = {
        _administrator(account): {"account": account["id"], "role": ADMINISTRATOR_ROLE}
        for account in accounts.values()
        if account["administrator_role"]
    }
    for name, entry in (given["identities"].mapping() if "identities" in given else {}).items():
        identities[name] = _identity_spec(entry, accounts)
    return identities


def _administrator(account: dict[str, Any]) -> str:
    """The name of the identity: of the account's name, and its ID where another account has the name too."""
    distinct = f"{account['name']}-{account['id']}" if account["shared_name"] else account["name"]
    return f"{distinct}-administrator"


def _policy_spec(
    name: str, kind: str, item: ConfigNode, targets: _Targets, taken: set[str], *, enabled: bool
) -> dict[str, Any]:
    given = item.fields("id", "description", "document", "targets", required=("document",))
    content = given["document"].policy_text()
    try:
        if kind == RCP:
            validate_resource_control_policy(content)
        else:
            validate_service_control_policy(content)
    except PolicyError:
        accepted = "a policy that denies, Principal *, actions of named services"
        accepted = accepted if kind == RCP else "a policy without Principal and NotPrincipal"
        raise given["document"].refuse(accepted) from None
    attached = entries_of(given, "targets")
    if attached and not enabled:
        raise given["targets"].refuse(f"nothing: {kind} is not one of policy_types")
    return {
        "id": structure.policy_id(given, taken),
        "name": name,
        "description": given["description"].text() if "description" in given else "",
        "content": content,
        "type": kind,
        "targets": [targets.target(entry) for entry in attached],
    }


def _identity_spec(item: ConfigNode, accounts: dict[str, dict[str, Any]]) -> dict[str, str]:
    given = item.fields("account", "role", "user", "root", "source_identity", required=("account",))
    account = accounts[_known(given["account"], accounts)]
    if len(given.keys() & {"role", "user", "root"}) != 1:
        raise item.source.error(item.path, "accepted: either a role, a user or root")
    if "root" in given:
        active = [key["id"] for key in account["root"]["access_keys"] if key["status"] == "Active"]
        if given["root"].value is not True or not active:
            raise given["root"].refuse("true, of an account whose root user has an active access key")
        return {"account": account["id"], "root_key": active[0]}
    kind = "role" if "role" in given else "user"
    existing = [entry["name"] for entry in account[f"{kind}s"]]
    if given[kind].text() not in existing:
        raise given[kind].refuse(f"a {kind} of account {account['id']}: {', '.join(existing) or 'it has none'}")
    spec = {"account": account["id"], kind: given[kind].text()}
    if "source_identity" in given:
        spec["source_identity"] = given["source_identity"].text(r"[\w+=,.@-]{2,64}", "2 to 64 letters, digits, +=,.@-")
    return spec
