# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS's policy simulator says of the service control policies above an account. No Ansible.

``iam:SimulateCustomPolicy`` takes them level by level (OrderedOrganizationPolicyInputList, aws-facts 10.2) and changes
nothing. It is asked as for a principal that its own policies allow everything, with the condition keys that are known.
It is a second opinion beside :mod:`.scp_evaluation`: how it treats the keys of a root session is not documented.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explained
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    split_operator,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError, parse, statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import UNKNOWN_REST

_LEVELS = "OrderedOrganizationPolicyInputList"
_ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_TYPES = {"aws:currenttime": "date", "aws:epochtime": "numeric"}


def decisions(
    iam: t.Any, levels: t.Sequence[t.Sequence[str]], requests: t.Sequence[judge.Request]
) -> dict[str, str] | None:
    """The simulator's decision for each action: ``allowed``, ``explicitDeny`` or ``implicitDeny``.

    ``levels`` are the documents at the organization's root, at each OU down to the account, and at the account. None
    where the caller may not ask, or the installed botocore does not know the parameter. Raises a BreakglassError when
    AWS refuses the input or does not answer.
    """
    operation = iam.meta.service_model.operation_model("SimulateCustomPolicy")
    if _LEVELS not in operation.input_shape.members:
        return None
    found: dict[str, str] = {}
    by_resource: dict[str, list[judge.Request]] = {}
    for request in requests:
        by_resource.setdefault(judge.resource_of(request), []).append(request)
    try:
        for resource, asked in by_resource.items():
            found.update(_ask(iam, levels, resource, asked))
    except PolicyError:
        return None
    except BreakglassError as error:
        if is_denied(error):
            return None
        raise
    return found


def _ask(
    iam: t.Any, levels: t.Sequence[t.Sequence[str]], resource: str, requests: t.Sequence[judge.Request]
) -> dict[str, str]:
    with explained("asking AWS's policy simulator (iam:SimulateCustomPolicy)"):
        pages = iam.get_paginator("simulate_custom_policy").paginate(
            PolicyInputList=[_ALLOW_ALL],
            OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": list(level)} for level in levels],
            ActionNames=[request.action for request in requests],
            ResourceArns=[resource],
            ContextEntries=_context(levels, requests[0]),
        )
        return {one["EvalActionName"]: one["EvalDecision"] for page in pages for one in page["EvaluationResults"]}


def _context(levels: t.Sequence[t.Sequence[str]], request: judge.Request) -> list[dict[str, t.Any]]:
    """The condition keys that the policies ask for, as far as the request's values are known."""
    facts = judge.facts_of(request)
    entries: dict[str, dict[str, t.Any]] = {}
    for document in (text for level in levels for text in level):
        for statement in statements(parse(document, with_principals=False)):
            for operator, key, _values in entries_of(statement.get("Condition", {})):
                values = facts(key.lower())
                if values and not any(value.endswith(UNKNOWN_REST) for value in values):
                    entries[key.lower()] = {
                        "ContextKeyName": key,
                        "ContextKeyValues": list(values),
                        "ContextKeyType": _type_of(operator, key, values),
                    }
    return list(entries.values())


def _type_of(operator: str, key: str, values: tuple[str, ...]) -> str:
    if split_operator(operator)[0] or len(values) > 1:
        return "stringList"
    if key.lower() in _TYPES:
        return _TYPES[key.lower()]
    return "boolean" if values[0] in ("true", "false") else "string"


def disagreement(found: t.Sequence[dict[str, t.Any]], simulated: dict[str, str]) -> dict[str, str]:
    """The actions of which ``found`` (service control policies that stop them) and the simulator say the opposite.

    Each with the simulator's decision. What ``found`` is not certain of is no disagreement.
    """
    certain = {action for one in found if one["certain"] for action in one["actions"]}
    possible = {action for one in found for action in one["actions"]}
    return {
        action: decision
        for action, decision in simulated.items()
        if (action in certain and decision == "allowed") or (action not in possible and decision != "allowed")
    }
