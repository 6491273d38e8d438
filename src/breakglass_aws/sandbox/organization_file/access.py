# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an organization file says of the ways into an account that need neither its administrator role nor its root
user: IAM Identity Center, and Control Tower's execution role (aws-facts 5b, 2 and 3).

`organization.py` reads the file; the values come here with their places (`_Item`), so errors name them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.model import identity_center
from breakglass_aws.sandbox.model.identity_center import Assignment, IdentityCenter, PermissionSet, User
from breakglass_aws.sandbox.model.managed_policies import aws_managed_policy

if TYPE_CHECKING:
    from breakglass_aws.sandbox.organization_file.values import ConfigNode

ACCOUNT_KEYS = ("control_tower",)
TOP_KEYS = ("identity_center",)


def enrolled(given: dict[str, ConfigNode], *, eligible: bool) -> bool:
    """Whether Control Tower manages an account. Never the management account, nor one outside of the organization."""
    entry = given.get("control_tower")
    if entry is None:
        return False
    if not eligible:
        raise entry.refuse("nothing: Control Tower enrolls member accounts only")
    return entry.choice("enrolled", "not enrolled") == "enrolled"


def center(
    item: ConfigNode,
    organization: dict[str, Any],
    accounts: dict[str, dict[str, Any]],
    member: Callable[[ConfigNode], str],
) -> IdentityCenter:
    """The organization's instance; the roles of its assignments join the accounts' roles."""
    given = item.fields("region", "users", "permission_sets", "assignments")
    identifier, partition = organization["id"], organization["partition"]
    made = IdentityCenter(
        instance_arn=f"arn:{partition}:sso:::instance/ssoins-{names.hexadecimal(16, 'sso', identifier)}",
        identity_store=f"d-{names.hexadecimal(10, 'identity store', identifier)}",
        owner=organization["management_account"],
        region=given["region"].text(r"[a-z]{2}(-[a-z]+)+-\d", "a Region") if "region" in given else "us-east-1",
        created=organization["created"],
    )
    for entry in given["users"].items() if "users" in given else []:
        user = _user(entry, made)
        made.users[user.id] = user
    for name, entry in given["permission_sets"].mapping().items() if "permission_sets" in given else ():
        permission_set = _permission_set(name, entry, made, organization)
        made.permission_sets[permission_set.arn] = permission_set
    for entry in given["assignments"].items() if "assignments" in given else []:
        _assign(entry, made, organization, accounts, member)
    return made


def _user(item: ConfigNode, center: IdentityCenter) -> User:
    given = item.fields("name", "display_name", "email", required=("name",))
    name = given["name"].text(r"[\w.@+-]{1,64}", "a user name: up to 64 letters, digits and .@+-")
    if any(user.name == name for user in center.users.values()):
        raise given["name"].refuse("a user name that is not yet in the list")
    return User(
        id=names.uuid("identity store user", center.identity_store, name),
        name=name,
        display_name=given["display_name"].text() if "display_name" in given else name,
        email=given["email"].email() if "email" in given else f"{name}@example.com",
    )


def _permission_set(name: str, item: ConfigNode, center: IdentityCenter, organization: dict[str, Any]) -> PermissionSet:
    given = item.fields("policies", "session_duration", "description")
    if not identity_center.valid_name(name):
        raise item.source.error(item.path, f"{name!r} is not accepted; accepted: a name of 1 to 32 of \\w+=,.@-")
    made = PermissionSet(
        arn=identity_center.permission_set_arn(center, organization["partition"], name),
        name=name,
        created=center.created,
        description=given["description"].text() if "description" in given else None,
        session_duration=given["session_duration"].text(r"PT([1-9]|1[0-2])H", "PT1H to PT12H")
        if "session_duration" in given
        else "PT1H",
    )
    for entry in given["policies"].items() if "policies" in given else []:
        arn = f"arn:{organization['partition']}:iam::aws:policy/{entry.text()}"
        if aws_managed_policy(f"arn:aws:iam::aws:policy/{entry.value}") is None:
            raise entry.refuse("the name of an AWS managed policy such as AdministratorAccess")
        made.managed_policies[arn] = entry.value
    return made


def _assign(
    item: ConfigNode,
    center: IdentityCenter,
    organization: dict[str, Any],
    accounts: dict[str, dict[str, Any]],
    member: Callable[[ConfigNode], str],
) -> None:
    given = item.fields("user", "permission_set", "account", required=("user", "permission_set", "account"))
    users = {user.name: user for user in center.users.values()}
    permission_sets = {one.name: one for one in center.permission_sets.values()}
    user = users[given["user"].choice(*users)]
    permission_set = permission_sets[given["permission_set"].choice(*permission_sets)]
    account = member(given["account"])
    center.assignments[Assignment(account, permission_set.arn, "USER", user.id)] = None
    if (account, permission_set.arn) not in center.provisioned:
        role = identity_center.role_name(account, permission_set)
        center.provisioned[account, permission_set.arn] = role
        accounts[account]["roles"].append(
            {
                "name": role,
                "path": identity_center.role_path(center),
                "trust": identity_center.trust(center, organization["partition"], account),
                "policies": list(permission_set.managed_policies.values()),
            }
        )
