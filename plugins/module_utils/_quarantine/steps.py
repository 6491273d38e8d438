# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that attach and lift a quarantine: each is chosen by what reading shows, and read back."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization, Policy
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import DONE, REFUSED, UNKNOWN, perform
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import equivalent
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    PolicyError,
    minified,
    parse,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import SCP
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine.policy import Quarantine, recognized

# Marks a policy as one that this collection made; its value is the account.
TAG = "breakglass.aws:quarantine"
_DESCRIPTION = "Quarantine of account {}. Lift it with breakglass.aws.account_quarantine."
# A change of a policy or of its targets is visible at once, or almost.
READ_BACK_PAUSES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Found:
    """What is there: our policy, whether it is attached to the account, and the account's policies by name.

    ``quarantine`` is what our policy does; None where it was edited by something else.
    """

    names: tuple[str, ...]
    policy_id: str | None = None
    name: str = ""
    quarantine: Quarantine | None = None
    document: t.Any = None
    attached: bool = False
    elsewhere: tuple[str, ...] = ()

    def as_result(self) -> dict[str, t.Any]:
        """As results show it."""
        return {
            "attached": self.attached,
            "policy_id": self.policy_id,
            "policy": self.document,
            "service_control_policies": list(self.names),
        }


def read(organization: Organization, account_id: str, policy_name: str, policy_id: str | None = None) -> Found:
    """What is there; ``policy_id`` is that of ours, if known. Raises a BreakglassError where another has its name."""
    attached = organization.policies_of(account_id, SCP)
    names = tuple(one.name for one in attached)
    ours = _ours(organization, attached, account_id, policy_name)
    is_attached = ours in attached
    if ours is None:
        ours = next((one for one in organization.policies(SCP) if policy_name == one.name or policy_id == one.id), None)
    if ours is None:
        return Found(names)
    if not _is_tagged(organization, ours, account_id):
        raise BreakglassError(
            f"There is a service control policy {policy_name} ({ours.id}) already, and breakglass.aws did not make it: "
            f"it has no tag {TAG} with the value {account_id}.",
            "If it is a quarantine that a person attached, lift it by hand: aws organizations detach-policy "
            f"--policy-id {ours.id} --target-id {account_id}; then delete it, or give it another name.",
        ).with_result(changed=False, other_policy={"id": ours.id, "name": ours.name, "attached": is_attached})
    text = organization.policy_document_now(ours.id)
    try:
        document: t.Any = parse(text, with_principals=False)
    except PolicyError:  # edited by another tool
        document = text
    elsewhere = tuple(one for one in organization.targets_of(ours.id) if one != account_id)
    quarantine = recognized(document, account_id, organization.caller.partition)
    return Found(names, ours.id, ours.name, quarantine, document, is_attached, elsewhere)


def _ours(organization: Organization, attached: t.Sequence[Policy], account_id: str, policy_name: str) -> Policy | None:
    """The attached policy that has the name of ours, or our tag: it may have been renamed."""
    named = next((one for one in attached if one.name == policy_name), None)
    if named is not None:
        return named
    others = (one for one in attached if not one.aws_managed)
    return next((one for one in others if _is_tagged(organization, one, account_id)), None)


def _is_tagged(organization: Organization, policy: Policy, account_id: str) -> bool:
    return organization.tags_of(policy.id).get(TAG) == account_id


@dataclass(frozen=True)
class Step:
    """One call. With the codes ``moot`` AWS refuses what is done already."""

    operation: str
    method: str
    arguments: dict[str, t.Any]
    moot: tuple[str, ...]
    target: str

    @property
    def action(self) -> str:
        return f"organizations:{self.operation} {self.target}"


class Steps:
    """The calls from what was found to what is wanted. ``done`` are the actions that AWS carried out, or may have."""

    def __init__(self, organization: Organization, quarantine: Quarantine, found: Found) -> None:
        self._organization, self._quarantine, self._found = organization, quarantine, found
        self.done: list[str] = []
        self.status = DONE

    def to_attach(self, found: Found | None = None) -> list[Step]:
        """The calls that are missing until the wanted policy is attached, in their order."""
        found = found or self._found
        quarantine = self._quarantine
        steps = []
        if found.policy_id is None:
            steps.append(self._creation())
        elif not self._is_wanted(found.document):
            arguments: dict[str, t.Any] = {"PolicyId": found.policy_id, "Content": minified(quarantine.document)}
            steps.append(Step("UpdatePolicy", "update_policy", arguments, (), found.name))
        if not found.attached:
            arguments = {"PolicyId": found.policy_id, "TargetId": quarantine.account_id}
            moot = ("DuplicatePolicyAttachmentException",)
            steps.append(Step("AttachPolicy", "attach_policy", arguments, moot, quarantine.account_id))
        return steps

    def to_lift(self, found: Found | None = None) -> list[Step]:
        """The calls that are missing until our policy is gone. One that is attached elsewhere, or edited, stays."""
        found = found or self._found
        name, account_id = found.name, self._quarantine.account_id
        steps = []
        if found.attached:
            if len(found.names) == 1:
                raise BreakglassError(
                    f"{name} is the only service control policy that is attached to account {account_id} itself, and "
                    "AWS detaches no last one. FullAWSAccess was detached since the quarantine began.",
                    "Attach it again: aws organizations attach-policy --policy-id p-FullAWSAccess --target-id "
                    f"{account_id}. Then run the task again.",
                ).with_result(changed=bool(self.done))
            arguments = {"PolicyId": found.policy_id, "TargetId": account_id}
            steps.append(Step("DetachPolicy", "detach_policy", arguments, ("PolicyNotAttachedException",), account_id))
        if found.quarantine is not None and not found.elsewhere:
            gone = ("PolicyNotFoundException",)
            steps.append(Step("DeletePolicy", "delete_policy", {"PolicyId": found.policy_id}, gone, name))
        return steps

    def _creation(self) -> Step:
        quarantine = self._quarantine
        arguments = {
            "Name": quarantine.policy_name,
            "Type": SCP,
            "Description": _DESCRIPTION.format(quarantine.account_id),
            "Content": minified(quarantine.document),
            "Tags": [{"Key": TAG, "Value": quarantine.account_id}],
        }
        return Step("CreatePolicy", "create_policy", arguments, ("DuplicatePolicyException",), quarantine.policy_name)

    def _is_wanted(self, document: t.Any) -> bool:
        return isinstance(document, dict) and equivalent(document, self._quarantine.document)

    def predicted(self, steps: t.Sequence[Step]) -> Found:
        """What would be there after these calls."""
        found = self._found
        name = found.name or self._quarantine.policy_name
        for step in steps:
            if step.operation in ("CreatePolicy", "UpdatePolicy"):
                found = replace(found, document=self._quarantine.document)
            elif step.operation == "AttachPolicy":
                found = replace(found, attached=True, names=(*found.names, name))
            elif step.operation == "DetachPolicy":
                found = replace(found, attached=False, names=tuple(one for one in found.names if one != name))
            else:
                found = replace(found, policy_id=None, document=None)
        return found

    def carry_out(self, attaching: bool, warn: t.Callable[[str], t.Any]) -> Found:
        """Make all calls; what is there afterwards. No call is made twice: two tools could undo each other forever."""
        made: set[str] = set()
        found = self._found
        while missing := (self.to_attach(found) if attaching else self.to_lift(found)):
            step = missing[0]
            if step.operation in made:
                raise BreakglassError(
                    f"{step.action} succeeded, and then something else undid it.",
                    "Find out what else changes the policies of the account (CloudTrail shows the caller), and then "
                    "run the task again.",
                )
            made.add(step.operation)
            found = self._take(step, attaching, warn)
        return found

    def _take(self, step: Step, attaching: bool, warn: t.Callable[[str], t.Any]) -> Found:
        """Make one call and read until it shows; what is there then."""
        client = self._organization.organizations
        call = perform(lambda: while_busy(lambda: getattr(client, step.method)(**step.arguments)), step.action)
        if call.status == REFUSED and call.code not in step.moot:
            raise call.failure
        if call.status != REFUSED or call.answer_lost:
            self.done.append(step.action)
        self.status = call.status

        def is_shown(found: Found | Unread) -> bool:
            if isinstance(found, Unread):
                return False
            missing = self.to_attach(found) if attaching else self.to_lift(found)
            return step.operation not in {one.operation for one in missing}

        account_id, name = self._quarantine.account_id, self._quarantine.policy_name
        found = waiter.poll(
            lambda: attempt(lambda: read(self._organization, account_id, name, self._found.policy_id)),
            is_shown,
            READ_BACK_PAUSES,
        )
        if isinstance(found, Unread):
            raise BreakglassError(f"{step.action} was called. Reading back failed. {found.why}", found.fix)
        if not is_shown(found):
            if call.status == UNKNOWN:
                cause = f"AWS's answer to {step.action} was lost. {call.failure.cause} Reading back does not show it."
                raise BreakglassError(cause, "Run the task again: it makes the calls that are missing.", call.code)
            raise BreakglassError(
                f"{step.action} was called, but reading back does not confirm it.", "Run the task again in a minute."
            )
        if call.status == UNKNOWN:
            call.settle(done=True)
            self.status = DONE
            warn(f"AWS's answer to {step.action} was lost. Reading back shows that it was done.")
        return found
