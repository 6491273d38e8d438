# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which statements of a resource policy lock its own account's administrators out, and why. No network, no Ansible.

The question for every Deny statement: does it apply to a request to manage the policy that an administrator can make?
What is not known (where the request comes from, whether MFA was used) counts as locking when the statement exempts only
what it names. Such a lockout is not ``certain``, and its explanation has the reason.
"""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import PLACES, Values, place_of
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    every,
    split_operator,
    text_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    as_list,
    knows_variables,
    parse,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe, explain
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    PreparedStatement,
    concerns_action,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import parse_date, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    administrators_of,
    every_place,
    resource_of,
)


def lockout_statements(
    policy: t.Any,
    *,
    resource: str,
    account_id: str,
    administrators: t.Sequence[str] = (),
    organization_id: str | None = None,
    organization_path: str | None = None,
    region: str | None = None,
) -> list[dict[str, t.Any]]:
    """The statements that lock administrators out, now; empty when none does.

    Each: ``index``, ``sid``, ``statement`` (as it is), ``why`` (one sentence), ``actions`` (the policy management it
    denies), ``conditions`` (when it does, in words; empty: always) and ``certain`` (False: it depends on what is not
    known). ``administrators`` are ARNs of roles and users. None means every role and user of the account, with a role
    and a user as examples that no policy names: a statement that denies single principals by name is a decision about
    those, and no lockout. Raises PolicyError.
    """
    known = resource_of(resource, account_id, organization_id, organization_path=organization_path, region=region)
    found = find_lockouts(parse(policy), known, administrators_of(known, administrators))
    return [lockout.as_dict() for lockout in found]


@dataclass(frozen=True)
class Lockout:
    """One statement that locks administrators out. ``certain``: wherever they make their requests from.

    Otherwise it may: it depends on what is not known, or on where the request comes from.
    """

    index: int
    statement: Statement
    administrators: tuple[Administrator, ...]
    actions: tuple[str, ...]
    why: str
    conditions: tuple[str, ...]
    certain: bool

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "index": self.index,
            "sid": self.statement.get("Sid"),
            "statement": self.statement,
            "why": self.why,
            "actions": list(self.actions),
            "conditions": list(self.conditions),
            "certain": self.certain,
        }


def find_lockouts(document: Document, resource: Resource, administrators: t.Sequence[Administrator]) -> list[Lockout]:
    """The lockouts of a parsed policy, in the order of its statements.

    Where it is known from which networks administrators can work, they choose the one that the policy lets through.
    """
    if not resource.networks:
        return _find_lockouts(document, resource, administrators, PLACES)
    by_network = [
        _find_lockouts(document, resource, administrators, [place_of(network)]) for network in resource.networks
    ]
    return min(by_network, key=lambda found: (sum(one.certain for one in found), len(found)))


def _find_lockouts(
    document: Document, resource: Resource, administrators: t.Sequence[Administrator], places: t.Sequence[Values]
) -> list[Lockout]:
    variables = knows_variables(document)
    people = [(one, every_place(one, resource, places)) for one in administrators]
    found = []
    for index, statement in enumerate(statements(document)):
        actions = denied_management(statement, resource)
        if not actions:
            continue
        prepared = PreparedStatement(statement, variables)
        answers = [(one, prepared.applies(one, resource.arn, asked_from)) for one, asked_from in people]
        locked = tuple(one for one, by_place in answers if some(by_place) is not False)
        if locked:
            conditions = tuple(describe(statement))
            why = explain(statement, actions, locked, conditions, resource, variables)
            certain = any(every(by_place) is True for _one, by_place in answers)
            found.append(Lockout(index, statement, locked, actions, why, conditions, certain))
    return found


def denied_management(statement: Statement, resource: Resource) -> tuple[str, ...]:
    """The actions that manage the policy which a statement denies, to whomever."""
    if statement["Effect"] != "Deny":
        return ()
    return tuple(action for action in resource.management_actions if concerns_action(statement, action))


# --- lockouts that will begin ---

_CLOCK_KEYS = ("aws:currenttime", "aws:epochtime")


def upcoming_lockouts(
    document: Document, resource: Resource, administrators: t.Sequence[Administrator]
) -> list[tuple[str, Lockout]]:
    """Lockouts that a statement's date conditions begin later: the date as the policy has it, and the lockout then."""
    if resource.time is None:
        return []
    locking_now = {lockout.index for lockout in find_lockouts(document, resource, administrators)}
    found = []
    for index, statement in enumerate(statements(document)):
        if index in locking_now or not denied_management(statement, resource):
            continue
        alone = {**document, "Statement": [statement]}
        for date, text in _beginnings(statement):
            if date < resource.time:
                continue
            then = dataclasses.replace(resource, time=date + timedelta(seconds=1))
            lockouts = find_lockouts(alone, then, administrators)
            if lockouts:
                found.append((text, dataclasses.replace(lockouts[0], index=index)))
                break
    return found


def _beginnings(statement: Statement) -> list[tuple[datetime, str]]:
    """When a condition on the clock begins to hold: from the earliest of the values that the time must be after."""
    found = []
    for operator, key, values in entries_of(statement.get("Condition", {})):
        if key.lower() in _CLOCK_KEYS and "greaterthan" in split_operator(operator)[1]:
            dates = [(parse_date(text), text) for text in map(text_of, as_list(values))]
            found.extend(sorted([(date, text) for date, text in dates if date is not None])[:1])
    return sorted(found)
