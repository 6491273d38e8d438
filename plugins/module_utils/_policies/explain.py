# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lockout in one sentence. No network, no Ansible."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies import condition_keys
from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import is_wildcard_for_all
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import Source
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    entry_holds,
    every,
    is_negated,
    split_operator,
    text_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    every_place,
    is_deleted_principal,
)


def describe(statement: Statement) -> t.Iterator[str]:
    """The statement's conditions, one phrase each: the same phrases in whatever order AWS shows the policy."""
    entries = entries_of(statement.get("Condition", {}))
    yield from sorted(
        _phrase(operator, key, sorted(str(value) for value in as_list(values))) for operator, key, values in entries
    )


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


# Whom a condition on a network locks out: with other values than those it lists, with one of these, without the key,
# and with the key.
_WITHOUT_ENDPOINT = "principals that use no VPC endpoint are locked out"
_WITH_ENDPOINT = "principals that use a VPC endpoint are locked out"
_OTHER_NETWORK = "principals in any other network are locked out"
_THAT_NETWORK = "principals in that network are locked out"
_NETWORKS = {
    "aws:sourceip": (_OTHER_NETWORK, _THAT_NETWORK, _WITH_ENDPOINT, _WITHOUT_ENDPOINT),
    "aws:vpcsourceip": (_OTHER_NETWORK, _THAT_NETWORK, _WITHOUT_ENDPOINT, _WITH_ENDPOINT),
    "aws:sourcevpc": (
        "principals outside of that network are locked out",
        _THAT_NETWORK,
        _WITHOUT_ENDPOINT,
        _WITH_ENDPOINT,
    ),
    "aws:sourcevpce": (
        "principals that do not use that VPC endpoint are locked out",
        "principals that use that VPC endpoint are locked out",
        _WITHOUT_ENDPOINT,
        _WITH_ENDPOINT,
    ),
}
_WITHOUT_MFA = "principals without MFA, as the roles of tools are, are locked out"
_OTHER_IDS = "roles and users that were created again have other IDs and are locked out"


def _consequence(operator: str, key: str, values: t.Any) -> str:
    """Whom the condition locks out, in words; empty where the condition itself says all that is known."""
    _qualifier, name, if_exists = split_operator(operator)
    listed = [text_of(value).lower() for value in as_list(values)]
    absent = name == "null" and listed == ["true"]
    if key in _NETWORKS:
        others, these, without, with_key = _NETWORKS[key]
        if name == "null":
            return without if absent else with_key
        if is_negated(operator):
            return others
        return "" if if_exists else these
    if key == "aws:multifactorauthpresent":
        lacks = absent or (name != "null" and ("false" in listed) is not is_negated(operator))
        return _WITHOUT_MFA if lacks else ""
    if key == "aws:multifactorauthage":
        return _WITHOUT_MFA if absent or name.startswith("numericgreaterthan") else ""
    return _OTHER_IDS if key == "aws:userid" and is_negated(operator) else ""


def explain(
    statement: Statement,
    actions: tuple[str, ...],
    locked: tuple[Administrator, ...],
    conditions: tuple[str, ...],
    resource: Resource,
    variables: bool,
) -> str:
    """One sentence: what is denied to which principals, when, and what of it is not known."""
    when = f"when {' and '.join(conditions)}" if conditions else "always"
    text = f"It denies {_what(statement, actions, resource)} to {_whom(statement, locked)} {when}"
    notes = list(dict.fromkeys(_notes(statement, locked[0], resource, variables)))
    return text + (": " + "; ".join(notes) if notes else "") + "."


def _what(statement: Statement, actions: tuple[str, ...], resource: Resource) -> str:
    patterns = as_list(statement.get("Action", []))
    if any(is_wildcard_for_all(pattern, resource.service) for pattern in patterns):
        return "every action"
    if "NotAction" in statement:
        return f"everything but {', '.join(as_list(statement['NotAction']))}"
    return ", ".join(actions)


def _whom(statement: Statement, locked: tuple[Administrator, ...]) -> str:
    if locked[0].named:
        names = ", ".join(one.arn.split(":", 5)[5] for one in locked)
        return f"{names} of account {locked[0].account_id}"
    if "NotPrincipal" in statement:
        return "everyone but the principals it lists, including the rest of its own account,"
    if len(locked) == 1:
        return f"every {'user' if locked[0].is_user else 'role'} of account {locked[0].account_id}"
    return f"everyone in account {locked[0].account_id}, including administrators,"


def _notes(statement: Statement, administrator: Administrator, resource: Resource, variables: bool) -> t.Iterator[str]:
    principal = statement.get("NotPrincipal")
    if isinstance(principal, dict):
        listed = as_list(principal.get("AWS", []))
        if any(is_deleted_principal(one) for one in listed):
            yield "it exempts principals that no longer exist (AWS shows a unique ID in place of their ARN)"
        if administrator.arn in listed and not administrator.is_user:
            yield "it exempts only the sessions of the role that it lists"
    if "CanonicalUser" in statement.get("Principal", {}):
        yield "the account of a canonical user ID is not known, so it counts as possibly locking"
    for entry in entries_of(statement.get("Condition", {})):
        yield from _note(*entry, administrator, resource, variables)


def _note(
    operator: str, key: str, values: t.Any, administrator: Administrator, resource: Resource, variables: bool
) -> t.Iterator[str]:
    name = key.lower()
    places = every_place(administrator, resource)
    answers = [entry_holds(operator, key, values, facts, variables) for facts in places]
    source = condition_keys.source_of(name)
    if split_operator(operator)[1].startswith("arn") and "*" in [text_of(value) for value in as_list(values)]:
        yield f"AWS does not document what {operator} with the value * matches, so it counts as possibly locking"
    elif consequence := _consequence(operator, name, values):
        yield consequence
    elif name in ("aws:principalorgid", "aws:resourceorgid") and resource.organization_id:
        yield f"the account is in organization {resource.organization_id}"
    elif name in ("aws:principalorgpaths", "aws:resourceorgpaths") and resource.organization_path:
        yield f"the account's path is {resource.organization_path}"
    elif name == "aws:requestedregion" and resource.region:
        yield f"the {'bucket' if resource.service == 's3' else 'queue'} is in {resource.region}"
    elif source in (Source.ABSENT, Source.OTHER_REQUEST) and some(answers) is True:
        yield f"an administrator's request to manage the policy has no {key}"
    elif name == "aws:principalarn" and not administrator.named:
        yield "if the exempted principals cannot be used any more, the account has no access"
    elif every(answers) is None:
        yield f"the value of {key} in an administrator's request is not known, so it counts as possibly locking"
