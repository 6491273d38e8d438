# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model with pseudonyms in the place of names, IDs and e-mail addresses."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import pseudonym_mapping as kinds
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.facts import NotRead
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.policy_texts import PolicyTexts
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.pseudonym_mapping import Mapping

__all__ = ("Mapping", "replace")

_ADMINISTRATOR = "AdministratorAccess"


def replace(
    model: dict[str, t.Any], not_read: t.Sequence[NotRead], mapping: Mapping
) -> tuple[dict[str, t.Any], list[NotRead], list[str]]:
    """The model and what was not read with pseudonyms, and the texts of policies that were left as they are.

    Kept are dates, states, tag keys, IP addresses, and names that AWS gives. IDs of root credentials are left out: they
    have the account's ID in them.
    """
    _name_all(model, mapping)
    texts = PolicyTexts(mapping, _documents(model))
    made = {
        **model,
        "organization": _organization(model["organization"], texts),
        "caller": _caller(model["caller"], texts),
        "accounts": [_account(account, texts, mapping) for account in model["accounts"]],
        "organizational_units": [_unit(unit, texts, mapping) for unit in model["organizational_units"]],
        "policies": [_policy(policy, texts, mapping) for policy in model["policies"]],
        "full_access_targets": _ids(model["full_access_targets"], texts),
        "delegated_administrators": _delegations(model["delegated_administrators"], texts),
    }
    return made, [_not_read(one, texts) for one in not_read], sorted(texts.kept)


def _name_all(model: dict[str, t.Any], mapping: Mapping) -> None:
    """Give the pseudonyms of names first, in the order of the model, so that policies find them."""
    for kind, key in (
        (kinds.ACCOUNT_NAME, "accounts"),
        (kinds.UNIT_NAME, "organizational_units"),
        (kinds.POLICY_NAME, "policies"),
    ):
        for one in model[key]:
            mapping.get(kind, one["name"])


def _documents(model: dict[str, t.Any]) -> t.Iterator[t.Any]:
    for policy in model["policies"]:
        if policy["document"]:
            yield json.loads(policy["document"])
    for account in model["accounts"]:
        role = account.get("access_role") or {}
        yield from [role.get("trust_policy"), *role.get("policies", {}).values()]


def _organization(organization: dict[str, t.Any], texts: PolicyTexts) -> dict[str, t.Any]:
    ids = ("id", "root_id", "management_account_id")
    return {**organization, **{key: texts.ids(organization[key]) for key in ids if organization[key]}}


def _caller(caller: dict[str, t.Any], texts: PolicyTexts) -> dict[str, t.Any]:
    names = {key: texts.name(caller[key]) for key in ("role", "user") if caller[key]}
    return {**caller, "account_id": texts.ids(caller["account_id"]), **names}


def _account(account: dict[str, t.Any], texts: PolicyTexts, mapping: Mapping) -> dict[str, t.Any]:
    made = {
        **account,
        "account_id": texts.ids(account["account_id"]),
        "name": mapping.get(kinds.ACCOUNT_NAME, account["name"]),
        "email": texts.ids(account["email"]),
        "organizational_unit_id": texts.ids(account["organizational_unit_id"]),
    }
    if account.get("tags"):
        made["tags"] = {key: texts.tag_value(value) for key, value in account["tags"].items()}
    if account.get("contact"):
        made["contact"] = _contact(account["contact"], texts, mapping)
    if account.get("alternate_contacts"):
        made["alternate_contacts"] = {
            kind: one and _contact(one, texts, mapping) for kind, one in account["alternate_contacts"].items()
        }
    if account.get("access_role"):
        made["access_role"] = _role(account["access_role"], texts)
    if account.get("root_credentials"):
        made["root_credentials"] = _root_credentials(account["root_credentials"])
    return made


def _contact(contact: dict[str, t.Any], texts: PolicyTexts, mapping: Mapping) -> dict[str, t.Any]:
    kept = ("phone_verification", "country_code")
    return {
        key: value
        if key in kept or not isinstance(value, str)
        else texts.ids(value)
        if key == "email"
        else mapping.get(kinds.TEXT, value)
        for key, value in contact.items()
    }


def _role(role: dict[str, t.Any], texts: PolicyTexts) -> dict[str, t.Any]:
    made = {**role, "name": "/".join(map(texts.name, role["name"].split("/")))}
    if role["answers"]:
        made["trust_policy"] = texts.document(role["trust_policy"])
        made["policies"] = {
            name if name == _ADMINISTRATOR else texts.name(name): document and texts.document(document)
            for name, document in role["policies"].items()
        }
    return made


def _root_credentials(credentials: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "password": credentials["password"],
        "access_keys": [{**key, "id": None} for key in credentials["access_keys"]],
        "signing_certificates": [{**one, "id": None} for one in credentials["signing_certificates"]],
        "mfa_devices": [
            {"serial": None, "enabled": one.get("enabled"), "virtual": ":mfa/" in one["serial"]}
            for one in credentials["mfa_devices"]
        ],
    }


def _unit(unit: dict[str, t.Any], texts: PolicyTexts, mapping: Mapping) -> dict[str, t.Any]:
    unnamed = unit["name"] == unit["id"]
    return {
        "id": texts.ids(unit["id"]),
        "name": texts.ids(unit["id"]) if unnamed else mapping.get(kinds.UNIT_NAME, unit["name"]),
        "parent_id": texts.ids(unit["parent_id"]),
    }


def _policy(policy: dict[str, t.Any], texts: PolicyTexts, mapping: Mapping) -> dict[str, t.Any]:
    return {
        **policy,
        "id": texts.ids(policy["id"]),
        "name": mapping.get(kinds.POLICY_NAME, policy["name"]),
        "description": "",
        "document": policy["document"] and texts.document_text(policy["document"]),
        "targets": _ids(policy["targets"], texts),
    }


def _delegations(delegations: list[dict[str, t.Any]] | None, texts: PolicyTexts) -> list[dict[str, t.Any]] | None:
    if delegations is None:
        return None
    return [{**one, "account_id": texts.ids(one["account_id"])} for one in delegations]


def _ids(ids: list[str] | None, texts: PolicyTexts) -> list[str] | None:
    return None if ids is None else [texts.ids(one) for one in ids]


def _not_read(one: NotRead, texts: PolicyTexts) -> NotRead:
    """Reasons quote AWS, which names ARNs: only our own texts stay."""
    if one.account_id is None and ("arn:" not in one.reason and not any(part.isdigit() for part in one.reason)):
        return one
    return dataclasses.replace(
        one,
        reason="AWS refused it.",
        fix=f"Allow the caller {one.fact.permission}.",
        account_id=one.account_id and texts.ids(one.account_id),
    )
