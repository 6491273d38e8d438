# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways into a member account that need neither its access role nor its root user (aws-facts 5b).

Each way says of an account why it cannot be taken (``refuse``, which changes nothing), and takes it for some accounts
at once (``take``): for each of them None, or the error that stopped it there.
"""

from __future__ import annotations

import functools
import re
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils._access_role import diagnosis as role
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import role_definition as repair
from ansible_collections.breakglass.aws.plugins.module_utils._aws import stack_sets as stack_set
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import Refused, assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.identity_center import IdentityCenter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, policy_in_words
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ROLE, ServiceControlPolicies

STACK_SET, IDENTITY_CENTER, CONTROL_TOWER = "stackset", "identity_center", "control_tower"
WAYS = (STACK_SET, IDENTITY_CENTER, CONTROL_TOWER)  # in the order of preference

POLL_SECONDS = 2
_SETTLING_SECONDS = 60  # how long a new role may take until STS knows it


class PersonNeeded(BreakglassError):
    """All that can be done by API is done; the rest is a person's."""


@dataclass(frozen=True)
class Wanted:
    """What the options of a task say.

    ``sign_in`` makes a Connection of somebody with the permission set, or is None. ``source_identity``: a role that
    refuses sessions with a source identity is to be mended too.
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


@dataclass
class Way:
    """What all ways share. ``done`` gets every call that changed something, ``warnings`` what a person should know."""

    connection: Connection
    organization: Organization
    wanted: Wanted
    done: list = field(default_factory=list)
    warnings: list = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        """Does it end with a step that only a person can take?"""
        return False

    @functools.cached_property
    def management_account_id(self) -> str:
        return self.organization.describe()["management_account_id"]

    @property
    def partition(self) -> str:
        return self.connection.caller.partition

    def refuse(self, account_id: str) -> BreakglassError | None:
        """Why the way cannot be taken; None when it can."""
        try:
            self.check(account_id)
        except BreakglassError as error:
            return error
        return None

    def check(self, account_id: str) -> None:
        raise NotImplementedError

    def take(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """Take the way for one account after the other."""
        results = {}
        for account_id in account_ids:
            try:
                self.take_one(account_id)
                results[account_id] = None
            except BreakglassError as error:
                results[account_id] = error
        return results

    def take_one(self, account_id: str) -> None:
        raise NotImplementedError

    def bring_back(self, administrator: Connection) -> None:
        """Make or mend the role as an administrator of the account."""
        iam = administrator.client("iam")
        account_id = administrator.caller.account_id
        calls = repair.bring_back(iam, self.wanted.role_name, self.management_account_id, self.partition)
        self.done.extend(f"{call} {account_id}" for call in calls)

    def check_policies(self, account_id: str, acting_as: str) -> None:
        """Service control policies bind whoever makes the role."""
        policies = ServiceControlPolicies(self.organization)
        found = policies.stopping(
            account_id,
            ROLE,
            ("iam:CreateRole", "iam:AttachRolePolicy"),
            role_name=acting_as,
            resource=role.role_arn(self.connection, account_id, self.wanted.role_name),
        )
        for policy in found:
            if policy["certain"]:
                raise BreakglassError(policy_in_words(policy), policy["fix"])


class StackSetWay(Way):
    name = STACK_SET

    @functools.cached_property
    def _client(self) -> t.Any:
        return self.connection.client("cloudformation", self.wanted.stack_set_region)

    @functools.cached_property
    def _trusted(self) -> bool:
        return stack_set.access_status(self._client)

    def check(self, account_id: str) -> None:
        if self.organization.describe()["feature_set"] != "ALL":
            raise BreakglassError(
                "The organization has consolidated billing only; StackSets need all features.",
                "Enable all features (organizations:EnableAllFeatures).",
            )
        if not (self._trusted or self.wanted.activate_trusted_access):
            raise BreakglassError(
                "The organization does not trust CloudFormation StackSets.",
                "Set activate_trusted_access=true, or activate it (cloudformation:ActivateOrganizationsAccess).",
            )
        self.check_policies(account_id, "stacksets-exec-of-the-account")

    def take(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """All accounts at once. Where a role of the name is there already, by way of another, temporary one."""
        try:
            if not self._trusted:
                stack_set.activate_access(self._client)
                self.done.append("cloudformation:ActivateOrganizationsAccess")
            direct = self._stack_set(self.wanted.stack_set_name)
            direct.ensure(self._template(self.wanted.role_name, retained=True))
        except BreakglassError as error:
            return dict.fromkeys(account_ids, error)
        try:
            failures = direct.deploy(account_ids)
        except BreakglassError as error:
            self._clean_up(direct)
            return dict.fromkeys(account_ids, error)
        existing = [one for one in account_ids if "already exists" in failures[one]]
        results = {one: _failed(failures[one]) for one in account_ids}
        if not self.wanted.keep_stack_set or existing == list(account_ids):
            self._clean_up(direct)
        if existing:
            results.update(self._mend(existing))
        return results

    def _mend(self, account_ids: t.Sequence[str]) -> dict[str, BreakglassError | None]:
        """A role is there, but no use: mend it as a role of ours that goes again with its StackSet."""
        helper = f"{self.wanted.stack_set_name}-way-in"[:64]
        way_in = self._stack_set(helper)
        results: dict[str, BreakglassError | None] = {}
        try:
            way_in.ensure(self._template(helper, retained=False))
        except BreakglassError as error:
            return dict.fromkeys(account_ids, error)
        try:
            for account_id, failure in way_in.deploy(account_ids).items():
                results[account_id] = _failed(failure)
                if not failure:
                    results[account_id] = self._mend_as(helper, account_id)
        except BreakglassError as error:
            results = {**dict.fromkeys(account_ids, error), **results}
        finally:
            self._clean_up(way_in)
        return results

    def _mend_as(self, helper: str, account_id: str) -> BreakglassError | None:
        try:
            self.bring_back(assume_when_settled(self.connection, account_id, helper))
        except BreakglassError as error:
            return error
        return None

    def _clean_up(self, one: stack_set.StackSet) -> None:
        try:
            one.remove()
        except BreakglassError as error:
            self.warnings.append(f"The StackSet {one.name} is left, and its stacks may be too: {error}")

    def _stack_set(self, name: str) -> stack_set.StackSet:
        region, root_id = self.wanted.stack_set_region, self.organization.root().id
        return stack_set.StackSet(self._client, name, root_id, region, self.wanted.wait_seconds, self.done)

    def _template(self, role_name: str, *, retained: bool) -> str:
        return repair.template(role_name, self.management_account_id, retained=retained)


class IdentityCenterWay(Way):
    name = IDENTITY_CENTER

    @property
    def needs_person(self) -> bool:
        return self.wanted.sign_in is None

    @functools.cached_property
    def _center(self) -> IdentityCenter:
        return IdentityCenter(self.connection, self.wanted.identity_center_region, self.wanted.wait_seconds, self.done)

    @functools.cached_property
    def _assignment(self) -> dict:
        wanted = self.wanted
        if not wanted.permission_set:
            raise BreakglassError(
                "Whom to assign which permission set of IAM Identity Center is not said.",
                "Set identity_center with permission_set and user_name or group_name.",
            )
        return self._center.resolve(wanted.permission_set, wanted.user_name, wanted.group_name)

    def check(self, account_id: str) -> None:
        self._assignment  # noqa: B018 raises when the names are not there
        name = self.wanted.permission_set.rpartition("/")[2]
        self.check_policies(account_id, f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{name}_of-the-account")

    def take_one(self, account_id: str) -> None:
        assigned_by_us = self._center.assign(self._assignment, account_id)
        if self.wanted.sign_in is None:
            who = self.wanted.user_name or f"somebody in the group {self.wanted.group_name}"
            trusted = self.management_account_id
            raise PersonNeeded(
                f"{who} may now sign in to account {account_id} with the permission set {self.wanted.permission_set}; "
                f"the role {self.wanted.role_name} must be made by a person, or with that person's credentials.",
                f"{who} opens the AWS access portal and creates the role in IAM (AWS account, another AWS account "
                f"{trusted}, no external ID, policy {repair.ADMINISTRATOR_POLICY}). Or sign in with aws sso login and "
                "run this again with identity_center.sign_in.",
            )
        administrator = self.wanted.sign_in()
        if administrator.caller.account_id != account_id or administrator.caller.is_root:
            raise BreakglassError(
                f"identity_center.sign_in is {administrator.caller.arn}, which is nobody of account {account_id} "
                "(or its root user).",
                "Give credentials of the permission set in this account; one account a task.",
            )
        self.bring_back(administrator)
        if assigned_by_us and not self.wanted.keep_assignment:
            try:
                self._center.unassign(self._assignment, account_id)
            except BreakglassError as error:
                self.warnings.append(f"The assignment in account {account_id} is left: {error}")


class ControlTowerWay(Way):
    name = CONTROL_TOWER

    def check(self, account_id: str) -> None:
        try:
            assume(self.connection, account_id, role.CONTROL_TOWER_ROLE)
        except Refused as refused:
            if refused.needs_source_identity:
                raise
            raise BreakglassError(
                f"STS does not let {self.connection.caller.arn} be {role.CONTROL_TOWER_ROLE}: Control Tower does not "
                "manage the account, or the caller may not assume that role.",
                "Enroll the account in Control Tower, if that is what you use.",
            ) from refused
        self.check_policies(account_id, role.CONTROL_TOWER_ROLE)

    def take_one(self, account_id: str) -> None:
        self.bring_back(assume(self.connection, account_id, role.CONTROL_TOWER_ROLE))


_CLASSES = {one.name: one for one in (StackSetWay, IdentityCenterWay, ControlTowerWay)}


def ways(method: str, connection: Connection, organization: Organization, wanted: Wanted) -> list[Way]:
    """The way that is named, or with "auto" all of them in the order of preference; those that need a person last."""
    found = [_CLASSES[name](connection, organization, wanted) for name in WAYS if method in ("auto", name)]
    return sorted(found, key=lambda way: way.needs_person)


def assume_when_settled(connection: Connection, account_id: str, role_name: str) -> Connection:
    """Be a role that was made moments ago: IAM is consistent in the end, so a refusal is asked again for a minute."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    while True:
        try:
            return assume(connection, account_id, role_name)
        except Refused:
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_SECONDS)


def stack_set_name(role_name: str) -> str:
    """The name our StackSet for a role has: letters, digits and hyphens [B]."""
    return f"breakglass-{re.sub(r'[^A-Za-z0-9]+', '-', role_name).strip('-')}"[:57]


def _failed(reason: str) -> BreakglassError | None:
    if not reason:
        return None
    fix = "See what the reason says about the account; StackSets is bound by its service control policies."
    return BreakglassError(f"CloudFormation could not make the role: {reason}", fix)
