# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which statements of a resource policy lock its own account's administrators out, and why. No network, no Ansible.

The question asked of every Deny statement: does it apply to a request to manage the policy that an administrator can
make? Whatever cannot be known from here (where the request comes from, whether MFA was used) counts as locking when the
statement lets through only what it names, and the answer says so.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import entry_holds, every, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list, parse, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe, explain
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import (
    concerns_action,
    concerns_administrator,
    concerns_resource,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    PLACES,
    Administrator,
    Resource,
    administrators_of,
    facts_of,
    is_role_or_user,
    resource_of,
)


def lockout_statements(
    policy: str | dict,
    *,
    resource: str,
    account_id: str,
    administrators: t.Sequence[str] = (),
    organization_id: str | None = None,
) -> list[dict]:
    """The statements that lock administrators out; empty when nobody is locked out.

    Each: ``index``, ``sid``, ``statement`` (as it is), ``why`` (one sentence), ``actions`` (the policy management it
    denies) and ``conditions`` (when it does, in words; empty: always). ``administrators`` are ARNs of roles and users;
    none means every role and user of the account, for which a role and a user stand that no policy names: a statement
    that denies single principals by name is a decision about those, and no lockout.
    """
    known = resource_of(resource, account_id, organization_id)
    found = find_lockouts(parse(policy), known, administrators_of(known, administrators))
    return [lockout.as_dict() for lockout in found]


@dataclass(frozen=True)
class Lockout:
    """One statement that locks administrators out."""

    index: int
    statement: dict
    administrators: tuple[Administrator, ...]
    actions: tuple[str, ...]
    why: str
    conditions: tuple[str, ...]

    def as_dict(self) -> dict:
        return {
            "index": self.index,
            "sid": self.statement.get("Sid"),
            "statement": self.statement,
            "why": self.why,
            "actions": list(self.actions),
            "conditions": list(self.conditions),
        }


def find_lockouts(document: dict, resource: Resource, administrators: t.Sequence[Administrator]) -> list[Lockout]:
    """The lockouts of a parsed policy."""
    variables = document.get("Version") == "2012-10-17"
    found = []
    for index, statement in enumerate(statements(document)):
        if statement["Effect"] != "Deny" or not concerns_resource(statement, resource.arn):
            continue
        actions = tuple(action for action in resource.management_actions if concerns_action(statement, action))
        locked = tuple(one for one in administrators if _applies(statement, one, resource, variables) is not False)
        if actions and locked:
            conditions = tuple(describe(statement))
            why = explain(statement, actions, locked, conditions, resource, variables)
            found.append(Lockout(index, statement, locked, actions, why, conditions))
    return found


def principals_denied_by_name(document: dict, resource: Resource) -> list[str]:
    """Roles and users of the account that some Deny statement names and keeps from managing the policy.

    Without named administrators such statements are no lockout; whoever needs one of these principals must name it.
    """
    named = set()
    for statement in statements(document):
        if statement["Effect"] == "Deny":
            named.update(arn for arn in _arns_named_by(statement) if is_role_or_user(arn))
    mine = sorted(arn for arn in named if arn.split(":")[4] == resource.account_id)
    everybody = {lockout.index for lockout in find_lockouts(document, resource, administrators_of(resource))}

    def is_locked_alone(arn: str) -> bool:
        found = find_lockouts(document, resource, [Administrator(arn, named=True)])
        return any(lockout.index not in everybody for lockout in found)

    return [arn for arn in mine if is_locked_alone(arn)]


def _arns_named_by(statement: dict) -> t.Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        yield from as_list(principal.get("AWS", []))
    for keys in statement.get("Condition", {}).values():
        for key, values in keys.items():
            if key.lower() == "aws:principalarn":
                yield from (str(value) for value in as_list(values))


# --- does a statement apply to an administrator's request ---


def _applies(statement: dict, administrator: Administrator, resource: Resource, variables: bool) -> bool | None:
    """Does the statement apply, from at least one of the places the administrator may be in?"""
    who = concerns_administrator(statement, administrator)
    condition = statement.get("Condition", {})
    entries = [(operator, key, values) for operator, keys in condition.items() for key, values in keys.items()]
    answers = []
    for place in PLACES:
        facts = facts_of(administrator, resource, place)
        answers.append(every([who, *(entry_holds(*entry, facts, variables) for entry in entries)]))
    return some(answers)
