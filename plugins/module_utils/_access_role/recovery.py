# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access role of many accounts: its status, the methods that could restore it, and restoring it."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role import diagnosis, methods, options
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import RoleStatus, inspect_role
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.methods import Method, RestoreRequest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import may_have_done
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ROOT_USER,
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import Selection, select_accounts
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import waves
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import (
    SweepOptions,
    not_done,
    summarize,
    sweep,
    sweep_options,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target

VERIFY_SECONDS = 60
# What of a role must be as in an approved plan.
_PLANNED = ("arn", "state", "trust_policy", "policies")


def read_access_roles(params: dict, context: Context) -> dict:
    """What organization_access_role_info returns."""
    request, selection = _request_and_selection(params, context)
    terms = {
        "do": "organization_access_role_info",
        "organization": context.organization.identity()["id"],
        "role_name": request.role_name,
        "identity_center": params["identity_center"],
    }
    with sweep_options(context, params, terms, (v.UNCHANGED,)) as sweeping:
        accounts = inspect_accounts(context, selection.targets, request, sweeping)
    for problem in not_done(accounts):
        context.warn(problem)
    return {"accounts": accounts, "selection": selection.as_dict(), "summary": summarize(accounts)}


def restore_access_roles(params: dict, context: Context) -> dict:
    """What organization_access_role returns; a BreakglassError with it when an account is not done."""
    request, selection = _request_and_selection(params, context)
    targets = selection.targets
    options.refuse_contradictions(request, params["method"], targets)
    limits = waves.check_waves(params)
    terms = {
        "do": "organization_access_role",
        "organization": context.organization.identity()["id"],
        "role_name": request.role_name,
        "source_identity": request.source_identity,
        "method": params["method"],
        "plan": request.plan,
    }
    with sweep_options(context, params, terms, (v.UNCHANGED, v.CHANGED)) as sweeping:
        accounts, course = restore(context, targets, request, params["method"], sweeping, limits)
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "selection": selection.as_dict(),
        "summary": summarize(accounts),
        "diff": diff(accounts),
    }
    if context.check_mode:
        result["plan_waves"] = limits.split([account["account_id"] for account in accounts if account["changed"]])
    else:
        result.update(course.as_dict())
    waves.conclude(accounts, course, result, context.warn)
    return result


def _request_and_selection(params: dict, context: Context) -> tuple[RestoreRequest, Selection]:
    request = options.restore_request(params, context.connection)
    _require_management_account(context.organization)
    return request, select_accounts(context.organization, params, warn=context.warn)


def _require_management_account(organization: Organization) -> None:
    """Access roles trust the management account, and only it can use the methods."""
    if organization.caller_role() != v.MANAGEMENT_ACCOUNT:
        caller = organization.caller
        raise BreakglassError(
            f"Only the management account can read and restore access roles; {caller.arn} belongs to account "
            f"{caller.account_id}.",
            "Use credentials of the management account: the roles trust no other account.",
        )


_METHOD = {"method": str, "possible": bool, "reason": str, "fix": str}
_SHAPE = {"role": (None, dict), "ways_back": [_METHOD]}


def inspect_accounts(
    context: Context, targets: t.Sequence[Target], request: RestoreRequest, sweeping: SweepOptions
) -> t.Sequence[dict]:
    """The status of each target's role and, where it does not work, which methods could restore it."""
    all_methods = methods.methods("auto", context, request)

    def inspect(account_id: str, entry: dict) -> None:
        status = inspect_role(context, account_id, request.role_name)
        _put(entry, status)
        if can_be_restored(status, request):
            entry["ways_back"] = [_possible(method, account_id) for method in all_methods]

    return sweep(targets, inspect, {"role": None, "ways_back": []}, options=sweeping, shape=_SHAPE, read_only=True)


_ATTEMPT = {"method": str, "outcome": str, "reason": str, "fix": str}
_RESTORED_SHAPE = {
    "changed": bool,
    "before": (None, dict),
    "role": (None, dict),
    "attempts": [_ATTEMPT],
    "actions": [str],
}


def restore(
    context: Context,
    targets: t.Sequence[Target],
    request: RestoreRequest,
    method_name: str,
    sweeping: SweepOptions,
    limits: waves.Waves,
) -> tuple[list[dict], waves.Course]:
    """Restore the role of each target that needs it: one entry an account, with why where it could not be done.

    All roles are read first. Those that need it are restored in waves, each wave with one StackSet.
    """
    broken: set[str] = set()

    def inspect(account_id: str, entry: dict) -> None:
        status = inspect_role(context, account_id, request.role_name)
        _put(entry, status)
        entry["before"] = entry["role"]
        if can_be_restored(status, request):
            broken.add(account_id)

    def restore_wave(wave: t.Sequence[dict]) -> None:
        _restore_some({entry["account_id"]: entry for entry in wave}, context, request, method_name)
        if sweeping.journal:
            sweeping.journal.note(*wave)

    blank: dict[str, t.Any] = {"changed": False, "before": None, "role": None, "attempts": [], "actions": []}
    entries = list(sweep(targets, inspect, blank, options=sweeping, shape=_RESTORED_SHAPE))
    acting = [entry for entry in entries if entry["account_id"] in broken]
    if request.plan is not None:
        acting = [entry for entry in acting if _is_as_planned(request.plan.get(entry["account_id"]), entry)]
    if not context.check_mode:
        return entries, waves.act_in_waves(acting, limits, restore_wave)
    restore_wave(acting)
    for entry in waves.beyond_limit(entries, limits):
        entry.update(role=entry["before"], attempts=[])
    return entries, waves.Course()


def _restore_some(broken: dict[str, dict], context: Context, request: RestoreRequest, method_name: str) -> None:
    """Restore the roles of these accounts; their entries have what came of it."""
    for method in methods.methods(method_name, context, request):
        usable = {account_id: entry for account_id, entry in broken.items() if not _refused(method, entry)}
        if context.check_mode:
            for account_id, entry in usable.items():
                _predict(entry, method)
                del broken[account_id]
        elif usable:
            _run(method, usable, context)
            for warning in method.warnings:
                context.warn(warning)
            for account_id, entry in usable.items():
                if entry["outcome"] in (v.CHANGED, v.UNVERIFIED):
                    del broken[account_id]
    for entry in broken.values():
        _only_root_is_left(entry, context.organization)


def can_be_restored(status: RoleStatus, request: RestoreRequest) -> bool:
    """Whether creating or repairing the role could, and should, change its status."""
    if status.state == diagnosis.NO_SOURCE_IDENTITY:
        return request.source_identity
    callers_fault = status.state == diagnosis.REFUSED and status.certain
    return diagnosis.outcome_of(status) != v.UNCHANGED and status.state != diagnosis.STOPPED and not callers_fault


def _put(entry: dict, status: RoleStatus) -> None:
    entry.update(outcome=diagnosis.outcome_of(status), reason=status.why, fix=status.fix, role=status.as_dict())


def _possible(method: Method, account_id: str) -> dict:
    refusal = method.refuse(account_id)
    return {
        "method": method.name,
        "possible": refusal is None,
        "reason": refusal.cause if refusal else "",
        "fix": refusal.fix if refusal else "",
    }


def _attempt(method: Method, outcome: str, error: BreakglassError | None = None) -> dict:
    why = {"reason": error.cause if error else "", "fix": error.fix if error else ""}
    return {"method": method.name, "outcome": outcome, **why}


def _is_as_planned(planned: dict | None, entry: dict) -> bool:
    """Whether the account is as in the approved plan; otherwise its entry says why nothing is done."""
    if planned is None:
        entry.update(outcome=v.SKIPPED, reason="It is not part of the approved plan.", fix="Plan and approve it.")
        return False
    now = {"name": entry["name"], **{name: entry["before"][name] for name in _PLANNED}}
    was = {"name": planned.get("name"), **{name: (planned.get("before") or {}).get(name) for name in _PLANNED}}
    different = [f"{name} is {now[name]!r}, and was {was[name]!r}" for name in now if now[name] != was[name]]
    if different:
        reason = f"Nothing was changed. It differs from the plan: {'; '.join(different)}."
        entry.update(outcome=v.FAILED, reason=reason, fix="Find out who changed it, then plan and approve again.")
    return not different


def _refused(method: Method, entry: dict) -> bool:
    refusal = method.refuse(entry["account_id"]) or _not_planned(method, entry)
    if refusal:
        entry["attempts"].append(_attempt(method, "refused", refusal))
    return refusal is not None


def _not_planned(method: Method, entry: dict) -> BreakglassError | None:
    """Why a method that could be used is not: the approved plan has another one."""
    plan = method.request.plan
    attempts = plan[entry["account_id"]].get("attempts") if plan else None
    planned = attempts[-1].get("method") if attempts else None
    if plan is None or planned == method.name:
        return None
    return BreakglassError(f"The approved plan has the method {planned}.", "Plan and approve again to use this one.")


def _predict(entry: dict, method: Method) -> None:
    entry["attempts"].append(_attempt(method, "would be taken"))
    entry.update(outcome=v.CHANGED, changed=True, reason=f"Would be restored with {method.name}.", fix="")
    entry["role"] = {**entry["role"], "state": diagnosis.ANSWERS, "certain": False}


def _run(method: Method, entries: dict[str, dict], context: Context) -> None:
    """Use a method for all accounts that it can be used for, and check whether their roles work then.

    Whatever is raised, each entry has what was done, or may have been.
    """
    try:
        results = method.run(list(entries))
    except Exception as error:  # whatever it is: some accounts may be done
        results = dict.fromkeys(entries, explain(error, f"restoring the role with {method.name}"))
    for account_id, entry in entries.items():
        problem = results[account_id]
        actions = [action for action in method.done if action.endswith(account_id) or not action[-12:].isdigit()]
        entry["actions"].extend(actions)
        entry["changed"] = entry["changed"] or bool(actions)
        if isinstance(problem, methods.PersonNeeded):
            entry["attempts"].append(_attempt(method, "person needed", problem))
            entry.update(outcome=v.UNVERIFIED, reason=problem.cause, fix=problem.fix)
        elif problem and not may_have_done(problem):
            entry["attempts"].append(_attempt(method, "failed", problem))
            entry.update(outcome=v.FAILED, reason=problem.cause, fix=problem.fix)
        else:
            _verify(method, entry, context, problem)


def _verify(method: Method, entry: dict, context: Context, lost: BreakglassError | None) -> None:
    """Assume the role until it works. ``lost``: AWS may have carried out a call whose answer was lost."""
    try:
        status = waiter.poll(
            lambda: inspect_role(context, entry["account_id"], method.request.role_name),
            lambda found: found.state == diagnosis.ANSWERS,
            waiter.within(VERIFY_SECONDS, methods.POLL_SECONDS),
        )
    except Exception as failure:  # the role may be restored; that it could not be read must not hide that
        problem = explain(failure, "checking whether the role works")
    else:
        _put(entry, status)
        if status.state == diagnosis.ANSWERS:
            if lost:
                context.warn(f"{entry['account_id']}: {lost.cause} Reading back shows that the role works.")
            entry["attempts"].append(_attempt(method, "done"))
            entry.update(outcome=v.CHANGED, reason=f"Restored with {method.name}.", fix="")
            return
        problem = BreakglassError(f"The role does not work. {status.why}", status.fix)
    before = f"It is not known whether it was restored: {lost.cause}" if lost else "The role was restored."
    error = BreakglassError(f"{before} {problem.cause}", problem.fix)
    entry["attempts"].append(_attempt(method, "unverified", error))
    entry.update(outcome=v.UNVERIFIED, reason=error.cause, fix=error.fix)


def _only_root_is_left(entry: dict, organization: Organization) -> None:
    """No method can be used, or none worked."""
    account_id = entry["account_id"]
    management = organization.identity()["management_account_id"]
    tried = " ".join(f"{one['method']}: {one['reason']} {one['fix']}".rstrip() for one in entry["attempts"])
    steps = (
        "Fix what stops one of these methods, and run it again. Otherwise only the root user is left: "
        "breakglass.aws.root_password_recovery, state=open; a person resets the password through the account's "
        "mailbox, signs in, registers MFA, and creates the role in IAM (another AWS account "
        f"{management}, no external ID, AdministratorAccess); then run this again to verify, and remove the root "
        "credentials with breakglass.aws.root_credentials."
    )
    try:
        role_name = (entry["role"] or {}).get("arn", "").partition(":role/")[2] or v.ACCESS_ROLE
        stopping = ServiceControlPolicies(organization).stopping(account_id, ROOT_USER, role_name=role_name)
    except BreakglassError as error:
        stopping, steps = [], f"{steps} Whether a policy would stop the root user is not known: {error}"
    for policy in stopping:
        steps = f"{steps} Before that: {policy_in_words(policy)} {policy['fix']}"
    entry.update(
        outcome=v.FAILED if entry["changed"] else v.UNREACHABLE,
        reason=f"The role could not be restored. {tried}".rstrip(),
        fix=steps,
    )


def diff(entries: t.Sequence[dict]) -> dict:
    """The roles that change, before and after, for a person."""
    changed = [entry for entry in entries if entry["changed"] and entry["role"]]
    return {
        side: {
            f"{entry['account_id']} {entry['name']}": {
                name: entry[key][name] for name in ("arn", "state", "trust_policy", "policies")
            }
            for entry in changed
        }
        for side, key in (("before", "before"), ("after", "role"))
    }
