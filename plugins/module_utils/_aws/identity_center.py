# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assigning a permission set of IAM Identity Center in an account, to a user or group that can then sign in there.

Identity Center makes the role AWSReservedSSO_* in the account by a service-linked role, so it needs neither the
account's administrator role nor its root user (aws-facts 5b, 2).
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import recorded
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError

POLL_SECONDS = 2


class IdentityCenter:
    """The organization's Identity Center, as its administrator sees it.

    ``done`` gets the calls that changed something, in order.
    """

    def __init__(self, connection: Connection, region: str, wait_seconds: float, done: list) -> None:
        self._sso = connection.client("sso-admin", region)
        self._store = connection.client("identitystore", region)
        self._region = region
        self._wait_seconds = wait_seconds
        self._done = done

    def resolve(self, permission_set: str, user_name: str | None, group_name: str | None) -> dict:
        """The IDs of an assignment, from names; a BreakglassError for what does not exist."""
        instances = self._call("list_instances")["Instances"]
        if not instances:
            raise BreakglassError(
                f"There is no IAM Identity Center of the organization in {self._region}.",
                "Set identity_center.region to where it is.",
            )
        instance = {"InstanceArn": instances[0]["InstanceArn"]}
        store_id = instances[0]["IdentityStoreId"]
        kind, principal = ("USER", user_name) if user_name else ("GROUP", group_name or "")
        return {
            **instance,
            "PermissionSetArn": self._permission_set(instance, permission_set),
            "PrincipalType": kind,
            "PrincipalId": self._principal(store_id, kind, principal),
        }

    def assign(self, assignment: dict, account_id: str) -> bool:
        """Have the assignment in the account; False when it was there already."""
        if self._is_assigned(assignment, account_id):
            return False
        target = {**assignment, "TargetId": account_id, "TargetType": "AWS_ACCOUNT"}
        self._request(target, "create_account_assignment", "Creation")
        return True

    def unassign(self, assignment: dict, account_id: str) -> None:
        target = {**assignment, "TargetId": account_id, "TargetType": "AWS_ACCOUNT"}
        self._request(target, "delete_account_assignment", "Deletion")

    def _is_assigned(self, assignment: dict, account_id: str) -> bool:
        wanted = (assignment["PrincipalType"], assignment["PrincipalId"])
        pages = self._pages(
            "list_account_assignments",
            InstanceArn=assignment["InstanceArn"],
            PermissionSetArn=assignment["PermissionSetArn"],
            AccountId=account_id,
        )
        found = [one for page in pages for one in page["AccountAssignments"]]
        return any((one["PrincipalType"], one["PrincipalId"]) == wanted for one in found)

    def _request(self, target: dict, method: str, kind: str) -> None:
        """Ask for it, and wait until it is done."""
        with recorded(self._done, f"sso:{_operation(method)} {target['TargetId']}"):
            status = self._call(method, **target)[f"AccountAssignment{kind}Status"]
        request = {"InstanceArn": target["InstanceArn"], f"AccountAssignment{kind}RequestId": status["RequestId"]}
        for pause in waiter.within(self._wait_seconds, POLL_SECONDS):
            if status["Status"] != "IN_PROGRESS":
                break
            waiter.pause(pause)
            answer = self._call(f"describe_account_assignment_{kind.lower()}_status", **request)
            status = answer[f"AccountAssignment{kind}Status"]
        if status["Status"] == "IN_PROGRESS":
            raise BreakglassError(
                f"Identity Center did not finish within {self._wait_seconds:g} seconds ({_operation(method)}).",
                "Raise wait_timeout, and run it again: what is there by then is taken as it is.",
            )
        if status["Status"] != "SUCCEEDED":
            raise BreakglassError(
                f"Identity Center failed ({_operation(method)}): {status.get('FailureReason') or status['Status']}.",
                "Correct what the reason names: the account or the permission set.",
            )

    def _permission_set(self, instance: dict, wanted: str) -> str:
        names = []
        for page in self._pages("list_permission_sets", **instance):
            for arn in page["PermissionSets"]:
                if arn == wanted:
                    return arn
                name = self._call("describe_permission_set", PermissionSetArn=arn, **instance)["PermissionSet"]["Name"]
                if name == wanted:
                    return arn
                names.append(name)
        raise BreakglassError(
            f"IAM Identity Center has no permission set {wanted}.",
            f"Set identity_center.permission_set to one of: {', '.join(sorted(names)) or '(there is none)'}.",
        )

    def _principal(self, store_id: str, kind: str, name: str) -> str:
        method, key, attribute = (
            ("list_users", "Users", "UserName") if kind == "USER" else ("list_groups", "Groups", "DisplayName")
        )
        filters = [{"AttributePath": attribute, "AttributeValue": name}]
        found = self._call(method, self._store, IdentityStoreId=store_id, Filters=filters)[key]
        if not found:
            option = "user_name" if kind == "USER" else "group_name"
            raise BreakglassError(
                f"The identity store has no {kind.lower()} {name}.", f"Correct identity_center.{option}."
            )
        return found[0]["UserId" if kind == "USER" else "GroupId"]

    def _call(self, method: str, client: t.Any = None, **arguments: t.Any) -> dict:
        with explained(f"working with IAM Identity Center ({_operation(method)})"):
            return getattr(client or self._sso, method)(**arguments)

    def _pages(self, method: str, **arguments: t.Any) -> list[dict]:
        with explained(f"working with IAM Identity Center ({_operation(method)})"):
            return list(self._sso.get_paginator(method).paginate(**arguments))


def _operation(method: str) -> str:
    return "".join(part.title() for part in method.split("_"))
