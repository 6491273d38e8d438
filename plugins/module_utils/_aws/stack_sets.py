# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CloudFormation StackSet with service-managed permissions: created, deployed to accounts, and deleted again.

It works in member accounts by a role of its own, so it needs neither the account's administrator role nor its root user
(aws-facts 5b, 1).
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import recorded
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError

POLL_SECONDS = 3
_RUNNING = ("RUNNING", "QUEUED", "STOPPING")
# All accounts are tried, whatever happens in some of them.
_PREFERENCES = {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100}


def access_status(client: t.Any) -> bool:
    """Does the organization trust StackSets?"""
    answer = _call(client.describe_organizations_access, "DescribeOrganizationsAccess")
    return answer.get("Status") == "ENABLED"


def activate_access(client: t.Any) -> None:
    _call(client.activate_organizations_access, "ActivateOrganizationsAccess")


class StackSet:
    """One StackSet of ours, in one region. ``done`` gets the calls that changed something, or may have, in order."""

    def __init__(self, client: t.Any, name: str, root_id: str, region: str, wait_seconds: float, done: list) -> None:
        self._client = client
        self.name = name
        self._root_id = root_id
        self._region = region
        self._wait_seconds = wait_seconds
        self._done = done

    def ensure(self, template: str) -> None:
        """Make it, or take the one an earlier run of ours left. One that is not ours is refused."""
        existing = self._describe()
        if existing is None:
            self._change(
                "create_stack_set",
                "CreateStackSet",
                Description=self._description,
                TemplateBody=template,
                PermissionModel="SERVICE_MANAGED",
                Capabilities=["CAPABILITY_NAMED_IAM"],
                AutoDeployment={"Enabled": False},
            )
        elif existing.get("Description") != self._description or existing.get("TemplateBody") != template:
            raise BreakglassError(
                f"There is a StackSet {self.name} already, and it is not the one this would make.",
                "See what it is for; then delete it, or name another one in stack_set_name.",
            )

    @property
    def _description(self) -> str:
        return f"Made by {v.COLLECTION} to bring a role back"

    def deploy(self, account_ids: t.Sequence[str]) -> dict[str, str]:
        """Deploy to accounts; for each why it failed, empty when it did not.

        Existing instances are deleted first: CloudFormation compares templates, and would not create a role again that
        was deleted by hand.
        """
        self._withdraw([one for one in self._accounts() if one in account_ids])
        operation = self._change("create_stack_instances", "CreateStackInstances", **self._targets(account_ids))
        self._wait(operation["OperationId"])
        pages = self._pages("list_stack_set_operation_results", OperationId=operation["OperationId"])
        results = {one["Account"]: one for page in pages for one in page["Summaries"]}
        return {account_id: _failure(results.get(account_id)) for account_id in account_ids}

    def remove(self) -> None:
        """Delete the stacks and the StackSet. What their template retains stays in the accounts."""
        if self._describe() is None:
            return
        self._withdraw(self._accounts())
        self._change("delete_stack_set", "DeleteStackSet")

    def _withdraw(self, account_ids: t.Sequence[str]) -> None:
        if account_ids:
            targets = self._targets(account_ids)
            answer = self._change("delete_stack_instances", "DeleteStackInstances", RetainStacks=False, **targets)
            self._wait(answer["OperationId"])

    def _targets(self, account_ids: t.Sequence[str]) -> dict:
        return {
            "DeploymentTargets": {
                "OrganizationalUnitIds": [self._root_id],
                "Accounts": list(account_ids),
                "AccountFilterType": "INTERSECTION",
            },
            "Regions": [self._region],  # IAM is global: a stack in a second region would find the role made
            "OperationPreferences": _PREFERENCES,
        }

    def _accounts(self) -> list[str]:
        pages = self._pages("list_stack_instances")
        return list(dict.fromkeys(one["Account"] for page in pages for one in page["Summaries"]))

    def _describe(self) -> dict | None:
        with explained(f"reading the StackSet {self.name} (cloudformation:DescribeStackSet)"):
            try:
                return self._client.describe_stack_set(StackSetName=self.name)["StackSet"]
            except ClientError as error:
                if error_code(error) == "StackSetNotFoundException":
                    return None
                raise

    def _wait(self, operation_id: str) -> None:
        def status() -> str:
            answer = _call(describe, "DescribeStackSetOperation", StackSetName=self.name, OperationId=operation_id)
            return answer["StackSetOperation"]["Status"]

        describe = self._client.describe_stack_set_operation
        pauses = waiter.within(self._wait_seconds, POLL_SECONDS)
        if waiter.poll(status, lambda found: found not in _RUNNING, pauses) in _RUNNING:
            raise BreakglassError(
                f"The operation {operation_id} of StackSet {self.name} did not finish within {self._wait_seconds:g} "
                "seconds.",
                "See its progress in the CloudFormation console, raise wait_timeout, and run it again.",
            )

    def _change(self, method: str, operation: str, **arguments: t.Any) -> dict:
        with recorded(self._done, f"cloudformation:{operation} {self.name}"):
            return _call(getattr(self._client, method), operation, StackSetName=self.name, **arguments)

    def _pages(self, method: str, **arguments: t.Any) -> list[dict]:
        paginator = self._client.get_paginator(method)
        operation = "".join(part.title() for part in method.split("_"))
        return _call(lambda **given: list(paginator.paginate(**given)), operation, StackSetName=self.name, **arguments)


def _failure(result: dict | None) -> str:
    if result is None:
        return "StackSets did not deploy to the account."
    return "" if result["Status"] == "SUCCEEDED" else result.get("StatusReason") or f"It ended as {result['Status']}."


def _call(method: t.Callable, operation: str, **arguments: t.Any) -> t.Any:
    with explained(f"working with StackSets (cloudformation:{operation})"):
        return method(**arguments)
