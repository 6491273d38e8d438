# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of a resource policy means for those who work with the resource. No network, no Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import ACTIONS, OBJECT_ACTIONS
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import PLACES
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    knows_variables,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    PreparedStatement,
    concerns_action,
    concerns_resource,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.objects import (
    ALL,
    NONE,
    Objects,
    objects_of,
    union,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    administrators_of,
    facts_of_any_request,
)

# What the policy does to an action: it denies it always, for some objects always, under conditions only, or not. Where
# it does not deny it, the principal's own IAM policies decide.
DENIED, DENIED_SOME, DENIED_WHEN, NOT_DENIED = "denied", "denied_some", "denied_when", "not_denied"


class Effect(t.NamedTuple):
    """One of the four, with the objects of a DENIED_SOME, and the conditions under which (more) is denied."""

    value: str
    objects: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


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

    Rows of ``who``, ``what``, ``before``, ``after`` (DENIED, DENIED_SOME, DENIED_WHEN or NOT_DENIED), ``objects`` (the
    patterns of a DENIED_SOME, before and after) and the conditions ``denied_when`` that remain. Where administrators
    are named, the rest of the account has rows too. All further actions of the service have rows where the change
    concerns them, so that none is allowed unseen.
    """
    work = (("manage the policy", resource.management_actions), *_WORK[resource.service])
    named = {action for _what, actions in work for action in actions}
    others = tuple(action for action in ACTIONS[resource.service] if action not in named)
    people = {one.arn: [one] for one in administrators if one.named}
    rest = "everybody else of the account" if people else "everybody of the account"
    people[rest] = administrators_of(resource)
    rows: list[dict[str, t.Any]] = []
    compared: dict[tuple[t.Any, t.Any], list[tuple[str, Effect, Effect]]] = {}  # most people meet the same statements
    policy_before, policy_after = _Policy(before, resource), _Policy(after, resource)
    for who, examples in people.items():
        was, becomes = policy_before.seen_by(examples), policy_after.seen_by(examples)
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
    was, becomes = _Policy(before, resource).seen_by(people), _Policy(after, resource).seen_by(people)
    return [
        action
        for action in ACTIONS[resource.service]
        if action not in resource.management_actions and was.effect_on((action,)) != becomes.effect_on((action,))
    ]


def _row(who: str, what: str, before: Effect, after: Effect) -> dict[str, t.Any]:
    return {
        "who": who,
        "what": what,
        "before": before.value,
        "after": after.value,
        "objects": {"before": sorted(before.objects), "after": sorted(after.objects)},
        "denied_when": sorted(after.conditions),
    }


class _Denial:
    """A Deny statement. What it denies is found out once, for all principals."""

    def __init__(self, statement: Statement, resource: Resource, variables: bool) -> None:
        self.prepared = PreparedStatement(statement, variables)
        self.condition = " and ".join(describe(statement))
        on_resource = concerns_resource(statement, resource.arn, variables=variables) is not False
        self._objects = objects_of(statement, resource.arn, variables) if resource.service == "s3" else NONE
        on_objects = self._objects != NONE
        self._actions = {
            action
            for action in ACTIONS[resource.service]
            if (on_objects if action in OBJECT_ACTIONS else on_resource) and concerns_action(statement, action)
        }

    def denied(self, actions: t.Iterable[str]) -> Objects:
        """The objects for which it denies one of the actions; all for an action on the resource itself."""
        denied = [action for action in actions if action in self._actions]
        if not denied:
            return NONE
        return self._objects if all(action in OBJECT_ACTIONS for action in denied) else ALL


class _Policy:
    """A policy as far as it denies something. None is no policy."""

    def __init__(self, policy: Document | None, resource: Resource) -> None:
        variables = policy is not None and knows_variables(policy)
        found = statements(policy) if policy is not None else []
        self._resource = resource
        self._denials = [_Denial(one, resource, variables) for one in found if one["Effect"] == "Deny"]

    def seen_by(self, people: t.Sequence[Administrator]) -> _View:
        """The statements that apply to one of the people, or may."""
        asking = [(one, facts_of_any_request(one, self._resource, place)) for one in people for place in PLACES]
        return _View(
            [
                denial
                for denial in self._denials
                if any(denial.prepared.concerns(one, facts) is not False for one, facts in asking)
            ]
        )


class _View:
    """A policy as some principals meet it."""

    def __init__(self, denials: list[_Denial]) -> None:
        self._denials = denials

    @property
    def key(self) -> tuple[int, ...]:
        """The same for principals that meet the same statements of the policy."""
        return tuple(id(denial) for denial in self._denials)

    def effect_on(self, actions: t.Sequence[str]) -> Effect:
        """Is any of the actions denied? For which objects, and under which conditions, where it depends on these?"""
        always: Objects = NONE
        under: dict[str, Objects] = {}
        for denial in self._denials:
            denied = denial.denied(actions)
            if denied == NONE:
                continue
            if denial.condition:
                under[denial.condition] = union(under.get(denial.condition, NONE), denied)
            elif denied is ALL:
                return Effect(DENIED)
            else:
                always = union(always, denied)
        conditions = tuple(
            condition if objects is None else f"{condition} (objects {', '.join(sorted(objects))})"
            for condition, objects in under.items()
        )
        if always:
            return Effect(DENIED_SOME, tuple(sorted(always)), conditions)
        return Effect(DENIED_WHEN, (), conditions) if conditions else Effect(NOT_DENIED)
