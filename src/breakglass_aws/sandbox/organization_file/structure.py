# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organization file says of OUs and policy types: needed where the file stands for an organization of AWS.

Without these keys, OUs are those of the accounts' paths, IDs are derived, and FullAWSAccess is attached to everything.
Policies of an organization of AWS name its IDs (`aws:PrincipalOrgPaths`), so a file may give them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.model.organization import FULL_ACCESS, RCP, SCP

if TYPE_CHECKING:
    from breakglass_aws.sandbox.organization_file.values import ConfigNode

TOP_KEYS = ("root_id", "organizational_units", "policy_types", "full_access_detached_from", "unreadable")
_UNIT_ID = r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"
_POLICY_ID = r"p-[0-9a-zA-Z_]{8,128}"
_ACTION = r"(account|cloudformation|iam|organizations|sso):(List|Describe|Get)[A-Za-z]+"


def root_id(given: dict[str, ConfigNode], organization: str) -> str:
    """The ID of the organization's root."""
    if "root_id" in given:
        return given["root_id"].text(r"r-[0-9a-z]{4,32}", "the ID of a root such as r-ab12")
    return f"r-{names.hexadecimal(4, organization)}"


def units(given: dict[str, ConfigNode]) -> dict[str, dict[str, str | None]]:
    """The OUs that are listed, by their path: `id` and `name`, None where they are derived from the path.

    An OU whose name has a slash, or that is named Root, has another path than its name.
    """
    found: dict[str, dict[str, str | None]] = {}
    taken: set[str] = set()
    for entry in given["organizational_units"].items() if "organizational_units" in given else []:
        unit = entry.fields("path", "id", "name", required=("path",))
        path = unit["path"].text(r"[^/]+(/[^/]+)*", "a path of OU names such as Workloads/Test")
        if path in found:
            raise unit["path"].refuse("the path of an OU that is not yet in the list")
        if "id" in unit:
            unit["id"].text(_UNIT_ID, "the ID of an OU such as ou-ab12-12345678")
            unit["id"].unique(taken, "an ID that no other OU has")
        found[path] = {
            "id": unit["id"].value if "id" in unit else None,
            "name": unit["name"].text(r".{1,128}", "1 to 128 characters") if "name" in unit else None,
        }
    return found


def policy_types(given: dict[str, ConfigNode]) -> list[str]:
    """The types that are enabled: service control policies, and resource control policies where the file has some."""
    if "policy_types" in given:
        return list(dict.fromkeys(entry.choice(*FULL_ACCESS) for entry in given["policy_types"].items()))
    return [SCP, *([RCP] if "resource_control_policies" in given else [])]


def policy_id(given: dict[str, ConfigNode], taken: set[str]) -> str | None:
    """The ID of a policy, None where it is derived from its name."""
    if "id" not in given:
        return None
    given["id"].text(_POLICY_ID, "the ID of a policy such as p-12345678")
    given["id"].unique(taken, "an ID that no other policy has")
    return str(given["id"].value)


def dated(entry: ConfigNode, key: str, created: datetime) -> tuple[ConfigNode, datetime]:
    """What an entry names, and since when: `{KEY: ..., since: DATE}`, or the name alone."""
    if not isinstance(entry.value, dict):
        return entry, created
    given = entry.fields(key, "since", required=(key,))
    return given[key], given["since"].date() if "since" in given else created


def trusted_access(given: dict[str, ConfigNode], created: datetime) -> dict[str, datetime]:
    """The services that the organization trusts, each with the date since when."""
    entries = given["trusted_access"].items() if "trusted_access" in given else []
    named = (dated(entry, "service", created) for entry in entries)
    return {service.text(): since for service, since in named}


def unreadable(given: dict[str, ConfigNode]) -> frozenset[str]:
    """The actions that are denied to everyone, because what they would return is not known."""
    accepted = "an action that reads, such as organizations:ListTagsForResource"
    found: list[Any] = given["unreadable"].items() if "unreadable" in given else []
    for entry in found:
        entry.text(_ACTION, accepted)
    return frozenset(entry.value for entry in found)
