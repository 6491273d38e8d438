# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization described in one YAML file: read, checked, and built.

The file is small to write by hand; the sandbox's own is `organizations/default.yml`. Every error names file, line, key
and value, and what is accepted. Dates are relative (`400 days ago`) or ISO (`2025-03-01`, `2025-03-01T12:00:00Z`).
"""

from __future__ import annotations

import json
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
from breakglass_aws.sandbox.organization_file import access
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
        *standing.TOP_KEYS,
        *access.TOP_KEYS,
        required=("organization", "management_account", "accounts"),
    )
    organization: dict[str, Any] = {
        "id": given["organization"].text(r"o-[a-z0-9]{10,32}", "an organization ID such as o-breakglass1"),
        "partition": given["partition"].choice("aws", "aws-us-gov", "aws-cn") if "partition" in given else "aws",
        "created": given["created"].date() if "created" in given else item.loaded - timedelta(days=1000),
        "management_account": given["management_account"].account_id(),
        "trusted_access": [entry.text() for entry in entries_of(given, "trusted_access")],
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
    policies = _policies(given, accounts)
    # Service control policies are always enabled here; resource control policies where the file has some.
    organization["policy_types"] = [SCP, *([RCP] if "resource_control_policies" in given else [])]
    identities = _identities(given, accounts)
    center = None
    if "identity_center" in given:
        center = access.center(given["identity_center"], organization, accounts, member)
        if SERVICE not in organization["trusted_access"]:
            organization["trusted_access"].append(SERVICE)  # an organization's instance needs it
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
    """Fill in the delegated administrators, by service and by account."""
    if "delegated_administrators" in given:
        for service, entry in given["delegated_administrators"].mapping().items():
            ids = entry.items() if isinstance(entry.value, list) else [entry]
            organization["delegations"][service] = [member(one) for one in ids]
    for account in accounts.values():
        for service in account["delegated_administrator_for"]:
            ids = organization["delegations"].setdefault(service, [])
            ids.extend([account["id"]] if account["id"] not in ids else [])


def _policies(given: dict[str, ConfigNode], accounts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    paths = {account["ou"] for account in accounts.values()}
    paths |= {"/".join(path.split("/")[:depth]) for path in paths for depth in range(path.count("/") + 1)}
    return [
        _policy_spec(name, kind, entry, paths, accounts)
        for key, kind in _POLICIES.items()
        for name, entry in (given[key].mapping() if key in given else {}).items()
    ]


def _identities(given: dict[str, ConfigNode], accounts: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The identities of the file, and the administrator of each account that has the role."""
    identities: dict[str, dict[str, str]] = {
        f"{account['name']}-administrator": {"account": account["id"], "role": ADMINISTRATOR_ROLE}
        for account in accounts.values()
        if account["administrator_role"]
    }
    for name, entry in (given["identities"].mapping() if "identities" in given else {}).items():
        identities[name] = _identity_spec(entry, accounts)
    return identities


def _policy_spec(name: str, kind: str, item: ConfigNode, paths: set[str], accounts: dict[str, Any]) -> dict[str, Any]:
    given = item.fields("description", "document", "targets", required=("document",))
    document = given["document"].policy()
    try:
        if kind == RCP:
            validate_resource_control_policy(json.dumps(document))
        else:
            validate_service_control_policy(json.dumps(document))
    except PolicyError:
        accepted = "a policy that denies, Principal *, actions of named services"
        accepted = accepted if kind == RCP else "a policy without Principal and NotPrincipal"
        raise given["document"].refuse(accepted) from None
    targets = []
    for entry in entries_of(given, "targets"):
        accepted = "Root, the path of an OU of this file, or an account ID"
        target = entry.text(accepted=accepted)
        if target != "Root" and target not in paths and target not in accounts:
            raise entry.refuse(accepted)
        targets.append("" if target == "Root" else target)
    return {
        "name": name,
        "description": given["description"].text() if "description" in given else "",
        "document": document,
        "type": kind,
        "targets": targets,
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
