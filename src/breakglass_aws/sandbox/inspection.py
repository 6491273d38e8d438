# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox holds, for a judge who compares two moments: every text as it is kept, byte for byte.

`snapshot` has parsed policies of a few kinds. Here is also what AWS shows to no caller while an account is locked: the
policies, roles and users of each account, objects, messages' queues, and what people own. Times of last use are left
out: they change when something is read.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from moto.iam.models import IAMBackend

from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.model.stack_sets import StackSet
from breakglass_aws.sandbox.state import State


def held(state: State) -> dict[str, Any]:
    """Return all state that a recovery could change, as plain data."""
    with state.lock:
        return {
            "accounts": {account.id: _account(account) for account in state.accounts()},
            "root_users": {account.id: _root_user(account) for account in state.accounts()},
            "iam": {account.id: _iam(state.iam(account.id)) for account in state.accounts()},
            "buckets": {bucket.name: _bucket(bucket) for bucket in state.buckets()},
            "queues": {queue.queue_arn: _queue(queue) for queue in state.queues()},
            "invitations": {one.id: {"account": one.account, "state": one.state} for one in state.handshakes.values()},
            "stack_sets": {f"{one.region}/{one.name}": _stack_set(one) for one in state.stack_sets if _exists(one)},
            "identity_center": _identity_center(state),
        }


def secrets(state: State) -> list[str]:
    """Return every secret that the sandbox has issued or keeps: what no file of a run may contain."""
    with state.lock:
        found = [text for session in state.sessions.values() for text in (session.secret_key, session.token)]
        for identity in state.identities.values():
            found += [identity.secret_key, identity.session_token or ""]
        for account in state.accounts():
            found += [key.secret for key in account.root.access_keys.values()]
            found += [account.root.password.secret or ""] if account.root.password else []
            found += [account.email_update.code] if account.email_update else []
            found += [key.secret_access_key for key in state.iam(account.id).access_keys.values()]
        found += [message.code or "" for message in state.messages]
    return sorted({text for text in found if text})


def _account(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "email": account.email,
        "state": account.state,
        "tags": dict(account.tags),
        "contact": dict(account.contact),
        "alternate_contacts": {kind: dict(one) for kind, one in account.alternate_contacts.items()},
        "standing": asdict(account.standing),
        "organization": account.elsewhere.organization if account.elsewhere else None,
    }


def _root_user(account: Account) -> dict[str, Any]:
    root = account.root
    return {
        "password": root.password is not None,
        "access_keys": {key.id: key.status for key in root.access_keys.values()},
        "signing_certificates": {one.id: one.status for one in root.signing_certificates.values()},
        "mfa_devices": {one.serial: "lost" if one.lost else "enabled" for one in root.mfa_devices.values()},
    }


def _iam(backend: IAMBackend) -> dict[str, Any]:
    own = (policy for policy in backend.managed_policies.values() if ":iam::aws:" not in policy.arn)
    return {
        "roles": {role.name: _role(role) for role in backend.roles.values()},
        "users": {user.name: _user(backend, user) for user in backend.users.values()},
        "groups": {group.name: _permissions(group) for group in backend.groups.values()},
        "policies": {policy.arn: _default_version(policy) for policy in own},
        "aliases": list(backend.account_aliases),
        "identity_providers": sorted([*backend.saml_providers, *backend.open_id_providers]),
        "virtual_mfa_devices": sorted(backend.virtual_mfa_devices),
    }


def _permissions(entity: Any) -> dict[str, Any]:
    return {
        "path": entity.path,
        "policies": {name: _text(document) for name, document in entity.policies.items()},
        "attached_policies": sorted(entity.managed_policies),
    }


def _role(role: Any) -> dict[str, Any]:
    return {
        **_permissions(role),
        "trust_policy": _text(role.assume_role_policy_document),
        "permissions_boundary": role.permissions_boundary_arn,
    }


def _user(backend: IAMBackend, user: Any) -> dict[str, Any]:
    return {
        **_permissions(user),
        "access_keys": {key.access_key_id: key.status for key in user.access_keys},
        "password": user.password is not None,
        "signing_certificates": sorted(user.signing_certificates),
        "mfa_devices": sorted(user.mfa_devices),
        "groups": sorted(group.name for group in backend.groups.values() if user in group.users),
    }


def _default_version(policy: Any) -> str | None:
    return next((_text(version.document) for version in policy.versions if version.is_default), None)


def _bucket(bucket: Any) -> dict[str, Any]:
    block = bucket.public_access_block
    return {
        "account": bucket.account_id,
        "region": bucket.region_name,
        "policy": _text(bucket.policy),
        "public_access_block": {name: str(value).lower() for name, value in vars(block).items()} if block else None,
        "objects": {
            name: hashlib.sha256(key.value).hexdigest()
            for name, key in bucket.keys.items()
            if isinstance(getattr(key, "value", None), bytes)
        },
    }


def _queue(queue: Any) -> dict[str, Any]:
    return {"policy": _text(queue.policy), "visibility_timeout": queue.visibility_timeout}


def _exists(stack_set: StackSet) -> bool:
    return stack_set.status == "ACTIVE"  # deleted ones are kept, too


def _stack_set(stack_set: StackSet) -> dict[str, Any]:
    instances = stack_set.instances.items()
    return {
        "template": stack_set.body,
        "instances": {f"{account}/{region}": one.status for (account, region), one in instances},
    }


def _identity_center(state: State) -> dict[str, Any]:
    center = state.identity_center
    if center is None:
        return {}
    names = {one.arn: one.name for one in center.permission_sets.values()}
    users = {one.id: one.name for one in center.users.values()}
    return {
        "permission_sets": {one.name: sorted(one.managed_policies) for one in center.permission_sets.values()},
        "assignments": sorted(
            f"{users.get(one.principal, one.principal)} in {one.account} as {names.get(one.permission_set)}"
            for one in center.assignments
        ),
    }


def _text(document: Any) -> str | None:
    """A document as it is kept, as text; None where there is none."""
    return document.decode() if isinstance(document, bytes) else document or None
