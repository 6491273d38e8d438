# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lockout in words that a tired person understands. No network, no Ansible."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entry_holds,
    every,
    is_negated,
    split_operator,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import is_wildcard_for_all
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    PLACES,
    Administrator,
    Resource,
    facts_of,
    is_deleted_principal,
)


def describe(statement: dict) -> t.Iterator[str]:
    """The statement's conditions, one phrase each."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield _phrase(operator, key, [str(value) for value in as_list(values)])


def _phrase(operator: str, key: str, values: list[str]) -> str:
    qualifier, name, if_exists = split_operator(operator)
    if name == "null":
        return f"{key} is {'absent' if values[0].lower() == 'true' else 'present'}"
    listed = values[0] if len(values) == 1 else "one of " + ", ".join(values)
    negation = "not " if is_negated(operator) else ""
    verb = {
        "lessthan": "less than ",
        "lessthanequals": "at most ",
        "greaterthan": "more than ",
        "greaterthanequals": "at least ",
        "ipaddress": "in ",
    }.get(re.sub("^(numeric|date|not)", "", name), "")
    subject = {"foranyvalue": "any value of ", "forallvalues": "every value of "}.get(qualifier, "") + key
    return f"{subject} is {negation}{verb}{listed.lower() if name == 'bool' else listed}" + (" or absent" * if_exists)


_BY_HEART = {
    "aws:sourceip": "whoever is in another network is locked out",
    "aws:sourcevpc": "whoever is not in that network is locked out",
    "aws:sourcevpce": "whoever does not come through that VPC endpoint is locked out",
    "aws:vpcsourceip": "whoever is in another network is locked out",
    "aws:multifactorauthpresent": "whoever signed in without MFA, as roles used by tools do, is locked out",
    "aws:multifactorauthage": "whoever signed in without MFA, as roles used by tools do, is locked out",
    "aws:userid": "roles and users that were created anew have other IDs and are locked out",
}


def explain(
    statement: dict,
    actions: tuple[str, ...],
    locked: tuple[Administrator, ...],
    conditions: tuple[str, ...],
    resource: Resource,
    variables: bool,
) -> str:
    """One sentence for a tired person: what is denied to whom, when, and what of it cannot be known from here."""
    when = f"when {' and '.join(conditions)}" if conditions else "always"
    text = f"It denies {_what(statement, actions, resource)} to {_whom(statement, locked)} {when}"
    notes = list(dict.fromkeys(_notes(statement, locked[0], resource, variables)))
    return text + (": " + "; ".join(notes) if notes else "") + "."


def _what(statement: dict, actions: tuple[str, ...], resource: Resource) -> str:
    patterns = as_list(statement.get("Action", []))
    if any(is_wildcard_for_all(pattern, resource.service) for pattern in patterns):
        return "every action"
    if "NotAction" in statement:
        return f"everything but {', '.join(as_list(statement['NotAction']))}"
    return ", ".join(actions)


def _whom(statement: dict, locked: tuple[Administrator, ...]) -> str:
    if locked[0].named:
        names = ", ".join(one.arn.split(":", 5)[5] for one in locked)
        return f"{names} of account {locked[0].account_id}"
    if "NotPrincipal" in statement:
        return "everybody but the principals it lists, the rest of its own account included,"
    if len(locked) == 1:
        return f"every {'user' if locked[0].is_user else 'role'} of account {locked[0].account_id}"
    return f"everybody in account {locked[0].account_id}, administrators included,"


def _notes(statement: dict, administrator: Administrator, resource: Resource, variables: bool) -> t.Iterator[str]:
    principal = statement.get("NotPrincipal")
    if isinstance(principal, dict) and any(is_deleted_principal(one) for one in as_list(principal.get("AWS", []))):
        yield "it exempts principals that no longer exist (AWS shows a unique ID in place of their ARN)"
    if "CanonicalUser" in statement.get("Principal", {}):
        yield "whose account a canonical user ID stands for cannot be known from here, so it counts as locking"
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield from _note(operator, key, values, administrator, resource, variables)


def _note(
    operator: str, key: str, values: t.Any, administrator: Administrator, resource: Resource, variables: bool
) -> t.Iterator[str]:
    name = key.lower()
    answers = [
        entry_holds(operator, key, values, facts_of(administrator, resource, place), variables) for place in PLACES
    ]
    if name in _BY_HEART:
        yield _BY_HEART[name]
    elif name in ("aws:principalorgid", "aws:resourceorgid") and resource.organization_id:
        yield f"the account is in organization {resource.organization_id}"
    elif name == "aws:principalarn" and not administrator.named:
        yield "if what it exempts cannot be used any more, nobody is left"
    elif every(answers) is None:
        yield f"whether {key} lets an administrator through cannot be known from here, so it counts as locking"
