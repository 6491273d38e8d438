# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be read about an account from outside it: its OU, tags, delegations, contacts and policies."""

from __future__ import annotations

import contextlib
import json
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import (
    Account,
    Organization,
    Policy,
    Unit,
)
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def place(units: t.Sequence[Unit], organization_id: str) -> dict:
    """The OU an account is in, and the path to it by name and by ID.

    The path of IDs has the form of aws:PrincipalOrgPaths.
    """
    return {
        "id": units[-1].id,
        "name": units[-1].name,
        "path": "/".join(unit.name for unit in units),
        "path_ids": "/".join([organization_id, *(unit.id for unit in units), ""]),
    }


@dataclass(frozen=True)
class StackSets:
    """Service-managed StackSets of one region: their stacks in an account that leaves are deleted or retained."""

    cloudformation: t.Any
    stack_sets: t.Sequence[dict]
    region: str

    def reaching(self, account_id: str) -> list[dict]:
        """``name`` and ``retained`` of those with a stack in the account."""
        doing = "listing the stack instances of {name}"
        return [
            {
                "name": one["StackSetName"],
                "retained": bool(one.get("AutoDeployment", {}).get("RetainStacksOnAccountRemoval")),
            }
            for one in self.stack_sets
            if _pages(
                self.cloudformation,
                "list_stack_instances",
                "Summaries",
                doing.format(name=one["StackSetName"]),
                StackSetName=one["StackSetName"],
                StackInstanceAccount=account_id,
            )
        ]


def stack_sets(connection: Connection, management_account_id: str) -> StackSets:
    """The service-managed StackSets of the management account in the connection's region."""
    if connection.caller.account_id != management_account_id:
        raise BreakglassError("Only the management account can read its StackSets.", "Use its credentials.")
    client = connection.client("cloudformation")
    found = _pages(client, "list_stack_sets", "Summaries", "listing the StackSets", Status="ACTIVE")
    managed = [one for one in found if one.get("PermissionModel") == "SERVICE_MANAGED"]
    return StackSets(client, managed, connection.region)


@dataclass(frozen=True)
class IdentityCenter:
    """IAM Identity Center's instance; none when the organization does not trust it."""

    sso: t.Any
    instance_arn: str | None

    def permission_sets(self, account_id: str) -> list[str]:
        """The permission sets that have a role in the account."""
        if self.instance_arn is None:
            return []
        return _pages(
            self.sso,
            "list_permission_sets_provisioned_to_account",
            "PermissionSets",
            f"listing the permission sets of {account_id}",
            InstanceArn=self.instance_arn,
            AccountId=account_id,
        )


def identity_center(connection: Connection, organization: Organization) -> IdentityCenter:
    """The organization's Identity Center, which answers in its home region only."""
    services = attempt(organization.trusted_services)
    sso = connection.client("sso-admin")
    if not isinstance(services, Unread) and "sso.amazonaws.com" not in services:
        return IdentityCenter(sso, None)
    management = organization.identity()["management_account_id"]
    found = [  # an account may have its own instance, which is not the organization's
        one
        for one in _pages(sso, "list_instances", "Instances", "asking for IAM Identity Center")
        if one.get("OwnerAccountId") == management
    ]
    if not found:
        raise BreakglassError(
            f"IAM Identity Center does not answer in {connection.region}.",
            "Set region to its home region, if it has one.",
        )
    return IdentityCenter(sso, found[0]["InstanceArn"])


@dataclass(frozen=True)
class Closures:
    """Accounts of the organization that are closed or about to be, and how many AWS allows in 30 days."""

    closed: int
    pending: int
    quota: int


def closures(organization: Organization) -> Closures:
    """AWS does not return when an account was closed: ``closed`` counts all that are still listed, up to 90 days.

    Quota: the higher of 250 and 20 % of the members, at most 1,000 (B:organizations.CloseAccount).
    """
    states = [account.state for account in organization.accounts()]
    return Closures(
        states.count("CLOSED"), states.count("PENDING_CLOSURE"), min(max(250, (len(states) - 1) // 5), 1000)
    )


def policies_on(
    organization: Organization, account: Account, units: t.Sequence[Unit], policy_type: str = SCP
) -> list[Policy]:
    """The policies of a type that apply to an account, or would in these OUs; from the root down.

    None apply of a type that is not enabled in the organization.
    """
    if policy_type != SCP and policy_type not in organization.policy_types():
        return []
    targets = [*(unit.id for unit in units), account.id]
    return list(dict.fromkeys(policy for target in targets for policy in organization.policies_of(target, policy_type)))


def own_policies(organization: Organization, account: Account, policy_type: str = SCP) -> list[Policy]:
    """The policies of a type that apply to an account, without AWS's own that allow everything."""
    found = policies_on(organization, account, organization.units_above(account), policy_type)
    return [policy for policy in found if not policy.aws_managed]


def documents(organization: Organization, policies: t.Iterable[Policy]) -> dict[str, dict]:
    """The policies' documents by name."""
    return {policy.name: json.loads(organization.policy_document(policy.id)) for policy in policies}


def root_credentials(
    connection: Connection, organization: Organization, account_id: str, note: t.Callable[[dict], None]
) -> dict:
    """What the root user has to sign in with.

    Opens a root session, which CloudTrail and its alarms show; ``note`` gets its public part at once.
    """
    session = open_root_session(connection, organization, account_id, v.AUDIT_ROOT_CREDENTIALS)
    note(session.public)
    session.assert_root_of(account_id)
    return credentials.read_root_credentials(session.client("iam"), account_id)


def _pages(client: t.Any, operation: str, key: str, doing: str, **arguments: t.Any) -> list:
    try:
        pages = client.get_paginator(operation).paginate(**arguments)
        return [entry for page in pages for entry in page.get(key, [])]
    except (BotoCoreError, ClientError) as error:
        raise explain(error, doing) from error
