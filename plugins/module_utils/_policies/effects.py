# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of a resource policy means for those who work with the resource. No network, no Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import ACTIONS, OBJECT_ACTIONS
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import PLACES
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    entry_holds,
    every,
    some,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    knows_variables,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_administrator,
    concerns_resource,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    administrators_of,
    facts_of_any_request,
)

# What the policy does to an action. Where it does not deny it, the principal's own IAM policies decide.
DENIED, DENIED_WHEN, NOT_DENIED = "denied", "denied_when", "not_denied"
# An effect: one of the three, and the conditions of a DENIED_WHEN.
Effect = t.Tuple[str, t.Tuple[str, ...]]

# What people do with a resource: words, and actions.
_WORK = {
    "s3": (
        ("list the bucket", ("s3:ListBucket",)),
        ("read objects", ("s3:GetObject",)),
        ("write objects", ("s3:PutObject",)),
        ("delete objects", ("s3:DeleteObject",)),
    ),
    "sqs": (
        ("send messages", ("sqs:SendMessage",)),
        ("receive messages", ("sqs:ReceiveMessage",)),
        ("delete messages", ("sqs:DeleteMessage", "sqs:PurgeQueue")),
    ),
}


def effects(
    before: Document | None, after: Document | None, resource: Resource, administrators: t.Sequence[Administrator]
) -> list[dict[str, t.Any]]:
    """For each kind of work, and each of those who must be able to manage the policy: denied before, and after?

    Rows of ``who``, ``what``, ``before``, ``after`` (DENIED, DENIED_WHEN or NOT_DENIED) and the conditions
    ``denied_when`` that remain. Where administrators are named, the rest of the account has rows too. All further
    actions of the service have rows where the change concerns them, so that none is allowed unseen.
    """
    work = (("manage the policy", resource.management_actions), *_WORK[resource.service])
    named = {action for _what, actions in work for action in actions}
    others = tuple(action for action in ACTIONS[resource.service] if action not in named)
    people = {one.arn: [one] for one in administrators if one.named}
    rest = "everybody else of the account" if people else "everybody of the account"
    people[rest] = administrators_of(resource)
    rows: list[dict[str, t.Any]] = []
    compared: dict[tuple[t.Any, t.Any], list[tuple[str, Effect, Effect]]] = {}  # most people meet the same statements
    for who, examples in people.items():
        was, becomes = _View(before, resource, examples), _View(after, resource, examples)
        alike = (was.key, becomes.key)
        if alike not in compared:
            compared[alike] = [
                *((what, was.effect_on(actions), becomes.effect_on(actions)) for what, actions in work),
                *_changes_of(others, was, becomes),
            ]
        rows.extend(_row(who, *row) for row in compared[alike])
    return rows


def _changes_of(actions: t.Sequence[str], was: _View, becomes: _View) -> t.Iterator[tuple[str, Effect, Effect]]:
    """The actions that the change concerns, together where it is the same for several."""
    changed: dict[tuple[Effect, Effect], list[str]] = {}
    for action in actions:
        change = was.effect_on((action,)), becomes.effect_on((action,))
        if change[0] != change[1]:
            changed.setdefault(change, []).append(action)
    for (one, other), found in changed.items():
        yield "every other action" if len(found) == len(actions) else ", ".join(found), one, other


def freed_actions(before: Document | None, after: Document | None, resource: Resource) -> list[str]:
    """The actions, other than managing the policy, that a change no longer denies to everyone of the account."""
    people = administrators_of(resource)
    was, becomes = _View(before, resource, people), _View(after, resource, people)
    return [
        action
        for action in ACTIONS[resource.service]
        if action not in resource.management_actions and was.effect_on((action,)) != becomes.effect_on((action,))
    ]


def _row(who: str, what: str, before: Effect, after: Effect) -> dict[str, t.Any]:
    return {"who": who, "what": what, "before": before[0], "after": after[0], "denied_when": list(after[1])}


@dataclass(frozen=True)
class _Denial:
    """A Deny statement that applies to some of the people, or may."""

    statement: Statement
    condition: str
    on_resource: bool
    on_content: bool


class _View:
    """A policy as some principals meet it. Whether a statement applies to them is found out once."""

    def __init__(self, policy: Document | None, resource: Resource, people: t.Sequence[Administrator]) -> None:
        self._denials: list[_Denial] = []
        variables = policy is not None and knows_variables(policy)
        for statement in statements(policy) if policy is not None else []:
            if statement["Effect"] != "Deny" or not any(
                _may_apply(statement, one, resource, variables) for one in people
            ):
                continue
            covers = {arn: concerns_resource(statement, arn, variables=variables) for arn in _arns(resource)}
            on_resource, on_content = (covers[arn] is not False for arn in _arns(resource))
            self._denials.append(_Denial(statement, " and ".join(describe(statement)), on_resource, on_content))

    @property
    def key(self) -> tuple[int, ...]:
        """The same for principals that meet the same statements of the policy."""
        return tuple(id(denial.statement) for denial in self._denials)

    def effect_on(self, actions: t.Sequence[str]) -> Effect:
        """Is any of the actions denied? With the conditions where it depends on some."""
        conditions: dict[str, None] = {}
        for action in actions:
            on_content = action in OBJECT_ACTIONS
            for denial in self._denials:
                if (denial.on_content if on_content else denial.on_resource) and concerns_action(
                    denial.statement, action
                ):
                    if not denial.condition:
                        return DENIED, ()
                    conditions[denial.condition] = None
        return (DENIED_WHEN, tuple(conditions)) if conditions else (NOT_DENIED, ())


def _arns(resource: Resource) -> tuple[str, str]:
    """The resource itself and, as an example, what is in it. S3 takes the pattern of all objects for one."""
    return resource.arn, f"{resource.arn}/*"


def _may_apply(statement: Statement, principal: Administrator, resource: Resource, variables: bool) -> bool:
    who = concerns_administrator(statement, principal)
    if who is False:
        return False
    entries = entries_of(statement.get("Condition", {}))
    answers = []
    for place in PLACES:
        facts = facts_of_any_request(principal, resource, place)
        answers.append(every([who, *(entry_holds(*entry, facts, variables) for entry in entries)]))
    return some(answers) is not False
