# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ending the lockout of a resource, whatever its service: look, plan, save, act, look again. No Ansible."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import digest, pretty
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import effects
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import resource_of
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import plan as planning
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import verifier as administrator_session
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
    from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import Session

REQUIRED = {
    planning.REPAIR: ["backup_dir"],
    planning.REPLACE: ["backup_dir", "policy"],
    planning.DELETE: ["backup_dir"],
    planning.RESTORE: ["backup"],
}
# Options both modules have.
ARGUMENTS = {
    "account_id": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": list(planning.MODES), "default": planning.REPAIR},
    "policy": {"type": "json"},
    "backup_dir": {"type": "path"},
    "backup": {"type": "path"},
    "administrators": {"type": "list", "elements": "str", "default": []},
    "plan_digest": {"type": "str"},
    "verify_as": administrator_session.ARGUMENT,
}
REQUIRED_IF = [("mode", mode, options) for mode, options in REQUIRED.items()]


@dataclass(frozen=True)
class Target:
    """The resource a task is for.

    ``noun`` and ``name`` are for people ("bucket", "payments-ledger"), ``identity`` is what names it in the result and
    in the plan's digest, ``task`` opens the session, and ``find`` makes its policy in the hands of a session.
    ``locate`` makes the target whole where only a session can tell which one is meant.
    """

    noun: str
    name: str
    arn: str
    identity: dict
    task: v.Task
    find: t.Callable[[Session], ResourcePolicy]
    locate: t.Callable[[Session], Target] | None = None


@dataclass(frozen=True)
class Wish:
    """What the options ask for, checked as far as that is possible without AWS."""

    account_id: str
    mode: str
    backup: str | None
    backup_dir: str

    @classmethod
    def of(cls, params: dict) -> Wish:
        mode = params["mode"]
        account_id = parse_account_id(params["account_id"], "account_id")
        if params["wait_timeout"] < 0:
            raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
        for option, only in (("policy", planning.REPLACE), ("backup", planning.RESTORE)):
            if params[option] is not None and mode != only:
                raise InvalidInput(option, params[option], f"nothing with mode={mode}; it belongs to mode={only}")
        for option in REQUIRED[mode]:
            if params[option] is None:  # given as null, which required_if lets pass
                raise InvalidInput(option, None, f"a value, with mode={mode}")
        backup_dir = params["backup_dir"] or os.path.dirname(os.path.abspath(params["backup"]))
        policy_backup.would_be_writable(backup_dir)
        return cls(account_id, mode, params["backup"], backup_dir)


def refuse_protected(noun: str, name: str, protected: t.Sequence[str]) -> None:
    """Refuse a resource whose name is protected; ``*`` in ``protected`` stands for any run of characters."""
    pattern = next((pattern for pattern in protected if like(name, pattern)), None)
    if pattern is not None:
        raise InvalidInput(noun, name, f"a {noun} that is not in protected_{noun}s ({pattern})")


def unlock(module: BreakglassModule, known: dict, target_of: t.Callable[[Wish], Target]) -> dict:
    """The result of a module that unlocks.

    ``known`` is what the result says of the resource before anything was looked at. ``target_of`` checks the options
    that name the resource.
    """
    known.update(outcome=v.FAILED, account_id=module.params["account_id"])
    try:
        wish = Wish.of(module.params)
        known["account_id"] = wish.account_id
        return _carry_out(module, wish, target_of(wish), known)
    except BreakglassError as error:
        outcome = known["outcome"] if "plan" in known else error.outcome
        module.fail(module.explained(error), **{**known, "outcome": outcome})


def _carry_out(module: BreakglassModule, wish: Wish, target: Target, known: dict) -> dict:
    """Look, plan, act, look again. ``known`` collects the result, which a failure shows as far as it got."""
    known.update(target.identity)
    params = module.params
    administrators = planning.named(resource_of(target.arn, wish.account_id), params["administrators"])
    wanted = params["policy"]
    if wish.mode == planning.REPLACE:
        planning.replacement(wanted, resource_of(target.arn, wish.account_id).service)
    if wish.mode == planning.RESTORE:
        wanted = policy_backup.read_for(wish.backup, wish.account_id, target.arn).policy
    account = member_account(module.organization, wish.account_id, "account_id")
    if unusable(account):
        raise Unreachable(unusable(account), "Wait until AWS makes the account ACTIVE again.")
    organization_id = module.organization.describe()["id"]
    verifier = _verifier(module, wish)

    session = open_root_session(module.connection, module.organization, wish.account_id, target.task)
    target = target.locate(session) if target.locate else target
    known.update(target.identity)
    resource = resource_of(target.arn, wish.account_id, organization_id)
    policy = target.find(session)
    plan = planning.make(wish.mode, resource, administrators, policy.read(), wanted)
    for warning in plan.warnings:
        module.warn(warning)
    known.update(_shown(wish, target, plan, policy.region, session.public))
    known["effects"] = effects(plan.before, plan.after, resource, administrators) if plan.understood else []
    known["outcome"] = v.CHANGED if plan.changes else v.UNCHANGED
    if verifier:
        known["verified_as"] = administrator_session.look(policy, verifier)
    _refuse_other_plan(params["plan_digest"], plan, known)
    if plan.changes and not module.check_mode:
        _act(module, wish, target, plan, policy, known)
    if verifier and wish.mode != planning.RESTORE and not module.check_mode:
        _verify(module, plan, policy, verifier, known)
    summary = f"{target.noun.capitalize()} {target.name}: {plan.summary(module.check_mode)}"
    return {**known, "changed": plan.changes, "msg": summary}


def _verifier(module: BreakglassModule, wish: Wish) -> administrator_session.AdministratorSession | None:
    given = module.params["verify_as"]
    return administrator_session.open_as_administrator(module.connection, wish.account_id, given) if given else None


def _refuse_other_plan(approved: str | None, plan: planning.Plan, known: dict) -> None:
    """An approval is for one plan. When there is nothing left to do, there is nothing to approve."""
    if approved and plan.changes and approved != known["plan"]["digest"]:
        known["outcome"] = v.FAILED
        raise BreakglassError(
            f"The plan is not the one that plan_digest names. Its digest is {known['plan']['digest']}.",
            "Nothing was changed. The policy or the options changed since: look at this plan, and approve it anew.",
        )


def _act(
    module: BreakglassModule, wish: Wish, target: Target, plan: planning.Plan, policy: ResourcePolicy, known: dict
) -> None:
    """Save the policy, make sure it is still the one the plan is for, write the new one and read it back."""
    known["outcome"] = v.FAILED
    if plan.before_text is not None:
        saved = policy_backup.take(wish.account_id, policy.region, target.arn, plan.before_text)
        known["backup"] = {"path": policy_backup.write(saved, wish.backup_dir), "sha256": saved.sha256}
    if policy.read() != plan.before_text:
        raise BreakglassError(
            "Somebody changed the policy after it was read and analysed.", "Nothing was changed: run it again."
        )
    try:
        policy.write(plan.after_text)
    except BreakglassError as error:
        if error.code is None:  # AWS did not answer: it may have heard all the same
            known["outcome"] = v.UNVERIFIED
        raise
    known.update(changed=True, outcome=v.UNVERIFIED)
    if not policy.read_until(plan.is_reached, module.params["wait_timeout"]):
        raise BreakglassError(
            f"The new policy was written, but could not be read back within {module.params['wait_timeout']} seconds.",
            "Run it again to see how the policy is now, with a longer wait_timeout.",
        )
    known["outcome"] = v.CHANGED


def _verify(
    module: BreakglassModule,
    plan: planning.Plan,
    policy: ResourcePolicy,
    verifier: administrator_session.AdministratorSession,
    known: dict,
) -> None:
    """See that the administrator gets in now; it may take the service a while to go by the new policy.

    So it is when there was nothing to do: an earlier run may have been unverified, and doing nothing again is no proof.
    """

    def able() -> bool:
        known["verified_as"] = administrator_session.look(policy, verifier)
        return bool(known["verified_as"]["able"])

    if not policy.wait_for(able, module.params["wait_timeout"]):
        known["outcome"] = v.UNVERIFIED
        raise BreakglassError(
            f"{'The policy was changed and read back' if plan.changes else 'Nothing had to be changed'}, but "
            f"{verifier.arn} still cannot read it: {known['verified_as']['reason']}",
            "Look at its own IAM policies and permissions boundary, then at service and resource control policies.",
        )


def _shown(wish: Wish, target: Target, plan: planning.Plan, region: str, session: dict) -> dict:
    approved = {"account_id": wish.account_id, **target.identity, "mode": wish.mode}
    header = f"policy of {target.name}"
    return {
        "region": region,
        "before": plan.before,
        "after": plan.after,
        "lockout_statements": [lockout.as_dict() for lockout in plan.lockouts],
        "backup": None,
        "verified_as": None,
        "plan": {"mode": wish.mode, "digest": digest({**approved, "before": plan.before, "after": plan.after})},
        "session": session,
        "diff": {
            "before": pretty(plan.before),
            "after": pretty(plan.after),
            "before_header": header,
            "after_header": header,
        },
    }
