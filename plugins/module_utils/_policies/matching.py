# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a statement applies to: actions, resources, principals. No network, no Ansible.

Answers are three-valued where something may be unknown: True, False, and None for "it depends".
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import action_matches
from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import account_of_root
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    Facts,
    entries,
    every,
    opposite,
    patterns,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import Administrator


def concerns_action(statement: Statement, action: str) -> bool:
    """Does the statement apply to this action? Action names ignore case."""
    if "NotAction" in statement:
        return not action_matches(action, as_list(statement["NotAction"]))
    return action_matches(action, as_list(statement["Action"]))


def concerns_resource(
    statement: Statement, arn: str, facts: Facts = lambda key: None, variables: bool = True
) -> bool | None:
    """Does the statement apply to this resource? None where a policy variable has a value that is not known.

    ``facts`` are what is known of the request, for policy variables; ``variables`` is False for Version 2008-10-17.
    """
    element = "NotResource" if "NotResource" in statement else "Resource"
    covered = patterns(tuple(as_list(statement[element])), variables).match(arn, facts)
    return opposite(covered) if element == "NotResource" else covered


class PreparedStatement:
    """A statement of a resource policy, to be asked about many requests."""

    def __init__(self, statement: Statement, variables: bool) -> None:
        self.statement = statement
        self._variables = variables
        self._entries = entries(statement.get("Condition", {}), variables)

    def concerns(self, administrator: Administrator, facts: Facts) -> bool | None:
        """Does it apply to the administrator under these conditions, on some resource?"""
        return every([concerns_administrator(self.statement, administrator), self._conditions_hold(facts)])

    def applies(self, administrator: Administrator, arn: str, places: t.Sequence[Facts]) -> list[bool | None]:
        """Does it apply to a request of the administrator on the resource? An answer for each place it comes from."""
        who = concerns_administrator(self.statement, administrator)
        if who is False:
            return [False]
        return [
            every([who, concerns_resource(self.statement, arn, facts, self._variables), self._conditions_hold(facts)])
            for facts in places
        ]

    def _conditions_hold(self, facts: Facts) -> bool | None:
        return every(entry.holds(facts) for entry in self._entries)


def concerns_administrator(statement: Statement, administrator: Administrator) -> bool | None:
    """Does the statement's Principal or NotPrincipal element make it apply to the administrator?"""
    if "Principal" in statement:
        return _is_among(statement["Principal"], administrator)
    excepted = statement["NotPrincipal"]
    listed = as_list(excepted.get("AWS", [])) if isinstance(excepted, dict) else [excepted]
    if "*" in listed:
        return False
    # NotPrincipal exempts a role or user only when its account is listed too, and a role's session only when that is
    # listed as well (IAM user guide, "NotPrincipal with Deny"). Which session the administrator has is not known.
    named = _names(tuple(listed))
    if administrator.account_id not in named or administrator.arn not in named:
        return True
    if administrator.is_user:
        return False
    return None if _has_session_of(listed, administrator) else True


def _is_among(principal: t.Any, administrator: Administrator) -> bool | None:
    if principal == "*":
        return True
    listed = as_list(principal.get("AWS", []))
    if not _names(tuple(listed)).isdisjoint(("*", administrator.arn, administrator.account_id)):
        return True
    # The account of a canonical user ID cannot be read from it. The administrator may have a listed session of a role.
    return None if "CanonicalUser" in principal or _has_session_of(listed, administrator) else False


def _has_session_of(listed: list[str], administrator: Administrator) -> bool:
    prefix = f":sts::{administrator.account_id}:assumed-role/{administrator.name}/"
    return not administrator.is_user and any(prefix in value for value in listed)


@functools.lru_cache(maxsize=512)
def _names(listed: tuple[str, ...]) -> frozenset[str]:
    """The principals, with the account ID in place of the ARN of its root user: both mean the whole account."""
    return frozenset(map(account_of_root, listed))
