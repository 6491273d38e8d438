# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A repaired policy in fewer bytes with the same meaning, for policies that would not fit. No network, no Ansible.

Every statement that locked has left a statement that denies the policy management to all but the exempted principals.
With many statements and many principals these repeat the same list of ARNs. Here they are merged, exactly:

* Statements with the same principals and conditions become one with the actions of both.
* Two that differ in the values of one condition become one: "key is a" or "key is b" is "key is one of a, b", and
  "key is not a" or "key is not b" is always true. (A condition key of one value; several need a set operator.)
* One whose principals and actions another without further conditions covers is redundant.

The ARN of an account's root user as a principal becomes the account's ID, which is shorter and means the same.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import account_of_root
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    has_variable,
    is_negated,
    split_operator,
    text_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import Resource
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import has_wildcard

# (operator, key) in lower case -> values. The names as they were are kept beside.
_Entries = t.Dict[t.Tuple[str, str], t.FrozenSet[str]]


def merged(parts: t.Sequence[Statement], resource: Resource) -> list[Statement]:
    """Deny statements of policy management on ``resource`` in fewer, which together deny the same."""
    groups: dict[t.Hashable, _Part] = {}
    for part in map(_Part, parts):
        alike = (part.principals, part.conditions())
        if alike in groups:
            groups[alike].actions |= part.actions
        else:
            groups[alike] = part
    left = list(groups.values())
    while len(fewer := _merged_once(left)) < len(left):
        left = fewer
    kept = [part for part in left if not any(other is not part and other.covers(part) for other in left)]
    return [part.statement(resource) for part in kept]


def with_account_ids(statement: Statement) -> Statement:
    """The statement with account IDs in place of the ARNs of root users, among its principals."""
    result = dict(statement)
    for element in ("Principal", "NotPrincipal"):
        principal = statement.get(element)
        if isinstance(principal, dict) and "AWS" in principal:
            listed = list(dict.fromkeys(account_of_root(value) for value in as_list(principal["AWS"])))
            result[element] = {**principal, "AWS": listed[0] if len(listed) == 1 else listed}
    return result


class _Part:
    """A statement of policy management, taken apart."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        principals = [statement.get(element) for element in ("Principal", "NotPrincipal")]
        self.principals = json.dumps(principals, sort_keys=True)
        self.actions = set(as_list(statement["Action"]))
        self.names: dict[tuple[str, str], tuple[str, str]] = {}
        self.entries: _Entries = {}
        for operator, key, values in entries_of(statement.get("Condition", {})):
            name = (operator.lower(), key.lower())
            self.names[name] = (operator, key)
            self.entries[name] = frozenset(text_of(value) for value in as_list(values))

    def conditions(self, without: tuple[str, str] | None = None) -> frozenset[tuple[tuple[str, str], frozenset[str]]]:
        """The conditions, to be compared; ``without`` one of them."""
        return frozenset(entry for entry in self.entries.items() if entry[0] != without)

    def covers(self, other: _Part) -> bool:
        """Does this deny everything that the other denies? Its conditions are some of the other's."""
        return (
            len(self.entries) < len(other.entries)
            and self.principals == other.principals
            and self.actions >= other.actions
            and self.entries.items() <= other.entries.items()
        )

    def statement(self, resource: Resource) -> Statement:
        result = {name: value for name, value in self._statement.items() if name not in ("Sid", "Condition")}
        result["Action"] = [action for action in resource.management_actions if action in self.actions]
        result.pop("NotResource", None)
        result["Resource"] = resource.arn
        condition: dict[str, dict[str, t.Any]] = {}
        for name, values in self.entries.items():
            operator, key = self.names[name]
            listed = sorted(values)
            condition.setdefault(operator, {})[key] = listed[0] if len(listed) == 1 else listed
        return {**result, "Condition": condition} if condition else result


def _merged_once(parts: list[_Part]) -> list[_Part]:
    """The parts, with all merged that differ in one condition's values only, for each condition in turn."""
    for name in dict.fromkeys(name for part in parts for name in part.entries if _is_mergeable(name)):
        first: dict[t.Hashable, _Part] = {}
        gone: set[int] = set()
        for part in parts:
            if name not in part.entries or not _is_literal(name, part.entries[name]):
                continue
            alike = (part.principals, part.conditions(without=name), frozenset(part.actions))
            if alike in first:
                _merge(first[alike], part, name)
                gone.add(id(part))
            else:
                first[alike] = part
        if gone:
            parts = [part for part in parts if id(part) not in gone]
    return parts


def _is_mergeable(name: tuple[str, str]) -> bool:
    qualifier, operator, _if_exists = split_operator(name[0])
    return qualifier != "forallvalues" and operator != "null" and not (qualifier and is_negated(name[0]))


def _is_literal(name: tuple[str, str], values: frozenset[str]) -> bool:
    """May these values be compared as texts? For a negated operator, those of two statements are intersected."""
    if not is_negated(name[0]):
        return True
    operator = split_operator(name[0])[1]
    comparable = operator in ("stringnotequals", "stringnotlike", "arnnotequals", "arnnotlike")
    return comparable and not any(has_wildcard(value) or has_variable(value) for value in values)


def _merge(part: _Part, other: _Part, name: tuple[str, str]) -> None:
    """Make ``part`` deny what either denies."""
    if name not in part.entries:
        return  # always true by now
    one, two = part.entries[name], other.entries[name]
    if not is_negated(name[0]):
        part.entries[name] = one | two
        return
    common = one & two
    if common:
        part.entries[name] = common
    else:
        del part.entries[name]
