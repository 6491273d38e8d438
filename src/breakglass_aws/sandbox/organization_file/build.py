# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organization file describes, and how it is built: the organization, IAM entities, buckets and queues."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.iam.models import IAMBackend
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.model.iam_entities import attach_policies, make_role, make_virtual_device
from breakglass_aws.sandbox.model.identity_center import IdentityCenter, fresh
from breakglass_aws.sandbox.model.lifecycle import Behaviour, Handshake, Standing, make_invitation
from breakglass_aws.sandbox.model.organization import (
    FULL_ACCESS,
    SCP,
    Account,
    ControlPolicy,
    LastUsed,
    MfaDevice,
    Organization,
    Password,
    RootAccessKey,
    RootUser,
    SigningCertificate,
    Unit,
)


@dataclass
class Description:
    """A checked organization file. Everything in it is final: IDs, dates, documents."""

    organization: dict[str, Any]
    accounts: dict[str, dict[str, Any]]
    policies: list[dict[str, Any]]
    identities: dict[str, dict[str, str]]
    center: IdentityCenter | None = None

    def build(self) -> Organization:
        """A fresh organization as the file describes it."""
        spec = self.organization
        organization = Organization(
            id=spec["id"],
            partition=spec["partition"],
            management_account=spec["management_account"],
            root_id=spec["root_id"],
            created=spec["created"],
            trusted_access=dict(spec["trusted_access"]),
            delegations={service: dict(since) for service, since in spec["delegations"].items()},
            features=dict.fromkeys(spec["features"]),
        )
        root = organization.root_id
        organization.units[root] = Unit(root, "Root", organization.arn("root", root), None)
        for kind in spec["policy_types"]:
            organization.enable(kind)
        for path in spec["units"]:
            self._unit(organization, path)
        for account in self.accounts.values():
            if not account["member"]:
                continue
            parent = self._unit(organization, account["ou"])
            organization.accounts[account["id"]] = _account(organization, account, parent)
            organization.units[parent].accounts[account["id"]] = None
            organization.attach_full_access(account["id"])
        for policy in self.policies:
            identifier = _add_policy(organization, policy)
            for target in policy["targets"]:
                organization.attach(identifier, self._target(organization, target))
        for target in spec["without_full_access"]:
            organization.attachments[self._target(organization, target)].pop(FULL_ACCESS[SCP][0], None)
        return organization

    def _target(self, organization: Organization, target: str) -> str:
        return target if target in organization.accounts else self._unit(organization, target)

    def _unit(self, organization: Organization, path: str) -> str:
        """The ID of the OU at a path of names; made on the way where it is missing."""
        parent, walked = organization.root_id, ""
        for name in filter(None, path.split("/")):
            walked = f"{walked}/{name}"
            given = self.organization["units"].get(walked[1:], {})
            unit = given.get("id") or f"ou-{organization.root_id[2:]}-{names.hexadecimal(8, organization.id, walked)}"
            if unit not in organization.units:
                made = Unit(unit, given.get("name") or name, organization.arn("ou", unit), parent)
                organization.units[unit] = made
                organization.units[parent].units[unit] = None
                organization.attach_full_access(unit)
            parent = unit
        return parent

    def outsiders(self, organization: Organization) -> list[Account]:
        """The accounts of the file that belong to no organization."""
        return [_account(organization, spec, "") for spec in self.accounts.values() if not spec["member"]]

    def invitations(self) -> dict[str, Handshake]:
        """The other organization's invitations, open since the file was read."""
        other = self.organization["other_organization"]
        made = [
            make_invitation(
                other["partition"],
                other["sender"],
                account,
                {"Id": account, "Type": "ACCOUNT"},
                self.organization["loaded"],
            )
            for account in (other["invites"] if other else [])
        ]
        return {one.id: one for one in made}

    def identity_center(self) -> IdentityCenter | None:
        return fresh(self.center)

    def enrolled_accounts(self) -> set[str]:
        """The accounts Control Tower manages."""
        return {account["id"] for account in self.accounts.values() if account["control_tower"]}

    @property
    def unreadable(self) -> frozenset[str]:
        """The actions that are denied to everyone, because the file does not say what they would return."""
        found: frozenset[str] = self.organization["unreadable"]
        return found

    @property
    def behaviour(self) -> Behaviour:
        return self.organization["behaviour"]

    def create_iam_entities(self, backend: IAMBackend, account: str) -> None:
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
            attach_policies(backend, made_user, user["policies"])
        for device in spec["root"]["mfa_devices"]:
            if device["virtual"]:
                make_virtual_device(backend, account, device["serial"], device["enabled"])

    def create_resources(self) -> None:
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


def _account(organization: Organization, spec: dict[str, Any], parent: str) -> Account:
    root = spec["root"]
    return Account(
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
        root=RootUser(
            created=spec["created"],
            password=Password(**root["password"]) if root["password"] else None,
            access_keys={
                key["id"]: RootAccessKey(**{**key, "last_used": key["last_used"] and LastUsed(**key["last_used"])})
                for key in root["access_keys"]
            },
            signing_certificates={
                certificate["id"]: SigningCertificate(**certificate) for certificate in root["signing_certificates"]
            },
            mfa_devices={device["serial"]: MfaDevice(**device) for device in root["mfa_devices"]},
        ),
    )


def _add_policy(organization: Organization, spec: dict[str, Any]) -> str:
    seed = (spec["name"],) if spec["type"] == SCP else (spec["name"], spec["type"])
    identifier = spec["id"] or f"p-{names.hexadecimal(8, organization.id, *seed)}"
    organization.policies[identifier] = ControlPolicy(
        identifier,
        spec["name"],
        organization.arn("policy", f"{spec['type'].lower()}/{identifier}"),
        spec["description"],
        spec["content"],
        spec["type"],
    )
    return identifier
