# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The methods that restore an access role without the role itself and without the root user (aws-facts 5b).

Each method says why it cannot be used for an account (``refuse``, which changes nothing), and restores the role in some
accounts at once (``run``): for each account None, or the error that stopped it there.
"""

from __future__ import annotations

import functools
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import diagnosis, role_definition
from ansible_collections.breakglass.aws.plugins.module_utils._aws import stack_sets, waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import Refused, assume, role_arn
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.identity_center import IdentityCenter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import recorded
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ROLE,
    ServiceControlPolicies,
    policy_in_words,
)

STACK_SET, IDENTITY_CENTER, CONTROL_TOWER = "stackset", "identity_center", "control_tower"
METHODS = (STACK_SET, IDENTITY_CENTER, CONTROL_TOWER)  # in the order of preference

POLL_SECONDS = 2
_SETTLING_SECONDS = 60  # how long a new role may take until STS knows it


class PersonNeeded(BreakglassError):
    """Everything that has an API is done; a person must do the rest."""


@dataclass(frozen=True)
class RestoreRequest:
    """What the options of a task ask for.

    ``sign_in`` makes a Connection of a person with the permission set, or is None. ``source_identity``: a role that
    refuses sessions with a source identity is repaired too. ``plan`` has the accounts of an approved plan by ID, if
    there is one: only these are changed.
    """

    role_name: str
    stack_set_name: str
    stack_set_region: str
    activate_trusted_access: bool = False
    keep_stack_set: bool = False
    identity_center_region: str = ""
    permission_set: str | None = None
    user_name: str | None = None
    group_name: str | None = None
    sign_in: t.Callable[[], Connection] | None = None
    keep_assignment: bool = False
    source_identity: bool = False
    wait_seconds: float = 600
    plan: dict[str, dict] | None = None


@dataclass
class Method:
    """What all methods share.

    ``done`` gets every call that changed something, or may have: its answer was lost. ``warnings`` is for the user.
    """

    name: t.ClassVar[str]

    context: Context
    request: RestoreRequest
    done: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        """Whether it ends with a step that only a person can do."""
        return False

    @functools.cached_property
    def management_account_id(self) -> str:
        """The account that the role is to trust."""
        return self.context.organization.identity()["management_account_id"]

    @property
    def partition(self) -> str:
        """The caller's partition."""
        return self.context.connection.caller.partition

    def refuse(self, account_id: str) -> BreakglassError | None:
        """Why the method cannot be used for an account; None when it can."""
        try:
            self.check(account_id)
        except BreakglassError as error:
            return error
        return None

    def check(self, account_id: str) -> None:
        """Raise a BreakglassError when the method cannot be used for an account. Changes nothing."""
        raise NotImplementedError

    def run(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """Restore the role in one account after the other."""
        results: dict[str, BreakglassError | None] = {}
        for account_id in account_ids:
            try:
                self.run_for(account_id)
                results[account_id] = None
            except BreakglassError as error:
                results[account_id] = error
        return results

    def run_for(self, account_id: str) -> None:
        """Restore the role in one account."""
        raise NotImplementedError

    def create_or_repair(self, administrator: Connection) -> None:
        """Create or repair the role as an administrator of the account."""
        account_id = administrator.caller.account_id
        calls: list[str] = []
        arguments = (self.request.role_name, self.management_account_id, self.partition)
        try:
            role_definition.create_or_repair(administrator.client("iam"), *arguments, done=calls)
        finally:
            self.done.extend(f"{call} {account_id}" for call in calls)

    def check_policies(self, account_id: str, acting_as: str) -> None:
        """Raise when a service control policy certainly stops ``acting_as`` from creating the role."""
        policies = ServiceControlPolicies(self.context.organization)
        found = policies.stopping(
            account_id,
            ROLE,
            ("iam:CreateRole", "iam:AttachRolePolicy"),
            role_name=acting_as,
            resource=role_arn(self.context.connection, account_id, self.request.role_name),
        )
        for policy in found:
            if policy["certain"]:
                raise BreakglassError(policy_in_words(policy), policy["fix"])


class StackSetMethod(Method):
    """A StackSet with service-managed permissions creates the role."""

    name = STACK_SET

    @functools.cached_property
    def _client(self) -> t.Any:
        return self.context.connection.client("cloudformation", self.request.stack_set_region)

    @functools.cached_property
    def _trusted(self) -> bool:
        return stack_sets.access_status(self._client)

    def check(self, account_id: str) -> None:
        if self.context.organization.identity()["feature_set"] != "ALL":
            raise BreakglassError(
                "The organization has consolidated billing only; StackSets need all features.",
                "Enable all features (organizations:EnableAllFeatures).",
            )
        if not (self._trusted or self.request.activate_trusted_access):
            raise BreakglassError(
                "The organization does not trust CloudFormation StackSets.",
                "Set activate_trusted_access=true, or activate it (cloudformation:ActivateOrganizationsAccess).",
            )
        self.check_policies(account_id, "stacksets-exec-of-the-account")

    def run(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """All accounts at once. Where a role of the name exists already, a temporary role repairs it."""
        try:
            if not self._trusted:
                with recorded(self.done, "cloudformation:ActivateOrganizationsAccess"):
                    stack_sets.activate_access(self._client)
            direct = self._stack_set(self.request.stack_set_name)
            direct.ensure(self._template(self.request.role_name, retained=True))
        except BreakglassError as error:
            return dict.fromkeys(account_ids, error)
        try:
            failures = direct.deploy(account_ids)
        except BreakglassError as error:
            self._clean_up(direct)
            return dict.fromkeys(account_ids, error)
        existing = [account_id for account_id in account_ids if "already exists" in failures[account_id]]
        results = {account_id: _deployment_error(failures[account_id]) for account_id in account_ids}
        if not self.request.keep_stack_set or existing == list(account_ids):
            self._clean_up(direct)
        if existing:
            results.update(self._repair(existing))
        return results

    def _repair(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """The role exists, but does not work: repair it as a temporary role, deleted with its StackSet."""
        helper = f"{self.request.stack_set_name}-way-in"[:64]
        temporary = self._stack_set(helper)
        results: dict[str, BreakglassError | None] = {}
        try:
            temporary.ensure(self._template(helper, retained=False))
        except BreakglassError as error:
            return dict.fromkeys(account_ids, error)
        try:
            for account_id, failure in temporary.deploy(account_ids).items():
                results[account_id] = _deployment_error(failure)
                if not failure:
                    results[account_id] = self._repair_as(helper, account_id)
        except BreakglassError as error:
            results = {**dict.fromkeys(account_ids, error), **results}
        finally:
            self._clean_up(temporary)
        return results

    def _repair_as(self, helper: str, account_id: str) -> BreakglassError | None:
        try:
            self.create_or_repair(assume_when_settled(self.context.connection, account_id, helper))
        except BreakglassError as error:
            return error
        return None

    def _clean_up(self, stack_set: stack_sets.StackSet) -> None:
        try:
            stack_set.remove()
        except BreakglassError as error:
            self.warnings.append(f"The StackSet {stack_set.name} was not deleted, and may still have stacks: {error}")

    def _stack_set(self, name: str) -> stack_sets.StackSet:
        region, root_id = self.request.stack_set_region, self.context.organization.root().id
        return stack_sets.StackSet(self._client, name, root_id, region, self.request.wait_seconds, self.done)

    def _template(self, role_name: str, *, retained: bool) -> str:
        return role_definition.template(role_name, self.management_account_id, retained=retained)


class IdentityCenterMethod(Method):
    """A person with a permission set of IAM Identity Center creates the role, or their credentials do."""

    name = IDENTITY_CENTER

    @property
    def needs_person(self) -> bool:
        return self.request.sign_in is None

    @functools.cached_property
    def _center(self) -> IdentityCenter:
        region, seconds = self.request.identity_center_region, self.request.wait_seconds
        return IdentityCenter(self.context.connection, region, seconds, self.done)

    @functools.cached_property
    def _assignment(self) -> dict:
        request = self.request
        if not request.permission_set:
            raise BreakglassError(
                "The option identity_center is not set: it names the permission set and the user or group.",
                "Set identity_center with permission_set and user_name or group_name.",
            )
        return self._center.resolve(request.permission_set, request.user_name, request.group_name)

    def check(self, account_id: str) -> None:
        self._assignment  # noqa: B018 raises when the names do not exist
        name = (self.request.permission_set or "").rpartition("/")[2]
        self.check_policies(account_id, f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_of-the-account")

    def run_for(self, account_id: str) -> None:
        assigned_by_us = self._center.assign(self._assignment, account_id)
        if self.request.sign_in is None:
            raise self._person_needed(account_id)
        administrator = self.request.sign_in()
        if administrator.caller.account_id != account_id or administrator.caller.is_root:
            raise BreakglassError(
                f"identity_center.sign_in is {administrator.caller.arn}, which is not an administrator of account "
                f"{account_id}, or is its root user.",
                "Give credentials of the permission set in this account; one account a task.",
            )
        self.create_or_repair(administrator)
        if assigned_by_us and not self.request.keep_assignment:
            try:
                self._center.unassign(self._assignment, account_id)
            except BreakglassError as error:
                self.warnings.append(f"The assignment in account {account_id} was not removed: {error}")

    def _person_needed(self, account_id: str) -> PersonNeeded:
        request = self.request
        person = request.user_name or f"A member of the group {request.group_name}"
        return PersonNeeded(
            f"{person} can now sign in to account {account_id} with the permission set {request.permission_set}; a "
            f"person, or that person's credentials, must create the role {request.role_name}.",
            f"{person} opens the AWS access portal and creates the role in IAM (AWS account, another AWS account "
            f"{self.management_account_id}, no external ID, policy {role_definition.ADMINISTRATOR_POLICY}). Or sign in "
            "with aws sso login and run this again with identity_center.sign_in.",
        )


class ControlTowerMethod(Method):
    """Control Tower's own role creates the role, in accounts that Control Tower manages."""

    name = CONTROL_TOWER

    def check(self, account_id: str) -> None:
        try:
            assume(self.context.connection, account_id, diagnosis.CONTROL_TOWER_ROLE)
        except Refused as refused:
            if refused.needs_source_identity:
                raise
            raise BreakglassError(
                f"STS does not let {self.context.connection.caller.arn} assume {diagnosis.CONTROL_TOWER_ROLE}: Control "
                "Tower does not manage the account, or the caller may not assume that role.",
                "Enroll the account in Control Tower, if you use it.",
            ) from refused
        self.check_policies(account_id, diagnosis.CONTROL_TOWER_ROLE)

    def run_for(self, account_id: str) -> None:
        self.create_or_repair(assume(self.context.connection, account_id, diagnosis.CONTROL_TOWER_ROLE))


_CLASSES = {method.name: method for method in (StackSetMethod, IdentityCenterMethod, ControlTowerMethod)}


def methods(name: str, context: Context, request: RestoreRequest) -> list[Method]:
    """The named method, or with "auto" all of them in the order of preference; those that need a person last."""
    found = [_CLASSES[each](context, request) for each in METHODS if name in ("auto", each)]
    return sorted(found, key=lambda method: method.needs_person)


def assume_when_settled(connection: Connection, account_id: str, role_name: str) -> Connection:
    """Assume a role that was created moments ago: IAM is eventually consistent, so it retries for a minute."""
    return waiter.retry(
        lambda: assume(connection, account_id, role_name),
        lambda error: isinstance(error, Refused),
        waiter.within(_SETTLING_SECONDS, POLL_SECONDS),
    )


def stack_set_name(role_name: str) -> str:
    """The name of our StackSet for a role: letters, digits and hyphens [B]."""
    return f"breakglass-{re.sub(r'[^A-Za-z0-9]+', '-', role_name).strip('-')}"[:57]


def _deployment_error(reason: str) -> BreakglassError | None:
    if not reason:
        return None
    fix = "Check the account for what the reason says; service control policies bind StackSets too."
    return BreakglassError(f"CloudFormation could not create the role: {reason}", fix)
