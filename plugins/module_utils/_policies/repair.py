# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smallest edit of a resource policy that ends a lockout. No network, no Ansible.

A statement that locks is cut in two. One part denies everything it denied but the actions that manage the policy: a
guard on other actions, on objects or on messages stays as it is. The other part denies the management of the policy.

* For named administrators that part exempts them, by a condition on their ARNs. Everyone else stays denied. With
  ``exempt=EVERYTHING`` they are exempted from the whole statement instead.
* For the account as a whole that part exempts the account where the policy allows a principal outside of it what the
  part denies, else it goes. A statement that denies every action to everyone under no condition is no guard: the
  resource would be of no use. Of it nothing stays, or the account is exempted from all of it. If it denies some objects
  of a bucket and not the others, it is a guard of those.

So no principal but the administrators is allowed more than before, and a policy that was not public does not become
public. Patterns such as ``s3:Put*`` are replaced with the names of the actions that they match.

AWS refuses a policy with deleted principals, although it shows their IDs in the stored one (IAM user guide,
"Troubleshooting: Invalid principal in policy"). They have no effect, so a repaired policy leaves them out.
"""

from __future__ import annotations

import copy
import itertools
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._policies import compact
from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import (
    BUCKET_ACTIONS,
    OBJECT_ACTIONS,
    QUEUE_ACTIONS,
    is_wildcard_for_all,
    matching,
    touching,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import has_variable
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    MOST_ACTIONS,
    Document,
    PolicyError,
    Statement,
    as_list,
    check_limits,
    parse,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import freed_actions
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import Lockout, find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_resource,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    is_deleted_principal,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import has_wildcard, like

# What named administrators are exempted from.
POLICY_MANAGEMENT, EVERYTHING = "policy_management", "everything"
EXEMPTIONS = (POLICY_MANAGEMENT, EVERYTHING)


class RepairError(PolicyError):
    """There is no repair for this policy. The text has the reason."""


@dataclass(frozen=True)
class _Part:
    """A statement of the repaired policy. ``manages``: it is what a lockout left for the management of the policy."""

    statement: Statement
    manages: bool = False


def repair(
    policy: t.Any, resource: Resource, administrators: t.Sequence[Administrator], exempt: str = POLICY_MANAGEMENT
) -> Document | None:
    """The policy without its lockout: the same object when there is none, None when nothing of it remains.

    Statements that lock no administrator stay as they are, in order, but for deleted principals. ``exempt`` is what
    named administrators are exempted from. Raises :class:`RepairError` where no repair exists.
    """
    document = parse(policy)
    lockouts = {lockout.index: lockout for lockout in find_lockouts(document, resource, administrators)}
    if not lockouts:
        return document
    parts: list[_Part] = []
    outside = _allows_outside(document, resource)
    sids = {statement.get("Sid") for statement in statements(document)}
    for index, statement in enumerate(statements(document)):
        if index not in lockouts:
            parts.append(_Part(statement))
        elif lockouts[index].administrators[0].named:
            parts.extend(_named_apart(_without_named(lockouts[index], resource, exempt), sids))
        else:
            parts.extend(_named_apart(_without_account(lockouts[index], outside, resource), sids))
    parts = [part for part in map(_without_deleted_principals, parts) if part is not None]
    if not parts:
        return None
    repaired = _in_limits(document, parts, resource)
    left = find_lockouts(repaired, resource, administrators)
    if left:
        raise RepairError(f"Statement {left[0].index} would still lock administrators out. {left[0].why}")
    return repaired


def _in_limits(document: Document, parts: t.Sequence[_Part], resource: Resource) -> Document:
    """The repaired policy, in a smaller form with the same meaning where it would not fit."""
    plain = _assembled(document, [part.statement for part in parts])
    try:
        check_limits(plain, resource.service)
    except PolicyError:
        managing = compact.merged([part.statement for part in parts if part.manages], resource)
        others = [_shortened(part.statement, resource) for part in parts if not part.manages]
        small = _assembled(document, [compact.with_account_ids(one) for one in (*others, *managing)])
        try:
            check_limits(small, resource.service)
        except PolicyError as error:
            raise RepairError(_no_fit(error, document, resource)) from error
        return small
    return plain


def _no_fit(error: PolicyError, document: Document, resource: Resource) -> str:
    freed = ", ".join(freed_actions(document, None, resource)) or "no other action"
    return (
        f"The repaired policy would not fit: {error} No guard is removed to make it fit. Name fewer administrators, or "
        "none, or use mode=replace with a shorter policy. mode=delete ends the lockout too, and the "
        f"denial of these actions: {freed}."
    )


def _assembled(document: Document, kept: list[Statement]) -> Document:
    single = isinstance(document["Statement"], dict) and len(kept) == 1
    return {**document, "Statement": kept[0] if single else kept}


def _shortened(statement: Statement, resource: Resource) -> Statement:
    """The statement with the three actions that manage a bucket policy as one pattern, where it leaves them out."""
    names = as_list(statement.get("NotAction", []))
    managing = resource.management_actions
    if resource.service != "s3" or statement["Effect"] != "Deny" or not set(managing) <= set(names):
        return statement
    left = [name for name in names if name not in managing]
    return {**statement, "NotAction": [*left, "s3:*BucketPolicy"] if left else "s3:*BucketPolicy"}


# --- administrators named one by one ---


def _without_named(lockout: Lockout, resource: Resource, exempt: str) -> list[_Part]:
    """The statement with the named administrators exempted; what named only them goes."""
    arns = [administrator.arn for administrator in lockout.administrators]
    principal = lockout.statement.get("Principal")
    listed = as_list(principal.get("AWS", [])) if isinstance(principal, dict) and set(principal) == {"AWS"} else None
    only_they = listed is not None and set(listed) <= set(arns)
    remaining, locking = ([], lockout.statement) if exempt == EVERYTHING else _cut(lockout, resource)
    parts = [_Part(statement) for statement in remaining]
    if not only_they:
        exempted = _with_exemption(locking, "ArnNotEquals", "aws:PrincipalArn", arns)
        parts.append(_Part(exempted, manages=exempt == POLICY_MANAGEMENT))
    return parts


# --- every principal of the account ---


def _without_account(lockout: Lockout, outside: t.Sequence[tuple[Statement, bool]], resource: Resource) -> list[_Part]:
    """What of the statement locks no administrator, and the rest with the account exempted where that is a guard."""
    outright = _denies_everything(lockout.statement, resource)
    remaining, locking = ([], lockout.statement) if outright else _cut(lockout, resource)
    parts = [_Part(statement) for statement in remaining]
    if _is_needed_outside(locking, outside):
        exempted = _with_exemption(locking, "StringNotEquals", "aws:PrincipalAccount", [resource.account_id])
        parts.append(_Part(exempted, manages=not outright))
    return parts


def _cut(lockout: Lockout, resource: Resource) -> tuple[list[Statement], Statement]:
    """Cut a statement into what stays as it is and what locks. Together they deny what it denied."""
    statement = lockout.statement
    managing = resource.management_actions
    locking = _with(statement, "Action", list(lockout.actions))
    if "NotAction" in statement:
        missing = [action for action in managing if concerns_action(statement, action)]
        return [_with(statement, "NotAction", as_list(statement["NotAction"]) + missing)], locking
    patterns = as_list(statement["Action"])
    if any(is_wildcard_for_all(pattern, resource.service) for pattern in patterns):
        return [_with(statement, "NotAction", list(managing))], locking
    managed = touching(patterns, managing)
    touched = set(managed)
    others = [one for one in patterns if one not in touched]
    wild = [one for one in managed if has_wildcard(one)]
    remaining: list[Statement] = []
    if resource.service == "s3":
        spelled = matching(BUCKET_ACTIONS, wild)
        on_objects = touching(wild, OBJECT_ACTIONS)
        elsewhere = _other_resources(statement, resource)
        if elsewhere is None:  # one list of resources for both
            spelled += matching(OBJECT_ACTIONS, on_objects)
        elif elsewhere and on_objects:
            remaining = [_with(_with(statement, "Action", on_objects), "Resource", elsewhere)]
    else:
        spelled = matching(QUEUE_ACTIONS, wild)
    known = matching(spelled, others)
    others += [action for action in spelled if action not in managing and action not in known]
    parts = _in_parts(others, MOST_ACTIONS.get(resource.service))
    return [*(_with(statement, "Action", part) for part in parts), *remaining], locking


def _in_parts(values: list[str], most: int | None) -> list[list[str]]:
    """The values, in as few lists as hold them when one holds ``most``; none for no values."""
    step = most or len(values) or 1
    return [values[start : start + step] for start in range(0, len(values), step)]


def _other_resources(statement: Statement, resource: Resource) -> list[str] | None:
    """The resources of a bucket's statement that are not the bucket itself: its objects. None when that is unclear."""
    if "NotResource" in statement or any(has_variable(pattern) for pattern in as_list(statement["Resource"])):
        return None
    elsewhere: dict[str, None] = {}
    for pattern in as_list(statement["Resource"]):
        if not like(resource.arn, pattern):
            elsewhere[pattern] = None
        elif pattern.endswith("*"):
            elsewhere[f"{resource.arn}/*"] = None
        elif has_wildcard(pattern):
            return None
    return list(elsewhere)


def _denies_everything(statement: Statement, resource: Resource) -> bool:
    """An outright deny: every action, everyone (or the whole account), no condition, no choice of objects."""
    everything = any(is_wildcard_for_all(pattern, resource.service) for pattern in as_list(statement.get("Action", [])))
    if not everything or "Principal" not in statement or statement.get("Condition"):
        return False
    return resource.service != "s3" or _concerns_all_objects_or_none(statement, resource)


def _concerns_all_objects_or_none(statement: Statement, resource: Resource) -> bool:
    """Does a bucket's statement say the same of every object? False too when that is unclear."""
    patterns = as_list(statement.get("NotResource", statement.get("Resource", [])))
    objects = f"{resource.arn}/"
    if any(pattern.endswith("*") and like(objects, pattern) for pattern in patterns):
        return True
    return not any("*" in pattern or "/" in pattern or has_variable(pattern) for pattern in patterns)


def _allows_outside(document: Document, resource: Resource) -> list[tuple[Statement, bool]]:
    """The statements that allow principals outside of the account something, each with: maybe on the resource itself?

    Everyone inside is an administrator, and is meant to have access.
    """
    return [
        (statement, concerns_resource(statement, resource.arn) is not False)
        for statement in statements(document)
        if statement["Effect"] == "Allow" and not _is_inside(statement.get("Principal", "*"), resource.account_id)
    ]


def _is_needed_outside(locking: Statement, outside: t.Sequence[tuple[Statement, bool]]) -> bool:
    """May a principal outside of the account be allowed something that the locking part denies?"""
    denied = as_list(locking.get("Action", ["*"]))
    if any(has_wildcard(pattern) for pattern in denied):
        return bool(outside)
    return any(
        on_resource and any(concerns_action(statement, action) for action in denied)
        for statement, on_resource in outside
    )


def _is_inside(principal: t.Any, account_id: str) -> bool:
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        return False
    return all(
        value == account_id or f"::{account_id}:" in value or is_deleted_principal(value)
        for value in as_list(principal["AWS"])
    )


# --- editing statements ---


def _with(statement: Statement, element: str, value: list[str]) -> Statement:
    """A copy with another Action, NotAction, Resource or NotResource, in the place of the one that was there."""
    kind = element.replace("Not", "")
    edited: Statement = {}
    for name, old in statement.items():
        if name in (kind, f"Not{kind}"):
            edited[element] = value[0] if len(value) == 1 and not isinstance(old, list) else value
        else:
            edited[name] = copy.deepcopy(old)
    return edited


def _with_exemption(statement: Statement, operator: str, key: str, values: list[str]) -> Statement:
    """A copy that does not apply when ``key`` is one of ``values``. All its other conditions keep their meaning.

    Several values under a negated operator mean 'none of them', so values that are already there may stay.
    """
    edited = copy.deepcopy(statement)
    condition = edited.setdefault("Condition", {})
    operator = next((name for name in condition if name.lower() == operator.lower()), operator)
    keys = condition.setdefault(operator, {})
    key = next((name for name in keys if name.lower() == key.lower()), key)
    merged = [*as_list(keys.get(key, [])), *values]
    keys[key] = merged[0] if len(merged) == 1 else merged
    return edited


def _without_deleted_principals(part: _Part) -> _Part | None:
    """The statement without the principals that no longer exist; None when it applied to no other."""
    statement = part.statement
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    if not isinstance(statement[element], dict):
        return part
    listed = as_list(statement[element].get("AWS", []))
    alive = [value for value in listed if not is_deleted_principal(value)]
    if len(alive) == len(listed):
        return part
    others = {kind: values for kind, values in statement[element].items() if kind != "AWS"}
    principal = {"AWS": alive, **others} if alive else others
    if not principal and element == "Principal":
        return None
    renamed = element if principal else "Principal"  # a Deny without exemptions is for everyone
    edited = {
        renamed if name == element else name: (principal or "*") if name == element else value
        for name, value in statement.items()
    }
    return _Part(edited, part.manages)


def _named_apart(parts: list[_Part], taken: set[t.Any]) -> list[_Part]:
    """Sids must differ: the first part of a cut statement keeps its Sid, every further part gets a number."""
    for part in parts[1:]:
        if part.statement.get("Sid"):
            numbered = (f"{part.statement['Sid']}{number}" for number in itertools.count(2))
            part.statement["Sid"] = next(sid for sid in numbered if sid not in taken)
            taken.add(part.statement["Sid"])
    return parts
