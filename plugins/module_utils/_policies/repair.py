# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The smallest edit of a resource policy that ends a lockout. No network, no Ansible.

Two rules decide what happens to a statement that locks:

* Administrators named one by one are exempted from it by a condition on their ARNs. Everybody else stays denied.
* For the account as a whole the statement is cut in two. What does not lock (other actions, objects) stays denied under
  the same conditions, so a network or deletion guard survives. The rest exempts the account, or goes when the
  policy allows nobody outside the account what it denies. A statement that denies every action to everybody under no
  condition guards nothing: of it, nothing stays.

What Deny statements lose concerns administrators alone. So nobody else is allowed more than before, and a policy that
was not public does not become public.

AWS refuses a policy that names deleted principals, although it shows their IDs in the one it has (IAM user guide,
"Troubleshooting: Invalid principal in policy"). They stand for nobody, so a repaired policy leaves them out.
"""

from __future__ import annotations

import copy
import itertools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    MOST_ACTIONS,
    PolicyError,
    as_list,
    check_limits,
    parse,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import Lockout, find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_resource,
    is_wildcard_for_all,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    ACTIONS,
    OBJECT_ACTIONS,
    Administrator,
    Resource,
    is_deleted_principal,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like


class RepairError(PolicyError):
    """There is no repair for this policy; the text says why."""


def repair(policy: str | dict, resource: Resource, administrators: t.Sequence[Administrator]) -> dict | None:
    """The policy without its lockout: the same object when nobody is locked out, None when nothing of it remains.

    Statements that lock nobody stay as they are, in order, but for deleted principals. Raises :class:`RepairError`
    where no repair exists.
    """
    document = parse(policy)
    lockouts = {lockout.index: lockout for lockout in find_lockouts(document, resource, administrators)}
    if not lockouts:
        return document
    kept: list[dict] = []
    sids = {statement.get("Sid") for statement in statements(document)}
    for index, statement in enumerate(statements(document)):
        if index not in lockouts:
            kept.append(statement)
        elif lockouts[index].administrators[0].named:
            kept.extend(_without_named(lockouts[index]))
        else:
            kept.extend(_named_apart(_without_account(lockouts[index], document, resource), sids))
    kept = [accepted for accepted in map(_without_deleted_principals, kept) if accepted is not None]
    if not kept:
        return None
    repaired = {**document, "Statement": kept[0] if _is_single(document, kept) else kept}
    _check(repaired, resource, administrators)
    return repaired


def _check(repaired: dict, resource: Resource, administrators: t.Sequence[Administrator]) -> None:
    try:
        check_limits(repaired, resource.service)
    except PolicyError as error:
        raise RepairError(f"The repaired policy would not fit: {error}") from error
    left = find_lockouts(repaired, resource, administrators)
    if left:
        raise RepairError(f"Statement {left[0].index} would still lock administrators out. {left[0].why}")


# --- administrators named one by one ---


def _without_named(lockout: Lockout) -> list[dict]:
    """The statement with the named administrators exempted; gone when it named nobody but them."""
    arns = [administrator.arn for administrator in lockout.administrators]
    principal = lockout.statement.get("Principal")
    if isinstance(principal, dict) and set(principal) == {"AWS"} and set(as_list(principal["AWS"])) <= set(arns):
        return []
    return [_with_exemption(lockout.statement, "ArnNotEquals", "aws:PrincipalArn", arns)]


# --- every principal of the account ---


def _without_account(lockout: Lockout, document: dict, resource: Resource) -> list[dict]:
    """What of the statement locks nobody, and the rest with the account exempted where it still guards something."""
    remaining, locking = _cut(lockout, resource)
    if any(_reaches_outside(statement, locking, resource) for statement in statements(document)):
        exempted = _with_exemption(locking, "StringNotEquals", "aws:PrincipalAccount", [resource.account_id])
        return [*remaining, exempted]
    return remaining


def _cut(lockout: Lockout, resource: Resource) -> tuple[list[dict], dict]:
    """Cut a statement into what stays as it is and what locks. Together they deny what it denied."""
    statement = lockout.statement
    if _denies_everything(statement, resource):
        return [], statement
    managing = list(resource.management_actions)
    locking = _with(statement, "Action", list(lockout.actions))
    if "NotAction" in statement:
        missing = [action for action in managing if concerns_action(statement, action)]
        return [_with(statement, "NotAction", as_list(statement["NotAction"]) + missing)], locking
    patterns = as_list(statement["Action"])
    if any(is_wildcard_for_all(pattern, resource.service) for pattern in patterns):
        return [_with(statement, "NotAction", managing)], locking
    touching = [one for one in patterns if any(like(action.lower(), one.lower()) for action in managing)]
    others = [one for one in patterns if one not in touching]
    if resource.service in ACTIONS:
        others += _spelt_out(touching, resource)
    remaining = [_with(statement, "Action", part) for part in _in_parts(others, MOST_ACTIONS.get(resource.service))]
    if not any("*" in one or "?" in one for one in touching):
        return remaining, _with(statement, "Action", touching)
    # "s3:Delete*" cannot be said without one action, there are too many. But managing the policy is an action on the
    # bucket itself, so the objects can keep all of it that concerns objects.
    locking = _with(statement, "Action", touching)
    if resource.service != "s3":
        return remaining, locking
    here, elsewhere = _split_resources(statement, resource)
    on_objects = [one for one in touching if any(like(action.lower(), one.lower()) for action in OBJECT_ACTIONS)]
    if here and elsewhere and on_objects:
        remaining.append(_with(_with(statement, "Action", on_objects), "Resource", elsewhere))
        locking = _with(locking, "Resource", here)
    return remaining, locking


def _spelt_out(patterns: list[str], resource: Resource) -> list[str]:
    """The actions that the patterns stand for, but for those that manage the policy."""
    return [
        action
        for action in ACTIONS[resource.service]
        if action not in resource.management_actions and any(like(action.lower(), one.lower()) for one in patterns)
    ]


def _in_parts(values: list, most: int | None) -> list[list]:
    """The values, in as few lists as hold them when one holds ``most``; none for no values."""
    step = most or len(values) or 1
    return [values[start : start + step] for start in range(0, len(values), step)]


def _split_resources(statement: dict, resource: Resource) -> tuple[list[str], list[str]]:
    """Resources of the statement that are the bucket, and those that are its objects; none when that cannot be told."""
    here: list[str] = []
    elsewhere: list[str] = []
    if "NotResource" in statement or any("${" in pattern for pattern in as_list(statement["Resource"])):
        return [], []
    for pattern in as_list(statement["Resource"]):
        if not like(resource.arn, pattern):
            elsewhere.append(pattern)
        elif "*" not in pattern:
            here.append(pattern)
        elif pattern.endswith("*"):
            here.append(resource.arn)
            elsewhere.append(f"{resource.arn}/*")
        else:
            return [], []
    return list(dict.fromkeys(here)), list(dict.fromkeys(elsewhere))


def _denies_everything(statement: dict, resource: Resource) -> bool:
    """An outright deny: every action, everybody (or the whole account), no condition."""
    everything = any(is_wildcard_for_all(pattern, resource.service) for pattern in as_list(statement.get("Action", [])))
    return everything and "Principal" in statement and not statement.get("Condition")


def _reaches_outside(statement: dict, locking: dict, resource: Resource) -> bool:
    """May this statement allow somebody outside the account something the locking part denies?

    Everybody inside is an administrator, and is meant to be let in.
    """
    if statement["Effect"] != "Allow" or _is_inside(statement.get("Principal", "*"), resource.account_id):
        return False
    denied = as_list(locking.get("Action", ["*"]))
    if any("*" in pattern or "?" in pattern for pattern in denied):
        return True
    return concerns_resource(statement, resource.arn) and any(concerns_action(statement, action) for action in denied)


def _is_inside(principal: str | dict, account_id: str) -> bool:
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        return False
    return all(
        value == account_id or f"::{account_id}:" in value or is_deleted_principal(value)
        for value in as_list(principal["AWS"])
    )


# --- editing statements ---


def _with(statement: dict, element: str, value: list) -> dict:
    """A copy with another Action, NotAction, Resource or NotResource, in the place of the one that was there."""
    kind = element.replace("Not", "")
    edited = {}
    for name, old in statement.items():
        if name in (kind, f"Not{kind}"):
            edited[element] = value[0] if len(value) == 1 and not isinstance(old, list) else value
        else:
            edited[name] = copy.deepcopy(old)
    return edited


def _with_exemption(statement: dict, operator: str, key: str, values: list) -> dict:
    """A copy that does not apply when ``key`` is one of ``values``; all its other conditions keep their meaning.

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


def _without_deleted_principals(statement: dict) -> dict | None:
    """The statement without the principals that no longer exist; None when it applied to nobody else."""
    element = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    if not isinstance(statement[element], dict):
        return statement
    listed = as_list(statement[element].get("AWS", []))
    alive = [value for value in listed if not is_deleted_principal(value)]
    if len(alive) == len(listed):
        return statement
    others = {kind: values for kind, values in statement[element].items() if kind != "AWS"}
    principal = {"AWS": alive, **others} if alive else others
    if principal:
        return {name: principal if name == element else value for name, value in statement.items()}
    if element == "Principal":
        return None
    return {"Principal" if name == element else name: "*" if name == element else v for name, v in statement.items()}


def _named_apart(parts: list[dict], taken: set) -> list[dict]:
    """Sids must differ: the first part of a cut statement keeps its Sid, every further part gets a number."""
    for part in parts[1:]:
        if part.get("Sid"):
            numbered = (f"{part['Sid']}{number}" for number in itertools.count(2))
            part["Sid"] = next(sid for sid in numbered if sid not in taken)
            taken.add(part["Sid"])
    return parts


def _is_single(document: dict, kept: list[dict]) -> bool:
    return isinstance(document["Statement"], dict) and len(kept) == 1
