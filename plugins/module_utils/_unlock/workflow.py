# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End the lockout of a resource, whatever its service: read, plan, save, write, read back. No Ansible.

AWS has no conditional write for policies of buckets and queues, and does not return the policy that a write replaced.
So the policy is read again right before the write, and refused when it is another one by then. What remains is the time
between that last read and the arrival of the write, some tens of milliseconds; a policy that is written in it is
replaced unseen. ``write_window`` in the result has its limits, for a search in CloudTrail.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import settle
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, status_of
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, Interrupted, Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import pretty
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import effects
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import resource_of
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import foretell, verifier
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import plan as planning
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.options import UnlockRequest
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import Session

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Target:
    """The resource a task is for.

    ``noun`` and ``name`` are for people ("bucket", "payments-ledger"), ``identity`` is what names it in the result and
    in the plan's digest, ``task`` opens the session, and ``find`` returns its policy as a session sees it.
    ``locate`` completes the target where only a session can find out which one is meant.
    """

    noun: str
    name: str
    arn: str
    identity: dict[str, str]
    task: v.Task
    find: t.Callable[[Session], ResourcePolicy]
    locate: t.Callable[[Session], Target] | None = None


def unlock(
    params: dict[str, t.Any],
    context: Context,
    known: dict[str, t.Any],
    target_of: t.Callable[[UnlockRequest], Target],
) -> dict[str, t.Any]:
    """The result of a module that unlocks.

    ``known`` is what the result has of the resource before anything was read. ``target_of`` checks the options that
    name the resource. Raises a BreakglassError that carries the result as far as it is known, what was done included.
    """
    known.update(outcome=v.FAILED, account_id=params["account_id"])
    try:
        request = UnlockRequest.of(params)
        known["account_id"] = request.account_id
        return _Unlock(request, context, known).run(target_of(request))
    except KeyboardInterrupt as error:
        if context.may_have_changed and known["outcome"] == v.FAILED:
            known["outcome"] = v.UNVERIFIED
        raise Interrupted().with_result(**known) from error
    except Exception as error:  # whatever it is: what was done until then must not get lost
        explained = explain(error, f"unlocking in account {known['account_id']}")
        if "plan" not in known:
            known["outcome"] = explained.outcome
        explained.with_result(**known)
        if explained is error:
            raise
        raise explained from error


class _Unlock:
    """One task. ``known`` collects its result, which a failure returns as far as it got."""

    def __init__(self, request: UnlockRequest, context: Context, known: dict[str, t.Any]) -> None:
        self._request = request
        self._context = context
        self._known = known

    def run(self, target: Target) -> dict[str, t.Any]:
        request, context, known = self._request, self._context, self._known
        known.update(target.identity)
        administrators = planning.named(resource_of(target.arn, request.account_id), request.administrators)
        backup, wanted = self._wanted(target)
        account = member_account(context.organization, request.account_id, "account_id")
        if unusable(account):
            raise Unreachable(unusable(account), "Wait until AWS makes the account ACTIVE again.")
        administrator = self._administrator()

        session = open_root_session(context.connection, context.organization, request.account_id, target.task)
        known["session"] = session.public  # whatever fails from here on: the session was opened
        target = target.locate(session) if target.locate else target
        known.update(target.identity)
        policy = target.find(session)
        resource = resource_of(
            target.arn,
            request.account_id,
            (context.organization.describe() or {}).get("id"),
            organization_path=context.organization.path_of(account),
            region=policy.region,
            time=context.organization.now(),
        )
        if backup:
            _refuse_other_region(backup, policy.region, target)
        plan = planning.make(request.mode, resource, administrators, policy.read(), wanted, request.exempt)
        for warning in plan.warnings:
            context.warn(warning)
        known.update(_described(request, target, plan, policy.region, session.public))
        known["effects"] = effects(plan.before, plan.after, resource, administrators) if plan.understood else []
        known["outcome"] = v.CHANGED if plan.changes else v.UNCHANGED
        if administrator:
            known["verified_as"] = verifier.try_to_read(policy, administrator)
        foretell.warn_of_public_access_block(context, plan, policy, administrator)
        summary = plan.summary(context.check_mode)
        if context.check_mode:
            known["stopped_by"] = foretell.policies_that_stop(context, plan, policy, request.account_id, target.arn)
            summary += foretell.refusal(known["stopped_by"])
        self._refuse_other_plan(plan)
        if plan.changes and not context.check_mode:
            self._act(target, plan, policy)
        if administrator and request.mode != planning.RESTORE and not context.check_mode:
            self._verify(plan, policy, administrator)
        return {**known, "changed": plan.changes, "msg": f"{target.noun.capitalize()} {target.name}: {summary}"}

    def _wanted(self, target: Target) -> tuple[policy_backup.Backup | None, str | None]:
        """The backup to restore, and the policy that the options ask for; checked before any session is opened."""
        request = self._request
        if request.mode == planning.REPLACE:
            planning.replacement(request.policy or "", resource_of(target.arn, request.account_id).service)
        if request.mode == planning.RESTORE:
            backup = policy_backup.read_for(request.backup or "", request.account_id, target.arn)
            return backup, backup.policy
        return None, request.policy

    def _administrator(self) -> verifier.AdministratorSession | None:
        given = self._request.verify_as
        if not given:
            return None
        return verifier.open_as_administrator(self._context.connection, self._request.account_id, given)

    def _refuse_other_plan(self, plan: planning.Plan) -> None:
        """An approval is for one plan. When there is nothing left to do, there is nothing to approve."""
        approved, digest = self._request.plan_digest, self._known["plan"]["digest"]
        if approved and plan.changes and approved != digest:
            self._known["outcome"] = v.FAILED
            raise BreakglassError(
                f"The plan is not the approved one. plan_digest names {approved}, this plan has {digest}.",
                "Nothing was changed. The policy or the options changed since the approval: read this plan, and have "
                "it approved.",
            )

    def _act(self, target: Target, plan: planning.Plan, policy: ResourcePolicy) -> None:
        """Save the policy, make sure it is still the one the plan is for, write the new one and read it back."""
        known = self._known
        known["outcome"] = v.FAILED
        if plan.before_text is not None:
            saved = policy_backup.take(self._request.account_id, policy.region, target.arn, plan.before_text)
            path = policy_backup.write(saved, self._request.backup_dir)
            known["backup"] = {"path": path, "sha256": saved.sha256}
        last_read = _now()
        if not plan.is_still_for(policy.read()):
            raise BreakglassError(
                "The policy was changed by someone else after it was read and analysed.",
                "Nothing was changed by this task. Run it again.",
            )
        failure = None
        try:
            policy.write(plan.after_text)
        except Exception as error:  # whatever it is: the write may have arrived
            failure = error
        known["write_window"] = {"from": last_read, "to": _now()}
        if failure is not None:
            self._settle(failure, plan, policy)
        known.update(changed=True, outcome=v.UNVERIFIED)
        if not policy.read_until(plan.is_reached, self._request.wait_timeout):
            raise BreakglassError(
                f"The new policy was written, but could not be read back within {self._request.wait_timeout} seconds.",
                "Run it again to see how the policy is now, with a longer wait_timeout.",
            )
        known["outcome"] = v.CHANGED

    def _settle(self, error: Exception, plan: planning.Plan, policy: ResourcePolicy) -> None:
        """A write that failed: refused by AWS, or without an answer that can be read. Then the policy is read.

        Returns when the new policy is in place. Raises otherwise: with ``changed`` false when AWS refused, or when the
        policy is the old one all the time; else the outcome is unverified, and ``changed`` true because it may be.
        """
        explained = explain(error, "writing the policy")
        if status_of(error) == REFUSED:
            raise explained from error
        self._known.update(changed=True, outcome=v.UNVERIFIED)
        cause = f"Whether the new policy was written is not known: the answer was lost. {explained.cause}"
        fix = "Run it again to see how the policy is now."
        try:
            arrived = policy.read_until(plan.is_reached, self._request.wait_timeout)
            is_old = not arrived and plan.is_still_for(policy.read())
        except Exception as unread:
            raise BreakglassError(cause, f"{fix} Reading it back failed too.") from unread
        if arrived:
            settle(error, done=True)
            self._context.warn(f"The answer to the write was lost. The new policy is in place. {explained.cause}")
            return
        if is_old:
            self._known["changed"] = False
            settle(error, done=False)
            cause = f"{cause} For {self._request.wait_timeout} seconds the policy read back was the old one."
        raise BreakglassError(cause, fix) from error

    def _verify(
        self, plan: planning.Plan, policy: ResourcePolicy, administrator: verifier.AdministratorSession
    ) -> None:
        """Check that the administrator has access again. The service may take a while to apply the new policy.

        Also when there was nothing to do: an earlier run may have ended unverified.
        """
        known = self._known

        def able() -> bool:
            known["verified_as"] = verifier.try_to_read(policy, administrator)
            return bool(known["verified_as"]["able"])

        if not policy.wait_for(able, self._request.wait_timeout):
            known["outcome"] = v.UNVERIFIED
            raise BreakglassError(
                f"{'The policy was changed and read back' if plan.changes else 'Nothing had to be changed'}, but "
                f"{administrator.arn} still cannot read it: {known['verified_as']['reason']}",
                "Check its own IAM policies and permissions boundary, then service and resource control policies.",
            )


def _refuse_other_region(backup: policy_backup.Backup, region: str, target: Target) -> None:
    """A bucket that was deleted and created again in another region has the same ARN, and is another bucket."""
    if backup.region != region:
        raise BreakglassError(
            f"The backup is of {target.noun} {target.name} in {backup.region}, but the {target.noun} is in {region}.",
            "Nothing was changed. If the policy fits this one too, put it in place with mode=replace.",
        )


def _described(
    request: UnlockRequest, target: Target, plan: planning.Plan, region: str, session: dict[str, str]
) -> dict[str, t.Any]:
    """What the result has of a plan."""
    header = f"policy of {target.name}"
    return {
        "region": region,
        "before": plan.before,
        "after": plan.after,
        "lockout_statements": [lockout.as_dict() for lockout in plan.lockouts],
        "backup": None,
        "verified_as": None,
        "write_window": None,
        "plan": {"mode": request.mode, "digest": plan.digest(request.account_id, target.identity)},
        "session": session,
        "diff": {
            "before": pretty(plan.before),
            "after": pretty(plan.after),
            "before_header": header,
            "after_header": header,
        },
    }


def _now() -> str:
    return datetime.now(timezone.utc).strftime(_TIME)
