# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of an organization file: their root users, roles, users, buckets and queues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from moto.core.base_backend import AccountSpecificBackend

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.model.iam_entities import ADMINISTRATOR_ROLE, CONTROL_TOWER_ROLE, access_role, trust_policy
from breakglass_aws.sandbox.model.managed_policies import aws_managed_policy
from breakglass_aws.sandbox.model.organization import HOME_REGIONS, STATES
from breakglass_aws.sandbox.organization_file import access
from breakglass_aws.sandbox.organization_file import accounts as standing
from breakglass_aws.sandbox.organization_file.values import ConfigNode

_KEYS = (
    "id",
    "name",
    "shared_name",
    "ou",
    "email",
    "state",
    "joined",
    "joined_method",
    "administrator_role",
    "root",
    "roles",
    "users",
    "buckets",
    "queues",
    "tags",
    *standing.ACCOUNT_KEYS,
    *access.ACCOUNT_KEYS,
)


def entries_of(given: dict[str, ConfigNode], key: str) -> list[ConfigNode]:
    return given[key].items() if key in given else []


def account_spec(item: ConfigNode, organization: dict[str, Any], taken: dict[str, set[str]]) -> dict[str, Any]:
    given = item.fields(*_KEYS, required=("id", "name"))
    account, name = (
        given["id"].account_id(),
        given["name"].text(r"[!-~]([ -~]{0,48}[!-~])?", "1 to 50 printable characters"),
    )
    shared_name = "shared_name" in given and given["shared_name"].flag()
    if not shared_name:
        given["name"].unique(taken["name"], "a name no other account has, or shared_name: true beside it")
    management = account == organization["management_account"]
    joined_method = given["joined_method"].choice("CREATED", "INVITED") if "joined_method" in given else "CREATED"
    member = given["member"].flag() if "member" in given else True
    created_here = member and not management and joined_method == "CREATED"
    has_role = given["administrator_role"].flag() if "administrator_role" in given else created_here
    partition = organization["partition"]
    roles = [access_role(ADMINISTRATOR_ROLE, partition, organization["management_account"])] if has_role else []
    if in_control_tower := access.enrolled(given, eligible=member and not management):
        roles.append(access_role(CONTROL_TOWER_ROLE, partition, organization["management_account"]))
    names_of_roles, names_of_users, queues = {role["name"] for role in roles}, set[str](), set[tuple[str, str]]()
    by_management = trust_policy(f"arn:{partition}:iam::{organization['management_account']}:root")
    roles += [_grantee_spec(entry, by_management, names_of_roles) for entry in entries_of(given, "roles")]
    joined = given["joined"].date() if "joined" in given else organization["created"]
    return {
        "id": account,
        "name": name,
        "shared_name": shared_name,
        "ou": _unit_path(given),
        "email": given["email"].email()
        if "email" in given
        else f"aws+{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}@example.com",
        "state": given["state"].choice(*STATES) if "state" in given else "ACTIVE",
        "joined": joined,
        "joined_method": joined_method,
        "member": member,
        "delegated_administrator_for": _delegations(given, organization, member=member),
        **standing.membership_spec(given, name, joined, created_here=created_here),
        "administrator_role": has_role,
        "control_tower": in_control_tower,
        "root": _root_spec(given.get("root"), account, partition, joined, taken),
        "roles": roles,
        "users": [_grantee_spec(entry, None, names_of_users) for entry in entries_of(given, "users")],
        "buckets": [_bucket_spec(entry, partition, taken["bucket"]) for entry in entries_of(given, "buckets")],
        "queues": [_queue_spec(entry, partition, queues) for entry in entries_of(given, "queues")],
        "tags": {key: entry.text(r".*") for key, entry in given["tags"].mapping().items()} if "tags" in given else {},
    }


def _unit_path(given: dict[str, ConfigNode]) -> str:
    return given["ou"].text(r"[^/]+(/[^/]+)*", "a path of OU names such as Workloads/Test") if "ou" in given else ""


def default_email(name: str) -> str:
    """An address for the account's root user, by the account's name."""
    return f"aws+{re.sub('[^A-Za-z0-9.-]+', '-', name)}@example.com"


def _delegations(given: dict[str, ConfigNode], organization: dict[str, Any], *, member: bool) -> list[str]:
    entries = entries_of(given, "delegated_administrator_for")
    for entry in entries:
        if not member or entry.value not in organization["trusted_access"]:
            raise entry.refuse(", ".join(organization["trusted_access"]) if member else "nothing: it is no member")
    return [entry.value for entry in entries]


def _root_spec(
    item: ConfigNode | None, account: str, partition: str, created: datetime, taken: dict[str, set[str]]
) -> dict[str, Any]:
    given = item.fields("password", "access_keys", "signing_certificates", "mfa_devices") if item else {}
    keys = [
        _access_key_spec(entry, account, index, created, taken["key"])
        for index, entry in _numbered(given, "access_keys")
    ]
    spec: dict[str, Any] = {
        "password": _password_spec(given["password"], account, created) if "password" in given else None,
        "access_keys": keys,
        "signing_certificates": [
            _certificate_spec(entry, account, index, created)
            for index, entry in _numbered(given, "signing_certificates")
        ],
        "mfa_devices": [],
    }
    serials: set[str] = set()
    for entry in entries_of(given, "mfa_devices"):
        spec["mfa_devices"].append(_device_spec(entry, account, partition, created, spec["mfa_devices"], serials))
    return spec


def _numbered(given: dict[str, ConfigNode], key: str) -> Iterator[tuple[int, ConfigNode]]:
    return enumerate(entries_of(given, key))


def _password_spec(item: ConfigNode, account: str, created: datetime) -> dict[str, Any]:
    given = {} if item.value is True else item.fields("created", "last_used")
    return {
        "created": given["created"].date() if "created" in given else created,
        "last_used": _date_or_never(given.get("last_used")),
        "secret": names.password(account),
    }


def _access_key_spec(item: ConfigNode, account: str, index: int, created: datetime, taken: set[str]) -> dict[str, Any]:
    key = item.fields("id", "status", "created", "last_used", "service", "region")
    used = _date_or_never(key.get("last_used"))
    key_id = names.unique_id("AKIA", account, "root", str(index))
    if "id" in key:
        key_id = key["id"].text(r"AKIA[A-Z2-7]{16}", "an access key ID: AKIA and 16 letters or digits 2 to 7")
        key["id"].unique(taken, "an access key ID no other root user has")
    return {
        "id": key_id,
        "secret": names.secret_key("root", account, str(index)),
        "status": key["status"].choice("Active", "Inactive") if "status" in key else "Active",
        "created": key["created"].date() if "created" in key else created,
        "last_used": used
        and {
            "date": used,
            "service": key["service"].text() if "service" in key else "s3",
            "region": key["region"].text() if "region" in key else "us-east-1",
        },
    }


def _certificate_spec(item: ConfigNode, account: str, index: int, created: datetime) -> dict[str, Any]:
    certificate = item.fields("id", "status", "created")
    return {
        "id": certificate["id"].text(r"\w{24,128}", "24 to 128 letters and digits")
        if "id" in certificate
        else names.hexadecimal(24, "certificate", account, str(index)).upper(),
        "body": _certificate_body(account, index),
        "status": certificate["status"].choice("Active", "Inactive") if "status" in certificate else "Active",
        "created": certificate["created"].date() if "created" in certificate else created,
    }


def _device_spec(
    item: ConfigNode, account: str, partition: str, created: datetime, others: list[dict[str, Any]], serials: set[str]
) -> dict[str, Any]:
    device = item.fields("type", "serial", "enabled", "lost", required=("type",))
    virtual = device["type"].choice("virtual", "hardware") == "virtual"
    alike = sum(one["virtual"] is virtual for one in others)
    default = (
        f"arn:{partition}:iam::{account}:mfa/root-account-mfa-device{f'-{alike + 1}' if alike else ''}"
        if virtual
        else f"GAHT{(int(account) + alike) % 10**8:08d}"
    )
    if "serial" in device:
        device["serial"].unique(serials, "a serial number no other device of the root user has")
    return {
        "serial": device["serial"].text(r"[\w+=/:,.@-]{9,256}", "a serial number of 9 to 256 characters")
        if "serial" in device
        else default,
        "enabled": device["enabled"].date() if "enabled" in device else created,
        "virtual": virtual,
        "lost": device["lost"].flag() if "lost" in device else False,
    }


def _certificate_body(account: str, index: int) -> str:
    """A text in the form of a certificate. It cannot be used, but it looks like something that must not leak."""
    body = "".join(names.session_token("certificate", account, str(index), str(part)) for part in range(4))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


def _date_or_never(item: ConfigNode | None) -> datetime | None:
    return None if item is None or item.value == "never" else item.date()


def _grantee_spec(item: ConfigNode, trust: dict[str, Any] | None, taken: set[str]) -> dict[str, Any]:
    """A role (with a trust policy) or a user (without); the names taken are those of the account."""
    keys = ("name", "policies", "trust") if trust else ("name", "policies")
    given = item.fields(*keys, required=("name",))
    name = given["name"].text(r"[\w+=,.@-]{1,64}", "a name: 1 to 64 letters, digits and +=,.@-")
    given["name"].unique(taken, f"a name no other {'role' if trust else 'user'} of the account has")
    return {
        "name": name,
        "policies": [_granted(entry) for entry in entries_of(given, "policies")],
        "trust": given["trust"].policy() if "trust" in given else trust,
    }


def _granted(item: ConfigNode) -> str | dict[str, Any]:
    if isinstance(item.value, dict):
        [(name, document)] = item.mapping().items() if len(item.value) == 1 else [("", item)]
        return {name or str(item.path[-1]): document.policy()}
    name = item.text(accepted="the name of an AWS managed policy, or a mapping of one name to a policy document")
    if aws_managed_policy(f"arn:aws:iam::aws:policy/{name}") is None:
        raise item.refuse("the name of an AWS managed policy such as AdministratorAccess")
    return name


def _bucket_spec(item: ConfigNode, partition: str, taken: set[str]) -> dict[str, Any]:
    given = item.fields("name", "region", "policy", "objects", required=("name",))
    name = given["name"].text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name: 3 to 63 of a-z, 0-9, dots, dashes")
    given["name"].unique(taken, "a bucket name no other bucket has")
    objects = given["objects"].mapping() if "objects" in given else {}
    return {
        "name": name,
        "region": _region(given, partition),
        "policy": given["policy"].policy() if "policy" in given else None,
        "objects": {key: entry.text() for key, entry in objects.items()},
    }


def _queue_spec(item: ConfigNode, partition: str, taken: set[tuple[str, str]]) -> dict[str, Any]:
    given = item.fields("name", "region", "policy", required=("name",))
    accepted = "a queue name: up to 80 letters, digits and dashes, .fifo in the end among them"
    name, region = given["name"].text(r"(?=.{1,80}$)[\w-]+(\.fifo)?", accepted), _region(given, partition)
    given["name"].unique(taken, "a name no other queue of the account in this Region has", (name, region))
    return {"name": name, "region": region, "policy": given["policy"].policy() if "policy" in given else None}


def _region(given: dict[str, ConfigNode], partition: str) -> str:
    if "region" in given:
        return given["region"].choice(*_regions(partition))
    return HOME_REGIONS[partition]


@cache
def _regions(partition: str) -> list[str]:
    """Those moto has."""
    return AccountSpecificBackend.get_session().get_available_regions("sqs", partition_name=partition)
