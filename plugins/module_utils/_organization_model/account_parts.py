# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a model has of single accounts, where it is asked for: tags, contacts, and the access role."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import read_role
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.role_definition import administrator_policy
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import AccountManagement
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import Refused, assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import facts
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.facts import Attempt

TAGS, CONTACTS = "tags", "contacts"
PARTS = (TAGS, CONTACTS)
_NOT_ASKED = "It was not asked for."
_THREADS = 8


def read_parts(context: Context, attempt: Attempt, accounts: t.Sequence[dict[str, t.Any]], params: dict) -> None:
    """Add to each account what ``include`` and ``access_roles`` ask for, and note the rest as not read."""
    if TAGS in params["include"]:
        _add(accounts, "tags", attempt, facts.TAGS, context.organization.tags_of)
    else:
        attempt.note(facts.TAGS, _NOT_ASKED, "Add tags to include.")
    if CONTACTS in params["include"]:
        _read_contacts(context, attempt, accounts)
    else:
        attempt.note(facts.CONTACTS, _NOT_ASKED, "Add contacts to include.")
    if params["access_roles"]:
        _read_roles(context, attempt, accounts, params["role_name"])
    else:
        attempt.note(facts.ACCESS_ROLES, _NOT_ASKED, "Set access_roles=true.")


def _add(
    accounts: t.Sequence[dict[str, t.Any]],
    key: str,
    attempt: Attempt,
    fact: facts.Fact,
    read: t.Callable[[str], t.Any],
) -> None:
    for account in accounts:
        account[key] = attempt.read(fact, functools.partial(read, account["account_id"]), None)


def _read_contacts(context: Context, attempt: Attempt, accounts: t.Sequence[dict[str, t.Any]]) -> None:
    trusted = attempt.read(facts.TRUSTED_ACCESS, context.organization.trusted_services, None)
    if trusted is not None and v.ACCOUNT_SERVICE_PRINCIPAL not in trusted:
        fix = f"Have the management account turn on trusted access for {v.ACCOUNT_SERVICE_PRINCIPAL}."
        attempt.note(facts.CONTACTS, "The organization does not trust AWS Account Management.", fix)
        return
    management = AccountManagement(context.connection, context.organization)
    active = [account for account in accounts if account["state"] == "ACTIVE"]
    _add(active, "contact", attempt, facts.CONTACTS, management.contact)
    _add(active, "alternate_contacts", attempt, facts.CONTACTS, management.alternate_contacts)


def _read_roles(context: Context, attempt: Attempt, accounts: t.Sequence[dict[str, t.Any]], role_name: str) -> None:
    """The access role of each active member account, as it reads itself: it is assumed, which CloudTrail shows."""
    management = context.organization.identity()["management_account_id"]
    members = [one for one in accounts if one["state"] == "ACTIVE" and one["account_id"] != management]

    def read(account: dict[str, t.Any]) -> dict[str, t.Any] | BreakglassError:
        try:
            return _read_role(context, account["account_id"], role_name)
        except BreakglassError as error:
            if context.connection.ends_run(error):
                raise
            return error

    context.connection.caller  # noqa: B018 asked once, before several threads would all ask
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(read, members))
    for account, role in zip(members, found, strict=True):
        if isinstance(role, BreakglassError):
            attempt.note(facts.ACCESS_ROLES, role.cause, role.fix, account["account_id"])
            # What STS refuses is not there for the caller: missing, or without trust in it. STS answers both alike.
            account["access_role"] = {"name": role_name, "answers": False if isinstance(role, Refused) else None}
        else:
            account["access_role"] = role


def _read_role(context: Context, account_id: str, role_name: str) -> dict[str, t.Any]:
    """``name``, ``answers``, ``trust_policy``, and ``policies``: a document for each name."""
    connection = assume(context.connection, account_id, role_name)
    iam = connection.client("iam")
    role = read_role(iam, role_name)
    if role is None:
        raise BreakglassError(f"IAM did not find the role {role_name}.", "Run it again in a minute.")
    name = role_name.rpartition("/")[2]
    documents: dict[str, t.Any] = {}
    with explained(f"reading the policies of the role {name}"):
        for policy in role.policies:
            if policy == administrator_policy(context.connection.caller.partition):
                documents["AdministratorAccess"] = None  # AWS's own, as the sandbox has it
            elif policy.startswith("arn:"):
                version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
                answer = iam.get_policy_version(PolicyArn=policy, VersionId=version)
                documents[policy.rpartition("/")[2]] = _document(answer["PolicyVersion"]["Document"])
            else:
                answer = iam.get_role_policy(RoleName=name, PolicyName=policy)
                documents[policy] = _document(answer["PolicyDocument"])
    return {"name": role_name, "answers": True, "trust_policy": role.trust_policy, "policies": documents}


def _document(value: t.Any) -> t.Any:
    return json.loads(value) if isinstance(value, str) else value
