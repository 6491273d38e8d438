# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of a resource policy means for those who work with the resource. No network, no Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import entry_holds, every, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.explain import describe
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
    is_of_other_requests,
)

# What the policy does to an action. Where it does not deny it, the principal's own IAM policies decide.
DENIED, DENIED_WHEN, NOT_DENIED = "denied", "denied_when", "not_denied"

# What people do with a resource: words, actions, and what comes behind the ARN of the resource they are on.
_WORK = {
    "s3": (
        ("list the bucket", ("s3:ListBucket",), ""),
        ("read objects", ("s3:GetObject",), "/*"),
        ("write objects", ("s3:PutObject",), "/*"),
        ("delete objects", ("s3:DeleteObject",), "/*"),
    ),
    "sqs": (
        ("send messages", ("sqs:SendMessage",), ""),
        ("receive messages", ("sqs:ReceiveMessage",), ""),
        ("delete messages", ("sqs:DeleteMessage", "sqs:PurgeQueue"), ""),
    ),
}


def effects(
    before: dict | None, after: dict | None, resource: Resource, administrators: t.Sequence[Administrator]
) -> list[dict]:
    """For each kind of work, and each of those who must be able to manage the policy: denied before, and after?

    Rows of ``who``, ``what``, ``before``, ``after`` (DENIED, DENIED_WHEN or NOT_DENIED) and the conditions
    ``denied_when`` that stay. Where administrators are named, the rest of the account has rows too.
    """
    managing = ("manage the policy", resource.management_actions, "")
    people = {one.arn: [one] for one in administrators if one.named}
    rest = "everybody else of the account" if people else "everybody of the account"
    people[rest] = administrators_of(resource)
    rows = []
    for who, examples in people.items():
        for what, actions, suffix in (managing, *_WORK[resource.service]):
            was, _unused = _denied(before, resource, examples, actions, suffix)
            becomes, conditions = _denied(after, resource, examples, actions, suffix)
            rows.append({"who": who, "what": what, "before": was, "after": becomes, "denied_when": conditions})
    return rows


def _denied(
    policy: dict | None,
    resource: Resource,
    people: t.Sequence[Administrator],
    actions: t.Sequence[str],
    suffix: str,
) -> tuple[str, list[str]]:
    """Does the policy deny any of the people any of the actions? With the conditions where it depends on some."""
    if policy is None:
        return NOT_DENIED, []
    variables = policy.get("Version") == "2012-10-17"
    denying = [
        statement
        for statement in statements(policy)
        if statement["Effect"] == "Deny"
        and concerns_resource(statement, resource.arn + suffix)
        and any(concerns_action(statement, action) for action in actions)
        and any(_may_apply(statement, one, resource, variables) for one in people)
    ]
    if any(not statement.get("Condition") for statement in denying):
        return DENIED, []
    conditions = [" and ".join(describe(statement)) for statement in denying]
    return (DENIED_WHEN if conditions else NOT_DENIED), list(dict.fromkeys(conditions))


def _may_apply(statement: dict, principal: Administrator, resource: Resource, variables: bool) -> bool:
    who = concerns_administrator(statement, principal)
    answers = []
    for place in PLACES:
        facts = _facts_of_any_request(principal, resource, place)
        entries = [
            entry_holds(operator, key, values, facts, variables)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        ]
        answers.append(every([who, *entries]))
    return some(answers) is not False


def _facts_of_any_request(principal: Administrator, resource: Resource, place: dict) -> t.Callable:
    """As of a request to manage the policy, but that keys which only other requests carry may be anything."""
    known = facts_of(principal, resource, place)
    return lambda key: None if is_of_other_requests(key) else known(key)
