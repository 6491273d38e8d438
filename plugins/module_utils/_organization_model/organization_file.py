# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model as an organization file of the sandbox. The format is documented in docs/guide/sandbox.md."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.role_definition import ADMINISTRATOR_POLICY
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import yaml_text
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.facts import NotRead
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.structure import RCP, SCP

OPERATOR = "BreakGlassOperator"
_KEYS = {SCP: "service_control_policies", RCP: "resource_control_policies"}
_ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_DENY_NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:NoSuchAction", "Resource": "*"}],
}
_CONTACT = {
    "full_name": "full_name",
    "address_line_1": "address",
    "city": "city",
    "state_or_region": "state",
    "postal_code": "postal_code",
    "country_code": "country",
    "phone_number": "phone",
    "company_name": "company",
}
_ALTERNATE = {"name": "name", "title": "title", "email": "email", "phone_number": "phone"}
_HEADER = """\
# Model of organization {organization}, read {read_at} by breakglass.aws {version}.
# Start it: breakglass sandbox serve --organization FILE
#
# It has the organization's accounts, OUs, policies with their attachments, trusted access, delegated administrators and
# features. It has no buckets and queues; root credentials only where an audit was added; no secrets.
"""


def organization_file(model: dict[str, t.Any], not_read: t.Sequence[NotRead], *, pseudonyms: bool) -> str:
    """The YAML text. What was not read stands in it as a comment, and the sandbox denies to read it."""
    paths = _paths(model)
    organization = model["organization"]
    top = {
        "organization": organization["id"],
        "root_id": organization["root_id"],
        "management_account": organization["management_account_id"],
        "partition": model["caller"]["partition"],
        "policy_types": organization["policy_types"],
        "trusted_access": [_dated(one, "service") for one in model["trusted_access"] or []],
        "features": [v.FEATURES[name] for name, on in (model["features"] or {}).items() if on],
        "delegated_administrators": _delegations(model["delegated_administrators"] or []),
        "unreadable": list(
            dict.fromkeys(action for one in not_read if not one.account_id for action in one.fact.tells)
        ),
        "full_access_detached_from": _without_full_access(model, paths),
        "organizational_units": [_unit(unit, paths) for unit in model["organizational_units"]],
    }
    parts = [
        _header(model, not_read, pseudonyms=pseudonyms),
        yaml_text.block({key: value for key, value in top.items() if value not in (None, [], {})}),
        *_accounts(model, paths, not_read, pseudonyms=pseudonyms),
        *_policies(model, paths),
        "\n# The identities of `breakglass sandbox env --as NAME`.\n",
        yaml_text.block({"identities": {"operator": _operator(model)}}),
    ]
    return "\n".join(parts[:2]) + "".join(parts[2:])


def _unreadable(not_read: t.Sequence[NotRead]) -> list[str]:
    whole = (one for one in not_read if not one.account_id)
    return list(dict.fromkeys(action for one in whole for action in one.fact.tells))


def _header(model: dict[str, t.Any], not_read: t.Sequence[NotRead], *, pseudonyms: bool) -> str:
    text = _HEADER.format(organization=model["organization"]["id"], read_at=model["read_at"], version=v.VERSION)
    if pseudonyms:
        text += "#\n# Names, IDs and e-mail addresses are pseudonyms.\n"
    whole = [one for one in not_read if not one.account_id]
    if whole:
        text += "#\n# Not read, so not known. What would tell it is denied to everyone in the sandbox (unreadable):\n"
        text += "".join(_comment(f"- {one.fact.what} ({one.fact.permission}): {one.reason}") for one in whole)
    return text


def _comment(text: str) -> str:
    return f"# {redaction.visible(' '.join(text.split()))}\n"


def _paths(model: dict[str, t.Any]) -> dict[str, str]:
    """The path of names of each OU by its ID, as the file has it; the root's is empty.

    A name with a slash, and one that could be taken for a target of another kind, stands for itself in another form.
    """
    root = model["organization"]["root_id"]
    paths = {root: ""}
    taken = set()
    for unit in model["organizational_units"]:
        above = paths.get(unit["parent_id"], "")
        name = unit["name"].replace("/", "|") or unit["id"]
        if not above and (name == "Root" or re.fullmatch(r"\d{12}", name, re.ASCII)):
            name = f"OU {name}"
        path = f"{above}/{name}".lstrip("/")
        if path in taken:
            path = f"{path} ({unit['id']})"
        taken.add(path)
        paths[unit["id"]] = path
    return paths


def _unit(unit: dict[str, t.Any], paths: dict[str, str]) -> dict[str, t.Any]:
    path = paths[unit["id"]]
    is_name = path.rpartition("/")[2] == unit["name"]
    return {"path": path, "id": unit["id"], **({} if is_name else {"name": unit["name"]})}


def _dated(entry: dict[str, t.Any], key: str) -> t.Any:
    return {key: entry[key], "since": entry["since"]} if entry["since"] else entry[key]


def _delegations(delegations: t.Sequence[dict[str, t.Any]]) -> dict[str, list]:
    found: dict[str, list] = {}
    for one in delegations:
        entry = {"account": one["account_id"], "since": one["since"]}
        found.setdefault(one["service"], []).append(_dated(entry, "account"))
    return found


def _target(target: str, paths: dict[str, str]) -> str:
    return paths.get(target, target) or "Root"


def _without_full_access(model: dict[str, t.Any], paths: dict[str, str]) -> list[str]:
    attached = model["full_access_targets"]
    if attached is None or SCP not in model["organization"]["policy_types"]:
        return []
    targets = [*paths, *(account["account_id"] for account in model["accounts"])]
    return [_target(one, paths) for one in targets if one not in set(attached)]


def _accounts(
    model: dict[str, t.Any], paths: dict[str, str], not_read: t.Sequence[NotRead], *, pseudonyms: bool
) -> t.Iterator[str]:
    yield "\naccounts:\n"
    names: set[str] = set()
    reasons = {one.account_id: one.reason for one in not_read if one.account_id}
    for account in model["accounts"]:
        spec = _account(model, account, paths)
        if account["name"] in names:
            spec["shared_name"] = True
        names.add(account["name"])
        if account["account_id"] in reasons:
            reason = "AWS refused it" if pseudonyms else reasons[account["account_id"]]
            yield f"  {_comment(f'The access role could not be read: {reason}')}"
        yield yaml_text.block([spec], 2)


def _account(model: dict[str, t.Any], account: dict[str, t.Any], paths: dict[str, str]) -> dict[str, t.Any]:
    name = account["name"].strip()
    spec = {
        "id": account["account_id"],
        "name": name or account["account_id"],
        "ou": paths.get(account["organizational_unit_id"], ""),
        "email": account["email"],
        "state": "" if account["state"] == "ACTIVE" else account["state"],
        "joined": account["joined"],
        "joined_method": "" if account["joined_method"] == "CREATED" else account["joined_method"],
        "tags": account.get("tags"),
        **_contacts(account),
        "root": _root(account.get("root_credentials")),
        **_role(model, account),
    }
    return {key: value for key, value in spec.items() if value not in (None, "", [], {})}


def _contacts(account: dict[str, t.Any]) -> dict[str, t.Any]:
    contact, alternates = account.get("contact"), account.get("alternate_contacts")
    found: dict[str, t.Any] = {}
    if contact:
        known = {theirs: contact[ours] for ours, theirs in _CONTACT.items() if contact.get(ours)}
        found["contact"] = {**known, "complete": True}
        if contact.get("phone_verification"):
            found["phone_verified"] = contact["phone_verification"] == "VERIFIED"
    if alternates:
        found["alternate_contacts"] = {
            kind: {theirs: one[ours] for ours, theirs in _ALTERNATE.items()} for kind, one in alternates.items() if one
        }
    return found


def _root(credentials: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
    if not credentials:
        return None
    password = credentials["password"]
    given = {
        "password": {**_date("created", password), **_last_use(password["last_used"])} if password["present"] else None,
        "access_keys": [_key(key) for key in credentials["access_keys"]],
        "signing_certificates": [
            {**_id(one), "status": one["status"], **_date("created", one)}
            for one in credentials["signing_certificates"]
        ],
        "mfa_devices": [
            {
                "type": "virtual" if one.get("virtual", ":mfa/" in (one["serial"] or "")) else "hardware",
                **({"serial": one["serial"]} if one.get("serial") else {}),
                **_date("enabled", one),
            }
            for one in credentials["mfa_devices"]
        ],
    }
    return {kind: value for kind, value in given.items() if value}


def _key(key: dict[str, t.Any]) -> dict[str, t.Any]:
    used = key["last_used"] or {}
    where = {name: used[name] for name in ("service", "region") if used.get(name)}
    return {**_id(key), "status": key["status"], **_date("created", key), **_last_use(used.get("date")), **where}


def _id(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"id": entry["id"]} if entry.get("id") else {}


def _date(key: str, entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: entry[key]} if entry.get(key) else {}


def _last_use(date: str | None) -> dict[str, t.Any]:
    return {"last_used": date or "never"}


def _role(model: dict[str, t.Any], account: dict[str, t.Any]) -> dict[str, t.Any]:
    """The access role, where it was read; else what AWS Organizations does: it creates one in accounts it creates."""
    caller, roles, users, found = model["caller"], [], [], {}
    role = account.get("access_role")
    if role and role["answers"] is not None:
        found["administrator_role"] = False
        if role["answers"]:
            name = role["name"].rpartition("/")[2]
            roles.append({"name": name, "trust": role["trust_policy"], "policies": _granted(role["policies"])})
    if account["account_id"] == caller["account_id"]:
        if caller["user"]:
            users.append({"name": caller["user"], "policies": [ADMINISTRATOR_POLICY]})
        elif not any(one["name"] == _operator_role(model) for one in roles) and not (
            _operator_role(model) == v.ACCESS_ROLE and _has_access_role(model, account)
        ):
            roles.append({"name": _operator_role(model), "policies": [ADMINISTRATOR_POLICY]})
    return {**found, "roles": roles, "users": users}


def _granted(policies: dict[str, t.Any]) -> list[t.Any]:
    return [name if document is None else {name: document} for name, document in policies.items()]


def _has_access_role(model: dict[str, t.Any], account: dict[str, t.Any]) -> bool:
    is_management = account["account_id"] == model["organization"]["management_account_id"]
    return not is_management and account["joined_method"] == "CREATED" and not account.get("access_role")


def _operator_role(model: dict[str, t.Any]) -> str:
    return model["caller"]["role"] or OPERATOR


def _operator(model: dict[str, t.Any]) -> dict[str, t.Any]:
    caller = model["caller"]
    who = {"user": caller["user"]} if caller["user"] else {"role": _operator_role(model)}
    return {"account": caller["account_id"], **who}


def _policies(model: dict[str, t.Any], paths: dict[str, str]) -> t.Iterator[str]:
    for kind, key in _KEYS.items():
        policies = [policy for policy in model["policies"] if policy["type"] == kind]
        if policies:
            yield f"\n{key}:\n"
        for policy in policies:
            spec = {
                "id": policy["id"],
                "description": policy["description"],
                "targets": [_target(target, paths) for target in policy["targets"]],
            }
            if policy["document"] is None:
                yield _comment(f"The document of {policy['name']} was not read: the sandbox does not enforce it.")
                spec["document"] = _ALLOW_ALL if kind == SCP else _DENY_NOTHING
            else:
                spec["document"] = _document(policy["document"])
            yield yaml_text.block({policy["name"]: {key: one for key, one in spec.items() if one}}, 2)


def _document(text: str) -> t.Any:
    """The document as a mapping, which people read; as its text where a mapping would not be the same."""
    repeated: list[str] = []

    def pairs(found: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
        if len(dict(found)) < len(found):
            repeated.append("")
        return dict(found)

    document = json.loads(text, object_pairs_hook=pairs)
    return text if repeated or not yaml_text.is_faithful(document) else document
