"""An organization described in one YAML file: read, checked, and built.

The file is small to write by hand; the sandbox's own is `organizations/default.yml`. Every error names file, line, key
and value, and what is accepted. Dates are relative (`400 days ago`) or ISO (`2025-03-01`, `2025-03-01T12:00:00Z`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.iam.models import IAMBackend, VirtualMfaDevice
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from sandbox import names, state
from sandbox.authorization import PolicyError, parse, validate_resource_control_policy
from sandbox.model.identity_center import SERVICE, IdentityCenter
from sandbox.model.lifecycle import Behaviour, Handshake, Standing
from sandbox.organization_file import access
from sandbox.organization_file import accounts as standing
from sandbox.organization_file.yaml_source import OrganizationError, Path_, Source, read

DEFAULT = Path(__file__).parents[1] / "organizations" / "default.yml"
ADMINISTRATOR_ROLE = "OrganizationAccountAccessRole"
FEATURES = ("RootCredentialsManagement", "RootSessions")
_POLICIES = {"service_control_policies": state.SCP, "resource_control_policies": state.RCP}
STATES = ("ACTIVE", "SUSPENDED", "PENDING_ACTIVATION", "PENDING_CLOSURE", "CLOSED")
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "year": 31536000}

Value = Any


# Checking


@dataclass
class _Item:
    """A value of the file with its place; the methods check it and give it back in its final form."""

    value: Value
    path: Path_
    source: Source
    loaded: datetime

    def refuse(self, accepted: str) -> OrganizationError:
        shown = json.dumps(self.value, default=str)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return self.source.error(self.path, f"{shown} is not accepted; accepted: {accepted}")

    def _child(self, key: str | int, value: Value) -> _Item:
        return _Item(value, (*self.path, key), self.source, self.loaded)

    def fields(self, *known: str, required: tuple[str, ...] = ()) -> dict[str, _Item]:
        """The keys of a mapping that are there and not null."""
        if not isinstance(self.value, dict):
            raise self.refuse(f"a mapping with the keys {', '.join(known)}")
        for key in self.value:
            if key not in known:
                raise self._child(key, self.value[key]).source.error(
                    (*self.path, key), f"unknown key; accepted: {', '.join(known)}"
                )
        for key in required:
            if self.value.get(key) is None:
                raise self.source.error(self.path, f"the key {key!r} is missing")
        return {key: self._child(key, value) for key, value in self.value.items() if value is not None}

    def mapping(self) -> dict[str, _Item]:
        if not isinstance(self.value, dict):
            raise self.refuse("a mapping")
        return {str(key): self._child(key, value) for key, value in self.value.items()}

    def items(self) -> list[_Item]:
        if not isinstance(self.value, list):
            raise self.refuse("a list")
        return [self._child(index, value) for index, value in enumerate(self.value)]

    def text(self, pattern: str = r".+", accepted: str = "text") -> str:
        if not isinstance(self.value, str) or not re.fullmatch(pattern, self.value, re.DOTALL | re.ASCII):
            raise self.refuse(accepted)
        return self.value

    def account_id(self) -> str:
        return self.text(r"\d{12}", 'an account ID: 12 digits, in quotes ("012345678901")')

    def choice(self, *accepted: str) -> str:
        if self.value not in accepted:
            raise self.refuse(", ".join(accepted))
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("true, false")
        return self.value

    def date(self) -> datetime:
        accepted = "a date: '400 days ago', '2025-03-01' or '2025-03-01T12:00:00Z'"
        text = self.text(accepted=accepted)
        relative = re.fullmatch(r"([0-9]{1,6}) (second|minute|hour|day|week|year)s? ago", text)
        try:
            if relative:
                return self.loaded - timedelta(seconds=int(relative[1]) * _UNITS[relative[2]])
            date = datetime.fromisoformat(text)
            return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise self.refuse(accepted) from None

    def number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 1:
            raise self.refuse("a whole number of at least 1")
        return self.value

    def duration(self) -> timedelta:
        accepted = "a time span: '10 minutes', up to 100 years"
        span = re.fullmatch(r"([0-9]{1,6}) (second|minute|hour|day|week|year)s?", self.text(accepted=accepted))
        length = timedelta(seconds=int(span[1]) * _UNITS[span[2]]) if span else None
        if length is None or length > timedelta(days=36500):
            raise self.refuse(accepted)
        return length

    def email(self) -> str:
        return self.text(r"\S+@\S+", "an e-mail address")

    def policy(self) -> dict[str, Any]:
        accepted = "a policy document: a mapping with the key Statement"
        if not isinstance(self.value, dict) or not isinstance(self.value.get("Statement"), list | dict):
            raise self.refuse(accepted)
        try:
            parse(self.value)
        except PolicyError as error:
            place: Path_ = () if error.statement is None else ("Statement", error.statement)
            problem = " ".join(str(error).split())  # it may show what was given
            raise self.source.error((*self.path, *place), f"this is no policy: {problem:.200}") from None
        return self.value

    def unique(self, taken: set[Any], accepted: str, key: Any = None) -> None:
        """Refuse a value that is taken, by itself or by its key, and take it."""
        key = self.value if key is None else key
        if key in taken:
            raise self.refuse(accepted)
        taken.add(key)


@dataclass
class Description:
    """A checked organization file. Everything in it is final: IDs, dates, documents."""

    organization: dict[str, Any]
    accounts: dict[str, dict[str, Any]]
    policies: list[dict[str, Any]]
    identities: dict[str, dict[str, str]]
    center: IdentityCenter | None = None

    def build(self) -> state.Organization:
        """A fresh organization as the file describes it."""
        spec = self.organization
        organization = state.Organization(
            id=spec["id"],
            partition=spec["partition"],
            management_account=spec["management_account"],
            root_id=f"r-{names.hexadecimal(4, spec['id'])}",
            created=spec["created"],
            trusted_access=dict.fromkeys(spec["trusted_access"], spec["created"]),
            delegations={service: dict.fromkeys(ids, spec["created"]) for service, ids in spec["delegations"].items()},
            features=dict.fromkeys(spec["features"]),
        )
        root = organization.root_id
        organization.units[root] = state.Unit(root, "Root", organization.arn("root", root), None)
        for kind in spec["policy_types"]:
            organization.enable(kind)
        for account in self.accounts.values():
            if not account["member"]:
                continue
            parent = _unit(organization, account["ou"])
            organization.accounts[account["id"]] = _account(organization, account, parent)
            organization.units[parent].accounts[account["id"]] = None
            organization.attach_full_access(account["id"])
        for policy in self.policies:
            _attach_policy(organization, policy)
        return organization

    def outsiders(self, organization: state.Organization) -> list[state.Account]:
        """The accounts of the file that belong to no organization."""
        return [_account(organization, spec, "") for spec in self.accounts.values() if not spec["member"]]

    def invitations(self) -> dict[str, Handshake]:
        """The other organization's invitations, open since the file was read."""
        other = self.organization["other_organization"]
        made = [
            standing.handshake(
                other["partition"],
                other["sender"],
                account,
                {"Id": account, "Type": "ACCOUNT"},
                self.organization["loaded"],
            )
            for account in (other["invites"] if other else [])
        ]
        return {handshake.id: handshake for handshake in made}

    def identity_center(self) -> IdentityCenter | None:
        return access.fresh(self.center)

    def enrolled_accounts(self) -> set[str]:
        """The accounts Control Tower manages."""
        return {account["id"] for account in self.accounts.values() if account["control_tower"]}

    @property
    def behaviour(self) -> Behaviour:
        return self.organization["behaviour"]

    def furnish_iam(self, backend: IAMBackend, account: str) -> None:
        """Make the roles and users of an account in moto's IAM."""
        spec = self.accounts.get(account)
        if spec is None:
            return
        for role in spec["roles"]:
            make_role(backend, account, role)
        for user in spec["users"]:
            made_user = backend.create_user(backend.region_name, user["name"])
            made_user.id = names.unique_id("AIDA", account, "user", user["name"], length=21)
            key = made_user.create_access_key(prefix="AKIA")
            key.access_key_id = names.unique_id("AKIA", account, "user", user["name"])
            key.secret_access_key = names.secret_key("user", account, user["name"])
            backend.access_keys[key.access_key_id] = key
            _grant(backend, made_user, user["policies"])
        for device in spec["root"]["mfa_devices"]:
            if device["virtual"]:
                make_virtual_device(backend, account, device["serial"], device["enabled"])

    def furnish_resources(self, _: state.State) -> None:
        """Make the buckets and queues of all accounts in moto."""
        partition = self.organization["partition"]
        for account in self.accounts.values():
            for bucket in account["buckets"]:
                backend = s3_backends[account["id"]][partition]
                made = backend.create_bucket(bucket["name"], bucket["region"])
                made.policy = json.dumps(bucket["policy"]).encode() if bucket["policy"] else None
                for key, content in bucket["objects"].items():
                    backend.put_object(bucket["name"], key, content.encode())
            for queue in account["queues"]:
                attributes = {"Policy": json.dumps(queue["policy"])} if queue["policy"] else {}
                attributes |= {"FifoQueue": "true"} if queue["name"].endswith(".fifo") else {}
                sqs_backends[account["id"]][queue["region"]].create_queue(queue["name"], None, **attributes)


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
    return _description(_Item(value, (), place, state.now().replace(microsecond=0)))


def change_behaviour(given: Value, base: Behaviour) -> Behaviour:
    """Behaviour with some of it changed, written as in the file.

    Raises:
        OrganizationError: With what is accepted.
    """
    return standing.behaviour(_Item(given, ("behaviour",), Source("request"), state.now()), base)


def _description(item: _Item) -> Description:
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
        "trusted_access": [entry.text() for entry in _list(given, "trusted_access")],
        "features": [entry.choice(*FEATURES) for entry in _list(given, "features")],
        "delegations": {},
        "behaviour": standing.behaviour(given.get("behaviour")),
        "loaded": item.loaded,
    }
    accounts: dict[str, dict[str, Any]] = {}
    taken: dict[str, set[str]] = {"name": set(), "bucket": set(), "key": set()}
    for entry in given["accounts"].items():
        account = _account_spec(entry, organization, taken)
        if account["id"] in accounts:
            raise entry._child("id", account["id"]).refuse("an account ID that is not yet in the list")
        accounts[account["id"]] = account

    organization["other_organization"] = (
        standing.other_organization(given["other_organization"], organization["partition"], accounts)
        if "other_organization" in given
        else None
    )

    def known(entry: _Item) -> str:
        if entry.account_id() not in accounts:
            raise entry.refuse("the ID of an account of this file")
        return entry.value

    def member(entry: _Item) -> str:
        if not accounts[known(entry)]["member"]:
            raise entry.refuse("the ID of an account that is a member of the organization")
        return entry.value

    member(given["management_account"])
    if "delegated_administrators" in given:
        for service, entry in given["delegated_administrators"].mapping().items():
            ids = entry.items() if isinstance(entry.value, list) else [entry]
            organization["delegations"][service] = [member(one) for one in ids]
    for account in accounts.values():
        for service in account["delegated_administrator_for"]:
            ids = organization["delegations"].setdefault(service, [])
            ids.extend([account["id"]] if account["id"] not in ids else [])
    paths = {account["ou"] for account in accounts.values()}
    paths |= {"/".join(path.split("/")[:depth]) for path in paths for depth in range(path.count("/") + 1)}
    policies = [
        _policy_spec(name, kind, entry, paths, accounts)
        for key, kind in _POLICIES.items()
        for name, entry in (given[key].mapping() if key in given else {}).items()
    ]
    # Service control policies are always enabled here; resource control policies where the file has some.
    organization["policy_types"] = [state.SCP, *([state.RCP] if "resource_control_policies" in given else [])]
    identities: dict[str, dict[str, str]] = {
        f"{account['name']}-administrator": {"account": account["id"], "role": ADMINISTRATOR_ROLE}
        for account in accounts.values()
        if account["administrator_role"]
    }
    if "identities" in given:
        for name, entry in given["identities"].mapping().items():
            identities[name] = _identity_spec(entry, accounts, known)
    center = None
    if "identity_center" in given:
        center = access.center(given["identity_center"], organization, accounts, member)
        if SERVICE not in organization["trusted_access"]:
            organization["trusted_access"].append(SERVICE)  # an organization's instance needs it
    return Description(organization, accounts, policies, identities, center)


def _list(given: dict[str, _Item], key: str) -> list[_Item]:
    return given[key].items() if key in given else []


def _account_spec(item: _Item, organization: dict[str, Any], taken: dict[str, set[str]]) -> dict[str, Any]:
    given = item.fields(
        "id",
        "name",
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
        required=("id", "name"),
    )
    account, name = given["id"].account_id(), given["name"].text(r"[\w.-]+", "letters, digits, dots and dashes")
    given["name"].unique(taken["name"], "a name no other account has")
    management = account == organization["management_account"]
    joined_method = given["joined_method"].choice("CREATED", "INVITED") if "joined_method" in given else "CREATED"
    member = given["member"].flag() if "member" in given else True
    created_here = member and not management and joined_method == "CREATED"
    has_role = given["administrator_role"].flag() if "administrator_role" in given else created_here
    partition = organization["partition"]
    by_management = _trust(f"arn:{partition}:iam::{organization['management_account']}:root")
    roles = [access_role(ADMINISTRATOR_ROLE, partition, organization["management_account"])] if has_role else []
    in_control_tower = access.enrolled(given, eligible=member and not management)
    if in_control_tower:
        roles.append(access_role(access.CONTROL_TOWER_ROLE, partition, organization["management_account"]))
    names_of_roles, names_of_users, queues = {role["name"] for role in roles}, set[str](), set[tuple[str, str]]()
    roles += [_grantee_spec(entry, by_management, names_of_roles) for entry in _list(given, "roles")]
    joined = given["joined"].date() if "joined" in given else organization["created"]
    return {
        "id": account,
        "name": name,
        "ou": given["ou"].text(r"[^/]+(/[^/]+)*", "a path of OU names such as Workloads/Test") if "ou" in given else "",
        "email": given["email"].email() if "email" in given else f"aws+{name}@example.com",
        "state": given["state"].choice(*STATES) if "state" in given else "ACTIVE",
        "joined": joined,
        "joined_method": joined_method,
        "member": member,
        "delegated_administrator_for": _delegations(given, organization, member=member),
        **standing.account_spec(given, name, joined, created_here=created_here),
        "administrator_role": has_role,
        "control_tower": in_control_tower,
        "root": _root_spec(given.get("root"), account, partition, joined, taken),
        "roles": roles,
        "users": [_grantee_spec(entry, None, names_of_users) for entry in _list(given, "users")],
        "buckets": [_bucket_spec(entry, partition, taken["bucket"]) for entry in _list(given, "buckets")],
        "queues": [_queue_spec(entry, partition, queues) for entry in _list(given, "queues")],
        "tags": {key: entry.text() for key, entry in given["tags"].mapping().items()} if "tags" in given else {},
    }


def _delegations(given: dict[str, _Item], organization: dict[str, Any], *, member: bool) -> list[str]:
    entries = _list(given, "delegated_administrator_for")
    for entry in entries:
        if not member or entry.value not in organization["trusted_access"]:
            raise entry.refuse(", ".join(organization["trusted_access"]) if member else "nothing: it is no member")
    return [entry.value for entry in entries]


def _trust(principal: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}],
    }


def _root_spec(
    item: _Item | None, account: str, partition: str, created: datetime, taken: dict[str, set[str]]
) -> dict[str, Any]:
    given = item.fields("password", "access_keys", "signing_certificates", "mfa_devices") if item else {}
    spec: dict[str, Any] = {"password": None, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
    if "password" in given and given["password"].value is not True:
        password = given["password"].fields("created", "last_used")
        spec["password"] = {
            "created": password["created"].date() if "created" in password else created,
            "last_used": _date_or_never(password.get("last_used")),
            "secret": names.password(account),
        }
    elif "password" in given:
        spec["password"] = {"created": created, "last_used": None, "secret": names.password(account)}
    for index, entry in enumerate(_list(given, "access_keys")):
        key = entry.fields("id", "status", "created", "last_used", "service", "region")
        used = _date_or_never(key.get("last_used"))
        key_id = names.unique_id("AKIA", account, "root", str(index))
        if "id" in key:
            key_id = key["id"].text(r"AKIA[A-Z2-7]{16}", "an access key ID: AKIA and 16 letters or digits 2 to 7")
            key["id"].unique(taken["key"], "an access key ID no other root user has")
        spec["access_keys"].append(
            {
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
        )
    for index, entry in enumerate(_list(given, "signing_certificates")):
        certificate = entry.fields("id", "status", "created")
        spec["signing_certificates"].append(
            {
                "id": certificate["id"].text(r"\w{24,128}", "24 to 128 letters and digits")
                if "id" in certificate
                else names.hexadecimal(24, "certificate", account, str(index)).upper(),
                "body": _certificate_body(account, index),
                "status": certificate["status"].choice("Active", "Inactive") if "status" in certificate else "Active",
                "created": certificate["created"].date() if "created" in certificate else created,
            }
        )
    serials: set[str] = set()
    for entry in _list(given, "mfa_devices"):
        device = entry.fields("type", "serial", "enabled", "lost", required=("type",))
        virtual = device["type"].choice("virtual", "hardware") == "virtual"
        others = sum(one["virtual"] is virtual for one in spec["mfa_devices"])
        default = (
            f"arn:{partition}:iam::{account}:mfa/root-account-mfa-device{f'-{others + 1}' if others else ''}"
            if virtual
            else f"GAHT{(int(account) + others) % 10**8:08d}"
        )
        if "serial" in device:
            device["serial"].unique(serials, "a serial number no other device of the root user has")
        spec["mfa_devices"].append(
            {
                "serial": device["serial"].text(r"[\w+=/:,.@-]{9,256}", "a serial number of 9 to 256 characters")
                if "serial" in device
                else default,
                "enabled": device["enabled"].date() if "enabled" in device else created,
                "virtual": virtual,
                "lost": device["lost"].flag() if "lost" in device else False,
            }
        )
    return spec


def _certificate_body(account: str, index: int) -> str:
    """Something in the form of a certificate: nobody needs to use it, but it must look like what must not leak."""
    body = "".join(names.session_token("certificate", account, str(index), str(part)) for part in range(4))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


def _date_or_never(item: _Item | None) -> datetime | None:
    return None if item is None or item.value == "never" else item.date()


def _grantee_spec(item: _Item, trust: dict[str, Any] | None, taken: set[str]) -> dict[str, Any]:
    """A role (with a trust policy) or a user (without); the names taken are those of the account."""
    keys = ("name", "policies", "trust") if trust else ("name", "policies")
    given = item.fields(*keys, required=("name",))
    name = given["name"].text(r"[\w+=,.@-]{1,64}", "a name: 1 to 64 letters, digits and +=,.@-")
    given["name"].unique(taken, f"a name no other {'role' if trust else 'user'} of the account has")
    return {
        "name": name,
        "policies": [_granted(entry) for entry in _list(given, "policies")],
        "trust": given["trust"].policy() if "trust" in given else trust,
    }


def _granted(item: _Item) -> str | dict[str, Any]:
    if isinstance(item.value, dict):
        [(name, document)] = item.mapping().items() if len(item.value) == 1 else [("", item)]
        return {name or str(item.path[-1]): document.policy()}
    name = item.text(accepted="the name of an AWS managed policy, or a mapping of one name to a policy document")
    if state.aws_managed_policy(f"arn:aws:iam::aws:policy/{name}") is None:
        raise item.refuse("the name of an AWS managed policy such as AdministratorAccess")
    return name


def _bucket_spec(item: _Item, partition: str, taken: set[str]) -> dict[str, Any]:
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


def _queue_spec(item: _Item, partition: str, taken: set[tuple[str, str]]) -> dict[str, Any]:
    given = item.fields("name", "region", "policy", required=("name",))
    accepted = "a queue name: up to 80 letters, digits and dashes, .fifo in the end among them"
    name, region = given["name"].text(r"(?=.{1,80}$)[\w-]+(\.fifo)?", accepted), _region(given, partition)
    given["name"].unique(taken, "a name no other queue of the account in this Region has", (name, region))
    return {"name": name, "region": region, "policy": given["policy"].policy() if "policy" in given else None}


def _region(given: dict[str, _Item], partition: str) -> str:
    if "region" in given:
        return given["region"].choice(*_regions(partition))
    return state.HOME_REGIONS[partition]


@cache
def _regions(partition: str) -> list[str]:
    """Those moto has."""
    return AccountSpecificBackend.get_session().get_available_regions("sqs", partition_name=partition)


def _policy_spec(name: str, kind: str, item: _Item, paths: set[str], accounts: dict[str, Any]) -> dict[str, Any]:
    given = item.fields("description", "document", "targets", required=("document",))
    document = given["document"].policy()
    if kind == state.RCP:
        try:
            validate_resource_control_policy(json.dumps(document))
        except PolicyError:
            raise given["document"].refuse("a policy that denies, Principal *, actions of named services") from None
    targets = []
    for entry in _list(given, "targets"):
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


def _identity_spec(item: _Item, accounts: dict[str, dict[str, Any]], known: Callable[[_Item], str]) -> dict[str, str]:
    given = item.fields("account", "role", "user", "root", "source_identity", required=("account",))
    account = accounts[known(given["account"])]
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


# Building


def _unit(organization: state.Organization, path: str) -> str:
    """The ID of the OU at a path of names; made on the way where it is missing."""
    parent = organization.root_id
    walked = ""
    for name in filter(None, path.split("/")):
        walked = f"{walked}/{name}"
        unit = f"ou-{organization.root_id[2:]}-{names.hexadecimal(8, organization.id, walked)}"
        if unit not in organization.units:
            organization.units[unit] = state.Unit(unit, name, organization.arn("ou", unit), parent)
            organization.units[parent].units[unit] = None
            organization.attach_full_access(unit)
        parent = unit
    return parent


def _account(organization: state.Organization, spec: dict[str, Any], parent: str) -> state.Account:
    root = spec["root"]
    return state.Account(
        id=spec["id"],
        name=spec["name"],
        email=spec["email"],
        arn=organization.arn("account", spec["id"]),
        state=spec["state"],
        joined_method=spec["joined_method"],
        joined=spec["joined"],
        parent=parent,
        created=spec["created"],
        tags=dict(spec["tags"]),
        standing=Standing(**spec["standing"]),
        contact=dict(spec["contact"]),
        alternate_contacts={kind: dict(contact) for kind, contact in spec["alternate_contacts"].items()},
        root=state.RootUser(
            created=spec["created"],
            password=state.Password(**root["password"]) if root["password"] else None,
            access_keys={
                key["id"]: state.RootAccessKey(
                    **{**key, "last_used": key["last_used"] and state.LastUsed(**key["last_used"])}
                )
                for key in root["access_keys"]
            },
            signing_certificates={
                certificate["id"]: state.SigningCertificate(**certificate)
                for certificate in root["signing_certificates"]
            },
            mfa_devices={device["serial"]: state.MfaDevice(**device) for device in root["mfa_devices"]},
        ),
    )


def _attach_policy(organization: state.Organization, spec: dict[str, Any]) -> None:
    seed = (spec["name"],) if spec["type"] == state.SCP else (spec["name"], spec["type"])
    identifier = f"p-{names.hexadecimal(8, organization.id, *seed)}"
    organization.policies[identifier] = state.ControlPolicy(
        identifier,
        spec["name"],
        organization.arn("policy", f"{spec['type'].lower()}/{identifier}"),
        spec["description"],
        json.dumps(spec["document"]),
        spec["type"],
    )
    for target in spec["targets"]:
        organization.attach(identifier, target if target in organization.accounts else _unit(organization, target))


def make_role(backend: IAMBackend, account: str, role: dict[str, Any]) -> None:
    """Make a role: its name, trust policy and policies as the file gives them."""
    made = backend.create_role(role["name"], json.dumps(role["trust"]), role.get("path", "/"), None, "", [], "3600")
    # moto's role IDs are random; ours stay the same, so that a session's user ID does.
    del backend.roles[made.id]
    made.id = names.role_id(account, role["name"])
    backend.roles[made.id] = made
    _grant(backend, made, role["policies"])


def access_role(name: str, partition: str, management_account: str) -> dict[str, Any]:
    """The role Organizations makes in an account it creates (aws-facts 5b)."""
    trust = _trust(f"arn:{partition}:iam::{management_account}:root")
    return {"name": name, "trust": trust, "policies": ["AdministratorAccess"]}


def make_virtual_device(backend: IAMBackend, account: str, serial: str, enabled: datetime) -> None:
    """The entity behind a root user's virtual MFA device, which an administrator of the account can list."""
    name = serial.partition(":mfa")[2] or "/root-account-mfa-device"
    made = VirtualMfaDevice(account, backend.region_name, name)
    made.serial_number, made.enable_date = serial, enabled
    made.user_attribute = {"UserId": account, "Arn": f"arn:{backend.partition}:iam::{account}:root"}
    backend.virtual_mfa_devices[made.serial_number] = made


def _grant(backend: IAMBackend, grantee: Any, policies: list[str | dict[str, Any]]) -> None:
    for policy in policies:
        if isinstance(policy, str):
            arn = f"arn:{backend.partition}:iam::aws:policy/{policy}"
            state.import_managed_policy(backend, arn)
            backend.managed_policies[arn].attach_to(grantee)
        else:
            [(name, document)] = policy.items()
            grantee.put_policy(name, json.dumps(document))
